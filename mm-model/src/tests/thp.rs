//! Area G: the split of a leaf, the split of a folio, partial unmaps.

use super::support::*;
use mm_ops::{Advice, EntryFlags, EntryKind, FolioFlags};

/// A PMD leaf with content on pages 3 and 5.
fn leaf() -> Machine {
    Machine::after(&[thp(&[3]), mmap(0, 0, 16, RW), write(0, 3, b'a'), write(0, 5, b'b')])
}

#[test]
fn a_split_forwards_pae_and_flags_to_every_page() {
    let mut m = leaf();
    m.apply(mprotect(0, 0, 1, R));
    assert!((1..8).all(|vpn| m.page(0, vpn).exclusive), "G2");
    assert!((1..8).all(|vpn| m.has(0, vpn, EntryFlags::WRITE.with(EntryFlags::DIRTY))), "G2");
    let folio = m.folio(0, 1);
    assert_eq!((folio.refcount, folio.mapcount, folio.entire_mapcount), (8, 8, 0), "G2");
    assert!(folio.flags.has(FolioFlags::DIRTY), "G2: a dirty PMD makes the folio dirty");
    assert!(!folio.flags.has(FolioFlags::PARTIALLY_MAPPED), "G12: a plain split does not count");
    assert_eq!((m.rss(0), m.snapshot().mms[0].deposited), (8, 0), "G2, G23");
}

#[test]
fn a_split_of_a_shared_leaf_forges_no_pae() {
    let mut m = leaf();
    m.all(&[fork(0, 1), mprotect(0, 0, 1, R)]);
    assert!((0..8).all(|vpn| !m.page(0, vpn).exclusive), "G2");
    assert!((0..8).all(|vpn| !m.has(0, vpn, EntryFlags::WRITE)), "G2");
}

#[test]
fn a_hinted_leaf_is_split_into_accessible_ptes() {
    let mut m = leaf();
    m.all(&[numa_hint(0, 0, 8), madvise(0, 0, 1, Advice::DontNeed)]);
    assert!(!m.has(0, 3, EntryFlags::PROTNONE), "G2: protnone is not replicated");
    assert!(!m.has(0, 3, EntryFlags::WRITE), "G2");
}

#[test]
fn unmapping_a_part_queues_the_folio_once_no_pmd_maps_it() {
    let mut m = leaf();
    m.all(&[fork(0, 1), madvise(0, 0, 2, Advice::DontNeed)]);
    assert!(!m.folio(0, 3).flags.has(FolioFlags::PARTIALLY_MAPPED), "G12: p1's PMD maps all");
    m.apply(exit(1));
    assert!(m.folio(0, 3).flags.has(FolioFlags::PARTIALLY_MAPPED), "G12: PMD removal");
}

#[test]
fn unmapping_everything_at_once_queues_nothing() {
    let mut m = Machine::after(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 3, b'a')]);
    m.all(&[get_r(0, 0, 1, 0), munmap(0, 0, 8)]);
    let snapshot = m.snapshot();
    assert!(!snapshot.folios[0].flags.has(FolioFlags::PARTIALLY_MAPPED), "G12, BT2");
}

#[test]
fn freeing_a_part_splits_the_folio() {
    let mut m = leaf();
    m.apply(madvise(0, 0, 4, Advice::Free));
    assert_eq!((m.folio(0, 3).order.0, m.folio(0, 5).order.0), (0, 0), "I10, G9");
    assert_eq!((m.label(0, 3), m.label(0, 5)), (b'a', b'b'), "INV25");
    assert!(m.page(0, 5).exclusive && m.has(0, 5, EntryFlags::WRITE), "G9, F8");
    assert_eq!(m.kind(0, 4), Some(EntryKind::ZeroPage), "F9, G10");
    assert_eq!(m.rss(0), 2, "G10");
    assert!(m.folio(0, 5).flags.has(FolioFlags::DIRTY), "F3, G9");
}

#[test]
fn a_split_drops_pages_that_nobody_maps() {
    let mut m = leaf();
    m.all(&[munmap(0, 0, 3), madvise(0, 3, 1, Advice::Free)]);
    assert_eq!(m.snapshot().folios.len(), 2, "G10: pages 3 and 5");
    assert_eq!(m.folio(0, 5).index, 5, "G9");
}

#[test]
fn a_referenced_or_locked_folio_is_not_split() {
    for circumstance in [get_r(0, 7, 1, 0), lock(0, 7, 0), isolate(0, 7, 0)] {
        let mut m = leaf();
        m.all(&[circumstance, madvise(0, 0, 4, Advice::Free)]);
        assert_eq!(m.kind(0, 0), Some(EntryKind::Leaf), "G7, I10: {circumstance:?}");
    }
}

#[test]
fn a_shared_folio_is_not_split() {
    let mut m = leaf();
    m.all(&[fork(0, 1), madvise(0, 0, 4, Advice::Free)]);
    assert_eq!(m.kind(0, 0), Some(EntryKind::Leaf), "I10");
}

#[test]
fn a_locked_vma_keeps_its_zero_filled_pages() {
    let mut m = leaf();
    m.all(&[mlock(0, 4, 4), madvise(0, 0, 4, Advice::Free)]);
    assert_eq!(m.kind(0, 4), Some(EntryKind::Page), "F9");
    assert_eq!(m.kind(0, 0), Some(EntryKind::ZeroPage), "F9: outside the LOCKED VMA");
}
