//! Swap out, swap in, swapoff (E), and what the rest of the rules say of SWAP entries.

use mm_ops::{Errno, FolioFlags, SlotSnap, SwapDevice};

use super::*;
use crate::state::Swapped;

pub(super) const EXCL: EntryFlags = EntryFlags::EXCLUSIVE;
pub(super) const BUSY: Outcome = Outcome::Err(Errno::EBUSY);

pub(super) fn device(swap_device: SwapDevice, swap_slots: u16) -> Config {
    Config { ptes: 4, swap_device, swap_slots, ..Config::default() }
}

pub(super) fn swap_out(pid: u8, vpn: u32) -> Op {
    Op::SwapOut { pid: Pid(pid), vpn: Vpn(vpn), token: None }
}

pub(super) fn write_out(pid: u8, vpn: u32, token: u8) -> Op {
    Op::SwapOut { pid: Pid(pid), vpn: Vpn(vpn), token: Some(Token(token)) }
}

pub(super) fn write_done(token: u8, error: bool) -> Op {
    Op::WriteDone { token: Token(token), error }
}

fn bad_slot(pid: u8, vpn: u32) -> Op {
    Op::BadSlot { pid: Pid(pid), vpn: Vpn(vpn) }
}

impl Bench {
    pub(super) fn swapping(swap_device: SwapDevice, swap_slots: u16, orders: &[u8]) -> Self {
        let mut bench = Self::with(device(swap_device, swap_slots));
        bench.mmap(P0, 0, 16, RW);
        bench.thp(orders);
        bench
    }

    /// One page `a` at page 1, swapped out on a plain device.
    fn swapped() -> Self {
        let mut bench = Self::swapping(SwapDevice::Plain, 64, &[]);
        bench.write(P0, 1, b'a');
        bench.ok(swap_out(P0, 1));
        bench
    }

    #[track_caller]
    pub(super) fn swap(&self, pid: u8, vpn: u32) -> Swapped {
        match self.pte(pid, vpn) {
            Pte::Swap(swapped) => swapped,
            other => panic!("not swapped at {vpn}: {other:?}"),
        }
    }

    pub(super) fn slot(&self, slot: u32) -> Option<SlotSnap> {
        self.snapshot().slots.into_iter().find(|snap| snap.slot == slot)
    }

    pub(super) fn slots_in_use(&self) -> usize {
        self.snapshot().slots.len()
    }

    fn cached(&self, slot: u32) -> bool {
        self.slot(slot).is_some_and(|slot| slot.cache.is_some())
    }
}

/// E4, E11: the entry takes the page's exclusiveness along; nothing of the folio is left.
#[test]
fn a_page_goes_out_and_comes_back() {
    let mut bench = Bench::swapped();
    assert_eq!(bench.swap(P0, 1), Swapped { slot: 0, flags: EXCL });
    let snapshot = bench.snapshot();
    assert!(snapshot.folios.is_empty());
    assert_eq!((snapshot.mms[0].rss_anon, snapshot.mms[0].rss_swap), (0, 1));
    assert_eq!(bench.slot(0).map(|slot| (slot.count, slot.zero)), Some((1, false)));
    // E15: exclusive and the VMA writable: W even for a read, but clean.
    assert_eq!(bench.read(P0, 1), b'a');
    assert_eq!(bench.flags(P0, 1), YOUNG.with(W));
    assert!(bench.exclusive(P0, 1));
    // Still cached: nothing was written to it (E14).
    assert!(bench.cached(0));
    assert!(bench.folio(P0, 1).flags.has(FolioFlags::SWAPCACHE));
}

/// E14, E15: a write fault of the only user frees the slot, and is complete.
#[test]
fn a_write_fault_frees_the_slot() {
    let mut bench = Bench::swapped();
    bench.write(P0, 1, b'b');
    assert_eq!(bench.flags(P0, 1), YOUNG.with(W).with(DIRTY));
    assert_eq!(bench.slots_in_use(), 0);
    assert!(bench.folio(P0, 1).flags.has(FolioFlags::DIRTY));
}

