//! Tests of splitting folios, and of the queue (G7 … G14, G21, G22).

use mm_ops::{Errno, FolioFlags, Outcome, Pid};

use super::*;

fn split(pid: u8, vpn: u32, order: u8) -> Op {
    Op::Split { pid: Pid(pid), vpn: Vpn(vpn), order: Order(order), nonuniform: false }
}

fn split_toward(pid: u8, vpn: u32, order: u8) -> Op {
    Op::Split { pid: Pid(pid), vpn: Vpn(vpn), order: Order(order), nonuniform: true }
}

fn scan(count: u16) -> Op {
    Op::DeferredScan { count }
}

/// 16 pages a table; a folio of order 4 by PMD, every page written.
fn large(ptes: u16, order: u8) -> Bench {
    let mut bench = Bench::with(Config { ptes, ..Config::default() });
    bench.mmap(P0, 0, u32::from(ptes), RW);
    bench.thp(&[order]);
    for vpn in 0..1 << order {
        bench.write(P0, vpn, b'a');
    }
    bench.thp(&[]);
    bench
}

fn orders(bench: &Bench, vpns: std::ops::Range<u32>) -> Vec<u8> {
    vpns.map(|vpn| bench.folio(P0, vpn).order.0).collect()
}

#[test]
fn g9_pieces_of_an_order() {
    let mut bench = large(16, 4);
    let flags = bench.leaf(P0, 0).flags;
    bench.ok(split(P0, 5, 2));
    assert_eq!(orders(&bench, 0..16), [2; 16]);
    let piece = bench.folio(P0, 9);
    assert_eq!((piece.index, piece.mapcount, piece.refcount), (8, 4, 4));
    assert_eq!(piece.mm_slots, [(Pid(0), 4), (Pid(0), 0)]);
    assert!(!piece.flags.has(FolioFlags::DEFERRED));
    assert!((0..16).all(|vpn| bench.exclusive(P0, vpn) && bench.flags(P0, vpn) == flags));
    assert!(bench.snapshot().deferred.is_empty());
    assert_eq!(bench.read(P0, 13), b'a');
}

#[test]
fn g7_orders_that_are_refused() {
    let mut bench = large(16, 4);
    for order in [1, 4, 5, 9] {
        assert_eq!(bench.run(split(P0, 0, order)), Outcome::Err(Errno::EINVAL));
    }
    bench.write(P0, 0, b'b');
    bench.ok(split(P0, 0, 0));
    assert_eq!(bench.run(split(P0, 0, 0)), Outcome::Err(Errno::EINVAL));
}

#[test]
fn g7_what_is_in_the_way() {
    let mut bench = large(16, 4);
    bench.gup(P0, 3, 1, 0, GET);
    assert_eq!(bench.run(split(P0, 0, 0)), Outcome::Err(Errno::EAGAIN));
    bench.put(0);
    bench.ok(lock(P0, 0, 0));
    assert_eq!(bench.run(split(P0, 0, 0)), Outcome::Err(Errno::EAGAIN));
    assert!(matches!(bench.pmd(P0, 0), PmdKind::Leaf(_)));
    assert_eq!(bench.run(split(P0, 40, 0)), Outcome::Err(Errno::EFAULT));
}

#[test]
fn g22_toward_a_page() {
    let mut bench = large(16, 4);
    bench.ok(split_toward(P0, 5, 0));
    let expected = [2, 2, 2, 2, 0, 0, 0, 0, 3, 3, 3, 3, 3, 3, 3, 3];
    assert_eq!(orders(&bench, 0..16), expected);
    let mut bench = large(16, 4);
    bench.ok(split_toward(P0, 12, 2));
    let expected = [3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2];
    assert_eq!(orders(&bench, 0..16), expected);
}

#[test]
fn g8_every_process_gets_the_pieces() {
    let mut bench = large(4, 2);
    bench.fork(P0, P1);
    bench.ok(split(P1, 0, 0));
    assert!(bench.fired(Rule::G3));
    assert_eq!(bench.page(P0, 2).folio, bench.page(P1, 2).folio);
    assert!(!bench.exclusive(P0, 2));
    assert_eq!(bench.folio(P0, 2).mapcount, 2);
}

#[test]
fn g10_zero_filled_pages_vanish_for_everyone_unless_mlocked() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.ok(split(P0, 0, 0));
    assert_eq!((bench.pte(P0, 3), bench.pte(P1, 3)), (Pte::Zero(YOUNG), Pte::Zero(YOUNG)));
    assert_eq!((bench.rss(P0), bench.rss(P1)), (1, 1));
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.ok(mlock(P1, 0, 4)); // copies page by page: what p0 maps is not mlocked
    bench.ok(split(P0, 0, 0));
    assert_eq!(bench.pte(P0, 3), Pte::Zero(YOUNG));
}

#[test]
fn f9_spares_the_pages_of_an_mlocked_folio_in_every_process() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.ok(mlock(P0, 0, 4));
    bench.fork(P0, P1); // the child's VMA is not LOCKED
    bench.ok(split(P1, 0, 0));
    assert!(matches!(bench.pte(P1, 3), Pte::Page(_)));
    assert_eq!((bench.rss(P0), bench.rss(P1)), (4, 4));
}

#[test]
fn g3_a_frozen_leaf_does_not_become_soft_dirty() {
    let mut bench = Bench::with(Config { ptes: 4, soft_dirty: true, ..Config::default() });
    bench.mmap(P0, 0, 4, RW);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    bench.ok(Op::ClearRefs { pid: Pid(0) });
    bench.ok(split(P0, 0, 0));
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY));
}

#[test]
fn g13_the_scan_splits_what_is_partially_mapped() {
    let mut bench = large(8, 2);
    bench.advise(P0, 1, 1, Advice::DontNeed);
    assert_eq!(bench.snapshot().deferred.len(), 1);
    bench.ok(scan(0));
    assert_eq!(bench.snapshot().deferred.len(), 1);
    bench.ok(scan(1));
    assert!(bench.snapshot().deferred.is_empty());
    assert_eq!(bench.folio(P0, 0).order, Order(0));
}

#[test]
fn g13_what_cannot_be_split_goes_to_the_tail_in_reverse_order() {
    let mut bench = Bench::with(Config::default());
    bench.mmap(P0, 0, 16, RW);
    bench.thp(&[2]);
    for vpn in [0, 4, 8, 12] {
        bench.write(P0, vpn, b'a');
        bench.advise(P0, vpn + 1, 1, Advice::DontNeed);
    }
    let queue = |bench: &Bench| -> Vec<u32> {
        let snapshot = bench.snapshot();
        snapshot.deferred.iter().map(|id| snapshot.folios[*id as usize].index).collect()
    };
    assert_eq!(queue(&bench), [0, 4, 8, 12]);
    bench.gup(P0, 0, 1, 0, GET);
    bench.ok(lock(P0, 4, 0));
    bench.ok(scan(3));
    assert_eq!(queue(&bench), [12, 4, 0]);
    assert_eq!(bench.folio(P0, 8).order, Order(0));
}

#[test]
fn g13_a_fully_mapped_folio_is_forgotten() {
    let mut bench = large(4, 2);
    assert_eq!(bench.snapshot().deferred.len(), 1);
    bench.ok(scan(8));
    assert!(bench.snapshot().deferred.is_empty());
    assert!(!bench.leaf(P0, 0).flags.has(PROTNONE));
}

#[test]
fn i15_a_freed_folio_leaves_the_queue() {
    let mut bench = large(4, 2);
    bench.ok(munmap(P0, 0, 4));
    assert!(bench.snapshot().deferred.is_empty());
}
