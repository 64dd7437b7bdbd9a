//! A model's life: what it says before it is loaded, how it is loaded, and what it gives back.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use rushlight::llm::{LoadStage, WeightLayout};
use rushlight::{Delta, Error, Llm, LlmExt, LocalLlm, LocalLlmOptions, Message, Prompt, Sampling};
use rushlight_tests::support::tiny;
use tempfile::TempDir;

const SMALL: &str = "SmolLM2-135M-Instruct";

fn prompt(tokens: usize) -> Prompt {
    Prompt::new(vec![Message::user("Hello")]).sampling(Sampling::greedy()).max_output_tokens(tokens)
}

fn options() -> LocalLlmOptions {
    LocalLlmOptions::default().threads(1)
}

fn tiny_model(folder: &TempDir) -> String {
    tiny::model(folder.path(), "tiny").display().to_string()
}

/// Waits until something is so; a test that waits for a minute has failed.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_mins(1), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_file_says_what_it_is_without_being_loaded() {
    let folder = TempDir::new().unwrap();
    let path = tiny_model(&folder);

    let info = LocalLlm::inspect(&path).await.unwrap();

    assert_eq!(
        (info.name.as_str(), info.architecture.as_str(), info.quantisation.as_str()),
        ("tiny", "llama", "Q8_0")
    );
    assert_eq!((info.layers, info.hidden, info.heads, info.kv_heads), (2, 64, 4, 2));
    assert_eq!((info.vocabulary, info.context_length), (258, 8192));
    assert_eq!(info.size_bytes, std::fs::metadata(&path).unwrap().len());
    let llm = LocalLlm::open_with(&path, options().context(100)).await.unwrap();
    assert_eq!(llm.context_window(), 100);
    assert!(matches!(LocalLlm::inspect("no-such-model").await, Err(Error::Unknown { .. })));
}

#[tokio::test]
async fn a_model_that_needs_more_than_its_budget_is_not_loaded() {
    let folder = TempDir::new().unwrap();
    let path = tiny_model(&folder);
    let needed = LocalLlm::estimate_memory(&path, options().kv_budget(1 << 20)).await.unwrap();
    let with = |budget: u64| options().kv_budget(1 << 20).memory_budget(budget as usize);

    let enough = LocalLlm::open_with(&path, with(needed.total())).await;
    let short = LocalLlm::open_with(&path, with(needed.total() - 1)).await.unwrap_err();

    assert!(enough.is_ok());
    assert!(matches!(&short, Error::Invalid { what, .. } if what == "memory_budget"), "{short}");
    let expected = format!("expected at least {} bytes ({} for weights", needed.total(), needed.weights);
    assert!(short.to_string().contains(&expected), "{short}");
}

#[tokio::test]
async fn keys_and_values_get_what_the_memory_budget_leaves() {
    let estimate = async |budget: usize| {
        LocalLlm::estimate_memory(SMALL, options().memory_budget(budget)).await.unwrap()
    };

    let (narrow, wide) = (estimate(400 << 20).await, estimate(64 << 30).await);

    assert!(narrow.total() <= 400 << 20, "{narrow:?}");
    let room = (400 << 20) - narrow.without_keys_and_values();
    assert_eq!(narrow.keys_and_values, room / 4);
    assert_eq!(wide.keys_and_values, 2 * 8 * 8192 * wide.kv_bytes_per_token, "no more than can be used");
    let llm = LocalLlm::open_with(SMALL, options().memory_budget(400 << 20)).await.unwrap();
    assert_eq!(llm.status().kv_budget as u64, narrow.keys_and_values);
    llm.complete(prompt(2)).await.unwrap();
}

#[tokio::test]
async fn loading_tells_how_far_it_is() {
    let folder = TempDir::new().unwrap();
    let path = tiny_model(&folder);
    let steps = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&steps);

    let llm = LocalLlm::open_with_progress(&path, options(), move |progress| {
        told.lock().unwrap().push((progress.model.to_owned(), progress.stage, progress.done, progress.total));
    });
    let llm = llm.await.unwrap();

    let steps = std::mem::take(&mut *steps.lock().unwrap());
    let stages: Vec<LoadStage> = steps.iter().map(|step| step.1).collect();
    assert_eq!(stages.first(), Some(&LoadStage::Packing));
    assert_eq!(stages[stages.len() - 2..], [LoadStage::Reading; 2]);
    assert!(steps.iter().all(|(model, _, done, total)| model == "tiny" && done <= total), "{steps:?}");
    let last = steps.last().unwrap();
    assert_eq!(last.2, last.3);
    assert_eq!(
        llm.status().kernels.unwrap().weights,
        WeightLayout::PackedMemory,
        "so small a file is not kept"
    );
}

