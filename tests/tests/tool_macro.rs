//! Functions that the attribute makes tools.

#![expect(clippy::unused_async, reason = "tools are async, also those that wait for nothing")]

use std::time::Duration;

use rushlight::{
    CircuitBreaker, RateExcess, RateKey, ResultCache, Tool, ToolCall, ToolContext, ToolPolicy, tool,
};
use serde_json::{Value, json};

/// Finds lines of code.
///
/// - quickly
#[tool(timeout = "5s")]
async fn code_search(
    /// what to look for
    query: String,
    /// how many lines
    limit: Option<u32>,
) -> Result<Vec<String>, String> {
    match query.as_str() {
        "" => Err("expected a query, got none".to_owned()),
        query => Ok(vec![query.to_owned(); limit.unwrap_or(1) as usize]),
    }
}

#[tool]
fn add(a: i64, b: i64) -> Result<i64, String> {
    a.checked_add(b).ok_or_else(|| "the sum is too large".to_owned())
}

#[tool(
    rate = "100/min",
    timeout = "500ms",
    concurrency = 3,
    scopes = ["read:code", "read:docs"],
    retries = 2,
    cache = "10m",
    rate_key = "session",
    rate_excess = "refuse",
    breaker = "3/10s",
    hidden,
    approve,
    dry_run = true
)]
async fn nothing() -> Result<String, std::io::Error> {
    Ok("done".to_owned())
}

/// Tells who asks.
#[tool]
async fn who(
    greeting: String,
    /// of the run
    context: ToolContext,
) -> Result<String, String> {
    Ok(format!("{greeting}, {}", context.session.ok_or("nobody asks")?))
}

/// Tells who asks, slowly.
#[tool]
fn who_blocks(context: ToolContext, greeting: String) -> Result<String, String> {
    Ok(greeting + ", " + &context.session.ok_or("nobody asks")?)
}

async fn said(tool: &impl Tool, arguments: Value) -> Result<String, String> {
    let call = ToolCall::new("1", tool.spec().name.clone(), arguments);
    tool.invoke(&call).await.map_err(|error| error.chain())
}

#[test]
fn the_function_says_all_that_the_model_is_told() {
    let tool = code_search::tool();

    assert_eq!(
        serde_json::to_value(tool.spec()).unwrap(),
        json!({
            "name": "code_search",
            "description": "Finds lines of code.\n\n- quickly",
            "parameters": {
                "type": "object",
                "properties": {
                    "query": {"type": "string", "description": "what to look for"},
                    "limit": {
                        "type": ["integer", "null"], "format": "uint32", "minimum": 0, "description": "how many lines",
                    },
                },
                "required": ["query"],
            },
        })
    );
    assert_eq!(Tool::policy(&tool), ToolPolicy::default().timeout(Duration::from_secs(5)));
    assert_eq!(Tool::policy(&add::tool()), ToolPolicy::default());
    let all = ToolPolicy::default()
        .rate("100/min".parse().unwrap())
        .timeout(Duration::from_millis(500))
        .concurrency(3)
        .scopes(["read:code", "read:docs"])
        .retries(2)
        .cache(ResultCache::new(Duration::from_mins(10)))
        .rate_key(RateKey::Session)
        .rate_excess(RateExcess::Refuse)
        .breaker(CircuitBreaker::default().failures(3).open_for(Duration::from_secs(10)))
        .hidden(true)
        .approve(true)
        .dry_run(true);
    assert_eq!(Tool::policy(&nothing::tool()), all);
}

#[tokio::test]
async fn the_function_stays_a_function_and_is_a_tool() {
    assert_eq!(code_search("a".to_owned(), None).await.unwrap(), ["a"]);
    assert_eq!(add(2, 3).unwrap(), 5);

    assert_eq!(said(&code_search::tool(), json!({"query": "a", "limit": 2})).await.unwrap(), "[\"a\",\"a\"]");
    assert_eq!(said(&add::tool(), json!({"a": 2, "b": 40})).await.unwrap(), "42");
    assert_eq!(said(&nothing::tool(), json!({})).await.unwrap(), "done");
    assert_eq!(
        said(&code_search::tool(), json!({"query": ""})).await.unwrap_err(),
        "tool `code_search` failed: expected a query, got none"
    );
}

#[tokio::test]
async fn a_function_may_know_its_run() {
    let of_ann = ToolContext::new().session("Ann");
    for tool in [who::tool(), who_blocks::tool()] {
        let call = ToolCall::new("1", "who", json!({"greeting": "Hello"}));

        assert_eq!(tool.invoke_for(&call, &of_ann).await.unwrap().content, "Hello, Ann");
        let error = tool.invoke_for(&call, &ToolContext::new()).await.unwrap_err();
        assert!(error.chain().ends_with("failed: nobody asks"), "{}", error.chain());
        assert_eq!(tool.spec().parameters["properties"], json!({"greeting": {"type": "string"}}));
    }
    assert_eq!(who("Hello".to_owned(), of_ann).await.unwrap(), "Hello, Ann");
}

#[tokio::test]
async fn a_function_within_a_function_may_be_a_tool() {
    #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
    struct Place {
        row: u8,
    }

    #[tool]
    async fn seat(place: Place) -> Result<u8, String> {
        Ok(place.row)
    }

    assert_eq!(said(&seat::tool(), json!({"place": {"row": 7}})).await.unwrap(), "7");
}
