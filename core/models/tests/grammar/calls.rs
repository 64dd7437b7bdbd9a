use rushlight_models::{CallSyntax, Calls, Grammar, Special};
use serde_json::{Value, json};

use super::{GPT2, QWEN, Speaker};

fn tools() -> Vec<(&'static str, Value)> {
    let place = json!({
        "type": "object",
        "properties": {
            "city": {"type": "string", "maxLength": 20},
            "units": {"enum": ["metric", "imperial"]},
        },
        "required": ["city"],
    });
    let add = json!({
        "type": "object",
        "properties": {"numbers": {"type": "array", "items": {"type": "integer"}, "maxItems": 3}},
        "required": ["numbers"],
    });
    vec![("get_weather", place), ("add", add), ("now", json!({"type": "object", "properties": {}}))]
}

fn grammar(syntax: CallSyntax, parallel: bool) -> Grammar {
    let tools = tools();
    let tools: Vec<(&str, &Value)> = tools.iter().map(|(name, parameters)| (*name, parameters)).collect();
    let calls =
        Calls { tools: &tools, syntax, opening_token: None, arguments_token: None, parallel, loose: false };
    Grammar::calls(&calls).unwrap()
}

fn assert_call(call: &Value, key: &str) {
    let tools = tools();
    let (_, parameters) = tools.iter().find(|(name, _)| call["name"] == *name).expect("a tool that there is");
    let validator = jsonschema::validator_for(parameters).unwrap();
    assert!(validator.is_valid(&call[key]), "{call}");
    assert_eq!(call.as_object().unwrap().len(), 2, "{call}");
}

fn takes(speaker: &Speaker, grammar: &Grammar, text: &str) -> bool {
    let mut matcher = speaker.start(grammar);
    matcher.accept_text(text) && matcher.may_end()
}

#[test]
fn a_call_in_tags_names_a_tool_and_fits_its_parameters() {
    let grammar = grammar(CallSyntax::Tagged, false);
    for seed in 0..12 {
        let mut matcher = QWEN.start(&grammar);

        let text = QWEN.text(&QWEN.walk(&mut matcher, seed));

        let body = text.strip_prefix("<tool_call>\n").and_then(|text| text.strip_suffix("\n</tool_call>"));
        assert_call(&serde_json::from_str(body.unwrap()).unwrap(), "arguments");
    }
}

#[test]
fn a_call_may_stand_in_a_fenced_block_or_alone_where_that_is_admitted() {
    let tools = tools();
    let tools: Vec<(&str, &Value)> = tools.iter().map(|(name, parameters)| (*name, parameters)).collect();
    let syntax = CallSyntax::Tagged;
    let tagged = Calls {
        tools: &tools,
        syntax,
        opening_token: None,
        arguments_token: None,
        parallel: false,
        loose: false,
    };
    let loose = Grammar::calls(&Calls { loose: true, ..tagged }).unwrap();
    let tagged = Grammar::calls(&tagged).unwrap();
    let lines =
        "{\n  \"name\": \"add\",\n  \"arguments\": {\n    \"numbers\": [\n      1,\n      2\n    ]\n  }\n}";
    let line = r#"{"name": "get_weather", "arguments": {"city": "Oslo", "units": "metric"}}"#;
    let written =
        [format!("```json\n{lines}\n```"), format!("```\n{line}\n```"), lines.to_owned(), line.to_owned()];
    for text in &written {
        assert!(takes(&QWEN, &loose, text), "{text}");
        assert!(!takes(&QWEN, &tagged, text), "{text}");
        assert!(
            !takes(&QWEN, &loose, &text.replace("add", "sub").replace("Oslo", &"o".repeat(21))),
            "{text}"
        );
    }
    assert!(takes(&QWEN, &loose, &format!("<tool_call>\n{line}\n</tool_call>")));
    for text in
        [format!("```python\n{line}\n```"), lines.replace("\n  ", "\n\n  "), format!("```json\n{line}")]
    {
        assert!(!takes(&QWEN, &loose, &text), "{text}");
    }
}

#[test]
fn lists_and_bare_objects_are_calls_in_other_syntaxes() {
    for seed in 0..6 {
        let mut list = GPT2.start(&grammar(CallSyntax::List, false));
        let text = GPT2.text(&GPT2.walk(&mut list, seed));
        let calls: [Value; 1] = serde_json::from_str(&text).unwrap();
        assert_call(&calls[0], "arguments");

        let mut bare = GPT2.start(&grammar(CallSyntax::Bare, false));
        let text = GPT2.text(&GPT2.walk(&mut bare, seed));
        assert_call(&serde_json::from_str(&text).unwrap(), "parameters");
    }
    let two = r#"[{"name": "now", "arguments": {}}, {"name": "now", "arguments": {}}]"#;
    assert!(takes(&GPT2, &grammar(CallSyntax::List, true), two));
    assert!(!takes(&GPT2, &grammar(CallSyntax::List, false), two));
}

