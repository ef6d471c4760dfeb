//! The flags of mappings, which only /proc/PID/smaps tells.

use crate::arena;
use crate::linux::{Linux, Trouble};
use mm_ops::{Errno, Observation, Pid};
use std::fs;

/// MADV_MERGEABLE was given.
pub(crate) const MERGEABLE: &str = "mg";
/// Locked memory.
pub(crate) const LOCKED: &str = "lo";

/// Where the mappings of a process with this flag begin and end.
fn ranges_with(linux: &Linux, pid: Pid, flag: &str) -> Result<Vec<(u64, u64)>, Errno> {
    let smaps = format!("/proc/{}/smaps", linux.process(pid)?.pid);
    let text = fs::read_to_string(smaps).map_err(|error| {
        linux.trouble(Trouble::Other(format!("reading smaps: {error}")));
        Errno::EIO
    })?;
    Ok(ranges_in(&text, flag))
}

/// Those of these places of an observation, in ascending order, that lie in mappings with this flag.
pub(crate) fn places_with(
    linux: &Linux,
    seen: &Observation,
    places: impl Iterator<Item = usize>,
    flag: &str,
) -> Result<Vec<usize>, Errno> {
    let (mut of, mut ranges, mut flagged) = (None, Vec::new(), Vec::new());
    for at in places {
        let page = &seen.pages[at];
        if of != Some(page.pid) {
            of = Some(page.pid);
            ranges = ranges_with(linux, page.pid, flag)?;
        }
        let address = arena::address(page.vpn);
        if ranges.iter().any(|(start, end)| (*start..*end).contains(&address)) {
            flagged.push(at);
        }
    }
    Ok(flagged)
}

fn ranges_in(smaps: &str, wanted: &str) -> Vec<(u64, u64)> {
    let mut ranges = Vec::new();
    let mut range = None;
    for line in smaps.lines() {
        let word = line.split_whitespace().next().unwrap_or_default();
        if let Some((start, end)) = word.split_once('-') {
            let number = |text| u64::from_str_radix(text, 16).ok();
            range = number(start).zip(number(end));
        } else if word == "VmFlags:" && line.split_whitespace().any(|flag| flag == wanted) {
            ranges.extend(range);
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flagged_mappings_are_found() {
        let text = "200000000000-200000002000 rw-p 00000000 00:00 0 \nSize: 8 kB\n\
                    VmFlags: rd wr mr mw me ac mg \n\
                    200000002000-200000003000 r--p 00000000 00:00 0 \nVmFlags: rd mr mw me lo ac \n";
        assert_eq!(ranges_in(text, MERGEABLE), [(0x2000_0000_0000, 0x2000_0000_2000)]);
        assert_eq!(ranges_in(text, LOCKED), [(0x2000_0000_2000, 0x2000_0000_3000)]);
    }
}
