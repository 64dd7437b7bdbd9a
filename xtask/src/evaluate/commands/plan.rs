use std::sync::Arc;

use async_trait::async_trait;
use futures::TryStreamExt;
use rushlight::llm::DeltaStream;
use rushlight::retrieval::{Filter, SearchMode};
use rushlight::{
    Agent, Assistant, Document, Event, KnowledgeBase, Limits, Llm, LocalEmbedder, LocalLlm, Passage, Prompt,
    Query, Request, Sampling,
};
use serde_json::{Value, json};

use super::case::Case;
use super::rules::Rules;
use crate::failure::Result;

/// Cards in a prompt: requests with their commands, and commands with what they are for.
const EXAMPLES: usize = 4;
const COMMANDS: usize = 3;
/// The most tokens of a plan: more than the patterns admit, since one that is cut off is none.
const PLAN: usize = 512;

const INSTRUCTIONS: &str = "\
You turn a request into one kubectl command. Names, numbers, labels and files are those of the request.";

/// Fields of cards: the command's name, and the request of those that have one.
const COMMAND: &str = "command";
const REQUEST: &str = "request";

/// What is known of commands.
#[derive(Debug)]
pub(super) struct Cards(KnowledgeBase);

impl Cards {
    /// The cards of the rules, each about a command, and of these cases, each a request with its command.
    pub(super) async fn new(embedder: &str, rules: &Rules, cases: &[Case]) -> Result<Self> {
        let base = KnowledgeBase::in_memory(LocalEmbedder::open(embedder).await?).await?;
        let about = rules.commands.iter().map(|rule| {
            let text = format!("kubectl {}: {}", rule.command, rule.about);
            Document::new(&rule.command, text).field(COMMAND, &rule.command)
        });
        let examples = cases.iter().map(|case| {
            let text = format!("{}\n{}", case.request, case.shown);
            let document = Document::new(&case.id, text).field(COMMAND, &case.expected.path);
            document.field(REQUEST, &case.request)
        });
        base.ingest(about.chain(examples).collect(), |_| {}).await?;
        Ok(Self(base))
    }

    /// The nearest commands of a case, best first.
    async fn commands(&self, case: &Case) -> Result<Vec<Passage>> {
        let query = Query::new(&case.request).k(COMMANDS).filter(Filter::not(Filter::exists(REQUEST)));
        Ok(self.0.search(&query, SearchMode::Hybrid).await?)
    }

    /// The nearest examples of a case, best first, but never its own: none with its id or its words.
    async fn examples(&self, case: &Case) -> Result<Vec<Passage>> {
        // Several cards may have the same request.
        let query = Query::new(&case.request).k(4 * EXAMPLES).filter(Filter::exists(REQUEST));
        let found = self.0.search(&query, SearchMode::Hybrid).await?;
        let is_own = |card: &Passage| {
            card.source == case.id
                || card.metadata.get(REQUEST).is_some_and(|request| same(request, &case.request))
        };
        Ok(found.into_iter().filter(|card| !is_own(card)).take(EXAMPLES).collect())
    }
}

fn same(one: &str, other: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|letter: char| !letter.is_alphanumeric())
            .map(str::to_lowercase)
            .filter(|word| !word.is_empty())
            .collect()
    };
    words(one) == words(other)
}

/// What is asked: a request, instructions with its cards, and the schema that the plan must fit.
#[derive(Debug)]
pub(super) struct Task {
    request: String,
    instructions: String,
    schema: Value,
}

impl Task {
    /// The task of a case; none if no card is about a command that the rules know.
    pub(super) async fn new(case: &Case, cards: &Cards, rules: &Rules) -> Result<Option<Self>> {
        let (about, examples) = (cards.commands(case).await?, cards.examples(case).await?);
        let commands = examples.iter().chain(&about).filter_map(|card| card.metadata.get(COMMAND));
        let commands: Vec<&str> = commands.map(String::as_str).collect();
        let Some(schema) = rules.schema(&commands, &case.request) else { return Ok(None) };
        let about = about.iter().map(|card| format!("- {}\n", card.text));
        let about: String = about.collect();
        let examples = examples.iter().map(|card| {
            let (request, command) = card.text.rsplit_once('\n').unwrap_or_default();
            format!("- {request} {}\n", json!({"command": command}))
        });
        let examples: String = examples.collect();
        let instructions =
            format!("{INSTRUCTIONS}\n\nCommands:\n{about}\nExamples of other requests:\n{examples}");
        Ok(Some(Self { request: case.request.clone(), instructions, schema }))
    }
}

/// A model that plans.
#[derive(Debug)]
pub(super) struct Planner(Arc<dyn Llm>);

impl Planner {
    /// Held to the schema.
    pub(super) fn constrained(llm: LocalLlm) -> Self {
        Self(Arc::new(llm))
    }

    /// The same prompts and the model's own words.
    pub(super) fn unconstrained(llm: LocalLlm) -> Self {
        Self(Arc::new(Free(llm)))
    }

    /// The command that the model writes, if what it writes has one.
    pub(super) async fn plan(&self, task: &Task) -> Result<Option<String>> {
        let assistant = Assistant::builder(Arc::clone(&self.0))
            .instructions(&task.instructions)
            .sampling(Sampling::greedy())
            .limits(Limits::default().max_output_tokens(PLAN))
            .build()?;
        let mut events = assistant.run(Request::new(&task.request).schema(task.schema.clone())).await?;
        let mut said = String::new();
        // An answer that does not fit ends the run with an error: what was said counts.
        while let Ok(Some(event)) = events.try_next().await {
            if let Event::Text { text } = event {
                said.push_str(&text);
            }
        }
        Ok(command(&said))
    }
}

/// The command in an answer: that of its JSON object, else its first line that is one.
fn command(said: &str) -> Option<String> {
    let object = said.find('{').zip(said.rfind('}')).and_then(|(start, end)| said.get(start..=end));
    let value: Option<Value> = object.and_then(|object| serde_json::from_str(object).ok());
    if let Some(command) = value.as_ref().and_then(|value| value["command"].as_str()) {
        return Some(command.to_owned());
    }
    let line = said.lines().map(|line| line.trim_start_matches("Command:").trim());
    line.into_iter().find(|line| line.starts_with("kubectl ")).map(str::to_owned)
}

/// A model that nobody holds to a schema.
#[derive(Debug)]
struct Free(LocalLlm);

#[async_trait]
impl Llm for Free {
    async fn generate(&self, mut prompt: Prompt) -> rushlight::Result<DeltaStream> {
        prompt.schema = None;
        self.0.generate(prompt).await
    }

    fn context_window(&self) -> usize {
        self.0.context_window()
    }

    fn count_tokens(&self, text: &str) -> rushlight::Result<usize> {
        self.0.count_tokens(text)
    }

    fn name(&self) -> &str {
        self.0.name()
    }
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn the_command_is_found_in_what_a_model_says() {
        let expected = Some("kubectl get pods".to_owned());

        assert_eq!(command(r#"{"command": "kubectl get pods"}"#), expected);
        assert_eq!(command("```json\n{\"command\": \"kubectl get pods\"}\n```"), expected);
        assert_eq!(command("Sure:\nCommand: kubectl get pods\n"), expected);
        assert_eq!(command("I do not know."), None);
        assert_eq!(command("}{"), None);
    }
}
