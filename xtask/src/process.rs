use std::io::{self, ErrorKind};
use std::process::{Command, ExitStatus, Stdio};

use crate::failure::{Failure, Result};

/// Runs `command` with the terminal as its input and output, and expects success.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", shown(command));
    let status = command.status();
    check(command, status)
}

/// Runs `command` silently and gives what it printed; what it complained about is part of the failure.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| not_started(command, &error))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let last = complaint.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        return Err(Failure::new(format!("{}: {}", ended(command, output.status), last.trim())));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Failure::new(format!("`{}` printed what is not UTF-8", shown(command))))
}

/// Whether the program can be started at all.
pub(crate) fn exists(program: &str, argument: &str) -> bool {
    let mut command = Command::new(program);
    command.arg(argument).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn check(command: &Command, status: io::Result<ExitStatus>) -> Result<()> {
    let status = status.map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(Failure::new(ended(command, status))) }
}

fn not_started(command: &Command, error: &io::Error) -> Failure {
    let program = command.get_program().to_string_lossy();
    match error.kind() {
        ErrorKind::NotFound => Failure::new(format!("`{program}` is not installed or not on the PATH")),
        _ => Failure::new(format!("cannot start `{program}`: {error}")),
    }
}

fn ended(command: &Command, status: ExitStatus) -> String {
    let end = status.code().map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    format!("`{}` ended with {end}", shown(command))
}

/// The command as a person would type it, program by its file name.
fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut text = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}
