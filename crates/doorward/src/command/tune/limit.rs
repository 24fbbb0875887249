//! How much memory this process may use: what the machine has, or less where a control group says so.

use std::path::{Path, PathBuf};

/// The limit in bytes; nothing where the system does not tell.
pub(super) fn memory_limit(root: &Path) -> Option<u64> {
    let read = |path: PathBuf| std::fs::read_to_string(path).ok();
    let machine = read(root.join("proc/meminfo")).and_then(|text| total(&text));
    let group = read(root.join("proc/self/cgroup")).and_then(|text| unified(&text)).unwrap_or_default();
    let base = root.join("sys/fs/cgroup");
    // The limit of a group holds for all groups below it.
    let groups = base.join(group.trim_start_matches('/'));
    let unified = groups.ancestors().take_while(|path| path.starts_with(&base)).map(|path| path.join("memory.max"));
    let first_version = base.join("memory/memory.limit_in_bytes");
    let limits = unified.chain([first_version]).filter_map(read).filter_map(|text| text.trim().parse().ok());
    limits.chain(machine).min()
}

/// `MemTotal` of `/proc/meminfo`, which is in KiB.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The path of the control group in the unified hierarchy (cgroups(7)).
fn unified(text: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix("0::")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn the_least_of_all_limits_holds() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(memory_limit(root.path()), None);
        write(root.path(), "proc/meminfo", "MemFree: 1 kB\nMemTotal:        2048 kB\n");
        assert_eq!(memory_limit(root.path()), Some(2048 * 1024));
        write(root.path(), "proc/self/cgroup", "12:cpu:/x\n0::/system.slice/doorward.service\n");
        write(root.path(), "sys/fs/cgroup/system.slice/doorward.service/memory.max", "max\n");
        assert_eq!(memory_limit(root.path()), Some(2048 * 1024));
        write(root.path(), "sys/fs/cgroup/system.slice/memory.max", "1000000\n");
        assert_eq!(memory_limit(root.path()), Some(1_000_000));
        write(root.path(), "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(memory_limit(root.path()), Some(1_000_000));
    }
}
