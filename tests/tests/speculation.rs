//! Guessed tokens, which change when an answer comes and nothing else.

use rushlight::{
    Completion, KvReuse, LlmExt, LocalLlm, LocalLlmOptions, LocalLlmStats, Message, Prompt, Sampling,
};

const SMALL: &str = "SmolLM2-135M-Instruct";

fn options() -> LocalLlmOptions {
    LocalLlmOptions::default().context(1024)
}

async fn open(options: LocalLlmOptions) -> LocalLlm {
    LocalLlm::open_with(SMALL, options).await.unwrap()
}

fn prompt(question: &str) -> Prompt {
    Prompt::new(vec![Message::user(question)]).sampling(Sampling::greedy()).max_output_tokens(48)
}

/// What an answer took.
#[derive(Debug, PartialEq)]
struct Cost {
    /// Tokens that were not guessed.
    computed: u64,
    drafted: u64,
}

async fn ask(llm: &LocalLlm, prompt: Prompt) -> (Completion, Cost) {
    let before = llm.stats();
    let completion = llm.complete(prompt).await.unwrap();
    let after = llm.stats();
    let accepted = after.accepted_tokens - before.accepted_tokens;
    let computed = after.generated_tokens - before.generated_tokens - accepted;
    (completion, Cost { computed, drafted: after.drafted_tokens - before.drafted_tokens })
}

#[tokio::test]
async fn guessing_changes_nothing_but_the_number_of_passes() {
    let list = "apple, banana, cherry, grape, lemon, mango, orange, peach, pear, plum";
    let copy = prompt(&format!("Repeat this list word for word, twice: {list}. {list}."));
    let sampled = || copy.clone().sampling(Sampling::default().temperature(0.7).seed(3));
    let (guessing, plain) = (open(options()).await, open(options().speculation(false)).await);

    for prompt in [copy.clone(), sampled()] {
        let guessed = guessing.complete(prompt.clone()).await.unwrap();
        assert_eq!(guessed, plain.complete(prompt).await.unwrap());
    }

    let (guessing, plain) = (guessing.stats(), plain.stats());
    assert!(guessing.accepted_tokens > 10, "{guessing:?}");
    assert_eq!(plain.drafted_tokens, 0);
    assert!(
        guessing.forward_passes + guessing.accepted_tokens <= plain.forward_passes,
        "{guessing:?} {plain:?}"
    );
}

#[tokio::test]
async fn an_answer_like_an_earlier_one_is_guessed_from_it() {
    let (question, other) = (prompt("Tell me a story about the sea."), prompt("Name three birds."));
    let sampled = || question.clone().sampling(Sampling::default().temperature(0.7).seed(3));
    let (guessing, plain) = (open(options()).await, open(options().speculation(false)).await);
    let (first, at_first) = ask(&guessing, question.clone()).await;
    ask(&guessing, other).await;

    let (again, now) = ask(&guessing, question.clone()).await;

    assert_eq!((&again.text, &first.text), (&first.text, &ask(&plain, question.clone()).await.0.text));
    assert!(2 * now.computed < at_first.computed, "{at_first:?} then {now:?}");
    let text = ask(&guessing, sampled()).await.0.text;
    assert_eq!(text, ask(&plain, sampled()).await.0.text, "chance is not changed");
}

#[tokio::test]
async fn without_reuse_or_after_unloading_no_earlier_answer_is_known() {
    let question = prompt("Tell me a story about the sea.");
    let (forgetful, unloaded) = (open(options().kv_reuse(KvReuse::Off)).await, open(options()).await);
    let (_, first) = ask(&forgetful, question.clone()).await;
    let (_, before) = ask(&unloaded, question.clone()).await;

    let (_, again) = ask(&forgetful, question.clone()).await;
    unloaded.unload().await.unwrap();
    let (_, after) = ask(&unloaded, question).await;

    assert_eq!(again, first);
    assert_eq!(after, before);
}

#[tokio::test]
async fn what_earlier_answers_take_of_memory_counts() {
    let buffers = async |options| LocalLlm::estimate_memory(SMALL, options).await.unwrap().buffers;

    let remembering = buffers(options()).await;
    let forgetful = buffers(options().kv_reuse(KvReuse::Off)).await;

    assert!(forgetful < remembering, "{forgetful} {remembering}");
    assert_eq!(buffers(options().speculation(false)).await, forgetful);
}

mod with_a_draft_model {
    use std::path::Path;

    use futures::future::try_join_all;
    use rushlight_tests::support::tiny;
    use tempfile::TempDir;

    use super::*;

    fn path(path: &Path) -> String {
        path.display().to_string()
    }

    fn tiny_prompt(question: &str) -> Prompt {
        prompt(question).max_output_tokens(64)
    }

