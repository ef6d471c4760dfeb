//! Area K: UFFDIO_MOVE.

use super::support::*;
use mm_ops::{
    Actor, ActorEnd, Choice, Config, EntryFlags, EntryKind, Errno, FolioFlags, Handle, NO_ANON_VMA,
    Op, Outcome, Pid, UffdFill, VmaFlags, Vpn,
};

/// Pages 0 to 3 and 5 are written; 8 to 15 are empty and watched.
fn watched() -> Machine {
    let mut m = Machine::after(&[mmap(0, 0, 16, RW)]);
    m.all(&[write(0, 0, b'a'), write(0, 1, b'b'), write(0, 2, b'c'), write(0, 3, b'd')]);
    m.all(&[write(0, 5, b'f'), uffd_register(0, 8, 8, true, false)]);
    m
}

/// Like it, with the anon_vma of 0 to 7 made before that of 8 to 15, and another one.
fn apart() -> Machine {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), mmap(0, 8, 8, RW)]);
    m.all(&[write(0, 0, b'a'), write(0, 1, b'b'), uffd_register(0, 8, 8, true, false)]);
    m
}

/// Leaves at 0 and 8; 16 to 31 are empty and watched.
fn leaves() -> Machine {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 32, RW), write(0, 1, b'a')]);
    m.all(&[write(0, 8, b'b'), uffd_register(0, 16, 16, true, false)]);
    m
}

#[test]
fn k1_arguments_and_vmas() {
    let mut m = watched();
    m.all(&[mmap(0, 40, 4, RW)]);
    let space = m.config.space_pages();
    assert_eq!(m.apply(uffd_move(0, 0, 0, 8)), err(Errno::EINVAL));
    assert_eq!(m.apply(uffd_move(0, 0, 2, space - 1)), err(Errno::EINVAL));
    assert_eq!(m.apply(uffd_move(0, space - 1, 2, 8)), err(Errno::EINVAL));
    assert_eq!(m.apply(uffd_move(0, 0, 1, u32::MAX)), err(Errno::EINVAL));
    assert_eq!(m.apply(uffd_move(0, 0, 2, 20)), err(Errno::ENOENT));
    assert_eq!(m.vma(0, 40).anon_vma, NO_ANON_VMA);
    assert_eq!(m.apply(uffd_move(0, 20, 2, 40)), err(Errno::ENOENT));
    assert_ne!(m.vma(0, 40).anon_vma, NO_ANON_VMA, "K1: prepared already");
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), fail_alloc(1)]);
    assert_eq!(m.apply(uffd_move(0, 20, 2, 0)), err(Errno::ENOMEM));
}

#[test]
fn k2_vmas_must_fit() {
    let mut m = watched();
    assert_eq!(m.apply(uffd_move(0, 5, 4, 8)), err(Errno::EINVAL), "behind the source");
    assert_eq!(m.apply(uffd_move(0, 0, 4, 13)), err(Errno::EINVAL), "behind the destination");
    assert_eq!(m.apply(uffd_move(0, 9, 1, 6)), err(Errno::EINVAL), "not watched");
    for spoil in [
        mprotect(0, 0, 8, R),
        mprotect(0, 8, 8, R),
        mprotect(0, 0, 16, R),
        mlock(0, 0, 8),
        mlock(0, 8, 1),
    ] {
        let mut m = watched();
        m.all(&[spoil]);
        assert_eq!(m.apply(uffd_move(0, 0, 1, 8)), err(Errno::EINVAL), "{spoil:?}");
    }
    let mut m = watched();
    m.all(&[mlock(0, 0, 8), uffd_register(0, 8, 8, false, true), mlock(0, 8, 8)]);
    m.all(&[madvise(0, 8, 8, mm_ops::Advice::DontNeedLocked)]);
    assert_eq!(
        m.apply(uffd_move(0, 0, 1, 8)),
        Outcome::Count(1),
        "both locked, watched for writes"
    );
}

#[test]
fn k3_holes_and_occupied_places() {
    let mut m = watched();
    assert_eq!(m.apply(uffd_move(0, 2, 4, 10)), Outcome::Count(2), "K10: up to the hole");
    assert_eq!(m.apply(uffd_move(0, 4, 1, 12)), err(Errno::ENOENT));
    assert_eq!(m.apply(uffd_move_holes(0, 4, 4, 12)), Outcome::Count(4));
    assert_eq!((m.label(0, 13), m.kind(0, 12)), (b'f', None));
    assert_eq!(m.apply(uffd_move(0, 0, 2, 9)), Outcome::Count(1));
    assert_eq!(m.apply(uffd_move(0, 1, 1, 10)), err(Errno::EEXIST));
    assert_eq!(m.label(0, 9), b'a');
    m.all(&[uffd_fill(0, 14, UffdFill::Poison)]);
    assert_eq!(m.apply(uffd_move(0, 1, 1, 14)), err(Errno::EEXIST), "a marker");
}

