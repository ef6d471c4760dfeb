//! Invariants of the anonmm scheme: the records of the group count right, and every page is where its
//! noted address says, in every process that maps it.

use super::State;
use crate::finding::{Finding, Place};
use mm_ops::{EntrySnap, FolioSnap, NO_ANON_VMA, RmapScheme, Snapshot};

impl State<'_> {
    /// Whether the program has the scheme of 2004: then nothing that speaks of anon_vmas or of exclusive
    /// pages is to be asked for.
    pub(super) fn anonmm(&self) -> bool {
        self.config.rmap == RmapScheme::Anonmm
    }
}

/// Entries that map a page elsewhere than it notes, each with its folio's number and the folio.
pub(super) fn misplaced(
    snapshot: &Snapshot,
) -> impl Iterator<Item = (&EntrySnap, u32, &FolioSnap)> {
    let mapping = snapshot.entries.iter().filter(|entry| entry.kind.maps_folio());
    let folio = |entry: &EntrySnap| snapshot.folios.get(entry.folio as usize);
    mapping.filter_map(move |entry| {
        let folio = folio(entry)?;
        (folio.index != entry.vpn.0).then_some((entry, entry.folio, folio))
    })
}

/// M1 (with M13, M14): every live process has one record; a record counts its process, the pages that
/// note it and, if it is the head, the list; one that counts nothing is gone. A page notes a record while
/// it is mapped. The other scheme has no records.
pub(super) fn records_add_up(state: &State<'_>) -> Result<(), Finding> {
    let Snapshot { anonmms, mms, folios, .. } = state.snapshot;
    if !state.anonmm() {
        let none = anonmms.is_empty();
        return require(none, Place::Machine, "anonmms", "none in this scheme", anonmms.len());
    }
    for mm in mms {
        let own = anonmms.iter().filter(|record| record.pid == Some(mm.pid)).count();
        require(own == 1, Place::Mm(mm.pid), "record", "one record of its own", own)?;
    }
    for (id, record) in (0u32..).zip(anonmms) {
        let lives = record.pid.is_some_and(|pid| mms.iter().any(|mm| mm.pid == pid));
        let place = Place::AnonVma(id);
        require(lives == record.pid.is_some(), place, "pid", "a live process", "one that ended")?;
        let noting = folios.iter().filter(|folio| folio.mapping == id).count();
        let members = if id == 0 { anonmms.len() } else { 0 };
        let expected = u32::from(lives) + (noting + members) as u32;
        require(expected == record.count, place, "count", expected, record.count)?;
        let last = if id == 0 { 1 } else { 0 };
        let used = record.count > last;
        require(used, place, "count", "a record that is in use", record.count)?;
    }
    for (id, folio) in (0u32..).zip(folios) {
        let noted = folio.mapping != NO_ANON_VMA;
        let place = Place::folio(state.snapshot, id);
        let mapped = folio.mapcount > 0;
        require(noted == mapped, place, "mapping", "a record while it is mapped", "otherwise")?;
    }
    Ok(())
}

/// INV38 (M11): a page is mapped at the address it notes and nowhere else, in whichever process; and a
/// walk that looks there finds every mapping, so it never warns (M16). Excused is a page whose copy could
/// not be made for lack of memory (M7, M10), until it is as it should be again.
pub(super) fn pages_are_where_they_note(state: &State<'_>) -> Result<(), Finding> {
    let warnings = state.snapshot.rmap_warnings;
    if warnings > 0 && !(state.anonmm() && state.history.had_lost_pages()) {
        return Err(Finding::new(Place::Machine, "rmap_warnings", 0, warnings));
    }
    if !state.anonmm() {
        return Ok(());
    }
    for (entry, id, folio) in misplaced(state.snapshot) {
        if !state.history.is_lost(state.snapshot, id) {
            let place = Place::Entry(entry.pid, entry.vpn);
            return Err(Finding::new(place, "index", entry.vpn.0, folio.index));
        }
    }
    Ok(())
}

