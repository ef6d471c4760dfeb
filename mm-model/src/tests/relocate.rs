//! MREMAP_RELOCATE_ANON (JR1 to JR16): what is relocated, what refuses, and what then is as before.

use super::random::Dice;
use super::support::*;
use mm_ops::{
    Actor, AllocKind, AllocSite, Choice, Config, EntryKind, Errno, FolioFlags, Handle, MremapFlags,
    NO_ANON_VMA, Op, Order, Outcome, PageRange, Pid, RelocateDesign, VmaSnap, Vpn,
};

pub(crate) const DESIGNS: [RelocateDesign; 6] = [
    RelocateDesign::PinCheck,
    RelocateDesign::PinIgnore,
    RelocateDesign::PmdFail,
    RelocateDesign::Collect,
    RelocateDesign::AvObject,
    RelocateDesign::Combined,
];

fn machine_of(relocate: RelocateDesign, ops: &[Op]) -> Machine {
    let mut m = Machine::with(Config { relocate, ..Config::default() });
    m.all(ops);
    m
}

/// Pages 0 and 2 of a VMA of four are written.
fn small() -> Vec<Op> {
    vec![mmap(0, 0, 4, RW), write(0, 0, b'a'), write(0, 2, b'c')]
}

/// A folio of four pages at 0 in a VMA of sixteen.
fn large() -> Vec<Op> {
    vec![thp(&[2]), mmap(0, 0, 16, RW), write(0, 0, b'a')]
}

/// A PMD leaf at 0 in a VMA of sixteen.
fn leaf() -> Vec<Op> {
    vec![thp(&[3]), mmap(0, 0, 16, RW), write(0, 0, b'a')]
}

/// Whether the folio at a page belongs to its VMA and its address (JR3).
fn is_at_home(m: &Machine, vpn: u32) -> bool {
    let entry = m.entry(0, vpn).expect("something is mapped");
    let folio = m.folio_named(0, vpn);
    let page = if entry.kind == EntryKind::Swap { 0 } else { entry.page };
    folio.index + page == vpn && folio.mapping == m.vma(0, vpn).anon_vma
}

/// The relocation fails with EFAULT and leaves nothing behind.
fn refuses(m: &mut Machine, op: Op) {
    let before = m.snapshot();
    assert_eq!(m.apply(op), err(Errno::EFAULT));
    assert_eq!(m.snapshot(), before);
}

#[test]
fn jr1_flags() {
    let op = |flags: MremapFlags| {
        let to = PageRange::new(16, 4);
        Op::Mremap { pid: Pid(0), range: PageRange::new(0, 4), to, flags }
    };
    for (relocate, must_relocate) in [(true, false), (false, true), (true, true)] {
        let mut m = Machine::after(&small());
        let flags = MremapFlags { relocate, must_relocate, ..MremapFlags::NONE };
        assert_eq!(m.apply(op(flags)), err(Errno::EINVAL), "without maymove");
        let both = MremapFlags { maymove: true, dontunmap: true, ..flags };
        assert_eq!(m.apply(op(both)), err(Errno::EINVAL), "with dontunmap");
        let flags = MremapFlags { maymove: true, fixed: true, ..flags };
        assert_eq!(m.apply(op(flags)), at(16));
        assert!(is_at_home(&m, 16));
    }
    let mut m = Machine::after(&[]);
    let flags = MremapFlags { must_relocate: true, ..MremapFlags::NONE };
    assert_eq!(m.apply(op(flags)), err(Errno::EINVAL), "before the VMA is looked for");
}

#[test]
fn jr1_what_needs_no_relocation_succeeds() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), mmap(0, 40, 4, RW), fork(0, 1)]);
    assert_eq!(m.apply(relocate_to(0, 0, 4, 16)), at(16), "nothing was written");
    // A VMA that goes back to where it was cut off merges as it is, whoever shares it.
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), write(0, 4, b'b')]);
    m.all(&[move_to(0, 4, 4, 16), fork(0, 1)]);
    assert_eq!(m.apply(relocate_to(0, 16, 4, 4)), at(4));
    assert_eq!(m.vmas(0), [(0, 8)]);
    m.all(&[move_to(0, 4, 4, 16), pin_rw(0, 16, 1, 0)]);
    assert_eq!(m.apply(relocate_to(0, 16, 4, 4)), at(4), "nor do pins matter");
}

