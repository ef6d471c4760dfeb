//! The per-CPU LRU batches (rulebook S14, S20, B6, I6).

use super::support::*;
use mm_ops::{Advice, Config, EntryKind, Errno, FolioFlags, Op, Outcome, SwapDevice};

fn batching() -> Machine {
    Machine::with(Config { ptes: 64, lru_batch: true, ..Config::default() })
}

/// Pages 0 to `pages` of p0 are written.
fn written(pages: u32) -> Machine {
    let mut m = batching();
    m.all(&[mmap(0, 0, 64, RW)]);
    (0..pages).for_each(|vpn| m.all(&[write(0, vpn, b'a')]));
    m
}

fn waits(m: &Machine, vpn: u32) -> bool {
    let folio = m.folio(0, vpn);
    !folio.flags.has(FolioFlags::LRU) && folio.refcount == 2
}

fn arrived(m: &Machine, vpn: u32) -> bool {
    let folio = m.folio(0, vpn);
    folio.flags.has(FolioFlags::LRU) && folio.refcount == 1
}

#[test]
fn s20_without_batches_a_new_folio_is_on_the_lru() {
    let m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 0, b'a')]);
    assert!(arrived(&m, 0));
}

#[test]
fn s14_a_new_folio_waits_until_it_is_drained() {
    let mut m = written(2);
    assert!(waits(&m, 0) && waits(&m, 1));
    assert_eq!(m.apply(isolate(0, 0, 0)), err(Errno::EAGAIN));
    assert_eq!(m.apply(Op::Drain), Outcome::Ok);
    assert!(arrived(&m, 0) && arrived(&m, 1));
}

#[test]
fn s14_the_thirty_first_drains_the_batch() {
    let mut m = written(30);
    assert!(waits(&m, 29));
    m.all(&[write(0, 30, b'a')]);
    assert!(arrived(&m, 0) && arrived(&m, 30));
}

#[test]
fn s14_a_large_folio_drains_the_batch_it_would_join() {
    let mut m = written(1);
    m.all(&[thp(&[2]), write(0, 8, b'b')]);
    assert!(arrived(&m, 0) && m.folio(0, 8).refcount == 4);
    assert!(m.folio(0, 8).flags.has(FolioFlags::LRU));
}

#[test]
fn s14_a_folio_that_only_waits_is_freed_by_the_drain() {
    let mut m = written(1);
    m.all(&[munmap(0, 0, 64)]);
    assert_eq!(m.model.folios.live(), 1);
    m.all(&[Op::Drain]);
    assert_eq!(m.model.folios.live(), 0);
}

#[test]
fn s14_a_new_page_of_a_locked_vma_waits_for_mlock() {
    let mut m = batching();
    m.all(&[
        mmap(0, 0, 64, RW),
        mlock(0, 0, 1),
        write(0, 0, b'a'),
        madvise(0, 0, 1, Advice::DontNeedLocked),
    ]);
    m.all(&[Op::Drain, write(0, 0, b'a'), thp(&[2]), write(0, 8, b'b')]);
    assert!(waits(&m, 0), "the other batch was drained");
    m.all(&[Op::Munlock { pid: mm_ops::Pid(0), range: mm_ops::PageRange::new(0, 1) }]);
    assert!(arrived(&m, 0));
}

#[test]
fn b6_a_waiting_page_is_drained_and_reused() {
    let mut m = written(1);
    m.all(&[fork(0, 1), exit(1)]);
    assert!(waits(&m, 0));
    m.all(&[write(0, 0, b'b')]);
    assert!(arrived(&m, 0) && m.page(0, 0).exclusive);
}

#[test]
fn b6_many_references_are_refused_before_that() {
    let mut m = written(1);
    m.all(&[fork(0, 1), get_r(0, 0, 1, 0), get_r(0, 0, 1, 1), write(0, 0, b'b')]);
    let old = m.folio(1, 0);
    assert!(!old.flags.has(FolioFlags::LRU), "not drained");
}

#[test]
fn i6_a_small_folio_is_lazily_free_only_after_a_drain() {
    let mut m = written(1);
    m.all(&[madvise(0, 0, 1, Advice::Free)]);
    let folio = m.folio(0, 0);
    assert!(folio.flags.has(FolioFlags::SWAPBACKED.with(FolioFlags::LRU)));
    assert_eq!(folio.refcount, 2);
    m.all(&[Op::Drain]);
    assert!(!m.folio(0, 0).flags.has(FolioFlags::SWAPBACKED) && arrived(&m, 0));
}

#[test]
fn i6_conditions_are_tested_again_at_the_drain() {
    let mut m = written(1);
    m.all(&[madvise(0, 0, 1, Advice::Free), isolate(0, 0, 0), Op::Drain, drop_token(0)]);
    assert!(m.folio(0, 0).flags.has(FolioFlags::SWAPBACKED) && arrived(&m, 0));
}

#[test]
fn populating_and_reclaim_drain() {
    let mut m = batching();
    m.all(&[mmap(0, 0, 64, RW), madvise(0, 0, 4, Advice::PopulateWrite)]);
    assert!(arrived(&m, 3));
    m.all(&[write(0, 5, b'a')]);
    assert_eq!(m.apply(swap_out(0, 5)), Outcome::Ok);
    m.all(&[write(0, 6, b'a')]);
    assert_eq!(m.apply(madvise(0, 6, 1, Advice::PageOut)), Outcome::Ok);
    assert_eq!(m.kind(0, 6), Some(EntryKind::Swap));
}

#[test]
fn e14_a_write_fault_drains_a_folio_that_waits_in_the_cache() {
    let mut m = written(1);
    m.all(&[swap_out(0, 0), read(0, 0)]);
    assert_eq!(m.folio(0, 0).refcount, 3, "mapping, cache, batch");
    m.all(&[Op::Drain, swap_out(0, 0), write(0, 0, b'b')]);
    assert!(arrived(&m, 0) && m.snapshot().slots.is_empty());
}

#[test]
fn e18_what_is_read_past_the_cache_waits_too() {
    let mut m = Machine::with(Config {
        lru_batch: true,
        swap_device: SwapDevice::Sync,
        ..Config::default()
    });
    m.all(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), swap_out(0, 0), write(0, 0, b'b')]);
    assert!(waits(&m, 0) && m.page(0, 0).exclusive);
}
