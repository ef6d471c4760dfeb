//! Area J: mremap; and what it makes of area L: linear indices, merges, rmap walks.

use super::support::*;
use mm_ops::{
    Advice, AllocKind, AllocSite, Choice, Config, EntryFlags, EntryKind, Errno, FolioFlags,
    MremapFlags, NO_ANON_VMA, Op, Outcome, PageRange, Pid, UffdFill, VmaFlags, Vpn,
};

/// Pages 0 and 1 are written.
fn small() -> Machine {
    Machine::after(&[mmap(0, 0, 4, RW), write(0, 0, b'a'), write(0, 1, b'b')])
}

/// A leaf at 0, at 8 nothing.
fn leaf() -> Machine {
    Machine::after(&[thp(&[3]), mmap(0, 0, 16, RW), write(0, 0, b'a'), write(0, 5, b'b')])
}

fn with_flags(range: (u32, u32), to: (u32, u32), bits: [bool; 3]) -> Op {
    let [maymove, fixed, dontunmap] = bits;
    Op::Mremap {
        pid: Pid(0),
        range: PageRange::new(range.0, range.1),
        to: PageRange::new(to.0, to.1),
        flags: MremapFlags { maymove, fixed, dontunmap, ..MremapFlags::NONE },
    }
}

#[test]
fn j1_arguments() {
    let mut m = small();
    let space = m.config.space_pages();
    for (range, to, bits) in [
        ((0, 2), (0, 0), [true, false, false]),
        ((0, 2), (0, space + 1), [true, false, false]),
        ((0, 2), (space - 1, 2), [true, true, false]),
        ((0, 2), (u32::MAX, u32::MAX), [true, true, false]),
        ((0, 2), (16, 2), [false, true, false]),
        ((0, 2), (16, 2), [false, false, true]),
        ((0, 2), (16, 3), [true, false, true]),
        ((0, 2), (1, 2), [true, true, false]),
        ((2, 2), (1, 2), [true, true, false]),
        ((0, 0), (16, 2), [true, true, false]),
        ((0, 0), (16, 2), [true, false, false]),
    ] {
        let op = with_flags(range, to, bits);
        assert_eq!(m.apply(op), err(Errno::EINVAL), "{op:?}");
    }
    let op = with_flags((0, 2), (space + 7, 2), [true, false, false]);
    assert_eq!(m.apply(op), at(0), "the address is looked at only if it is meant");
}

#[test]
fn j1_the_vma() {
    let mut m = small();
    m.all(&[mmap(0, 8, 4, R), mseal(0, 8, 4)]);
    assert_eq!(m.apply(resize(0, 4, 2, 1)), err(Errno::EFAULT));
    assert_eq!(m.apply(resize(0, 999_999, 2, 1)), err(Errno::EFAULT));
    assert_eq!(m.apply(move_to(0, 6, 3, 32)), err(Errno::EFAULT), "J2: the first byte");
    assert_eq!(m.apply(resize(0, 8, 4, 4)), err(Errno::EPERM));
    assert_eq!(m.apply(resize(0, 2, 4, 6)), err(Errno::EFAULT), "growing what ends elsewhere");
    assert_eq!(m.apply(move_resized(0, (2, 4), (32, 3))), err(Errno::EFAULT));
    assert_eq!(m.apply(resize(0, 2, 4, 4)), at(2), "J3: nothing is looked at");
    let mut m = small();
    m.all(&[mmap(0, 8, 4, R), mseal(0, 8, 4)]);
    assert_eq!(m.apply(move_to(0, 0, 2, 9)), err(Errno::EPERM), "J16: sealed there");
    assert_eq!(m.apply(move_resized(0, (2, 3), (32, 2))), at(32), "the tail lies in no VMA");
    assert_eq!(m.vmas(0), [(0, 2), (8, 12), (32, 34)]);
}

