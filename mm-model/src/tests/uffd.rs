//! userfaultfd: what is watched, write protection, filling (rulebook A2, A5, B1, C21, H6, H7, Z3, Q7).

use super::support::*;
use mm_ops::{
    Config, EntryFlags, EntryKind, Errno, Op, Outcome, PageRange, Pid, UffdFill, UffdWpMode,
    VmaFlags,
};

fn with(uffd: UffdWpMode) -> Machine {
    Machine::with(Config { uffd, ..Config::default() })
}

/// Pages 0 and 1 are written, 2 is the zero page; the VMA is watched for write protection.
fn watched(uffd: UffdWpMode) -> Machine {
    let mut m = with(uffd);
    m.all(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), write(0, 1, b'b'), read(0, 2)]);
    m.all(&[uffd_register(0, 0, 8, false, true)]);
    m
}

#[test]
fn registering_sets_flags_splits_and_merges() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW)]);
    m.all(&[uffd_register(0, 2, 4, true, false)]);
    assert_eq!(m.vmas(0), [(0, 2), (2, 6), (6, 8)]);
    assert!(m.vma_has(0, 2, VmaFlags::UFFD_MISSING));
    m.all(&[uffd_register(0, 6, 2, true, false)]);
    assert_eq!(m.vmas(0), [(0, 2), (2, 8)]);
    m.all(&[uffd_register(0, 2, 6, false, true)]);
    assert!(m.vma_has(0, 2, VmaFlags::UFFD_WP), "what is asked for");
    assert!(!m.vma_has(0, 2, VmaFlags::UFFD_MISSING), "and nothing else");
    m.all(&[uffd_register(0, 2, 6, true, true), uffd_register(0, 2, 6, true, false)]);
    assert!(m.vma_has(0, 2, VmaFlags::UFFD_WP), "but for a watch that is enough already");
    m.all(&[uffd_unregister(0, 0, 8)]);
    assert_eq!(m.vmas(0), [(0, 8)]);
}

#[test]
fn errors_of_registering() {
    let mut m = Machine::after(&[mmap(0, 2, 2, RW), mmap_droppable(0, 6, 2)]);
    for (start, len) in [(2, 0), (0, 2), (4, 1), (2, 6), (2, 9_999)] {
        for op in [uffd_register(0, start, len, true, true), uffd_unregister(0, start, len)] {
            assert_eq!(m.apply(op), err(Errno::EINVAL), "{op:?}");
        }
    }
    assert_eq!(m.apply(uffd_register(0, 2, 2, false, false)), err(Errno::EINVAL));
    assert_eq!(m.apply(uffd_register(0, 0, 6, true, false)), Outcome::Ok, "holes are fine");
    m.all(&[fail_alloc(1)]);
    assert_eq!(m.apply(uffd_unregister(0, 3, 1)), err(Errno::ENOMEM));
}

#[test]
fn a2_a_missing_page_is_sigbus() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), uffd_register(0, 0, 8, true, false)]);
    assert_eq!(m.apply(read(0, 0)), Outcome::Bus);
    assert_eq!(m.apply(write(0, 0, b'a')), Outcome::Bus);
    assert_ne!(m.vma(0, 0).anon_vma, mm_ops::NO_ANON_VMA, "A16: prepared before");
    assert_eq!(m.apply(peek(0, 0)), err(Errno::EFAULT));
    m.all(&[fail_alloc(1)]);
    assert_eq!(m.apply(write(0, 0, b'a')), Outcome::Oom, "A16: the folio comes first");
}

#[test]
fn a7_nor_is_a_missing_block_filled() {
    let mut m =
        Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), uffd_register(0, 0, 8, true, false)]);
    assert_eq!(m.apply(read(0, 0)), Outcome::Bus);
    assert_eq!(m.apply(write(0, 0, b'a')), Outcome::Bus);
    let mm = m.snapshot().mms[0];
    assert_eq!((mm.rss_anon, mm.deposited, m.kind(0, 0)), (0, 0, None));
}

#[test]
fn a6_a_watched_vma_gets_small_folios() {
    let mut m =
        Machine::after(&[thp(&[2]), mmap(0, 0, 8, RW), uffd_register(0, 0, 8, false, true)]);
    m.all(&[write(0, 0, b'a')]);
    assert_eq!(m.folio(0, 0).order.0, 0);
}

