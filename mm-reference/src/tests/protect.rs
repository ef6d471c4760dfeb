//! Tests of protection changes (section H, Z4).

use mm_ops::{Choice, Errno, Outcome, Pid, Prot, VmaFlags, Vpn};

use super::*;

#[test]
fn h1_errors_keep_what_was_done_before() {
    let mut bench = Bench::mapped(2);
    bench.mmap(P0, 4, 2, RW);
    assert_eq!(bench.run(protect(P0, 0, 6, R)), Outcome::Err(Errno::ENOMEM));
    assert!(!bench.vma(P0, 0).flags.has(VmaFlags::WRITE));
    assert!(bench.vma(P0, 4).flags.has(VmaFlags::WRITE));
    bench.ok(Op::Mseal { pid: Pid(0), range: PageRange::new(4, 1) });
    assert_eq!(bench.run(protect(P0, 4, 2, R)), Outcome::Err(Errno::EPERM));
    assert_eq!(bench.run(protect(P0, 60, 9, R)), Outcome::Err(Errno::ENOMEM));
    assert_eq!(bench.run(protect(P0, 60, 0, R)), OK);
}

#[test]
fn h4_exclusive_pages_get_w_back_and_shared_ones_do_not() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.write(P0, 1, b'a');
    bench.read(P0, 2);
    bench.protect(P0, 0, 4, R);
    assert_eq!(bench.flags(P0, 1), YOUNG.with(DIRTY));
    bench.protect(P0, 0, 4, RW);
    assert!(bench.flags(P0, 1).has(W));
    assert!(!bench.flags(P0, 0).has(W));
    assert_eq!(bench.pte(P0, 2), Pte::Zero(YOUNG)); // H3
}

#[test]
fn h2_prot_none_keeps_the_page_mapped() {
    let mut bench = Bench::mapped(1);
    bench.write(P0, 0, b'a');
    bench.protect(P0, 0, 1, Prot::NONE);
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY).with(PROTNONE));
    assert_eq!(bench.run(read(P0, 0)), Outcome::Segv);
    bench.protect(P0, 0, 1, RW);
    assert_eq!(bench.read(P0, 0), b'a');
}

#[test]
fn h3_a_tracked_clean_page_waits_for_its_fault() {
    let mut bench = Bench::with(Config { soft_dirty: true, ..Config::default() });
    bench.mmap(P0, 0, 1, RW);
    bench.write(P0, 0, b'a');
    bench.ok(Op::ClearRefs { pid: Pid(0) });
    bench.protect(P0, 0, 1, R);
    bench.protect(P0, 0, 1, RW);
    assert!(!bench.flags(P0, 0).has(W));
}

#[test]
fn h8_a_whole_block_keeps_its_leaf_and_a_part_splits_it() {
    let mut bench = Bench::with_orders(8, &[2]);
    bench.write(P0, 0, b'a');
    bench.write(P0, 4, b'b');
    bench.protect(P0, 0, 6, R);
    assert_eq!(bench.leaf(P0, 0).flags, YOUNG.with(DIRTY));
    assert_eq!(bench.pmd(P0, 4), PmdKind::Table);
    assert!(!bench.flags(P0, 5).has(W) && bench.flags(P0, 6).has(W));
    bench.protect(P0, 0, 6, RW);
    assert!(bench.leaf(P0, 0).flags.has(W) && bench.flags(P0, 5).has(W));
}

/// A large folio whose page 0 alone is young and dirty.
fn run() -> Bench {
    let mut bench = Bench::with(Config { soft_dirty: true, ..Config::default() });
    bench.mmap(P0, 0, 8, RW);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    bench.advise(P0, 0, 4, Advice::Free);
    bench.write(P0, 0, b'b');
    assert_eq!(bench.flags(P0, 1), W.with(SD));
    bench
}

#[test]
fn h9_a_run_may_merge_young_and_dirty() {
    let mut bench = run();
    let merged = |vpn| Choice::Merged { pid: Pid(0), vpn: Vpn(vpn), young: true, dirty: true };
    let choices = [merged(1), merged(2), merged(3)];
    assert_eq!(bench.choosing(protect(P0, 0, 4, R), &choices), Ok(OK));
    assert_eq!(bench.flags(P0, 3), YOUNG.with(DIRTY).with(SD));
}

#[test]
fn h9_bits_that_nobody_in_the_run_had_are_refused() {
    let mut bench = run();
    let merged = Choice::Merged { pid: Pid(0), vpn: Vpn(2), young: true, dirty: false };
    // The run of this mprotect begins behind the young page.
    assert_eq!(bench.choosing(protect(P0, 1, 3, R), &[merged]).unwrap_err().rule, Rule::BT4);
}

#[test]
fn h11_pinned_and_shared_pages_get_no_hint() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.gup(P0, 1, 1, 0, PIN_W);
    bench.write(P0, 2, b'c');
    bench.read(P0, 3);
    bench.ok(hint(P0, 0, 4));
    assert!(!bench.flags(P0, 0).has(PROTNONE));
    assert!(!bench.flags(P0, 1).has(PROTNONE));
    assert!(bench.flags(P0, 2).has(PROTNONE));
    assert_eq!(bench.pte(P0, 3), Pte::Zero(YOUNG));
}

#[test]
fn h12_a_locked_range_that_becomes_writable_is_populated() {
    let mut bench = Bench::new();
    bench.mmap(P0, 0, 2, R);
    bench.ok(mlock(P0, 0, 2));
    assert_eq!(bench.pte(P0, 0), Pte::Zero(YOUNG));
    bench.protect(P0, 0, 2, RW);
    assert!(bench.flags(P0, 0).has(W) && bench.flags(P0, 1).has(W));
}

#[test]
fn z4_clear_refs_spares_writable_pinned_pages() {
    let mut bench = Bench::with(Config { soft_dirty: true, ..Config::default() });
    bench.mmap(P0, 0, 2, RW);
    bench.gup(P0, 0, 1, 0, PIN_W);
    bench.write(P0, 1, b'a');
    bench.ok(Op::ClearRefs { pid: Pid(0) });
    assert!(bench.flags(P0, 0).has(W.with(SD)));
    assert!(!bench.flags(P0, 1).has(W) && !bench.flags(P0, 1).has(SD));
    assert!(bench.exclusive(P0, 1));
}

#[test]
fn z4_clear_refs_needs_soft_dirty() {
    let mut bench = Bench::new();
    assert_eq!(bench.run(Op::ClearRefs { pid: Pid(0) }), Outcome::Err(Errno::EINVAL));
}
