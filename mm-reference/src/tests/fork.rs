//! Tests of fork (section C).

use mm_ops::{AllocKind, Choice, Errno, Order, Outcome, Pid, VmaFlags, Vpn};

use super::*;

const ENOMEM: Outcome = Outcome::Err(Errno::ENOMEM);

#[test]
fn c2_dontfork_leaves_no_vma_and_wipeonfork_no_content() {
    let mut bench = Bench::mapped(8);
    bench.write(P0, 0, b'a');
    bench.write(P0, 4, b'b');
    bench.advise(P0, 0, 4, Advice::DontFork);
    bench.advise(P0, 4, 4, Advice::WipeOnFork);
    bench.fork(P0, P1);
    assert_eq!(bench.run(read(P1, 0)), Outcome::Segv);
    assert_eq!(bench.read(P1, 4), 0);
    assert!(bench.flags(P0, 4).has(W) && bench.exclusive(P0, 4));
}

#[test]
fn c2_the_child_is_not_locked() {
    let mut bench = Bench::mapped(4);
    bench.ok(mlock(P0, 0, 4));
    bench.fork(P0, P1);
    assert!(bench.vma(P0, 0).flags.has(VmaFlags::LOCKED));
    assert!(!bench.vma(P1, 0).flags.has(VmaFlags::LOCKED));
}

#[test]
fn c3_a_vma_with_zero_pages_only_is_not_walked() {
    let mut bench = Bench::mapped(4);
    bench.read(P0, 0);
    bench.fork(P0, P1);
    assert_eq!(bench.pte(P1, 0), Pte::None);
    assert!(bench.snapshot().tables.iter().all(|table| table.pid.0 == P0));
}

#[test]
fn c4_both_sides_share_the_page_read_only() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY));
    assert_eq!(bench.flags(P1, 0), DIRTY);
    assert!(!bench.exclusive(P0, 0));
    let folio = bench.folio(P0, 0);
    assert_eq!((folio.refcount, folio.mapcount), (2, 2));
    assert_eq!((bench.rss(P0), bench.rss(P1)), (1, 1));
}

#[test]
fn c5_a_page_that_is_not_exclusive_is_shared_though_its_folio_is_pinned() {
    let mut bench = Bench::with(Config::default());
    bench.mmap(P0, 0, 8, RW);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.exit(P1);
    bench.gup(P0, 0, 1, 0, PIN_W); // makes page 0 exclusive again, and no other
    bench.fork(P0, P2);
    assert!(bench.fired(Rule::C5));
    assert_eq!(bench.folio(P2, 0).order, Order(0));
    assert_eq!(bench.page(P2, 1).folio, bench.page(P0, 1).folio);
}

#[test]
fn c6_a_pinned_page_is_copied_for_the_child_at_once() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 3, b'a');
    bench.gup(P0, 3, 1, 0, PIN_W);
    bench.fork(P0, P1);
    assert!(bench.flags(P0, 3).has(W) && bench.exclusive(P0, 3));
    assert!(bench.flags(P1, 3).has(W) && bench.exclusive(P1, 3));
    bench.write(P1, 3, b'b');
    bench.ok(dma_write(0, 0, b'c'));
    assert_eq!((bench.read(P0, 3), bench.read(P1, 3)), (b'c', b'b'));
}

#[test]
fn c7_every_exclusive_page_of_a_pinned_large_folio_is_copied() {
    let mut bench = Bench::with(Config::default());
    bench.mmap(P0, 0, 8, RW);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    bench.gup(P0, 2, 1, 0, PIN);
    bench.fork(P0, P1);
    assert!((0..4).all(|vpn| bench.folio(P1, vpn).order == Order(0)));
    assert!((0..4).all(|vpn| bench.exclusive(P0, vpn)));
}

#[test]
fn c8_a_leaf_is_shared_whole() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    assert_eq!(bench.leaf(P0, 0).flags, YOUNG.with(DIRTY));
    assert_eq!(bench.leaf(P1, 0).flags, DIRTY);
    let folio = bench.folio(P0, 0);
    assert_eq!((folio.refcount, folio.entire_mapcount), (2, 2));
    assert_eq!(bench.rss(P1), 4);
}

