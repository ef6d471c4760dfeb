//! Tests of copy-on-write (section B).

use mm_ops::{AllocKind, FolioFlags, Handle, Order, Outcome, Token};

use super::*;

#[test]
fn b4_after_the_child_is_gone_the_page_is_reused() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    let before = bench.page(P0, 0).folio;
    bench.fork(P0, P1);
    bench.exit(P1);
    assert!(!bench.exclusive(P0, 0)); // B12: not given back from afar
    bench.write(P0, 0, b'b');
    assert_eq!(bench.page(P0, 0).folio, before);
    assert!(bench.exclusive(P0, 0));
}

#[test]
fn b9_a_shared_page_is_copied_and_the_old_one_stays_as_it_was() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.write(P1, 0, b'b');
    assert_eq!((bench.read(P0, 0), bench.read(P1, 0)), (b'a', b'b'));
    assert!(bench.exclusive(P1, 0));
    assert!(!bench.exclusive(P0, 0));
    assert!(!bench.flags(P0, 0).has(W));
}

#[test]
fn b6_any_other_reference_forces_a_copy() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.gup(P0, 0, 1, 0, GET);
    bench.exit(P1);
    let before = bench.page(P0, 0).folio;
    bench.write(P0, 0, b'b');
    assert_ne!(bench.page(P0, 0).folio, before);
    // R13: the FOLL_GET handle keeps the old page.
    assert!(matches!(bench.run(dma_read(0, 0)), Outcome::Value(value) if value.label == b'a'));
}

#[test]
fn b6_a_held_lock_forces_a_copy_and_does_not_wait() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.exit(P1);
    let before = bench.page(P0, 0).folio;
    bench.ok(lock(P0, 0, 0));
    bench.write(P0, 0, b'b');
    assert!(bench.fired(Rule::B9));
    assert!(bench.fired(Rule::B6));
    // The old folio is gone, and its lock with it.
    assert!(!bench.machine.folio(before).flags.has(FolioFlags::LOCKED));
    assert_eq!(bench.snapshot().tokens[0].folio, None);
}

#[test]
fn b6_moves_the_page_to_the_vmas_own_anon_vma() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.exit(P0);
    bench.write(P1, 0, b'b');
    assert_eq!(bench.folio(P1, 0).mapping, bench.vma(P1, 0).anon_vma);
}

/// A PTE-mapped folio of 4 pages in a table of 8.
fn large() -> Bench {
    let mut bench = Bench::with(Config::default());
    bench.mmap(P0, 0, 8, RW);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    assert_eq!(bench.folio(P0, 0).order, Order(2));
    bench
}

#[test]
fn b7_a_large_folio_of_one_mm_is_reused_page_by_page() {
    let mut bench = large();
    bench.fork(P0, P1);
    bench.exit(P1);
    let before = bench.page(P0, 1).folio;
    bench.write(P0, 1, b'b');
    assert_eq!(bench.page(P0, 1).folio, before);
    assert!(bench.exclusive(P0, 1));
    assert!(!bench.exclusive(P0, 2));
}

#[test]
fn b7_the_last_mapped_page_of_a_large_folio_is_copied() {
    let mut bench = large();
    bench.fork(P0, P1);
    bench.exit(P1);
    bench.ok(munmap(P0, 1, 3));
    bench.write(P0, 0, b'b');
    assert_eq!(bench.folio(P0, 0).order, Order(0));
}

#[test]
fn b8_one_reference_anywhere_on_the_folio_forces_a_copy() {
    let mut bench = large();
    bench.fork(P0, P1);
    bench.exit(P1);
    bench.gup(P0, 3, 1, 0, GET);
    bench.write(P0, 1, b'b');
    assert_eq!(bench.folio(P0, 1).order, Order(0));
    assert!(bench.fired(Rule::B8));
}

#[test]
fn b5_an_unshare_that_reuses_leaves_the_entry_read_only() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.exit(P1);
    bench.gup(P0, 0, 1, 0, PIN);
    assert!(bench.exclusive(P0, 0));
    assert!(!bench.flags(P0, 0).has(W));
    assert!(bench.fired(Rule::B5));
}

#[test]
fn b9_an_unshare_copy_is_clean_and_read_only() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.gup(P0, 0, 1, 0, PIN);
    assert_eq!(bench.flags(P0, 0), YOUNG);
    assert!(bench.exclusive(P0, 0));
}

#[test]
fn b10_a_write_to_the_zero_page_makes_a_page() {
    let mut bench = Bench::mapped(4);
    bench.read(P0, 0);
    bench.write(P0, 0, b'a');
    assert_eq!((bench.read(P0, 0), bench.rss(P0)), (b'a', 1));
}

/// A PMD leaf of 4 pages, shared by p0 and p1.
fn shared_leaf() -> Bench {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench
}

#[test]
fn b13_a_shared_leaf_is_split_and_its_page_copied() {
    let mut bench = shared_leaf();
    bench.write(P1, 1, b'b');
    assert_eq!(bench.pmd(P1, 0), PmdKind::Table);
    assert_eq!(bench.folio(P1, 1).order, Order(0));
    assert_eq!(bench.folio(P1, 0).mapcount, 1 + 3);
    assert_eq!((bench.read(P0, 1), bench.read(P1, 1)), (0, b'b'));
}

#[test]
fn b13_a_leaf_that_is_alone_is_reused() {
    let mut bench = shared_leaf();
    bench.exit(P1);
    bench.write(P0, 1, b'b');
    assert!(bench.leaf(P0, 0).flags.has(W));
    assert!(bench.machine.page(bench.leaf(P0, 0).folio, 0).exclusive);
}

#[test]
fn b13_waits_for_the_folio_lock() {
    let mut bench = shared_leaf();
    bench.ok(lock(P0, 0, 0));
    assert_eq!(bench.run(write(P1, 1, b'b')), Outcome::Blocked);
    let eintr = Outcome::Err(mm_ops::Errno::EINTR);
    assert_eq!(bench.run(gup(P1, 1, 1, 0, PIN_W)), eintr);
    bench.ok(Op::Drop { token: Token(0) });
    bench.write(P1, 1, b'b');
}

#[test]
fn b14_an_unshared_huge_zero_folio_becomes_writable_at_once() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.read(P0, 0);
    bench.gup(P0, 0, 1, 0, LONGTERM);
    assert!(bench.leaf(P0, 0).flags.has(W));
}

#[test]
fn b14_without_a_folio_the_huge_zero_folio_is_split() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.read(P0, 0);
    let folio = AllocKind::Folio(Order(2));
    assert_eq!(bench.failing(write(P0, 1, b'a'), folio, P0, 0), OK);
    assert_eq!(bench.pte(P0, 0), Pte::Zero(YOUNG));
    assert_eq!(bench.folio(P0, 1).order, Order(0));
}

#[test]
fn d13_a_dirty_put_marks_the_folio() {
    let mut bench = Bench::mapped(4);
    bench.gup(P0, 0, 1, 0, PIN_W);
    assert!(!bench.folio(P0, 0).flags.has(FolioFlags::DIRTY));
    bench.ok(Op::Put { handle: Handle(0), dirty: true });
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::DIRTY));
}
