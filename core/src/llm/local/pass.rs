use rushlight_models::Logits;

/// What a sequence wants of the next pass.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) tokens: Vec<u32>,
    pub(super) logits: Logits,
    /// Whether the tokens are those of a chunk by itself.
    pub(super) is_chunk: bool,
    /// Tokens of a chunk that come after these without being computed.
    pub(super) spliced: usize,
}

impl Part {
    pub(super) fn new(tokens: &[u32], logits: Logits) -> Self {
        Self { tokens: tokens.to_vec(), logits, is_chunk: false, spliced: 0 }
    }
}

/// Whether a generation goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It does.
    Goes,
    /// It has ended, and whether a limit ended it.
    Ended { cut: bool },
}
