use proptest::prelude::*;

use super::*;

/// Whether a filter holds for a point, as Qdrant's documentation says.
fn holds(filter: &Value, payload: &Value) -> bool {
    let list = |clause: &str| filter[clause].as_array().cloned().unwrap_or_default();
    let one = |condition: &Value| {
        let Some(key) = condition["key"].as_str() else {
            return condition.get("has_id").is_none() && holds(condition, payload);
        };
        let has = |word: &Value| payload[key].as_array().is_some_and(|words| words.contains(word));
        match condition["match"]["any"].as_array() {
            Some(words) => words.iter().any(has),
            None => has(&condition["match"]["value"]),
        }
    };
    list("must").iter().all(one)
        && (filter.get("should").is_none() || list("should").iter().any(one))
        && !list("must_not").iter().any(one)
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let condition = prop_oneof![
        ("[ab]", "[xy\"]{1,3}").prop_map(|(field, value)| Filter::equals(field, value)),
        ("[ab]", proptest::collection::vec("[xy]{1,2}", 0..3))
            .prop_map(|(field, values)| Filter::any_of(field, values)),
        "[ab]".prop_map(Filter::exists),
        ("[ab]", "[xyé\"]{0,3}").prop_map(|(field, prefix)| Filter::starts_with(field, prefix)),
    ];
    condition.prop_recursive(3, 12, 3, |filter| {
        prop_oneof![
            proptest::collection::vec(filter.clone(), 0..3).prop_map(Filter::all),
            proptest::collection::vec(filter.clone(), 0..3).prop_map(Filter::any),
            filter.prop_map(Filter::not),
        ]
    })
}

proptest! {
    #[test]
    fn a_filter_of_qdrant_holds_where_ours_does(
        metadata in proptest::collection::btree_map("[ab]", "[xyé\"]{0,5}", 0..3),
        filter in any_filter(),
    ) {
        let translated = condition(&filter, 3).expect("no prefix is too long");

        prop_assert_eq!(holds(&translated, &payload(&metadata, 3)), filter.matches(&metadata));
    }
}

#[test]
fn a_prefix_that_is_not_indexed_is_refused() {
    let error = condition(&Filter::starts_with("a", "äöüß"), 3).expect_err("four characters");

    assert_eq!(
        error.to_string(),
        "invalid `starts_with` of the filter: expected at most 3 characters, got 4"
    );
}

fn written(request: &impl Serialize) -> String {
    serde_json::to_string(request).expect("plain data")
}

#[test]
fn requests_are_as_the_interface_has_them() {
    let rows = [VectorRow::new(u64::MAX, vec![0.1, 1.0]).field("lang", "go")];
    let options = QdrantOptions::default().metric(Metric::L2);
    let search =
        Search::new(&[0.1, 1.0], Some(&Filter::exists("lang")), 3, &options).expect("a sound filter");

    insta::assert_snapshot!(
        written(&Points::new(&rows, 32)),
        @r#"{"points":[{"id":18446744073709551615,"vector":[0.1,1.0],"payload":{"metadata":{"lang":"go"},"has":["[\"lang\"]"],"is":["[\"lang\",\"go\"]"],"begins":["[\"lang\",\"g\"]","[\"lang\",\"go\"]"]}}]}"#
    );
    insta::assert_snapshot!(
        written(&search),
        @r#"{"query":[0.1,1.0],"limit":3,"params":{"hnsw_ef":128},"with_payload":false,"with_vector":false,"filter":{"must":[{"key":"has","match":{"value":"[\"lang\"]"}}]}}"#
    );
    insta::assert_snapshot!(
        written(&collection(2, &options)),
        @r#"{"vectors":{"size":2,"distance":"Euclid"},"hnsw_config":{"m":16,"ef_construct":100}}"#
    );
}
