use std::io;
use std::ops::Range;
use std::sync::Arc;

use rushlight_kernels::{KvPage, PAGE};

use super::page::Page;
use super::pool::KvPool;
use crate::{Error, Result};

/// The keys and values of one sequence, which grow with every forward pass.
///
/// Only the model that made a cache can use it. They lie in pages of 64 tokens; a clone shares the pages until one of the
/// two writes to them, so it costs next to nothing. Dropping the last cache that has a page gives its memory back.
#[derive(Debug, Clone)]
pub struct KvCache {
    pool: Arc<KvPool>,
    pages: Vec<Arc<Page>>,
    length: usize,
}

impl KvCache {
    /// The tokens of a page.
    pub const PAGE: usize = PAGE;

    pub(crate) fn new(pool: &Arc<KvPool>) -> Self {
        Self { pool: Arc::clone(pool), pages: Vec::new(), length: 0 }
    }

    /// A cache of pages that others may have too; they hold `length` tokens.
    pub(super) fn of_pages(pool: &Arc<KvPool>, pages: Vec<Arc<Page>>, length: usize) -> Self {
        Self { pool: Arc::clone(pool), pages, length }
    }

    pub(super) fn shared_pages(&self) -> &[Arc<Page>] {
        &self.pages
    }

    pub(super) fn is_of(&self, pool: &Arc<KvPool>) -> bool {
        Arc::ptr_eq(&self.pool, pool)
    }

