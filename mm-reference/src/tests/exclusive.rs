//! Tests of exclusive access by devices (section O, C13, E5, F3).

use mm_ops::{DevExclusiveMode, DevOp, Device, Errno, EventKind, FolioFlags, Outcome};

use super::device::{D0, D1, dev_read, dev_write};
use super::*;

fn take(device: Device, pid: u8, vpn: u32, token: u8) -> Op {
    Op::Dev(DevOp::Exclusive { device, pid: Pid(pid), vpn: Vpn(vpn), token: Token(token) })
}

fn let_go(token: u8) -> Op {
    Op::Drop { token: Token(token) }
}

fn swap_out(vpn: u32) -> Op {
    Op::SwapOut { pid: Pid(0), vpn: Vpn(vpn), token: None }
}

fn migrate(vpn: u32, token: u8) -> Op {
    Op::Migrate { pid: Pid(0), vpn: Vpn(vpn), token: Token(token), all: true }
}

#[track_caller]
fn entry(bench: &Bench, pid: u8, vpn: u32) -> Mapped {
    match bench.pte(pid, vpn) {
        Pte::DevExclusive(entry) => entry,
        other => panic!("no DEVEXCL entry at {vpn}: {other:?}"),
    }
}

/// `d0` has page 0 of `p0` to itself, and let its lock go.
fn taken_in(mode: DevExclusiveMode) -> Bench {
    let mut bench = Bench::with(Config { ptes: 4, dev_exclusive: mode, ..Config::default() });
    bench.mmap(P0, 0, 4, RW);
    bench.write(P0, 0, b'a');
    bench.ok(take(D0, P0, 0, 0));
    bench.ok(let_go(0));
    bench
}

fn taken() -> Bench {
    taken_in(DevExclusiveMode::Current)
}

#[test]
fn o3_the_entry_counts_as_a_mapping() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.ok(take(D0, P0, 0, 0));
    assert_eq!(bench.events(), [(EventKind::Exclusive, 0, 1)]);
    let folio = bench.folio(P0, 0);
    assert_eq!((folio.refcount, folio.mapcount, bench.rss(P0)), (2, 1, 1));
    assert!(folio.flags.has(FolioFlags::LOCKED.with(FolioFlags::DIRTY)));
    assert_eq!(bench.run(read(P0, 0)), Outcome::Blocked);
    assert_eq!(bench.run(gup(P0, 0, 1, 0, GET)), Outcome::Err(Errno::EINTR));
    assert_eq!(bench.run(take(D1, P0, 0, 0)), Outcome::Err(Errno::EBUSY));
    assert_eq!(bench.run(take(D1, P0, 0, 1)), Outcome::Err(Errno::EINTR));
    bench.ok(dev_write(D0, P0, 0, b'x'));
    bench.ok(let_go(0));
    assert_eq!(bench.device_reads(D0, P0, 0), b'x');
    assert_eq!(bench.read(P0, 0), b'x');
    assert_eq!(bench.events(), [(EventKind::Clear, 0, 1)]);
    assert_eq!(bench.run(dev_read(D0, P0, 0)), Outcome::Err(Errno::EFAULT));
}

#[test]
fn o1_errors_of_the_look_up() {
    let mut bench = Bench::mapped(4);
    bench.protect(P0, 0, 4, R);
    assert_eq!(bench.run(take(D0, P0, 0, 0)), Outcome::Err(Errno::EFAULT));
    assert_eq!(bench.run(take(D0, P0, 9, 0)), Outcome::Err(Errno::EFAULT));
    assert_eq!(bench.run(take(D0, P0, 9999, 0)), Outcome::Err(Errno::EFAULT));
    for mode in [DevExclusiveMode::Folio, DevExclusiveMode::Walk] {
        let mut bench = taken_in(mode);
        bench.write(P0, 0, b'b');
        bench.ok(lock(P0, 0, 1));
        assert_eq!(bench.run(take(D0, P0, 0, 0)), Outcome::Err(Errno::EBUSY));
    }
}

#[test]
fn o1_a_leaf_is_mapped_by_ptes_first() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 1, b'a');
    bench.ok(take(D0, P0, 1, 0));
    assert!(matches!(bench.pte(P0, 0), Pte::Page(_)));
    assert_eq!(entry(&bench, P0, 1).page, 1);
    assert!(bench.fired(Rule::O5));
    assert_eq!(bench.folio(P0, 0).mapcount, 4);
}

#[test]
fn o12_two_devices_want_the_same_page() {
    let mut bench = taken();
    bench.ok(take(D1, P0, 0, 1));
    assert_eq!(bench.events(), [(EventKind::Clear, 0, 1), (EventKind::Exclusive, 0, 1)]);
    assert_eq!(bench.run(dev_read(D0, P0, 0)), Outcome::Err(Errno::EFAULT));
    bench.ok(dev_write(D1, P0, 0, b'y'));
}

#[test]
fn o8_protection_decides_when_the_page_comes_back() {
    let mut bench = taken();
    bench.protect(P0, 0, 4, R);
    assert!(entry(&bench, P0, 0).flags.has(W));
    assert_eq!(bench.read(P0, 0), b'a');
    assert_eq!(bench.flags(P0, 0), YOUNG);
    let mut bench = taken();
    bench.protect(P0, 0, 4, R);
    bench.protect(P0, 0, 4, RW);
    bench.read(P0, 0);
    assert_eq!(bench.flags(P0, 0), YOUNG.with(W).with(DIRTY));
}

