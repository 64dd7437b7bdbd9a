use std::io;

use clap::{Args, ValueEnum};
use rushlight::LocalLlmOptions;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ours::Ours;
use super::process::NoReply;
use super::{Answered, Request, agent, retrieval};
use crate::failure::{Failure, Result};

/// Our engine as a process that takes JSON lines, for `compare` and `evaluate quality`.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Options {
    /// What the requests are about.
    #[arg(default_value = "llm")]
    area: Area,
    /// Sessions guess no tokens.
    #[arg(long)]
    one_by_one: bool,
    /// Calls of tools are held to no grammar.
    #[arg(long)]
    free_calls: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Area {
    /// Language models
    Llm,
    /// Vectors, words, sentence encoders and documents
    Retrieval,
    /// The agent over a scripted model
    Agent,
}

/// Answers requests until the input ends.
pub(crate) fn serve(options: Options) -> Result<()> {
    match options.area {
        Area::Llm => {
            let ways = LocalLlmOptions::default()
                .speculation(!options.one_by_one)
                .constrain_calls(!options.free_calls);
            let mut ours = Ours::new(ways);
            answer(|request: Request<'_>| ours.perform(request))
        }
        Area::Retrieval => {
            let mut ours = retrieval::Ours::new()?;
            answer(|request| ours.perform(request))
        }
        Area::Agent => {
            let ours = agent::Ours::new()?;
            answer(|request| ours.perform(request))
        }
    }
}

fn answer<Q: DeserializeOwned, R: Serialize>(
    mut perform: impl FnMut(Q) -> Result<Answered<R>>,
) -> Result<()> {
    for line in io::stdin().lines() {
        let line = line.map_err(|error| Failure::new(format!("cannot read a request: {error}")))?;
        let request = serde_json::from_str(&line)
            .map_err(|error| Failure::new(format!("a request is not as expected: {error}")))?;
        let reply = match perform(request) {
            Ok(Answered::Done(reply)) => serde_json::to_string(&reply),
            Ok(Answered::Refused(reason)) => {
                serde_json::to_string(&NoReply { refused: Some(reason), failed: None })
            }
            Err(failure) => {
                serde_json::to_string(&NoReply { refused: None, failed: Some(failure.to_string()) })
            }
        };
        println!("{}", reply.expect("replies are JSON"));
    }
    Ok(())
}
