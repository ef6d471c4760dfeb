//! Every invariant is broken by hand in a state that is otherwise sound, and must be the one, or
//! among those, that notice.

use super::{ALL, Checker, SHAPE};
use crate::finding::Finding;
use mm_ops::{
    Advice, AnonVmaSnap, Config, DevFlags, DevMapSnap, DevWordSnap, Device, EntryFlags, EntryKind,
    EntrySnap, FolioFlags, FolioSnap, GupFlags, Handle, HandlePage, MmSnap, NO_ANON_VMA, Op, Order,
    Outcome, PageRange, PageSnap, Pid, SlotSnap, Snapshot, TableSnap, Token, TokenKind, TokenSnap,
    Value, VmaFlags, VmaSnap, Vpn,
};

const CONFIG: Config = Config {
    ptes: 4,
    procs: 2,
    batching: mm_ops::Batching::On,
    access_bits: mm_ops::AccessBits::Exact,
    soft_dirty: false,
    huge_zero: true,
    pt_reclaim: true,
    lru_batch: false,
    swap_slots: 64,
    swap_device: mm_ops::SwapDevice::Plain,
    uffd: mm_ops::UffdWpMode::Sync,
    uffd_fork: false,
    uffd_remap: false,
    relocate: mm_ops::RelocateDesign::PinCheck,
    dev_mem: 1,
    dev_exclusive: mm_ops::DevExclusiveMode::Current,
    migdev_old: false,
    dev_thp: false,
    swap_noexcl: false,
    rmap: mm_ops::RmapScheme::AnonVma,
};
const P0: Pid = Pid(0);
const P1: Pid = Pid(1);
const D0: Device = Device(0);
const READ_WRITE: VmaFlags = VmaFlags::READ.with(VmaFlags::WRITE);
const WRITABLE: EntryFlags = EntryFlags::WRITE.with(EntryFlags::DIRTY);
const LOCKED: FolioFlags = FolioFlags::LOCKED;
const A: Value = Value::label(b'a');
const FRESH: FolioFlags = FolioFlags::SWAPBACKED.with(FolioFlags::LRU);

fn vma(pid: Pid, start: u32, end: u32, flags: VmaFlags, avs: (u32, u32, u32)) -> VmaSnap {
    let (anon_vma, avcs_start, avcs_len) = avs;
    let (start, end) = (Vpn(start), Vpn(end));
    VmaSnap { pid, start, end, pgoff: start.0, flags, anon_vma, avcs_start, avcs_len }
}

fn entry(pid: Pid, vpn: u32, kind: EntryKind, flags: EntryFlags, folio: u32) -> EntrySnap {
    EntrySnap { pid, vpn: Vpn(vpn), kind, flags, folio, page: 0 }
}

fn folio(mapping: u32, index: u32, refcount: u32, mapcount: u32, first_page: u32) -> FolioSnap {
    FolioSnap {
        order: Order(0),
        flags: FRESH,
        refcount,
        pincount: 0,
        mapcount,
        entire_mapcount: 0,
        mm_slots: [(P0, 0); 2],
        mapping,
        index,
        first_page,
    }
}

fn page(mapcount: u32, exclusive: bool) -> PageSnap {
    PageSnap { mapcount, exclusive, value: A, hwpoison: false }
}