#[test]
fn j3_a_shrink_is_a_munmap_of_the_tail() {
    let mut m = small();
    m.all(&[mmap(0, 6, 4, R), mmap(0, 10, 4, NONE)]);
    assert_eq!(m.apply(resize(0, 1, 11, 1)), at(1), "across holes and VMAs");
    assert_eq!(m.vmas(0), [(0, 2), (12, 14)]);
    assert_eq!(m.label(0, 1), b'b');
    let space = m.config.space_pages();
    assert_eq!(m.apply(resize(0, 1, space, 1)), err(Errno::EINVAL), "munmap's own test");
}

#[test]
fn j3_growing_in_place() {
    let mut m = small();
    assert_eq!(m.apply(resize(0, 1, 3, 5)), at(1));
    assert_eq!(m.vmas(0), [(0, 6)]);
    assert!(m.choices.is_empty());
    m.all(&[mmap(0, 8, 4, RW), mmap(0, 16, 4, R)]);
    assert_eq!(m.apply(resize(0, 0, 6, 8)), at(0));
    assert_eq!(m.vmas(0), [(0, 12), (16, 20)], "L10: merged with the next one");
    assert_eq!(m.apply(resize(0, 0, 12, 16)), at(0));
    assert_eq!(m.vmas(0), [(0, 16), (16, 20)]);
    assert_eq!(m.apply(resize(0, 0, 16, 17)), err(Errno::ENOMEM), "something is in the way");
    assert_eq!(m.apply(resize(0, 0, 3, 5)), err(Errno::ENOMEM), "the VMA goes on");
}

#[test]
fn j3_growing_where_the_next_vma_has_the_anon_vma() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), mmap(0, 8, 4, RW), write(0, 8, b'a')]);
    m.all(&[fail_alloc(1)]);
    assert_eq!(m.apply(resize(0, 0, 4, 8)), err(Errno::ENOMEM));
    let kind = AllocKind::Avc;
    let site = AllocSite { kind, pid: Pid(0), vpn: Vpn(0), nth: 0 };
    assert_eq!(m.choices, [Choice::AllocFailed(site)]);
    assert_eq!(m.vmas(0), [(0, 4), (8, 12)]);
    assert_eq!(m.apply(resize(0, 0, 4, 8)), at(0));
    assert_eq!(m.vmas(0), [(0, 12)]);
    assert_eq!(m.vma(0, 0).anon_vma, m.folio(0, 8).mapping);
}

#[test]
fn j3_growing_elsewhere() {
    let mut m = Machine::after(&[mmap(0, 4, 4, RW), mmap(0, 8, 4, R), mmap(0, 15, 4, R)]);
    m.all(&[write(0, 5, b'a')]);
    assert_eq!(m.apply(resize_or_move(0, 4, 4, 6)), at(19), "the lowest range long enough");
    assert_eq!(m.choices, [Choice::Placed(Vpn(19))]);
    assert_eq!(m.vmas(0), [(8, 12), (15, 19), (19, 25)]);
    assert_eq!((m.label(0, 20), m.vma(0, 19).pgoff), (b'a', 4), "J5");
    let space = m.config.space_pages();
    assert_eq!(m.apply(resize_or_move(0, 19, 6, space)), err(Errno::ENOMEM));
    assert_eq!(m.apply(resize_or_move(0, 20, 2, 4)), at(0), "a part of a VMA");
    assert_eq!(m.vmas(0), [(0, 4), (8, 12), (15, 19), (19, 20), (22, 25)]);
    assert_eq!(m.label(0, 0), b'a');
}

#[test]
fn j3_grown_locked_memory_is_populated() {
    let mut m = Machine::after(&[mmap(0, 0, 2, RW), mlock(0, 0, 2), mmap(0, 6, 1, R)]);
    assert_eq!(m.apply(resize(0, 0, 2, 4)), at(0));
    assert_eq!(m.rss(0), 4);
    assert_eq!(m.apply(resize_or_move(0, 0, 4, 7)), at(7));
    assert_eq!(m.rss(0), 7);
    m.all(&[fail_alloc(5)]);
    assert_eq!(m.apply(resize(0, 7, 7, 9)), at(7), "whatever fails there");
}

