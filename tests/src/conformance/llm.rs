//! What every [`Llm`] does.

use std::sync::Arc;

use futures::StreamExt;
use rushlight::{Completion, Delta, Error, Llm, LlmExt, Message, Prompt, Sampling};

/// One test for each case; the argument makes a model that answers at least four prompts, each with the same
/// text, when the sampling is greedy.
#[macro_export]
macro_rules! llm_suite {
    ($make:expr) => {
        $crate::conformance!(
            llm,
            $make,
            a_generation_ends_with_one_done,
            the_whole_answer_is_the_fold_of_the_stream,
            the_same_prompt_gives_the_same_answer,
            no_text_is_empty,
            a_prompt_beyond_the_window_is_refused,
            sampling_out_of_its_range_is_refused,
            tokens_are_counted,
            a_dropped_generation_leaves_the_model_ready,
            works_behind_a_shared_pointer,
        );
    };
}

fn prompt() -> Prompt {
    let mut prompt = Prompt::new(vec![Message::system("You are brief."), Message::user("Say hello.")]);
    prompt.sampling = Sampling::greedy();
    prompt.max_output_tokens = Some(12);
    prompt
}

async fn deltas(llm: &impl Llm) -> Vec<Delta> {
    let stream = llm.generate(prompt()).await.unwrap();
    stream.map(Result::unwrap).collect().await
}

/// The last delta, and no other, is `Done`; its usage counts the prompt.
pub async fn a_generation_ends_with_one_done(llm: &impl Llm) {
    let deltas = deltas(llm).await;

    let ends: Vec<usize> =
        (0..deltas.len()).filter(|&index| matches!(deltas[index], Delta::Done { .. })).collect();
    assert_eq!(ends, [deltas.len() - 1]);
    let Some(Delta::Done { usage, .. }) = deltas.last() else { unreachable!("checked above") };
    assert!(usage.input_tokens > 0 && usage.output_tokens > 0 && usage.output_tokens <= 12, "{usage:?}");
}

/// `complete` equals the fold of what `generate` streams.
pub async fn the_whole_answer_is_the_fold_of_the_stream(llm: &impl Llm) {
    let mut text = String::new();
    let mut end = None;
    for delta in deltas(llm).await {
        match delta {
            Delta::Text(piece) => text.push_str(&piece),
            Delta::Done { finish_reason, usage } => end = Some((finish_reason, usage)),
            other => panic!("expected text, got {other:?}"),
        }
    }

    let Completion { text: whole, finish_reason, usage, tool_calls, .. } =
        llm.complete(prompt()).await.unwrap();

    assert_eq!((whole, tool_calls), (text, Vec::new()));
    let (folded_reason, folded_usage) = end.unwrap();
    assert_eq!(finish_reason, folded_reason);
    assert_eq!(usage.output_tokens, folded_usage.output_tokens);
}

/// At temperature 0 the same prompt gives the same text.
pub async fn the_same_prompt_gives_the_same_answer(llm: &impl Llm) {
    let first = llm.complete(prompt()).await.unwrap();
    let second = llm.complete(prompt()).await.unwrap();

    assert!(!first.text.is_empty());
    assert_eq!((first.text, first.finish_reason), (second.text, second.finish_reason));
}

/// A text delta is never empty.
pub async fn no_text_is_empty(llm: &impl Llm) {
    assert!(deltas(llm).await.iter().all(|delta| *delta != Delta::Text(String::new())));
}

/// A prompt longer than the window is refused before anything is computed.
pub async fn a_prompt_beyond_the_window_is_refused(llm: &impl Llm) {
    let window = llm.context_window();
    let long = Prompt::new(vec![Message::user("hello there ".repeat(window / 2 + 1))]);

    let Err(error) = llm.generate(long).await else { panic!("expected an error, got a stream") };

    assert!(
        matches!(error, Error::ContextTooLong { limit, got } if limit == window && got > window),
        "{error}"
    );
}

/// Sampling options are checked.
pub async fn sampling_out_of_its_range_is_refused(llm: &impl Llm) {
    let mut hot = prompt();
    hot.sampling.temperature = 3.0;
    let mut undefined = prompt();
    undefined.sampling.top_p = f32::NAN;

    for wrong in [hot, undefined] {
        let Err(error) = llm.generate(wrong).await else { panic!("expected an error, got a stream") };
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
    }
}

/// An empty text has no tokens, and longer text has more.
pub async fn tokens_are_counted(llm: &impl Llm) {
    assert_eq!(llm.count_tokens("").unwrap(), 0);
    assert!(llm.count_tokens("one two three").unwrap() >= 3);
    assert!(!llm.name().is_empty());
}

/// Dropping a stream, before its first delta or within, leaves the model ready for the next prompt.
pub async fn a_dropped_generation_leaves_the_model_ready(llm: &impl Llm) {
    drop(llm.generate(prompt()).await.unwrap());
    let mut stream = llm.generate(prompt()).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);

    assert!(!llm.complete(prompt()).await.unwrap().text.is_empty());
}

/// An `Arc` of a model is a model.
pub async fn works_behind_a_shared_pointer<L: Llm + Clone>(llm: &L) {
    let shared: Arc<dyn Llm> = Arc::new(llm.clone());

    a_generation_ends_with_one_done(&shared).await;
}