/// E11: zeroes are recorded, not written, and the token stays unused.
#[test]
fn zeroes_need_no_slot_content() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[]);
    bench.write(P0, 1, 0);
    bench.ok(write_out(P0, 1, 0));
    assert_eq!(bench.slot(0).map(|slot| (slot.zero, slot.cache)), Some((true, None)));
    assert!(bench.snapshot().tokens.is_empty());
    bench.ok(bad_slot(P0, 1));
    assert_eq!(bench.read(P0, 1), 0);
}

/// E11: in flight the folio is clean, under writeback, on the LRU, and refaults map it.
#[test]
fn a_write_in_flight() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[]);
    bench.write(P0, 1, b'a');
    bench.ok(write_out(P0, 1, 0));
    let folio = bench.snapshot().folios[0];
    let flags = FolioFlags::SWAPBACKED
        .with(FolioFlags::LRU)
        .with(FolioFlags::SWAPCACHE)
        .with(FolioFlags::WRITEBACK);
    assert_eq!((folio.flags, folio.refcount, folio.mapcount), (flags, 1, 0));
    assert_eq!(bench.run(swap_out(P0, 1)), BUSY);
    // E14: while it is written the slot stays; the page is exclusive all the same (E13).
    bench.write(P0, 1, b'b');
    assert_eq!(bench.flags(P0, 1), YOUNG.with(W).with(DIRTY));
    assert_eq!(bench.slot(0).map(|slot| slot.value), Some(Value::ZERO));
    // The write holds what the folio held when it began.
    bench.ok(write_done(0, false));
    assert_eq!(bench.slot(0).map(|slot| slot.value.label), Some(b'a'));
    assert_eq!(bench.run(write_done(0, false)), Outcome::Err(Errno::EBADF));
    assert_eq!(bench.read(P0, 1), b'b');
}

/// E11: a failed write leaves the folio dirty in the cache.
#[test]
fn a_write_fails() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[]);
    bench.write(P0, 1, b'a');
    bench.ok(write_out(P0, 1, 0));
    bench.ok(write_done(0, true));
    let folio = bench.snapshot().folios[0];
    assert!(folio.flags.has(FolioFlags::DIRTY) && !folio.flags.has(FolioFlags::WRITEBACK));
    bench.ok(swap_out(P0, 1));
    assert!(bench.snapshot().folios.is_empty());
    assert_eq!(bench.read(P0, 1), b'a');
}

/// E24: during a write to a device that needs stable pages exclusiveness is dropped.
#[test]
fn stable_pages_come_back_read_only() {
    let mut bench = Bench::swapping(SwapDevice::Stable, 64, &[]);
    bench.write(P0, 1, b'a');
    bench.ok(write_out(P0, 1, 0));
    assert_eq!(bench.read(P0, 1), b'a');
    assert_eq!(bench.flags(P0, 1), YOUNG);
    assert!(!bench.exclusive(P0, 1));
    // B6: the write is refused reuse while the folio cannot leave the cache.
    bench.write(P0, 1, b'b');
    assert!(!bench.folio(P0, 1).flags.has(FolioFlags::SWAPCACHE));
    bench.ok(write_done(0, false));
}

/// E12: a synchronous device and one owner: no swap cache, and exclusive whatever the entry says.
#[test]
fn sole_owners_bypass_the_cache() {
    let mut bench = Bench::swapping(SwapDevice::Sync, 64, &[]);
    bench.write(P0, 1, b'a');
    bench.fork(P0, P1);
    bench.ok(swap_out(P0, 1));
    assert_eq!(bench.swap(P0, 1).flags, EntryFlags::NONE);
    assert_eq!(bench.slot(0).map(|slot| slot.count), Some(2));
    bench.fork(P0, P2);
    assert_eq!(bench.read(P1, 1), b'a');
    assert!(bench.cached(0), "several owners: by the cache");
    assert!(!bench.exclusive(P1, 1));
    bench.exit(P1);
    bench.exit(P2);
    bench.ok(swap_out(P0, 1));
    assert!(!bench.cached(0));
    assert_eq!(bench.read(P0, 1), b'a');
    assert_eq!(bench.slots_in_use(), 0);
    assert_eq!(bench.flags(P0, 1), YOUNG.with(W));
    assert!(bench.exclusive(P0, 1));
}

