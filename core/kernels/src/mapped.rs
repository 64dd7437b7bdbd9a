//! Numbers of a file that are read where they lie.

use std::fs::File;
use std::io::{self, ErrorKind};

use memmap2::{Mmap, MmapOptions};

/// The [rests](crate::CodedRows::rests) of rows in a file: the system reads them when they are needed, and lets go of
/// them when it needs the memory.
#[derive(Debug)]
pub struct MappedRests {
    map: Mmap,
}

impl MappedRests {
    /// Maps `count` numbers, the least significant byte first, from byte `offset` on; nothing is read yet.
    ///
    /// The file must not be changed in place or cut while they are in use: replace it by another one of its name.
    ///
    /// # Errors
    ///
    /// When the file is too short, `offset` is odd, the system cannot map it, or the machine's numbers begin
    /// with the other end.
    pub fn open(file: &File, offset: u64, count: usize) -> io::Result<Self> {
        let refuse = |message: String| io::Error::new(ErrorKind::InvalidInput, message);
        if cfg!(target_endian = "big") {
            return Err(ErrorKind::Unsupported.into());
        }
        let bytes = count.checked_mul(size_of::<i16>()).and_then(|bytes| u64::try_from(bytes).ok());
        let end = bytes.and_then(|bytes| offset.checked_add(bytes));
        let length = file.metadata()?.len();
        if end.is_none_or(|end| end > length) {
            return Err(refuse(format!(
                "expected {count} numbers of 16 bits from byte {offset} on, got {length} bytes"
            )));
        }
        // SAFETY: the map is only ever read, and every bit pattern is a number. That the file stays as it is, the
        // documentation asks for.
        let map = unsafe { MmapOptions::new().offset(offset).len(count * size_of::<i16>()).map(file) }?;
        let mapped = Self { map };
        if mapped.values().len() == count {
            Ok(mapped)
        } else {
            Err(refuse(format!("expected an even offset, got {offset}")))
        }
    }

    /// The numbers; fewer where the map is not aligned, which `open` refuses.
    pub fn values(&self) -> &[i16] {
        // SAFETY: every bit pattern is a number.
        let (_, values, _) = unsafe { self.map.align_to() };
        values
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let path =
            std::env::temp_dir().join(format!("rushlight-mapped-{}-{}", std::process::id(), bytes.len()));
        File::create(&path).and_then(|mut file| file.write_all(bytes)).expect("there is room");
        let file = File::open(&path).expect("it was made");
        std::fs::remove_file(&path).expect("it was made");
        file
    }

    #[test]
    fn numbers_are_those_of_the_file_from_the_offset_on() {
        let numbers = [15_i16, -1, i16::MAX, 325];
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();

        let mapped = MappedRests::open(&file(&bytes), 2, 3).expect("the file has them");

        assert_eq!(mapped.values(), &numbers[1..]);
    }

    #[test]
    fn numbers_that_the_file_does_not_have_are_refused() {
        let file = file(&[0; 11]);

        assert!(MappedRests::open(&file, 0, 5).is_ok_and(|mapped| mapped.values().len() == 5));
        assert!(MappedRests::open(&file, 0, 0).is_ok_and(|mapped| mapped.values().is_empty()));
        for (offset, count) in [(0, 6), (2, 5), (1, 5), (u64::MAX, 1), (0, usize::MAX)] {
            let error = MappedRests::open(&file, offset, count).expect_err("they are not there");
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{offset} {count}");
        }
    }
}
