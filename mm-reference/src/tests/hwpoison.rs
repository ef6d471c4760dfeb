//! Tests of memory failure (section Q, C14).

use mm_ops::{Errno, FolioFlags, Outcome, Pid};

use super::*;

fn hwpoison(pid: u8, vpn: u32) -> Op {
    Op::Hwpoison { pid: Pid(pid), vpn: Vpn(vpn) }
}

fn soft_offline(pid: u8, vpn: u32) -> Op {
    Op::SoftOffline { pid: Pid(pid), vpn: Vpn(vpn) }
}

fn swap_out(pid: u8, vpn: u32) -> Op {
    Op::SwapOut { pid: Pid(pid), vpn: Vpn(vpn), token: None }
}

fn written() -> Bench {
    let mut bench = Bench::mapped(8);
    bench.write(P0, 0, b'a');
    bench
}

/// A page nothing marks dirty: an exclusive copy made for a pin.
fn clean() -> Bench {
    let mut bench = written();
    bench.fork(P0, P1);
    bench.gup(P0, 0, 1, 0, PIN);
    bench.put(0);
    bench.exit(P1);
    assert_eq!(bench.flags(P0, 0), YOUNG);
    bench
}

#[test]
fn q1_a_dirty_page_kills_its_user() {
    let mut bench = written();
    assert_eq!(bench.run(hwpoison(P0, 0)), Outcome::Bus);
    assert!(matches!(bench.pte(P0, 0), Pte::Hwpoison(_)));
    assert_eq!(bench.rss(P0), 0);
    let snapshot = bench.snapshot();
    assert!(snapshot.pages[0].hwpoison);
    assert!(!snapshot.folios[0].flags.has(FolioFlags::LRU));
    assert_eq!((snapshot.folios[0].refcount, snapshot.folios[0].mapcount), (1, 0));
}

#[test]
fn q1_a_clean_page_is_lost_without_a_signal() {
    let mut bench = clean();
    bench.ok(hwpoison(P0, 0));
    assert_eq!(bench.run(read(P0, 0)), Outcome::Bus);
}

#[test]
fn q3_who_meets_the_entry() {
    let mut bench = clean();
    bench.ok(hwpoison(P0, 0));
    assert_eq!(bench.run(gup(P0, 0, 1, 0, GET)), Outcome::Err(Errno::EFAULT));
    let populate = bench.run(advise(P0, 0, 1, Advice::PopulateRead));
    assert_eq!(populate, Outcome::Err(Errno::EHWPOISON));
    assert_eq!(bench.run(hwpoison(P0, 0)), Outcome::Err(Errno::EFAULT));
    bench.fork(P0, P1);
    assert!(bench.fired(Rule::C14));
    assert_eq!(bench.pte(P0, 0), bench.pte(P1, 0));
    bench.protect(P0, 0, 1, R);
    assert_eq!(bench.run(read(P0, 0)), Outcome::Bus);
    bench.advise(P0, 0, 1, Advice::DontNeed);
    assert_eq!(bench.read(P0, 0), 0);
    assert_eq!(bench.snapshot().folios.len(), 1);
    bench.advise(P1, 0, 1, Advice::Free);
    assert_eq!(bench.pte(P1, 0), Pte::None);
    assert!(bench.snapshot().folios.is_empty()); // retired
}

#[test]
fn q1_every_process_loses_the_page_but_only_the_caller_is_told() {
    let mut bench = written();
    bench.fork(P0, P1);
    assert_eq!(bench.run(hwpoison(P1, 0)), Outcome::Bus);
    assert!(matches!(bench.pte(P0, 0), Pte::Hwpoison(_)));
    assert_eq!((bench.rss(P0), bench.rss(P1)), (0, 0));
}

#[test]
fn q1_the_zero_page_cannot_be_taken_away() {
    let mut bench = written();
    assert_eq!(bench.run(hwpoison(P0, 3)), Outcome::Err(Errno::EBUSY));
    assert_eq!(bench.read(P0, 3), 0); // faulted in by the look-up
    assert_eq!(bench.run(hwpoison(P0, 30)), Outcome::Err(Errno::EFAULT));
    let mut bench = Bench::with_orders(4, &[2]);
    assert_eq!(bench.run(hwpoison(P0, 0)), Outcome::Err(Errno::EHWPOISON));
}

