use std::path::Path;

use rushlight::Message;
use serde::Deserialize;

use crate::evaluate::{Collection, entries};
use crate::failure::Result;

/// Passages in a prompt: those that answer the question and their neighbours.
const PASSAGES: usize = 5;

const ANSWER: &str = "You answer questions from passages, in full sentences, and quote the sentences of the passages that \
                      the answer rests on.";
const EDIT: &str = "You edit code. Give the whole code with the change that was asked for, and nothing else.";

/// Questions whose answers repeat much of what was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set {
    /// The name in cases.
    pub(super) name: &'static str,
    /// In the folder of data.
    pub(super) folder: &'static str,
    /// The messages of each question.
    pub(super) read: fn(&Path) -> Result<Vec<Vec<Message>>>,
}

/// All of them.
pub(super) const SETS: [Set; 3] = [
    Set { name: "hotpotqa", folder: "hotpotqa_small", read: answers },
    Set { name: "mtrag", folder: "mtrag", read: answers },
    Set { name: "code-edit", folder: "humaneval", read: edits },
];

/// A line of `queries.jsonl`.
#[derive(Debug, Deserialize)]
struct Question {
    #[serde(rename = "_id")]
    id: String,
    text: String,
    /// What was said before it.
    #[serde(default)]
    history: Vec<Message>,
}

/// A line of `HumanEval.jsonl`: the two parts of a function, and its name.
#[derive(Debug, Deserialize)]
struct Function {
    prompt: String,
    canonical_solution: String,
    entry_point: String,
}

/// A question about documents, in the layout of the BEIR benchmark, after what was said before it.
fn answers(folder: &Path) -> Result<Vec<Vec<Message>>> {
    let collection = Collection::read(folder)?;
    let questions: Vec<Question> = entries(folder, "queries.jsonl")?;
    let messages = |question: Question| {
        let passages = collection.passages(&question.id, PASSAGES)?;
        let numbered = (1..)
            .zip(passages)
            .map(|(number, passage)| format!("[{number}] {}\n{}\n\n", passage.title, passage.text.trim()));
        let passages: String = numbered.collect();
        let asked = format!("<passages>\n{passages}</passages>\n\nQuestion: {}", question.text);
        let first = [Message::system(ANSWER)].into_iter();
        Some(first.chain(question.history).chain([Message::user(asked)]).collect())
    };
    Ok(questions.into_iter().filter_map(messages).collect())
}

/// A function that is to be called otherwise.
fn edits(folder: &Path) -> Result<Vec<Vec<Message>>> {
    let functions: Vec<Function> = entries(folder, "HumanEval.jsonl")?;
    let messages = |function: Function| {
        let Function { prompt, canonical_solution, entry_point } = function;
        let code = format!("```python\n{prompt}{canonical_solution}```");
        let asked = format!("{code}\n\nRename `{entry_point}` to `solve_{entry_point}` and repeat the code.");
        vec![Message::system(EDIT), Message::user(asked)]
    };
    Ok(functions.into_iter().map(messages).collect())
}
