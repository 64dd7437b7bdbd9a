use std::sync::Arc;

use rushlight_kernels::PAGE;

use super::cache::KvCache;
use super::page::Page;
use super::pool::KvPool;
use crate::LanguageModel;

/// The keys and values of token sequences that were computed before: a radix tree whose edges are pages (radix attention,
/// arXiv 2312.07104).
///
/// What sequences have in common from their beginning is held once, and is shared with the caches of the sequences that
/// are under way. Nothing is forgotten until [`evict`](Self::evict) is called.
#[derive(Debug)]
pub struct PrefixTree {
    pool: Arc<KvPool>,
    children: Vec<Node>,
    /// Counts the uses, so that nodes know when they were used last.
    clock: u64,
}

/// A page, and the pages that followed it.
#[derive(Debug)]
struct Node {
    /// Fewer than a page has only if there are no children.
    tokens: Vec<u32>,
    page: Arc<Page>,
    children: Vec<Node>,
    used: u64,
}

impl PrefixTree {
    /// An empty tree for caches of this model.
    pub fn new(model: &LanguageModel) -> Self {
        Self::with_pool(Arc::clone(model.pool()))
    }

    fn with_pool(pool: Arc<KvPool>) -> Self {
        Self { pool, children: Vec::new(), clock: 0 }
    }

    /// A cache that holds as many of the first of these tokens as are known, perhaps none.
    pub fn find(&mut self, tokens: &[u32]) -> KvCache {
        self.clock += 1;
        let (mut pages, mut length) = (Vec::new(), 0);
        let mut children = &mut self.children;
        loop {
            let rest = &tokens[length..];
            let known = children.iter_mut().map(|node| (common(&node.tokens, rest), node));
            let Some((count, node)) = known.max_by_key(|(count, _)| *count).filter(|(count, _)| *count > 0)
            else {
                break;
            };
            node.used = self.clock;
            pages.push(Arc::clone(&node.page));
            length += count;
            if count < PAGE {
                break;
            }
            children = &mut node.children;
        }
        KvCache::of_pages(&self.pool, pages, length)
    }

    /// Remembers what a cache holds; `tokens` are its tokens, and perhaps more.
    ///
    /// # Panics
    ///
    /// If the cache holds more tokens than there are, or is another model's.
    pub fn insert(&mut self, tokens: &[u32], cache: &KvCache) {
        assert!(cache.len() <= tokens.len() && cache.is_of(&self.pool), "the cache holds these tokens");
        self.clock += 1;
        let mut children = &mut self.children;
        for (tokens, page) in tokens[..cache.len()].chunks(PAGE).zip(cache.shared_pages()) {
            let known = children.iter().position(|node| {
                let count = common(&node.tokens, tokens);
                count == tokens.len() || count == node.tokens.len()
            });
            let index = known.unwrap_or(children.len());
            if known.is_none() {
                children.push(Node {
                    tokens: Vec::new(),
                    page: Arc::clone(page),
                    children: Vec::new(),
                    used: 0,
                });
            }
            let node = &mut children[index];
            node.used = self.clock;
            if node.tokens.len() < tokens.len() {
                node.tokens = tokens.to_vec();
                node.page = Arc::clone(page);
            }
            children = &mut node.children;
        }
    }

    /// Forgets what was not used for longest until `bytes` of memory are free, and gives how many are; fewer if the
    /// rest is in use by caches.
    pub fn evict(&mut self, bytes: usize) -> usize {
        let mut freed = 0;
        while freed < bytes {
            let Some(used) = oldest(&self.children) else {
                break;
            };
            remove(&mut self.children, used);
            freed += self.pool.page_bytes();
        }
        freed
    }

    /// Forgets what was not used for longest until `bytes` more fit the budget for keys and values, and tells whether they do.
    pub fn make_room(&mut self, bytes: usize) -> bool {
        let Some(limit) = self.pool.limit() else {
            return true;
        };
        let missing = (self.pool.used_bytes() + bytes).saturating_sub(limit);
        self.evict(missing) >= missing
    }

    /// The tokens that it holds; those of common beginnings count once.
    pub fn len(&self) -> usize {
        fn count(nodes: &[Node]) -> usize {
            nodes.iter().map(|node| node.tokens.len() + count(&node.children)).sum()
        }
        count(&self.children)
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.children.is_empty()
    }
}

impl Node {
    /// Whether nothing follows and nobody else has the page, so that its memory would be free.
    fn is_free(&self) -> bool {
        self.children.is_empty() && Arc::strong_count(&self.page) == 1
    }
}

/// How many tokens both begin with.
fn common(one: &[u32], two: &[u32]) -> usize {
    one.iter().zip(two).take_while(|(one, two)| one == two).count()
}

/// When the free leaf that was not used for longest was used.
fn oldest(nodes: &[Node]) -> Option<u64> {
    nodes
        .iter()
        .filter_map(|node| if node.is_free() { Some(node.used) } else { oldest(&node.children) })
        .min()
}

