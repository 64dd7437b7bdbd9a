//! rig's agent over its scripted model.
//!
//! Speaks what `protocol.py` beside this folder describes.

use std::convert::Infallible;
use std::io::{self, BufRead, Write};
use std::time::Instant;

use rig_agent::core::test_utils::{MockCompletionModel, MockTurn};
use rig_agent::prelude::*;
use rig_agent::tool::ToolContext;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

#[derive(Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
enum Request {
    /// Asks so many questions, each of which takes a turn with a call and one with the answer.
    Ask { questions: usize },
}

#[derive(Serialize)]
struct Reply {
    seconds: f64,
    turns: usize,
}

#[derive(Deserialize)]
struct Numbers {
    a: i64,
    b: i64,
}

struct Add;

impl Tool for Add {
    const NAME: &'static str = "add";
    type Args = Numbers;
    type Output = i64;
    type Error = Infallible;

    fn description(&self) -> String {
        "Add two numbers".to_owned()
    }

    fn parameters(&self) -> Value {
        let number = json!({"type": "integer"});
        json!({"type": "object", "properties": {"a": number, "b": number}, "required": ["a", "b"]})
    }

    async fn call(&self, _context: &mut ToolContext, numbers: Numbers) -> Result<i64, Infallible> {
        Ok(numbers.a + numbers.b)
    }
}

fn ask(runtime: &Runtime, questions: usize) -> Result<Reply, Box<dyn std::error::Error>> {
    let turns = (0..questions).flat_map(|_| {
        let call = MockTurn::tool_call("call_1", "add", json!({"a": 19, "b": 23}));
        [call, MockTurn::text("19 plus 23 is 42.")]
    });
    let model = MockCompletionModel::from_turns(turns);
    let agent = AgentBuilder::new(model).preamble("You are a helpful assistant.").tool(Add);
    let agent = agent.default_max_turns(8).build();
    let start = Instant::now();
    runtime.block_on(async {
        for _ in 0..questions {
            let answer = agent.prompt("What is 19 plus 23?").await?;
            assert_eq!(answer.output(), "19 plus 23 is 42.");
        }
        Ok::<_, Box<dyn std::error::Error>>(())
    })?;
    Ok(Reply { seconds: start.elapsed().as_secs_f64(), turns: 2 * questions })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Runtime::new()?;
    for line in io::stdin().lock().lines() {
        let Request::Ask { questions } = serde_json::from_str(&line?)?;
        let reply = match ask(&runtime, questions) {
            Ok(reply) => serde_json::to_string(&reply)?,
            Err(error) => json!({"failed": error.to_string()}).to_string(),
        };
        println!("{reply}");
        io::stdout().flush()?;
    }
    Ok(())
}
