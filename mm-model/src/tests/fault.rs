//! Area A: fresh faults.

use super::support::*;
use mm_ops::{Advice, EntryFlags, EntryKind, FolioFlags, NO_ANON_VMA, Outcome};

#[test]
fn a_read_installs_the_zero_page_and_no_anon_vma() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW)]);
    assert_eq!(m.label(0, 3), 0);
    assert_eq!(m.kind(0, 3), Some(EntryKind::ZeroPage), "A1");
    assert_eq!((m.rss(0), m.vma(0, 3).anon_vma), (0, NO_ANON_VMA), "A1");
}

#[test]
fn a_write_maps_a_fresh_exclusive_page() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a')]);
    assert_eq!(m.label(0, 3), b'a');
    let flags = EntryFlags::WRITE.with(EntryFlags::DIRTY).with(EntryFlags::YOUNG);
    assert!(m.has(0, 3, flags) && m.page(0, 3).exclusive, "A3");
    let folio = m.folio(0, 3);
    assert_eq!((folio.refcount, folio.mapcount, folio.index), (1, 1, 3), "A3, S7");
    assert!(folio.flags.has(FolioFlags::SWAPBACKED.with(FolioFlags::LRU)), "A3");
}

#[test]
fn rights_are_tested_before_the_fault() {
    let mut m = Machine::after(&[mmap(0, 0, 8, R), mmap(0, 16, 8, NONE)]);
    assert_eq!(m.apply(write(0, 3, b'a')), Outcome::Segv, "A11");
    assert_eq!(m.apply(read(0, 17)), Outcome::Segv, "A11");
    assert_eq!(m.apply(read(0, 30)), Outcome::Segv, "no VMA");
    assert!(m.snapshot().entries.is_empty());
}

#[test]
fn a_write_takes_the_largest_free_order() {
    let mut m = Machine::after(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 5, b'a')]);
    assert_eq!(m.folio(0, 5).order.0, 2, "A6");
    assert_eq!((m.rss(0), m.folio(0, 5).refcount, m.folio(0, 5).mapcount), (4, 4, 4), "A3");
    assert!((4..8).all(|vpn| m.page(0, vpn).exclusive), "A3: every page");
    m.all(&[read(0, 1), write(0, 2, b'b')]);
    assert_eq!(m.folio(0, 2).order.0, 0, "A6: a zero page blocks the order");
}

#[test]
fn an_order_that_cannot_be_allocated_falls_back() {
    let mut m = Machine::after(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 7, b'a')]);
    // AVC and anon_vma are there; PTE table, too: the folio comes first.
    m.all(&[fail_alloc(1), write(0, 1, b'b')]);
    assert_eq!(m.folio(0, 1).order.0, 0, "A6");
}

#[test]
fn a_pmd_fault_maps_a_leaf_with_exclusive_head() {
    let m = Machine::after(&[thp(&[3]), mmap(0, 0, 16, RW), write(0, 10, b'a')]);
    assert_eq!(m.kind(0, 8), Some(EntryKind::Leaf), "A7");
    let folio = m.folio(0, 8);
    assert_eq!((folio.refcount, folio.mapcount, folio.entire_mapcount), (1, 1, 1), "A7");
    assert!(folio.flags.has(FolioFlags::DEFERRED), "A7");
    assert_eq!(m.rss(0), 8, "A7");
}

#[test]
fn a_pmd_read_fault_maps_the_huge_zero_folio_and_prepares_an_anon_vma() {
    let m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), read(0, 1)]);
    assert_eq!(m.kind(0, 0), Some(EntryKind::HugeZero), "A7");
    assert_ne!(m.vma(0, 0).anon_vma, NO_ANON_VMA, "A8");
    assert_eq!(m.rss(0), 0, "A7");
}

#[test]
fn a_block_partly_in_the_vma_gets_no_leaf() {
    let m = Machine::after(&[thp(&[3]), mmap(0, 1, 7, RW), read(0, 1)]);
    assert_eq!(m.kind(0, 1), Some(EntryKind::ZeroPage), "A7 (1)");
    assert_eq!(m.vma(0, 1).anon_vma, NO_ANON_VMA, "A7: FALLBACK before anything");
}

#[test]
fn a_failed_pmd_fault_keeps_the_anon_vma() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW)]);
    // PMD table, AVC, anon_vma, then the folio.
    m.all(&[fail_alloc(4), write(0, 1, b'a')]);
    assert_eq!(m.kind(0, 1), Some(EntryKind::Page), "A7: FALLBACK goes on at PTE level");
    assert_ne!(m.vma(0, 1).anon_vma, NO_ANON_VMA, "A7");
}

#[test]
fn nohugepage_wins() {
    let m = Machine::after(&[
        thp(&[2, 3]),
        mmap(0, 0, 8, RW),
        madvise(0, 0, 8, Advice::NoHugePage),
        write(0, 0, b'a'),
    ]);
    assert_eq!(m.folio(0, 0).order.0, 0, "A6, A7");
}

#[test]
fn a_numa_hint_is_undone_by_the_next_access() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), numa_hint(0, 0, 8)]);
    assert!(m.has(0, 3, EntryFlags::PROTNONE) && !m.has(0, 3, EntryFlags::WRITE), "H11");
    assert_eq!(m.label(0, 3), b'a');
    assert!(!m.has(0, 3, EntryFlags::PROTNONE) && m.has(0, 3, EntryFlags::WRITE), "A12, H3");
}

#[test]
fn a_numa_fault_rebuilds_the_whole_large_folio() {
    let mut m =
        Machine::after(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 0, b'a'), numa_hint(0, 0, 3)]);
    assert!(m.has(0, 2, EntryFlags::PROTNONE));
    m.apply(read(0, 0));
    assert!((0..4).all(|vpn| !m.has(0, vpn, EntryFlags::PROTNONE)), "A12");
}

#[test]
fn droppable_pages_are_never_swapbacked() {
    let m = Machine::after(&[mmap_droppable(0, 0, 8), write(0, 3, b'a')]);
    assert!(!m.folio(0, 3).flags.has(FolioFlags::SWAPBACKED), "Z6");
}

#[test]
fn a_fault_without_memory_is_oom() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), fail_alloc(1)]);
    assert_eq!(m.apply(write(0, 3, b'a')), Outcome::Oom, "A15");
    m.apply(fail_alloc(5));
    assert_eq!(m.apply(write(0, 3, b'a')), Outcome::Oom, "A16: the folio comes last");
    assert_eq!(m.snapshot().tables.len(), 2, "A16: the tables stay");
    assert_ne!(m.vma(0, 3).anon_vma, NO_ANON_VMA, "A16: the anon_vma stays");
    assert_eq!(m.apply(write(0, 3, b'a')), Outcome::Ok);
}
