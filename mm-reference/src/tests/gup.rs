//! Tests of GUP (section D).

use mm_ops::{Errno, FolioFlags, Outcome, Prot};

use super::*;

const EFAULT: Outcome = Outcome::Err(Errno::EFAULT);

#[track_caller]
fn value_of(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Value(value) => value.label,
        other => panic!("no value: {other:?}"),
    }
}

#[test]
fn d2_rights_are_those_of_the_vma_unless_forced() {
    let mut bench = Bench::new();
    bench.mmap(P0, 0, 1, R);
    bench.mmap(P0, 4, 1, Prot { read: false, write: true });
    bench.mmap(P0, 8, 1, Prot::NONE);
    assert_eq!(bench.run(gup(P0, 0, 1, 0, GET_W)), EFAULT);
    assert_eq!(bench.run(gup(P0, 4, 1, 0, GET)), EFAULT);
    assert_eq!(bench.run(gup(P0, 8, 1, 0, GET)), EFAULT);
    bench.gup(P0, 8, 1, 0, GupFlags { force: true, ..GET });
}

#[test]
fn d5_a_read_pin_unshares_and_d6_a_read_get_does_not() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    let shared = bench.page(P0, 0).folio;
    bench.gup(P0, 0, 1, 0, GET);
    assert_eq!(bench.page(P0, 0).folio, shared);
    bench.gup(P0, 0, 1, 1, PIN);
    assert_ne!(bench.page(P0, 0).folio, shared);
}

#[test]
fn d5_the_zero_page_is_unshared_for_longterm_only() {
    let mut bench = Bench::mapped(4);
    bench.gup(P0, 0, 1, 0, PIN);
    assert_eq!(bench.pte(P0, 0), Pte::Zero(YOUNG));
    assert_eq!(bench.snapshot().handles[0].folio, None);
    bench.gup(P0, 0, 1, 1, LONGTERM);
    assert_eq!(bench.flags(P0, 0), YOUNG);
}

#[test]
fn d7_a_pin_counts_1024_on_a_small_folio_and_one_on_a_large_one() {
    let mut bench = Bench::with_orders(8, &[2]);
    bench.gup(P0, 0, 2, 0, PIN_W);
    let large = bench.folio(P0, 0);
    assert_eq!((large.refcount, large.pincount), (3, 2));
    bench.thp(&[]);
    bench.gup(P0, 4, 1, 1, PIN_W);
    let small = bench.folio(P0, 4);
    assert_eq!((small.refcount, small.pincount), (1025, 0));
}

#[test]
fn d8_the_split_flag_splits_the_leaf_first() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.gup(P0, 1, 2, 0, GupFlags { split_pmd: true, ..GET });
    assert_eq!(bench.pmd(P0, 0), PmdKind::Table);
}

#[test]
fn d10_has_pinned_stays_though_the_pin_fails() {
    let mut bench = Bench::mapped(1);
    assert_eq!(bench.run(gup(P0, 2, 1, 0, PIN)), EFAULT);
    assert!(bench.snapshot().mms[0].has_pinned);
}

#[test]
fn d12_pages_before_the_failing_one_are_returned() {
    let mut bench = Bench::mapped(2);
    assert_eq!(bench.run(gup(P0, 0, 4, 0, GET)), Outcome::Count(2));
    assert_eq!(bench.run(gup(P0, 0, 1, 0, GET)), Outcome::Err(Errno::EBUSY));
    assert_eq!(bench.run(gup(P0, 0, 1, 16, GET)), Outcome::Err(Errno::EINVAL));
    assert_eq!(bench.run(gup(P0, 0, 0, 1, GET)), Outcome::Count(0));
    assert_eq!(bench.run(Op::Put { handle: Handle(1), dirty: false }), Outcome::Err(Errno::EBADF));
}

#[test]
fn d12_nofault_takes_only_what_is_there() {
    let mut bench = Bench::mapped(2);
    bench.write(P0, 0, b'a');
    let nofault = GupFlags { nofault: true, ..GET };
    assert_eq!(bench.run(gup(P0, 0, 2, 0, nofault)), Outcome::Count(1));
    assert_eq!(bench.run(gup(P0, 1, 1, 1, nofault)), EFAULT);
}

#[test]
fn d14_get_touches_and_pin_does_not() {
    let mut bench = Bench::mapped(4);
    bench.fork(P0, P1); // no anon_vma: nothing is shared
    for (handle, flags, dirty) in [(0, PIN_W, false), (1, GET_W, true)] {
        let vpn = u32::from(handle);
        bench.write(P0, vpn, b'a');
        bench.advise(P0, vpn, 1, Advice::Free); // clean again
        bench.gup(P0, vpn, 1, handle, flags);
        assert_eq!(bench.folio(P0, vpn).flags.has(FolioFlags::DIRTY), dirty);
    }
}

