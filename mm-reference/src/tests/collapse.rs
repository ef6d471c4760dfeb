//! Tests of MADV_COLLAPSE (G15 … G19, G24).

use mm_ops::{Errno, FolioFlags, Outcome, Pid};

use super::*;

fn collapse(start: u32, len: u32) -> Op {
    advise(P0, start, len, Advice::Collapse)
}

/// Two blocks of 4 pages, both with a page table.
fn pages() -> Bench {
    let mut bench = Bench::mapped(8);
    bench.write(P0, 0, b'a');
    bench.write(P0, 2, b'b');
    bench.write(P0, 4, b'c');
    bench
}

#[test]
fn g17_the_pages_of_a_block_become_one_folio() {
    let mut bench = pages();
    bench.read(P0, 1);
    bench.ok(collapse(0, 8));
    for start in [0, 4] {
        assert_eq!(bench.leaf(P0, start).flags, YOUNG.with(DIRTY).with(W));
        let folio = bench.folio(P0, start);
        assert_eq!((folio.refcount, folio.entire_mapcount, folio.index), (1, 1, start));
        assert!(folio.flags.has(FolioFlags::DEFERRED.with(FolioFlags::LRU)));
        assert!(bench.machine.page(bench.leaf(P0, start).folio, 0).exclusive);
    }
    assert_eq!(bench.rss(P0), 8);
    assert_eq!((bench.read(P0, 0), bench.read(P0, 1), bench.read(P0, 2)), (b'a', 0, b'b'));
    assert_eq!(bench.snapshot().mms[0].deposited, 2);
    bench.ok(collapse(0, 8)); // G24: a leaf counts as success
}

#[test]
fn g17_shared_pages_are_copied_and_read_only_memory_stays_read_only() {
    let mut bench = pages();
    bench.fork(P0, P1);
    bench.protect(P0, 0, 4, R);
    bench.ok(collapse(0, 4));
    assert_eq!(bench.leaf(P0, 0).flags, YOUNG.with(DIRTY));
    assert_eq!(bench.read(P1, 2), b'b');
    assert_eq!(bench.folio(P1, 2).mapcount, 1);
}

#[test]
fn g17_a_large_folio_that_loses_a_part_is_marked() {
    let mut bench = Bench::with(Config { ptes: 8, ..Config::default() });
    bench.mmap(P0, 0, 8, RW);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.advise(P1, 0, 1, Advice::DontNeed);
    bench.ok(collapse(0, 8));
    assert_eq!(bench.folio(P0, 0).order, Order(3));
    let old = bench.folio(P1, 1);
    assert!(old.flags.has(FolioFlags::PARTIALLY_MAPPED));
    assert_eq!(old.mm_slots, [(Pid(0), 0), (Pid(1), 3)]);
}

#[test]
fn g15_memory_that_cannot_have_huge_pages() {
    let mut bench = Bench::mapped(8);
    assert_eq!(bench.run(collapse(0, 8)), Outcome::Err(Errno::EINVAL)); // no anon_vma
    bench.write(P0, 0, b'a');
    bench.advise(P0, 0, 8, Advice::NoHugePage);
    assert_eq!(bench.run(collapse(0, 8)), Outcome::Err(Errno::EINVAL));
    let mut bench = Bench::new();
    bench.mmap(P0, 1, 6, RW);
    bench.write(P0, 1, b'a');
    assert_eq!(bench.run(collapse(1, 6)), Outcome::Err(Errno::EINVAL)); // no whole block
}

#[test]
fn g24_ranges_without_a_whole_block() {
    let mut bench = pages();
    bench.ok(collapse(3, 2)); // ends where it begins: nothing to do
    assert_eq!(bench.run(collapse(1, 2)), Outcome::Err(Errno::EINVAL));
    assert!(matches!(bench.pmd(P0, 0), PmdKind::Table));
}

#[test]
fn g15_somebody_elses_reference_lock_or_isolation() {
    let mut bench = pages();
    bench.gup(P0, 2, 1, 0, GET);
    // The block that fails is passed over.
    assert_eq!(bench.run(collapse(0, 8)), Outcome::Err(Errno::EAGAIN));
    assert!(matches!(bench.pmd(P0, 4), PmdKind::Leaf(_)));
    bench.put(0);
    bench.ok(lock(P0, 0, 0));
    assert_eq!(bench.run(collapse(0, 4)), Outcome::Err(Errno::EAGAIN));
    bench.ok(Op::Drop { token: Token(0) });
    bench.ok(isolate(P0, 0, 0));
    assert_eq!(bench.run(collapse(0, 4)), Outcome::Err(Errno::EAGAIN));
}

#[test]
fn g24_an_empty_block_ends_the_loop_a_missing_table_does_not() {
    let mut bench = Bench::mapped(12);
    bench.write(P0, 4, b'a');
    assert_eq!(bench.run(collapse(0, 8)), Outcome::Err(Errno::EINVAL));
    assert!(matches!(bench.pmd(P0, 4), PmdKind::Table));
    let mut bench = Bench::mapped(20); // the first 16 pages have a PMD table of their own
    bench.write(P0, 16, b'a');
    assert_eq!(bench.run(collapse(0, 20)), Outcome::Err(Errno::EINVAL));
    assert!(matches!(bench.pmd(P0, 16), PmdKind::Leaf(_)));
}

#[test]
fn g18_no_memory() {
    let mut bench = pages();
    let failed = bench.failing(collapse(0, 8), AllocKind::Folio(Order(2)), P0, 0);
    assert_eq!(failed, Outcome::Err(Errno::ENOMEM));
    assert!(matches!(bench.pmd(P0, 4), PmdKind::Table));
    assert!(bench.fired(Rule::G18));
}

#[test]
fn g16_what_cannot_be_brought_in() {
    let mut bench = pages();
    bench.advise(P0, 1, 1, Advice::GuardInstall);
    assert_eq!(bench.run(collapse(0, 8)), Outcome::Err(Errno::EINVAL));
    assert!(matches!(bench.pmd(P0, 4), PmdKind::Table));
    let mut bench = pages();
    bench.ok(Op::Migrate { pid: Pid(0), vpn: Vpn(0), token: Token(0), all: false });
    assert_eq!(bench.run(collapse(0, 4)), Outcome::Err(Errno::EINTR));
}

#[test]
fn g24_a_pmd_migration_entry_counts_as_success() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.ok(Op::Migrate { pid: Pid(0), vpn: Vpn(0), token: Token(0), all: false });
    bench.ok(collapse(0, 4));
}

#[test]
fn g16_a_ksm_page_that_occurs_twice_is_locked_by_then() {
    let mut bench = Bench::mapped(8);
    bench.advise(P0, 0, 8, Advice::Mergeable);
    for vpn in [0, 1, 4] {
        bench.write(P0, vpn, 0);
    }
    let ksm = |to| Op::Ksm { pid: Pid(0), vpn: Vpn(0), with: Pid(0), to: Vpn(to) };
    bench.ok(ksm(4));
    bench.ok(collapse(4, 4));
    bench.ok(ksm(1));
    assert_eq!(bench.run(collapse(0, 4)), Outcome::Err(Errno::EAGAIN));
}