#[test]
fn j6_nothing_of_the_folio_changes() {
    let mut m = small();
    m.all(&[pin_rw(0, 0, 1, 0), fork(0, 1)]);
    let before = (m.folio(0, 1), m.page(0, 1), m.folio(0, 0));
    assert_eq!(m.apply(move_to(0, 0, 4, 33)), at(33));
    assert_eq!((m.folio(0, 34), m.page(0, 34), m.folio(0, 33)), before);
    assert_eq!(m.apply(dma_read(0, 0)), m.apply(read(0, 33)), "J6: pins go on");
    assert_eq!(m.apply(rmap_walk(1, 1)), mapped_by(&[0, 1]), "L7");
    assert_eq!(m.kind(0, 0), None);
}

#[test]
fn j7_entries_move_verbatim() {
    let config = Config { uffd: mm_ops::UffdWpMode::Unpopulated, ..Config::default() };
    let mut m = Machine::with(Config { uffd_remap: true, ..config });
    m.all(&[mmap(0, 0, 8, RW), write(0, 1, b'b'), write(0, 2, b'c'), write(0, 3, b'd')]);
    m.all(&[read(0, 0), swap_out(0, 1), fork(0, 1), write(0, 2, b'x'), migrate(0, 3, 0)]);
    m.all(&[uffd_register(0, 0, 8, false, true), uffd_wp(0, 4, 1, true)]);
    m.all(&[uffd_fill(0, 5, UffdFill::Poison), madvise(0, 6, 1, Advice::GuardInstall)]);
    let kinds = |m: &Machine, start: u32| -> Vec<_> {
        (start..start + 8)
            .map(|vpn| m.entry(0, vpn).map(|entry| (entry.kind, entry.flags, entry.page)))
            .collect()
    };
    let before = kinds(&m, 0);
    assert_eq!(m.apply(move_to(0, 0, 8, 37)), at(37));
    assert_eq!(kinds(&m, 37), before);
    assert!(before.iter().filter(|entry| entry.is_some()).count() == 7);
    m.all(&[migrate_copy(0), migrate_end(0)]);
    assert_eq!(m.kind(0, 40), Some(EntryKind::Page), "F8: restored where it is now");
    assert_eq!((m.label(0, 40), m.label(1, 3), m.label(0, 38)), (b'd', b'd', b'b'));
}

#[test]
fn j7_moved_entries_are_soft_dirty_but_not_moved_tables() {
    let mut m = Machine::tracking();
    m.all(&[mmap(0, 0, 9, RW), write(0, 0, b'a'), write(0, 8, b'b'), clear_refs(0)]);
    assert_eq!(m.apply(move_to(0, 0, 9, 64)), at(64));
    assert!(!m.has(0, 64, EntryFlags::SOFT_DIRTY), "J9: within its table");
    assert!(m.has(0, 72, EntryFlags::SOFT_DIRTY));
    m.all(&[clear_refs(0), madvise(0, 64, 1, Advice::GuardInstall)]);
    assert_eq!(m.apply(move_to(0, 64, 9, 1)), at(1));
    assert!(!m.has(0, 1, EntryFlags::SOFT_DIRTY), "S4: markers have no such bit");
}

#[test]
fn j7_j14_write_protection_goes_where_nobody_watches() {
    let config = Config { uffd: mm_ops::UffdWpMode::Unpopulated, ..Config::default() };
    for uffd_remap in [false, true] {
        let mut m = Machine::with(Config { uffd_remap, ..config });
        m.all(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), write(0, 1, b'b'), swap_out(0, 1)]);
        m.all(&[uffd_register(0, 0, 8, true, true), uffd_wp(0, 0, 3, true)]);
        assert_eq!(m.apply(move_and_keep(0, 0, 8, 64)), at(64));
        for vpn in [64, 65] {
            assert_eq!(m.has(0, vpn, EntryFlags::UFFD_WP), uffd_remap);
        }
        assert_eq!(m.kind(0, 66).is_some(), uffd_remap, "the marker");
        assert_eq!(m.vma_has(0, 64, VmaFlags::UFFD_WP), uffd_remap);
        assert_eq!(m.vma_has(0, 64, VmaFlags::UFFD_MISSING), uffd_remap);
        assert!(m.vma_has(0, 0, VmaFlags::UFFD_WP), "J14: the source keeps its own");
        assert_eq!(m.tables(0).contains(&(1, 0)), !uffd_remap, "J9: the table itself moved");
    }
}