#[test]
fn k3_tables_are_made_for_holes() {
    let mut m = Machine::after(&[mmap(0, 0, 16, RW), mmap(0, 128, 16, RW)]);
    m.all(&[uffd_register(0, 128, 16, true, false)]);
    assert_eq!(m.apply(uffd_move(0, 0, 9, 128)), err(Errno::ENOENT));
    assert_eq!(m.tables(0), []);
    assert_eq!(m.apply(uffd_move_holes(0, 0, 9, 128)), Outcome::Count(9));
    assert_eq!(m.tables(0), [(1, 0), (1, 8), (1, 128), (1, 136), (2, 0), (2, 128)]);
    for nth in 1..=4 {
        let mut m =
            Machine::after(&[mmap(0, 0, 16, RW), mmap(0, 128, 16, RW), write(0, 130, b'a')]);
        m.all(&[madvise(0, 128, 16, mm_ops::Advice::DontNeed)]);
        m.all(&[uffd_register(0, 128, 16, true, false), fail_alloc(nth)]);
        let expected = [err(Errno::ENOMEM), err(Errno::ENOMEM), err(Errno::ENOMEM)];
        let expected = expected.get(nth as usize - 1).copied().unwrap_or(Outcome::Count(8));
        assert_eq!(m.apply(uffd_move_holes(0, 0, 9, 128)), expected, "allocation {nth}");
    }
}

#[test]
fn k4_the_zero_page() {
    let mut m = watched();
    m.all(&[read(0, 6)]);
    assert_eq!(m.apply(uffd_move(0, 5, 2, 8)), Outcome::Count(2));
    assert_eq!((m.kind(0, 9), m.kind(0, 6)), (Some(EntryKind::ZeroPage), None));
}

#[test]
fn k5_the_page_belongs_to_its_new_place() {
    let mut m = apart();
    let before = m.page(0, 0);
    assert_ne!(m.vma(0, 0).anon_vma, m.vma(0, 8).anon_vma);
    assert_eq!(m.apply(uffd_move(0, 0, 2, 11)), Outcome::Count(2));
    assert_eq!(m.page(0, 11), before);
    let (vma, folio) = (m.vma(0, 8), m.folio(0, 12));
    assert_eq!((folio.mapping, folio.index), (vma.anon_vma, 12));
    assert_eq!((m.label(0, 11), m.label(0, 12)), (b'a', b'b'));
    assert!(m.has(0, 11, EntryFlags::WRITE) && m.has(0, 11, EntryFlags::DIRTY));
    assert_eq!(m.apply(rmap_walk(0, 11)), mapped_by(&[0]));
    m.all(&[fork(0, 1), migrate(1, 11, 0), migrate_copy(0), migrate_end(0)]);
    assert_eq!((m.label(0, 11), m.label(1, 11)), (b'a', b'a'));
}

#[test]
fn k5_flags_of_the_new_entry() {
    let mut m = Machine::tracking();
    m.all(&[mmap(0, 0, 16, RW), write(0, 0, b'a'), write(0, 1, b'b'), read(0, 2)]);
    m.all(&[uffd_register(0, 0, 16, false, true), uffd_wp(0, 0, 1, true), clear_refs(0)]);
    m.all(&[madvise(0, 1, 1, mm_ops::Advice::Free), swap_out(0, 0)]);
    assert_eq!(m.apply(uffd_move(0, 0, 3, 8)), Outcome::Count(3));
    assert!(m.has(0, 8, EntryFlags::UFFD_WP.with(EntryFlags::SOFT_DIRTY)), "K8: a SWAP entry");
    let bits = EntryFlags::WRITE.with(EntryFlags::YOUNG).with(EntryFlags::SOFT_DIRTY);
    assert_eq!(m.entry(0, 9).map(|entry| entry.flags), Some(bits), "as dirty as it was");
    assert_eq!(m.entry(0, 10).map(|entry| entry.flags), Some(EntryFlags::YOUNG), "K4");
}