/// C10, E22: fork makes both entries non-exclusive.
#[test]
fn fork_shares_the_slot() {
    let mut bench = Bench::swapped();
    bench.fork(P0, P1);
    assert_eq!(bench.swap(P0, 1), Swapped { slot: 0, flags: EntryFlags::NONE });
    assert_eq!(bench.swap(P1, 1), bench.swap(P0, 1));
    assert_eq!(bench.slot(0).map(|slot| slot.count), Some(2));
    // E16: mapped non-exclusive, it belongs to the root.
    assert_eq!(bench.read(P1, 1), b'a');
    assert_eq!(bench.folio(P1, 1).mapping, bench.vma(P0, 1).anon_vma);
    assert_eq!(bench.flags(P1, 1), YOUNG);
    // E15: a write goes on as copy-on-write in the same fault.
    bench.write(P0, 1, b'b');
    assert_eq!(bench.read(P1, 1), b'a');
    // E23: nobody else is left: B6 takes it out of the cache.
    bench.write(P1, 1, b'c');
    assert_eq!(bench.slots_in_use(), 0);
    assert_eq!(bench.folio(P1, 1).mapping, bench.vma(P1, 1).anon_vma);
}

/// E13: the slot's last entry: RC 1 after the cache let go means exclusive.
#[test]
fn the_last_entry_is_exclusive() {
    let mut bench = Bench::swapped();
    bench.fork(P0, P1);
    bench.exit(P1);
    bench.write(P0, 1, b'b');
    assert_eq!(bench.flags(P0, 1), YOUNG.with(W).with(DIRTY));
    assert!(bench.exclusive(P0, 1));
}

/// E14: an mlocked VMA gives its slots back on any fault, and so does a nearly full device.
#[test]
fn slots_are_freed_eagerly() {
    let mut bench = Bench::swapped();
    bench.ok(mlock(P0, 1, 1));
    assert_eq!(bench.slots_in_use(), 0);
    let mut bench = Bench::swapping(SwapDevice::Plain, 1, &[]);
    bench.write(P0, 1, b'a');
    bench.ok(swap_out(P0, 1));
    assert_eq!(bench.read(P0, 1), b'a');
    assert_eq!(bench.slots_in_use(), 0);
    assert!(bench.folio(P0, 1).flags.has(FolioFlags::DIRTY));
}

/// E12: what the device cannot read is SIGBUS, and EFAULT to the kernel.
#[test]
fn a_bad_slot() {
    let mut bench = Bench::swapped();
    bench.ok(bad_slot(P0, 1));
    assert_eq!(bench.run(read(P0, 1)), Outcome::Bus);
    let folio = bench.snapshot().folios[0];
    assert!(folio.flags.has(FolioFlags::NOT_UPTODATE.with(FolioFlags::SWAPCACHE)));
    assert_eq!(bench.run(gup(P0, 1, 1, 0, PIN)), Outcome::Err(Errno::EFAULT));
    // E17: swapoff leaves a POISONED marker (A5), which DONTNEED removes (I2).
    bench.ok(Op::Swapoff);
    assert_eq!(bench.pte(P0, 1), Pte::Poisoned);
    assert_eq!(bench.run(write(P0, 1, b'b')), Outcome::Bus);
    bench.advise(P0, 1, 1, Advice::DontNeed);
    assert_eq!(bench.read(P0, 1), 0);
}

