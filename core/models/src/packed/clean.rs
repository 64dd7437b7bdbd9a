use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A file of packed weights goes when nobody opened it for this long.
const UNUSED: Duration = Duration::from_hours(30 * 24);

/// A half-written file goes when nobody wrote to it for this long: whoever did has crashed.
const ABANDONED: Duration = Duration::from_hours(24);

/// Removes what nobody will use again from the directory of packed weights; `now` is the time.
///
/// What a process has mapped is locked and stays, and so does whatever is not ours. A file that cannot be removed is left
/// for the next time.
pub(super) fn clean(directory: &Path, now: SystemTime) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if let Some(life) = life(&path) {
            let _ = remove_if_older(&path, life, now);
        }
    }
}

/// How long a file of ours lives without being used.
fn life(path: &Path) -> Option<Duration> {
    let is_packed = |name: &str| name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let stem = path.file_stem()?.to_str()?;
    match path.extension() {
        None if is_packed(stem) => Some(UNUSED),
        Some(extension) if extension == "part" && is_packed(stem.split('.').next()?) => Some(ABANDONED),
        _ => None,
    }
}

fn remove_if_older(path: &Path, life: Duration, now: SystemTime) -> std::io::Result<()> {
    let file = File::open(path)?;
    let used = file.metadata()?.modified()?;
    if now.duration_since(used).is_ok_and(|age| age > life) && file.try_lock().is_ok() {
        std::fs::remove_file(path)?;
    }
    Ok(())
}
