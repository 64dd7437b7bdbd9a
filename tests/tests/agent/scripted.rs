use rushlight::{ScriptedLlm, ScriptedTurn};

fn llm() -> ScriptedLlm {
    ScriptedLlm::new(vec![ScriptedTurn::text("hello there"); 4])
}

rushlight_tests::llm_suite!(llm());

mod beyond_the_contract {
    use futures::StreamExt;
    use rushlight::{Delta, Error, FinishReason, Llm, LlmExt, Message, Prompt, ScriptedLlm, ScriptedTurn};
    use serde_json::json;

    fn prompt(question: &str) -> Prompt {
        Prompt::new(vec![Message::user(question)])
    }

    #[tokio::test]
    async fn prompts_are_recorded_and_deltas_are_counted() {
        let llm = ScriptedLlm::new(vec![ScriptedTurn::text("one"), ScriptedTurn::text("two")]);

        llm.complete(prompt("a")).await.unwrap();
        drop(llm.generate(prompt("b")).await.unwrap());

        assert_eq!(llm.prompts(), [prompt("a"), prompt("b")]);
        assert_eq!(llm.deltas(), 2);
    }

    #[tokio::test]
    async fn a_generation_beyond_the_script_is_refused() {
        let llm = ScriptedLlm::new(vec![ScriptedTurn::text("one")]);
        llm.complete(prompt("a")).await.unwrap();

        let error = llm.complete(prompt("b")).await.unwrap_err();

        assert_eq!(error.to_string(), "invalid script: expected at most 1 generations, got one more");
    }

    #[tokio::test]
    async fn a_scripted_error_comes_after_the_text() {
        let mut turn = ScriptedTurn::text("half");
        turn.error = Some("the model broke".to_owned());
        let llm = ScriptedLlm::new(vec![turn]);

        let deltas: Vec<_> = llm.generate(prompt("a")).await.unwrap().collect().await;

        assert!(matches!(&deltas[0], Ok(Delta::Text(text)) if text == "half"));
        assert!(
            matches!(&deltas[1], Err(error @ Error::Foreign { .. }) if error.chain().ends_with("the model broke"))
        );
    }

    #[test]
    fn a_turn_is_read_from_json() {
        let json = json!({"text": ["a"], "tool_calls": [{"name": "add", "arguments": {"a": 1}}, {"name": "now"}], "delay_ms": 1});

        let turn: ScriptedTurn = serde_json::from_value(json).unwrap();

        assert_eq!(turn.tool_calls[1].arguments, json!({}));
        assert_eq!(turn.finish_reason, None::<FinishReason>);
        assert!(serde_json::from_value::<ScriptedTurn>(json!({"txt": []})).is_err());
    }
}
