//! AMX: products of 16 activation rows with 16 weight rows in one instruction, and AVX-512 for everything else.
//!
//! Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18. The compiler has no
//! stable intrinsics for it.

use std::arch::asm;
use std::arch::x86_64::{__cpuid_count, __m512, __m512i};
use std::ops::Range;
use std::sync::OnceLock;

use crate::activations::{Chunk, Part};
use crate::avx512::Avx512;
use crate::cpu::Level;
use crate::kernel::Tile;
use crate::matmul::Product;
use crate::square::{self, SIDE, SquareDot, SquareProduct};

#[cfg(test)]
mod tests;

/// The proof that the CPU has AVX-512 with VNNI and AMX for bytes, and that the system lets this process use it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amx(Avx512);

impl Amx {
    pub(crate) fn new() -> Option<Self> {
        let simd = Avx512::new()?;
        Level::Amx.is_available().then_some(Self(simd))
    }

    /// Computes `columns` of the result; `out` has one slice for each row of activations.
    pub(crate) fn columns(self, product: &Product<'_>, columns: Range<usize>, out: &mut [&mut [f32]]) {
        if out.len() < SIDE {
            return self.0.columns(None, product, columns, out);
        }
        let layout = product.kind.layout();
        let square = Square { amx: self, words: layout.group / 4, minimum: layout.minimum };
        with_tiles(self, square.words, || self.0.columns(Some(&square), product, columns, out));
    }
}

/// Products by tiles, where [`with_tiles`] has set the shapes.
#[derive(Debug)]
struct Square {
    amx: Amx,
    words: usize,
    minimum: bool,
}

impl SquareProduct<Avx512> for Square {
    fn multiply(&self, tile: &Tile<Avx512>, groups: usize, x: &[Chunk; SIDE], sums: &mut [__m512; SIDE]) {
        // SAFETY: `self.amx` proves that the CPU has the features of `multiply`.
        unsafe {
            match (self.words, self.minimum) {
                (8, true) => multiply::<8, true>(self.amx, tile, groups, x, sums),
                (8, false) => multiply::<8, false>(self.amx, tile, groups, x, sums),
                (_, true) => multiply::<4, true>(self.amx, tile, groups, x, sums),
                (_, false) => multiply::<4, false>(self.amx, tile, groups, x, sums),
            }
        }
    }
}

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512vnni")]
fn multiply<const WORDS: usize, const MINIMUM: bool>(
    amx: Amx,
    tile: &Tile<Avx512>,
    groups: usize,
    x: &[Chunk; SIDE],
    sums: &mut [__m512; SIDE],
) {
    square::multiply::<_, _, WORDS, MINIMUM>((amx.0, amx), tile, groups, x, sums);
}

/// Runs `work` with tile 0 for 16 × 16 sums, tile 1 for `words` words of 16 activation rows, tile 2 for weights.
fn with_tiles(_amx: Amx, words: usize, work: impl FnOnce()) {
    let mut shapes =
        Shapes { palette: 1, start_row: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
    shapes.row_bytes[..3].copy_from_slice(&[64, 4 * words as u16, 64]);
    shapes.rows[..3].copy_from_slice(&[SIDE as u8, SIDE as u8, words as u8]);
    // SAFETY: the shapes fit palette 1, and `Amx` proves that this process may use the instruction.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const shapes, options(nostack, readonly)) };
    work();
    // SAFETY: as above; nothing reads a tile afterwards.
    unsafe { asm!("tilerelease", options(nostack, nomem)) };
}

/// The operand of `ldtilecfg`.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// To be called where [`with_tiles`] has set the shapes for `WORDS`.
impl SquareDot<Avx512> for Amx {
    #[inline(always)]
    fn dot<const WORDS: usize>(
        self,
        weights: &[__m512i; WORDS],
        x: &[Chunk; SIDE],
        part: Part,
        group: usize,
        dots: &mut [__m512i; SIDE],
    ) {
        let offset = part.offset() + 4 * WORDS * group;
        // SAFETY: tile 1 reads `4 * WORDS` bytes of each of the 16 chunks, from a group's first word on; tile 2 reads
        // `WORDS` vectors of 64 bytes; the 16 rows of 64 bytes of tile 0 are `dots`.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tileloadd tmm1, [{x} + {chunk}*1]",
                "tileloadd tmm2, [{weights} + {line}*1]",
                "tdpbsud tmm0, tmm1, tmm2",
                "tilestored [{dots} + {line}*1], tmm0",
                x = in(reg) x.as_ptr().byte_add(offset),
                chunk = in(reg) size_of::<Chunk>(),
                weights = in(reg) weights.as_ptr(),
                dots = in(reg) dots.as_mut_ptr(),
                line = in(reg) 64_usize,
                out("tmm0") _,
                out("tmm1") _,
                out("tmm2") _,
                options(nostack),
            );
        }
    }
}

