use serde::{Deserialize, Serialize};

/// What an engine is asked, one JSON object a line. The programs in `benches/compare` have a method for it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub(crate) enum Request {
    /// Asks one agent so many questions, one after the other: `seconds`, `turns`. Each takes two turns: in the first the
    /// model calls `add`, a function of the host's language that adds two numbers, and in the second it answers.
    Ask {
        questions: usize,
        /// From a coroutine, with an async function as the tool; an engine that has no other way refuses to do without.
        asynchronous: bool,
    },
}

/// What an engine replies, one JSON object a line.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Reply {
    /// Without writing the script.
    pub(crate) seconds: f64,
    pub(crate) turns: usize,
}
