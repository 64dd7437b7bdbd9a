use rushlight_kernels::LANES;

/// The keys and values of one layer, for each head in the layout of the attention kernel.
#[derive(Debug, Clone)]
pub(crate) struct Heads {
    /// For each head, tiles `[tokens / 16][stride][16]`.
    keys: Vec<Vec<f32>>,
    /// For each head, rows `[tokens][stride]`.
    values: Vec<Vec<f32>>,
    dimension: usize,
    tokens: usize,
}

impl Heads {
    pub(crate) fn new(heads: usize, dimension: usize) -> Self {
        Self { keys: vec![Vec::new(); heads], values: vec![Vec::new(); heads], dimension, tokens: 0 }
    }

    /// The head dimension, rounded up to what the kernel computes at once; the rest is zero.
    pub(crate) fn stride(&self) -> usize {
        self.dimension.next_multiple_of(LANES)
    }

    pub(crate) fn dimension(&self) -> usize {
        self.dimension
    }

    pub(crate) fn tokens(&self) -> usize {
        self.tokens
    }

    pub(crate) fn count(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn keys(&self, head: usize) -> &[f32] {
        &self.keys[head]
    }

    pub(crate) fn values(&self, head: usize) -> &[f32] {
        &self.values[head]
    }

    /// Appends tokens; both slices are `[tokens][heads × dimension]`.
    pub(crate) fn append(&mut self, keys: &[f32], values: &[f32]) {
        let (stride, dimension) = (self.stride(), self.dimension);
        let width = dimension * self.count();
        let before = self.tokens;
        self.tokens += keys.len() / width;
        for (head, (tiles, rows)) in self.keys.iter_mut().zip(&mut self.values).enumerate() {
            tiles.resize(self.tokens.next_multiple_of(LANES) * stride, 0.0);
            rows.resize(self.tokens * stride, 0.0);
            let part = head * dimension..(head + 1) * dimension;
            for (token, (key, value)) in
                (before..).zip(keys.chunks_exact(width).zip(values.chunks_exact(width)))
            {
                let tile = &mut tiles[token / LANES * stride * LANES..];
                for (lanes, key) in tile.chunks_exact_mut(LANES).zip(&key[part.clone()]) {
                    lanes[token % LANES] = *key;
                }
                rows[token * stride..][..dimension].copy_from_slice(&value[part.clone()]);
            }
        }
    }

    pub(crate) fn truncate(&mut self, tokens: usize) {
        self.tokens = self.tokens.min(tokens);
        let stride = self.stride();
        for keys in &mut self.keys {
            keys.truncate(self.tokens.next_multiple_of(LANES) * stride);
        }
        for values in &mut self.values {
            values.truncate(self.tokens * stride);
        }
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.keys.iter().chain(&self.values).map(|rows| rows.capacity() * size_of::<f32>()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::Heads;

    fn numbers(count: usize) -> Vec<f32> {
        (0..count).map(|index| index as f32 + 1.0).collect()
    }

    #[test]
    fn appending_in_parts_equals_appending_at_once() {
        let (keys, values) = (numbers(20 * 6), numbers(20 * 6));
        let (mut whole, mut parts) = (Heads::new(2, 3), Heads::new(2, 3));

        whole.append(&keys, &values);
        for range in [0..7, 7..8, 8..20] {
            parts.append(&keys[range.start * 6..range.end * 6], &values[range.start * 6..range.end * 6]);
        }

        assert_eq!(whole.tokens(), 20);
        assert_eq!((whole.keys(1), whole.values(1)), (parts.keys(1), parts.values(1)));
    }

    #[test]
    fn tokens_appended_after_truncation_replace_the_old_ones() {
        let (keys, values) = (numbers(20 * 6), numbers(20 * 6));
        let (mut fresh, mut reused) = (Heads::new(2, 3), Heads::new(2, 3));

        reused.append(&numbers(18 * 6).iter().map(|x| -x).collect::<Vec<_>>(), &numbers(18 * 6));
        reused.truncate(0);
        reused.append(&keys, &values);
        fresh.append(&keys, &values);

        assert_eq!((fresh.keys(0), fresh.values(0)), (reused.keys(0), reused.values(0)));
    }
}
