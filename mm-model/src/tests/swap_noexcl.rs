//! Swap entries without the exclusive bit (rulebook E26, E27).

use super::support::*;
use mm_ops::{Config, EntryFlags, EntryKind, Errno, Op, Outcome, SwapDevice};

/// Page 0 of p0 was written and swapped out to such a device.
fn swapped(swap_device: SwapDevice) -> Machine {
    let mut m = Machine::with(Config { swap_noexcl: true, swap_device, ..Config::default() });
    m.all(&[mmap(0, 0, 8, RW), write(0, 0, b'a')]);
    assert_eq!(m.apply(swap_out(0, 0)), Outcome::Ok);
    m
}

/// Whether page 0 of p0 is exclusive, and has `WRITE`.
fn rights(m: &Machine) -> (bool, bool) {
    (m.page(0, 0).exclusive, m.has(0, 0, EntryFlags::WRITE))
}

#[test]
fn swapout_forgets_that_a_page_was_exclusive() {
    let m = swapped(SwapDevice::Plain);
    assert_eq!(m.entry(0, 0).map(|entry| entry.flags), Some(EntryFlags::NONE), "E26");
}

#[test]
fn swapout_still_fails_for_a_pinned_page() {
    let mut m = swapped(SwapDevice::Plain);
    m.all(&[write(0, 0, b'b'), pin_r(0, 0, 1, 0)]);
    assert_eq!(m.apply(swap_out(0, 0)), err(Errno::EBUSY), "E26");
    assert_eq!((m.kind(0, 0), rights(&m)), (Some(EntryKind::Page), (true, true)));
}

#[test]
fn a_read_brings_a_page_back_shared() {
    for device in [SwapDevice::Plain, SwapDevice::Stable, SwapDevice::Sync, SwapDevice::Zram] {
        let mut m = swapped(device);
        assert_eq!(m.label(0, 0), b'a');
        assert_eq!(rights(&m), (false, false), "E27: {device:?}");
        m.apply(fail_alloc(1));
        assert_eq!(m.apply(write(0, 0, b'b')), Outcome::Ok, "B6: not copied");
        assert_eq!(rights(&m), (true, true), "B6: {device:?}");
    }
}

#[test]
fn a_fresh_page_that_is_only_read_belongs_to_the_root() {
    let mut m = swapped(SwapDevice::Sync);
    m.all(&[fork(0, 1), exit(0)]);
    assert_eq!(m.apply(read(1, 0)), Outcome::Value(mm_ops::Value::label(b'a')));
    let mapping = m.folio(1, 0).mapping as usize;
    assert_eq!(m.snapshot().anon_vmas[mapping].root as usize, mapping, "E16");
}

#[test]
fn a_write_brings_a_page_back_exclusive_if_nobody_else_has_it() {
    for device in [SwapDevice::Plain, SwapDevice::Sync] {
        let mut m = swapped(device);
        m.apply(write(0, 0, b'b'));
        assert_eq!(rights(&m), (true, true), "E27: {device:?}");
        assert!(m.has(0, 0, EntryFlags::DIRTY));
    }
    let mut m = swapped(SwapDevice::Plain);
    m.all(&[fork(0, 1), read(1, 0)]);
    m.apply(write(0, 0, b'b'));
    let folio = |pid| m.entry(pid, 0).map(|entry| entry.folio);
    assert_ne!(folio(0), folio(1), "E27, B9: copied");
    assert_eq!(rights(&m), (true, true), "B9");
}

#[test]
fn a_write_without_the_right_leaves_the_page_exclusive_and_dirty() {
    let mut m = swapped(SwapDevice::Plain);
    m.all(&[mprotect(0, 0, 8, R), poke(0, 0, b'b')]);
    assert_eq!(rights(&m), (true, false), "E27");
    assert!(m.has(0, 0, EntryFlags::DIRTY), "E27");
}

#[test]
fn a_page_under_writeback_is_copied_on_any_device() {
    for device in [SwapDevice::Plain, SwapDevice::Stable] {
        let mut m =
            Machine::with(Config { swap_noexcl: true, swap_device: device, ..Config::default() });
        m.all(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), swap_out_slowly(0, 0, 0), fail_alloc(1)]);
        assert_eq!(m.apply(write(0, 0, b'b')), Outcome::Oom, "E27: {device:?}");
    }
}

#[test]
fn fork_and_swapoff_have_no_bit_to_keep() {
    let mut m = swapped(SwapDevice::Plain);
    let before = m.entry(0, 0);
    m.apply(fork(0, 1));
    assert_eq!((m.entry(0, 0), m.snapshot().slots[0].count), (before, 2), "E26");
    m.all(&[exit(1), Op::Swapoff]);
    assert_eq!(rights(&m), (false, false), "E17, E26");
}

#[test]
fn nothing_swapped_is_moved() {
    let mut m = swapped(SwapDevice::Plain);
    m.all(&[mmap(0, 16, 8, RW), uffd_register(0, 16, 8, true, false)]);
    assert_eq!(m.apply(uffd_move(0, 0, 1, 16)), err(Errno::EBUSY), "K8, E26");
}