#[test]
fn d20_a_forced_write_needs_no_write_bit() {
    let mut bench = Bench::new();
    bench.mmap(P0, 0, 1, R);
    bench.ok(remote(P0, 0, Remote::Poke(Value::label(b'a'))));
    assert_eq!(bench.flags(P0, 0), YOUNG); // fresh: clean
    assert_eq!(bench.read(P0, 0), b'a');
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::DIRTY));
    bench.fork(P0, P1);
    bench.ok(remote(P1, 0, Remote::Poke(Value::label(b'b'))));
    assert_eq!(bench.flags(P1, 0), YOUNG.with(DIRTY)); // copied: dirty
    assert_eq!(bench.read(P0, 0), b'a');
}

#[test]
fn d3_a_forced_peek_goes_through_prot_none() {
    let mut bench = Bench::mapped(1);
    bench.write(P0, 0, b'a');
    bench.protect(P0, 0, 1, Prot::NONE);
    assert_eq!(value_of(bench.run(remote(P0, 0, Remote::Peek))), b'a');
    assert!(bench.flags(P0, 0).has(PROTNONE));
    assert_eq!(bench.run(remote(P0, 0, Remote::VmRead)), EFAULT);
}

#[test]
fn d15_the_fast_walk_takes_what_is_there_and_d21_the_slow_one_the_rest() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.gup(P0, 0, 2, 0, GupFlags { fast: true, ..PIN_W });
    assert!(bench.fired(Rule::D15) && bench.fired(Rule::D21));
    let beyond = GupFlags { fast: true, ..PIN };
    assert_eq!(bench.run(gup(P0, 60, 9, 1, beyond)), EFAULT);
}

#[test]
fn d16_the_fast_walk_takes_a_leaf_at_once() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.gup(P0, 1, 3, 0, GupFlags { fast: true, ..GET });
    assert!(bench.fired(Rule::D16));
    assert_eq!(bench.folio(P0, 0).refcount, 4);
}

#[test]
fn d22_illegal_flags_are_einval() {
    let mut bench = Bench::mapped(4);
    let einval = Outcome::Err(Errno::EINVAL);
    assert_eq!(bench.run(gup(P0, 0, 1, 0, GupFlags { longterm: true, ..GET })), einval);
    let split = GupFlags { fast: true, split_pmd: true, ..PIN };
    assert_eq!(bench.run(gup(P0, 0, 1, 0, split)), einval);
}

#[test]
fn inv3_the_pin_and_its_owner_stay_together() {
    let mut bench = Bench::mapped(4);
    bench.gup(P0, 0, 1, 0, PIN_W);
    bench.fork(P0, P1);
    bench.write(P0, 0, b'a');
    assert_eq!(value_of(bench.run(dma_read(0, 0))), b'a');
    bench.ok(munmap(P0, 0, 4));
    bench.ok(dma_write(0, 0, b'b'));
    assert_eq!(value_of(bench.run(dma_read(0, 0))), b'b');
    bench.exit(P1);
    assert_eq!(bench.snapshot().folios.len(), 1);
    bench.put(0);
    assert!(bench.snapshot().folios.is_empty()); // Z5: not before
}

#[test]
fn dma_errors() {
    let mut bench = Bench::mapped(4);
    assert_eq!(bench.run(dma_read(0, 0)), Outcome::Err(Errno::EBADF));
    bench.gup(P0, 0, 1, 0, GET);
    assert_eq!(bench.run(dma_read(0, 1)), Outcome::Err(Errno::EINVAL));
    assert_eq!(bench.run(dma_write(0, 0, b'a')), Outcome::Err(Errno::EACCES));
}

#[test]
fn a13_populate_errors() {
    let mut bench = Bench::mapped(2);
    bench.mmap(P0, 4, 1, R);
    let result = |bench: &mut Bench, start, len, advice| bench.run(advise(P0, start, len, advice));
    let enomem = Outcome::Err(Errno::ENOMEM);
    assert_eq!(result(&mut bench, 1, 4, Advice::PopulateWrite), enomem);
    assert!(bench.flags(P0, 1).has(W));
    let einval = Outcome::Err(Errno::EINVAL);
    assert_eq!(result(&mut bench, 4, 1, Advice::PopulateWrite), einval);
    bench.advise(P0, 4, 1, Advice::GuardInstall);
    assert_eq!(result(&mut bench, 4, 1, Advice::PopulateRead), EFAULT);
}