#[test]
fn a_list_begins_with_its_token() {
    let token = QWEN.tokenizer.token_id("<|fim_prefix|>").unwrap();
    assert!(QWEN.tokenizer.is_control(token));
    let parameters = json!({"type": "object"});
    let calls = Calls {
        tools: &[("now", &parameters)],
        syntax: CallSyntax::List,
        opening_token: Some(token),
        arguments_token: None,
        parallel: true,
        loose: false,
    };
    let mut matcher = QWEN.start(&Grammar::calls(&calls).unwrap());

    let forced = matcher.forced_tokens();

    assert_eq!(forced[0], token);
    let opening = QWEN.tokenizer.encode(r#"[{"name": "now", "arguments": {"#, Special::Text).unwrap();
    assert!(opening.starts_with(&forced[1..]) && forced.len() > 5, "{forced:?}");
}

#[test]
fn a_call_may_be_a_name_and_arguments_between_tokens() {
    let [opening, arguments] =
        ["<|fim_prefix|>", "<|fim_suffix|>"].map(|token| QWEN.tokenizer.token_id(token).unwrap());
    let parameters = json!({"type": "object", "properties": {}});
    let calls = Calls {
        tools: &[("now", &parameters)],
        syntax: CallSyntax::Named,
        opening_token: Some(opening),
        arguments_token: Some(arguments),
        parallel: false,
        loose: false,
    };
    let mut matcher = QWEN.start(&Grammar::calls(&calls).unwrap());

    let tokens = QWEN.walk(&mut matcher, 1);

    assert_eq!(QWEN.text(&tokens), "<|fim_prefix|>now<|fim_suffix|>{}");
    assert!(tokens.contains(&opening) && tokens.contains(&arguments), "{tokens:?}");
    assert!(matcher.is_complete());
}

#[test]
fn what_must_be_said_before_the_choice_of_a_tool_is_forced() {
    let mut matcher = QWEN.start(&grammar(CallSyntax::Tagged, true));
    let opening = QWEN.tokenizer.encode("<tool_call>\n{\"name\": \"add", Special::Text).unwrap();

    let forced = matcher.forced_tokens();

    assert!(forced.len() >= 4 && opening.starts_with(&forced), "{forced:?} of {opening:?}");
}

#[test]
fn one_call_is_the_end_where_no_other_is_allowed() {
    let call = "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>";
    let mut one = QWEN.start(&grammar(CallSyntax::Tagged, false));
    let mut several = QWEN.start(&grammar(CallSyntax::Tagged, true));

    assert!(one.accept_text(call) && several.accept_text(call));
    assert!(one.is_complete());
    assert!(several.may_end() && !several.is_complete());
}

#[test]
fn a_call_or_a_value_is_either() {
    let schema = json!({"type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"]});
    let parameters = json!({"type": "object"});
    let calls = Calls {
        tools: &[("now", &parameters)],
        syntax: CallSyntax::Tagged,
        opening_token: None,
        arguments_token: None,
        parallel: true,
        loose: false,
    };
    let grammar = Grammar::calls_or_json(&calls, &schema).unwrap();

    assert!(takes(&QWEN, &grammar, r#"{"sum": 4}"#));
    assert!(takes(&QWEN, &grammar, "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>"));
    assert!(!takes(&QWEN, &grammar, r#"{"name": "now", "arguments": {}}"#));
}

#[test]
fn tools_that_cannot_be_compiled_are_named() {
    let (good, bad) = (
        json!({"type": "object"}),
        json!({"type": "object", "properties": {"x": {"$ref": "#/no"}}, "required": ["x"]}),
    );
    let long = json!({"type": "object", "description": "x".repeat(70_000)});
    let of = |tools: &[(&str, &Value)]| {
        let syntax = CallSyntax::Tagged;
        let calls =
            Calls { tools, syntax, opening_token: None, arguments_token: None, parallel: true, loose: false };
        Grammar::calls(&calls).and_then(|grammar| GPT2.grammars.compile(&grammar)).unwrap_err().to_string()
    };

    assert!(of(&[("fine", &good), ("broken", &bad)]).starts_with("invalid parameters of tool `broken`: "));
    assert!(of(&[("long", &long)]).contains("`long`: expected at most 65536 bytes"));
    let large = json!({"type": "object", "description": "x".repeat(60_000)});
    let names: Vec<String> = (0..20).map(|index| format!("tool {index}")).collect();
    let many: Vec<(&str, &Value)> = names.iter().map(|name| (name.as_str(), &large)).collect();
    assert!(of(&many).starts_with("invalid grammar: expected at most 1048576 bytes in all schemas, got 12"));
    assert_eq!(of(&[]), "invalid number of tools: expected 1 to 256, got 0");
    assert_eq!(of(&vec![("many", &good); 257]), "invalid number of tools: expected 1 to 256, got 257");
}
