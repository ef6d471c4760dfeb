//! Reclaim: whom it takes, whom it leaves alone, and in which order (E1 … E11, E25, I9, I16).

use mm_ops::{Errno, FolioFlags, SwapDevice};

use super::swap::{BUSY, EXCL, device, swap_out, write_done, write_out};
use super::*;
use crate::state::Swapped;

/// E1: whom reclaim leaves alone.
#[test]
fn who_stays() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[]);
    bench.write(P0, 1, b'a');
    assert_eq!(bench.run(swap_out(P0, 2)), Outcome::Err(Errno::EFAULT));
    bench.ok(isolate(P0, 1, 0));
    assert_eq!(bench.run(swap_out(P0, 1)), Outcome::Err(Errno::EAGAIN));
    assert_eq!(bench.run(write_out(P0, 1, 0)), BUSY);
    bench.ok(Op::Drop { token: Token(0) });
    bench.ok(lock(P0, 1, 0));
    assert_eq!(bench.run(swap_out(P0, 1)), Outcome::Err(Errno::EAGAIN));
    bench.ok(Op::Drop { token: Token(0) });
    bench.gup(P0, 1, 1, 0, PIN_W);
    assert_eq!(bench.run(swap_out(P0, 1)), BUSY);
    assert_eq!(bench.slots_in_use(), 0);
    bench.put(0);
    bench.ok(mlock(P0, 1, 1));
    assert_eq!(bench.run(swap_out(P0, 1)), BUSY);
    assert_eq!(bench.slots_in_use(), 0);
}

/// E11: a plain reference keeps the folio in the cache, unmapped and dirty, unwritten.
#[test]
fn a_reference_keeps_the_folio_cached() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[]);
    bench.write(P0, 1, b'a');
    bench.gup(P0, 1, 1, 0, GET_W);
    assert_eq!(bench.run(swap_out(P0, 1)), BUSY);
    assert_eq!(bench.swap(P0, 1).flags, EXCL);
    assert!(bench.snapshot().folios[0].flags.has(FolioFlags::DIRTY));
    assert_eq!(bench.slot(0).map(|slot| slot.value), Some(Value::ZERO));
    bench.ok(dma_write(0, 0, b'b'));
    assert_eq!(bench.read(P0, 1), b'b', "the same page comes back");
}

/// E2, E3: a large folio goes out whole, to an aligned run of slots.
#[test]
fn a_large_folio_goes_out_whole() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[2]);
    bench.mmap(P0, 32, 1, RW);
    bench.write(P0, 32, b's');
    bench.ok(swap_out(P0, 32));
    for vpn in 0..4 {
        bench.write(P0, vpn, b'a' + vpn as u8);
    }
    bench.leaf(P0, 0); // E7: split without freeze.
    bench.ok(swap_out(P0, 2));
    for vpn in 0..4 {
        assert_eq!(bench.swap(P0, vpn), Swapped { slot: 4 + vpn, flags: EXCL });
    }
    // E12: without readahead they come back one by one.
    assert_eq!(bench.read(P0, 2), b'c');
    assert_eq!(bench.folio(P0, 2).order, Order(0));
    assert!(matches!(bench.pte(P0, 3), Pte::Swap(_)));
}

/// E1: no run of slots for the whole: it is split, and the page named goes out.
#[test]
fn a_large_folio_is_split_for_want_of_slots() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 3, &[2]);
    for vpn in 0..4 {
        bench.write(P0, vpn, b'a' + vpn as u8);
    }
    bench.ok(swap_out(P0, 2));
    assert!(matches!(bench.pte(P0, 2), Pte::Swap(_)));
    assert_eq!(bench.folio(P0, 1).order, Order(0));
    assert_eq!(bench.slots_in_use(), 1);
}

/// E25: MADV_PAGEOUT of it: the head, then the others from the highest down.
#[test]
fn pageout_order_after_a_split() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 3, &[2]);
    for vpn in 0..4 {
        bench.write(P0, vpn, b'a' + vpn as u8);
    }
    bench.advise(P0, 0, 4, Advice::PageOut);
    let slots: Vec<_> = [0, 3, 2].map(|vpn| bench.swap(P0, vpn).slot).into();
    assert_eq!(slots, [0, 1, 2]);
    assert_eq!(bench.folio(P0, 1).order, Order(0));
}

/// E6, E4: a pinned page stops the walk; the rest stays swapped, and the folio cached.
#[test]
fn a_pin_stops_the_walk() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[2]);
    for vpn in 0..4 {
        bench.write(P0, vpn, b'a' + vpn as u8);
    }
    bench.ok(write_out(P0, 0, 0));
    bench.ok(write_done(0, false));
    // Mapped again whole, still cached, as it is only read; then pinned.
    assert_eq!(bench.read(P0, 0), b'a');
    bench.gup(P0, 2, 1, 0, PIN);
    assert_eq!(bench.run(swap_out(P0, 0)), BUSY);
    assert!((0..4).all(|vpn| matches!(bench.pte(P0, vpn), Pte::Page(_))));
    assert!(bench.fired(Rule::E4) && bench.fired(Rule::E6));
}