/// Whether CPU and system have AMX for bytes, this process may use it, and it computes what it should.
///
/// Asks the system for the permission, once; all threads share it.
pub(crate) fn is_usable() -> bool {
    static USABLE: OnceLock<bool> = OnceLock::new();
    *USABLE.get_or_init(|| match Avx512::new() {
        Some(simd) if has_instructions() && is_permitted() => is_right(Amx(simd)),
        _ => false,
    })
}

/// CPUID leaf 7: tiles and their products of bytes.
fn has_instructions() -> bool {
    const TILE: u32 = 1 << 24;
    const INT8: u32 = 1 << 25;
    let found = __cpuid_count(7, 0).edx;
    found & TILE != 0 && found & INT8 != 0
}

/// Asks Linux for the permission to use tiles (`Documentation/arch/x86/xstate.rst`).
#[cfg(target_os = "linux")]
fn is_permitted() -> bool {
    const ARCH_PRCTL: isize = 158;
    const REQUEST_PERMISSION: usize = 0x1023;
    const TILE_DATA: usize = 18;
    let result: isize;
    // SAFETY: the call changes nothing but what this process may do.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") REQUEST_PERMISSION,
            in("rsi") TILE_DATA,
            out("rcx") _,
            out("r11") _,
            options(nostack),
        );
    }
    result == 0
}

/// Other systems have other ways, which nobody has tried yet.
#[cfg(not(target_os = "linux"))]
fn is_permitted() -> bool {
    false
}

/// One product, compared with plain arithmetic: virtual machines are known to promise more than they do.
fn is_right(amx: Amx) -> bool {
    const WORDS: usize = 8;
    let byte = |seed: usize| (seed * 167 + 13) as u8;
    let word = |seed: usize| u32::from_le_bytes(std::array::from_fn(|i| byte(4 * seed + i)));
    let weights: [[u32; SIDE]; WORDS] = std::array::from_fn(|w| std::array::from_fn(|n| word(SIDE * w + n)));
    let mut x = [const { Chunk::ZERO }; SIDE];
    for (row, chunk) in x.iter_mut().enumerate() {
        chunk.quants = std::array::from_fn(|w| word(7 * row + 3 * w));
    }
    let found = tile_product(amx, &weights, &x);
    (0..SIDE).all(|row| {
        let expected = |column: usize| -> i32 {
            let products = (0..WORDS).flat_map(|w| {
                let (x, weight) = (x[row].quants[WORDS + w].to_le_bytes(), weights[w][column].to_le_bytes());
                (0..4).map(move |i| i32::from(x[i] as i8) * i32::from(weight[i]))
            });
            products.sum()
        };
        (0..SIDE).all(|column| found[row][column] == expected(column))
    })
}

/// The products of group 1 of each row with the weights.
fn tile_product(amx: Amx, weights: &[[u32; SIDE]; 8], x: &[Chunk; SIDE]) -> [[i32; SIDE]; SIDE] {
    #[target_feature(enable = "avx512f")]
    fn run(amx: Amx, weights: &[[u32; SIDE]; 8], x: &[Chunk; SIDE], out: &mut [[i32; SIDE]; SIDE]) {
        with_tiles(amx, 8, || {
            // SAFETY: 16 words are a vector, and every bit pattern is one of both types.
            let weights: [__m512i; 8] = unsafe { std::mem::transmute(*weights) };
            // SAFETY: as above.
            let mut dots = unsafe { std::mem::transmute::<[[i32; SIDE]; SIDE], [__m512i; SIDE]>(*out) };
            amx.dot(&weights, x, Part::Quants, 1, &mut dots);
            // SAFETY: as above.
            *out = unsafe { std::mem::transmute::<[__m512i; SIDE], [[i32; SIDE]; SIDE]>(dots) };
        });
    }

    let mut out = [[0; SIDE]; SIDE];
    // SAFETY: `Amx` proves that the CPU has the feature.
    unsafe { run(amx, weights, x, &mut out) };
    out
}
