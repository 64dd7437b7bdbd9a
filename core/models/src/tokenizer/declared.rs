/// What is said beside a `tokenizer.json` about its special tokens.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub(super) begin: Option<Token>,
    pub(super) end: Option<Token>,
    /// Further tokens that end a generation.
    pub(super) ends: Vec<u32>,
    /// How many tokens the model knows; added control tokens beyond them belong to a larger sibling, which sees images.
    pub(super) rows: Option<usize>,
    /// Whether a prompt starts with the begin token; otherwise the tokenizer's post-processor says so.
    pub(super) add_begin: Option<bool>,
}

/// How a token is named.
#[derive(Debug)]
pub(super) enum Token {
    Text(String),
    Id(u32),
}