#[test]
fn k5_shared_and_pinned_pages_stay() {
    let mut m = watched();
    m.all(&[pin_r(0, 1, 1, 0), get_r(0, 0, 1, 1)]);
    assert_eq!(m.apply(uffd_move(0, 0, 4, 8)), Outcome::Count(1), "a reference does not matter");
    assert_eq!(m.apply(uffd_move(0, 1, 1, 9)), err(Errno::EBUSY));
    assert_eq!(m.folio(0, 1).index, 1);
    m.all(&[put(0), fork(0, 1)]);
    assert_eq!(m.apply(uffd_move(0, 1, 1, 9)), err(Errno::EBUSY));
    m.all(&[exit(1)]);
    assert_eq!(m.apply(uffd_move(0, 1, 1, 9)), err(Errno::EBUSY), "PAE is gone");
    m.all(&[write(0, 1, b'x')]);
    assert_eq!(m.apply(uffd_move(0, 1, 1, 9)), Outcome::Count(1));
}

#[test]
fn k5_a_lock_is_waited_for_in_vain() {
    let mut m = watched();
    m.all(&[lock(0, 1, 0)]);
    assert_eq!(m.apply(uffd_move(0, 0, 2, 8)), Outcome::Count(1));
    assert_eq!(m.apply(uffd_move(0, 1, 1, 9)), err(Errno::EINTR));
    m.all(&[drop_token(0), fork(0, 1), lock(0, 1, 0)]);
    assert_eq!(m.apply(uffd_move(0, 1, 1, 9)), err(Errno::EBUSY), "PAE comes first");
}

#[test]
fn k5_a_large_folio_is_split() {
    let large = || {
        let mut m = Machine::after(&[thp(&[2]), mmap(0, 0, 16, RW), write(0, 0, b'a')]);
        m.all(&[write(0, 1, b'b'), write(0, 2, b'c'), uffd_register(0, 8, 8, true, false)]);
        m
    };
    let mut m = large();
    assert_eq!(m.apply(uffd_move(0, 1, 3, 9)), Outcome::Count(3));
    assert_eq!((m.folio(0, 9).order.0, m.folio(0, 0).order.0), (0, 0));
    assert_eq!(m.kind(0, 11), Some(EntryKind::ZeroPage), "G10: zeros vanished");
    assert_eq!((m.label(0, 0), m.label(0, 9)), (b'a', b'b'));
    for hold in [pin_r(0, 3, 1, 0), get_r(0, 3, 1, 0)] {
        let mut m = large();
        m.all(&[hold]);
        assert_eq!(m.apply(uffd_move(0, 1, 1, 9)), err(Errno::EBUSY));
        assert_eq!(m.folio(0, 1).order.0, 2, "it cannot be split");
    }
    let mut m = large();
    m.all(&[lock(0, 3, 0)]);
    assert_eq!(m.apply(uffd_move(0, 1, 1, 9)), err(Errno::EINTR));
    // Page 0 decides whether it is split, the page itself whether it moves.
    let mut m = large();
    m.all(&[fork(0, 1), exit(1), write(0, 1, b'x'), write(0, 3, b'y')]);
    let exclusive = |m: &Machine, vpn| m.page(0, vpn).exclusive;
    assert!(!exclusive(&m, 0) && exclusive(&m, 1));
    assert_eq!(m.apply(uffd_move(0, 1, 1, 9)), err(Errno::EBUSY));
    assert_eq!(m.folio(0, 1).order.0, 2);
    m.all(&[write(0, 0, b'z')]);
    assert_eq!(m.apply(uffd_move(0, 2, 1, 9)), err(Errno::EBUSY));
    assert_eq!(m.folio(0, 2).order.0, 0, "split all the same");
}

#[test]
fn k5_page_0_counts_when_it_is_no_longer_mapped() {
    let mut m = Machine::with(Config { ptes: 16, ..Config::default() });
    m.all(&[thp(&[3]), mmap(0, 0, 32, RW), write(0, 0, b'a'), write(0, 1, b'b')]);
    m.all(&[write(0, 5, b'c'), madvise(0, 0, 1, mm_ops::Advice::DontNeed)]);
    m.all(&[uffd_register(0, 16, 16, true, false), split(0, 1, 2)]);
    assert_eq!(m.folio(0, 1).order.0, 2);
    assert_eq!(m.apply(uffd_move(0, 1, 1, 16)), Outcome::Count(1), "G10: the first piece's stays");
    assert_eq!(m.label(0, 16), b'b');
}

#[test]
fn k6_batches_cross_no_table() {
    for mut m in runs(Config::default()) {
        m.all(&[mmap(0, 0, 16, RW), mmap(0, 24, 32, RW), uffd_register(0, 24, 32, true, false)]);
        (0..16).for_each(|vpn| m.all(&[write(0, vpn, vpn as u8 + 1)]));
        assert_eq!(m.apply(uffd_move(0, 0, 16, 27)), Outcome::Count(16));
        (0..16).for_each(|vpn| assert_eq!(m.label(0, 27 + vpn), vpn as u8 + 1));
        assert_eq!(m.apply(uffd_move(0, 31, 12, 29)), err(Errno::EEXIST));
        assert_eq!(m.apply(uffd_move(0, 27, 12, 25)), Outcome::Count(12), "onto itself");
        assert_eq!((m.label(0, 25), m.label(0, 36)), (1, 12));
    }
}

