use super::Rope;

/// The function between the two products of a feed-forward network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    /// `x / (1 + exp(-x))`.
    Silu,
    /// GELU in its approximation by a hyperbolic tangent.
    Gelu,
}

/// What a layer sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Which of the decoder's rotations it uses.
    pub(crate) rope: usize,
    /// How many tokens a token sees, its own included; none for all before it.
    pub(crate) window: Option<usize>,
}

/// What an architecture chooses beyond its sizes.
#[derive(Debug, Clone)]
pub(crate) struct Choices {
    pub(crate) ropes: Vec<Rope>,
    /// Of each layer; the last is repeated.
    pub(crate) reach: Vec<Reach>,
    pub(crate) activation: Activation,
    /// What embeddings are multiplied with.
    pub(crate) embedding_scale: Option<f32>,
}

impl Choices {
    /// Those of llama: all layers see everything.
    pub(crate) fn uniform(rope: Rope) -> Self {
        Self {
            ropes: vec![rope],
            reach: vec![Reach { rope: 0, window: None }],
            activation: Activation::Silu,
            embedding_scale: None,
        }
    }

    /// The same with this window in all layers.
    pub(crate) fn with_window(mut self, window: Option<usize>) -> Self {
        for reach in &mut self.reach {
            reach.window = window;
        }
        self
    }

    /// What a layer sees.
    pub(crate) fn reach(&self, layer: usize) -> Reach {
        let all = Reach { rope: 0, window: None };
        self.reach.get(layer).or(self.reach.last()).copied().unwrap_or(all)
    }
}
