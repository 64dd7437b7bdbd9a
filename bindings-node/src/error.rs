use std::any::Any;
use std::fmt;

use napi::bindgen_prelude::{Env, JsObjectValue};
use napi::{JsValue, Status};
use rushlight::{Error, ErrorKind};

/// What JavaScript threw, as the source of a core error; found again by [`to_js`], which makes it the `cause`.
#[derive(Debug)]
struct Thrown(napi::Error);

impl fmt::Display for Thrown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.reason)
    }
}

impl std::error::Error for Thrown {}

/// A JavaScript `Error` with the message and its causes, `code` (the kind's name) and `retryable`; `cause` is what
/// a part of the caller's own threw.
///
/// Must run on the JavaScript thread of `env`.
pub(crate) fn to_js(env: Env, error: &Error) -> napi::Error {
    let described =
        env.create_error(napi::Error::new(Status::GenericFailure, error.chain())).and_then(|mut object| {
            object.set_named_property("code", error.kind().as_str())?;
            object.set_named_property("retryable", error.is_retryable())?;
            if let Some(thrown) = thrown(error) {
                object.set_named_property("cause", thrown.try_clone()?)?;
            }
            Ok(napi::Error::from(object.to_unknown()))
        });
    described.unwrap_or_else(|failure| failure)
}

/// What a panic becomes: it never crosses into JavaScript.
pub(crate) fn panicked(payload: Box<dyn Any + Send>) -> Error {
    let text = match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => {
            payload.downcast::<&str>().map_or_else(|_| "no message".to_owned(), |text| (*text).to_owned())
        }
    };
    Error::Foreign { what: "rushlight (a bug, please report it)".to_owned(), source: text.into() }
}

/// A failure of `what`, a part of the caller's own, or of the bridge to it.
pub(crate) fn bridge(what: impl Into<String>, error: napi::Error) -> Error {
    Error::Foreign { what: what.into(), source: Box::new(Thrown(error)) }
}

fn thrown(error: &Error) -> Option<&napi::Error> {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(Thrown(thrown)) = error.downcast_ref() {
            return Some(thrown);
        }
        source = error.source();
    }
    None
}

/// The names of all error kinds: the values of `code`.
#[napi_derive::napi]
pub fn error_codes() -> Vec<&'static str> {
    let kinds = [
        ErrorKind::Invalid,
        ErrorKind::Unknown,
        ErrorKind::ContextTooLong,
        ErrorKind::Model,
        ErrorKind::Corrupt,
        ErrorKind::Diverged,
        ErrorKind::Busy,
        ErrorKind::Io,
        ErrorKind::Overloaded,
        ErrorKind::Timeout,
        ErrorKind::Cancelled,
        ErrorKind::Foreign,
        ErrorKind::Stopped,
    ];
    kinds.map(ErrorKind::as_str).to_vec()
}