#[test]
fn k7_leaves() {
    let mut m = leaves();
    let before = m.folio(0, 0);
    assert_eq!(m.apply(uffd_move(0, 0, 16, 16)), Outcome::Count(16));
    assert_eq!(m.kind(0, 16), Some(EntryKind::Leaf));
    let after = m.folio(0, 16);
    assert_eq!((after.index, after.refcount, after.order), (16, before.refcount, before.order));
    assert!(m.has(0, 16, EntryFlags::WRITE) && m.has(0, 16, EntryFlags::DIRTY));
    assert_eq!((m.label(0, 17), m.label(0, 24)), (b'a', b'b'));
    // Not aligned, or not whole, or not empty.
    for (op, moved) in
        [(uffd_move(0, 0, 8, 17), 18), (uffd_move(0, 0, 7, 16), 17), (uffd_move(0, 1, 7, 16), 16)]
    {
        let mut m = leaves();
        assert!(matches!(m.apply(op), Outcome::Count(7 | 8)), "{op:?}");
        assert_eq!((m.folio(0, moved).order.0, m.label(0, moved)), (0, b'a'), "{op:?}: split");
    }
    let mut m = leaves();
    m.all(&[uffd_fill(0, 20, UffdFill::Zero), madvise(0, 20, 1, mm_ops::Advice::DontNeed)]);
    assert!(m.tables(0).contains(&(1, 16)), "an empty table is enough");
    assert_eq!(m.apply(uffd_move(0, 0, 8, 16)), Outcome::Count(8));
    assert_eq!(m.kind(0, 17), Some(EntryKind::Page));
}

#[test]
fn k7_leaves_that_stay() {
    let mut m = leaves();
    m.all(&[pin_r(0, 1, 1, 0)]);
    assert_eq!(m.apply(uffd_move(0, 0, 8, 16)), err(Errno::EBUSY));
    assert_eq!((m.kind(0, 0), m.folio(0, 0).index), (Some(EntryKind::Leaf), 0));
    assert_eq!(m.apply(uffd_move(0, 0, 4, 16)), err(Errno::EBUSY));
    assert_eq!(m.kind(0, 0), Some(EntryKind::Page), "K5: the leaf has been split");
    let mut m = leaves();
    m.all(&[fork(0, 1)]);
    for op in [uffd_move(0, 0, 8, 16), uffd_move(0, 0, 4, 16)] {
        assert_eq!(m.apply(op), err(Errno::EBUSY));
        assert_eq!(m.kind(0, 0), Some(EntryKind::Leaf));
    }
    let mut m = leaves();
    m.all(&[lock(0, 0, 0)]);
    assert_eq!(m.apply(uffd_move(0, 0, 8, 16)), err(Errno::EINTR));
    let mut m = leaves();
    m.all(&[migrate(0, 0, 0)]);
    assert_eq!(m.apply(uffd_move(0, 0, 8, 16)), err(Errno::EINTR));
    assert_eq!(m.kind(0, 0), Some(EntryKind::MigrationLeaf));
    assert_eq!(m.apply(uffd_move(0, 0, 4, 16)), err(Errno::EINTR));
    assert_eq!(m.kind(0, 0), Some(EntryKind::Migration), "split on the way");
    let mut m = leaves();
    m.all(&[uffd_move(0, 0, 8, 16)]);
    assert_eq!(m.apply(uffd_move(0, 8, 8, 16)), err(Errno::EEXIST), "a leaf is there");
    m.all(&[migrate(0, 16, 0)]);
    assert_eq!(m.apply(uffd_move(0, 8, 8, 16)), err(Errno::EINTR), "it may go");
    assert_eq!(m.kind(0, 8), Some(EntryKind::Page));
}

#[test]
fn k7_the_huge_zero_folio() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 32, RW), read(0, 0)]);
    m.all(&[uffd_register(0, 16, 16, true, false)]);
    assert_eq!(m.apply(uffd_move(0, 0, 8, 16)), Outcome::Count(8));
    assert_eq!((m.kind(0, 0), m.kind(0, 16)), (None, Some(EntryKind::HugeZero)));
    assert_eq!(m.apply(uffd_move(0, 16, 2, 16)), err(Errno::EEXIST));
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 32, RW), read(0, 0)]);
    m.all(&[uffd_register(0, 16, 16, true, false)]);
    assert_eq!(m.apply(uffd_move(0, 0, 2, 17)), Outcome::Count(2), "G4");
    assert_eq!(
        (m.kind(0, 2), m.kind(0, 18)),
        (Some(EntryKind::ZeroPage), Some(EntryKind::ZeroPage))
    );
}

