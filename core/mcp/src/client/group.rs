use tokio::process::{Child, Command};

/// The program that was started, and all that it started itself and that did not leave it. They end with this value.
///
/// Where there are no process groups, that is the program alone, which its own handle ends.
#[derive(Debug)]
pub(super) struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    /// Has the program begin a group of its own.
    pub(super) fn begin_with(command: &mut Command) {
        command.process_group(0);
    }

    pub(super) fn of(program: &Child) -> Self {
        Self { leader: program.id().and_then(|id| rustix::process::Pid::from_raw(id as i32)) }
    }

    /// Ends it, once: when all of it is gone, its number may be that of another group.
    pub(super) fn end(&mut self) {
        if let Some(leader) = self.leader.take() {
            // Nothing of the group may be left, which is what is wanted.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
impl Group {
    pub(super) fn begin_with(_command: &mut Command) {}

    pub(super) fn of(_program: &Child) -> Self {
        Self {}
    }

    pub(super) fn end(&mut self) {}
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}
