use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fmt::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures::FutureExt;
use futures::future::join;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::RunCommandOptions;

/// How long a process that was asked to end may take, and how long outputs are read that others hold open.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);

/// A command with all that it gets.
#[derive(Debug)]
pub(super) struct Process<'a> {
    pub(super) program: &'a Path,
    pub(super) arguments: &'a [String],
    pub(super) environment: &'a BTreeMap<String, OsString>,
    pub(super) dir: &'a Path,
}

impl Process<'_> {
    /// Runs it to its end: the exit code and what it wrote, or why there is none.
    ///
    /// Dropping the future kills it and all of its group.
    pub(super) async fn run(self, options: &RunCommandOptions) -> Result<String, String> {
        let name = self.program.display();
        let mut child = self.command().spawn().map_err(|error| format!("cannot start `{name}`: {error}"))?;
        let mut group = Group::of(&child);
        let (mut output, mut errors) = (Written::new(options), Written::new(options));
        let reading = join(output.read(child.stdout.take()), errors.read(child.stderr.take()));
        let (status, is_late) = watch(&mut child, &mut group, reading, options.timeout).await;
        let status = status.map_err(|error| format!("lost sight of `{name}`: {error}"))?;
        let written = format!("{}{}", output.shown("output"), errors.shown("errors"));
        if is_late {
            return Err(format!("`{name}` did not end within {:?} and was killed{written}", options.timeout));
        }
        Ok(format!("{}{written}", in_words(status)))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.args(self.arguments).current_dir(self.dir);
        command.env_clear().envs(self.environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        command
    }
}

/// Waits for the end of the process, which is brought about when its time is over, and ends what is left of its
/// group. Says whether that was needed.
async fn watch(
    child: &mut Child,
    group: &mut Group,
    reading: impl Future<Output = ((), ())>,
    limit: Duration,
) -> (std::io::Result<ExitStatus>, bool) {
    let mut reading = pin!(reading.fuse());
    let mut ended = timeout(limit, end(child, &mut reading)).await.ok();
    let is_late = ended.is_none();
    if is_late {
        group.signal(Signal::TERM);
        ended = timeout(PATIENCE, end(child, &mut reading)).await.ok();
    }
    group.end();
    let status = match ended {
        Some(status) => status,
        None => child.wait().await,
    };
    // A process that left the group may hold the outputs open.
    let _ = timeout(PATIENCE, reading).await;
    (status, is_late)
}

/// Waits for the end of the process, and reads what it writes meanwhile.
async fn end(
    child: &mut Child,
    reading: &mut (impl Future<Output = ((), ())> + Unpin),
) -> std::io::Result<ExitStatus> {
    loop {
        tokio::select! {
            status = child.wait() => return status,
            _ = &mut *reading => {}
        }
    }
}

fn in_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// The processes of one group, which end with this value.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(id as i32)))
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.0 {
            // Nothing of the group may be left, which is what is wanted.
            let _ = kill_process_group(leader, signal);
        }
    }

    /// Ends it, once: when all of it is gone, its number may be that of another group.
    fn end(&mut self) {
        self.signal(Signal::KILL);
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// The beginning and the end of what a process wrote.
#[derive(Debug)]
struct Written {
    beginning: Vec<u8>,
    end: VecDeque<u8>,
    /// Bytes of each of the two.
    room: usize,
    bytes: u64,
}

impl Written {
    fn new(options: &RunCommandOptions) -> Self {
        let room = options.max_output_bytes.div_ceil(2);
        Self { beginning: Vec::new(), end: VecDeque::new(), room, bytes: 0 }
    }

    /// Reads to the end; what has no room is thrown away, so that the process can go on.
    async fn read(&mut self, from: Option<impl AsyncRead + Unpin>) {
        let Some(mut from) = from else { return };
        let mut buffer = vec![0; 16 << 10];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            self.push(&buffer[..count]);
        }
    }

    fn push(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        let (first, rest) = piece.split_at(piece.len().min(self.room - self.beginning.len()));
        self.beginning.extend_from_slice(first);
        self.end.extend(&rest[rest.len().saturating_sub(self.room)..]);
        self.end.drain(..self.end.len().saturating_sub(self.room));
    }

    /// What was written under a `title`; nothing if there is none.
    fn shown(&self, title: &str) -> String {
        if self.bytes == 0 {
            return String::new();
        }
        let mut kept = self.beginning.clone();
        let end: Vec<u8> = self.end.iter().copied().collect();
        let left_out = self.bytes - (kept.len() + end.len()) as u64;
        let mut shown = format!("\n{title}:\n");
        if left_out == 0 {
            kept.extend(end);
            shown.push_str(String::from_utf8_lossy(&kept).trim_end());
        } else {
            let (beginning, end) = (String::from_utf8_lossy(&kept), String::from_utf8_lossy(&end));
            let _ = write!(shown, "{beginning}\n[{left_out} bytes left out]\n{}", end.trim_end());
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginning_and_end_are_kept_however_the_pieces_come() {
        let text: Vec<u8> = (b'a'..=b'z').collect();
        let options = RunCommandOptions::default().max_output_bytes(6);
        for size in 1..=26 {
            let mut written = Written::new(&options);
            text.chunks(size).for_each(|piece| written.push(piece));
            assert_eq!(written.shown("output"), "\noutput:\nabc\n[20 bytes left out]\nxyz", "{size}");
        }
        let mut short = Written::new(&options);
        short.push(b"ab");
        short.push(b"cdef\n");
        assert_eq!(short.shown("errors"), "\nerrors:\nabc\n[1 bytes left out]\nef");
    }
}
