//! Splits of folios into single pages. Nobody in userspace can ask for one where debugfs is locked down, but
//! some calls make one on their way:
//!
//! * MADV_COLD of a page of a folio that this process alone maps splits it first (I16, G7). What it
//!   does besides, no observer can tell.
//! * The shrinker of the deferred-split queue splits what is mapped in part (G13). It works on a memory cgroup at
//!   a time, and on nothing else where the cgroup may not swap ([`crate::cgroup`]). It always looks
//!   at all there is, so that `deferred_scan` is driven where it looks at no less.

use crate::arena;
use crate::cgroup;
use crate::folio::{Folio, frames, is_page, look, place_of, state_at};
use crate::linux::Linux;
use crate::ops::{Answer, advice_number, fields};
use mm_ops::{Advice, Errno, Observation, Op, Outcome, Pid, Vpn};

/// `split` to order 0.
pub(crate) fn split(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, vpn) = fields!(*op, Op::Split { pid, vpn, .. } => (pid, vpn));
    linux.process(pid)?;
    let before = look(linux);
    if !is_page(state_at(&before, pid, vpn)) {
        return Err(Errno::EFAULT);
    }
    let place = place_of(&before, pid, vpn).ok_or(Errno::EFAULT)?;
    if !before.folios.get(place).is_some_and(|folio| folio.large) {
        return Err(Errno::EINVAL);
    }
    let Some(folio) = Folio::at(&before, place) else {
        return not_driven(linux, "where folios cannot be seen");
    };
    if folio.is_of(&before, pid) {
        by_advice(linux, pid, vpn)?;
    } else if folio.is_mapped_whole(&before) {
        return not_driven(linux, "of a folio that several processes map, and nobody in part");
    } else {
        if !before.folios[place].swapbacked {
            return not_driven(linux, "of a lazyfree folio that several processes map");
        }
        by_shrinker(linux, pid, &before, &folio)?;
    }
    let after = look(linux);
    let is_large = |at: usize| after.folios[at].large;
    match place_of(&after, pid, vpn) {
        Some(at) if is_large(at) && linux.handles.are_open() => Err(Errno::EAGAIN),
        Some(at) if is_large(at) => {
            not_driven(linux, "of a folio that the kernel takes for one that others map, too")
        }
        _ => Ok(Outcome::Ok),
    }
}

/// The state that was reached does not allow a `split`.
fn not_driven(linux: &Linux, what: &str) -> Answer {
    Err(linux.not_driven(format!("split {what}")))
}

fn by_advice(linux: &Linux, pid: Pid, vpn: Vpn) -> Result<(), Errno> {
    let args = [arena::address(vpn), arena::bytes(1), advice_number(Advice::Cold)];
    match linux.syscall(pid, libc::SYS_madvise, &args) {
        Err(Errno::EINVAL) => not_driven(linux, "in a locked mapping").map(|_| ()),
        done => done.map(|_| ()),
    }
}

fn by_shrinker(linux: &Linux, pid: Pid, before: &Observation, folio: &Folio) -> Result<(), Errno> {
    cgroup::reclaim(linux, pid, before, folio, false)
        .map_err(|obstacle| cgroup::not_driven(linux, "split of a shared folio", &obstacle))
}

/// `deferred_scan` of at least as many folios as there are.
pub(crate) fn deferred_scan(linux: &mut Linux, op: &Op) -> Answer {
    let count = fields!(*op, Op::DeferredScan { count } => count);
    let before = look(linux);
    let mut large: Vec<(u64, usize)> = frames(&before)
        .filter(|(at, _)| before.folios.get(*at).is_some_and(|folio| folio.large))
        .map(|(at, frame)| (frame, at))
        .collect();
    large.sort_unstable();
    let mut folios = Vec::new();
    let mut end = 0;
    for (frame, at) in large {
        if frame < end {
            continue;
        }
        let Some(folio) = Folio::at(&before, at) else {
            return deferred_scan_not_driven(linux, "where folios cannot be seen");
        };
        end = folio.first + u64::from(folio.len);
        folios.push(frame);
    }
    if folios.len() > usize::from(count) {
        return deferred_scan_not_driven(linux, "of fewer folios than there are");
    }
    let lazyfree: Vec<u64> = frames(&before)
        .filter(|(at, _)| before.folios.get(*at).is_some_and(|folio| !folio.swapbacked))
        .map(|(_, frame)| frame)
        .collect();
    cgroup::shrink(linux, &folios, &lazyfree)
        .map_err(|obstacle| cgroup::not_driven(linux, "deferred_scan", &obstacle))?;
    Ok(Outcome::Ok)
}

fn deferred_scan_not_driven(linux: &Linux, what: &str) -> Answer {
    Err(linux.not_driven(format!("deferred_scan {what}")))
}