#[test]
fn jr2_what_others_may_map_is_refused() {
    for (pid, exits) in [(0, false), (1, false), (1, true)] {
        let mut m = Machine::after(&small());
        m.all(&[fork(0, 1)]);
        if exits {
            m.all(&[exit(0), write(1, 0, b'x')]);
        }
        refuses(&mut m, relocate_to(pid, 0, 4, 16));
        assert_eq!(m.apply(relocate_if_possible(pid, 0, 4, 16)), at(16), "as always");
        assert_eq!(m.vma(pid, 16).pgoff, 0);
        assert_eq!(m.folio(pid, 16).index, 0);
    }
    let mut m = Machine::after(&small());
    m.all(&[fork(0, 1), exit(1)]);
    assert_eq!(m.apply(relocate_to(0, 0, 4, 16)), at(16), "alone again");
    assert!(!m.page(0, 16).exclusive, "JR6: that it is not exclusive is no obstacle");
}

#[test]
fn jr3_folios_belong_to_their_new_place() {
    for design in DESIGNS {
        let mut m = machine_of(design, &small());
        let old = m.vma(0, 0).anon_vma;
        m.all(&[mmap(0, 32, 4, RW), write(0, 35, b'x'), relocate_to(0, 0, 4, 16)]);
        let vma = m.vma(0, 16);
        assert_eq!((vma.pgoff, vma.avcs_len), (16, 1), "{design:?}");
        assert!(is_at_home(&m, 16) && is_at_home(&m, 18), "{design:?}");
        assert_eq!((m.label(0, 16), m.label(0, 18), m.label(0, 17)), (b'a', b'c', 0));
        // It goes on to where its neighbour ends, and they are one.
        m.all(&[relocate_to(0, 16, 4, 36)]);
        assert_eq!(m.vmas(0), [(32, 40)], "{design:?}");
        assert!(is_at_home(&m, 36) && is_at_home(&m, 35), "{design:?}");
        assert_eq!(m.apply(rmap_walk(0, 38)), mapped_by(&[0]));
        assert!(m.snapshot().anon_vmas.len() == 1 && old != NO_ANON_VMA);
    }
}

#[test]
fn jr3_a_neighbour_on_either_side_merges_and_the_source_may_be_one() {
    let mut m = Machine::after(&small());
    m.all(&[mmap(0, 16, 4, RW), write(0, 16, b'x'), mmap(0, 24, 4, RW)]);
    assert_eq!(m.apply(relocate_to(0, 0, 4, 20)), at(20));
    assert_eq!(m.vmas(0), [(16, 28)]);
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), write(0, 7, b'h')]);
    assert_eq!(m.apply(relocate_to(0, 0, 4, 8)), at(8));
    assert_eq!(m.vmas(0), [(4, 12)], "one VMA, with one anon_vma, goes on from itself");
    assert!(is_at_home(&m, 8) && is_at_home(&m, 7));
}

#[test]
fn jr1_a_move_that_grows_or_shrinks() {
    let sized = |len: u32, flags: MremapFlags| {
        let (range, to) = (PageRange::new(0, 4), PageRange::new(16, len));
        Op::Mremap { pid: Pid(0), range, to, flags }
    };
    let must = MremapFlags { maymove: true, must_relocate: true, ..MremapFlags::NONE };
    let fixed = MremapFlags { fixed: true, ..must };
    let mut m = Machine::after(&small());
    assert_eq!(m.apply(sized(6, fixed)), at(16));
    assert_eq!(m.vmas(0), [(16, 22)]);
    assert!(is_at_home(&m, 18));
    let mut m = Machine::after(&small());
    assert_eq!(m.apply(sized(1, fixed)), at(16), "the tail goes first");
    assert_eq!(m.vmas(0), [(16, 17)]);
    let mut m = Machine::after(&small());
    m.all(&[pin_rw(0, 0, 1, 0)]);
    assert_eq!(m.apply(sized(6, must)), at(0), "what grows in place moves nothing");
    assert_eq!(m.apply(sized(2, must)), at(0), "nor what shrinks there");
}

