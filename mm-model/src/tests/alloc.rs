//! Failing allocations: each operation with its 1st, 2nd, … allocation failing in turn. Nothing
//! leaks, the counts stay right (checked after every operation), contents are as before, and the
//! operation succeeds afterwards.

use super::support::*;
use mm_ops::{Advice, Choice, GupFlags, Op, Outcome};

/// More than any operation here allocates.
const ALLOCATIONS_MAX: u16 = 64;

/// Fails each allocation of `op` in turn. Answers how many there are.
fn sweep(setup: &[Op], op: Op) -> u16 {
    for nth in 1..ALLOCATIONS_MAX {
        let mut m = Machine::after(setup);
        let contents = contents(&mut m);
        m.apply(fail_alloc(nth));
        let outcome = m.apply(op);
        let failed = !m.choices.is_empty();
        assert!(
            matches!(m.choices[..], [] | [Choice::AllocFailed(_)]),
            "at most one allocation fails: {:?}",
            m.choices
        );
        if !failed {
            assert!(!matches!(outcome, Outcome::Err(_) | Outcome::Oom), "{op:?}: {outcome:?}");
            return nth - 1;
        }
        if matches!(outcome, Outcome::Err(_) | Outcome::Oom) {
            assert_eq!(self::contents(&mut m), contents, "{op:?} failed and changed contents");
            let again = m.apply(op);
            assert!(!matches!(again, Outcome::Err(_) | Outcome::Oom), "{op:?}: {again:?}");
        }
        m.all(&[exit(0), exit(1), put(0)]);
        assert!(m.snapshot().folios.is_empty(), "{op:?}: allocation {nth}");
        assert_eq!(m.model.tables.in_use(), 0, "{op:?}: allocation {nth}");
    }
    panic!("{op:?} makes more allocations than expected");
}

/// What the first pages of p0 hold, read without faulting anything in.
fn contents(m: &mut Machine) -> Vec<(u32, u8)> {
    let snapshot = m.snapshot();
    let mut pages = Vec::new();
    let mut observed = mm_ops::Observation::default();
    observed.fill_from(&snapshot, m.config.ptes);
    pages.extend(observed.pages.iter().map(|page| (page.vpn.0, page.value.label)));
    pages.retain(|page| page.1 != 0);
    pages
}

#[test]
fn a_fresh_write() {
    assert_eq!(sweep(&[mmap(0, 0, 8, RW)], write(0, 3, b'a')), 5, "tables, AVC, anon_vma, folio");
}

#[test]
fn a_fresh_write_of_each_order() {
    assert_eq!(sweep(&[thp(&[2, 3]), mmap(0, 0, 16, RW)], write(0, 9, b'a')), 5);
    assert_eq!(sweep(&[thp(&[2]), mmap(0, 0, 16, RW)], write(0, 9, b'a')), 5);
}

#[test]
fn a_read_of_the_huge_zero_folio() {
    assert_eq!(sweep(&[thp(&[3]), mmap(0, 0, 8, RW)], read(0, 3)), 4);
}

#[test]
fn a_copy() {
    let setup = [mmap(0, 0, 8, RW), write(0, 3, b'a'), fork(0, 1)];
    assert_eq!(sweep(&setup, write(0, 3, b'b')), 1);
}

#[test]
fn a_write_to_the_huge_zero_folio() {
    assert_eq!(sweep(&[thp(&[3]), mmap(0, 0, 8, RW), read(0, 3)], write(0, 3, b'a')), 1);
}

#[test]
fn a_fork() {
    let setup = [
        thp(&[2, 3]),
        mmap(0, 0, 16, RW),
        write(0, 3, b'a'),
        write(0, 9, b'b'),
        madvise(0, 8, 8, Advice::NoHugePage),
        pin_rw(0, 9, 1, 0),
        mmap(0, 64, 4, RW),
        write(0, 64, b'c'),
    ];
    assert!(sweep(&setup, fork(0, 1)) > 12);
}

#[test]
fn vma_changes() {
    let setup = [mmap(0, 0, 16, RW), write(0, 3, b'a'), write(0, 9, b'b')];
    assert_eq!(sweep(&setup, munmap(0, 2, 4)), 4, "two splits");
    assert_eq!(sweep(&setup, mprotect(0, 2, 4, R)), 4);
    assert_eq!(sweep(&setup, madvise(0, 2, 4, Advice::DontFork)), 4);
    assert_eq!(sweep(&setup, mseal(0, 2, 4)), 4);
    assert_eq!(sweep(&setup, mmap(0, 32, 4, RW)), 1);
}

#[test]
fn guards() {
    let setup = [mmap(0, 0, 24, RW), read(0, 3)];
    assert_eq!(sweep(&setup, madvise(0, 0, 24, Advice::GuardInstall)), 4, "AVC, anon_vma, tables");
}

#[test]
fn gup_and_populate() {
    let setup = [mmap(0, 0, 8, RW)];
    assert_eq!(sweep(&setup, pin_rw(0, 3, 1, 0)), 5);
    let longterm = GupFlags { pin: true, longterm: true, ..GupFlags::default() };
    assert_eq!(sweep(&setup, gup(0, 3, 1, 0, longterm)), 5, "D20: two faults");
    assert_eq!(sweep(&setup, poke(0, 3, b'a')), 5);
}

#[test]
fn an_armed_failure_waits_for_one_operation_only() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), fail_alloc(1), fork(3, 1)]);
    assert_eq!(m.apply(write(0, 3, b'a')), Outcome::Ok);
    m.all(&[fail_alloc(1), fail_alloc(2)]);
    m.apply(mmap(0, 16, 1, R));
    assert!(m.choices.is_empty(), "the second arming replaced the first");
}