#[test]
fn o15_in_older_kernels_the_kind_decides() {
    let mut bench = taken_in(DevExclusiveMode::Folio);
    bench.protect(P0, 0, 4, R);
    bench.protect(P0, 0, 4, RW);
    assert!(!entry(&bench, P0, 0).flags.has(W));
    bench.read(P0, 0);
    assert_eq!(bench.flags(P0, 0), YOUNG);
    assert!(bench.exclusive(P0, 0));
}

#[test]
fn c13_a_fork_takes_the_page_back() {
    let mut bench = taken();
    bench.fork(P0, P1);
    assert_eq!(bench.events(), [(EventKind::ProtectionPage, 0, 1)]);
    assert_eq!(bench.page(P0, 0).folio, bench.page(P1, 0).folio);
    let mut bench = taken();
    bench.write(P0, 1, b'b');
    bench.ok(take(D0, P0, 1, 1));
    assert_eq!(bench.run(fork(P0, P1)), Outcome::Err(Errno::ENOMEM));
    assert!(matches!(bench.pte(P0, 0), Pte::Page(_)));
    entry(&bench, P0, 1);
    assert!(bench.fired(Rule::O14));
}

#[test]
fn e5_the_page_can_be_swapped_out() {
    let mut bench = taken();
    bench.ok(dev_write(D0, P0, 0, b'x'));
    bench.ok(swap_out(0));
    assert_eq!(bench.events(), [(EventKind::Clear, 0, 1)]);
    assert!(matches!(bench.pte(P0, 0), Pte::Swap(entry) if entry.flags.has(EntryFlags::EXCLUSIVE)));
    assert_eq!(bench.read(P0, 0), b'x');
}

#[test]
fn o13_older_kernels_cannot_swap_or_migrate_it() {
    for mode in [DevExclusiveMode::Folio, DevExclusiveMode::Walk] {
        let mut bench = taken_in(mode);
        let folio = bench.folio(P0, 0);
        assert_eq!((folio.refcount, folio.mapcount, bench.rss(P0)), (1, 0, 1));
        let walk = Op::RmapWalk { pid: Pid(0), vpn: Vpn(0) };
        assert_eq!(bench.run(walk), Outcome::Pids([].into_iter().collect()));
        assert_eq!(bench.run(swap_out(0)), Outcome::Err(Errno::EBUSY));
        assert!(bench.folio(P0, 0).flags.has(FolioFlags::SWAPCACHE));
        bench.ok(migrate(0, 1));
        assert_eq!(bench.run(Op::MigrateCopy { token: Token(1) }), Outcome::Err(Errno::EAGAIN));
        bench.ok(Op::MigrateEnd { token: Token(1) });
        bench.ok(dev_write(D0, P0, 0, b'x'));
        assert_eq!(bench.read(P0, 0), b'x');
        assert_eq!(bench.folio(P0, 0).mapcount, 1);
        bench.ok(munmap(P0, 0, 4));
    }
}

#[test]
fn f3_a_migration_takes_the_page_from_the_device() {
    let mut bench = taken();
    bench.ok(migrate(0, 1));
    assert_eq!(bench.events(), [(EventKind::Clear, 0, 1)]);
    assert!(
        matches!(bench.pte(P0, 0), Pte::Migration(entry) if entry.flags == EntryFlags::EXCLUSIVE)
    );
    bench.ok(Op::MigrateEnd { token: Token(1) });
    assert_eq!(bench.flags(P0, 0), EntryFlags::NONE);
    assert!(bench.exclusive(P0, 0));
}

#[test]
fn o4_a_walk_takes_the_whole_folio() {
    let config = Config { ptes: 4, dev_exclusive: DevExclusiveMode::Walk, ..Config::default() };
    let mut bench = Bench::with(config);
    bench.mmap(P0, 0, 4, RW);
    bench.thp(&[2]);
    bench.write(P0, 1, b'a');
    bench.ok(take(D0, P0, 1, 0));
    assert_eq!(bench.events(), [(EventKind::Exclusive, 0, 4)]);
    assert_eq!(entry(&bench, P0, 3).page, 3);
    assert_eq!(bench.folio(P0, 0).mapcount, 0);
    assert_eq!(bench.snapshot().dev_maps.len(), 1);
    bench.ok(let_go(0));
    // Page 2 is mapped again for the look-up; its neighbours are in the way.
    assert_eq!(bench.run(take(D0, P0, 2, 0)), Outcome::Err(Errno::EBUSY));
    assert!(matches!(bench.pte(P0, 2), Pte::Page(_)));
    entry(&bench, P0, 1);
}

#[test]
fn n17_a_split_gives_the_page_back() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 1, b'a');
    bench.ok(take(D0, P0, 1, 0));
    let split = Op::Split { pid: Pid(0), vpn: Vpn(1), order: Order(0), nonuniform: false };
    assert_eq!(bench.run(split), Outcome::Err(Errno::EAGAIN));
    bench.ok(let_go(0));
    bench.ok(split);
    assert_eq!(bench.flags(P0, 1), EntryFlags::NONE);
    assert!(bench.exclusive(P0, 1));
}

#[test]
fn n17_a_page_that_was_given_up_lazily_can_go() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.ok(swap_out(0));
    bench.read(P0, 0);
    bench.write(P0, 1, b'b');
    bench.advise(P0, 1, 1, Advice::Free);
    bench.ok(take(D0, P0, 1, 0));
    bench.ok(let_go(0));
    bench.ok(dev_write(D0, P0, 1, b'x'));
    // What the device wrote makes it an ordinary page again.
    assert_eq!(bench.run(swap_out(1)), Outcome::Err(Errno::EBUSY));
    assert!(bench.folio(P0, 1).flags.has(FolioFlags::SWAPBACKED));
    assert!(bench.fired(Rule::E5));
}