#[test]
fn jr5_pins() {
    for design in DESIGNS {
        let mut m = machine_of(design, &small());
        m.all(&[pin_rw(0, 2, 1, 0), get_r(0, 0, 1, 1)]);
        if design == RelocateDesign::PinIgnore {
            assert_eq!(m.apply(relocate_to(0, 0, 4, 16)), at(16));
            assert!(is_at_home(&m, 16) && is_at_home(&m, 18));
            continue;
        }
        refuses(&mut m, relocate_to(0, 0, 4, 16));
        assert_eq!(m.apply(relocate_if_possible(0, 0, 4, 16)), at(16), "{design:?}");
        assert_eq!((m.folio(0, 16).index, m.folio(0, 18).index), (0, 2));
        assert_eq!(m.vma(0, 16).pgoff, 0);
    }
}

#[test]
fn jr13_locks_references_and_what_is_not_there() {
    let mut m = Machine::after(&small());
    m.all(&[isolate(0, 0, 0), get_r(0, 2, 1, 0)]);
    assert_eq!(m.apply(relocate_to(0, 0, 4, 16)), at(16), "references are no obstacle");
    m.all(&[lock(0, 18, 1)]);
    refuses(&mut m, relocate_to(0, 16, 4, 24));
    assert!(m.folio(0, 18).flags.has(FolioFlags::LOCKED), "its lock is another's");
    assert!(!m.folio(0, 16).flags.has(FolioFlags::LOCKED));
    m.all(&[drop_token(1)]);
    m.all(&[read(0, 17), madvise(0, 19, 1, mm_ops::Advice::GuardInstall)]);
    assert_eq!(m.apply(relocate_to(0, 16, 4, 24)), at(24));
    assert_eq!(m.kind(0, 25), Some(EntryKind::ZeroPage));
    assert_eq!(m.kind(0, 27), Some(EntryKind::Guard));
}

#[test]
fn jr7_migration_entries_refuse() {
    for (ops, vpn) in [(small(), 2), (leaf(), 0)] {
        let mut m = Machine::after(&ops);
        m.all(&[migrate(0, vpn, 0)]);
        refuses(&mut m, relocate_to(0, 0, 4, 32));
        m.all(&[migrate_copy(0), migrate_end(0)]);
        assert_eq!(m.apply(relocate_to(0, 0, 4, 32)), at(32));
    }
}

#[test]
fn jr7_what_is_in_the_swap_cache_goes_along() {
    let mut m = Machine::after(&small());
    m.all(&[swap_out_slowly(0, 2, 0), swap_out(0, 0)]);
    assert_eq!(m.apply(relocate_to(0, 0, 4, 16)), at(16));
    assert_eq!((m.kind(0, 16), m.kind(0, 18)), (Some(EntryKind::Swap), Some(EntryKind::Swap)));
    assert_eq!(m.folio_named_by_slot(0, 18).index, 18);
    m.all(&[read(0, 18), read(0, 16)]);
    assert!(is_at_home(&m, 16) && is_at_home(&m, 18), "refaulted where they are");
    assert_eq!(m.apply(rmap_walk(0, 18)), mapped_by(&[0]));
    let mut m = Machine::after(&small());
    m.all(&[swap_out_slowly(0, 2, 0), lock(0, 2, 1)]);
    refuses(&mut m, relocate_to(0, 0, 4, 16));
    let mut m = Machine::after(&large());
    m.all(&[swap_out_slowly(0, 0, 0)]);
    refuses(&mut m, relocate_to(0, 0, 8, 32));
    assert_eq!(m.apply(relocate_if_possible(0, 0, 8, 32)), at(32));
}

#[test]
fn jr13_large_folios_are_relocated_once() {
    for design in DESIGNS {
        let mut m = machine_of(design, &large());
        // Page 0 is unmapped, page 2 another one: the folio is met at page 1, and again at page 3.
        m.all(&[madvise(0, 0, 1, mm_ops::Advice::DontNeed)]);
        m.all(&[madvise(0, 2, 1, mm_ops::Advice::DontNeed), thp(&[]), write(0, 2, b'x')]);
        assert_eq!(m.apply(relocate_to(0, 0, 8, 32)), at(32), "{design:?}");
        let folio = m.folio(0, 33);
        assert_eq!((folio.index, folio.order), (32, Order(2)), "{design:?}");
        assert!(is_at_home(&m, 34) && is_at_home(&m, 35));
    }
}