/// Removes one free leaf that was used at that time.
fn remove(nodes: &mut Vec<Node>, used: u64) -> bool {
    if let Some(index) = nodes.iter().position(|node| node.used == used && node.is_free()) {
        nodes.swap_remove(index);
        return true;
    }
    nodes.iter_mut().any(|node| remove(&mut node.children, used))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rushlight_kernels::PAGE;

    use super::PrefixTree;
    use crate::kv::{KvCache, KvPool, KvType};

    fn tokens(count: usize, seed: u32) -> Vec<u32> {
        (0..count as u32).map(|index| index * 7 + seed).collect()
    }

    /// A cache that claims to hold so many tokens.
    fn filled(tree: &PrefixTree, mut cache: KvCache, length: usize) -> KvCache {
        assert!(cache.is_of(&tree.pool));
        let more = length - cache.len();
        cache.reserve(more).unwrap();
        cache.advance(more);
        cache
    }

    fn tree() -> PrefixTree {
        PrefixTree::with_pool(Arc::new(KvPool::new(1, 1, 16, KvType::F16)))
    }

    fn insert(tree: &mut PrefixTree, tokens: &[u32]) {
        let cache = tree.find(tokens);
        let cache = filled(tree, cache, tokens.len());
        tree.insert(tokens, &cache);
    }

    fn pages(tree: &PrefixTree) -> usize {
        tree.pool.used_bytes() / tree.pool.page_bytes()
    }

    #[test]
    fn the_longest_known_beginning_is_found_to_the_token() {
        let mut tree = tree();
        let one = tokens(200, 0);
        let two: Vec<u32> = one[..150].iter().copied().chain(tokens(50, 1)).collect();
        insert(&mut tree, &one);
        insert(&mut tree, &two);

        assert_eq!(tree.find(&one).len(), 200);
        assert_eq!(tree.find(&two).len(), 200);
        assert_eq!(tree.find(&two[..170]).len(), 170);
        let other: Vec<u32> = one[..140].iter().copied().chain([9999; 9]).collect();
        assert_eq!(tree.find(&other).len(), 140);
        assert_eq!(tree.find(&tokens(9, 3)).len(), 0);
        assert_eq!(tree.find(&[]).len(), 0);
        // Two pages in common, then two of each.
        assert_eq!(pages(&tree), 2 + 2 + 2);
    }

    #[test]
    fn a_longer_sequence_takes_the_place_of_its_beginning() {
        let mut tree = tree();
        let all = tokens(300, 0);
        for length in [10, 64, 65, 64, 130, 20, 300] {
            insert(&mut tree, &all[..length]);
        }

        assert_eq!((tree.len(), pages(&tree)), (300, 5));
        assert_eq!(tree.find(&all).len(), 300);
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first_and_leaves_before_their_parents() {
        let mut tree = tree();
        let sequences: Vec<Vec<u32>> = (0..3).map(|seed| tokens(2 * PAGE, seed)).collect();
        for sequence in &sequences {
            insert(&mut tree, sequence);
        }
        tree.find(&sequences[0]);
        let page = tree.pool.page_bytes();

        assert_eq!(tree.evict(2 * page + 1), 3 * page);

        let lengths: Vec<usize> = sequences.iter().map(|sequence| tree.find(sequence).len()).collect();
        assert_eq!(lengths, [2 * PAGE, 0, PAGE]);
    }

    #[test]
    fn room_is_made_within_the_budget_as_far_as_nobody_uses_it() {
        let pool = KvPool::new(1, 1, 16, KvType::F16);
        let page = pool.page_bytes();
        let mut tree = PrefixTree::with_pool(Arc::new(pool.with_limit(Some(3 * page + 1))));
        insert(&mut tree, &tokens(PAGE, 0));
        insert(&mut tree, &tokens(PAGE, 1));

        assert!(tree.make_room(page) && pages(&tree) == 2, "there was room");
        assert!(tree.make_room(2 * page) && pages(&tree) == 1);
        let held = tree.find(&tokens(PAGE, 1));
        assert!(!tree.make_room(3 * page) && pages(&tree) == 1, "a cache uses it");
        drop(held);
        assert!(tree.make_room(3 * page) && tree.is_empty());
        assert!(!tree.make_room(4 * page), "more than the budget");
    }

    #[test]
    fn what_a_cache_uses_is_not_forgotten() {
        let mut tree = tree();
        insert(&mut tree, &tokens(100, 0));
        insert(&mut tree, &tokens(100, 1));
        let held = tree.find(&tokens(70, 0));

        assert_eq!(tree.evict(usize::MAX), 2 * tree.pool.page_bytes());

        assert_eq!(tree.find(&tokens(100, 0)).len(), 100);
        drop(held);
        tree.evict(usize::MAX);
        assert!(tree.is_empty());
        assert_eq!(tree.pool.used_bytes(), 0);
    }
}
