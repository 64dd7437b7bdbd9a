use std::io::ErrorKind;
use std::path::Path;

use rusqlite::ErrorCode;

use crate::Error;

/// The error of the crate for one of SQLite about the store at `path`.
///
/// What cannot be read as the format says is damage, whatever SQLite calls it.
pub(super) fn failure(path: &Path, action: &'static str, error: rusqlite::Error) -> Error {
    let io =
        |kind: ErrorKind, error: rusqlite::Error| Error::io(action, path, std::io::Error::new(kind, error));
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => io(ErrorKind::StorageFull, error),
        Some(
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied,
        ) => io(ErrorKind::PermissionDenied, error),
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) => io(ErrorKind::Other, error),
        Some(ErrorCode::OutOfMemory) => io(ErrorKind::OutOfMemory, error),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            Error::Busy { path: path.to_owned(), message: format!("another process works on it ({error})") }
        }
        _ => Error::Corrupt { path: path.to_owned(), message: error.to_string() },
    }
}