#[tokio::test]
async fn the_second_load_packs_nothing() {
    drop(LocalLlm::open_with(SMALL, options()).await.unwrap());
    let stages = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&stages);

    let llm = LocalLlm::open_with_progress(SMALL, options(), move |progress| {
        told.lock().unwrap().push(progress.stage);
    });
    let status = llm.await.unwrap().status();

    assert_eq!(*stages.lock().unwrap(), [LoadStage::Reading; 2]);
    let kernels = status.kernels.unwrap();
    assert_eq!((kernels.weights, status.threads, status.loads), (WeightLayout::PackedFile, 1, 1));
    assert!(["scalar", "avx2", "avx512", "amx"].contains(&kernels.instructions), "{kernels:?}");
}

#[tokio::test]
async fn an_unloaded_model_is_loaded_again_by_the_next_question() {
    let folder = TempDir::new().unwrap();
    let llm = LocalLlm::open_with(&tiny_model(&folder), options()).await.unwrap();
    let first = llm.complete(prompt(8)).await.unwrap();

    llm.unload().await.unwrap();
    let unloaded = llm.status();
    assert_eq!(llm.count_tokens("Hello").unwrap(), 5);
    assert_eq!(llm.status(), unloaded, "counting tokens loads nothing");
    let second = llm.complete(prompt(8)).await.unwrap();

    assert_eq!((unloaded.is_loaded, unloaded.loads, unloaded.threads), (false, 1, 0));
    assert_eq!((llm.status().is_loaded, llm.status().loads), (true, 2));
    assert_eq!(second.text, first.text);
    assert_eq!(second.usage.cached_tokens, 0, "what was computed is forgotten");
    assert_eq!(llm.stats().finished, 2, "what was counted is not");
}

#[tokio::test]
async fn unloading_waits_for_nobody_and_cuts_nothing() {
    let folder = TempDir::new().unwrap();
    let llm = LocalLlm::open_with(&tiny_model(&folder), options()).await.unwrap();
    let whole = llm.complete(prompt(64)).await.unwrap();
    let mut stream = llm.generate(prompt(64)).await.unwrap();
    stream.next().await.unwrap().unwrap();

    llm.unload().await.unwrap();
    let rest: Vec<Delta> = stream.try_collect().await.unwrap();

    let Some(Delta::Done { usage, .. }) = rest.last() else { panic!("{rest:?}") };
    assert_eq!(usage.output_tokens, whole.usage.output_tokens);
    assert!(!llm.status().is_loaded);
}

#[tokio::test]
async fn a_model_at_rest_is_unloaded_and_one_that_is_pinned_is_not() {
    let folder = TempDir::new().unwrap();
    let rest = options().unload_after(Duration::from_millis(20));
    let (path, other) = (tiny_model(&folder), tiny::model(folder.path(), "other").display().to_string());
    let pinned = LocalLlm::open_with(&other, rest.clone()).await.unwrap();
    pinned.pin_for(Duration::from_hours(1));

    let llm = LocalLlm::open_with(&path, rest).await.unwrap();
    until("the model is unloaded", || !llm.status().is_loaded).await;
    llm.complete(prompt(2)).await.unwrap();
    until("it is unloaded again", || !llm.status().is_loaded).await;

    assert_eq!(llm.status().loads, 2);
    assert_eq!((pinned.status().is_loaded, pinned.status().loads), (true, 1));
}