    /// The number of tokens that it holds.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether it holds no token.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Forgets all but the first `length` tokens; does nothing if it holds no more.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
        self.pages.truncate(self.length.div_ceil(PAGE));
    }

    /// The bytes of its pages, those too that it shares.
    pub fn size_bytes(&self) -> usize {
        self.pages.len() * self.pool.page_bytes()
    }

    /// The bytes of memory that `tokens` more tokens would take: new pages, and one of its own for a last page that is
    /// shared.
    pub fn growth_bytes(&self, tokens: usize) -> usize {
        let first = self.length / PAGE;
        let shared = self.pages.get(first).is_some_and(|page| Arc::strong_count(page) > 1);
        let new = (self.length + tokens).div_ceil(PAGE).saturating_sub(self.pages.len());
        (new + usize::from(shared && tokens > 0)) * self.pool.page_bytes()
    }

    /// Refuses a cache of another model.
    pub(crate) fn check(&self, pool: &Arc<KvPool>) -> Result<()> {
        if self.is_of(pool) {
            return Ok(());
        }
        Err(Error::invalid("cache", "expected a cache of this model, got another model's"))
    }

    /// Makes room for more tokens; after an error it is as it was.
    pub(crate) fn reserve(&mut self, tokens: usize) -> Result<()> {
        let result = self.try_reserve(tokens);
        if result.is_err() {
            self.truncate(self.length);
        }
        result
    }

    fn try_reserve(&mut self, tokens: usize) -> Result<()> {
        for page in self.pages.iter_mut().skip(self.length / PAGE) {
            if Arc::get_mut(page).is_none() {
                let mut own = self.pool.allocate()?;
                own.copy_from(page)?;
                *page = Arc::new(own);
            }
        }
        while self.pages.len() * PAGE < self.length + tokens {
            self.pages.push(Arc::new(self.pool.allocate()?));
        }
        Ok(())
    }

    /// Writes the tokens after the last one, for which there is room, into one layer; both slices are
    /// `[tokens][heads × dimension]`. They count after [`advance`](Self::advance).
    pub(crate) fn write(&mut self, layer: usize, keys: &[f32], values: &[f32]) {
        let width = self.pool.heads * self.pool.dimension;
        let count = keys.len() / width;
        let mut done = 0;
        while done < count {
            let token = self.length + done;
            let here = (PAGE - token % PAGE).min(count - done);
            let part = done * width..(done + here) * width;
            let page = Arc::get_mut(&mut self.pages[token / PAGE]).expect("`reserve` made it our own");
            page.write(layer, token % PAGE, &keys[part.clone()], &values[part]);
            done += here;
        }
    }

    /// Appends tokens that another cache of the pool holds, for which there is room: their values as they are, and their
    /// keys after `turn`, which gets a layer and `[tokens][heads × dimension]`.
    pub(crate) fn splice(
        &mut self,
        from: &Self,
        tokens: Range<usize>,
        mut turn: impl FnMut(usize, &mut [f32]),
    ) {
        let width = self.pool.heads * self.pool.dimension;
        let mut first = tokens.start;
        while first < tokens.end {
            let end = tokens.end.min(first / PAGE * PAGE + PAGE);
            let mut keys = vec![0.0; (end - first) * width];
            let mut values = keys.clone();
            for layer in 0..self.pool.layers {
                from.pages[first / PAGE].read(layer, first % PAGE, &mut keys, &mut values);
                turn(layer, &mut keys);
                self.write(layer, &keys, &values);
            }
            self.advance(end - first);
            first = end;
        }
    }

    /// Gives the bytes of its pages, one after the other, with zeros where they hold no token of this cache.
    pub(super) fn write_pages(&self, mut put: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(self.pool.page_bytes());
        for (first, page) in (0..self.length).step_by(PAGE).zip(&self.pages) {
            bytes.clear();
            page.write_bytes((self.length - first).min(PAGE), &mut bytes);
            put(&bytes)?;
        }
        Ok(())
    }

    /// Fills its pages, for which there is room, with bytes that [`write_pages`](Self::write_pages) gave.
    pub(super) fn read_pages(&mut self, bytes: &[u8]) {
        for (page, bytes) in self.pages.iter_mut().zip(bytes.chunks_exact(self.pool.page_bytes())) {
            Arc::get_mut(page).expect("`reserve` made it our own").read_bytes(bytes);
        }
    }

    /// Counts tokens that every layer has written.
    pub(crate) fn advance(&mut self, tokens: usize) {
        self.length += tokens;
    }

    /// Some pages of one head.
    pub(crate) fn pages(&self, layer: usize, head: usize, pages: Range<usize>) -> Vec<KvPage<'_>> {
        self.pages[pages].iter().map(|page| page.head(layer, head)).collect()
    }

    /// The numbers of its pages, if they lie elsewhere.
    #[cfg(feature = "candle")]
    pub(crate) fn page_numbers(&self) -> Vec<usize> {
        self.pages.iter().filter_map(|page| page.number()).collect()
    }

    /// The heads that keys and values have.
    pub(crate) fn heads(&self) -> usize {
        self.pool.heads
    }

    /// The values of a head in its pages: the dimension, rounded up.
    pub(crate) fn stride(&self) -> usize {
        self.pool.stride()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rushlight_kernels::{KvPage, PAGE};

    use super::KvCache;
    use crate::kv::{KvPool, KvType};

    const WIDTH: usize = 2 * 3;

    fn numbers(count: usize) -> Vec<f32> {
        (0..count).map(|index| index as f32 + 1.0).collect()
    }

    fn pool(kind: KvType) -> Arc<KvPool> {
        Arc::new(KvPool::new(1, 2, 3, kind))
    }

    fn append(cache: &mut KvCache, rows: &[f32]) {
        let tokens = rows.len() / WIDTH;
        let negative: Vec<f32> = rows.iter().map(|x| -x).collect();
        cache.reserve(tokens).unwrap();
        cache.write(0, rows, &negative);
        cache.advance(tokens);
    }

    /// The keys of one head, in the order of the tokens.
    fn keys(cache: &KvCache, head: usize) -> Vec<Vec<f32>> {
        let pages = cache.pages(0, head, 0..cache.pages.len());
        let key = |page: &KvPage<'_>, token: usize| -> Vec<f32> {
            let at = |depth: usize| (token / 16 * 16 + depth) * 16 + token % 16;
            match page {
                KvPage::F32 { keys, .. } => (0..3).map(|depth| keys[at(depth)]).collect(),
                KvPage::F16 { keys, .. } => (0..3).map(|depth| keys[at(depth)].to_f32()).collect(),
                KvPage::Q8 { keys, key_scales, .. } => {
                    (0..3).map(|depth| f32::from(keys[at(depth)]) * key_scales[token]).collect()
                }
            }
        };
        (0..cache.len()).map(|token| key(&pages[token / PAGE], token % PAGE)).collect()
    }

    #[test]
    fn every_type_keeps_what_is_appended_in_parts() {
        let rows = numbers(150 * WIDTH);
        for (kind, error) in [(KvType::F32, 0.0), (KvType::F16, 1e-3), (KvType::Q8, 5e-3)] {
            let mut cache = KvCache::new(&pool(kind));
            for range in [0..7, 7..8, 8..140, 140..150] {
                append(&mut cache, &rows[range.start * WIDTH..range.end * WIDTH]);
            }

            assert_eq!((cache.len(), cache.pages.len()), (150, 3));
            for head in 0..2 {
                for (key, row) in keys(&cache, head).iter().zip(rows.chunks(WIDTH)) {
                    let largest = row[head * 3 + 2];
                    for (got, expected) in key.iter().zip(&row[head * 3..]) {
                        assert!((got - expected).abs() <= error * largest, "{kind:?} {got} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_clone_shares_pages_and_does_not_see_what_the_other_writes() {
        let pool = pool(KvType::F32);
        let mut one = KvCache::new(&pool);
        append(&mut one, &numbers(100 * WIDTH));
        let page = pool.page_bytes();

        let mut two = one.clone();
        two.truncate(70);
        assert_eq!(pool.used_bytes(), 2 * page);
        assert_eq!((two.growth_bytes(58), two.growth_bytes(59), two.growth_bytes(0)), (page, 2 * page, 0));
        append(&mut two, &numbers(3 * WIDTH));

        assert_eq!(pool.used_bytes(), 3 * page);
        assert_eq!(keys(&one, 1)[70], [424.0, 425.0, 426.0]);
        assert_eq!(keys(&two, 1)[70], [4.0, 5.0, 6.0]);
        assert_eq!(keys(&one, 0)[..70], keys(&two, 0)[..70]);
        drop((one, two));
        assert_eq!(pool.used_bytes(), 0);
    }

    #[test]
    fn pages_beyond_the_limit_are_refused_and_nothing_is_lost() {
        let pool = KvPool::new(1, 2, 3, KvType::F16);
        let page = pool.page_bytes();
        let pool = Arc::new(pool.with_limit(Some(2 * page + 1)));
        let mut cache = KvCache::new(&pool);
        append(&mut cache, &numbers(65 * WIDTH));

        let error = cache.reserve(64).unwrap_err().to_string();

        assert_eq!(
            error,
            format!(
                "no room for keys and values: expected at most {} bytes, got {page} more than {}",
                2 * page + 1,
                2 * page
            )
        );
        assert_eq!((cache.len(), pool.used_bytes()), (65, 2 * page));
        cache.reserve(63).unwrap();
    }
}
