//! Tests of KSM (section P, B11).

use mm_ops::{Errno, FolioFlags, Outcome, Pid, VmaFlags};

use super::*;

fn ksm(first: (u8, u32), second: (u8, u32)) -> Op {
    let (pid, vpn) = (Pid(first.0), Vpn(first.1));
    Op::Ksm { pid, vpn, with: Pid(second.0), to: Vpn(second.1) }
}

fn ksm_zero(vpn: u32) -> Op {
    Op::KsmZero { pid: Pid(0), vpn: Vpn(vpn) }
}

/// Pages 0 to 2 hold zero, page 3 does not; all of it MERGEABLE.
fn zeroes() -> Bench {
    let mut bench = Bench::mapped(8);
    bench.advise(P0, 0, 8, Advice::Mergeable);
    for vpn in 0..3 {
        bench.write(P0, vpn, 0);
    }
    bench.write(P0, 3, b'a');
    bench
}

#[test]
fn p3_the_first_page_becomes_ksm_and_the_second_is_replaced() {
    let mut bench = zeroes();
    bench.ok(ksm((P0, 0), (P0, 1)));
    assert_eq!(bench.page(P0, 0).folio, bench.page(P0, 1).folio);
    assert_eq!((bench.flags(P0, 0), bench.flags(P0, 1)), (YOUNG, YOUNG));
    let folio = bench.folio(P0, 0);
    assert!(folio.flags.has(FolioFlags::KSM.with(FolioFlags::DIRTY)));
    assert_eq!((folio.mapping, folio.index), (u32::MAX, 0));
    assert_eq!((folio.refcount, folio.mapcount), (2, 2));
    assert!(!bench.exclusive(P0, 0));
    assert_eq!(bench.rss(P0), 4);
}

#[test]
fn p3_what_is_ksm_already_takes_the_other() {
    let mut bench = zeroes();
    bench.ok(ksm((P0, 0), (P0, 1)));
    bench.ok(ksm((P0, 2), (P0, 1)));
    assert_eq!(bench.folio(P0, 2).mapcount, 3);
    bench.ok(ksm((P0, 2), (P0, 0))); // the same page already
    bench.write(P0, 0, 0);
    bench.ok(ksm((P0, 1), (P0, 0)));
    assert_eq!(bench.folio(P0, 0).mapcount, 3);
}

#[test]
fn two_ksm_pages_are_not_merged() {
    let mut bench = zeroes();
    bench.write(P0, 4, 0);
    bench.ok(ksm((P0, 0), (P0, 1)));
    bench.ok(ksm((P0, 2), (P0, 4)));
    assert_eq!(bench.run(ksm((P0, 0), (P0, 2))), Outcome::Err(Errno::EINVAL));
}

#[test]
fn p1_what_is_no_candidate() {
    let mut bench = zeroes();
    assert_eq!(bench.run(ksm((P0, 0), (P1, 1))), Outcome::Err(Errno::ESRCH));
    assert_eq!(bench.run(ksm((P0, 0), (P0, 5))), Outcome::Err(Errno::EFAULT));
    assert_eq!(bench.run(ksm((P0, 0), (P0, 3))), Outcome::Err(Errno::EINVAL));
    bench.mmap(P0, 16, 4, RW);
    bench.write(P0, 16, 0);
    assert_eq!(bench.run(ksm((P0, 0), (P0, 16))), Outcome::Err(Errno::EFAULT));
    assert_eq!(bench.run(ksm_zero(3)), Outcome::Err(Errno::EINVAL));
    bench.ok(lock(P0, 0, 0));
    assert_eq!(bench.run(ksm((P0, 0), (P0, 1))), Outcome::Err(Errno::EAGAIN));
}

#[test]
fn p1_a_large_folio_is_split() {
    let mut bench = Bench::with_orders(8, &[2]);
    bench.advise(P0, 0, 8, Advice::Mergeable);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.gup(P1, 0, 1, 0, PIN); // p1 has a copy of the same content
    bench.put(0);
    bench.ok(ksm((P0, 0), (P1, 0)));
    assert_eq!(bench.folio(P0, 0).order, Order(0));
    assert_eq!(bench.page(P0, 0).folio, bench.page(P1, 0).folio);
    assert_eq!(bench.read(P1, 0), b'a');
}

#[test]
fn p1_a_page_of_zeroes_may_vanish_in_the_split() {
    let mut bench = Bench::with_orders(8, &[2]);
    bench.advise(P0, 0, 8, Advice::Mergeable);
    bench.write(P0, 0, b'a');
    assert_eq!(bench.run(ksm((P0, 1), (P0, 2))), Outcome::Err(Errno::EAGAIN));
    assert_eq!(bench.pte(P0, 1), Pte::Zero(YOUNG));
}

#[test]
fn p2_a_pin_is_in_the_way_and_p4_undoes_the_first_half() {
    let mut bench = zeroes();
    bench.gup(P0, 1, 1, 0, PIN_W);
    assert_eq!(bench.run(ksm((P0, 1), (P0, 0))), Outcome::Err(Errno::EAGAIN));
    assert!(bench.exclusive(P0, 1) && bench.flags(P0, 1).has(W));
    assert_eq!(bench.run(ksm((P0, 0), (P0, 1))), Outcome::Err(Errno::EAGAIN));
    assert!(bench.fired(Rule::P4));
    assert!(!bench.folio(P0, 0).flags.has(FolioFlags::KSM));
    assert_eq!(bench.flags(P0, 0), YOUNG);
    assert!(bench.exclusive(P0, 0)); // a copy of its own
}

