use std::path::{Component, Path, PathBuf};

/// Where a version of control groups keeps its numbers.
struct Files {
    /// The directory of all groups.
    mount: &'static str,
    limit: &'static str,
    used: &'static str,
    /// The entry of `memory.stat` that counts cached files that were not read lately.
    cached: &'static str,
}

/// <https://docs.kernel.org/admin-guide/cgroup-v1/memory.html>
const VERSION_1: Files = Files {
    mount: "sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    cached: "total_inactive_file",
};

/// <https://docs.kernel.org/admin-guide/cgroup-v2.html>
const VERSION_2: Files =
    Files { mount: "sys/fs/cgroup", limit: "memory.max", used: "memory.current", cached: "inactive_file" };

/// The bytes that the control groups of this process leave it, if any limits it.
///
/// A group's limit holds for all groups below it, so each on the way up counts. In a container the path that the
/// process is told may lie above what it sees; then the groups that it sees do.
pub(super) fn room(root: &Path) -> Option<u64> {
    let groups = std::fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let rooms = groups.lines().filter_map(|line| {
        let (files, path) = parse(line)?;
        let path: PathBuf =
            path.components().filter(|component| matches!(component, Component::Normal(_))).collect();
        path.ancestors().filter_map(|group| files.room(&root.join(files.mount).join(group))).min()
    });
    rooms.min()
}

/// A line `hierarchy:controllers:path`, if it is about memory.
fn parse(line: &str) -> Option<(&'static Files, &Path)> {
    let mut parts = line.splitn(3, ':');
    let (hierarchy, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
    let files = if hierarchy == "0" && controllers.is_empty() {
        &VERSION_2
    } else if controllers.split(',').any(|controller| controller == "memory") {
        &VERSION_1
    } else {
        return None;
    };
    Some((files, Path::new(path)))
}

impl Files {
    /// What one group leaves; none if it has no limit.
    fn room(&self, group: &Path) -> Option<u64> {
        let number = |name: &str| std::fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
        let limit = number(self.limit)?;
        let used = number(self.used)?;
        let statistics = std::fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
        let cached = statistics.lines().find_map(|line| {
            let (name, value) = line.split_once(' ')?;
            (name == self.cached).then(|| value.trim().parse().ok())?
        });
        Some(limit.saturating_sub(used.saturating_sub(cached.unwrap_or(0))))
    }
}