#[test]
fn j9_tables_move_with_their_entry() {
    let mut m = Machine::new();
    m.all(&[mmap(0, 0, 64, RW), write(0, 3, b'a'), write(0, 63, b'b')]);
    assert_eq!(m.apply(move_and_keep(0, 0, 64, 64)), at(64));
    assert_eq!(m.tables(0), [(1, 64), (1, 120), (2, 64)], "a PUD entry");
    m.all(&[write(0, 5, b'c')]);
    assert_eq!(m.apply(move_and_keep(0, 64, 64, 200)), at(200));
    assert_eq!(m.tables(0), [(1, 0), (1, 200), (1, 256), (2, 0), (2, 64), (2, 192), (2, 256)]);
    assert_eq!((m.label(0, 203), m.label(0, 263)), (b'a', b'b'));
    assert_eq!((m.label(0, 5), m.label(0, 64)), (b'c', 0));
}

#[test]
fn j9_a_start_within_a_block_is_aligned_down_where_nothing_is_below() {
    let tables = |below: u32, len: u32, to: u32| {
        let mut m = Machine::new();
        m.all(&[mmap(0, below, 1, R), mmap(0, 5, 8, RW), write(0, 6, b'a'), write(0, 12, b'b')]);
        assert_eq!(m.apply(move_and_keep(0, 5, len, to)), at(to));
        assert_eq!(m.label(0, to + 1), b'a');
        m.tables(0).contains(&(1, 0))
    };
    assert!(!tables(20, 8, 69), "the table moved");
    assert!(!tables(20, 3, 69), "up to the boundary");
    assert!(tables(20, 2, 69), "not as far as the boundary");
    assert!(tables(20, 8, 70), "another offset");
    assert!(tables(0, 8, 69), "a VMA below the source");
    assert!(tables(64, 8, 69), "a VMA below the destination");
}

#[test]
fn j9_leaves() {
    let mut m = leaf();
    assert_eq!(m.apply(move_to(0, 0, 8, 64)), at(64));
    assert_eq!(m.kind(0, 64), Some(EntryKind::Leaf));
    assert_eq!((m.label(0, 64), m.label(0, 69)), (b'a', b'b'));
    assert_eq!(m.apply(move_to(0, 64, 8, 129)), at(129));
    assert_eq!(m.kind(0, 129), Some(EntryKind::Page), "J15");
    assert_eq!(m.folio(0, 129).order.0, 3, "the folio stays whole");
    assert_eq!(m.label(0, 134), b'b');
    assert_eq!(m.apply(split(0, 134, 0)), Outcome::Ok, "S22: found in two tables");
    assert_eq!(m.label(0, 134), b'b');
    let mut m = leaf();
    assert_eq!(m.apply(move_to(0, 0, 2, 64)), at(64), "a part");
    assert_eq!((m.kind(0, 64), m.kind(0, 5)), (Some(EntryKind::Page), Some(EntryKind::Page)));
    assert!(!m.folio(0, 5).flags.has(FolioFlags::PARTIALLY_MAPPED));
    for first in [migrate(0, 0, 0), read(0, 8)] {
        let mut m = leaf();
        m.all(&[first]);
        let kinds = [m.kind(0, 0), m.kind(0, 8)];
        assert_eq!(m.apply(move_to(0, 0, 16, 64)), at(64));
        assert_eq!([m.kind(0, 64), m.kind(0, 72)], kinds);
    }
}

#[test]
fn j9_a_leaf_that_moves_is_soft_dirty() {
    let mut m = Machine::tracking();
    m.all(&[thp(&[3]), mmap(0, 0, 8, RW), write(0, 0, b'a'), clear_refs(0), move_to(0, 0, 8, 8)]);
    assert_eq!(m.kind(0, 8), Some(EntryKind::Leaf));
    assert!(m.has(0, 8, EntryFlags::SOFT_DIRTY));
}

