//! Area B: copy-on-write and unshare faults.

use super::support::*;
use mm_ops::{EntryFlags, EntryKind, FolioFlags, GupFlags, Outcome};

/// p0 and p1 share page 3 of a small folio.
fn shared_small() -> Machine {
    Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), fork(0, 1)])
}

/// p0 and p1 share a large folio of order 2 at pages 0 to 3.
fn shared_large() -> Machine {
    Machine::after(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 3, b'a'), fork(0, 1)])
}

/// p0 and p1 share a PMD leaf.
fn shared_leaf() -> Machine {
    Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), write(0, 3, b'a'), fork(0, 1)])
}

#[test]
fn a_shared_page_is_copied() {
    let mut m = shared_small();
    m.apply(write(1, 3, b'b'));
    assert_eq!((m.label(0, 3), m.label(1, 3)), (b'a', b'b'), "B9");
    assert!(m.page(1, 3).exclusive && !m.page(0, 3).exclusive, "B9, B12");
    assert_eq!((m.rss(0), m.rss(1)), (1, 1), "B9");
}

#[test]
fn the_last_owner_reuses_and_takes_the_page_to_its_anon_vma() {
    let mut m = shared_small();
    m.all(&[exit(0), write(1, 3, b'b')]);
    assert!(m.page(1, 3).exclusive && m.has(1, 3, EntryFlags::WRITE), "B3, B4");
    assert_eq!(m.folio(1, 3).mapping, m.vma(1, 3).anon_vma, "B6");
}

#[test]
fn any_other_reference_forces_a_copy() {
    let mut m = shared_small();
    m.all(&[get_r(1, 3, 1, 0), exit(1), write(0, 3, b'b')]);
    assert_eq!(m.apply(dma_read(0, 0)), Outcome::Value(mm_ops::Value::label(b'a')), "B6");
    assert_eq!(m.label(0, 3), b'b');
}

#[test]
fn a_locked_small_folio_is_copied() {
    let mut m = shared_small();
    m.all(&[exit(1), lock(0, 3, 0), write(0, 3, b'b')]);
    assert_eq!(m.snapshot().tokens[0].folio, None, "B6: copied, and the old one freed");
}

#[test]
fn a_large_folio_owned_alone_is_reused_page_by_page() {
    let mut m = shared_large();
    m.all(&[exit(1), write(0, 1, b'b')]);
    assert_eq!(m.folio(0, 1).order.0, 2, "B7: reused");
    assert!(m.page(0, 1).exclusive && !m.page(0, 2).exclusive, "B7: only this page");
}

#[test]
fn a_large_folio_with_one_page_left_is_copied() {
    let mut m = shared_large();
    m.all(&[munmap(0, 0, 3), munmap(1, 0, 8), write(0, 3, b'b')]);
    assert_eq!(m.folio(0, 3).order.0, 0, "B7");
}

#[test]
fn one_extra_reference_anywhere_forces_a_copy() {
    let mut m = shared_large();
    m.all(&[exit(1), get_r(0, 0, 1, 0), write(0, 3, b'b')]);
    assert_eq!(m.folio(0, 3).order.0, 0, "B8");
}

#[test]
fn three_processes_leave_a_folio_maybe_shared() {
    let mut m = shared_large();
    m.all(&[munmap(1, 0, 2), fork(0, 2), exit(1), exit(0)]);
    let folio = m.folio(2, 3);
    assert!(folio.flags.has(FolioFlags::MAYBE_SHARED), "S10: untracked mappings of p2");
    m.apply(write(2, 3, b'b'));
    assert_eq!(m.folio(2, 3).order.0, 0, "B7, S11: a false positive copies");
}

#[test]
fn the_zero_page_is_copied() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), read(0, 3), write(0, 3, b'a')]);
    assert_eq!((m.label(0, 3), m.rss(0)), (b'a', 1), "B10");
}

#[test]
fn an_unshare_leaves_the_entry_read_only_and_clean() {
    let mut m = shared_small();
    m.apply(pin_r(1, 3, 1, 0));
    assert!(m.page(1, 3).exclusive, "B9, D9");
    let flags = m.entry(1, 3).unwrap().flags;
    assert_eq!(flags, EntryFlags::YOUNG, "B9: read-only and clean");
}

#[test]
fn an_unshare_of_the_zero_page_gives_a_page() {
    let longterm = GupFlags { pin: true, longterm: true, ..GupFlags::default() };
    let m = Machine::after(&[mmap(0, 0, 8, RW), gup(0, 3, 1, 0, longterm)]);
    assert_eq!(m.kind(0, 3), Some(EntryKind::Page), "B10, D20");
    assert!(m.page(0, 3).exclusive && !m.has(0, 3, EntryFlags::WRITE), "B10");
}

#[test]
fn a_leaf_owned_alone_is_reused() {
    let mut m = shared_leaf();
    m.all(&[exit(1), write(0, 5, b'b')]);
    assert_eq!(m.kind(0, 0), Some(EntryKind::Leaf), "B13");
    assert!(m.has(0, 0, EntryFlags::WRITE) && m.page(0, 0).exclusive, "B13, B15");
}

#[test]
fn a_shared_leaf_is_split_and_one_page_copied() {
    let mut m = shared_leaf();
    m.apply(write(1, 5, b'b'));
    assert_eq!((m.kind(1, 4), m.kind(0, 0)), (Some(EntryKind::Page), Some(EntryKind::Leaf)), "B13");
    assert_eq!((m.folio(1, 5).order.0, m.folio(1, 4).order.0), (0, 3), "B13");
    assert_eq!(m.label(0, 3), b'a');
}

#[test]
fn a_fault_on_a_locked_shared_leaf_sleeps() {
    let mut m = shared_leaf();
    m.apply(lock(0, 3, 0));
    assert_eq!(m.apply(write(1, 5, b'b')), Outcome::Blocked, "B13");
    assert_eq!(m.apply(pin_rw(1, 5, 1, 0)), err(mm_ops::Errno::EINTR), "D12");
    assert_eq!(m.kind(1, 0), Some(EntryKind::Leaf), "nothing changed");
}

#[test]
fn the_huge_zero_folio_gives_way_to_a_leaf() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), read(0, 0), write(0, 5, b'a')]);
    assert_eq!((m.kind(0, 0), m.rss(0)), (Some(EntryKind::Leaf), 8), "B14");
    assert_eq!((m.label(0, 5), m.label(0, 4)), (b'a', 0));
}

#[test]
fn the_huge_zero_folio_is_split_when_there_is_no_folio() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), read(0, 0)]);
    m.all(&[fail_alloc(1), write(0, 5, b'a')]);
    assert_eq!(m.kind(0, 4), Some(EntryKind::ZeroPage), "B14, G4");
    assert_eq!((m.kind(0, 5), m.rss(0)), (Some(EntryKind::Page), 1), "B10");
}

#[test]
fn copying_a_page_of_a_large_folio_queues_the_folio() {
    let mut m = shared_large();
    m.all(&[exit(1), get_r(0, 0, 1, 0), write(0, 3, b'b')]);
    let flags = m.folio(0, 0).flags;
    assert!(flags.has(FolioFlags::PARTIALLY_MAPPED.with(FolioFlags::DEFERRED)), "G12");
}
