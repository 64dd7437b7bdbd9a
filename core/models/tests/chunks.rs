//! Parts of prompts that are computed by themselves.

use rushlight_models::{
    ChatTemplate, Conversation, KvCache, KvType, LanguageModel, LoadOptions, Special, Step,
};
use serde_json::json;

use crate::support::{divergence, model};

const LEAD: &str = "Notes about a harbour. ";
const BOATS: &str = "Three boats lie at the quay. The oldest is green, the one beside it carries stones, and the smallest \
belongs to the pilot, who paints it every spring and says that paint is cheaper than sleep.";
const WORD: &str = "Whoever wants to pass the boom at night must know the word of the harbour. The word of the harbour is \
heron. It was chosen by the pilot's daughter and has not been changed since.";
const QUESTION: &str = " Again, so that nobody forgets it: the word of the harbour is";

fn open(kv_type: KvType) -> LanguageModel {
    let mut options = LoadOptions::default();
    options.kv_type = kv_type;
    let file = model("SmolLM2-135M-Instruct").join("SmolLM2-135M-Instruct.Q4_1.gguf");
    LanguageModel::open(&file, &options).unwrap()
}

fn tokens(model: &LanguageModel, text: &str) -> Vec<u32> {
    model.tokenizer().encode(text, Special::Text).unwrap()
}

fn last(model: &LanguageModel, tokens: &[u32], cache: &mut KvCache) -> Vec<f32> {
    model.forward(&mut [Step::new(tokens, cache)]).unwrap()[0].to_vec()
}

#[test]
fn what_is_spliced_at_its_own_place_gives_the_same_bits() {
    for kv_type in [KvType::F32, KvType::F16] {
        let model = open(kv_type);
        let all = tokens(&model, &[LEAD, BOATS, WORD].concat());
        let next = tokens(&model, QUESTION);
        let (mut whole, mut spliced) = (model.new_cache(), model.new_cache());
        model.forward(&mut [Step::fill(&all, &mut whole)]).unwrap();
        model.forward(&mut [Step::fill(&all[..10], &mut spliced)]).unwrap();

        model.splice(&mut spliced, &whole, 10..all.len()).unwrap();

        assert_eq!(spliced.len(), all.len());
        assert_eq!(last(&model, &next, &mut spliced), last(&model, &next, &mut whole), "{kv_type:?}");
    }
}

#[test]
fn a_chunk_at_another_place_says_what_it_said() {
    for kv_type in [KvType::F32, KvType::F16, KvType::Q8] {
        let model = open(kv_type);
        let [lead, boats, word, question] = [LEAD, BOATS, WORD, QUESTION].map(|text| tokens(&model, text));
        let whole = last(&model, &[&lead[..], &boats, &word, &question].concat(), &mut model.new_cache());
        let without = last(&model, &[&lead[..], &boats, &question].concat(), &mut model.new_cache());
        let (mut alone, mut linked) = (model.new_cache(), model.new_cache());
        model.forward(&mut [Step::fill(&[&lead[..1], &word].concat(), &mut alone)]).unwrap();
        model.forward(&mut [Step::fill(&[&lead[..], &boats, &word[..8]].concat(), &mut linked)]).unwrap();

        model.splice(&mut linked, &alone, 9..1 + word.len()).unwrap();
        let linked = last(&model, &question, &mut linked);

        let (linked, without) = (divergence(&whole, &linked), divergence(&whole, &without));
        println!("{kv_type:?}: {linked:.4}, without the chunk {without:.4}");
        assert!(linked < 0.2 * without, "{kv_type:?} {linked} {without}");
    }
}

#[test]
fn a_splice_of_what_is_not_there_is_refused_and_changes_nothing() {
    let (model, other) = (open(KvType::F16), open(KvType::F16));
    let boats = tokens(&model, BOATS);
    let (mut from, mut cache, mut foreign) = (model.new_cache(), model.new_cache(), other.new_cache());
    model.forward(&mut [Step::fill(&boats, &mut from)]).unwrap();

    let beyond = model.splice(&mut cache, &from, 3..boats.len() + 1).unwrap_err().to_string();
    let others = model.splice(&mut foreign, &from, 0..1).unwrap_err().to_string();

    assert_eq!(
        beyond,
        format!("invalid tokens: expected a part of 0..{0}, got 3..{1}", boats.len(), boats.len() + 1)
    );
    assert!(others.contains("another model's"), "{others}");
    assert_eq!((cache.len(), foreign.len()), (0, 0));
}

#[test]
fn chunks_are_found_in_a_prompt_and_have_the_same_tokens_wherever_they_stand() {
    let model = open(KvType::F16);
    let template = ChatTemplate::chatml();
    let encode = |content: &str, chunks: &[&str]| {
        let messages =
            json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": content}]);
        let conversation = Conversation { messages, add_generation_prompt: true, ..Conversation::default() };
        template.encode_chunks(model.tokenizer(), &conversation, chunks).unwrap()
    };
    let (one, two) = ([LEAD, BOATS, "\n\n", WORD, QUESTION].concat(), [WORD, "\n\n", BOATS].concat());

    let first = encode(&one, &[BOATS, "not there", "", WORD]);
    let second = encode(&two, &[WORD, BOATS]);
    let plain = encode(&format!("\u{fdd1}{one}\u{fdd2}"), &[]);

    let texts = |encoded: &rushlight_models::Encoded| -> Vec<String> {
        encoded.chunks.iter().map(|place| model.tokenizer().decode(&encoded.tokens[place.clone()])).collect()
    };
    assert_eq!(
        (texts(&first), texts(&second)),
        (vec![BOATS.into(), WORD.into()], vec![WORD.into(), BOATS.into()])
    );
    assert_eq!(first.tokens[first.chunks[0].clone()], second.tokens[second.chunks[1].clone()]);
    assert_eq!(model.tokenizer().decode(&first.tokens), model.tokenizer().decode(&plain.tokens));
    assert!(plain.chunks.is_empty(), "text cannot make a chunk of itself");
    assert_eq!(encode(&one, &[WORD, BOATS]).chunks.len(), 1, "chunks come in their order");
}
