use std::path::Path;

use tokio::runtime::Runtime;

use super::documents::Documents;
use super::encoder::Encoder;
use super::vectors::Vectors;
use super::words::Words;
use super::{Reply, Request};
use crate::engine::{Answered, Launch};
use crate::failure::{Failure, Result};

/// What of ours was opened or built, through the library's public interface.
#[derive(Debug)]
pub(in crate::engine) struct Ours {
    runtime: Runtime,
    vectors: Option<Vectors>,
    words: Option<Words>,
    encoder: Option<Encoder>,
    documents: Option<Documents>,
}

/// How our side is started from the program that serves language models.
pub(crate) fn launch(ours: &Launch) -> Launch {
    let mut launch = ours.clone();
    launch.arguments.push("retrieval".to_owned());
    launch
}

impl Ours {
    pub(in crate::engine) fn new() -> Result<Self> {
        let runtime =
            Runtime::new().map_err(|error| Failure::new(format!("cannot start threads: {error}")))?;
        Ok(Self { runtime, vectors: None, words: None, encoder: None, documents: None })
    }

    pub(in crate::engine) fn perform(&mut self, request: Request<'_>) -> Result<Answered<Reply>> {
        let runtime = &self.runtime;
        let reply = match request {
            Request::Build { index, vectors, every, .. } => {
                // The memory of the last index is free before that of the next one counts.
                self.vectors = None;
                let (built, reply) = Vectors::build(runtime, index, &vectors, &every)?;
                self.vectors = Some(built);
                Ok(reply)
            }
            Request::Search { queries, k, effort, every } => {
                opened(&mut self.vectors, "build")?.search(runtime, &queries, k, effort, every)
            }
            Request::BuildWords { texts, .. } => {
                self.words = None;
                let (built, reply) = Words::build(&texts)?;
                self.words = Some(built);
                Ok(reply)
            }
            Request::SearchWords { queries, k } => {
                Ok(opened(&mut self.words, "build_words")?.search(&queries, k))
            }
            Request::OpenEncoder { model, .. } => {
                self.encoder = Some(Encoder::open(runtime, &model)?);
                Ok(Reply::default())
            }
            Request::Embed { texts, batch } => self.encoder()?.embed(runtime, &texts, batch),
            Request::EmbedFile { texts, from, count, vectors } => {
                self.encoder()?.embed_file(runtime, &texts, from, count, &vectors)
            }
            Request::Ingest { documents, folder } => self.ingest(&documents, &folder),
            Request::Retrieve { queries, k } => {
                opened(&mut self.documents, "ingest")?.retrieve(runtime, &queries, k)
            }
            Request::Neighbours { .. } => {
                return Ok(Answered::Refused("only the exact reference is asked".to_owned()));
            }
        };
        reply.map(Answered::Done)
    }

    fn ingest(&mut self, documents: &Path, folder: &Path) -> Result<Reply> {
        self.documents = None;
        let embedder = self.encoder()?.embedder();
        let (stored, reply) = Documents::ingest(&self.runtime, embedder, documents, folder)?;
        self.documents = Some(stored);
        Ok(reply)
    }

    fn encoder(&self) -> Result<&Encoder> {
        self.encoder.as_ref().ok_or_else(|| Failure::new("expected `open_encoder` first"))
    }
}

fn opened<'a, T>(part: &'a mut Option<T>, operation: &str) -> Result<&'a mut T> {
    part.as_mut().ok_or_else(|| Failure::new(format!("expected `{operation}` first")))
}
