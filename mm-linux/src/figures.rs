//! Single figures that files of /proc/PID say of a process, a line each.

use crate::linux::{Linux, Trouble};
use mm_ops::{Errno, Pid};
use std::fs;

/// The figure behind this name in a file of the process.
pub(crate) fn figure(linux: &Linux, pid: Pid, file: &str, name: &str) -> Result<u64, Errno> {
    let trouble = |what: String| {
        linux.trouble(Trouble::Other(what));
        Errno::EIO
    };
    let path = format!("/proc/{}/{file}", linux.process(pid)?.pid);
    let text =
        fs::read_to_string(&path).map_err(|error| trouble(format!("reading {path}: {error}")))?;
    figure_in(&text, name).ok_or_else(|| trouble(format!("{path} has no {name}")))
}

fn figure_in(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let named = words.next()? == name;
        words.next().filter(|_| named)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read() {
        let status = "VmLib:\t   1234 kB\nVmPTE:\t      88 kB\nVmSwap:\t 0 kB\n";
        assert_eq!(figure_in(status, "VmPTE:"), Some(88));
        assert_eq!(figure_in("VmLib:\t   1234 kB\n", "VmPTE:"), None);
        assert_eq!(figure_in("ksm_rmap_items 4\nksm_zero_pages 2\n", "ksm_zero_pages"), Some(2));
    }
}