#[test]
fn jr16_folios_that_straddle_are_split_first() {
    let mut m = Machine::after(&large());
    m.all(&[write(0, 1, b'b'), write(0, 3, b'd')]);
    assert_eq!(m.apply(relocate_to(0, 0, 2, 32)), at(32));
    assert_eq!((m.folio(0, 32).order, m.folio(0, 3).order), (Order(0), Order(0)));
    assert!(is_at_home(&m, 33) && is_at_home(&m, 3));
    let mut m = Machine::after(&large());
    m.all(&[get_r(0, 0, 1, 0)]);
    refuses(&mut m, relocate_to(0, 0, 2, 32));
    let mut m = Machine::after(&large());
    m.all(&[write(0, 3, b'd'), lock(0, 3, 0)]);
    refuses(&mut m, relocate_to(0, 2, 8, 32));
    // Half of it was moved away before: the other half's range holds the span, not the mappings.
    let mut m = Machine::after(&large());
    m.all(&[write(0, 1, b'b'), write(0, 3, b'd'), move_to(0, 2, 2, 40)]);
    m.all(&[mmap(0, 2, 2, RW)]);
    assert_eq!(m.apply(relocate_to(0, 0, 2, 32)), at(32));
    assert_eq!(m.folio(0, 41).order, Order(0));
    assert!(is_at_home(&m, 33));
    assert_eq!(m.apply(rmap_walk(0, 41)), mapped_by(&[0]));
}

#[test]
fn jr16_a_split_stays_whatever_comes_of_the_relocation() {
    let mut m = Machine::after(&large());
    m.all(&[write(0, 1, b'b'), write(0, 3, b'd'), write(0, 5, b'f'), lock(0, 5, 0)]);
    assert_eq!(m.apply(relocate_to(0, 1, 7, 33)), err(Errno::EFAULT));
    assert_eq!(m.folio(0, 3).order, Order(0));
    assert_eq!((m.folio(0, 3).index, m.vmas(0)), (3, vec![(0, 16)]));
}

#[test]
fn jr13_leaves() {
    for design in DESIGNS {
        let mut m = machine_of(design, &leaf());
        if design == RelocateDesign::PmdFail {
            refuses(&mut m, relocate_to(0, 0, 8, 32));
            // One that straddles is split before anybody looks for leaves.
            assert_eq!(m.apply(relocate_to(0, 0, 4, 32)), at(32));
            assert!(is_at_home(&m, 32));
            continue;
        }
        assert_eq!(m.apply(relocate_to(0, 0, 8, 32)), at(32));
        assert_eq!(m.kind(0, 32), Some(EntryKind::Leaf), "{design:?}");
        assert!(is_at_home(&m, 32), "{design:?}");
        assert_eq!(m.apply(relocate_to(0, 32, 8, 20)), at(20));
        assert_eq!(m.kind(0, 20), Some(EntryKind::Page), "J9: not to another place in its block");
        assert_eq!((m.folio(0, 27).index, m.folio(0, 27).order), (20, Order(3)), "{design:?}");
    }
}

#[test]
fn jr14_undo_restores_every_folio() {
    for design in DESIGNS {
        let mut m = machine_of(design, &large());
        m.all(&[swap_out_slowly(0, 0, 0), thp(&[]), write(0, 8, b'i'), write(0, 9, b'j')]);
        m.all(&[swap_out_slowly(0, 9, 1), write(0, 10, b'k'), lock(0, 10, 2)]);
        refuses(&mut m, relocate_to(0, 8, 8, 40));
        assert_eq!(m.label(0, 9), b'j', "{design:?}");
        assert_eq!(m.folio(0, 9).index, 9);
    }
}

