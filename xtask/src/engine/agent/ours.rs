use std::time::Instant;

use rushlight::llm::ScriptedTurn;
use rushlight::{AgentExt, Assistant, FunctionTool, ScriptedLlm, Toolbox};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Runtime;

use super::{Reply, Request};
use crate::engine::Answered;
use crate::failure::{Failure, Result};

const ANSWER: &str = "19 plus 23 is 42.";

/// The arguments of the tool.
#[derive(Deserialize, JsonSchema)]
struct Numbers {
    a: i64,
    b: i64,
}

/// Our agent, through the library's public interface.
#[derive(Debug)]
pub(in crate::engine) struct Ours {
    runtime: Runtime,
}

impl Ours {
    pub(in crate::engine) fn new() -> Result<Self> {
        let runtime =
            Runtime::new().map_err(|error| Failure::new(format!("cannot start threads: {error}")))?;
        Ok(Self { runtime })
    }

    pub(in crate::engine) fn perform(&self, request: Request) -> Result<Answered<Reply>> {
        let Request::Ask { questions, asynchronous } = request;
        if !asynchronous {
            return Ok(Answered::Refused("everything of ours is async in Rust".to_owned()));
        }
        let turns = (0..questions)
            .flat_map(|_| [ScriptedTurn::call("add", json!({"a": 19, "b": 23})), ScriptedTurn::text(ANSWER)]);
        let add = FunctionTool::new("add", "Add two numbers", async |numbers: Numbers| {
            Ok::<_, String>(numbers.a + numbers.b)
        });
        let llm = ScriptedLlm::new(turns.collect());
        let assistant = Assistant::builder(llm).tools(Toolbox::new().add(add)?).build()?;
        let start = Instant::now();
        self.runtime.block_on(async {
            for _ in 0..questions {
                assert_eq!(assistant.ask("What is 19 plus 23?").await?.text, ANSWER);
            }
            Ok::<_, rushlight::Error>(())
        })?;
        let seconds = start.elapsed().as_secs_f64();
        Ok(Answered::Done(Reply { seconds, turns: 2 * questions }))
    }
}
