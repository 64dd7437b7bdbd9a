use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use roaring::RoaringTreemap;

use super::Filter;

/// Ids of rows: compressed, ascending, quick to test and to combine.
pub(super) type IdSet = RoaringTreemap;

/// Which rows have which values in which fields, so that a filter is answered without looking at the rows.
#[derive(Debug, Clone, Default)]
pub(super) struct MetadataIndex {
    ids: IdSet,
    fields: BTreeMap<Arc<str>, Field>,
    /// The fields of every row that has some, with their values.
    rows: HashMap<u64, Box<[FieldValue]>>,
}

#[derive(Debug, Clone, Default)]
struct Field {
    ids: IdSet,
    values: BTreeMap<Arc<str>, IdSet>,
}

#[derive(Debug, Clone)]
struct FieldValue {
    field: Arc<str>,
    value: Arc<str>,
}

impl MetadataIndex {
    /// Adds a row, in place of the one of the same id.
    pub(super) fn add(&mut self, id: u64, metadata: &BTreeMap<String, String>) {
        self.remove(id);
        self.ids.insert(id);
        if metadata.is_empty() {
            return;
        }
        let row = metadata.iter().map(|(field, value)| self.add_value(id, field, value)).collect();
        self.rows.insert(id, row);
    }

    fn add_value(&mut self, id: u64, field: &str, value: &str) -> FieldValue {
        let field = shared(&self.fields, field);
        let entry = self.fields.entry(Arc::clone(&field)).or_default();
        entry.ids.insert(id);
        let value = shared(&entry.values, value);
        entry.values.entry(Arc::clone(&value)).or_default().insert(id);
        FieldValue { field, value }
    }

    /// All rows.
    pub(super) fn ids(&self) -> &IdSet {
        &self.ids
    }

    /// Removes a row; an unknown id does nothing.
    pub(super) fn remove(&mut self, id: u64) {
        self.ids.remove(id);
        for FieldValue { field, value } in self.rows.remove(&id).unwrap_or_default() {
            let Some(entry) = self.fields.get_mut(&field) else {
                continue;
            };
            entry.ids.remove(id);
            if let Some(ids) = entry.values.get_mut(&value) {
                ids.remove(id);
                if ids.is_empty() {
                    entry.values.remove(&value);
                }
            }
            if entry.ids.is_empty() {
                self.fields.remove(&field);
            }
        }
    }

    /// The index of rows with these ids, of which `rows` are the fields.
    pub(super) fn of(ids: &[u64], rows: &BTreeMap<u64, BTreeMap<String, String>>) -> Self {
        let mut index = Self::default();
        for id in ids {
            index.add(*id, rows.get(id).unwrap_or(&BTreeMap::new()));
        }
        index
    }

    /// The fields of every row that has some.
    pub(super) fn to_rows(&self) -> BTreeMap<u64, BTreeMap<&str, &str>> {
        self.rows.keys().map(|id| (*id, self.row(*id))).collect()
    }

    /// Whether a row has these fields and no others.
    pub(super) fn holds(&self, id: u64, metadata: &BTreeMap<String, String>) -> bool {
        self.row(id).into_iter().eq(metadata.iter().map(|(field, value)| (field.as_str(), value.as_str())))
    }

    fn row(&self, id: u64) -> BTreeMap<&str, &str> {
        let fields = self.rows.get(&id).into_iter().flatten();
        fields.map(|FieldValue { field, value }| (&**field, &**value)).collect()
    }

