use std::sync::atomic::{AtomicUsize, Ordering};

use rushlight::{
    AgentExt, Assistant, Error, Event, FinishReason, FunctionTool, Limits, MemorySessions, Message,
    NoArguments, Prices, Prompt, RateExcess, Request, Role, Sampling, ScriptedLlm, ScriptedTurn,
    SessionStore, ToolPolicy, ToolStatus, Toolbox,
};
use serde_json::json;

use super::{events, toolbox};

fn add(a: i64) -> ScriptedTurn {
    ScriptedTurn::call("add", json!({"a": a, "b": 1}))
}

fn statuses(events: &[Event]) -> Vec<ToolStatus> {
    events
        .iter()
        .filter_map(|event| if let Event::ToolOutput(output) = event { Some(output.status) } else { None })
        .collect()
}

#[tokio::test]
async fn the_last_turn_offers_no_tools() {
    let llm = ScriptedLlm::new(vec![add(1), add(2), ScriptedTurn::text("so far 3")]);
    let assistant = Assistant::builder(llm.clone())
        .tools(toolbox(&["add"]))
        .limits(Limits::default().max_turns(3))
        .build()
        .unwrap();

    let answer = assistant.ask("add for ever").await.unwrap();

    assert_eq!((answer.text.as_str(), answer.report.turns), ("so far 3", 3));
    let offered: Vec<usize> = llm.prompts().iter().map(|prompt| prompt.tools.len()).collect();
    assert_eq!(offered, [1, 1, 0]);
}

