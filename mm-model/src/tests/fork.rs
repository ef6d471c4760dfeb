//! Area C: fork.

use super::support::*;
use mm_ops::{
    Advice, Choice, EntryFlags, EntryKind, Errno, GupFlags, NO_ANON_VMA, Outcome, VmaFlags,
};

#[test]
fn sharing_write_protects_both_and_takes_pae() {
    let m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), fork(0, 1)]);
    assert!(!m.page(0, 3).exclusive, "C4");
    assert!(!m.has(0, 3, EntryFlags::WRITE) && !m.has(1, 3, EntryFlags::WRITE), "C4, INV24");
    assert!(m.has(0, 3, EntryFlags::YOUNG) && !m.has(1, 3, EntryFlags::YOUNG), "C4");
    assert!(m.has(1, 3, EntryFlags::DIRTY), "C4: dirty is kept");
    assert_eq!((m.folio(0, 3).refcount, m.folio(0, 3).mapcount, m.rss(1)), (2, 2, 1), "C4");
}

#[test]
fn processes_are_checked() {
    let mut m = Machine::with(mm_ops::Config { procs: 2, ..mm_ops::Config::default() });
    assert_eq!(m.apply(fork(1, 0)), err(Errno::ESRCH));
    assert_eq!(m.apply(fork(0, 2)), err(Errno::EAGAIN));
    assert_eq!(m.apply(fork(0, 1)), Outcome::Ok);
    assert_eq!(m.apply(fork(0, 1)), err(Errno::EEXIST));
    assert_eq!(m.apply(exit(1)), Outcome::Ok);
    assert_eq!(m.apply(fork(0, 1)), Outcome::Ok, "an exited name may be used again");
}

#[test]
fn dontfork_leaves_nothing_and_takes_nothing() {
    let m = Machine::after(&[
        mmap(0, 0, 8, RW),
        write(0, 3, b'a'),
        madvise(0, 0, 8, Advice::DontFork),
        fork(0, 1),
    ]);
    assert!(m.vmas(1).is_empty(), "C2");
    assert!(m.has(0, 3, EntryFlags::WRITE) && m.page(0, 3).exclusive, "C2");
}

#[test]
fn wipeonfork_copies_the_vma_only() {
    let m = Machine::after(&[
        mmap(0, 0, 8, RW),
        write(0, 3, b'a'),
        madvise(0, 0, 8, Advice::WipeOnFork),
        fork(0, 1),
    ]);
    assert_eq!((m.vma(1, 0).anon_vma, m.rss(1)), (NO_ANON_VMA, 0), "C2");
    assert!(m.page(0, 3).exclusive, "C2");
}

#[test]
fn the_child_is_not_locked() {
    let m = Machine::after(&[mmap(0, 0, 8, RW), mlock(0, 0, 8), fork(0, 1)]);
    assert!(m.vma_has(0, 0, VmaFlags::LOCKED) && !m.vma_has(1, 0, VmaFlags::LOCKED), "C2");
}

#[test]
fn zero_pages_alone_are_not_walked() {
    let m = Machine::after(&[mmap(0, 0, 8, RW), read(0, 3), fork(0, 1)]);
    assert_eq!(m.kind(1, 3), None, "C3");
}

#[test]
fn zero_pages_and_guards_are_copied_with_an_anon_vma() {
    let m = Machine::after(&[
        mmap(0, 0, 8, RW),
        read(0, 3),
        madvise(0, 5, 1, Advice::GuardInstall),
        fork(0, 1),
    ]);
    assert_eq!(m.kind(1, 3), Some(EntryKind::ZeroPage), "C9");
    assert_eq!(m.kind(1, 5), Some(EntryKind::Guard), "C15");
}

#[test]
fn a_pinned_page_is_copied_for_the_child() {
    let mut m =
        Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), pin_rw(0, 3, 1, 0), fork(0, 1)]);
    assert!(m.page(0, 3).exclusive && m.has(0, 3, EntryFlags::WRITE), "C5, C6, INV4");
    assert!(m.page(1, 3).exclusive && m.has(1, 3, EntryFlags::WRITE), "C6");
    m.apply(write(0, 3, b'b'));
    assert_eq!((m.label(1, 3), m.rss(1)), (b'a', 1), "INV27");
}

