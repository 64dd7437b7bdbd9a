//! Prefixes on a disk.

use std::path::Path;

use rushlight_models::{Error, Gguf, KvType, LanguageModel, LoadOptions, SavedPrefix, Special, Step};

use crate::support::model;

const TEXT: &str = "You are the keeper of a lighthouse. You answer sailors in one sentence, you never guess where a rock \
is, and you say so when you do not know. The lamp is lit at dusk; the horn sounds twice a minute in fog; the boat comes \
on Mondays with bread, oil and letters, if the sea lets it. Whoever asks for the harbour is told the bearing.";

const SMALL: &str = "SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf";
const OTHER: &str = "Qwen2.5-Coder-0.5B-Instruct/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf";

fn options(kv_type: KvType) -> LoadOptions {
    let mut options = LoadOptions::default();
    options.kv_type = kv_type;
    options
}

fn open(kv_type: KvType) -> LanguageModel {
    LanguageModel::open(&model(SMALL), &options(kv_type)).unwrap()
}

fn tokens(model: &LanguageModel) -> Vec<u32> {
    let mut tokens = model.tokenizer().encode(TEXT, Special::Text).unwrap();
    assert!(tokens.len() > 70, "more than a page");
    tokens.truncate(70);
    tokens
}

/// Writes the beginning of the text, and gives its tokens.
fn write(model: &LanguageModel, path: &Path) -> Vec<u32> {
    let tokens = tokens(model);
    let mut cache = model.new_cache();
    model.forward(&mut [Step::fill(&tokens, &mut cache)]).unwrap();
    SavedPrefix::write(model, &tokens, &cache, path).unwrap();
    tokens
}

#[test]
fn what_is_read_gives_the_same_bits_as_what_was_computed() {
    let folder = tempfile::tempdir().unwrap();
    let next = [198, 198];
    for kv_type in [KvType::F32, KvType::F16, KvType::Q8] {
        let (path, model) = (folder.path().join(format!("{kv_type:?}")), open(kv_type));
        let tokens = write(&model, &path);
        let mut computed = model.new_cache();
        model.forward(&mut [Step::fill(&tokens, &mut computed)]).unwrap();
        let expected = model.forward(&mut [Step::every(&next, &mut computed)]).unwrap();

        // Another process would open the file anew, too.
        let model = open(kv_type);
        let saved = SavedPrefix::read(&model, &path).unwrap();
        let mut cache = saved.cache(&model).unwrap();

        assert_eq!(saved.tokens(), tokens);
        assert_eq!((cache.len(), model.kv_used_bytes()), (70, 2 * model.kv_page_bytes()));
        assert_eq!(model.forward(&mut [Step::every(&next, &mut cache)]).unwrap(), expected, "{kv_type:?}");
    }
}

#[test]
fn tokens_that_were_forgotten_are_not_written() {
    let (folder, model) = (tempfile::tempdir().unwrap(), open(KvType::F16));
    let (short, long) = (folder.path().join("short"), folder.path().join("long"));
    let tokens = tokens(&model);
    let mut cache = model.new_cache();
    model.forward(&mut [Step::fill(&tokens[..3], &mut cache)]).unwrap();
    SavedPrefix::write(&model, &tokens[..3], &cache, &short).unwrap();

    model.forward(&mut [Step::fill(&tokens[3..], &mut cache)]).unwrap();
    cache.truncate(3);
    SavedPrefix::write(&model, &tokens[..3], &cache, &long).unwrap();

    assert!(std::fs::read(short).unwrap() == std::fs::read(long).unwrap());
}

#[test]
fn a_prefix_of_another_model_or_type_is_refused() {
    let (folder, small) = (tempfile::tempdir().unwrap(), open(KvType::F16));
    let path = folder.path().join("system");
    write(&small, &path);
    let other = LanguageModel::open(&model(OTHER), &options(KvType::F16)).unwrap();

    let refused = |model: &LanguageModel| SavedPrefix::read(model, &path).unwrap_err().to_string();

    let expected = format!(
        "invalid saved prefix: expected one of `{}` (architecture qwen2), got one of `{}` (llama)",
        other.info().name,
        small.info().name
    );
    assert_eq!(refused(&other), expected);
    assert_eq!(refused(&open(KvType::Q8)), "invalid saved prefix: expected the kv_type q8, got f16");
}