fn require(
    holds: bool,
    place: Place,
    field: &'static str,
    expected: impl ToString,
    found: impl ToString,
) -> Result<(), Finding> {
    if holds {
        return Ok(());
    }
    Err(Finding::new(place, field, expected.to_string(), found.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::invariants::{Broken, Checker};
    use mm_ops::{
        AnonmmSnap, Config, EntryFlags, EntryKind, EntrySnap, FolioFlags, FolioSnap, MmSnap, Op,
        Order, Outcome, PageSnap, Pid, RmapScheme, Snapshot, TableSnap, Value, VmaFlags, VmaSnap,
        Vpn,
    };

    const P0: Pid = Pid(0);
    const P2: Pid = Pid(2);

    /// p0 forked p1, which forked p2 and ended; p0 and p2 share the page that p1 wrote.
    fn sound() -> Snapshot {
        let vma = |pid| VmaSnap {
            pid,
            start: Vpn(0),
            end: Vpn(2),
            pgoff: 0,
            flags: VmaFlags::READ.with(VmaFlags::WRITE),
            anon_vma: mm_ops::NO_ANON_VMA,
            avcs_start: 0,
            avcs_len: 0,
        };
        let mm = |pid| MmSnap { pid, has_pinned: false, rss_anon: 1, rss_swap: 0, deposited: 0 };
        let entry = |pid| EntrySnap {
            pid,
            vpn: Vpn(1),
            kind: EntryKind::Page,
            flags: EntryFlags::YOUNG,
            folio: 0,
            page: 0,
        };
        let table = |pid, level| TableSnap { pid, level, vpn: Vpn(0) };
        let mut s = Snapshot::default();
        s.mms = vec![mm(P0), mm(P2)];
        s.vmas = vec![vma(P0), vma(P2)];
        s.entries = vec![entry(P0), entry(P2)];
        s.tables = vec![table(P0, 1), table(P0, 2), table(P2, 1), table(P2, 2)];
        s.anonmms = vec![
            AnonmmSnap { pid: Some(P0), count: 4 },
            AnonmmSnap { pid: None, count: 1 },
            AnonmmSnap { pid: Some(P2), count: 1 },
        ];
        s.folios = vec![FolioSnap {
            order: Order(0),
            flags: FolioFlags::SWAPBACKED.with(FolioFlags::LRU),
            refcount: 2,
            pincount: 0,
            mapcount: 2,
            entire_mapcount: 0,
            mm_slots: [(P0, 0); 2],
            mapping: 1,
            index: 1,
            first_page: 0,
        }];
        let value = Value::label(b'a');
        s.pages = vec![PageSnap { mapcount: 2, exclusive: false, value, hwpoison: false }];
        s.frames.0 = vec![7];
        s
    }

    fn config() -> Config {
        Config { ptes: 4, rmap: RmapScheme::Anonmm, ..Config::default() }.sanitized()
    }

    /// The invariants that a state breaks after an operation in which memory may have failed.
    fn broken(snapshot: &Snapshot, failed: bool) -> Option<&'static str> {
        let mut checker = Checker::default();
        checker.memory_failed(failed);
        let op = Op::Exit { pid: Pid(1) };
        let judged = checker.step(&op, Outcome::Ok, snapshot, &config());
        judged.err().map(|Broken { id, .. }| id)
    }

    /// An invariant, and a way to break it.
    type Case = (&'static str, fn(&mut Snapshot));

    #[test]
    fn each_is_noticed() {
        assert_eq!(broken(&sound(), false), None);
        let cases: [Case; 8] = [
            ("M1", |s| s.anonmms[0].count = 3),
            ("M1", |s| s.anonmms[1].pid = Some(Pid(1))),
            ("M1", |s| s.folios[0].mapping = 0),
            ("M1", |s| _ = s.anonmms.pop()),
            ("M1", |s| s.folios[0].mapping = mm_ops::NO_ANON_VMA),
            ("INV38", |s| s.folios[0].index = 0),
            ("INV38", |s| s.rmap_warnings = 1),
            ("INV24", |s| s.entries[0].flags = EntryFlags::WRITE),
        ];
        for (number, (id, break_it)) in cases.into_iter().enumerate() {
            let mut state = sound();
            break_it(&mut state);
            assert_eq!(broken(&state, false), Some(id), "case {number}");
        }
    }

    #[test]
    fn what_lack_of_memory_left_out_of_place_is_excused_while_it_is() {
        let mut lost = sound();
        lost.folios[0].index = 0;
        assert_eq!(broken(&lost, true), None);
        let mut checker = Checker::default();
        let mut step = |failed, snapshot: &Snapshot| {
            checker.memory_failed(failed);
            let op = Op::Exit { pid: Pid(1) };
            checker.step(&op, Outcome::Ok, snapshot, &config()).map_err(|broken| broken.id)
        };
        assert_eq!(step(true, &lost), Ok(()));
        let mut warned = lost.clone();
        warned.rmap_warnings = 1;
        assert_eq!(step(false, &warned), Ok(()));
        assert_eq!(step(false, &sound()), Ok(()));
        assert_eq!(step(false, &lost), Err("INV38"), "it had been found again");
    }
}