    async fn open_tiny(model: &str, options: LocalLlmOptions) -> LocalLlm {
        LocalLlm::open_with(model, options.threads(1)).await.unwrap()
    }

    #[tokio::test]
    async fn a_draft_like_the_model_is_always_right() {
        let folder = TempDir::new().unwrap();
        let model = path(&tiny::model(folder.path(), "tiny"));
        let plain = open_tiny(&model, options().speculation(false)).await;
        let drafted = open_tiny(&model, options().draft_model(model.clone())).await;
        let short = || tiny_prompt("Hello").max_output_tokens(6);

        let expected = plain.complete(short()).await.unwrap();
        let got = drafted.complete(short()).await.unwrap();

        assert_eq!(got, expected);
        let LocalLlmStats { forward_passes, drafted_tokens, accepted_tokens, draft_passes, .. } =
            drafted.stats();
        assert_eq!((drafted_tokens, accepted_tokens, draft_passes), (4, 4, 4));
        assert_eq!((forward_passes, plain.stats().forward_passes), (2, 6), "one for the prompt");
    }

    #[tokio::test]
    async fn a_draft_with_other_weights_changes_no_text() {
        let folder = TempDir::new().unwrap();
        let model = path(&tiny::model(folder.path(), "tiny"));
        let other = path(&tiny::model_of_seed(folder.path(), "other", 8));
        let plain = open_tiny(&model, options().speculation(false)).await;
        let drafted = open_tiny(&model, options().draft_model(other)).await;
        let questions = ["Hello", "What is a lighthouse?", "Count to ten", "Why?"];
        let sampled = |question| tiny_prompt(question).sampling(Sampling::default().temperature(1.2).seed(5));

        for prompts in [questions.map(tiny_prompt), questions.map(sampled)] {
            let mut expected = Vec::new();
            for prompt in &prompts {
                expected.push(plain.complete(prompt.clone()).await.unwrap().text);
            }
            let together = try_join_all(prompts.map(|prompt| drafted.complete(prompt))).await.unwrap();
            let texts: Vec<String> = together.into_iter().map(|completion| completion.text).collect();
            assert_eq!(texts, expected);
        }

        let stats = drafted.stats();
        assert!(stats.draft_passes > 0 && stats.accepted_tokens < stats.drafted_tokens, "{stats:?}");
    }

    #[tokio::test]
    async fn a_draft_has_the_vocabulary_of_the_model_and_needs_speculation() {
        let folder = TempDir::new().unwrap();
        let model = path(&tiny::model(folder.path(), "tiny"));
        let other = path(&tiny::folder(folder.path(), "qwen3"));
        let refused = async |options: LocalLlmOptions| {
            LocalLlm::open_with(&model, options).await.unwrap_err().to_string()
        };

        let vocabulary = refused(options().draft_model(other.clone())).await;
        let off = refused(options().speculation(false).draft_model(model.clone())).await;
        let embedder = refused(options().draft_model("all-MiniLM-L6-v2".to_owned())).await;

        assert!(
            vocabulary.starts_with(&format!(
                "invalid draft_model: expected the vocabulary of `{model}` (258 tokens, token "
            )) && vocabulary.contains(&format!("got that of `{other}` (")),
            "{vocabulary}"
        );
        assert_eq!(
            off,
            format!("invalid draft_model: expected none while `speculation` is false, got `{model}`")
        );
        assert!(embedder.starts_with("invalid draft_model: expected a language model"), "{embedder}");
    }

    #[tokio::test]
    async fn a_draft_counts_against_the_budgets_of_the_model() {
        let folder = TempDir::new().unwrap();
        let model = path(&tiny::model(folder.path(), "tiny"));
        let kept = || options().kv_budget(1 << 20);
        let both = || kept().draft_model(model.clone());
        let alone = LocalLlm::estimate_memory(&model, kept()).await.unwrap();

        let together = LocalLlm::estimate_memory(&model, both()).await.unwrap();
        let narrow = both().memory_budget(alone.total() as usize);
        let refused = LocalLlm::open_with(&model, narrow).await.unwrap_err().to_string();
        let llm = open_tiny(&model, both()).await;
        llm.complete(tiny_prompt("Hello")).await.unwrap();

        assert_eq!(
            (together.weights, together.kv_bytes_per_token),
            (2 * alone.weights, 2 * alone.kv_bytes_per_token)
        );
        assert!(refused.starts_with("invalid memory_budget: expected at least"), "{refused}");
        let status = llm.status();
        assert_eq!((status.draft_model.as_deref(), status.kv_budget), (Some("tiny"), 1 << 20));
        assert!(0 < status.kv_used && status.kv_used <= 1 << 20, "{status:?}");
    }
}