/// E17: pages come back old, R/O and clean, exclusive as their entries say.
#[test]
fn swapoff() {
    let mut bench = Bench::swapped();
    bench.write(P0, 2, b'b');
    bench.fork(P0, P1);
    bench.ok(swap_out(P0, 2));
    bench.ok(Op::Swapoff);
    assert_eq!(bench.flags(P0, 2), EntryFlags::NONE);
    assert!(!bench.exclusive(P1, 2));
    assert_eq!(bench.folio(P1, 2).refcount, 2);
    assert_eq!(bench.slots_in_use(), 0);
    assert_eq!(bench.run(swap_out(P0, 2)), BUSY, "E2: the device is off");
    assert_eq!(bench.run(Op::Swapoff), Outcome::Err(Errno::EINVAL));
    bench.ok(Op::Swapon);
    assert_eq!(bench.run(Op::Swapon), BUSY);
    bench.ok(swap_out(P0, 2));
    let mut bench = Bench::swapped();
    assert_eq!(bench.failing(Op::Swapoff, AllocKind::Folio(Order(0)), P0, 1), ENOMEM);
    bench.ok(Op::Swapoff);
    assert!(bench.exclusive(P0, 1));
    // E15, H3: W comes back by a write only.
    bench.write(P0, 1, b'b');
    assert_eq!(bench.flags(P0, 1), YOUNG.with(W).with(DIRTY));
}

const ENOMEM: Outcome = Outcome::Err(Errno::ENOMEM);

/// E17: swapoff would wait for a write in flight, or for a lock.
#[test]
fn swapoff_is_interrupted() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[]);
    bench.write(P0, 1, b'a');
    bench.write(P0, 2, b'b');
    bench.ok(swap_out(P0, 1));
    bench.ok(write_out(P0, 2, 0));
    assert_eq!(bench.run(Op::Swapoff), Outcome::Err(Errno::EINTR));
    assert_eq!(bench.read(P0, 1), b'a');
    assert!(matches!(bench.pte(P0, 2), Pte::Swap(_)));
    bench.ok(write_done(0, false));
    bench.ok(lock(P0, 2, 0));
    assert_eq!(bench.run(Op::Swapoff), Outcome::Err(Errno::EINTR));
    // E12: a fault waits, too.
    assert_eq!(bench.run(read(P0, 2)), Outcome::Blocked);
    assert_eq!(bench.run(gup(P0, 2, 1, 0, GET)), Outcome::Err(Errno::EINTR));
}

/// E19: while the large folio is cached it is mapped whole.
#[test]
fn a_cached_large_folio_comes_back_whole() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[2]);
    for vpn in 0..4 {
        bench.write(P0, vpn, b'a');
    }
    bench.ok(write_out(P0, 0, 0));
    bench.ok(write_done(0, false));
    bench.write(P0, 1, b'b');
    for vpn in 0..4 {
        assert_eq!(bench.flags(P0, vpn), YOUNG.with(W).with(DIRTY), "E15");
    }
    let folio = bench.folio(P0, 1);
    assert_eq!((folio.refcount, folio.mapcount), (4, 4));
    assert_eq!(bench.slots_in_use(), 0);
    // Not if an entry is missing: then only the page faulted on.
    bench.ok(write_out(P0, 0, 0));
    bench.ok(write_done(0, false));
    bench.advise(P0, 3, 1, Advice::DontNeed);
    assert_eq!(bench.read(P0, 1), b'b');
    assert_eq!(bench.folio(P0, 1).mapcount, 1);
}