#[tokio::test]
async fn a_call_in_the_last_turn_is_left_out() {
    let mut turn = add(1);
    turn.text = vec!["I would add".to_owned()];
    let assistant = Assistant::builder(ScriptedLlm::new(vec![turn]))
        .tools(toolbox(&["add"]))
        .limits(Limits::default().max_turns(1))
        .build()
        .unwrap();

    let events = events(&assistant, "add").await;

    let [Event::Text { .. }, Event::Done(answer)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((answer.text.as_str(), answer.finish_reason), ("I would add", FinishReason::ToolCalls));
}

#[tokio::test]
async fn calls_beyond_the_limit_are_refused_and_the_next_turn_is_the_last() {
    let turn = add(1).and_call("add", json!({"a": 2, "b": 2})).and_call("add", json!({"a": 3, "b": 3}));
    let llm = ScriptedLlm::new(vec![turn, ScriptedTurn::text("enough")]);
    let assistant = Assistant::builder(llm.clone())
        .tools(toolbox(&["add"]))
        .limits(Limits::default().max_tool_calls(2))
        .build()
        .unwrap();

    let events = events(&assistant, "add").await;

    assert_eq!(statuses(&events), [ToolStatus::Success, ToolStatus::Success, ToolStatus::Refused]);
    assert!(llm.prompts()[1].tools.is_empty());
    let Some(Event::Done(answer)) = events.last() else { panic!("{events:?}") };
    assert_eq!((answer.text.as_str(), answer.report.tool_calls), ("enough", 3));
}

#[tokio::test]
async fn when_tokens_or_money_are_spent_the_next_turn_is_the_last() {
    let prices = Prices { input: 2.0, output: 4.0, cached_input: None };
    let spent = [Limits::default().max_tokens(1), Limits::default().prices(prices).max_cost(1e-6)];
    for limits in spent {
        let llm = ScriptedLlm::new(vec![add(1), ScriptedTurn::text("so far 1")]);
        let assistant =
            Assistant::builder(llm.clone()).tools(toolbox(&["add"])).limits(limits.clone()).build().unwrap();

        let answer = assistant.ask("add for ever").await.unwrap();

        let offered: Vec<usize> = llm.prompts().iter().map(|prompt| prompt.tools.len()).collect();
        assert_eq!((answer.text.as_str(), offered), ("so far 1", vec![1, 0]), "{limits:?}");
        assert_eq!(answer.report.cost, limits.prices.map(|prices| prices.cost(answer.usage)));
    }
    let llm = ScriptedLlm::new(vec![add(1), add(2), ScriptedTurn::text("all of it")]);
    let plenty = Limits::default().prices(prices).max_cost(1.0).max_tokens(100_000);
    let assistant = Assistant::builder(llm.clone()).tools(toolbox(&["add"])).limits(plenty).build().unwrap();
    assert_eq!(assistant.ask("add").await.unwrap().text, "all of it");
    assert_eq!(llm.prompts()[2].tools.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_takes_too_long_leaves_time_for_a_last_answer() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("run.jsonl");
    let slow = FunctionTool::new("slow", "", async |_: NoArguments| {
        tokio::time::sleep(std::time::Duration::from_hours(1)).await;
        Ok::<_, String>(())
    });
    let slow = slow.policy(ToolPolicy::default().timeout(std::time::Duration::from_hours(2)));
    let llm = ScriptedLlm::new(vec![
        ScriptedTurn::call("slow", json!({})),
        ScriptedTurn::text("I could not wait."),
    ]);
    let assistant = Assistant::builder(llm.clone())
        .tools(Toolbox::new().add(slow).unwrap())
        .limits(Limits::default().deadline(std::time::Duration::from_secs(100)))
        .record(&journal)
        .build()
        .unwrap();
    let begin = tokio::time::Instant::now();

    let told = events(&assistant, "wait").await;

    assert_eq!(begin.elapsed().as_secs(), 80);
    assert_eq!(statuses(&told), [ToolStatus::Timeout]);
    let Some(Event::Done(answer)) = told.last() else { panic!("{told:?}") };
    assert_eq!(answer.text, "I could not wait.");
    assert!(llm.prompts()[1].tools.is_empty());
    let again = events(&Assistant::replay(&journal).unwrap(), "wait").await;
    assert_eq!(again.len(), told.len());
    assert_eq!(again[1], told[1], "the time for tools is over again");
}

#[tokio::test]
async fn limits_of_money_need_prices_that_can_be_paid() {
    let refused = |limits: Limits| {
        Assistant::builder(ScriptedLlm::new(Vec::new())).limits(limits).build().err().unwrap().to_string()
    };
    let prices = Prices { input: 1.0, output: -2.0, cached_input: None };

    assert_eq!(
        refused(Limits::default().max_cost(1.0)),
        "invalid max_cost: expected `prices` beside it, got none"
    );
    assert_eq!(
        refused(Limits::default().prices(prices)),
        "invalid prices.output: expected at least 0, got -2"
    );
    let endless = Limits::default().prices(Prices::default()).max_cost(f64::NAN);
    assert_eq!(refused(endless), "invalid max_cost: expected at least 0, got NaN");
}

#[tokio::test]
async fn the_same_call_is_run_once_and_then_the_question_is_asked_with_its_output() {
    let same = |first: &str, second: &str| {
        ScriptedTurn::call("add", serde_json::from_str(&format!("{{{first}, {second}}}")).unwrap())
    };
    let (a, b) = ("\"a\": 1", "\"b\": 2");
    let llm = ScriptedLlm::new(vec![same(a, b), same(b, a), ScriptedTurn::text("3")]);
    let assistant = Assistant::builder(llm.clone()).tools(toolbox(&["add"])).build().unwrap();

    let events = events(&assistant, "1 + 2?").await;

    assert_eq!(statuses(&events), [ToolStatus::Success, ToolStatus::Refused]);
    let last = llm.prompts().pop().unwrap();
    assert!(last.tools.is_empty());
    let asked = "\
        The call of add with {\"a\":1,\"b\":2} returned:\n<output>\n3\n</output>\n\n\
        Question: 1 + 2?\n\n\
        Answer in one to three sentences, in plain words, with the values that were returned.";
    assert_eq!(last.messages.last(), Some(&Message::user(asked)));
}

/// A tool that fails when it is called for the first time, and a model that calls it three times.
async fn three_calls(policy: ToolPolicy) -> (Vec<Event>, Vec<Prompt>) {
    let runs = AtomicUsize::new(0);
    let tool = FunctionTool::new("flaky", "", move |_: NoArguments| {
        let is_first = runs.fetch_add(1, Ordering::SeqCst) == 0;
        async move { if is_first { Err("it rains") } else { Ok("the sun shines") } }
    });
    let call = || ScriptedTurn::call("flaky", json!({}));
    let llm = ScriptedLlm::new(vec![call(), call(), call(), ScriptedTurn::text("It shines.")]);
    let tools = Toolbox::new().add(tool.policy(policy)).unwrap();
    let assistant = Assistant::builder(llm.clone()).tools(tools).build().unwrap();
    let events = events(&assistant, "Well?").await;
    (events, llm.prompts())
}

#[tokio::test]
async fn a_call_that_failed_may_be_made_again_until_it_does_not() {
    let (events, prompts) = three_calls(ToolPolicy::default()).await;

    assert_eq!(statuses(&events), [ToolStatus::Error, ToolStatus::Success, ToolStatus::Refused]);
    let offered: Vec<usize> = prompts.iter().map(|prompt| prompt.tools.len()).collect();
    assert_eq!(offered, [1, 1, 1, 0]);
    let asked = &prompts[3].messages.last().unwrap().content;
    assert!(
        asked.starts_with(
            "The call of flaky with {} returned:\n<output>\nthe sun shines\n</output>\n\nQuestion"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_came_too_often_may_be_made_again() {
    let slowly = ToolPolicy::default().rate("1/min".parse().unwrap()).rate_excess(RateExcess::Refuse);
    let (events, prompts) = three_calls(slowly).await;

    let limited = [ToolStatus::Error, ToolStatus::RateLimited, ToolStatus::RateLimited];
    assert_eq!(statuses(&events), limited);
    assert_eq!(prompts[2].tools.len(), 1);
}

#[tokio::test]
async fn a_call_that_fails_twice_in_one_turn_may_be_made_again() {
    let twice = ScriptedTurn::call("boom", json!({})).and_call("boom", json!({}));
    let llm = ScriptedLlm::new(vec![twice, ScriptedTurn::text("I cannot.")]);
    let assistant = Assistant::builder(llm.clone()).tools(toolbox(&["boom"])).build().unwrap();

    let events = events(&assistant, "Well?").await;

    assert_eq!(statuses(&events), [ToolStatus::Error, ToolStatus::Refused]);
    assert_eq!(llm.prompts()[1].tools.len(), 1);
}

#[tokio::test]
async fn calls_of_one_turn_run_at_the_same_time() {
    let tools = toolbox(&["slow"]).timeout(std::time::Duration::from_millis(200));
    let turn = ScriptedTurn::call("slow", json!({}))
        .and_call("slow", json!({"n": 2}))
        .and_call("slow", json!({"n": 3}));
    let llm = ScriptedLlm::new(vec![turn, ScriptedTurn::text("done")]);
    let assistant = Assistant::builder(llm).tools(tools).build().unwrap();

    let answer = assistant.ask("wait").await.unwrap();

    assert!(answer.report.tools.as_millis() < 500, "{:?}", answer.report.tools);
}

#[tokio::test]
async fn usage_and_report_count_all_turns() {
    let llm = ScriptedLlm::new(vec![add(1), ScriptedTurn::text("it is two")]);
    let assistant =
        Assistant::builder(llm.clone()).instructions("Be brief").tools(toolbox(&["add"])).build().unwrap();

    let answer = assistant.ask("one plus one").await.unwrap();

    let words = |prompt: &rushlight::Prompt| -> usize {
        prompt.messages.iter().map(|message| message.content.split_whitespace().count()).sum()
    };
    let prompts = llm.prompts();
    assert_eq!(answer.usage.input_tokens, words(&prompts[0]) + words(&prompts[1]));
    assert_eq!(answer.usage.output_tokens, 1 + 3);
    assert_eq!((answer.report.turns, answer.report.tool_calls), (2, 1));
}

fn remembered(turns: usize) -> Vec<Message> {
    let turn = |number: usize| {
        [Message::user(format!("question {number}")), Message::assistant("words ".repeat(20), Vec::new())]
    };
    (0..turns).flat_map(turn).collect()
}

#[tokio::test]
async fn history_that_does_not_fit_is_left_out_oldest_turn_first() {
    let sessions = MemorySessions::new();
    sessions.append("s", remembered(10)).await.unwrap();
    let llm = ScriptedLlm::new(vec![ScriptedTurn::text("yes")]).with_context_window(200);
    let assistant = Assistant::builder(llm.clone())
        .sessions(sessions.clone())
        .limits(Limits::default().max_output_tokens(20))
        .build()
        .unwrap();

    assistant.ask(Request::new("and now?").session("s")).await.unwrap();

    let prompt = llm.prompts().remove(0);
    let kept: Vec<&str> = prompt
        .messages
        .iter()
        .filter(|message| message.role == Role::User)
        .map(|message| message.content.as_str())
        .collect();
    assert!(kept.len() > 2 && kept.len() < 10, "{kept:?}");
    assert_eq!(kept.last(), Some(&"and now?"));
    assert_eq!(kept[kept.len() - 2], "question 9");
    assert_eq!(prompt.messages[1].role, Role::User, "no answer without its question");
    assert_eq!(sessions.load("s").await.unwrap().len(), 22, "the session keeps all of it");
}

#[tokio::test]
async fn what_does_not_fit_without_history_is_an_error() {
    let llm = ScriptedLlm::new(vec![ScriptedTurn::text("yes")]).with_context_window(50);
    let assistant = Assistant::builder(llm.clone()).build().unwrap();

    let error = assistant.ask("word ".repeat(51)).await.unwrap_err();

    assert!(matches!(error, Error::ContextTooLong { limit: 50, .. }), "{error}");
    assert!(llm.prompts().is_empty());
}

#[tokio::test]
async fn outputs_that_do_not_fit_are_cut_from_the_longest_on() {
    let told = |name: &str, words: usize| {
        let text = "wörd ".repeat(words);
        FunctionTool::new(name, "", move |_: NoArguments| std::future::ready(Ok::<_, String>(text.clone())))
    };
    let tools = Toolbox::new().add(told("long", 2000)).unwrap().add(told("short", 40)).unwrap();
    let turn = ScriptedTurn::call("long", json!({})).and_call("short", json!({}));
    let llm = ScriptedLlm::new(vec![turn, ScriptedTurn::text("read")]).with_context_window(700);
    let limits = Limits::default().max_output_tokens(50);
    let assistant = Assistant::builder(llm.clone()).tools(tools).limits(limits).build().unwrap();

    let told = events(&assistant, "what do they say?").await;

    let Some(Event::Done(answer)) = told.last() else { panic!("{told:?}") };
    assert_eq!(answer.text, "read");
    let prompt = llm.prompts().pop().unwrap();
    let outputs: Vec<&str> = prompt
        .messages
        .iter()
        .filter(|said| said.role == Role::Tool)
        .map(|said| said.content.as_str())
        .collect();
    assert!(
        outputs[0].starts_with("wörd") && outputs[0].ends_with("\n… (the rest is left out)"),
        "{}",
        outputs[0]
    );
    assert!(outputs[0].len() > 500, "no more than needed: {}", outputs[0].len());
    assert_eq!(outputs[1], "wörd ".repeat(40));
}

#[test]
fn options_out_of_their_range_are_refused_when_building() {
    let builder = || Assistant::builder(ScriptedLlm::new(Vec::new()));

    let wrong = [
        (builder().sampling(Sampling::default().temperature(2.5)), "temperature"),
        (builder().limits(Limits::default().max_turns(0)), "max_turns"),
        (builder().limits(Limits::default().max_output_tokens(0)), "max_output_tokens"),
        (builder().limits(Limits::default().deadline(std::time::Duration::ZERO)), "deadline"),
    ];

    for (builder, name) in wrong {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.starts_with(&format!("invalid {name}: expected ")), "{error}");
    }
}

#[tokio::test]
async fn ids_that_a_model_repeats_are_made_unique() {
    use futures::{StreamExt, stream};
    use rushlight::{Delta, DeltaStream, Llm, Prompt, Result, ToolCall, Usage};

    #[derive(Debug)]
    struct Careless;

    #[async_trait::async_trait]
    impl Llm for Careless {
        async fn generate(&self, prompt: Prompt) -> Result<DeltaStream> {
            let call = |id: &str, a: i64| Delta::ToolCall(ToolCall::new(id, "add", json!({"a": a, "b": 0})));
            let asked = prompt.messages.iter().any(|message| message.role == Role::Tool);
            let (deltas, finish_reason) = if asked {
                (vec![Delta::Text("done".to_owned())], FinishReason::Stop)
            } else {
                (vec![call("x", 1), call("x", 2), call("", 3), call("y", 4)], FinishReason::ToolCalls)
            };
            let done = Delta::Done { finish_reason, usage: Usage::default() };
            Ok(stream::iter(deltas.into_iter().chain([done]).map(Ok)).boxed())
        }

        fn context_window(&self) -> usize {
            1000
        }

        fn count_tokens(&self, text: &str) -> Result<usize> {
            Ok(text.len())
        }

        fn name(&self) -> &'static str {
            "careless"
        }
    }

    let assistant = Assistant::builder(Careless).tools(toolbox(&["add"])).build().unwrap();

    let events = events(&assistant, "add").await;

    let outputs: Vec<(&str, &str)> = events
        .iter()
        .filter_map(|event| match event {
            Event::ToolOutput(output) => Some((output.call_id.as_str(), output.content.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(outputs, [("x", "1"), ("call_2", "2"), ("call_3", "3"), ("y", "4")]);
}
