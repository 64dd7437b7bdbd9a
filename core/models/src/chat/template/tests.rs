use serde_json::json;

use super::{ChatTemplate, Conversation};
use crate::Error;

const STRICT: &str = "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}\
                      {% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}\
                      {{ raise_exception('roles must alternate') }}{% endif %}[{{ m.role }}] {{ m.content }}\n{% endfor %}";

fn conversation(messages: serde_json::Value) -> Conversation {
    Conversation { messages, tools: json!(null), add_generation_prompt: true }
}

#[test]
fn a_refusal_of_the_template_is_an_error_with_its_words() {
    let template = ChatTemplate::new(STRICT, "", "").unwrap();
    let system = conversation(json!([{"role": "system", "content": "x"}, {"role": "user", "content": "y"}]));
    let twice = conversation(json!([{"role": "user", "content": "x"}, {"role": "user", "content": "y"}]));

    let message = |conversation| template.render(conversation).unwrap_err().to_string();

    assert_eq!(message(&system), "chat template failed: System role not supported (line 1)");
    assert_eq!(message(&twice), "chat template failed: roles must alternate (line 1)");
}

#[test]
fn a_system_message_that_is_refused_begins_the_first_message_of_the_user() {
    let template = ChatTemplate::new(STRICT, "", "").unwrap();
    let asked =
        conversation(json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]));
    let alone = conversation(json!([{"role": "system", "content": "Be brief."}]));

    assert!(!template.supports_system());
    assert_eq!(template.prompt(&asked).unwrap(), "[user] Be brief.\nHi\n");
    assert_eq!(template.prompt(&alone).unwrap(), "[user] Be brief.\n");
}

#[test]
fn a_template_that_does_not_parse_says_where() {
    let error = ChatTemplate::new("a\n{% if %}", "", "").unwrap_err();

    let Error::Template { message } = error else { panic!("{error}") };
    assert!(message.contains("(line 2)"), "{message}");
}

#[test]
fn arguments_are_text_where_the_template_joins_them_to_text() {
    let source = "{% for t in tools or [] %}{{ t | tojson }}{% endfor %}{% for m in messages %}{{ m.content }}\
                  {% for c in m.tool_calls or [] %}{{ '>' + c.function.name + ' ' + c.function.arguments }}{% endfor %}{% endfor %}";
    let template = ChatTemplate::new(source, "", "").unwrap();
    let call = json!([{"type": "function", "function": {"name": "f", "arguments": {"x": 1}}}]);
    let mut asked = conversation(json!([{"role": "assistant", "content": "", "tool_calls": call}]));
    asked.tools = json!([{"type": "function", "function": {"name": "f"}}]);

    assert!(template.prompt(&asked).unwrap().ends_with(">f {\"x\":1}"));
}

#[test]
fn outputs_of_tools_go_on_in_one_message() {
    let template = ChatTemplate::new(STRICT, "", "").unwrap();
    let call = json!([
        {"type": "function", "function": {"name": "f", "arguments": {}}},
        {"type": "function", "function": {"name": "g", "arguments": {}}},
    ]);
    let asked = conversation(json!([
        {"role": "user", "content": "Do it"},
        {"role": "assistant", "content": "Now.", "tool_calls": call},
        {"role": "tool", "content": "1"},
        {"role": "tool", "content": "2"},
    ]));

    let text = template.prompt(&asked).unwrap();

    let expected = "[user] Do it\n[assistant] Now.\n\
        <tool_call>\n{\"name\":\"f\",\"arguments\":{}}\n</tool_call>\n\
        <tool_call>\n{\"name\":\"g\",\"arguments\":{}}\n</tool_call>\n\
        [user] <tool_response>\n1\n</tool_response>\n<tool_response>\n2\n</tool_response>\n";
    assert_eq!(text, expected);
}

#[test]
fn messages_that_are_no_messages_are_an_error_and_no_panic() {
    let template = ChatTemplate::new(STRICT, "", "").unwrap();

    for messages in [json!(null), json!([]), json!([1]), json!({"role": "user"}), json!("x")] {
        let _ = template.prompt(&conversation(messages.clone()));
        let _ = ChatTemplate::chatml().prompt(&conversation(messages));
    }
}

#[test]
fn a_template_that_never_ends_is_stopped() {
    let template = ChatTemplate::new(
        "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}",
        "",
        "",
    );

    let error = template.unwrap().render(&conversation(json!([]))).unwrap_err();

    assert!(error.to_string().contains("fuel"), "{error}");
}

#[test]
fn chatml_is_the_template_of_those_that_have_none() {
    let asked = conversation(json!([{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]));

    assert_eq!(
        ChatTemplate::chatml().prompt(&asked).unwrap(),
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n"
    );
}
