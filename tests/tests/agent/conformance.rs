use std::sync::Arc;

use rushlight::{Assistant, AssistantBuilder, MemoryCache, MemorySessions, ScriptedLlm, ScriptedTurn};
use rushlight_tests::conformance::agent::Subject;

use super::toolbox;

fn subject(script: Vec<ScriptedTurn>, change: impl FnOnce(AssistantBuilder) -> AssistantBuilder) -> Subject {
    let llm = ScriptedLlm::new(script);
    let sessions = MemorySessions::new();
    let builder = Assistant::builder(llm.clone())
        .tools(toolbox(&["add", "boom"]))
        .cache(MemoryCache::default())
        .sessions(sessions.clone());
    let agent = Arc::new(change(builder).build().unwrap());
    Subject { agent, llm, sessions: Arc::new(sessions) }
}

async fn assistant(script: Vec<ScriptedTurn>) -> Subject {
    subject(script, |builder| builder)
}

rushlight_tests::agent_suite!(assistant);

mod recorded {
    use super::*;

    async fn assistant(script: Vec<ScriptedTurn>) -> Subject {
        let journal = tempfile::NamedTempFile::new().unwrap();
        subject(script, |builder| builder.record(journal.path()))
    }

    rushlight_tests::agent_suite!(assistant);
}