#[test]
fn h7_b1_a_protected_page_is_sigbus_until_resolved() {
    let mut m = watched(UffdWpMode::Sync);
    m.all(&[uffd_wp(0, 0, 8, true)]);
    for vpn in 0..3 {
        assert!(m.has(0, vpn, EntryFlags::UFFD_WP) && !m.has(0, vpn, EntryFlags::WRITE));
        assert_eq!(m.apply(write(0, vpn, b'x')), Outcome::Bus);
    }
    assert_eq!((m.kind(0, 3), m.label(0, 0)), (None, b'a'));
    assert_eq!(m.apply(pin_rw(0, 0, 1, 0)), err(Errno::EFAULT));
    m.all(&[uffd_wp(0, 0, 8, false)]);
    assert!(m.has(0, 0, EntryFlags::WRITE), "H3 in the same pass");
    assert_eq!(m.entry(0, 2).map(|e| e.flags), Some(EntryFlags::YOUNG));
}

#[test]
fn h3_mprotect_leaves_the_protection_alone() {
    let mut m = watched(UffdWpMode::Sync);
    m.all(&[uffd_wp(0, 0, 1, true), mprotect(0, 0, 8, R), mprotect(0, 0, 8, RW)]);
    assert!(m.has(0, 0, EntryFlags::UFFD_WP) && !m.has(0, 0, EntryFlags::WRITE));
    assert!(m.has(0, 1, EntryFlags::WRITE));
}

#[test]
fn b1_async_resolves_at_the_fault() {
    let mut m = watched(UffdWpMode::Async);
    m.all(&[uffd_wp(0, 0, 8, true), write(0, 0, b'x')]);
    assert!(m.has(0, 0, EntryFlags::WRITE) && !m.has(0, 0, EntryFlags::UFFD_WP));
    assert!(m.has(0, 1, EntryFlags::UFFD_WP));
    assert_eq!(m.label(0, 0), b'x');
}

#[test]
fn h7_a5_empty_places_are_protected_by_markers() {
    let mut m = watched(UffdWpMode::Unpopulated);
    m.all(&[uffd_wp(0, 0, 8, true)]);
    let marker = m.entry(0, 4).expect("a marker");
    assert_eq!((marker.kind, marker.flags), (EntryKind::UffdMarker, EntryFlags::UFFD_WP));
    assert_eq!(m.label(0, 4), 0);
    assert!(m.has(0, 4, EntryFlags::UFFD_WP) && m.kind(0, 4) == Some(EntryKind::ZeroPage));
    assert_eq!(m.apply(write(0, 5, b'x')), Outcome::Bus);
    assert!(m.has(0, 5, EntryFlags::UFFD_WP.with(EntryFlags::DIRTY)), "fresh, but protected");
    assert!(!m.has(0, 5, EntryFlags::WRITE));
    m.all(&[uffd_wp(0, 0, 8, false)]);
    assert_eq!((m.kind(0, 6), m.has(0, 5, EntryFlags::WRITE)), (None, true));
}

#[test]
fn h7_tables_for_markers_can_be_refused() {
    let mut m = with(UffdWpMode::Unpopulated);
    m.all(&[mmap(0, 0, 16, RW), uffd_register(0, 0, 16, false, true), fail_alloc(3)]);
    assert_eq!(m.apply(uffd_wp(0, 4, 12, true)), err(Errno::ENOMEM), "the second PTE table");
    assert_eq!((m.kind(0, 7), m.kind(0, 8)), (Some(EntryKind::UffdMarker), None));
}

#[test]
fn a5_a_marker_nobody_watches_is_cleared() {
    let mut m = watched(UffdWpMode::Unpopulated);
    m.all(&[uffd_wp(0, 0, 8, true), uffd_register(0, 0, 8, true, false)]);
    assert_eq!(m.kind(0, 4), Some(EntryKind::UffdMarker), "registering touches no entry");
    assert_eq!(m.apply(read(0, 4)), Outcome::Bus);
    assert_eq!(m.kind(0, 4), None);
    assert_eq!(m.apply(write(0, 0, b'x')), Outcome::Ok, "B1: not in a UFFD_WP VMA");
}

#[test]
fn i2_i6_markers_go_with_dontneed_not_with_free() {
    let mut m = watched(UffdWpMode::Unpopulated);
    m.all(&[uffd_wp(0, 0, 8, true), madvise(0, 4, 2, mm_ops::Advice::Free)]);
    assert_eq!(m.kind(0, 4), Some(EntryKind::UffdMarker));
    m.all(&[madvise(0, 4, 2, mm_ops::Advice::DontNeed)]);
    assert_eq!((m.kind(0, 4), m.kind(0, 6)), (None, Some(EntryKind::UffdMarker)));
}

