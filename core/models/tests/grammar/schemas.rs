use proptest::prelude::*;
use rushlight_models::Grammar;
use serde_json::{Value, json};

use super::{GPT2, PHI3, QWEN, Speaker};

/// The value that a walk says, which must be JSON; none for a number with an exponent that no `f64` has.
fn say(speaker: &Speaker, schema: &Value, seed: u64) -> Option<Value> {
    let mut matcher = speaker.start(&Grammar::json_schema(schema).unwrap());
    let said = speaker.walk(&mut matcher, seed);
    assert!(!said.iter().any(|&id| speaker.tokenizer.is_control(id)), "no control token is text");
    let text = speaker.text(&said);
    match serde_json::from_str(&text) {
        Err(error) if error.to_string().starts_with("number out of range") => None,
        read => Some(read.unwrap_or_else(|error| panic!("{error} in {text}"))),
    }
}

fn assert_fits(speaker: &Speaker, schema: &Value, seed: u64) {
    let Some(value) = say(speaker, schema, seed) else { return };
    let validator = jsonschema::validator_for(schema).unwrap();
    if let Err(error) = validator.validate(&value) {
        panic!("{error}: {value} does not fit {schema}");
    }
}

/// Schemas of all types, some within others.
fn schemas() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        (0..5_u64, 5..12_u64).prop_map(|(least, most)| json!({
            "type": "string", "minLength": least, "maxLength": most,
        })),
        Just(json!({"type": "string"})),
        Just(json!({"type": "string", "pattern": "^[a-c]{2,4}é?$"})),
        Just(json!({"type": "string", "format": "date-time"})),
        (-50..50_i64, 0..200_i64).prop_map(|(least, more)| json!({
            "type": "integer", "minimum": least, "maximum": least + more,
        })),
        Just(json!({"type": "integer"})),
        Just(json!({"type": "number", "exclusiveMinimum": 0})),
        Just(json!({"type": ["number", "null"]})),
        Just(json!({"type": "boolean"})),
        Just(json!({"enum": ["red", "日本語", 7, null, {"a": [1]}]})),
        Just(json!({"const": "a \"quoted\" \\ </tool_call> <|im_end|>"})),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            (inner.clone(), 0..2_u64, 2..4_u64).prop_map(|(items, least, most)| json!({
                "type": "array", "items": items, "minItems": least, "maxItems": most,
            })),
            prop::collection::vec((inner.clone(), any::<bool>()), 1..4).prop_map(|fields| {
                let name = |index: usize| format!("field {index}");
                let required = fields.iter().enumerate().filter(|(_, (_, required))| *required);
                let required: Vec<String> = required.map(|(index, _)| name(index)).collect();
                let properties: serde_json::Map<String, Value> = fields
                    .iter()
                    .enumerate()
                    .map(|(index, (schema, _))| (name(index), schema.clone()))
                    .collect();
                json!({"type": "object", "properties": properties, "required": required})
            }),
            prop::collection::vec(inner, 1..3).prop_map(|any| json!({"anyOf": any})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_a_walk_says_fits_the_schema(schema in schemas(), seed in any::<u64>()) {
        assert_fits(&GPT2, &schema, seed);
        assert_fits(&PHI3, &schema, seed);
    }
}

#[test]
fn a_schema_that_refers_to_itself_is_followed() {
    let schema = json!({
        "$ref": "#/$defs/node",
        "$defs": {"node": {
            "type": "object",
            "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
            "required": ["value", "next"],
        }},
    });

    for seed in 0..8 {
        assert_fits(&GPT2, &schema, seed);
    }
    let mut deep = QWEN.start(&Grammar::json_schema(&schema).unwrap());
    let nested = "{\"value\": 1, \"next\": ".repeat(50);
    assert!(deep.accept_text(&nested) && deep.accept_text("null"));
    assert!(deep.accept_text(&"}".repeat(50)) && deep.is_complete());
}

