use std::sync::Arc;

use rushlight::{Assistant, MemoryCache, MemorySessions, ScriptedLlm, ScriptedTurn};
use rushlight_tests::conformance::agent::Subject;

use super::toolbox;

async fn assistant(script: Vec<ScriptedTurn>) -> Subject {
    let llm = ScriptedLlm::new(script);
    let sessions = MemorySessions::new();
    let assistant = Assistant::builder(llm.clone())
        .tools(toolbox(&["add", "boom"]))
        .cache(MemoryCache::default())
        .sessions(sessions.clone())
        .build()
        .unwrap();
    Subject { agent: Arc::new(assistant), llm, sessions: Arc::new(sessions) }
}

rushlight_tests::agent_suite!(assistant);
