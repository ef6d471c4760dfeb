//! `swap_out`: reclaim of one folio. Where one process maps all of it, MADV_PAGEOUT of its pages does that;
//! what several map goes with a memory cgroup that has nothing else of the program ([`crate::cgroup`]).
//! Whatever else a program may reach ends it as not driven.

use crate::cgroup;
use crate::folio::{Folio, is_page, look, place_of, state_at};
use crate::lazyfree::Leaves;
use crate::linux::Linux;
use crate::ops::{Answer, advice_number, fields};
use crate::swap::Device;
use crate::{arena, mlocked, smaps, swap};
use mm_ops::{Advice, Errno, Observation, Op, Outcome, PageRange, PageState, Pid, Vpn};

/// `swap_out` of what is mapped at a page.
pub(crate) fn swap_out(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, vpn) = fields!(*op, Op::SwapOut { pid, vpn, .. } => (pid, vpn));
    linux.process(pid)?;
    swap::needed(linux)?;
    let before = look(linux);
    match state_at(&before, pid, vpn) {
        PageState::Page | PageState::PageByPmd => {}
        PageState::SwapCached => {
            return not_driven(linux, "of a folio that is only in the swap cache");
        }
        _ => return Err(Errno::EFAULT),
    }
    let place = place_of(&before, pid, vpn).ok_or(Errno::EFAULT)?;
    let Some(folio) = Folio::at(&before, place) else {
        return not_driven(linux, "where folios cannot be seen");
    };
    let view = before.folios[place];
    if let Some(start) = folio.run(&before) {
        return by_advice(linux, &before, &folio, (pid, PageRange { start, len: folio.len }));
    }
    if folio.is_mapped_whole(&before) {
        return by_cgroup(linux, pid, &before, &folio);
    }
    if folio.is_of(&before, pid) && view.swapbacked && !folio.cached {
        return in_part(linux, &before, &folio, (pid, vpn));
    }
    not_driven(linux, "of a folio that several processes map, and only in part")
}

/// Both the operation and the advice split a folio that is mapped in part, and go on with the page that is named. But the
/// advice passes what may be mapped by several, and the kernel may take a folio for that ever after (S10, S11).
fn in_part(linux: &Linux, before: &Observation, folio: &Folio, (pid, vpn): (Pid, Vpn)) -> Answer {
    let answer = by_advice(linux, before, folio, (pid, PageRange { start: vpn, len: 1 }));
    let after = look(linux);
    let is_whole = place_of(&after, pid, vpn).is_some_and(|at| after.folios[at].large);
    match answer {
        Err(Errno::EBUSY | Errno::EAGAIN) if is_whole => {
            not_driven(linux, "of a part of a folio that the kernel did not split")
        }
        answer => answer,
    }
}

/// The state that was reached does not allow a `swap_out`.
fn not_driven(linux: &Linux, what: &str) -> Answer {
    Err(linux.not_driven(format!("swap_out {what}")))
}

/// MADV_PAGEOUT of pages of the folio.
fn by_advice(
    linux: &Linux,
    before: &Observation,
    folio: &Folio,
    (pid, range): (Pid, PageRange),
) -> Answer {
    let place = [arena::address(range.start), arena::bytes(range.len)];
    let args = [&place[..], &[advice_number(Advice::PageOut)]].concat();
    let leaves = Leaves::at(linux, before, folio.places.iter().copied())?;
    match linux.syscall(pid, libc::SYS_madvise, &args) {
        Ok(_) => mlocked::none_stays(linux, pid, range)?,
        // A locked mapping.
        Err(Errno::EINVAL) if folio.is_mapped_whole(before) => {
            return by_cgroup(linux, pid, before, folio);
        }
        Err(Errno::EINVAL) => return not_driven(linux, "of a part in a locked mapping"),
        Err(errno) => return Err(errno),
    }
    let after = look(linux);
    leaves.none_was_split(linux, &after, "swap_out")?;
    let states =
        (range.start.0..range.start.0 + range.len).map(|vpn| state_at(&after, pid, Vpn(vpn)));
    judge(linux, &states.collect::<Vec<_>>(), was_on_lru(before, folio))
}

