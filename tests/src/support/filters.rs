//! Filters and fields with everything that may be special on the way to a server.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rushlight::retrieval::Filter;

/// Letters that mean something in SQL, JSON, patterns or paths, and those of more than one byte.
const TEXT: &str = "[ab.'\"\\\\%_é🦀]{0,3}";

/// Names of fields, few enough to meet again.
const FIELD: &str = "[a.'\"é]";

/// Any filter, of a few levels.
pub fn any_filter() -> impl Strategy<Value = Filter> {
    let condition = prop_oneof![
        (FIELD, TEXT).prop_map(|(field, value)| Filter::equals(field, value)),
        (FIELD, proptest::collection::vec(TEXT, 0..4))
            .prop_map(|(field, values)| Filter::any_of(field, values)),
        FIELD.prop_map(Filter::exists),
        (FIELD, TEXT).prop_map(|(field, prefix)| Filter::starts_with(field, prefix)),
    ];
    condition.prop_recursive(3, 12, 3, |filter| {
        prop_oneof![
            proptest::collection::vec(filter.clone(), 0..3).prop_map(Filter::all),
            proptest::collection::vec(filter.clone(), 0..3).prop_map(Filter::any),
            filter.prop_map(Filter::not),
        ]
    })
}

/// The fields of a row.
pub fn any_metadata() -> impl Strategy<Value = BTreeMap<String, String>> {
    proptest::collection::btree_map(FIELD, TEXT, 0..4)
}
