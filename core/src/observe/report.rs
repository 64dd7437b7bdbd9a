use std::time::Duration;

/// Counts and times of a run.
///
/// `retrieval`, `generation`, `tools`, `reading` and [`overhead`](Self::overhead) are the parts of `total`: each moment
/// of the run belongs to one of them. What an assistant puts in is measured on a monotonic clock.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// From the start to the first text; none if there was no text.
    pub first_token: Option<Duration>,
    /// From the start to the end.
    pub total: Duration,
    /// Time spent retrieving passages.
    pub retrieval: Duration,
    /// Time spent waiting for the model, over all turns: its queue, the prompt and the text.
    pub generation: Duration,
    /// Time spent writing text, over all turns, from the first text of each turn to its end.
    pub decoding: Duration,
    /// Time spent in tools.
    pub tools: Duration,
    /// Time that the reader of the events took between them. The model may have worked meanwhile.
    pub reading: Duration,
    /// Generations.
    pub turns: usize,
    /// Tool calls that were answered.
    pub tool_calls: usize,
    /// How likely the model was to begin its first turn with a call of a tool, from 0 to 1; none where it did not have the
    /// choice, or does not tell. Local models do.
    pub call_probability: Option<f32>,
    /// What the tokens of the run cost, those of agents that it asked included; none where no prices are known.
    pub cost: Option<f64>,
    /// Tokens that followed the first one in a second of decoding; none when no text was generated.
    pub tokens_per_second: Option<f64>,
}

impl Report {
    /// What the run itself took: the total without retrieval, generation, tools and reading. Session store and cache
    /// are a part of it.
    pub fn overhead(&self) -> Duration {
        let parts = self.retrieval + self.generation + self.tools + self.reading;
        self.total.saturating_sub(parts)
    }
}