#[test]
fn plain_references_do_not_stop_sharing() {
    let m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), get_r(0, 3, 1, 0), fork(0, 1)]);
    assert_eq!(m.folio(0, 3).mapcount, 2, "C5");
}

#[test]
fn one_pin_copies_every_exclusive_page_of_its_folio() {
    let m = Machine::after(&[
        thp(&[2]),
        mmap(0, 0, 8, RW),
        write(0, 0, b'a'),
        fork(0, 1),
        exit(1),
        write(0, 2, b'b'),
        pin_rw(0, 2, 1, 0),
        fork(0, 1),
    ]);
    let orders: Vec<u8> = (0..4).map(|vpn| m.folio(1, vpn).order.0).collect();
    assert_eq!(orders, [2, 2, 0, 2], "C7: only page 2 was exclusive");
    assert!(m.page(0, 2).exclusive, "C6");
}

#[test]
fn a_leaf_is_shared() {
    let m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), write(0, 3, b'a'), fork(0, 1)]);
    assert_eq!((m.kind(0, 0), m.kind(1, 0)), (Some(EntryKind::Leaf), Some(EntryKind::Leaf)), "C8");
    let folio = m.folio(0, 0);
    assert_eq!((folio.refcount, folio.entire_mapcount, m.rss(1)), (2, 2, 8), "C8");
    assert!(!m.page(0, 0).exclusive && !m.has(0, 0, EntryFlags::WRITE), "C8");
}

#[test]
fn a_pinned_leaf_is_split_and_copied() {
    let m = Machine::after(&[
        thp(&[3]),
        mmap(0, 0, 8, RW),
        write(0, 3, b'a'),
        pin_rw(0, 5, 1, 0),
        fork(0, 1),
    ]);
    assert_eq!(m.kind(0, 0), Some(EntryKind::Page), "C8");
    assert!((0..8).all(|vpn| m.folio(1, vpn).order.0 == 0 && m.page(0, vpn).exclusive), "C8");
}

#[test]
fn the_huge_zero_folio_is_shared() {
    let m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), read(0, 3), fork(0, 1)]);
    assert_eq!((m.kind(1, 0), m.rss(1)), (Some(EntryKind::HugeZero), 0), "C9");
}

#[test]
fn a_failed_fork_leaves_the_parent_write_protected_and_no_child() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), mmap(0, 64, 8, R)]);
    // mm, VMA, AVC, anon_vma, AVC, PMD table, PTE table; then the second VMA.
    m.apply(fail_alloc(8));
    assert_eq!(m.apply(fork(0, 1)), err(Errno::ENOMEM), "C18");
    assert!(matches!(m.choices[..], [Choice::AllocFailed(_)]));
    assert!(!m.page(0, 3).exclusive && !m.has(0, 3, EntryFlags::WRITE), "C18");
    assert_eq!((m.folio(0, 3).refcount, m.snapshot().mms.len()), (1, 1), "C18");
    m.apply(write(0, 3, b'b'));
    assert!(m.page(0, 3).exclusive, "C18: recovers by B6");
}

#[test]
fn has_pinned_is_not_inherited() {
    let m = Machine::after(&[mmap(0, 0, 8, RW), pin_rw(0, 0, 1, 0), fork(0, 1)]);
    let pinned: Vec<bool> = m.snapshot().mms.iter().map(|mm| mm.has_pinned).collect();
    assert_eq!(pinned, [true, false], "S1");
}

#[test]
fn a_small_folio_with_many_references_counts_as_pinned_only_after_a_pin() {
    let many = GupFlags { pin: true, ..GupFlags::default() };
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), fork(0, 1), exit(0)]);
    // p1 pins after p0 is gone; p2 is forked from p1, which has pinned.
    m.all(&[write(1, 3, b'b'), gup(1, 3, 1, 0, many), fork(1, 2)]);
    assert_eq!(m.folio(2, 3).mapcount, 1, "C5");
}