#[test]
fn j2_several_vmas_move_one_by_one() {
    let mut m = small();
    m.all(&[mmap(0, 6, 2, R), mmap(0, 8, 2, RW), write(0, 8, b'c'), mmap(0, 32, 12, NONE)]);
    assert_eq!(m.apply(move_to(0, 0, 12, 32)), at(32), "gaps within and behind");
    assert_eq!(m.vmas(0), [(32, 36), (36, 38), (38, 40), (40, 42), (42, 44)]);
    assert_eq!((m.label(0, 33), m.label(0, 40)), (b'b', b'c'));
    assert!(!m.vma_has(0, 36, VmaFlags::READ), "J2: what was behind a gap stays");
}

#[test]
fn j2_an_error_keeps_what_was_moved() {
    let mut m = small();
    m.all(&[mmap(0, 4, 2, R), mseal(0, 4, 2), mmap(0, 32, 6, NONE)]);
    assert_eq!(m.apply(move_to(0, 0, 6, 32)), err(Errno::EPERM));
    assert_eq!(m.vmas(0), [(4, 6), (32, 36), (36, 38)]);
    for (watched, expected) in [((0, 4), Errno::EFAULT), ((4, 2), Errno::EFAULT)] {
        let mut m = small();
        m.all(&[mmap(0, 4, 2, R), uffd_register(0, watched.0, watched.1, true, false)]);
        assert_eq!(m.apply(move_to(0, 0, 6, 32)), err(expected));
        let moved = watched.0 > 0;
        assert_eq!(m.vmas(0)[0] == (4, 6), moved, "J2: the one before is moved");
    }
    let mut m = small();
    m.all(&[uffd_register(0, 0, 4, true, false)]);
    assert_eq!(m.apply(move_to(0, 0, 4, 32)), at(32), "the only one");
}

#[test]
fn j4_ksm_pages_are_unmerged() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), madvise(0, 0, 4, Advice::Mergeable)]);
    m.all(&[write(0, 0, b'a'), write(0, 1, b'a'), ksm(0, 0, 0, 1), fail_alloc(1)]);
    assert_eq!(m.apply(move_to(0, 0, 2, 33)), err(Errno::ENOMEM));
    assert!(m.folio(0, 1).flags.has(FolioFlags::KSM));
    assert_eq!(m.apply(move_to(0, 0, 2, 33)), at(33));
    assert!(!m.folio(0, 33).flags.has(FolioFlags::KSM));
    assert!(m.vma_has(0, 33, VmaFlags::MERGEABLE));
    assert_eq!(m.label(0, 34), b'a');
}

#[test]
fn j4_a_ksm_page_where_ksm_may_not_look_moves_along() {
    // The child forbids merging, then the parent merges the page they share.
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), madvise(0, 0, 4, Advice::Mergeable)]);
    m.all(&[write(0, 0, b'a'), write(0, 1, b'a'), fork(0, 1)]);
    m.all(&[madvise(1, 0, 4, Advice::Unmergeable), move_to(1, 0, 1, 8), ksm(0, 0, 0, 1)]);
    assert!(m.folio(1, 8).flags.has(FolioFlags::KSM));
    assert_eq!(m.apply(rmap_walk(0, 0)), mapped_by(&[0, 1]), "L13");
    assert_eq!(m.apply(move_to(1, 8, 1, 20)), at(20));
    assert_eq!(m.apply(rmap_walk(0, 0)), mapped_by(&[0, 1]));
    m.all(&[migrate(0, 0, 0), migrate_copy(0), migrate_end(0)]);
    assert_eq!(m.kind(1, 20), Some(EntryKind::Page));
}

