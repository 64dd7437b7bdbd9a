use crate::message::{Message, Role, ToolOutput, ToolStatus};

const UNKNOWN: &str = "The call was interrupted: whether it took effect is not known.";

/// The same conversation, in which each call has its output right after it, as models expect: a call whose output is missing,
/// because somebody stopped between the two, gets one that says so, and an output without its call is left out.
pub(super) fn repaired(messages: Vec<Message>) -> Vec<Message> {
    let mut whole = Vec::with_capacity(messages.len());
    let mut rest = messages.into_iter().peekable();
    while let Some(message) = rest.next() {
        if message.role == Role::Tool {
            continue;
        }
        let calls = message.tool_calls.clone();
        whole.push(message);
        let mut outputs = Vec::new();
        while let Some(output) = rest.next_if(|next| next.role == Role::Tool) {
            outputs.push(output);
        }
        for call in calls {
            let own = outputs.iter().position(|output| output.tool_call_id.as_ref() == Some(&call.id));
            let unknown = || Message::tool(&ToolOutput::new(&call, ToolStatus::Error, UNKNOWN));
            whole.push(own.map_or_else(unknown, |place| outputs.swap_remove(place)));
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::message::ToolCall;

    fn call(id: &str) -> ToolCall {
        ToolCall::new(id, "add", json!({}))
    }

    fn output(id: &str) -> Message {
        Message::tool(&ToolOutput::new(&call(id), ToolStatus::Success, id))
    }

    #[test]
    fn each_call_has_its_output_behind_it() {
        let asked = |ids: &[&str]| Message::assistant("", ids.iter().map(|id| call(id)).collect());
        let unknown = |id: &str| Message { content: UNKNOWN.to_owned(), ..output(id) };

        let whole = [Message::user("?"), asked(&["a", "b"]), output("a"), output("b"), asked(&[])];
        assert_eq!(repaired(whole.to_vec()), whole);

        let stopped = [asked(&["a", "b"]), output("b"), Message::user("?"), asked(&["c"])];
        let expected =
            [asked(&["a", "b"]), unknown("a"), output("b"), Message::user("?"), asked(&["c"]), unknown("c")];
        assert_eq!(repaired(stopped.to_vec()), expected);

        let orphans = [output("x"), asked(&["a"]), output("y"), output("a"), output("a"), Message::user("?")];
        assert_eq!(repaired(orphans.to_vec()), [asked(&["a"]), output("a"), Message::user("?")]);
        assert_eq!(repaired(Vec::new()), []);
    }
}
