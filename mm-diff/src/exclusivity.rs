//! Compares who is exclusive with what a subject found out by trying, at the end of a program.

use crate::finding::{Finding, Place};
use mm_ops::{EntryKind, Pid, Snapshot, VmaFlags, Vpn};

/// A verdict on a page: whether its entry is exclusive.
pub type Verdict = (Pid, Vpn, bool);

/// Whether a page lies in a sealed mapping, whose rights nobody can take and give back.
pub(crate) fn is_sealed(state: &Snapshot, pid: Pid, vpn: Vpn) -> bool {
    state.vmas.iter().any(|vma| {
        vma.pid == pid && vma.start <= vpn && vpn < vma.end && vma.flags.has(VmaFlags::SEALED)
    })
}

/// What the state says of every page that a subject can try: those of sealed mappings it cannot.
#[must_use]
pub fn exclusivity_of(state: &Snapshot, ptes: u16) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for entry in state.entries.iter().filter(|entry| entry.kind.maps_folio()) {
        let folio = &state.folios[entry.folio as usize];
        let exclusive = state.pages[(folio.first_page + entry.page) as usize].exclusive;
        let pages = if entry.kind == EntryKind::Leaf { u32::from(ptes) } else { 1 };
        if !is_sealed(state, entry.pid, entry.vpn) {
            verdicts.extend((0..pages).map(|at| (entry.pid, Vpn(entry.vpn.0 + at), exclusive)));
        }
    }
    verdicts.sort_unstable();
    verdicts
}

/// The first page on which two lists differ, in either verdict or presence.
pub(crate) fn difference(expected: &[Verdict], found: &[Verdict]) -> Option<Finding> {
    let at = (0..expected.len().max(found.len())).find(|at| expected.get(*at) != found.get(*at))?;
    let key = |verdict: &Verdict| (verdict.0, verdict.1);
    let (ours, theirs) = (expected.get(at), found.get(at));
    let (pid, vpn) = ours.map(key).into_iter().chain(theirs.map(key)).min()?;
    let show = |verdict: Option<&Verdict>| match verdict.filter(|v| key(v) == (pid, vpn)) {
        Some((_, _, true)) => "exclusive",
        Some((_, _, false)) => "not exclusive",
        None => "no such page",
    };
    Some(Finding::new(Place::Page(pid, vpn), "exclusive", show(ours), show(theirs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdict_and_presence_are_compared() {
        let page = |vpn, exclusive| (Pid(0), Vpn(vpn), exclusive);
        assert_eq!(difference(&[page(0, true)], &[page(0, true)]), None);
        let other = difference(&[page(0, true), page(2, true)], &[page(0, true), page(2, false)]);
        assert_eq!(other.map(|f| f.place), Some(Place::Page(Pid(0), Vpn(2))));
        let missing = difference(&[page(1, true), page(2, true)], &[page(2, true)]);
        let missing = missing.expect("a page is missing");
        assert_eq!(missing.place, Place::Page(Pid(0), Vpn(1)));
        assert_eq!(missing.found.to_string(), "no such page");
    }
}
