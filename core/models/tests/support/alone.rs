//! Tests that measure their process.

use std::process::Command;

/// Whether the test of this name (with its modules) has the process for itself; if not, it is run in one of its own.
///
/// That one has a single heap: glibc otherwise gives threads heaps of their own, and what was freed stays in them.
pub(crate) fn is_alone(name: &str) -> bool {
    const MARK: &str = "RUSHLIGHT_TEST_IS_ALONE";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]).env(MARK, "1").env("MALLOC_ARENA_MAX", "1");
    let ended = command.output().unwrap();
    let output =
        String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && output.contains("1 passed"), "{output}");
    false
}