/// Reclaim of the memory cgroup that the folio belongs to.
fn by_cgroup(linux: &Linux, pid: Pid, before: &Observation, folio: &Folio) -> Answer {
    if before.pages.iter().any(|page| page.state == PageState::SwapCached) {
        // What it belongs to cannot be seen where nothing maps it.
        return not_driven(linux, "of a shared folio while another is in the swap cache");
    }
    let swap_is_on = linux.swap.as_ref().is_some_and(Device::is_on);
    if folio.len > 1 && !swap_is_on {
        // Without swap reclaim of a cgroup looks at no anonymous page, and splits none for want of slots (E1).
        return not_driven(linux, "of a shared large folio while swap is off");
    }
    if folio.unevictable {
        // Reclaim of a cgroup does not come to it; the operation does, and takes it from those who did not lock it
        // until it meets one who did (E6), and out of the cache (E1).
        return not_driven(linux, "of a shared mlocked folio");
    }
    if mlocked::has_any(linux, before, folio)? {
        // Mlocked is a flag with a history: memory that comes back from swap gets it only when reclaim finds it in a
        // locked mapping.
        return not_driven(linux, "of a folio that is mlocked only by its mapping");
    }
    let places = || folio.places.iter().copied();
    if places().any(|at| before.folios[at].ksm)
        && smaps::places_with(linux, before, places(), smaps::MERGEABLE)?.len() < folio.places.len()
    {
        // Who had the page before it was merged, and lets nothing be merged, is not on the page's list.
        return not_driven(
            linux,
            "of a KSM page that memory without MADV_MERGEABLE has, too (L13)",
        );
    }
    let leaves = Leaves::at(linux, before, places())?;
    cgroup::reclaim(linux, pid, before, folio, true)
        .map_err(|obstacle| cgroup::not_driven(linux, "swap_out of a shared folio", &obstacle))?;
    let after = look(linux);
    leaves.none_was_split(linux, &after, "swap_out")?;
    let places = folio.places.iter().map(|at| &before.pages[*at]);
    let states: Vec<_> = places.map(|page| state_at(&after, page.pid, page.vpn)).collect();
    let was_lazyfree = folio.places.iter().any(|at| !before.folios[*at].swapbacked);
    if was_lazyfree
        && !states.iter().all(|state| is_page(*state))
        && !states.iter().all(|state| *state == PageState::Nothing)
    {
        // One that turned out to be dirty is kept once, and the kernel tried again (E9).
        return not_driven(linux, "of a shared lazyfree folio that was written to");
    }
    let large_in_part = folio.len > 1
        && states.iter().any(|state| is_page(*state))
        && !states.iter().all(|state| is_page(*state));
    if large_in_part {
        return not_driven(linux, "of a large folio that some lose and others keep");
    }
    judge(linux, &states, was_on_lru(before, folio))
}

fn was_on_lru(before: &Observation, folio: &Folio) -> bool {
    folio.places.first().is_some_and(|at| before.folios[*at].lru)
}

/// The answer, by what became of the pages: the folio is gone only if none is left, nor in the swap cache.
fn judge(linux: &Linux, states: &[PageState], was_on_lru: bool) -> Answer {
    let left = states.iter().filter(|state| is_page(**state)).count();
    // Nothing but the split of a large folio puts the zero page in the place of pages that hold zeros.
    let apart = states.contains(&PageState::ZeroPage) || (1..states.len()).contains(&left);
    if states.contains(&PageState::SwapCached) {
        return Err(Errno::EBUSY);
    }
    match left {
        // Of a small folio these are mappings that stopped the walk (E6), and the cache has it.
        _ if apart => not_driven(linux, "of a folio that was taken apart on the way"),
        0 => Ok(Outcome::Ok),
        _ if was_on_lru => Err(Errno::EBUSY),
        _ => Err(Errno::EAGAIN),
    }
}
