//! The assistant.

mod batch;
mod caching;
mod cancellation;
mod citations;
mod citing;
mod conformance;
mod extract;
mod hand_off;
mod limits;
mod prompt;
mod replay;
mod router;
mod scripted;
mod spec;
mod tool;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use futures::TryStreamExt;
use rushlight::{Agent, Assistant, Event, EventStream, Passage, Query, Request, Result, Retriever, Toolbox};
use rushlight_tests::support::tools::by_name;

/// Finds the same passages for every question.
#[derive(Debug, Clone)]
struct Shelf {
    passages: Vec<Passage>,
    version: u64,
}

impl Shelf {
    fn new(texts: &[&str]) -> Self {
        let passage = |(index, text): (usize, &&str)| {
            let mut passage = Passage::new(format!("book.md#{index}"), "book.md", *text);
            passage.title = "The book".into();
            passage
        };
        Self { passages: texts.iter().enumerate().map(passage).collect(), version: 1 }
    }
}

#[async_trait]
impl Retriever for Shelf {
    async fn retrieve(&self, query: &Query) -> Result<Vec<Passage>> {
        Ok(self.passages.iter().take(query.k).cloned().collect())
    }

    fn version(&self) -> u64 {
        self.version
    }
}

fn toolbox(names: &[&str]) -> Toolbox {
    names.iter().try_fold(Toolbox::new(), |toolbox, name| toolbox.add(by_name(name))).unwrap()
}

async fn events(agent: &impl Agent, request: impl Into<Request>) -> Vec<Event> {
    agent.run(request.into()).await.unwrap().try_collect().await.unwrap()
}

/// An agent that is made after those that ask it, or hand over to it.
#[derive(Debug, Clone, Default)]
struct Later(Arc<OnceLock<Assistant>>);

#[async_trait]
impl Agent for Later {
    async fn run(&self, request: Request) -> Result<EventStream> {
        self.0.get().unwrap().run(request).await
    }
}
