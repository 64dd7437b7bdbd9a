/// How a model writes calls of tools.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallSyntax {
    /// `<tool_call>`, an object of `name` and `arguments`, `</tool_call>`, as the Hermes and Qwen models write it; also what
    /// models are told that know no tools.
    #[default]
    Tagged,
    /// The bare object of `name` and `parameters`, as Llama 3 writes it.
    Bare,
    /// A list of objects of `name` and `arguments` after `[TOOL_CALLS]`, as Mistral writes it.
    List,
    /// A tool's name and its arguments between `[TOOL_CALLS]` and `[ARGS]`, as Mistral writes it from version 11 of its tokenizer on.
    Named,
}

impl CallSyntax {
    /// What Mistral's calls begin with, usually one token.
    pub const OPENING: &'static str = "[TOOL_CALLS]";
    /// What stands before the arguments of [`Named`](Self::Named) calls, usually one token.
    pub const ARGUMENTS: &'static str = "[ARGS]";

    /// The syntax of the call in a rendered conversation whose arguments hold `mark`.
    pub(super) fn find(rendered: &str, mark: &str) -> Option<Self> {
        let before = &rendered[..rendered.rfind(mark)?];
        if before.trim_end_matches(['"', '{', ' ']).ends_with(Self::ARGUMENTS) {
            return Some(Self::Named);
        }
        let name = before.rfind("\"name\"")?;
        let opening = before[..name].trim_end().strip_suffix('{')?.trim_end();
        let list = opening.strip_suffix('[').unwrap_or(opening).trim_end();
        if opening.ends_with("<tool_call>") {
            Some(Self::Tagged)
        } else if list.ends_with(Self::OPENING) {
            Some(Self::List)
        } else if before[name..].contains("\"parameters\"") {
            Some(Self::Bare)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CallSyntax;

    #[test]
    fn the_syntax_is_found_around_the_arguments() {
        let find = |text| CallSyntax::find(text, "MARK");

        let tagged = "<tool_call>\n{\"name\": \"probe\", \"arguments\": {\"MARK\": \"x\"}}\n</tool_call>";
        let list = "[TOOL_CALLS] [{\"name\": \"probe\", \"arguments\": {\"MARK\": \"x\"}}]</s>";
        let bare = "assistant\n\n{\"name\": \"probe\", \"parameters\": {\"MARK\": \"x\"}}<|eot_id|>";

        assert_eq!(find(tagged), Some(CallSyntax::Tagged));
        assert_eq!(find(list), Some(CallSyntax::List));
        assert_eq!(find(bare), Some(CallSyntax::Bare));
        assert_eq!(find("[TOOL_CALLS]probe[ARGS]{\"MARK\": \"x\"}</s>"), Some(CallSyntax::Named));
        assert_eq!(find("<function=probe>MARK</function>"), None);
    }
}