/// p0 forked p1. f0 is shared and isolated; f1 belongs to p0; f2 is large, mapped by a PMD, and its
/// second page is pinned; f3 belongs to p1 in a DROPPABLE mapping. p1 has a zero page, a guard, a page
/// swapped out, one that is still cached (f4), and one that is under migration from f5 to f6. In the
/// DROPPABLE mapping it has a page in the memory of d0 (f7) and one that is exclusive to it (f8); a
/// device migration has collected an empty place.
fn sound() -> Snapshot {
    let mut s = Snapshot::default();
    s.mms = vec![
        MmSnap { pid: P0, has_pinned: true, rss_anon: 6, rss_swap: 0, deposited: 1 },
        MmSnap { pid: P1, has_pinned: false, rss_anon: 5, rss_swap: 2, deposited: 0 },
    ];
    s.vmas = vec![
        vma(P0, 0, 8, READ_WRITE, (0, 0, 1)),
        vma(P1, 0, 8, READ_WRITE, (1, 1, 2)),
        vma(P1, 12, 16, READ_WRITE.with(VmaFlags::DROPPABLE), (2, 3, 1)),
    ];
    s.avcs = vec![0, 1, 0, 2];
    let av =
        |root, parent, num_children| AnonVmaSnap { root, parent, num_children, num_active_vmas: 1 };
    s.anon_vmas = vec![av(0, 0, 2), av(0, 0, 0), av(2, 2, 1)];
    s.entries = vec![
        entry(P0, 0, EntryKind::Page, EntryFlags::YOUNG, 0),
        entry(P0, 1, EntryKind::Page, WRITABLE, 1),
        entry(P0, 4, EntryKind::Leaf, WRITABLE, 2),
        entry(P1, 0, EntryKind::Page, EntryFlags::YOUNG, 0),
        entry(P1, 1, EntryKind::ZeroPage, EntryFlags::YOUNG, 0),
        entry(P1, 2, EntryKind::Guard, EntryFlags::NONE, 0),
        entry(P1, 3, EntryKind::Swap, EntryFlags::EXCLUSIVE, 0),
        EntrySnap { page: 1, ..entry(P1, 6, EntryKind::Swap, EntryFlags::NONE, 0) },
        entry(P1, 7, EntryKind::Migration, EntryFlags::WRITE, 5),
        entry(P1, 12, EntryKind::Page, WRITABLE, 3),
        entry(P1, 13, EntryKind::DevPrivate, EntryFlags::WRITE, 7),
        entry(P1, 14, EntryKind::DevExclusive, EntryFlags::WRITE, 8),
    ];
    let table = |pid, level, vpn| TableSnap { pid, level, vpn: Vpn(vpn) };
    s.tables = vec![
        table(P0, 1, 0),
        table(P0, 2, 0),
        table(P1, 1, 0),
        table(P1, 1, 4),
        table(P1, 1, 12),
        table(P1, 2, 0),
    ];
    s.handles = vec![HandlePage { handle: Handle(0), folio: Some(2), page: 1 }];
    let migration = TokenKind::Migration { to: 6, copied: false };
    let range = PageRange::new(15, 1);
    let to_device = TokenKind::DevMigration { device: D0, pid: P1, range, paged: false };
    s.tokens = vec![
        TokenSnap { token: Token(0), kind: TokenKind::Isolation, folio: Some(0) },
        TokenSnap { token: Token(1), kind: migration, folio: Some(5) },
        TokenSnap { token: Token(2), kind: to_device, folio: None },
    ];
    s.dev_words = vec![DevWordSnap {
        token: Token(2),
        vpn: Vpn(15),
        src: DevFlags::MIGRATE,
        from: None,
        dst: DevFlags::NONE,
        to: None,
    }];
    let map =
        |vpn, folio| DevMapSnap { device: D0, pid: P1, vpn: Vpn(vpn), folio, page: 0, write: true };
    s.dev_maps = vec![map(13, 7), map(14, 8)];
    let slot = |slot, cache| SlotSnap { slot, count: 1, cache, zero: false, bad: false, value: A };
    s.slots = vec![slot(0, None), slot(1, Some(4))];
    s.folios = vec![
        FolioSnap { flags: FolioFlags::SWAPBACKED, ..folio(0, 0, 3, 2, 0) },
        folio(0, 1, 1, 1, 1),
        FolioSnap {
            order: Order(2),
            pincount: 1,
            entire_mapcount: 1,
            mm_slots: [(P0, 1), (P0, 0)],
            ..folio(0, 4, 2, 1, 2)
        },
        FolioSnap { flags: FolioFlags::LRU, ..folio(2, 12, 1, 1, 6) },
        FolioSnap { flags: FRESH.with(FolioFlags::SWAPCACHE), ..folio(1, 6, 1, 0, 7) },
        FolioSnap { flags: FolioFlags::SWAPBACKED.with(LOCKED), ..folio(1, 7, 1, 0, 8) },
        FolioSnap { flags: LOCKED, ..folio(NO_ANON_VMA, 0, 1, 0, 9) },
        FolioSnap { flags: FolioFlags::DEVICE_0, ..folio(2, 13, 1, 1, 10) },
        FolioSnap { flags: FolioFlags::LRU, ..folio(2, 14, 1, 1, 11) },
    ];
    s.pages = vec![
        page(2, false),
        page(1, true),
        page(0, true),
        page(0, false),
        page(0, false),
        page(0, false),
        page(1, true),
        page(0, false),
        page(0, false),
        page(0, false),
        page(1, true),
        page(1, true),
    ];
    s
}

