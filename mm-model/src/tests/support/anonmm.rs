//! What a snapshot must say where pages are found by process and address (M1, M11, M13, M14), and short
//! ways to ask for it.

use super::Machine;
use mm_ops::{
    Config, EntryFlags, EntryKind, EntrySnap, FolioFlags, NO_ANON_VMA, Pid, PidSet, RmapScheme,
    Snapshot, VmaSnap,
};

impl Machine {
    /// A machine with the scheme of 2004.
    pub(crate) fn anonmm() -> Self {
        Self::with(Config { rmap: RmapScheme::Anonmm, ..Config::default() }.sanitized())
    }

    /// The records as (process, count), head first.
    pub(crate) fn records(&self) -> Vec<(Option<u8>, u32)> {
        let records = self.snapshot().anonmms;
        records.iter().map(|record| (record.pid.map(|pid| pid.0), record.count)).collect()
    }

    /// What the page mapped at a page notes: its record's place in the list, and the address.
    pub(crate) fn noted(&self, pid: u8, vpn: u32) -> (u32, u32) {
        let folio = self.folio(pid, vpn);
        (folio.mapping, folio.index)
    }

    /// The number in the kernel's warning about early copies (M4), and rmap warnings (M16).
    pub(crate) fn warnings(&self) -> (u32, u32) {
        let snapshot = self.snapshot();
        (snapshot.mremap_cows, snapshot.rmap_warnings)
    }
}

/// Who maps each folio, and whether all of them do so where it can be found (M11).
pub(crate) fn mappings(snapshot: &Snapshot) -> Vec<(PidSet, bool)> {
    let mut found = vec![(PidSet::EMPTY, true); snapshot.folios.len()];
    for entry in snapshot.entries.iter().filter(|entry| entry.kind == EntryKind::Page) {
        let (pids, findable) = &mut found[entry.folio as usize];
        *pids = pids.with(entry.pid);
        *findable &= snapshot.folios[entry.folio as usize].index == entry.vpn.0;
    }
    found
}

/// What holds of an entry of this scheme.
pub(super) fn check_noted_entry(snapshot: &Snapshot, vma: &VmaSnap, entry: &EntrySnap) {
    let folio = &snapshot.folios[entry.folio as usize];
    assert!((folio.mapping as usize) < snapshot.anonmms.len(), "M13 at {entry:?}");
    if entry.flags.has(EntryFlags::WRITE) {
        assert_eq!(folio.mapcount, 1, "M15 at {entry:?}");
    }
    assert_eq!((vma.anon_vma, vma.avcs_len), (NO_ANON_VMA, 0), "M12 at {entry:?}");
}

/// Counts what the records claim, and that nothing is there which came later.
pub(super) fn check_records(snapshot: &Snapshot) {
    let records = &snapshot.anonmms;
    for (place, record) in records.iter().enumerate() {
        let noting = |folio: &&mm_ops::FolioSnap| folio.mapping == place as u32;
        let pages = snapshot.folios.iter().filter(noting).count() as u32;
        let of_head = if place == 0 { records.len() as u32 } else { 0 };
        assert_eq!(record.count, u32::from(record.pid.is_some()) + pages + of_head, "M1");
        assert!(record.count > u32::from(place == 0), "M1: an unused record is gone");
    }
    let mut living: Vec<Pid> = records.iter().filter_map(|record| record.pid).collect();
    living.sort_unstable();
    assert_eq!(living, snapshot.mms.iter().map(|mm| mm.pid).collect::<Vec<_>>(), "M1");
    for folio in &snapshot.folios {
        assert_eq!(folio.mapcount > 0, folio.mapping != NO_ANON_VMA, "M13, M14: {folio:?}");
        assert!(folio.order.0 == 0 && folio.flags.has(FolioFlags::SWAPBACKED));
    }
    let kinds = [EntryKind::Page, EntryKind::ZeroPage, EntryKind::Swap];
    for entry in &snapshot.entries {
        assert!(kinds.contains(&entry.kind) && !entry.flags.has(EntryFlags::EXCLUSIVE));
    }
    assert!(snapshot.pages.iter().all(|page| !page.exclusive) && snapshot.deferred.is_empty());
    assert!(snapshot.vmas.iter().all(|vma| vma.pgoff == vma.start.0), "M12");
    assert!(snapshot.mms.iter().all(|mm| !mm.has_pinned && mm.deposited == 0));
}