#[test]
fn h6_swap_entries_are_protected_and_come_back_so() {
    let mut m = watched(UffdWpMode::Sync);
    m.all(&[swap_out(0, 0), uffd_wp(0, 0, 8, true)]);
    let flags = EntryFlags::UFFD_WP.with(EntryFlags::EXCLUSIVE);
    assert!(m.has(0, 0, flags));
    assert_eq!(m.apply(write(0, 0, b'x')), Outcome::Bus);
    assert_eq!(m.kind(0, 0), Some(EntryKind::Page), "E15: it came back, protected");
    assert!(m.has(0, 0, EntryFlags::UFFD_WP) && !m.has(0, 0, EntryFlags::WRITE));
    m.all(&[swap_out(0, 0)]);
    assert!(m.has(0, 0, flags), "E4");
    m.all(&[uffd_unregister(0, 0, 8)]);
    assert_eq!(m.entry(0, 0).map(|e| e.flags), Some(EntryFlags::EXCLUSIVE), "H7");
}

#[test]
fn h7_h8_a_whole_leaf_is_protected_in_place() {
    for uffd in [UffdWpMode::Sync, UffdWpMode::Async] {
        let mut m = with(uffd);
        m.all(&[thp(&[3]), mmap(0, 0, 8, RW), write(0, 0, b'a')]);
        m.all(&[uffd_register(0, 0, 8, false, true), uffd_wp(0, 0, 8, true)]);
        assert_eq!(m.kind(0, 0), Some(EntryKind::Leaf));
        assert!(m.has(0, 0, EntryFlags::UFFD_WP) && !m.has(0, 0, EntryFlags::WRITE));
        let outcome = m.apply(write(0, 3, b'x'));
        if uffd == UffdWpMode::Sync {
            assert_eq!((outcome, m.kind(0, 0)), (Outcome::Bus, Some(EntryKind::Leaf)));
            continue;
        }
        assert_eq!((outcome, m.kind(0, 0)), (Outcome::Ok, Some(EntryKind::Page)), "B13");
        assert!(m.has(0, 2, EntryFlags::UFFD_WP) && m.has(0, 3, EntryFlags::WRITE));
    }
}

#[test]
fn h7_a_part_of_a_leaf_splits_it() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), write(0, 0, b'a')]);
    m.all(&[uffd_register(0, 0, 8, false, true), uffd_wp(0, 2, 3, true)]);
    let protected: Vec<u32> = (0..8).filter(|vpn| m.has(0, *vpn, EntryFlags::UFFD_WP)).collect();
    assert_eq!(protected, [2, 3, 4]);
}

#[test]
fn h7_protection_ends_at_the_first_page_not_watched() {
    let mut m = watched(UffdWpMode::Sync);
    m.all(&[uffd_unregister(0, 1, 1)]);
    assert_eq!(m.apply(uffd_wp(0, 0, 8, true)), err(Errno::ENOENT));
    assert!(m.has(0, 0, EntryFlags::UFFD_WP) && !m.has(0, 2, EntryFlags::UFFD_WP));
    assert_eq!(m.apply(uffd_wp(0, 0, 0, true)), err(Errno::EINVAL));
}

#[test]
fn c21_a_child_keeps_the_protection_only_with_the_flags() {
    for uffd_fork in [false, true] {
        let uffd = UffdWpMode::Unpopulated;
        let mut m = Machine::with(Config { uffd, uffd_fork, ..Config::default() });
        m.all(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), write(0, 1, b'b'), swap_out(0, 1)]);
        m.all(&[read(0, 2), pin_rw(0, 3, 1, 0), uffd_register(0, 0, 8, false, true)]);
        m.all(&[uffd_wp(0, 0, 8, true), fork(0, 1)]);
        assert_eq!(m.vma_has(1, 0, VmaFlags::UFFD_WP), uffd_fork);
        for vpn in 0..4 {
            assert!(m.has(0, vpn, EntryFlags::UFFD_WP), "the parent's stays");
            assert_eq!(m.has(1, vpn, EntryFlags::UFFD_WP), uffd_fork);
        }
        assert_eq!(m.has(1, 3, EntryFlags::WRITE), !uffd_fork, "C6: a copy");
        assert_eq!(m.kind(1, 5).is_some(), uffd_fork, "C15: the marker");
    }
}

#[test]
fn c3_tables_are_walked_for_the_markers_of_a_watched_child() {
    let mut m = Machine::with(Config {
        uffd: UffdWpMode::Unpopulated,
        uffd_fork: true,
        ..Config::default()
    });
    m.all(&[mmap(0, 0, 8, RW), uffd_register(0, 0, 8, false, true), uffd_wp(0, 0, 2, true)]);
    assert_eq!(m.vma(0, 0).anon_vma, mm_ops::NO_ANON_VMA);
    m.all(&[fork(0, 1)]);
    assert_eq!(m.kind(1, 1), Some(EntryKind::UffdMarker));
}