#[test]
fn only_what_the_schema_says_can_be_said() {
    let schema = json!({
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
    });
    let takes = |text: &str| {
        let mut matcher = QWEN.start(&Grammar::json_schema(&schema).unwrap());
        matcher.accept_text(text) && matcher.is_complete()
    };

    assert!(takes(r#"{"city": "Zürich", "days": 3}"#));
    assert!(takes(r#"{"city": "\"\n"}"#.replace('\n', "\\n").as_str()));
    for text in [
        r#"{"days": 3}"#,
        r#"{"city": 3}"#,
        r#"{"city": "Bern", "country": "CH"}"#,
        "{\n\"city\": \"Bern\"}",
        r#"{"city": "Bern", "days": 99999999999999999999}"#,
        r#"{"city": "Bern"} "#,
    ] {
        assert!(!takes(text), "{text}");
    }
}

#[test]
fn properties_from_several_places_are_all_allowed() {
    let schema = json!({
        "allOf": [
            {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]},
            {"type": "object", "properties": {"b": {"const": 2}}, "required": ["b"]},
        ],
    });
    let mut matcher = GPT2.start(&Grammar::json_schema(&schema).unwrap());

    assert!(matcher.accept_text(r#"{"a": 1, "b": 2}"#));
    assert!(matcher.may_end());
}

#[test]
fn code_points_are_written_byte_by_byte_where_there_is_no_token() {
    let schema = json!({"const": "🜁 ꙮ é"});
    for (speaker, name) in [(&*GPT2, "GPT-2"), (&*PHI3, "Phi-3")] {
        let mut matcher = speaker.start(&Grammar::json_schema(&schema).unwrap());
        let said = speaker.walk(&mut matcher, 1);

        assert_eq!(speaker.text(&said), "\"🜁 ꙮ é\"", "{name}");
        let is_part = |&id: &u32| std::str::from_utf8(speaker.tokenizer.token_bytes(id).unwrap()).is_err();
        assert!(said.iter().any(is_part), "{name} has no token for all of these");
    }
}

#[test]
fn control_tokens_cannot_be_said_in_a_string_and_end_tokens_only_at_the_end() {
    for speaker in [&*QWEN, &*PHI3] {
        let mut matcher = speaker.start(&Grammar::json_schema(&json!({"type": "string"})).unwrap());
        assert!(matcher.accept_text("\"a"));
        let within = speaker.allowed(&mut matcher);
        let ids = 0..speaker.tokenizer.vocabulary() as u32;
        let controls: Vec<u32> = ids.filter(|&id| speaker.tokenizer.is_control(id)).collect();

        assert!(controls.len() > 1);
        assert!(!controls.iter().any(|&id| within[id as usize]));
        assert!(within.iter().filter(|allowed| **allowed).count() > 1000, "of other tokens there are many");
        assert!(!matcher.may_end());
        assert!(matcher.accept_text("\""));
        assert!(matcher.is_complete() && matcher.may_end());
    }
}

#[test]
fn what_is_forced_is_cut_into_tokens_as_the_tokenizer_cuts_it() {
    let schema = json!({"const": {"command": "kubectl get pods", "namespace": "kube-system"}});
    let text = r#"{"command": "kubectl get pods", "namespace": "kube-system"}"#;

    let mut matcher = QWEN.start(&Grammar::json_schema(&schema).unwrap());
    let said = QWEN.walk(&mut matcher, 1);

    assert_eq!(QWEN.text(&said), text);
    assert_eq!(said, QWEN.tokenizer.encode(text, rushlight_models::Special::Text).unwrap());
}

#[test]
fn a_fork_goes_its_own_way() {
    let mut matcher = GPT2.start(&Grammar::json_schema(&json!({"enum": ["red", "blue"]})).unwrap());
    assert!(matcher.accept_text("\""));
    let mut fork = matcher.fork();

    assert!(fork.accept_text("red\"") && fork.is_complete());
    assert!(!matcher.is_complete());
    assert!(matcher.accept_text("blue\"") && matcher.is_complete());
}

#[test]
fn a_token_that_cannot_come_next_is_refused_and_its_logit_ruled_out() {
    let mut matcher = GPT2.start(&Grammar::json_schema(&json!({"enum": ["red", "blue"]})).unwrap());
    let open = GPT2.tokenizer.token_id("{").unwrap();
    let allowed = GPT2.allowed(&mut matcher);

    assert!(!allowed[open as usize]);
    let error = matcher.accept(open).unwrap_err().to_string();
    assert!(error.contains("text under a grammar"), "{error}");
    let mut rows = vec![0.0; allowed.len() + 40];
    let mut again = GPT2.start(&Grammar::json_schema(&json!({"type": "string"})).unwrap());
    again.mask(&mut rows).unwrap();
    assert!(rows[allowed.len()..].iter().all(|logit| *logit == f32::NEG_INFINITY), "rows without a token");
}

#[test]
fn hostile_schemas_are_refused_with_what_was_found_and_expected() {
    let mut deep = json!({"type": "string"});
    for _ in 0..40 {
        deep = json!({"type": "array", "items": deep});
    }
    let refused = [
        (json!({"type": "object", "description": "x".repeat(70_000)}), "65536 bytes of schema, got 70"),
        (deep, "32 levels"),
        (json!(true), "JSON Schema object, got `true`"),
    ];
    for (schema, expected) in refused {
        let error = Grammar::json_schema(&schema).unwrap_err().to_string();
        assert!(error.contains("`schema`") || error.contains("invalid schema"), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    let impossible = [
        json!({"type": "integer", "minimum": 3, "maximum": 1}),
        json!({"type": "string", "pattern": "(["}),
        json!({"$ref": "#/$defs/nowhere"}),
        json!({"$ref": "https://example.com/schema"}),
    ];
    for schema in impossible {
        let compiled = GPT2.grammars.compile(&Grammar::json_schema(&schema).unwrap());
        let error = compiled.err().unwrap_or_else(|| panic!("{schema} is impossible")).to_string();
        assert!(error.starts_with("invalid schema: expected one that text can be held to, got: "), "{error}");
    }
}

/// What they say is nothing, or anything: all that counts is that nobody waits for it.
#[test]
fn references_that_lead_nowhere_but_back_hold_nobody_up() {
    let cycles = [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
        json!({"type": "object", "properties": {"x": {"$ref": "#/properties/x"}}, "required": ["x"]}),
    ];
    for schema in cycles {
        let masked =
            GPT2.grammars.compile(&Grammar::json_schema(&schema).unwrap()).and_then(|mut matcher| {
                let mut logits = vec![0.0; GPT2.tokenizer.vocabulary()];
                matcher.mask(&mut logits).map(|()| logits)
            });
        match masked {
            Ok(logits) => assert!(logits.iter().any(|logit| logit.is_finite()), "{schema} stops every text"),
            Err(error) => assert!(error.to_string().starts_with("invalid "), "{error}"),
        }
    }
}