/// Which allocation fails, by its number; and what then comes of the relocation.
#[test]
fn jr12_allocations() {
    for design in DESIGNS {
        let ops = [mmap(0, 0, 16, RW), write(0, 0, b'a'), write(0, 8, b'i')];
        let (pid, vpn) = (Pid(0), Vpn(65));
        for (nth, kind) in [AllocKind::Vma, AllocKind::Avc, AllocKind::AnonVma].iter().enumerate() {
            let mut m = machine_of(design, &ops);
            m.all(&[fail_alloc(nth as u16 + 1)]);
            refuses(&mut m, relocate_to(0, 0, 16, 65));
            let site = AllocSite { kind: *kind, pid, vpn, nth: 0 };
            assert_eq!(m.choices, [Choice::AllocFailed(site)], "{design:?}");
            m.all(&[fail_alloc(nth as u16 + 1)]);
            assert_eq!(m.apply(relocate_if_possible(0, 0, 16, 65)), at(65));
            assert_eq!(m.folio(0, 65).index, 0, "{design:?}: moved as always");
        }
        for nth in 4..8 {
            for op in [relocate_to(0, 0, 16, 65), relocate_if_possible(0, 0, 16, 65)] {
                let mut m = machine_of(design, &ops);
                let before = m.snapshot();
                m.all(&[fail_alloc(nth)]);
                assert_eq!(m.apply(op), err(Errno::ENOMEM), "{design:?}: no table, {nth}");
                assert_eq!(m.snapshot(), before, "{design:?}");
            }
        }
        let mut m = machine_of(design, &ops);
        m.all(&[fail_alloc(8)]);
        assert_eq!(m.apply(relocate_to(0, 0, 16, 65)), at(65), "{design:?}: there are no more");
    }
}

#[test]
fn jr12_a_merge_that_cannot_be_is_not() {
    let ops = [mmap(0, 0, 2, RW), write(0, 0, b'a'), mmap(0, 10, 2, RW)];
    let mut m = Machine::after(&ops);
    m.all(&[relocate_to(0, 0, 2, 8)]);
    assert_eq!(m.vmas(0), [(8, 12)], "L10: the neighbour gets the anon_vma");
    assert!(is_at_home(&m, 8));
    let mut m = Machine::after(&ops);
    m.all(&[fail_alloc(5)]);
    assert_eq!(m.apply(relocate_to(0, 0, 2, 8)), at(8));
    assert_eq!(m.vmas(0), [(8, 10), (10, 12)]);
    assert!(is_at_home(&m, 8));
}

#[test]
fn j12_a_source_that_cannot_be_cut_off_is_not_accounted_for() {
    let mut m = Machine::after(&[mmap(0, 4, 4, RW), write(0, 4, b'a'), fail_alloc(4)]);
    assert_eq!(m.apply(relocate_to(0, 4, 2, 8)), at(8));
    assert_eq!(m.vmas(0), [(4, 10)], "the VMA goes on from itself, with the empty source");
    assert!(!m.vma_has(0, 8, mm_ops::VmaFlags::ACCOUNT));
}

#[test]
fn j2_each_vma_decides_for_itself() {
    let mut m = Machine::after(&[mmap(0, 0, 2, RW), mmap(0, 2, 2, R), mmap(0, 4, 2, RW)]);
    m.all(&[write(0, 0, b'a'), read(0, 2), write(0, 4, b'e'), pin_rw(0, 4, 1, 0)]);
    assert_eq!(m.apply(relocate_to(0, 0, 6, 32)), err(Errno::EFAULT));
    assert_eq!(m.vmas(0), [(4, 6), (32, 34), (34, 36)], "those before stay moved");
    assert!(is_at_home(&m, 32));
    assert_eq!(m.apply(relocate_if_possible(0, 4, 2, 36)), at(36));
    assert_eq!(m.folio(0, 36).index, 4);
}

#[test]
fn j16_the_destination_goes_even_if_nothing_comes() {
    let mut m = Machine::after(&small());
    m.all(&[pin_rw(0, 0, 1, 0), mmap(0, 16, 8, RW), write(0, 16, b'x')]);
    assert_eq!(m.apply(relocate_to(0, 0, 4, 16)), err(Errno::EFAULT));
    assert_eq!(m.vmas(0), [(0, 4), (20, 24)]);
}

#[test]
fn p6_ksm_pages_are_broken_before() {
    let mut m = Machine::after(&small());
    m.all(&[madvise(0, 0, 4, mm_ops::Advice::Mergeable), write(0, 2, b'a'), ksm(0, 0, 0, 2)]);
    assert!(m.folio(0, 0).flags.has(FolioFlags::KSM));
    assert_eq!(m.apply(relocate_to(0, 0, 4, 16)), at(16));
    assert!(!m.folio(0, 16).flags.has(FolioFlags::KSM) && is_at_home(&m, 16));
    assert!(is_at_home(&m, 18));
}