    /// The rows that `filter` holds for; none for a condition on a field that no row has.
    pub(super) fn select(&self, filter: &Filter) -> Cow<'_, IdSet> {
        match filter {
            Filter::Equals { field, value } => self.with_value(field, value).map_or_else(none, Cow::Borrowed),
            Filter::AnyOf { field, values } => {
                union(values.iter().filter_map(|value| self.with_value(field, value)))
            }
            Filter::Exists { field } => {
                self.fields.get(field.as_str()).map_or_else(none, |field| Cow::Borrowed(&field.ids))
            }
            Filter::StartsWith { field, prefix } => {
                let values = self.fields.get(field.as_str()).into_iter().flat_map(|field| {
                    field.values.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
                });
                union(values.take_while(|(value, _)| value.starts_with(prefix.as_str())).map(|(_, ids)| ids))
            }
            Filter::All(filters) => {
                let mut sets: Vec<_> = filters.iter().map(|filter| self.select(filter)).collect();
                sets.sort_unstable_by_key(|set| set.len());
                let both = |left: Cow<'_, IdSet>, right: Cow<'_, IdSet>| Cow::Owned(&*left & &*right);
                sets.into_iter().reduce(both).unwrap_or(Cow::Borrowed(&self.ids))
            }
            Filter::Any(filters) => {
                let mut any = IdSet::new();
                for filter in filters {
                    any |= &*self.select(filter);
                }
                Cow::Owned(any)
            }
            Filter::Not(filter) => Cow::Owned(&self.ids - &*self.select(filter)),
        }
    }

    fn with_value(&self, field: &str, value: &str) -> Option<&IdSet> {
        self.fields.get(field)?.values.get(value)
    }
}

fn none<'a>() -> Cow<'a, IdSet> {
    Cow::Owned(IdSet::new())
}

fn union<'a>(mut sets: impl Iterator<Item = &'a IdSet>) -> Cow<'a, IdSet> {
    let Some(first) = sets.next() else {
        return none();
    };
    let mut union = Cow::Borrowed(first);
    sets.for_each(|set| *union.to_mut() |= set);
    union
}

/// The key that is stored already, or a new one.
fn shared<V>(map: &BTreeMap<Arc<str>, V>, key: &str) -> Arc<str> {
    map.get_key_value(key).map_or_else(|| Arc::from(key), |(key, _)| Arc::clone(key))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_filter() -> impl Strategy<Value = Filter> {
        let condition = prop_oneof![
            ("[abc]", "[xy]{1,2}").prop_map(|(field, value)| Filter::equals(field, value)),
            ("[abc]", proptest::collection::vec("[xy]{1,2}", 0..3))
                .prop_map(|(field, values)| Filter::any_of(field, values)),
            "[abc]".prop_map(Filter::exists),
            ("[abc]", "[xy]{0,2}").prop_map(|(field, prefix)| Filter::starts_with(field, prefix)),
        ];
        condition.prop_recursive(3, 12, 3, |filter| {
            prop_oneof![
                proptest::collection::vec(filter.clone(), 0..3).prop_map(Filter::all),
                proptest::collection::vec(filter.clone(), 0..3).prop_map(Filter::any),
                filter.prop_map(Filter::not),
            ]
        })
    }

    fn any_metadata() -> impl Strategy<Value = BTreeMap<String, String>> {
        proptest::collection::btree_map("[ab]", "[xy]{1,2}", 0..3)
    }

    proptest! {
        #[test]
        fn the_index_selects_the_rows_that_match(
            changes in proptest::collection::vec((0_u64..20, proptest::option::of(any_metadata())), 0..60),
            filter in any_filter(),
        ) {
            let mut index = MetadataIndex::default();
            let mut rows = BTreeMap::new();
            for (id, metadata) in changes {
                if let Some(metadata) = metadata {
                    index.add(id, &metadata);
                    rows.insert(id, metadata);
                } else {
                    index.remove(id);
                    rows.remove(&id);
                }
            }

            let selected: Vec<u64> = index.select(&filter).iter().collect();

            let matching: Vec<u64> =
                rows.iter().filter(|(_, row)| filter.matches(row)).map(|(id, _)| *id).collect();
            prop_assert_eq!(selected, matching);
        }
    }

    #[test]
    fn what_is_removed_leaves_nothing_behind() {
        let mut index = MetadataIndex::default();
        index.add(7, &[("lang".to_owned(), "rust".to_owned())].into());

        index.remove(7);

        assert!(index.fields.is_empty() && index.rows.is_empty() && index.ids.is_empty());
    }
}
