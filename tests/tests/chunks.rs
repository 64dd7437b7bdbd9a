//! What of earlier prompts is used again, and how.

use rushlight::{KvReuse, LlmExt, LocalLlm, LocalLlmOptions, Message, Prompt, Sampling};

const SMALL: &str = "SmolLM2-135M-Instruct";
const BOATS: &str = " Boats\nThree boats lie at the quay. The oldest is green, the one beside it carries stones, and the \
smallest belongs to the pilot, who paints it every spring and says that paint is cheaper than sleep.";
const LAMP: &str = " Lamp\nThe lamp is lit at dusk and put out at dawn. The horn sounds twice a minute in fog. The keeper \
writes down every ship that passes, its flag, its course, and whether it answered.";

async fn open(options: LocalLlmOptions) -> LocalLlm {
    LocalLlm::open_with(SMALL, options.context(1024)).await.unwrap()
}

async fn reusing(kv_reuse: KvReuse) -> LocalLlm {
    open(LocalLlmOptions::default().kv_reuse(kv_reuse)).await
}

/// Passages in this order, and a question.
fn prompt(passages: [&str; 2], max_output_tokens: usize) -> Prompt {
    let [first, second] = passages;
    let asked = format!("[1]{first}\n\n[2]{second}\n\nWhat is lit at dusk?");
    Prompt::new(vec![Message::system("Answer from the passages."), Message::user(asked)])
        .sampling(Sampling::greedy())
        .max_output_tokens(max_output_tokens)
}

fn chunked(passages: [&str; 2], max_output_tokens: usize) -> Prompt {
    prompt(passages, max_output_tokens).chunks(passages.map(str::to_owned).to_vec())
}

#[tokio::test]
async fn chunks_that_stand_elsewhere_are_not_computed_again() {
    let (llm, plain) = (reusing(KvReuse::Chunks(4)).await, reusing(KvReuse::Prefix).await);
    let mut computed = Vec::new();
    for llm in [&llm, &plain] {
        llm.complete(chunked([BOATS, LAMP], 1)).await.unwrap();
        let before = llm.stats();
        let usage = llm.complete(chunked([LAMP, BOATS], 1)).await.unwrap().usage;
        let after = llm.stats();
        assert_eq!(usage.cached_tokens as u64, after.cached_tokens - before.cached_tokens);
        assert_eq!(
            usage.input_tokens,
            usage.cached_tokens + (after.prompt_tokens - before.prompt_tokens) as usize
        );
        computed.push(after.prompt_tokens - before.prompt_tokens);
    }

    assert!(computed[0] + 50 < computed[1], "{computed:?}");
}

#[tokio::test]
async fn what_was_spliced_is_no_beginning_of_other_prompts() {
    let (llm, plain) = (reusing(KvReuse::Chunks(4)).await, reusing(KvReuse::Prefix).await);
    llm.complete(chunked([BOATS, LAMP], 4)).await.unwrap();
    llm.complete(chunked([LAMP, BOATS], 4)).await.unwrap();

    let after = llm.complete(prompt([LAMP, BOATS], 12)).await.unwrap();

    let expected = plain.complete(prompt([LAMP, BOATS], 12)).await.unwrap();
    assert_eq!(after.text, expected.text);
    assert!(after.usage.cached_tokens < 40, "system message and first tokens of a chunk: {:?}", after.usage);
}

#[tokio::test]
async fn a_small_budget_changes_no_answer_with_chunks() {
    let roomy = reusing(KvReuse::Chunks(4)).await;
    let mut expected = Vec::new();
    for passages in [[BOATS, LAMP], [LAMP, BOATS]] {
        expected.push(roomy.complete(chunked(passages, 16)).await.unwrap().text);
    }
    // Room for one of two prompts with a chunk beside it.
    let options = LocalLlmOptions::default().kv_reuse(KvReuse::Chunks(4));
    let small = open(options.kv_budget(6 * 64 * 23_040)).await;

    let both = [[BOATS, LAMP], [LAMP, BOATS]].map(|passages| small.complete(chunked(passages, 16)));
    let both = futures::future::try_join_all(both).await.unwrap();

    assert_eq!(both.into_iter().map(|completion| completion.text).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn without_reuse_every_prompt_is_computed() {
    let (off, plain) = (reusing(KvReuse::Off).await, reusing(KvReuse::Prefix).await);
    let expected = plain.complete(chunked([BOATS, LAMP], 8)).await.unwrap();

    for _ in 0..2 {
        let completion = off.complete(chunked([BOATS, LAMP], 8)).await.unwrap();
        assert_eq!((completion.text, completion.usage.cached_tokens), (expected.text.clone(), 0));
    }

    let refused = rushlight::Llm::warm_up(&off, prompt([BOATS, LAMP], 1)).await.unwrap_err();
    assert!(refused.to_string().starts_with("invalid kv_reuse:"), "{refused}");
}

#[tokio::test]
async fn a_model_that_reuses_chunks_has_another_name() {
    let (llm, plain) = (reusing(KvReuse::Chunks(4)).await, reusing(KvReuse::Prefix).await);

    assert_ne!(rushlight::Llm::name(&llm), rushlight::Llm::name(&plain), "its answers are others in a cache");
}