#[test]
fn q1_a_huge_page_is_split_first() {
    let mut bench = Bench::with_orders(4, &[2]);
    for vpn in 0..4 {
        bench.write(P0, vpn, b'a');
    }
    assert_eq!(bench.run(hwpoison(P0, 2)), Outcome::Bus);
    assert!(matches!(bench.pte(P0, 2), Pte::Hwpoison(entry) if entry.page == 0));
    assert_eq!(bench.rss(P0), 3);
    assert_eq!(bench.read(P0, 3), b'a');
}

#[test]
fn f3_a_split_of_ptes_takes_the_poisoned_one_itself() {
    let mut bench = Bench::with(Config::default());
    bench.mmap(P0, 0, 8, RW);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    bench.ok(hwpoison(P0, 1)); // nothing maps it any more when the signals are sent
    assert!(matches!(bench.pte(P0, 1), Pte::Hwpoison(_)));
    assert_eq!(bench.folio(P0, 0).order, Order(0));
    assert_eq!(bench.pte(P0, 3), Pte::Zero(YOUNG)); // F9 spares only the poisoned page
}

#[test]
fn q1_a_folio_that_cannot_be_split_stays_mapped() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.gup(P0, 1, 1, 0, GET);
    assert_eq!(bench.run(hwpoison(P0, 2)), Outcome::Bus);
    assert!(matches!(bench.pmd(P0, 0), PmdKind::Leaf(_)));
    assert_eq!(bench.folio(P0, 0).refcount, 2);
    assert_eq!(bench.run(hwpoison(P0, 2)), Outcome::Bus); // already poisoned
}

#[test]
fn q4_pins_do_not_protect() {
    let mut bench = clean();
    bench.gup(P0, 0, 1, 0, PIN);
    assert_eq!(bench.run(hwpoison(P0, 0)), Outcome::Err(Errno::EBUSY));
    assert!(matches!(bench.pte(P0, 0), Pte::Hwpoison(_)));
    assert!(matches!(bench.run(dma_read(0, 0)), Outcome::Value(value) if value.label == b'a'));
    bench.put(0);
}

#[test]
fn q1_off_the_lru_nothing_is_unmapped() {
    let mut bench = written();
    bench.ok(isolate(P0, 0, 0));
    assert_eq!(bench.run(hwpoison(P0, 0)), Outcome::Err(Errno::EBUSY));
    assert_eq!(bench.read(P0, 0), b'a');
    assert_eq!(bench.folio(P0, 0).refcount, 3);
    bench.ok(Op::Drop { token: Token(0) });
    // F3: whoever takes the entry down leaves a HWPOISON entry.
    bench.ok(Op::Migrate { pid: Pid(0), vpn: Vpn(0), token: Token(0), all: false });
    assert!(matches!(bench.pte(P0, 0), Pte::Hwpoison(_)));
    assert_eq!(bench.run(Op::MigrateCopy { token: Token(0) }), Outcome::Err(Errno::EAGAIN));
    bench.ok(Op::MigrateEnd { token: Token(0) });
}

#[test]
fn q1_a_lock_or_a_write_would_be_waited_for() {
    let mut bench = written();
    bench.ok(lock(P0, 0, 0));
    assert_eq!(bench.run(hwpoison(P0, 0)), Outcome::Err(Errno::EINTR));
    assert_eq!(bench.run(soft_offline(P0, 0)), Outcome::Ok); // marked already
    assert_eq!(bench.folio(P0, 0).refcount, 1);
}

#[test]
fn q1_in_the_swap_cache_the_entries_become_swap_entries() {
    let mut bench = written();
    bench.ok(mlock(P0, 0, 1));
    bench.ok(Op::Munlock { pid: Pid(0), range: PageRange::new(0, 1) });
    bench.fork(P0, P1);
    bench.ok(Op::SwapOut { pid: Pid(0), vpn: Vpn(0), token: None });
    bench.read(P1, 0); // mapped from the cache by one, still swapped for the other
    assert!(bench.folio(P1, 0).flags.has(FolioFlags::SWAPCACHE));
    bench.ok(hwpoison(P1, 0)); // clean: it leaves the cache, and is read again
    assert!(matches!(bench.pte(P1, 0), Pte::Swap(_)));
    assert_eq!(bench.read(P1, 0), b'a');
    bench.gup(P1, 0, 1, 0, GET);
    bench.ok(Op::Put { handle: Handle(0), dirty: true });
    assert_eq!(bench.run(hwpoison(P1, 0)), Outcome::Bus); // dirty: it stays, not uptodate
    assert_eq!(bench.run(read(P1, 0)), Outcome::Bus);
    assert_eq!(bench.run(read(P0, 0)), Outcome::Bus);
}

