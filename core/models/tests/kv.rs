use rushlight_models::{KvCache, KvType, LanguageModel, LoadOptions, PrefixTree, Special, Step};

use crate::support::{divergence, model};

const TEXT: &str = "The lighthouse keeper wrote every evening what the sea had done. In March it took two boats and \
gave one of them back; in April it was calm, and he painted the door. A letter came from the harbour office: the lamp \
would be replaced by an electric one before winter, and would he please make a list of everything that had to go? He \
listed the lamp, the oil, the wicks, the brass polish and, at the end, because the form had a line left, himself. The \
answer took a month. It said that the list was complete, and thanked him for it. He put it under the lamp, where the \
light was best, and read it again whenever a ship went by. Nobody came before winter, and nobody came after it.";

fn open(kv_type: KvType) -> LanguageModel {
    let mut options = LoadOptions::default();
    options.kv_type = kv_type;
    let file = model("SmolLM2-135M-Instruct").join("SmolLM2-135M-Instruct.Q4_1.gguf");
    LanguageModel::open(&file, &options).unwrap()
}

fn tokens(model: &LanguageModel) -> Vec<u32> {
    model.tokenizer().encode(TEXT, Special::Text).unwrap()
}

/// The mean divergence of the next token's probabilities from those with keys and values in single precision.
fn mean_divergence(kv_type: KvType) -> f64 {
    let logits = |kv_type| {
        let model = open(kv_type);
        let tokens = tokens(&model);
        let mut cache = model.new_cache();
        let logits = model.forward(&mut [Step::every(&tokens, &mut cache)]).unwrap()[0].to_vec();
        (logits, model.info().vocabulary, tokens.len())
    };
    let (exact, vocabulary, count) = logits(KvType::F32);
    let (rounded, ..) = logits(kv_type);
    assert_eq!(exact.len(), count * vocabulary);
    let rows = exact.chunks_exact(vocabulary).zip(rounded.chunks_exact(vocabulary));
    rows.map(|(exact, rounded)| divergence(exact, rounded)).sum::<f64>() / count as f64
}

#[test]
fn smaller_types_of_keys_and_values_hardly_change_the_probabilities() {
    let (half, eighth) = (mean_divergence(KvType::F16), mean_divergence(KvType::Q8));
    println!("f16 {half:.2e}, q8 {eighth:.2e}");

    // Activations of 8 bits alone, whose last bit every change of a sum flips, make about 3e-3 with this model.
    assert!(half < 5e-3, "{half}");
    assert!(eighth < 8e-3, "{eighth}");
}

#[test]
fn a_known_beginning_gives_the_same_bits_as_computing_it_again() {
    let model = open(KvType::F16);
    let (tokens, mut tree) = (tokens(&model), PrefixTree::new(&model));
    let last = |cache: &mut KvCache| {
        let rest = &tokens[cache.len()..];
        model.forward(&mut [Step::new(rest, cache)]).unwrap()[0].to_vec()
    };
    let mut cache = model.new_cache();
    let expected = last(&mut cache);
    tree.insert(&tokens, &cache);
    drop(cache);

    for known in [1, 63, 64, 100] {
        let mut cache = tree.find(&tokens[..known]);
        assert_eq!(cache.len(), known);
        assert_eq!(last(&mut cache), expected, "{known} tokens known");
    }
    assert_eq!(tree.find(&tokens).len(), tokens.len(), "what the others wrote is not in the tree");
}

#[test]
fn a_budget_is_kept_before_anything_is_computed() {
    let mut options = LoadOptions::default();
    let file = model("SmolLM2-135M-Instruct").join("SmolLM2-135M-Instruct.Q4_1.gguf");
    options.kv_budget = Some(2 * open(KvType::F16).kv_page_bytes());
    let model = LanguageModel::open(&file, &options).unwrap();
    let tokens = tokens(&model);
    let mut cache = model.new_cache();
    model.forward(&mut [Step::fill(&tokens[..100], &mut cache)]).unwrap();

    let error = model.forward(&mut [Step::fill(&tokens[..29], &mut cache)]).unwrap_err().to_string();

    assert!(error.starts_with("no room for keys and values: expected at most"), "{error}");
    assert_eq!((cache.len(), model.kv_used_bytes()), (100, 2 * model.kv_page_bytes()));
    model.forward(&mut [Step::fill(&tokens[..28], &mut cache)]).unwrap();
}