/// E9: lazyfree pages are dropped; a dirtied one makes the folio an ordinary one again.
#[test]
fn lazyfree_pages_are_dropped() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[]);
    bench.write(P0, 1, b'a');
    bench.write(P0, 2, b'b');
    bench.advise(P0, 1, 2, Advice::Free);
    bench.write(P0, 2, b'c'); // I8
    bench.ok(swap_out(P0, 1));
    assert_eq!(bench.pte(P0, 1), Pte::None);
    assert_eq!(bench.read(P0, 1), 0);
    assert_eq!(bench.run(swap_out(P0, 2)), BUSY);
    assert!(bench.folio(P0, 2).flags.has(FolioFlags::SWAPBACKED));
    assert_eq!(bench.read(P0, 2), b'c');
    assert_eq!(bench.slots_in_use(), 0);
}

/// E9: the whole run is restored from one value, if any of its entries was dirtied.
#[test]
fn a_lazyfree_run_is_restored() {
    let mut bench = Bench::with(Config { ptes: 8, ..device(SwapDevice::Plain, 64) });
    bench.mmap(P0, 0, 16, RW);
    bench.thp(&[2]);
    for vpn in 0..4 {
        bench.write(P0, vpn, b'a');
    }
    bench.advise(P0, 0, 4, Advice::Free);
    bench.write(P0, 2, b'b');
    assert_eq!(bench.run(swap_out(P0, 0)), BUSY);
    for vpn in 0..4 {
        assert_eq!(bench.flags(P0, vpn), W.with(YOUNG).with(DIRTY));
    }
    bench.ok(swap_out(P0, 0));
    assert!(matches!(bench.pte(P0, 0), Pte::Swap(_)));
}

/// E9: a page shared by fork is dropped mapping by mapping, the parent's first (L17).
#[test]
fn a_shared_lazyfree_page() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[]);
    bench.write(P0, 1, b'a');
    bench.advise(P0, 1, 1, Advice::Free);
    bench.fork(P0, P1);
    bench.gup(P1, 1, 1, 0, GET);
    assert_eq!(bench.run(swap_out(P1, 1)), BUSY);
    assert!(matches!(bench.pte(P0, 1), Pte::Page(_)));
    bench.put(0);
    bench.ok(swap_out(P1, 1));
    assert_eq!((bench.pte(P0, 1), bench.pte(P1, 1)), (Pte::None, Pte::None));
}

/// Z6: what is droppable is dropped even if dirty.
#[test]
fn droppable_pages_are_dropped() {
    let mut bench = Bench::with(device(SwapDevice::Plain, 64));
    let range = PageRange::new(0, 4);
    bench.ok(Op::Mmap { pid: Pid(P0), range, prot: RW, droppable: true });
    bench.write(P0, 1, b'a');
    bench.ok(swap_out(P0, 1));
    assert_eq!(bench.pte(P0, 1), Pte::None);
}

/// E7: a PMD leaf of a lazyfree folio is dropped as one, or kept as one.
#[test]
fn a_lazyfree_leaf() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[2]);
    bench.write(P0, 0, b'a');
    bench.advise(P0, 0, 4, Advice::Free);
    bench.gup(P0, 0, 1, 0, GET);
    assert_eq!(bench.run(swap_out(P0, 0)), BUSY);
    bench.leaf(P0, 0);
    bench.put(0);
    bench.ok(swap_out(P0, 0));
    assert_eq!(bench.pmd(P0, 0), PmdKind::None);
}

/// I9, I16: COLD only makes old; shared pages are left alone; LOCKED VMAs are refused.
#[test]
fn cold() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[]);
    bench.write(P0, 1, b'a');
    bench.advise(P0, 0, 4, Advice::Cold);
    assert_eq!(bench.flags(P0, 1), W.with(DIRTY));
    bench.fork(P0, P1);
    bench.advise(P0, 0, 4, Advice::PageOut);
    assert!(matches!(bench.pte(P0, 1), Pte::Page(_)));
    bench.ok(mlock(P0, 0, 4));
    assert_eq!(bench.run(advise(P0, 0, 4, Advice::PageOut)), Outcome::Err(Errno::EINVAL));
}

/// I16: of a leaf only partly in the range the folio is split first, and then goes page by page.
#[test]
fn pageout_of_part_of_a_leaf() {
    let mut bench = Bench::swapping(SwapDevice::Plain, 64, &[2]);
    for vpn in 0..4 {
        bench.write(P0, vpn, b'a' + vpn as u8);
    }
    bench.ok(lock(P0, 0, 0));
    assert_eq!(bench.run(advise(P0, 1, 2, Advice::PageOut)), Outcome::Err(Errno::EINTR));
    bench.ok(Op::Drop { token: Token(0) });
    bench.advise(P0, 1, 2, Advice::PageOut);
    assert!(matches!(bench.pte(P0, 1), Pte::Swap(_)));
    assert!(matches!(bench.pte(P0, 2), Pte::Swap(_)));
    assert_eq!(bench.folio(P0, 3).order, Order(0));
}