/// A checker that knows of the pin in the sound state.
fn checker() -> Checker {
    let mut checker = Checker::default();
    checker.history.note_grab(Handle(0), P0, PageRange::new(5, 1), true);
    checker.history.learn(&sound());
    checker
}

/// An invariant, and a way to break it.
type Case = (&'static str, fn(&mut Snapshot));

const CASES: &[Case] = &[
    ("INV1", |s| s.pages[1].exclusive = false),
    ("INV1", |s| s.entries[0].flags = WRITABLE),
    ("INV2", |s| s.pages[0].exclusive = true),
    ("INV3", |s| s.pages[2].exclusive = false),
    ("INV3", |s| s.handles[0].page = 2),
    ("INV3", |s| s.entries[2].vpn = Vpn(8)),
    ("INV3", |s| s.handles.clear()),
    ("INV4", |s| s.pages[2].exclusive = false),
    ("INV5", |s| s.entries[7].page = 0),
    ("INV6", |s| s.entries[6] = EntrySnap { vpn: Vpn(3), ..s.entries[8] }),
    ("INV7", |s| s.entries[4].flags = EntryFlags::WRITE),
    ("INV7", |s| s.folios[1].flags = FRESH.with(FolioFlags::KSM)),
    ("INV8", |s| s.folios[0].mapcount = 1),
    ("INV8", |s| s.folios[2].entire_mapcount = 0),
    ("INV8", |s| s.pages[4].mapcount = 1),
    ("INV9", |s| s.folios[0].refcount = 2),
    ("INV9", |s| s.folios[2].pincount = 0),
    ("INV10", |s| s.mms[0].rss_anon = 3),
    ("INV10", |s| s.mms[1].rss_anon = 2),
    ("INV10", |s| s.mms[1].rss_swap = 0),
    ("INV11", |s| s.slots[0].count = 2),
    ("INV11", |s| _ = s.slots.remove(0)),
    ("INV11", |s| s.slots.push(SlotSnap { slot: 5, count: 0, ..s.slots[0] })),
    ("INV12", |s| s.folios[1].flags = FRESH.with(FolioFlags::SWAPCACHE)),
    ("INV12", |s| s.slots[1].cache = None),
    ("INV13", |s| _ = s.tokens.remove(1)),
    ("INV14", |s| s.folios[1].index = 2),
    ("INV14", |s| s.folios[0].mapping = 1),
    ("INV14", |s| s.anon_vmas[1].root = 1),
    ("INV15", |s| s.vmas[2].anon_vma = NO_ANON_VMA),
    ("INV15", |s| s.folios[3].mapping = NO_ANON_VMA),
    ("INV16", |s| s.entries[2].page = 1),
    ("INV17", |s| s.pages[3].exclusive = true),
    ("INV18", |s| s.folios[4].flags = FolioFlags::LRU.with(FolioFlags::SWAPCACHE)),
    ("INV19", |s| s.folios[2].mm_slots[0].1 = 2),
    ("INV19", |s| s.folios[2].mm_slots[1] = (P1, 0)),
    ("INV19", |s| s.folios[0].flags = s.folios[0].flags.with(FolioFlags::MAYBE_SHARED)),
    ("INV19", share_large),
    ("INV20", |s| s.vmas[0].flags = VmaFlags::READ),
    ("INV20", |s| {
        s.entries[1].flags = WRITABLE.with(EntryFlags::UFFD_WP);
        s.vmas[0].flags = READ_WRITE.with(VmaFlags::UFFD_WP);
    }),
    ("INV21", |s| s.entries[1].flags = WRITABLE.with(EntryFlags::PROTNONE)),
    ("INV21", |s| s.entries[5].flags = EntryFlags::YOUNG),
    ("INV21", |s| s.entries[10].flags = WRITABLE),
    ("INV22", |s| s.pages[11].exclusive = false),
    ("INV22", |s| s.entries[9].folio = 8),
    ("INV23", |s| s.pages[10].exclusive = false),
    ("INV23", |s| s.folios[7].flags = FolioFlags::NONE),
    ("INV23", |s| s.folios[7].flags = FolioFlags::DEVICE_0.with(FolioFlags::LRU)),
    ("INV24", |s| s.entries[3].flags = EntryFlags::WRITE),
    ("INV28", |s| s.mms[0].deposited = 0),
    ("INV29", |s| s.anon_vmas[0].num_children = 1),
    ("INV29", |s| s.anon_vmas[1].num_active_vmas = 0),
    ("INV29", |s| s.anon_vmas.push(s.anon_vmas[0])),
    ("INV30", |s| s.avcs[1] = 0),
    ("INV30", |s| s.avcs[2] = 2),
    ("INV32", |s| s.folios[2].flags = FRESH.with(FolioFlags::PARTIALLY_MAPPED)),
    ("INV31", |s| s.folios[4].index = 5),
    ("INV31", |s| s.folios[4].mapping = 2),
    ("INV32", |s| s.deferred.push(1)),
    ("INV34", |s| s.folios[1].index = 2),
    ("INV34", |s| s.vmas[1].pgoff = 1),
    ("INV38", |s| s.rmap_warnings = 1),
    ("M1", |s| s.anonmms.push(mm_ops::AnonmmSnap { pid: None, count: 1 })),
    ("O11", |s| s.entries[10].flags = EntryFlags::NONE),
    ("O11", |s| s.entries[11].kind = EntryKind::Page),
    ("O11", |s| s.dev_maps[1].vpn = Vpn(15)),
    ("N1", |s| s.dev_words[0].src = DevFlags::VALID),
    ("N1", |s| s.dev_words[0].vpn = Vpn(14)),
    ("N1", |s| _ = s.tokens.pop()),
    ("N7", |s| s.folios[8].flags = FolioFlags::DEVICE_0),
    ("S5", |s| _ = s.tables.remove(0)),
    ("S5", |s| _ = s.tables.remove(1)),
    ("S5", |s| s.tables.insert(1, TableSnap { pid: P0, level: 1, vpn: Vpn(4) })),
    ("S6", |s| s.folios[1].flags = FRESH.with(FolioFlags::LOCKED)),
    ("S6", |s| s.folios[0].flags = FRESH),
    ("Z6", |s| s.folios[3].flags = FRESH),
    ("I1", |s| s.vmas[0].end = Vpn(6)),
    ("I1", |s| s.vmas[1].start = Vpn(1)),
    ("I1", |s| s.tables.insert(4, TableSnap { pid: P1, level: 1, vpn: Vpn(8) })),
    ("I1", |s| _ = s.mms.pop()),
    ("LEAK", |s| s.leaked_folios = 1),
    ("LEAK", |s| s.leaked_anon_vmas = 1),
    ("LEAK", |s| s.folios[1].refcount = 0),
    (SHAPE, |s| s.entries.swap(0, 1)),
    (SHAPE, |s| s.entries[0].folio = 9),
    (SHAPE, |s| s.entries[0].page = 1),
    (SHAPE, |s| s.entries[2].vpn = Vpn(5)),
    (SHAPE, |s| s.entries[9].vpn = Vpn(64)),
    (SHAPE, |s| s.folios[3].first_page = 12),
    (SHAPE, |s| s.vmas[0].avcs_len = 9),
    (SHAPE, |s| s.avcs[0] = 9),
    (SHAPE, |s| s.mms[1].pid = Pid(9)),
    (SHAPE, |s| s.handles[0].folio = Some(9)),
    (SHAPE, |s| s.tokens[0].folio = Some(9)),
    (SHAPE, |s| s.tokens[1].kind = TokenKind::Migration { to: 9, copied: false }),
    (SHAPE, |s| s.slots[1].cache = Some(9)),
    (SHAPE, |s| s.slots.swap(0, 1)),
    (SHAPE, |s| s.deferred.push(9)),
    (SHAPE, |s| s.dev_maps[0].folio = 9),
    (SHAPE, |s| s.dev_maps.swap(0, 1)),
    (SHAPE, |s| s.dev_words[0].from = Some(9)),
    (SHAPE, |s| s.entries[8].folio = 9),
    (SHAPE, |s| s.vmas[1].end = Vpn(13)),
];

/// p1 maps the large folio as well, and the shared bit stays clear.
fn share_large(s: &mut Snapshot) {
    s.entries.insert(7, entry(P1, 4, EntryKind::Leaf, EntryFlags::YOUNG, 2));
}

#[test]
fn a_sound_state_breaks_nothing() {
    assert_eq!(checker().check_all(&sound(), &CONFIG), []);
    assert_eq!(checker().check(&sound(), &CONFIG), Ok(()));
}

#[test]
fn every_broken_invariant_is_noticed() {
    for (number, (id, break_it)) in CASES.iter().enumerate() {
        let mut state = sound();
        break_it(&mut state);
        let broken = checker().check_all(&state, &CONFIG);
        let noticed: Vec<&str> = broken.iter().map(|broken| broken.id).collect();
        assert!(noticed.contains(id), "case {number}: {id} is not among {noticed:?}");
        let first = checker().check(&state, &CONFIG);
        assert_eq!(first.err().map(|broken| broken.id), noticed.first().copied());
        let Finding { expected, found, .. } = &broken[0].finding;
        assert_ne!(expected, found, "case {number}: {id} shows no difference");
    }
}

#[test]
fn every_invariant_has_a_case() {
    for (id, _) in ALL {
        assert!(CASES.iter().any(|(case, _)| case == id), "nothing breaks {id}");
    }
}

#[test]
fn an_owner_may_unmap_what_is_pinned() {
    let mut gone = sound();
    gone.entries.remove(2);
    let range = PageRange::new(4, 4);
    let dontneed = Op::Madvise { pid: P0, range, advice: Advice::DontNeed };
    let other = Op::Madvise { pid: P1, range, advice: Advice::DontNeed };
    let lost = |op| {
        let mut checker = checker();
        checker.history.note(&op, Outcome::Ok);
        checker.check_all(&gone, &CONFIG).iter().any(|broken| broken.id == "INV3")
    };
    assert!(!lost(dontneed));
    assert!(lost(other));
    assert!(!lost(Op::Exit { pid: P0 }));
    assert!(!lost(Op::Put { handle: Handle(0), dirty: false }));
}

#[test]
fn a_reference_protects_nothing() {
    let mut checker = Checker::default();
    let flags = GupFlags::default();
    let get = Op::Gup { pid: P0, range: PageRange::new(5, 1), handle: Handle(0), flags };
    checker.history.note(&get, Outcome::Count(1));
    checker.history.learn(&sound());
    assert!(checker.history.pinned.is_empty());
    let pin = GupFlags { pin: true, ..flags };
    let pin = Op::Gup { pid: P0, range: PageRange::new(5, 1), handle: Handle(0), flags: pin };
    checker.history.note(&pin, Outcome::Count(1));
    checker.history.learn(&sound());
    assert_eq!(checker.history.pinned.len(), 1);
    assert_eq!(checker.history.exclusive.len(), 1);
}
