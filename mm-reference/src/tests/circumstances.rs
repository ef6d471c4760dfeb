//! Tests of locks, isolations, failing allocations, and what of a subject's choices is refused (Z8).

use mm_ops::{AllocKind, Choice, Errno, FolioFlags, Outcome, Pid, Token, Vpn};

use super::*;

fn failed(kind: AllocKind, vpn: u32, nth: u16) -> Choice {
    Choice::AllocFailed(AllocSite { kind, pid: Pid(0), vpn: Vpn(vpn), nth })
}

#[test]
fn z8_a_failure_needs_fail_alloc_right_before() {
    let choice = failed(AllocKind::PteTable, 0, 0);
    let mut bench = Bench::mapped(4);
    assert_eq!(bench.choosing(read(P0, 0), &[choice]).unwrap_err().rule, Rule::Z8);
    let mut bench = Bench::mapped(4);
    bench.ok(Op::FailAlloc { nth: 1 });
    bench.ok(Op::FailAlloc { nth: 0 });
    assert_eq!(bench.choosing(read(P0, 0), &[choice]).unwrap_err().rule, Rule::Z8);
}

#[test]
fn z8_a_failure_must_be_of_an_allocation_that_is_made() {
    for choice in [failed(AllocKind::PteTable, 4, 0), failed(AllocKind::PteTable, 0, 1)] {
        let mut bench = Bench::mapped(4);
        bench.ok(Op::FailAlloc { nth: 1 });
        let refusal = bench.choosing(read(P0, 0), &[choice]).unwrap_err();
        assert_eq!(refusal.choice, choice);
        assert!(refusal.to_string().contains("no such allocation"));
    }
}

#[test]
fn z8_only_one_allocation_fails() {
    let mut bench = Bench::mapped(4);
    bench.ok(Op::FailAlloc { nth: 1 });
    let both = [failed(AllocKind::PmdTable, 0, 0), failed(AllocKind::PteTable, 0, 0)];
    assert_eq!(bench.choosing(read(P0, 0), &both).unwrap_err().rule, Rule::Z8);
}

#[test]
fn a_lock_is_exclusive_and_dies_with_its_folio() {
    let mut bench = Bench::mapped(4);
    assert_eq!(bench.run(lock(P0, 0, 0)), Outcome::Err(Errno::EFAULT));
    bench.write(P0, 0, b'a');
    bench.ok(lock(P0, 0, 0));
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::LOCKED));
    assert_eq!(bench.run(lock(P0, 0, 1)), Outcome::Err(Errno::EAGAIN));
    assert_eq!(bench.run(lock(P0, 0, 0)), Outcome::Err(Errno::EBUSY));
    assert_eq!(bench.run(lock(P0, 0, 8)), Outcome::Err(Errno::EINVAL));
    bench.ok(munmap(P0, 0, 4));
    assert_eq!(bench.snapshot().tokens[0].folio, None);
    bench.ok(Op::Drop { token: Token(0) });
    assert_eq!(bench.run(Op::Drop { token: Token(0) }), Outcome::Err(Errno::EBADF));
}

#[test]
fn s12_an_isolation_holds_a_reference_and_takes_the_folio_off_the_lru() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.ok(isolate(P0, 0, 0));
    let folio = bench.folio(P0, 0);
    assert_eq!((folio.refcount, folio.flags.has(FolioFlags::LRU)), (2, false));
    assert_eq!(bench.run(isolate(P0, 0, 1)), Outcome::Err(Errno::EAGAIN));
    bench.ok(munmap(P0, 0, 4));
    assert_eq!(bench.snapshot().folios.len(), 1);
    bench.ok(Op::Drop { token: Token(0) });
    assert!(bench.snapshot().folios.is_empty());
}

#[test]
fn the_reference_drives_as_a_subject() {
    let mut subject: Box<dyn mm_ops::Mm> = Box::new(Reference::new(&Config::default()));
    assert_eq!(subject.apply(&mmap(P0, 0, 4, RW)).outcome, OK);
    assert_eq!(subject.apply(&write(P0, 1, b'a')).outcome, OK);
    let mut seen = mm_ops::Observation::default();
    subject.observe(&mut seen);
    assert_eq!(seen.pages[0].value, Value::label(b'a'));
    assert!(subject.snapshot(&mut Snapshot::default()));
    subject.reset(&Config::default());
    assert_eq!(subject.apply(&read(P0, 1)).outcome, Outcome::Segv);
}