#[test]
fn c8_a_pinned_leaf_is_split_in_the_parent_and_copied_page_by_page() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.gup(P0, 1, 1, 0, PIN_W);
    bench.fork(P0, P1);
    assert_eq!(bench.pmd(P0, 0), PmdKind::Table);
    assert!((0..4).all(|vpn| bench.exclusive(P0, vpn) && bench.flags(P0, vpn).has(W)));
    assert!((0..4).all(|vpn| bench.folio(P1, vpn).order == Order(0)));
}

#[test]
fn c9_the_huge_zero_folio_is_shared_and_old_in_the_child() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.read(P0, 0);
    bench.fork(P0, P1);
    assert_eq!(bench.pmd(P1, 0), PmdKind::HugeZero(EntryFlags::NONE));
}

#[test]
fn c15_guards_are_copied() {
    let mut bench = Bench::mapped(4);
    bench.advise(P0, 1, 1, Advice::GuardInstall);
    bench.fork(P0, P1);
    assert_eq!(bench.run(read(P1, 1)), Outcome::Segv);
}

#[test]
fn c18_a_failed_fork_leaves_no_child_and_a_write_protected_parent() {
    let mut bench = Bench::mapped(8);
    bench.write(P0, 0, b'a');
    bench.write(P0, 4, b'b');
    assert_eq!(bench.failing(fork(P0, P1), AllocKind::PteTable, P1, 4), ENOMEM);
    assert_eq!(bench.run(read(P1, 0)), Outcome::Err(Errno::ESRCH));
    assert!(!bench.flags(P0, 0).has(W) && !bench.exclusive(P0, 0));
    assert!(bench.flags(P0, 4).has(W) && bench.exclusive(P0, 4));
    assert_eq!(bench.folio(P0, 0).refcount, 1);
}

#[test]
fn c18_the_first_allocations_fail_without_a_trace() {
    for (kind, vpn) in [(AllocKind::Mm, 0), (AllocKind::Vma, 4), (AllocKind::AnonVma, 4)] {
        let mut bench = Bench::new();
        bench.mmap(P0, 4, 4, RW);
        bench.write(P0, 4, b'a');
        let before = bench.snapshot();
        assert_eq!(bench.failing(fork(P0, P1), kind, P1, vpn), ENOMEM);
        assert_eq!(bench.snapshot(), before);
    }
}

#[test]
fn c22_the_page_of_a_refused_run_can_fail_at_a_shareable_entry() {
    // Page 0 is not exclusive, page 1 is and the folio is pinned: the run 0..4 is refused.
    let setting = || {
        let mut bench = Bench::with(Config::default());
        bench.mmap(P0, 0, 8, RW);
        bench.thp(&[2]);
        bench.write(P0, 0, b'a');
        bench.fork(P0, P1);
        bench.exit(P1);
        bench.gup(P0, 1, 1, 0, PIN_W);
        // Young and dirty as the fresh fault left them, so only exclusivity tells them apart.
        bench
    };
    let folio = AllocKind::Folio(Order(0));
    let mut bench = setting();
    assert_eq!(bench.failing(fork(P0, P2), folio, P2, 0), ENOMEM);
    assert!(bench.fired(Rule::C22));
    // Behind the exclusive page nothing is refused any more.
    let mut bench = setting();
    bench.ok(Op::FailAlloc { nth: 1 });
    let site = AllocSite { kind: folio, pid: Pid(P2), vpn: Vpn(2), nth: 0 };
    let refusal = bench.choosing(fork(P0, P2), &[Choice::AllocFailed(site)]).unwrap_err();
    assert_eq!(refusal.rule, Rule::Z8);
}

#[test]
fn fork_names_its_child() {
    let mut bench = Bench::mapped(1);
    assert_eq!(bench.run(fork(P0, 9)), Outcome::Err(Errno::EAGAIN));
    assert_eq!(bench.run(fork(P0, P0)), Outcome::Err(Errno::EEXIST));
    assert_eq!(bench.run(fork(P1, P0)), Outcome::Err(Errno::ESRCH));
}

#[test]
fn s1_has_pinned_is_not_inherited() {
    let mut bench = Bench::mapped(1);
    bench.gup(P0, 0, 1, 0, PIN);
    bench.fork(P0, P1);
    let snapshot = bench.snapshot();
    assert!(snapshot.mms[0].has_pinned && !snapshot.mms[1].has_pinned);
}
