use std::path::Path;

use super::cgroup;

/// The bytes that this process can still take: what Linux calls available (`/proc/meminfo`), or less if a control
/// group, version 1 or 2, limits it. Files that are only cached count as free.
///
/// None on other systems, which are not asked.
pub fn free_memory() -> Option<u64> {
    free_below(Path::new("/"))
}

/// The same, with the files of the system below a directory.
fn free_below(root: &Path) -> Option<u64> {
    let available = available(&std::fs::read_to_string(root.join("proc/meminfo")).ok()?)?;
    Some(cgroup::room(root).map_or(available, |room| room.min(available)))
}

/// The bytes of the line `MemAvailable:  123 kB`.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests;