#[test]
fn j5_the_new_vma_keeps_linear_indices_or_has_none_to_keep() {
    let mut m = small();
    assert_eq!(m.apply(move_to(0, 1, 2, 16)), at(16));
    let (old, new) = (m.vma(0, 0), m.vma(0, 16));
    assert_eq!((new.pgoff, new.anon_vma), (1, old.anon_vma));
    assert_eq!(m.vma(0, 3).pgoff, 3);
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), read(0, 1)]);
    assert_eq!(m.apply(move_to(0, 1, 2, 16)), at(16));
    assert_eq!((m.vma(0, 16).pgoff, m.kind(0, 16)), (16, Some(EntryKind::ZeroPage)));
}

#[test]
fn j5_what_was_never_faulted_can_merge_with_itself() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), read(0, 1)]);
    assert_eq!(m.apply(move_to(0, 0, 2, 4)), at(4));
    assert_eq!(m.vmas(0), [(2, 6)]);
    assert_eq!((m.kind(0, 1), m.kind(0, 5)), (None, Some(EntryKind::ZeroPage)));
    assert_eq!(m.apply(move_and_keep(0, 2, 4, 6)), at(6));
    assert_eq!(m.vmas(0), [(2, 10)]);
    assert_eq!((m.kind(0, 5), m.kind(0, 9)), (None, Some(EntryKind::ZeroPage)));
}

#[test]
fn l10_moved_memory_merges_where_indices_and_anon_vmas_agree() {
    let mut m = small();
    m.all(&[move_to(0, 2, 2, 16), move_to(0, 0, 2, 14)]);
    assert_eq!(m.vmas(0), [(14, 18)], "the same anon_vma");
    assert_eq!(m.vma(0, 14).pgoff, 0);
    m.all(&[mmap(0, 0, 4, RW), write(0, 0, b'c'), move_to(0, 14, 4, 4)]);
    assert_eq!(m.vmas(0), [(0, 4), (4, 8)], "0 and 0 are not contiguous");
}

#[test]
fn l10_an_unfaulted_neighbour_gets_the_anon_vma_of_what_it_takes_in() {
    let setup = [
        mmap(0, 8, 4, RW),
        write(0, 8, b'a'),
        move_to(0, 8, 4, 32),
        mmap(0, 4, 4, RW),
        mmap(0, 12, 4, RW),
    ];
    let mut m = Machine::after(&setup);
    assert_eq!(m.apply(move_to(0, 32, 4, 8)), at(8));
    assert_eq!(m.vmas(0), [(4, 16)], "both neighbours");
    assert_eq!(m.vma(0, 4).anon_vma, m.folio(0, 8).mapping, "fixed in 6.18.8");
    assert_eq!(m.apply(rmap_walk(0, 8)), mapped_by(&[0]));
    let mut m = Machine::after(&setup);
    m.all(&[fail_alloc(1)]);
    assert_eq!(m.apply(move_to(0, 32, 4, 8)), err(Errno::ENOMEM));
    let kind = AllocKind::Avc;
    let site = AllocSite { kind, pid: Pid(0), vpn: Vpn(8), nth: 0 };
    assert_eq!(m.choices, [Choice::AllocFailed(site)]);
    assert_eq!(m.label(0, 32), b'a');
    let mut m = Machine::after(&setup);
    m.all(&[write(0, 4, b'b'), move_to(0, 32, 4, 8)]);
    assert_eq!(m.vmas(0), [(4, 8), (8, 16)], "two anon_vmas stay two VMAs");
    let mut m = Machine::after(&setup);
    m.all(&[fork(0, 1), move_to(1, 32, 4, 8)]);
    assert_eq!(m.vmas(1), [(4, 8), (8, 12), (12, 16)], "a chain of two");
}

#[test]
fn j11_a_failed_move_is_moved_back() {
    for nth in 1..=7 {
        let mut m = Machine::after(&[mmap(0, 0, 16, RW), write(0, 0, b'a'), write(0, 9, b'b')]);
        let before = m.snapshot();
        m.all(&[fail_alloc(nth)]);
        let outcome = m.apply(move_to(0, 0, 16, 65));
        if nth == 7 {
            assert_eq!(outcome, at(65));
            continue;
        }
        assert_eq!(outcome, err(Errno::ENOMEM), "allocation {nth}");
        assert_eq!(m.snapshot(), before, "allocation {nth}");
    }
}