#[test]
fn k8_swap_entries() {
    let mut m = apart();
    m.all(&[swap_out(0, 0), swap_out_slowly(0, 1, 0)]);
    assert_eq!(m.kind(0, 1), Some(EntryKind::Swap));
    assert_eq!(m.apply(uffd_move(0, 0, 2, 9)), Outcome::Count(2));
    assert!(m.has(0, 9, EntryFlags::EXCLUSIVE) && m.has(0, 10, EntryFlags::EXCLUSIVE));
    m.all(&[write_done(0)]);
    assert_eq!((m.label(0, 9), m.label(0, 10)), (b'a', b'b'));
    for vpn in [9, 10] {
        assert_eq!(m.folio(0, vpn).mapping, m.vma(0, 8).anon_vma);
        assert_eq!(m.apply(rmap_walk(0, vpn)), mapped_by(&[0]));
    }
    let mut m = apart();
    m.all(&[swap_out(0, 0), madvise(0, 0, 1, mm_ops::Advice::WillNeed), uffd_move(0, 0, 1, 9)]);
    assert_eq!(
        m.folio_named_by_slot(0, 9).index,
        9,
        "one that was never mapped belongs there, too"
    );
    let mut m = apart();
    m.all(&[swap_out(0, 0), fork(0, 1)]);
    assert_eq!(m.apply(uffd_move(0, 0, 1, 9)), err(Errno::EBUSY), "not exclusive");
    let mut m = apart();
    m.all(&[swap_out_slowly(0, 0, 0), lock(0, 0, 1)]);
    assert_eq!(m.apply(uffd_move(0, 0, 1, 9)), err(Errno::EINTR));
    let mut m = Machine::after(&[thp(&[2]), mmap(0, 0, 16, RW), write(0, 0, b'a')]);
    m.all(&[uffd_register(0, 8, 8, true, false), swap_out_slowly(0, 0, 0)]);
    assert_eq!(
        m.apply(uffd_move(0, 1, 1, 9)),
        err(Errno::EBUSY),
        "cached as part of a large folio"
    );
    m.all(&[write_done(0), swap_out(0, 0)]);
    assert_eq!(m.apply(uffd_move(0, 1, 1, 9)), Outcome::Count(1));
}

#[test]
fn k9_what_does_not_move() {
    let mut m = watched();
    m.all(&[migrate(0, 0, 0), madvise(0, 4, 1, mm_ops::Advice::GuardInstall)]);
    assert_eq!(m.apply(uffd_move(0, 0, 1, 8)), err(Errno::EINTR));
    assert_eq!(m.apply(uffd_move(0, 4, 1, 8)), err(Errno::EFAULT));
    m.all(&[hwpoison(0, 1)]);
    assert_eq!(m.apply(uffd_move(0, 1, 1, 8)), err(Errno::EFAULT));
}

#[test]
fn ksm_pages_stay() {
    let mut m = watched();
    m.all(&[madvise(0, 0, 8, mm_ops::Advice::Mergeable), write(0, 1, b'a'), ksm(0, 0, 0, 1)]);
    assert!(m.folio(0, 0).flags.has(FolioFlags::KSM));
    assert_eq!(m.apply(uffd_move(0, 0, 1, 8)), err(Errno::EBUSY));
}

#[test]
fn k5_a_pin_in_between_is_seen() {
    for at in 0..6 {
        let mut m = watched();
        let handle = Handle(0);
        let actor = Actor::Gup { pid: Pid(0), vpn: Vpn(0), handle, pin: true, write: true };
        m.apply(Op::Race { actor, at: [at, at, at, at] });
        let outcome = m.apply(uffd_move(0, 0, 1, 8));
        let [Choice::Raced(end)] = m.choices[..] else { panic!("{:?}", m.choices) };
        // Before the entry is cleared the pin holds it; afterwards nothing is there.
        let pinned = at <= 1;
        assert_eq!(end == ActorEnd::Grabbed, pinned, "{at}");
        assert_eq!(outcome, if pinned { err(Errno::EBUSY) } else { Outcome::Count(1) }, "{at}");
        assert!(m.vma_has(0, 8, VmaFlags::UFFD_MISSING));
    }
}