#[test]
fn p4_a_page_that_cannot_be_broken_stays_alone() {
    let mut bench = zeroes();
    bench.gup(P0, 1, 1, 0, PIN_W);
    let failed = bench.failing(ksm((P0, 0), (P0, 1)), AllocKind::Folio(Order(0)), P0, 0);
    assert_eq!(failed, Outcome::Err(Errno::EAGAIN));
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::KSM));
}

#[test]
fn p2_a_clean_read_only_page_passes_whoever_refers_to_it() {
    let mut bench = zeroes();
    bench.ok(ksm((P0, 0), (P0, 1)));
    bench.gup(P0, 2, 1, 0, GET);
    assert_eq!(bench.run(ksm((P0, 0), (P0, 2))), Outcome::Err(Errno::EAGAIN));
    bench.put(0);
    bench.advise(P0, 0, 8, Advice::Unmergeable);
    bench.advise(P0, 0, 8, Advice::Mergeable);
    // Page 1 is a clean, exclusive copy; once shared by fork nothing tells it from any other.
    bench.fork(P0, P1);
    bench.gup(P0, 1, 1, 0, GET);
    bench.ok(ksm((P0, 1), (P0, 2)));
    assert_eq!(bench.folio(P0, 1).mapcount, 3);
}

#[test]
fn b11_a_write_copies_and_the_ksm_page_stays() {
    let mut bench = zeroes();
    bench.ok(ksm((P0, 0), (P0, 1)));
    bench.write(P0, 0, b'b');
    assert!(bench.fired(Rule::B11));
    assert_eq!(bench.folio(P0, 1).mapcount, 1);
    bench.write(P0, 1, b'c'); // even the last user copies
    assert!(!bench.folio(P0, 1).flags.has(FolioFlags::KSM));
    assert!(bench.exclusive(P0, 1));
}

#[test]
fn p5_fork_shares_and_a_pin_unshares() {
    let mut bench = zeroes();
    bench.ok(ksm((P0, 0), (P0, 1)));
    bench.fork(P0, P1);
    assert_eq!(bench.folio(P0, 0).mapcount, 4);
    bench.gup(P0, 0, 1, 0, PIN);
    assert!(!bench.folio(P0, 0).flags.has(FolioFlags::KSM));
    assert_eq!(bench.folio(P1, 0).mapcount, 3);
    bench.ok(hint(P0, 1, 1)); // H11: skipped
    assert!(!bench.flags(P0, 1).has(PROTNONE));
}

#[test]
fn p3_the_zero_page_is_marked() {
    let mut bench = zeroes();
    bench.ok(ksm_zero(0));
    assert_eq!(bench.pte(P0, 0), Pte::Zero(YOUNG.with(DIRTY)));
    assert_eq!(bench.rss(P0), 3);
    bench.advise(P0, 0, 8, Advice::Unmergeable);
    assert_eq!(bench.flags(P0, 0), YOUNG);
    assert_eq!(bench.rss(P0), 4);
}

#[test]
fn p6_unmergeable_breaks_every_ksm_page() {
    let mut bench = zeroes();
    bench.ok(ksm((P0, 0), (P0, 1)));
    let failed =
        bench.failing(advise(P0, 0, 8, Advice::Unmergeable), AllocKind::Folio(Order(0)), P0, 1);
    assert_eq!(failed, Outcome::Err(Errno::EAGAIN));
    assert!(bench.vma(P0, 0).flags.has(VmaFlags::MERGEABLE));
    assert!(!bench.folio(P0, 0).flags.has(FolioFlags::KSM));
    bench.advise(P0, 0, 8, Advice::Unmergeable);
    assert!(!bench.vma(P0, 0).flags.has(VmaFlags::MERGEABLE));
    assert!(!bench.folio(P0, 1).flags.has(FolioFlags::KSM));
}

#[test]
fn p6_a_ksm_page_under_migration_is_waited_for() {
    let mut bench = zeroes();
    bench.ok(ksm((P0, 0), (P0, 1)));
    bench.ok(Op::Migrate { pid: Pid(0), vpn: Vpn(0), token: Token(0), all: true });
    let broken = bench.run(advise(P0, 0, 8, Advice::Unmergeable));
    assert_eq!(broken, Outcome::Err(Errno::EINTR));
    bench.ok(Op::MigrateCopy { token: Token(0) });
    bench.ok(Op::MigrateEnd { token: Token(0) });
    let folio = bench.folio(P0, 0);
    assert!(folio.flags.has(FolioFlags::KSM));
    assert_eq!(folio.mapcount, 2);
    assert_eq!(bench.page(P0, 0).folio, bench.page(P0, 1).folio);
}

#[test]
fn droppable_memory_is_never_mergeable() {
    let mut bench = Bench::new();
    let range = PageRange::new(0, 4);
    bench.ok(Op::Mmap { pid: Pid(0), range, prot: RW, droppable: true });
    bench.advise(P0, 0, 4, Advice::Mergeable);
    assert!(!bench.vma(P0, 0).flags.has(VmaFlags::MERGEABLE));
}