#[test]
fn j11_a_failed_move_of_a_leaf_leaves_it_split() {
    let mut m = leaf();
    m.all(&[write(0, 8, b'c'), fail_alloc(5)]);
    assert_eq!(m.apply(move_to(0, 0, 16, 65)), err(Errno::ENOMEM));
    assert_eq!((m.kind(0, 0), m.kind(0, 8)), (Some(EntryKind::Page), Some(EntryKind::Leaf)));
    assert_eq!((m.label(0, 5), m.label(0, 8)), (b'b', b'c'));
    assert_eq!(m.vmas(0), [(0, 16)]);
}

#[test]
fn j11_a_source_that_cannot_be_split_stays_empty() {
    let mut m = small();
    m.all(&[fail_alloc(5)]);
    assert_eq!(m.apply(move_to(0, 1, 2, 9)), at(9));
    assert!(!m.choices.is_empty());
    assert_eq!(m.vmas(0), [(0, 4), (9, 11)]);
    assert_eq!((m.kind(0, 1), m.label(0, 9)), (None, b'b'));
    assert!(!m.vma_has(0, 1, VmaFlags::ACCOUNT), "it is not accounted for any more");
}

#[test]
fn j12_dontunmap_leaves_an_empty_vma() {
    let mut m = small();
    m.all(&[mlock(0, 0, 4)]);
    assert_eq!(m.apply(move_near(0, 0, 4, 32)), at(32));
    assert_eq!(m.choices, [Choice::Placed(Vpn(32))]);
    assert!(!m.vma_has(0, 0, VmaFlags::LOCKED) && m.vma_has(0, 32, VmaFlags::LOCKED));
    assert_eq!(m.vma(0, 0).anon_vma, NO_ANON_VMA);
    assert_eq!((m.label(0, 0), m.label(0, 32)), (0, b'a'));
    assert_eq!(m.apply(move_near(0, 32, 2, 33 + 2)), at(4), "occupied: elsewhere");
    assert_ne!(m.vma(0, 32).anon_vma, NO_ANON_VMA, "a part");
    assert!(!m.vma_has(0, 35, VmaFlags::LOCKED), "of the whole VMA");
    m.all(&[write(0, 32, b'c')]);
    assert_eq!(m.folio(0, 32).mapping, m.folio(0, 4).mapping, "J13: the same place twice");
    assert_eq!(m.folio(0, 32).index, m.folio(0, 4).index);
    assert_eq!(m.apply(rmap_walk(0, 32)), mapped_by(&[0]));
    m.all(&[migrate(0, 4, 0), migrate_copy(0), migrate_end(0)]);
    assert_eq!((m.label(0, 4), m.label(0, 32)), (b'a', b'c'), "L7: the frame decides");
}

#[test]
fn j13_a_neighbour_may_lend_the_old_anon_vma_again() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), write(0, 7, b'b')]);
    m.all(&[madvise(0, 4, 4, Advice::DontFork), move_and_keep(0, 0, 4, 32)]);
    m.all(&[write(0, 0, b'c')]);
    assert_ne!(m.vma(0, 0).anon_vma, m.vma(0, 32).anon_vma, "flags differ: none is lent");
    let mut m = Machine::after(&[mmap_droppable(0, 0, 8), write(0, 0, b'a'), write(0, 7, b'b')]);
    m.all(&[mprotect(0, 4, 4, R), move_and_keep(0, 0, 4, 32), write(0, 0, b'c')]);
    assert_eq!(m.vma(0, 0).anon_vma, m.vma(0, 32).anon_vma);
    assert_eq!(m.folio(0, 0).index, m.folio(0, 32).index);
    let mut m = Machine::after(&[mmap_droppable(0, 0, 4), write(0, 0, b'a')]);
    m.all(&[move_to(0, 0, 4, 32), mmap_droppable(0, 36, 4), mprotect(0, 36, 4, R)]);
    m.all(&[poke(0, 36, b'b')]);
    assert_ne!(m.vma(0, 36).anon_vma, m.vma(0, 32).anon_vma, "L1: indices are not contiguous");
}

