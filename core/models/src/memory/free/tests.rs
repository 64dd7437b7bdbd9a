use std::path::Path;

use tempfile::TempDir;

use super::{free_below, free_memory};

const MEMINFO: &str =
    "MemTotal:       24640120 kB\nMemFree:        13977604 kB\nMemAvailable:   23068672 kB\n";
const MIB: u64 = 1 << 20;

/// A system with these files.
fn system(files: &[(&str, &str)]) -> TempDir {
    let root = TempDir::new().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

fn free(files: &[(&str, &str)]) -> Option<u64> {
    free_below(system(files).path())
}

#[test]
fn without_groups_it_is_what_the_kernel_calls_available() {
    assert_eq!(free(&[("proc/meminfo", MEMINFO)]), Some(22_528 * MIB));
    assert_eq!(free(&[("proc/meminfo", "MemTotal: 1 kB\n")]), None);
    assert_eq!(free(&[]), None);
}

#[test]
fn a_container_of_version_2_has_its_limit_and_its_cached_files_are_free() {
    let files = [
        ("proc/meminfo", MEMINFO),
        ("proc/self/cgroup", "0::/\n"),
        ("sys/fs/cgroup/memory.max", "536870912\n"),
        ("sys/fs/cgroup/memory.current", "157286400\n"),
        ("sys/fs/cgroup/memory.stat", "anon 52428800\nfile 104857600\ninactive_file 94371840\nslab 1\n"),
    ];

    assert_eq!(free(&files), Some((512 - 150 + 90) * MIB));
}

#[test]
fn the_narrowest_group_on_the_way_up_counts() {
    let group = |limit| {
        free(&[
            ("proc/meminfo", MEMINFO),
            ("proc/self/cgroup", "0::/user.slice/app.service\n"),
            ("sys/fs/cgroup/user.slice/memory.max", "1073741824\n"),
            ("sys/fs/cgroup/user.slice/memory.current", "1048576\n"),
            ("sys/fs/cgroup/user.slice/app.service/memory.max", limit),
            ("sys/fs/cgroup/user.slice/app.service/memory.current", "1048576\n"),
        ])
    };

    assert_eq!(group("max\n"), Some(1023 * MIB));
    assert_eq!(group("2147483648\n"), Some(1023 * MIB));
    assert_eq!(group("268435456\n"), Some(255 * MIB));
}

#[test]
fn a_container_of_version_1_sees_its_group_at_the_top() {
    let files = [
        ("proc/meminfo", MEMINFO),
        ("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/docker/3d1c9a08\n0::/\n"),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n"),
        ("sys/fs/cgroup/memory/memory.usage_in_bytes", "104857600\n"),
        ("sys/fs/cgroup/memory/memory.stat", "inactive_file 7\ntotal_inactive_file 52428800\n"),
    ];

    assert_eq!(free(&files), Some((512 - 100 + 50) * MIB));
}

#[test]
fn a_group_without_a_limit_leaves_what_is_available() {
    let files = [
        ("proc/meminfo", MEMINFO),
        ("proc/self/cgroup", "4:memory:/\n0::/../..\nnonsense\n"),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ("sys/fs/cgroup/memory/memory.usage_in_bytes", "104857600\n"),
    ];

    assert_eq!(free(&files), Some(22_528 * MIB));
}

#[test]
fn a_group_that_uses_more_than_its_limit_leaves_nothing() {
    let files = [
        ("proc/meminfo", MEMINFO),
        ("proc/self/cgroup", "0::/\n"),
        ("sys/fs/cgroup/memory.max", "1048576\n"),
        ("sys/fs/cgroup/memory.current", "2097152\n"),
    ];

    assert_eq!(free(&files), Some(0));
}

#[test]
fn this_machine_says_something_if_it_runs_linux() {
    assert_eq!(free_memory().is_some(), Path::new("/proc/meminfo").exists());
}