#[test]
fn q2_a_poisoned_page_that_nobody_holds_is_retired() {
    let mut bench = written();
    bench.ok(lock(P0, 0, 0));
    assert_eq!(bench.run(hwpoison(P0, 0)), Outcome::Err(Errno::EINTR)); // marked, no more
    bench.ok(Op::Drop { token: Token(0) });
    bench.ok(Op::Migrate { pid: Pid(0), vpn: Vpn(0), token: Token(0), all: false });
    bench.ok(Op::MigrateCopy { token: Token(0) });
    bench.ok(Op::MigrateEnd { token: Token(0) });
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.folios.len(), snapshot.folios[0].refcount), (1, 1));
    assert!(snapshot.pages[0].hwpoison);
    assert_eq!(bench.run(read(P0, 0)), Outcome::Bus);
}

#[test]
fn q2_of_a_large_folio_the_poisoned_pages_are_retired() {
    let mut bench = Bench::with(Config::default());
    bench.mmap(P0, 0, 8, RW);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    bench.gup(P0, 3, 1, 0, GET);
    assert_eq!(bench.run(hwpoison(P0, 1)), Outcome::Bus);
    bench.put(0);
    bench.ok(Op::Migrate { pid: Pid(0), vpn: Vpn(0), token: Token(0), all: false });
    bench.ok(Op::MigrateCopy { token: Token(0) });
    bench.ok(Op::MigrateEnd { token: Token(0) });
    let entry = bench.pte(P0, 1);
    assert!(matches!(entry, Pte::Hwpoison(entry) if entry.page == 0));
    let retired = bench.snapshot();
    let retired = retired.folios.iter().find(|folio| folio.order == Order(0));
    assert_eq!(retired.map(|folio| folio.refcount), Some(1));
    assert_eq!(bench.read(P0, 0), b'a');
}

#[test]
fn q6_soft_offline_keeps_the_content() {
    let mut bench = written();
    let before = bench.page(P0, 0);
    bench.ok(soft_offline(P0, 0));
    let after = bench.page(P0, 0);
    assert_eq!(before.flags, after.flags);
    assert_eq!(bench.read(P0, 0), b'a');
    assert!(bench.exclusive(P0, 0));
    assert_eq!(bench.folio(P0, 0).refcount, 1);
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::LRU));
}

#[test]
fn q6_what_is_in_the_way() {
    let mut bench = written();
    bench.gup(P0, 0, 1, 0, GET);
    assert_eq!(bench.run(soft_offline(P0, 0)), Outcome::Err(Errno::EBUSY));
    bench.put(0);
    bench.ok(isolate(P0, 0, 0));
    assert_eq!(bench.run(soft_offline(P0, 0)), Outcome::Err(Errno::EBUSY));
    bench.ok(Op::Drop { token: Token(0) });
    let failed = bench.failing(soft_offline(P0, 0), AllocKind::Folio(Order(0)), P0, 0);
    assert_eq!(failed, Outcome::Err(Errno::EBUSY));
    assert_eq!(bench.run(soft_offline(P0, 3)), Outcome::Err(Errno::EBUSY));
    bench.ok(lock(P0, 0, 0));
    assert_eq!(bench.run(soft_offline(P0, 0)), Outcome::Err(Errno::EINTR));
    assert_eq!(bench.read(P0, 0), b'a');
}

#[test]
fn q6_a_huge_page_is_split_and_a_page_of_zeroes_needs_no_migration() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.ok(soft_offline(P0, 1));
    assert_eq!(bench.pte(P0, 1), Pte::Zero(YOUNG));
    bench.ok(soft_offline(P0, 0));
    assert_eq!(bench.read(P0, 0), b'a');
    assert_eq!(bench.run(swap_out(P0, 0)), OK);
}
