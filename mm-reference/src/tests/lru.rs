//! Per-CPU LRU batches (S14, S20).

use mm_ops::{Errno, FolioFlags};

use super::*;

const LRU: FolioFlags = FolioFlags::LRU;

fn batching() -> Bench {
    let mut bench = Bench::with(Config { ptes: 8, lru_batch: true, ..Config::default() });
    bench.mmap(P0, 0, 64, RW);
    bench
}

fn swap_out(vpn: u32) -> Op {
    Op::SwapOut { pid: Pid(P0), vpn: Vpn(vpn), token: None }
}

/// S14: a fresh small folio waits with one more reference; S20: without batches none does.
#[test]
fn fresh_folios_wait() {
    let mut bench = batching();
    bench.write(P0, 1, b'a');
    let folio = bench.folio(P0, 1);
    assert_eq!((folio.refcount, folio.flags.has(LRU)), (2, false));
    assert_eq!(bench.run(isolate(P0, 1, 0)), Outcome::Err(Errno::EAGAIN));
    bench.ok(Op::Drain);
    let folio = bench.folio(P0, 1);
    assert_eq!((folio.refcount, folio.flags.has(LRU)), (1, true));
    let mut bench = Bench::mapped(4);
    bench.write(P0, 1, b'a');
    assert_eq!(bench.folio(P0, 1).refcount, 1);
}

/// S14: the 31st drains all.
#[test]
fn a_full_batch_is_drained() {
    let mut bench = batching();
    for vpn in 0..30 {
        bench.write(P0, vpn, b'a');
    }
    assert!(!bench.folio(P0, 0).flags.has(LRU));
    bench.write(P0, 30, b'a');
    assert!((0..31).all(|vpn| bench.folio(P0, vpn).flags.has(LRU)));
}

/// S14: a large folio drains the batch.
#[test]
fn a_large_folio_drains() {
    let mut bench = batching();
    bench.write(P0, 1, b'a');
    bench.thp(&[2]);
    bench.write(P0, 8, b'b');
    assert!(bench.folio(P0, 8).flags.has(LRU) && bench.folio(P0, 1).flags.has(LRU));
    assert_eq!(bench.folio(P0, 8).refcount, 4);
}

/// B6: the reference of a batch does not keep the last owner from reusing the page.
#[test]
fn reuse_drains() {
    let mut bench = batching();
    bench.write(P0, 1, b'a');
    bench.fork(P0, P1);
    bench.exit(P1);
    let before = bench.page(P0, 1).folio;
    bench.write(P0, 1, b'b');
    assert_eq!(bench.page(P0, 1).folio, before);
    // But if it waits in a batch that leaves it on the LRU: copied.
    bench.advise(P0, 1, 1, Advice::Free);
    bench.fork(P0, P1);
    bench.exit(P1);
    bench.write(P0, 1, b'c');
    assert_ne!(bench.page(P0, 1).folio, before);
}

/// I6: lazyfree only when the batch is drained.
#[test]
fn lazyfree_waits() {
    let mut bench = batching();
    bench.write(P0, 1, b'a');
    bench.advise(P0, 0, 8, Advice::Free);
    let folio = bench.folio(P0, 1);
    assert!(folio.flags.has(LRU.with(FolioFlags::SWAPBACKED)));
    assert_eq!(folio.refcount, 2);
    bench.ok(swap_out(1)); // Reclaim drains first.
    assert_eq!(bench.pte(P0, 1), Pte::None);
}

/// S14: in a LOCKED VMA there is a batch of its own; mlock drains.
#[test]
fn locked_folios_wait() {
    let mut bench = batching();
    bench.write(P0, 1, b'a');
    bench.ok(mlock(P0, 0, 8));
    assert!((0..8).all(|vpn| bench.folio(P0, vpn).flags.has(LRU)));
    bench.advise(P0, 0, 1, Advice::DontNeedLocked);
    bench.write(P0, 0, b'b');
    assert!(!bench.folio(P0, 0).flags.has(LRU));
    bench.advise(P0, 8, 1, Advice::PopulateWrite);
    assert!(bench.folio(P0, 0).flags.has(LRU));
}

/// S12: a folio lives as long as it waits, and a lock on it, too.
#[test]
fn a_waiting_folio_lives() {
    let mut bench = batching();
    bench.write(P0, 1, b'a');
    bench.ok(lock(P0, 1, 0));
    bench.ok(munmap(P0, 0, 8));
    let snapshot = bench.snapshot();
    assert_eq!((snapshot.folios.len(), snapshot.folios[0].refcount), (1, 1));
    bench.ok(Op::Drop { token: Token(0) });
    assert!(bench.snapshot().folios.is_empty());
    bench.ok(Op::Drain);
    assert!(bench.snapshot().folios.is_empty());
}

/// E12, E13: only a write fault drains, so that the page can be seen to be its own.
#[test]
fn write_faults_on_swap_drain() {
    for write_fault in [false, true] {
        let mut bench = batching();
        bench.write(P0, 1, b'a');
        bench.fork(P0, P1);
        bench.ok(swap_out(1));
        bench.exit(P1);
        if write_fault {
            bench.write(P0, 1, b'b');
        } else {
            assert_eq!(bench.read(P0, 1), b'a');
        }
        assert_eq!(bench.exclusive(P0, 1), write_fault);
        assert_eq!(bench.folio(P0, 1).flags.has(LRU), write_fault);
    }
}