/// E18: on a synchronous device a large folio can be read at once.
#[test]
fn a_large_folio_bypasses_the_cache() {
    let mut bench = Bench::with(Config { ptes: 8, ..device(SwapDevice::Zram, 64) });
    bench.mmap(P0, 0, 16, RW);
    bench.thp(&[2]);
    for vpn in 0..4 {
        bench.write(P0, vpn, b'a');
    }
    assert_eq!(bench.folio(P0, 0).order, Order(2));
    bench.ok(swap_out(P0, 0));
    bench.write(P0, 1, b'b');
    assert_eq!(bench.folio(P0, 3).order, Order(2));
    assert_eq!(bench.flags(P0, 3), YOUNG.with(W).with(DIRTY));
    assert_eq!(bench.slots_in_use(), 0);
    // An allocation that fails is followed by a smaller one.
    bench.ok(swap_out(P0, 0));
    let read = bench.failing(read(P0, 2), AllocKind::Folio(Order(2)), P0, 0);
    assert!(matches!(read, Outcome::Value(value) if value.label == b'a'));
    assert_eq!(bench.folio(P0, 2).order, Order(0));
}

/// E21: entries that go take a cache nobody needs with them; unless it is locked.
#[test]
fn zapped_entries_drop_the_cache() {
    for held in [false, true] {
        let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[]);
        bench.write(P0, 1, b'a');
        bench.ok(write_out(P0, 1, 0));
        bench.ok(write_done(0, false));
        if held {
            bench.ok(lock(P0, 1, 0));
        }
        bench.advise(P0, 1, 1, Advice::DontNeed);
        assert_eq!(bench.cached(0), held);
    }
}

/// INV12: what MADV_WILLNEED reads has no mapping until it is mapped.
#[test]
fn will_need_only_reads() {
    let mut bench = Bench::swapped();
    bench.advise(P0, 0, 8, Advice::WillNeed);
    let folio = bench.snapshot().folios[0];
    assert_eq!((folio.mapping, folio.refcount), (mm_ops::NO_ANON_VMA, 1));
    assert!(matches!(bench.pte(P0, 1), Pte::Swap(_)));
    bench.write(P0, 1, b'b');
    assert_eq!(bench.folio(P0, 1).mapping, bench.vma(P0, 1).anon_vma);
}

/// I6: MADV_FREE forgets what is swapped out, and takes a cached folio out of the cache.
#[test]
fn free_and_swap() {
    let mut bench = Bench::swapped();
    bench.write(P0, 2, b'b');
    bench.ok(swap_out(P0, 2));
    assert_eq!(bench.read(P0, 2), b'b');
    bench.advise(P0, 0, 4, Advice::Free);
    assert_eq!(bench.pte(P0, 1), Pte::None);
    assert_eq!(bench.slots_in_use(), 0);
    let flags = bench.folio(P0, 2).flags;
    assert_eq!(flags, FolioFlags::LRU);
}

/// E15, Z4: soft-dirty travels with the entry.
#[test]
fn soft_dirty_is_kept() {
    let config = Config { soft_dirty: true, ..device(SwapDevice::Plain, 64) };
    let mut bench = Bench::with(config);
    bench.mmap(P0, 0, 4, RW);
    bench.write(P0, 1, b'a');
    bench.write(P0, 2, b'a');
    bench.ok(swap_out(P0, 1));
    assert!(bench.swap(P0, 1).flags.has(SD));
    bench.ok(Op::ClearRefs { pid: Pid(P0) });
    assert!(!bench.swap(P0, 1).flags.has(SD));
    // Tracked and not soft-dirty: R/O, though exclusive.
    assert_eq!(bench.read(P0, 1), b'a');
    assert_eq!(bench.flags(P0, 1), YOUNG);
}

/// B7: a cached large folio of one process leaves the cache and is reused.
#[test]
fn a_cached_large_folio_is_reused() {
    let mut bench = Bench::swapping(SwapDevice::Stable, 64, &[2]);
    for vpn in 0..4 {
        bench.write(P0, vpn, b'a');
    }
    bench.ok(write_out(P0, 0, 0));
    assert_eq!(bench.read(P0, 0), b'a'); // E24: not exclusive.
    bench.ok(write_done(0, false));
    bench.write(P0, 1, b'b');
    assert_eq!(bench.folio(P0, 1).order, Order(2));
    assert_eq!(bench.slots_in_use(), 0);
}