#[test]
fn another_file_of_the_same_shape_is_another_model() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("system"), folder.path().join("copy.gguf"));
    write(&open(KvType::F16), &path);
    let mut bytes = std::fs::read(model(SMALL)).unwrap();
    let place = Gguf::open(&model(SMALL)).unwrap().tensor("blk.7.attn_q.weight").unwrap().offset;
    bytes[place] ^= 1;
    std::fs::write(&copy, bytes).unwrap();
    let changed = LanguageModel::open(&copy, &options(KvType::F16)).unwrap();

    let error = SavedPrefix::read(&changed, &path).unwrap_err();

    assert!(matches!(error, Error::Invalid { .. }) && error.to_string().contains("(weights "), "{error}");
}

#[test]
fn a_damaged_file_is_refused_wherever_the_damage_is() {
    let (folder, model) = (tempfile::tempdir().unwrap(), open(KvType::Q8));
    let path = folder.path().join("system");
    write(&model, &path);
    let whole = std::fs::read(&path).unwrap();
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        SavedPrefix::read(&model, &path)
    };
    let header = 24..24 + u32::from_le_bytes(whole[20..24].try_into().unwrap()) as usize;
    let body = header.end + 32;
    let flipped = [0, header.start + 5, header.end, body, body + 4 * 70, whole.len() - 40, whole.len() - 1];

    for place in flipped {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        let error = read(&bytes).unwrap_err();
        assert!(matches!(&error, Error::Damaged { path: named, .. } if *named == path), "{place}: {error}");
    }
    for length in [0, 10, header.start, header.end, body, body + 100, whole.len() - 1] {
        let error = read(&whole[..length]).unwrap_err().to_string();
        assert!(error.ends_with("is damaged: it is cut short"), "{length}: {error}");
    }
    let longer = read(&[&whole[..], &[0]].concat()).unwrap_err().to_string();
    assert!(longer.contains("it goes on after its end"), "{longer}");
    let mut newer = whole.clone();
    newer[16] = 2;
    assert_eq!(read(&newer).unwrap_err().to_string(), "invalid saved prefix: expected version 1, got 2");
    assert_eq!(model.kv_used_bytes(), 0, "nothing is half loaded");
    read(&whole).unwrap();
}

#[test]
fn writing_leaves_one_file_and_replaces_what_was_there() {
    let (folder, model) = (tempfile::tempdir().unwrap(), open(KvType::F16));
    let path = folder.path().join("system.prefix");
    std::fs::write(&path, "something else").unwrap();

    write(&model, &path);

    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    SavedPrefix::read(&model, &path).unwrap();
    let nowhere = folder.path().join("none").join("system.prefix");
    let tokens = tokens(&model);
    let mut cache = model.new_cache();
    let empty = SavedPrefix::write(&model, &[], &cache, &path).unwrap_err().to_string();
    assert_eq!(empty, "invalid tokens: expected the 0 of the cache, at least one, got 0");
    model.forward(&mut [Step::fill(&tokens, &mut cache)]).unwrap();
    let error = SavedPrefix::write(&model, &tokens, &cache, &nowhere).unwrap_err();
    assert!(matches!(&error, Error::Open { path, .. } if *path == nowhere), "{error}");
}

#[test]
fn a_prefix_takes_its_memory_from_the_budget() {
    let (folder, large) = (tempfile::tempdir().unwrap(), open(KvType::F16));
    let path = folder.path().join("system");
    write(&large, &path);
    let mut small = options(KvType::F16);
    small.kv_budget = Some(large.kv_page_bytes());
    let small = LanguageModel::open(&model(SMALL), &small).unwrap();

    let error = SavedPrefix::read(&small, &path).unwrap().cache(&small).unwrap_err();

    assert!(matches!(error, Error::KvBudget { .. }), "{error}");
    assert_eq!(small.kv_used_bytes(), 0);
}
