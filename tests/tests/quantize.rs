//! Writing models in fewer bits.

use std::path::Path;
use std::sync::mpsc::channel;

use rushlight::llm::{QuantizeProgress, quantize_with_progress};
use rushlight::{
    Error, Llm, LlmExt, LocalLlm, LocalLlmOptions, Message, Prompt, QuantizeOptions, QuantizedType, Sampling,
    quantize,
};
use rushlight_tests::support::tiny;
use tempfile::TempDir;

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn a_quantised_folder_is_a_model_that_answers() {
    let directory = TempDir::new().unwrap();
    let source = tiny::folder(directory.path(), "qwen2").display().to_string();
    let target = directory.path().join("qwen2.gguf");
    let options = LocalLlmOptions::default().threads(1);
    let prompt =
        || Prompt::new(vec![Message::user("the end")]).sampling(Sampling::greedy()).max_output_tokens(4);

    let report =
        quantize(&source, &target, QuantizeOptions::default().kind(QuantizedType::Q4_1)).await.unwrap();

    let target = target.display().to_string();
    assert_eq!(LocalLlm::inspect(&target).await.unwrap().quantisation, "Q4_1");
    assert!(report.worst().unwrap().relative_error < 0.2, "{report:?}");
    let [before, after] = [&source, &target].map(|path| LocalLlm::open_with(path, options.clone()));
    let (before, after) = (before.await.unwrap(), after.await.unwrap());
    assert_eq!(after.context_window(), before.context_window());
    let (expected, found) =
        (before.complete(prompt()).await.unwrap(), after.complete(prompt()).await.unwrap());
    assert_eq!(found.usage.input_tokens, expected.usage.input_tokens);
    assert!(found.usage.output_tokens > 0);
}

#[tokio::test]
async fn dropping_the_future_ends_the_work_and_leaves_nothing() {
    let directory = TempDir::new().unwrap();
    let source = tiny::folder(directory.path(), "qwen2").display().to_string();
    let before = files(directory.path());
    let (told, steps) = channel();
    let (release, released) = channel::<()>();
    let progress = move |_: &QuantizeProgress<'_>| {
        // Once nobody listens, there is nothing to wait for.
        if told.send(()).is_ok() {
            let _ = released.recv();
        }
    };

    let target = directory.path().join("to.gguf");
    let task = tokio::spawn(async move {
        let options = QuantizeOptions::default();
        quantize_with_progress(&source, target, options, progress).await.map(drop)
    });
    let first = tokio::task::spawn_blocking(move || {
        steps.recv().unwrap();
        steps
    });
    let steps = first.await.unwrap();
    let during = files(directory.path());
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    drop(release);
    // The other end goes with the function, when the work has ended.
    let ended = tokio::task::spawn_blocking(move || while steps.recv().is_ok() {});
    ended.await.unwrap();

    assert_eq!((during, files(directory.path())), (before + 1, before));
}

#[tokio::test]
async fn what_cannot_be_quantised_is_refused_with_its_name() {
    let directory = TempDir::new().unwrap();
    let target = directory.path().join("to.gguf");
    let quantised = tiny::model(directory.path(), "tiny").display().to_string();

    let again = quantize(&quantised, &target, QuantizeOptions::default()).await.unwrap_err();
    let unknown = quantize("no-such-model", &target, QuantizeOptions::default()).await.unwrap_err();
    let encoder = quantize("all-MiniLM-L6-v2", &target, QuantizeOptions::default()).await.unwrap_err();
    std::fs::write(&target, b"something else").unwrap();
    let folder = tiny::folder(directory.path(), "qwen2").display().to_string();
    let there = quantize(&folder, &target, QuantizeOptions::default()).await.unwrap_err();

    assert!(again.chain().contains("unsupported quantisation `Q8_0 of tensor"), "{}", again.chain());
    assert!(matches!(unknown, Error::Unknown { .. }), "{unknown}");
    assert!(matches!(&encoder, Error::Invalid { what, .. } if what == "model"), "{encoder}");
    assert!(matches!(&there, Error::Invalid { what, .. } if what == "target"), "{there}");
    assert_eq!(std::fs::read(&target).unwrap(), b"something else");
}
