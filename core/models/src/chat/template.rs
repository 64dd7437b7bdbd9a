use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use serde_json::Value as Json;

use super::adapt::{Adaptation, ToolSupport, guard};
use super::environment::{self, message};
use super::rewrite::rewrite;
use super::syntax::CallSyntax;
use crate::{Encoded, Error, Gguf, Result, Tokenizer, json_file};

/// What a chat template renders.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conversation {
    /// The messages, a JSON array of `{"role", "content"}`. An assistant's message may have `tool_calls`, an
    /// array of `{"type": "function", "function": {"name", "arguments"}}` with the arguments as an object;
    /// a message of role `tool` may have `name` and `tool_call_id`.
    pub messages: Json,
    /// The tools, a JSON array of `{"type": "function", "function": {"name", "description", "parameters"}}`, or
    /// null.
    pub tools: Json,
    /// Whether the text ends where the assistant starts to speak.
    pub add_generation_prompt: bool,
}

/// A model's chat template.
///
/// It is parsed once and can be shared between threads.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    begin: String,
    end: String,
    adaptation: Adaptation,
}

/// A template in a model's folder.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) text: String,
    /// The file that has it.
    path: PathBuf,
}

/// For models without a template of their own.
const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] \
                      + '<|im_end|>\\n' }}{% endfor %}\
                      {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

const NAME: &str = "chat";

impl ChatTemplate {
    /// Parses a Jinja template; `bos` and `eos` are the texts of the begin and end tokens, which templates use
    /// as `bos_token` and `eos_token`.
    pub fn new(source: &str, bos: &str, eos: &str) -> Result<Self> {
        let mut environment = environment::python();
        environment
            .add_template_owned(NAME, rewrite(source))
            .map_err(|error| Error::Template { message: message(&error) })?;
        let mut template = Self {
            environment,
            begin: bos.to_owned(),
            end: eos.to_owned(),
            adaptation: Adaptation::default(),
        };
        template.adaptation = Adaptation::probe(|conversation| template.render(conversation));
        Ok(template)
    }

    /// Reads the template of a GGUF file; `None` if the file has none. An error names the file.
    pub fn from_gguf(gguf: &Gguf, tokenizer: &Tokenizer) -> Result<Option<Self>> {
        const KEY: &str = "tokenizer.chat_template";
        let Some(source) = gguf.string(KEY)? else { return Ok(None) };
        match Self::of(source, tokenizer) {
            Ok(template) => Ok(Some(template)),
            Err(Error::Template { message }) => Err(gguf.invalid(KEY, &message)),
            Err(other) => Err(other),
        }
    }

    /// Reads the template of a model's folder: `chat_template.jinja`, or `chat_template` in `tokenizer_config.json`, the
    /// one named `default` if it has several; `None` if there is none. An error names the file.
    pub(crate) fn from_folder(folder: &Path, tokenizer: &Tokenizer) -> Result<Option<Self>> {
        let Some(Source { text, path }) = Self::source(folder)? else { return Ok(None) };
        match Self::of(&text, tokenizer) {
            Err(Error::Template { message }) => Err(Error::format(path, format!("chat template: {message}"))),
            read => read.map(Some),
        }
    }

    /// What [`from_folder`](Self::from_folder) reads.
    pub(crate) fn source(folder: &Path) -> Result<Option<Source>> {
        let path = folder.join("chat_template.jinja");
        match std::fs::read_to_string(&path) {
            Ok(text) => return Ok(Some(Source { text, path })),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Open { path, source }),
        }
        let path = folder.join("tokenizer_config.json");
        let settings: Json = json_file::read_if_there(&path)?.unwrap_or_default();
        Ok(declared(&settings["chat_template"]).map(|text| Source { text: text.to_owned(), path }))
    }

    /// A template that uses the tokenizer's begin and end tokens.
    fn of(source: &str, tokenizer: &Tokenizer) -> Result<Self> {
        let text = |id: Option<u32>| id.and_then(|id| tokenizer.token_text(id)).unwrap_or_default();
        Self::new(source, text(tokenizer.begin()), text(tokenizer.end()))
    }

    /// The template of `ChatML`, which many models understand: for models that carry none.
    #[expect(clippy::missing_panics_doc, reason = "the template is a constant")]
    pub fn chatml() -> Self {
        Self::new(CHATML, "", "").expect("the template is a constant")
    }

    /// Renders a conversation exactly as the template says, errors of its own (such as a refused role or a
    /// wrong order of roles) included.
    pub fn render(&self, conversation: &Conversation) -> Result<String> {
        let template = |error: &minijinja::Error| Error::Template { message: message(error) };
        let tools = &conversation.tools;
        let has_tools = tools.as_array().is_some_and(|tools| !tools.is_empty());
        let variables = context! {
            messages => Value::from(Serde(&conversation.messages)),
            tools => if has_tools { Value::from(Serde(tools)) } else { Value::from(()) },
            documents => Value::from(()),
            add_generation_prompt => conversation.add_generation_prompt,
            bos_token => self.begin.as_str(),
            eos_token => self.end.as_str(),
        };
        let parsed = self.environment.get_template(NAME).map_err(|error| template(&error))?;
        parsed.render(variables).map_err(|error| template(&error))
    }

    /// Renders a conversation so that the model sees all of it.
    ///
    /// Tools that the template would drop are described in the system message, calls and outputs are written
    /// as text; a system message that the template would drop or refuse begins the first message of the user.
    pub fn prompt(&self, conversation: &Conversation) -> Result<String> {
        self.render(&self.adaptation.apply(conversation))
    }

    /// The ids of [`prompt`](Self::prompt), ready for the model.
    ///
    /// Control tokens count in what the template wrote and are plain text in what the messages and tools say:
    /// no document can speak as the application.
    pub fn encode(&self, tokenizer: &Tokenizer, conversation: &Conversation) -> Result<Vec<u32>> {
        Ok(self.encode_chunks(tokenizer, conversation, &[])?.tokens)
    }

    /// The same, and where those parts of the messages' contents are that are `chunks`: each once in a message, in the
    /// order in which they are given.
    pub fn encode_chunks(
        &self,
        tokenizer: &Tokenizer,
        conversation: &Conversation,
        chunks: &[&str],
    ) -> Result<Encoded> {
        let mut messages = conversation.messages.clone();
        for message in messages.as_array_mut().into_iter().flatten() {
            if let Some(Json::String(content)) = message.get_mut("content") {
                *content = tokenizer.mark(content, chunks);
            }
        }
        let guarded = Conversation {
            messages: guard(&messages, tokenizer),
            tools: guard(&conversation.tools, tokenizer),
            add_generation_prompt: conversation.add_generation_prompt,
        };
        tokenizer.encode_marked(&self.prompt(&guarded)?)
    }

    /// Whether the template shows tools to the model.
    pub fn supports_tools(&self) -> bool {
        self.tool_support() == ToolSupport::Native
    }

    /// How tools reach the model.
    pub fn tool_support(&self) -> ToolSupport {
        self.adaptation.tools
    }

    /// How the model writes calls of tools, by how the template writes them.
    pub fn call_syntax(&self) -> CallSyntax {
        match self.tool_support() {
            ToolSupport::Native => self.adaptation.syntax,
            ToolSupport::None => CallSyntax::default(),
        }
    }

    /// Whether the template shows a system message to the model.
    pub fn supports_system(&self) -> bool {
        self.adaptation.system
    }
}

/// A template, or the one named `default` of several.
fn declared(template: &Json) -> Option<&str> {
    let default = || template.as_array()?.iter().find(|each| each["name"] == "default")?["template"].as_str();
    template.as_str().or_else(default)
}

#[cfg(test)]
mod tests;
