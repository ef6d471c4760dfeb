//! Tests of splitting PMDs and folios (section G).

use mm_ops::{FolioFlags, Order, Outcome, Pid};

use super::*;

/// A PMD leaf of 4 pages.
fn leaf() -> Bench {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 1, b'a');
    bench
}

#[test]
fn g2_a_split_leaf_hands_its_state_to_every_page() {
    let mut bench = leaf();
    bench.protect(P0, 0, 1, R);
    assert_eq!(bench.flags(P0, 2), YOUNG.with(DIRTY).with(W));
    assert!((0..4).all(|vpn| bench.exclusive(P0, vpn)));
    let folio = bench.folio(P0, 0);
    assert!(folio.flags.has(FolioFlags::DIRTY));
    assert_eq!((folio.refcount, folio.mapcount, folio.entire_mapcount), (4, 4, 0));
    assert_eq!(folio.mm_slots[0].1, 4);
    assert!(!folio.flags.has(FolioFlags::PARTIALLY_MAPPED)); // G12: k == nr
}

#[test]
fn g2_a_hint_is_lost() {
    let mut bench = leaf();
    bench.ok(hint(P0, 0, 4));
    assert!(bench.leaf(P0, 0).flags.has(PROTNONE));
    bench.gup(P0, 0, 1, 0, GupFlags { split_pmd: true, ..GET });
    assert_eq!(bench.flags(P0, 1), YOUNG.with(DIRTY));
}

#[test]
fn g4_a_split_huge_zero_folio_becomes_zero_pages() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.read(P0, 0);
    bench.ok(munmap(P0, 0, 1));
    assert_eq!(bench.pte(P0, 0), Pte::None);
    assert_eq!(bench.pte(P0, 3), Pte::Zero(YOUNG));
}

#[test]
fn g23_splitting_nothing_does_nothing() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.protect(P0, 0, 1, R);
    assert!(bench.fired(Rule::G23));
}

#[test]
fn l11_a_vma_split_inside_a_block_splits_the_leaf() {
    let mut bench = leaf();
    bench.advise(P0, 0, 2, Advice::DontFork);
    assert_eq!(bench.pmd(P0, 0), PmdKind::Table);
    assert_eq!(bench.folio(P0, 0).mapcount, 4);
}

#[test]
fn g10_a_folio_split_makes_small_folios_and_f9_zero_pages() {
    let mut bench = leaf();
    bench.advise(P0, 1, 1, Advice::Free);
    assert_eq!(bench.folio(P0, 1).order, Order(0));
    assert!(bench.exclusive(P0, 1) && bench.flags(P0, 1).has(W));
    assert_eq!(bench.pte(P0, 0), Pte::Zero(YOUNG));
    assert_eq!(bench.rss(P0), 1);
    assert_eq!(bench.read(P0, 1), b'a');
}

#[test]
fn f9_spares_a_locked_vma() {
    let mut bench = leaf();
    bench.ok(mlock(P0, 2, 2));
    bench.advise(P0, 1, 1, Advice::Free);
    assert_eq!(bench.pte(P0, 0), Pte::Zero(YOUNG));
    assert_eq!(bench.folio(P0, 2).order, Order(0));
}

#[test]
fn g7_any_other_reference_refuses_the_split() {
    let mut bench = leaf();
    bench.gup(P0, 3, 1, 0, GET);
    bench.advise(P0, 1, 1, Advice::Free);
    assert_eq!(bench.leaf(P0, 0).flags, YOUNG.with(DIRTY).with(W));
    bench.put(0);
    bench.ok(lock(P0, 0, 0));
    bench.advise(P0, 1, 1, Advice::Free);
    assert_eq!(bench.folio(P0, 0).order, Order(2));
}

#[test]
fn f8_unmapped_pages_of_a_split_folio_are_freed() {
    let mut bench = Bench::with(Config::default());
    bench.mmap(P0, 0, 8, RW);
    bench.thp(&[2]);
    for vpn in 0..4 {
        bench.write(P0, vpn, b'a');
    }
    bench.advise(P0, 0, 1, Advice::DontNeed);
    bench.advise(P0, 1, 1, Advice::Free);
    assert_eq!(bench.snapshot().folios.len(), 3);
    assert!(bench.flags(P0, 2).has(DIRTY));
    assert!(bench.folio(P0, 2).flags.has(FolioFlags::DIRTY)); // F3
}

#[test]
fn i14_a_huge_fault_is_possible_again_after_dontneed() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.thp(&[2]);
    bench.advise(P0, 0, 4, Advice::DontNeed);
    assert_eq!(bench.pmd(P0, 0), PmdKind::None);
    assert_eq!(bench.run(write(P0, 0, b'b')), Outcome::Ok);
    assert_eq!(bench.leaf(P0, 0).flags, YOUNG.with(DIRTY).with(W));
}

#[test]
fn s18_a_split_leaf_that_is_dirty_makes_soft_dirty_pages_but_f8_keeps_the_bit_as_it_was() {
    let config = Config { ptes: 4, soft_dirty: true, ..Config::default() };
    let mut bench = Bench::with(config);
    bench.mmap(P0, 0, 4, RW);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    bench.ok(Op::ClearRefs { pid: Pid(0) });
    assert_eq!(bench.leaf(P0, 0).flags, YOUNG.with(DIRTY));
    bench.gup(P0, 0, 1, 0, GupFlags { split_pmd: true, ..GET });
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY).with(SD));
    bench.put(0);
    bench.ok(Op::ClearRefs { pid: Pid(0) });
    bench.advise(P0, 1, 1, Advice::Free); // splits the folio; page 0 stays
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY));
}