#[tokio::test]
async fn a_model_that_generates_is_not_at_rest() {
    let folder = TempDir::new().unwrap();
    let rest = options().unload_after(Duration::from_millis(1));
    let llm = LocalLlm::open_with(&tiny_model(&folder), rest).await.unwrap();

    let mut stream = llm.generate(prompt(1000)).await.unwrap();
    while let Some(delta) = stream.next().await {
        let is_over = matches!(delta.unwrap(), Delta::Done { .. });
        assert!(is_over || llm.status().is_loaded);
    }

    drop(stream);
    until("then it is", || !llm.status().is_loaded).await;
}

#[tokio::test]
async fn a_model_cannot_be_split_among_devices_that_are_not_there() {
    let folder = TempDir::new().unwrap();
    let path = tiny_model(&folder);
    let refused = async |parts| {
        let options = options().tensor_parallel(parts);
        LocalLlm::open_with(&path, options).await.unwrap_err().to_string()
    };

    assert_eq!(refused(0).await, "invalid tensor_parallel: expected at least 1, got 0");
    assert_eq!(
        refused(3).await,
        "invalid tensor_parallel: expected a divisor of the model's 2 heads of keys, got 3"
    );
    assert_eq!(
        refused(2).await,
        "invalid tensor_parallel: expected at most 1, the number of devices that share a model, got 2"
    );
    LocalLlm::open_with(&path, options().tensor_parallel(1)).await.unwrap();
}

#[tokio::test]
async fn a_context_is_as_long_as_asked_for_and_as_the_model_allows() {
    let folder = TempDir::new().unwrap();
    let path = tiny_model(&folder);

    let whole = LocalLlm::open_with(&path, options().context(8192)).await.unwrap();
    let longer = LocalLlm::open_with(&path, options().context(8193)).await.unwrap_err();

    assert_eq!(whole.context_window(), 8192);
    assert_eq!(
        longer.to_string(),
        "invalid context: expected 1 to 8192 tokens, which the model was made for, got 8193"
    );
}

#[cfg(target_os = "linux")]
mod gives_back {
    use std::path::PathBuf;

    use rushlight_tests::support::alone::is_alone;

    use super::*;

    /// Threads of ours, and open files.
    fn held() -> (usize, usize) {
        let entries = |folder: &str| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        // A thread may end while they are counted.
        let name = |thread: PathBuf| std::fs::read_to_string(thread.join("comm")).unwrap_or_default();
        let threads =
            entries("/proc/self/task").filter(|thread| name(thread.clone()).starts_with("rushlight"));
        (threads.count(), entries("/proc/self/fd").count())
    }

    /// Bytes of memory, those of mapped files included.
    fn resident() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() * 1024
    }

    fn mapped_models() -> usize {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter(|line| line.contains(".gguf") || line.contains("/packed/")).count()
    }

    /// A model of a hundred megabytes, that has computed something.
    async fn used() -> LocalLlm {
        let llm = LocalLlm::open_with(SMALL, options()).await.unwrap();
        llm.complete(prompt(4)).await.unwrap();
        llm
    }

    #[tokio::test]
    async fn loading_and_dropping_twenty_times_holds_nothing() {
        if !is_alone("model_life::gives_back::loading_and_dropping_twenty_times_holds_nothing") {
            return;
        }
        for _ in 0..2 {
            drop(used().await);
        }
        let ((_, files), memory) = (held(), resident());

        for _ in 0..20 {
            drop(used().await);
        }

        until("threads and files are given back", || held() == (0, files)).await;
        assert_eq!(mapped_models(), 0);
        let (after, largest) = (resident(), memory + (20 << 20));
        assert!(after < largest, "a fifth of one model at most: {memory} before, {after} after");
    }

    #[tokio::test]
    async fn unloading_gives_the_memory_back_while_the_handle_lives() {
        if !is_alone("model_life::gives_back::unloading_gives_the_memory_back_while_the_handle_lives") {
            return;
        }
        drop(used().await);
        let ((_, files), memory) = (held(), resident());
        let llm = used().await;
        let loaded = resident();

        for _ in 0..5 {
            llm.unload().await.unwrap();
            llm.complete(prompt(4)).await.unwrap();
        }
        llm.unload().await.unwrap();

        until("threads and files are given back", || held() == (0, files)).await;
        assert_eq!(mapped_models(), 0);
        let after = resident();
        assert!(after < memory + (loaded - memory) / 3, "{memory} before, {loaded} loaded, {after} after");
    }
}