#[test]
fn j16_what_is_unmapped_stays_unmapped() {
    let mut m = small();
    m.all(&[mmap(0, 32, 4, RW), write(0, 32, b'x'), fail_alloc(1)]);
    assert_eq!(m.apply(move_resized(0, (0, 4), (32, 4))), err(Errno::ENOMEM));
    assert_eq!(m.vmas(0), [(0, 4)]);
    m.all(&[fail_alloc(3)]);
    assert_eq!(m.apply(move_resized(0, (0, 4), (32, 2))), err(Errno::ENOMEM));
    assert_eq!(m.vmas(0), [(0, 2)], "the tail");
    assert_eq!(m.label(0, 1), b'b');
}

#[test]
fn s22_a_folio_in_two_vmas_of_a_process() {
    let mut m = Machine::after(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 0, b'a')]);
    m.all(&[write(0, 3, b'd'), move_to(0, 2, 2, 21), fork(0, 1)]);
    assert_eq!(m.folio(0, 0), m.folio(0, 21));
    assert_eq!(m.folio(0, 0).mapcount, 8);
    assert_eq!(m.apply(rmap_walk(1, 22)), mapped_by(&[0, 1]));
    m.all(&[munmap(1, 0, 8), munmap(0, 20, 8)]);
    assert_eq!(m.apply(rmap_walk(0, 0)), mapped_by(&[0, 1]), "each its own half");
    m.all(&[migrate(0, 0, 0), migrate_copy(0), migrate_end(0)]);
    assert_eq!((m.label(0, 0), m.label(1, 22)), (b'a', b'd'));
    assert_eq!(m.apply(swap_out(0, 0)), Outcome::Ok);
    assert_eq!((m.kind(0, 0), m.kind(1, 22)), (Some(EntryKind::Swap), Some(EntryKind::Swap)));
    assert_eq!((m.label(0, 0), m.label(1, 22)), (b'a', b'd'));
}

#[test]
fn each_allocation_fails_in_turn_and_content_stays() {
    let setup = [
        thp(&[2, 3]),
        mmap(0, 0, 24, RW),
        write(0, 3, b'a'),
        write(0, 9, b'b'),
        madvise(0, 16, 8, Advice::NoHugePage),
        write(0, 17, b'c'),
        swap_out(0, 17),
        mmap(0, 70, 8, RW),
    ];
    for op in
        [move_to(0, 0, 24, 68), move_and_keep(0, 2, 18, 67), move_resized(0, (1, 9), (66, 30))]
    {
        for nth in 1..40 {
            let mut m = Machine::after(&setup);
            m.all(&[fail_alloc(nth)]);
            let outcome = m.apply(op);
            let failed = !m.choices.is_empty();
            let moved = matches!(outcome, Outcome::At(_));
            assert!(moved || outcome == err(Errno::ENOMEM));
            if !failed {
                break;
            }
            let snapshot = m.snapshot();
            let labels: Vec<u8> = snapshot.pages.iter().map(|page| page.value.label).collect();
            assert!(labels.contains(&b'a') && labels.contains(&b'b'), "{op:?}, {nth}");
            m.all(&[exit(0), Op::Swapoff]);
            assert_eq!(m.model.tables.in_use(), 0);
        }
    }
}

#[test]
fn indices_cannot_wrap() {
    let mut m = Machine::with(Config { ptes: 512, ..Config::default() });
    let space = m.config.space_pages();
    let half = space / 2;
    m.all(&[mmap(0, 0, 1, RW), write(0, 0, b'a')]);
    let mut start = 0;
    for turn in 0.. {
        assert!(turn < 100, "it ends");
        let to = if start < half { half } else { 0 };
        let grown = move_resized(0, (start, 1), (to, half - 1));
        match m.apply(grown) {
            Outcome::At(_) => m.all(&[munmap(0, to, half - 2)]),
            outcome => {
                assert_eq!(outcome, err(Errno::EINVAL));
                break;
            }
        }
        start = to + half - 2;
    }
}
