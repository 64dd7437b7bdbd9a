//! What several benches begin with: the small model and text for it.

use rushlight_models::hub::{Hub, LocalModel};
use rushlight_models::{KvCache, LanguageModel, LoadOptions, Special, Step};

/// The file of the model that benches use.
///
/// # Panics
///
/// If it was not fetched: `cargo xtask models SmolLM2-135M-Instruct`.
pub fn file() -> LocalModel {
    let hub = Hub::new().expect("the machine has a cache directory");
    hub.resolve("SmolLM2-135M-Instruct").expect("the model is fetched")
}

/// The model itself.
///
/// # Panics
///
/// If it was not fetched.
pub fn model() -> LanguageModel {
    LanguageModel::open(&file().path, &LoadOptions::default()).expect("the model is whole")
}

/// That many tokens of English.
///
/// # Panics
///
/// Never: the text is plain.
pub fn tokens(model: &LanguageModel, count: usize) -> Vec<u32> {
    let text = "The lighthouse keeper wrote every evening what the sea had done. ".repeat(count / 8);
    let mut tokens = model.tokenizer().encode(&text, Special::Text).expect("the text is plain");
    tokens.truncate(count);
    tokens
}

/// A cache that holds these tokens.
///
/// # Panics
///
/// If they are more than the model's context.
pub fn filled(model: &LanguageModel, tokens: &[u32]) -> KvCache {
    let mut cache = model.new_cache();
    model.forward(&mut [Step::fill(tokens, &mut cache)]).expect("the context is long enough");
    cache
}
