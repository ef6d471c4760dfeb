//! Invariants of what stands inside what: entries in tables, tables and entries in VMAs, nothing
//! left behind.

use super::{NO_VMA, State};
use crate::finding::{Finding, Place};
use mm_ops::{EntrySnap, FolioFlags, Pid, Snapshot, Vpn};

/// S5: an entry stands in an existing table; where a PMD leaf stands there is no PTE table.
pub(super) fn entries_stand_in_tables(state: &State<'_>) -> Result<(), Finding> {
    let block = u32::from(state.config.ptes);
    // Entries come sorted, so most share their table with the one before.
    let mut before = None;
    for entry in &state.snapshot.entries {
        let key = (entry.pid, entry.vpn.0 / block, entry.kind.is_pmd());
        if before == Some(key) {
            continue;
        }
        before = Some(key);
        let start = Vpn(entry.vpn.0 / block * block);
        let upper = Vpn(entry.vpn.0 / (block * block) * (block * block));
        let has_ptes = has_table(state.snapshot, entry.pid, 1, start);
        if !has_table(state.snapshot, entry.pid, 2, upper) {
            return Err(missing(entry, "a PMD table above", "none"));
        }
        if has_ptes == entry.kind.is_pmd() {
            let found = if has_ptes { "a PTE table" } else { "none" };
            return Err(missing(entry, "a PTE table under a PTE, none under a leaf", found));
        }
    }
    Ok(())
}

fn has_table(snapshot: &Snapshot, pid: Pid, level: u8, vpn: Vpn) -> bool {
    let key = (pid, level, vpn);
    snapshot.tables.binary_search_by_key(&key, |t| (t.pid, t.level, t.vpn)).is_ok()
}

fn missing(entry: &EntrySnap, expected: &'static str, found: &'static str) -> Finding {
    Finding::new(Place::Entry(entry.pid, entry.vpn), "table", expected, found)
}

/// Z6: what a DROPPABLE VMA maps is not swapbacked.
pub(super) fn droppable_is_not_swapbacked(state: &State<'_>) -> Result<(), Finding> {
    for (id, folio) in state.snapshot.folios.iter().enumerate() {
        if state.tally.folios[id].droppable && folio.flags.has(FolioFlags::SWAPBACKED) {
            let place = Place::folio(state.snapshot, id as u32);
            return Err(Finding::new(place, "swapbacked", "clear in a DROPPABLE VMA", "set"));
        }
    }
    Ok(())
}

/// I1, I4, I13: entries stand only inside VMAs, whole; tables only where some VMA reaches; both
/// only in live processes.
pub(super) fn nothing_outlives_its_vma(state: &State<'_>) -> Result<(), Finding> {
    let block = u32::from(state.config.ptes);
    for (entry, vma) in state.snapshot.entries.iter().zip(&state.tally.vma_of) {
        let pages = if entry.kind.is_pmd() { block } else { 1 };
        let vma = (*vma != NO_VMA).then(|| &state.snapshot.vmas[*vma as usize]);
        if vma.is_none_or(|vma| vma.end.0 - entry.vpn.0 < pages) {
            let place = Place::Entry(entry.pid, entry.vpn);
            return Err(Finding::new(place, "vma", "a VMA around the entry", "none"));
        }
    }
    for table in &state.snapshot.tables {
        let span = if table.level == 1 { block } else { block * block };
        if !reaches_into(state.snapshot, table.pid, table.vpn, span) {
            let place = Place::Table(table.pid, table.level, table.vpn);
            return Err(Finding::new(place, "table", "a VMA in its span", "none"));
        }
    }
    let alive = |pid| state.snapshot.mms.binary_search_by_key(&pid, |mm| mm.pid).is_ok();
    match state.snapshot.vmas.iter().find(|vma| !alive(vma.pid)) {
        Some(vma) => {
            let place = Place::Vma(vma.pid, vma.start);
            Err(Finding::new(place, "vma", "only in live processes", "a dead one"))
        }
        None => Ok(()),
    }
}

/// Whether some VMA of the process has a page in the span.
fn reaches_into(snapshot: &Snapshot, pid: Pid, start: Vpn, span: u32) -> bool {
    let at = snapshot.vmas.partition_point(|vma| (vma.pid, vma.end) <= (pid, start));
    let vma = snapshot.vmas.get(at);
    vma.is_some_and(|vma| vma.pid == pid && vma.start.0 < start.0.saturating_add(span))
}

/// No folio without a reference, none and no anon_vma that nothing refers to.
pub(super) fn nothing_leaks(state: &State<'_>) -> Result<(), Finding> {
    let leaked = (state.snapshot.leaked_folios, state.snapshot.leaked_anon_vmas);
    if leaked != (0, 0) {
        let found = format_args!("{} folios and {} anon_vmas", leaked.0, leaked.1).to_string();
        return Err(Finding::new(Place::Machine, "leaked", "nothing", found));
    }
    match state.snapshot.folios.iter().position(|folio| folio.refcount == 0) {
        Some(id) => {
            let place = Place::folio(state.snapshot, id as u32);
            Err(Finding::new(place, "refcount", "a reference", "none, though in use"))
        }
        None => Ok(()),
    }
}