#[test]
fn jr8_a_pin_that_comes_late_harms_nothing() {
    for design in DESIGNS {
        let mut late = 0;
        for step in 1..12 {
            let mut m = machine_of(design, &small());
            m.all(&[lock(0, 2, 0)]);
            let handle = Handle(0);
            let actor = Actor::Gup { pid: Pid(0), vpn: Vpn(0), handle, pin: true, write: true };
            m.all(&[Op::Race { actor, at: [step; 4] }]);
            assert_eq!(m.apply(relocate_to(0, 0, 4, 16)), err(Errno::EFAULT), "{design:?}");
            late += u32::from(m.choices.contains(&Choice::Raced(mm_ops::ActorEnd::Grabbed)));
            assert!(is_at_home(&m, 0), "JR14: undone, {design:?}");
            assert_eq!(m.apply(rmap_walk(0, 0)), mapped_by(&[0]));
        }
        assert_eq!(late, 11, "{design:?}");
    }
}

/// One process that maps, writes and relocates within sixteen blocks, with everything that refuses.
fn op(dice: &mut Dice, ptes: u32) -> Op {
    let half = ptes / 2;
    let vpn = dice.roll(8 * ptes);
    let number = dice.roll(4) as u8;
    match dice.roll(24) {
        0..3 => mmap(0, half * dice.roll(16), half * (1 + dice.roll(8)), RW),
        3..8 => write(0, vpn, b'a' + number),
        8 => read(0, vpn),
        9 => thp(&[2, if ptes == 8 { 3 } else { 2 }][..dice.roll(3) as usize]),
        10 => swap_out(0, vpn),
        11 => swap_out_slowly(0, vpn, number),
        12 => write_done(number),
        13 if dice.roll(2) == 0 => lock(0, vpn, number),
        14 if dice.roll(2) == 0 => pin_rw(0, vpn, 1, number),
        15 => put(number),
        16 if dice.roll(3) == 0 => migrate(0, vpn, number),
        17 => migrate_end(number),
        18 => split(0, vpn, 0),
        19 => madvise(0, vpn, half, mm_ops::Advice::DontNeed),
        20..23 => {
            let unit = [1, half, half, ptes][dice.roll(4) as usize];
            let (start, len) = (unit * dice.roll(8 * ptes / unit), unit * (1 + dice.roll(6)));
            let to = unit * dice.roll(12 * ptes / unit);
            match dice.roll(3) {
                0 => relocate_if_possible(0, start, len, to),
                _ => relocate_to(0, start, len, to),
            }
        }
        _ => drop_token(number),
    }
}

/// RA-COLLECT, RA-AV-OBJECT and RA-COMBINED come to what RA-PIN-CHECK comes to, whatever the program.
#[test]
fn designs_are_told_apart_by_nobody() {
    let same = [
        RelocateDesign::PinCheck,
        RelocateDesign::Collect,
        RelocateDesign::AvObject,
        RelocateDesign::Combined,
    ];
    let (mut relocated, mut refused) = (0, 0);
    for seed in 0..1000 {
        let ptes = [4u16, 8][seed as usize % 2];
        let config = Config { ptes, soft_dirty: seed % 4 > 1, ..Config::default() };
        let mut machines = same.map(|relocate| Machine::with(Config { relocate, ..config }));
        let mut dice = Dice::of(seed);
        for _ in 0..60 {
            let op = op(&mut dice, u32::from(ptes));
            let nth = if dice.roll(6) == 0 { 1 + dice.roll(6) as u16 } else { 0 };
            let mut results = machines.iter_mut().map(|m| {
                m.apply(fail_alloc(nth));
                (m.apply(op), m.choices.clone(), m.snapshot())
            });
            let first = results.next().expect("there are four");
            for other in results {
                assert_eq!(other, first, "seed {seed}, {op:?}");
            }
            let Op::Mremap { to, .. } = op else { continue };
            let at_home = |vma: &VmaSnap| vma.pgoff == vma.start.0 && vma.avcs_len > 0;
            let there = first.2.vma_at(Pid(0), to.start).is_some_and(at_home);
            relocated += u32::from(first.0 == Outcome::At(to.start) && there);
            refused += u32::from(first.0 == err(Errno::EFAULT));
        }
    }
    assert!(relocated > 500 && refused > 500, "{relocated} relocated, {refused} refused");
}
