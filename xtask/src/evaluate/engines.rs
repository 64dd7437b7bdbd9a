use rushlight_models::hub::LocalModel;

use crate::engine::{Answered, Engine, Launch, Reply, Request};
use crate::failure::Result;

/// The engine with the model loaded, for sequences of so many tokens; nothing, and a line about it, if it cannot load this
/// model.
pub(super) fn open(
    launch: &Launch,
    model: &LocalModel,
    threads: usize,
    context: usize,
) -> Result<Option<Engine>> {
    let mut engine = launch.start(threads)?;
    let tokens: &[u32] = &[0];
    let request = Request::Open { path: model.path.clone(), threads, context, tokens: tokens.into() };
    match engine.ask::<Reply>(&request)? {
        Answered::Done(_) => Ok(Some(engine)),
        Answered::Refused(reason) => {
            eprintln!("{}: {}: not applicable: {reason}", model.name, launch.name);
            Ok(None)
        }
    }
}