#[test]
fn b9_an_unshared_copy_stays_protected() {
    let mut m = watched(UffdWpMode::Sync);
    m.all(&[fork(0, 1), uffd_wp(0, 0, 1, true), pin_r(0, 0, 1, 0)]);
    assert!(m.page(0, 0).exclusive && m.has(0, 0, EntryFlags::UFFD_WP));
    assert!(!m.has(0, 0, EntryFlags::WRITE));
}

#[test]
fn d4_a_forced_write_does_not_pass_the_protection() {
    let mut m = Machine::after(&[mmap(0, 0, 8, R), poke(0, 0, b'a')]);
    m.all(&[uffd_register(0, 0, 8, false, true), uffd_wp(0, 0, 8, true)]);
    assert_eq!(m.apply(poke(0, 0, b'b')), err(Errno::EFAULT));
}

#[test]
fn z3_copy_fills_empty_places_and_markers() {
    let mut m = watched(UffdWpMode::Unpopulated);
    m.all(&[uffd_wp(0, 4, 1, true)]);
    for (vpn, wp) in [(3, false), (4, true)] {
        assert_eq!(m.apply(uffd_copy(0, vpn, b'z', wp)), Outcome::Ok);
        assert!(m.page(0, vpn).exclusive && m.has(0, vpn, EntryFlags::DIRTY));
        assert_eq!(m.has(0, vpn, EntryFlags::WRITE), !wp);
        assert_eq!(m.has(0, vpn, EntryFlags::UFFD_WP), wp);
        assert_eq!(m.label(0, vpn), b'z');
    }
    for vpn in [0, 2] {
        assert_eq!(m.apply(uffd_copy(0, vpn, b'z', false)), err(Errno::EEXIST));
    }
    m.all(&[fail_alloc(1)]);
    assert_eq!(m.apply(uffd_copy(0, 0, b'z', false)), err(Errno::ENOMEM), "the folio comes first");
    m.all(&[uffd_register(0, 5, 1, true, false), uffd_unregister(0, 7, 1)]);
    assert_eq!(m.apply(uffd_copy(0, 7, b'z', false)), err(Errno::ENOENT));
    assert_eq!(m.apply(uffd_copy(0, 9, b'z', false)), err(Errno::ENOENT));
    assert_eq!(m.apply(uffd_copy(0, 512, b'z', false)), err(Errno::EINVAL));
    assert_eq!(m.apply(uffd_copy(0, 5, b'z', true)), err(Errno::EINVAL));
    assert_eq!(m.apply(uffd_copy(0, 5, b'z', false)), Outcome::Ok);
}

#[test]
fn z3_q7_zero_and_poison_want_nothing_there() {
    let mut m = watched(UffdWpMode::Unpopulated);
    m.all(&[uffd_wp(0, 4, 1, true)]);
    assert_eq!(m.apply(uffd_fill(0, 3, UffdFill::Zero)), Outcome::Ok);
    assert_eq!(m.kind(0, 3), Some(EntryKind::ZeroPage));
    assert_eq!(m.apply(uffd_fill(0, 5, UffdFill::Poison)), Outcome::Ok);
    assert_eq!(m.apply(read(0, 5)), Outcome::Bus);
    for fill in [UffdFill::Zero, UffdFill::Poison] {
        for vpn in [0, 2, 4, 5] {
            assert_eq!(m.apply(uffd_fill(0, vpn, fill)), err(Errno::EEXIST));
        }
    }
    m.all(&[uffd_wp(0, 0, 8, true), uffd_wp(0, 0, 8, false)]);
    assert_eq!(m.kind(0, 5), Some(EntryKind::PoisonMarker), "H6: untouched");
    let populate = mm_ops::Advice::PopulateRead;
    assert_eq!(m.apply(madvise(0, 5, 1, populate)), err(Errno::EHWPOISON), "A13");
    assert_eq!(m.apply(uffd_copy(0, 5, b'c', false)), Outcome::Ok, "any marker gives way");
}

#[test]
fn z3_a_leaf_is_occupied() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), read(0, 0)]);
    m.all(&[uffd_register(0, 0, 8, true, false)]);
    assert_eq!(m.apply(uffd_copy(0, 3, b'a', false)), err(Errno::EEXIST));
}

#[test]
fn l1_a_fill_prepares_the_anon_vma_even_where_nobody_watches() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW)]);
    assert_eq!(m.apply(uffd_copy(0, 3, b'a', false)), err(Errno::ENOENT));
    assert_ne!(m.vma(0, 0).anon_vma, mm_ops::NO_ANON_VMA);
}

#[test]
fn a_sealed_vma_can_be_watched() {
    let range = PageRange::new(0, 8);
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), Op::Mseal { pid: Pid(0), range }]);
    assert_eq!(m.apply(uffd_register(0, 2, 2, false, true)), Outcome::Ok);
    assert_eq!(m.vmas(0), [(0, 2), (2, 4), (4, 8)]);
}
