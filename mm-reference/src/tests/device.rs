//! Tests of device memory (section N, C12, I2, H6, A10).

use mm_ops::{DevFlags, DevOp, DevSelect, Device, Errno, EventKind, FolioFlags, Outcome};

use super::*;

pub(super) const D0: Device = Device(0);
pub(super) const D1: Device = Device(1);
const SYSTEM: DevSelect = DevSelect { system: true, private: false };
const PRIVATE: DevSelect = DevSelect { system: false, private: true };

fn setup_by(device: Device, pid: u8, start: u32, len: u32, token: u8, select: DevSelect) -> Op {
    let (pid, range, token) = (Pid(pid), PageRange::new(start, len), Token(token));
    Op::Dev(DevOp::Setup { device, pid, range, token, select })
}

fn setup(pid: u8, start: u32, len: u32, token: u8) -> Op {
    setup_by(D0, pid, start, len, token, SYSTEM)
}

fn evict(pid: u8, start: u32, len: u32, token: u8) -> Op {
    let (pid, range, token) = (Pid(pid), PageRange::new(start, len), Token(token));
    Op::Dev(DevOp::Evict { device: D0, pid, range, token })
}

fn pages(token: u8, to_device: bool) -> Op {
    Op::Dev(DevOp::Pages { token: Token(token), to_device })
}

fn finalize(token: u8) -> Op {
    Op::Dev(DevOp::Finalize { token: Token(token) })
}

pub(super) fn dev_read(device: Device, pid: u8, vpn: u32) -> Op {
    Op::Dev(DevOp::Read { device, pid: Pid(pid), vpn: Vpn(vpn) })
}

pub(super) fn dev_write(device: Device, pid: u8, vpn: u32, label: u8) -> Op {
    Op::Dev(DevOp::Write { device, pid: Pid(pid), vpn: Vpn(vpn), value: Value::label(label) })
}

impl Bench {
    #[track_caller]
    fn counts(&mut self, op: Op, count: u32) {
        assert_eq!(self.run(op), Outcome::Count(count));
    }

    /// Moves a range into the memory of `d0`.
    #[track_caller]
    fn send_to_device(&mut self, pid: u8, start: u32, len: u32) {
        self.counts(setup(pid, start, len, 7), len);
        self.counts(pages(7, true), len);
        self.ok(finalize(7));
    }

    #[track_caller]
    fn private(&self, pid: u8, vpn: u32) -> Mapped {
        match self.pte(pid, vpn) {
            Pte::DevPrivate(mapped) => mapped,
            other => panic!("no DEVPRIV entry at {vpn}: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn device_reads(&mut self, device: Device, pid: u8, vpn: u32) -> u8 {
        match self.run(dev_read(device, pid, vpn)) {
            Outcome::Value(value) => value.label,
            other => panic!("a device's read answered {other:?}"),
        }
    }

    pub(super) fn events(&self) -> Vec<(EventKind, u32, u32)> {
        let snapshot = self.snapshot();
        snapshot
            .events
            .iter()
            .map(|event| (event.kind, event.range.start.0, event.range.len))
            .collect()
    }
}

/// `p0` wrote pages 0 and 1, page 2 it read, page 3 was never touched.
fn started() -> Bench {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.write(P0, 1, b'b');
    bench.read(P0, 2);
    bench
}

#[test]
fn n2_what_cannot_be_set_up() {
    let mut bench = started();
    bench.mmap(P0, 8, 4, RW);
    for (start, len) in [(0, 0), (0, 33), (2, 4), (5, 1), (62, 8)] {
        assert_eq!(bench.run(setup(P0, start, len, 0)), Outcome::Err(Errno::EINVAL));
    }
    bench.counts(setup(P0, 3, 1, 0), 1);
    assert_eq!(bench.run(setup(P0, 3, 1, 0)), Outcome::Err(Errno::EBUSY));
    assert_eq!(bench.run(setup(P1, 3, 1, 1)), Outcome::Err(Errno::ESRCH));
    assert_eq!(bench.run(setup(P0, 3, 1, 9)), Outcome::Err(Errno::EINVAL));
    assert_eq!(bench.run(Op::Drop { token: Token(0) }), Outcome::Err(Errno::EBADF));
    assert_eq!(bench.run(finalize(1)), Outcome::Err(Errno::EBADF));
    assert_eq!(bench.run(finalize(9)), Outcome::Err(Errno::EINVAL));
}

#[test]
fn n3_pages_zero_pages_and_holes_are_collected() {
    let mut bench = started();
    bench.counts(setup(P0, 0, 4, 0), 4);
    assert_eq!(bench.events(), [(EventKind::Migrate, 0, 4)]);
    let words = bench.snapshot().dev_words;
    let page = DevFlags::VALID.with(DevFlags::MIGRATE).with(DevFlags::WRITE);
    let flags: Vec<_> = words.iter().map(|word| word.src).collect();
    assert_eq!(flags, [page, page, DevFlags::MIGRATE, DevFlags::MIGRATE]);
    assert_eq!(bench.rss(P0), 2);
    assert!(matches!(bench.pte(P0, 0), Pte::Migration(_)));
    assert_eq!(bench.run(read(P0, 0)), Outcome::Blocked);
    assert!(matches!(bench.pte(P0, 2), Pte::Zero(_)));
    bench.ok(finalize(0));
    assert_eq!(bench.read(P0, 0), b'a');
    assert!(bench.exclusive(P0, 0) && bench.flags(P0, 0).has(W.with(DIRTY)));
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::LRU));
    assert!(bench.snapshot().dev_words.is_empty());
}

#[test]
fn n3_what_is_not_selected_is_left_alone() {
    let mut bench = started();
    bench.counts(setup_by(D0, P0, 0, 4, 0, PRIVATE), 1); // the hole
    bench.ok(finalize(0));
    bench.send_to_device(P0, 0, 1);
    bench.counts(setup(P0, 0, 1, 0), 0);
    bench.counts(setup_by(D1, P0, 0, 1, 1, PRIVATE), 0);
    bench.counts(setup_by(D0, P0, 0, 1, 2, PRIVATE), 1);
    bench.ok(finalize(2));
    assert!(bench.private(P0, 0).flags.has(W));
}

#[test]
fn n7_n9_pages_move_to_the_device_and_come_back_when_touched() {
    let mut bench = started();
    bench.send_to_device(P0, 0, 4);
    let snapshot = bench.snapshot();
    assert_eq!((bench.rss(P0), snapshot.folios.len()), (4, 4));
    let folio = bench.folio(P0, 0);
    let flags = FolioFlags::SWAPBACKED.with(FolioFlags::DIRTY).with(FolioFlags::DEVICE_0);
    assert_eq!((folio.flags, folio.refcount, folio.mapcount), (flags, 1, 1));
    assert_eq!(bench.private(P0, 3).flags, W);
    assert_eq!(bench.read(P0, 0), b'a');
    assert_eq!(bench.flags(P0, 0), W.with(YOUNG)); // it came back old and clean; the read made it young
    assert!(bench.exclusive(P0, 0));
    bench.write(P0, 3, b'd');
    assert_eq!(bench.read(P0, 3), b'd');
    assert!(matches!(bench.pte(P0, 1), Pte::DevPrivate(_)));
}

#[test]
fn n8_a_place_that_was_filled_meanwhile_is_left_alone() {
    let mut bench = started();
    bench.counts(setup(P0, 2, 2, 0), 2);
    bench.write(P0, 3, b'x');
    bench.counts(pages(0, true), 1);
    assert_eq!(bench.events(), [(EventKind::Migrate, 2, 2)]);
    assert_eq!(bench.folio(P0, 2).refcount, 2);
    assert_eq!(bench.run(pages(0, true)), Outcome::Err(Errno::EINVAL));
    bench.ok(finalize(0));
    assert_eq!(bench.read(P0, 3), b'x');
    assert_eq!(bench.folio(P0, 2).refcount, 1);
}

#[test]
fn n8_a_name_used_again_is_another_process() {
    let mut bench = started();
    bench.fork(P0, P1);
    bench.counts(setup(P1, 3, 1, 0), 1);
    bench.exit(P1);
    bench.fork(P0, P1);
    bench.counts(pages(0, true), 0);
    bench.ok(finalize(0));
    assert_eq!(bench.pte(P1, 3), Pte::None);
}

#[test]
fn n8_a_page_for_the_host_is_like_a_fresh_one() {
    let mut bench = started();
    bench.counts(setup(P0, 3, 1, 0), 1);
    bench.counts(pages(0, false), 1);
    assert_eq!(bench.flags(P0, 3), W.with(DIRTY).with(YOUNG));
    assert!(bench.folio(P0, 3).flags.has(FolioFlags::LRU));
    bench.ok(finalize(0));
    assert_eq!(bench.read(P0, 3), 0);
}

#[test]
fn n4_a_pinned_page_and_a_locked_one_stay() {
    let mut bench = started();
    bench.gup(P0, 0, 1, 0, PIN_W);
    bench.ok(lock(P0, 1, 0));
    bench.counts(setup(P0, 0, 2, 1), 0);
    assert!(bench.flags(P0, 0).has(W) && bench.exclusive(P0, 0));
}

#[test]
fn n5_a_reference_keeps_the_page_at_home() {
    let mut bench = started();
    bench.gup(P0, 0, 1, 0, GET);
    bench.ok(isolate(P0, 1, 0));
    bench.counts(setup(P0, 0, 2, 1), 0);
    assert!(bench.flags(P0, 0).has(W) && bench.flags(P0, 1).has(W));
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::LRU));
    assert!(bench.snapshot().dev_words.is_empty());
}

#[test]
fn n5_a_shared_page_is_taken_from_everybody() {
    let mut bench = started();
    bench.fork(P0, P1);
    bench.send_to_device(P0, 0, 1);
    assert_eq!(bench.private(P0, 0).folio, bench.private(P1, 0).folio);
    assert_eq!(bench.private(P1, 0).flags, EntryFlags::NONE);
    bench.write(P1, 0, b'z');
    assert_eq!((bench.read(P0, 0), bench.read(P1, 0)), (b'a', b'z'));
}

#[test]
fn n7_the_device_may_have_no_memory() {
    let mut bench = Bench::with(Config { ptes: 4, dev_mem: 1, ..Config::default() });
    bench.mmap(P0, 0, 4, RW);
    bench.write(P0, 0, b'a');
    bench.write(P0, 1, b'b');
    bench.counts(setup(P0, 0, 2, 0), 2);
    bench.counts(pages(0, true), 1);
    bench.ok(finalize(0));
    assert!(matches!(bench.pte(P0, 1), Pte::Page(_)));
    bench.counts(setup(P0, 1, 1, 0), 1);
    bench.ok(Op::FailAlloc { nth: 1 });
    let site =
        AllocSite { kind: AllocKind::DevicePage(Order(0)), pid: Pid(P0), vpn: Vpn(1), nth: 0 };
    let failed = bench.choosing(pages(0, true), &[Choice::AllocFailed(site)]);
    assert_eq!(failed.expect("it is made"), Outcome::Count(0));
    bench.ok(finalize(0));
    assert_eq!(bench.read(P0, 1), b'b');
}

#[test]
fn n12_without_memory_the_access_ends_in_a_bus_error() {
    let mut bench = started();
    bench.send_to_device(P0, 0, 1);
    let failed = bench.failing(read(P0, 0), AllocKind::Folio(Order(0)), P0, 0);
    assert_eq!(failed, Outcome::Bus);
    assert!(bench.private(P0, 0).flags.has(W));
    bench.ok(lock(P0, 0, 0));
    assert_eq!(bench.run(read(P0, 0)), Outcome::Blocked);
    assert_eq!(bench.run(gup(P0, 0, 1, 0, GET)), Outcome::Err(Errno::EINTR));
    bench.ok(Op::Drop { token: Token(0) });
    bench.gup(P0, 0, 1, 0, PIN_W);
    assert!(bench.exclusive(P0, 0));
}

#[test]
fn n13_evicting_finds_every_entry() {
    let mut bench = started();
    bench.send_to_device(P0, 0, 2);
    bench.fork(P0, P1);
    bench.counts(evict(P0, 0, 4, 0), 2);
    assert_eq!(bench.snapshot().dev_words.len(), 2);
    assert!(matches!(bench.pte(P1, 0), Pte::Migration(_)));
    bench.counts(pages(0, false), 2);
    bench.ok(finalize(0));
    assert_eq!(bench.page(P0, 0).folio, bench.page(P1, 0).folio);
    assert_eq!((bench.read(P0, 0), bench.read(P1, 1)), (b'a', b'b'));
}

#[test]
fn c12_a_fork_makes_both_entries_read() {
    let mut bench = started();
    bench.send_to_device(P0, 0, 1);
    bench.ok(dev_write(D0, P0, 0, b'x'));
    bench.fork(P0, P1);
    assert_eq!(bench.events(), [(EventKind::ProtectionPage, 0, 1)]);
    assert_eq!((bench.private(P0, 0).flags, bench.private(P1, 0).flags), Default::default());
    assert_eq!(bench.run(dev_write(D0, P0, 0, b'y')), Outcome::Err(Errno::EFAULT));
    assert_eq!(bench.device_reads(D0, P1, 0), b'x');
    bench.write(P0, 0, b'z');
    assert_eq!(bench.read(P1, 0), b'x');
}

#[test]
fn h6_a_change_of_protection_takes_the_kind_write_away() {
    let mut bench = started();
    bench.send_to_device(P0, 0, 1);
    assert_eq!(bench.device_reads(D0, P0, 0), b'a');
    bench.protect(P0, 0, 4, R);
    assert_eq!(bench.events(), [(EventKind::ProtectionVma, 0, 1)]);
    bench.protect(P0, 0, 4, RW);
    assert_eq!(bench.private(P0, 0).flags, EntryFlags::NONE);
    bench.write(P0, 0, b'c'); // PAE came along: the page is reused
    assert!(bench.exclusive(P0, 0));
}

#[test]
fn o11_a_device_reaches_its_own_pages_only() {
    let mut bench = started();
    assert_eq!(bench.run(dev_read(D0, P0, 0)), Outcome::Err(Errno::EFAULT));
    bench.send_to_device(P0, 0, 2);
    assert_eq!(bench.run(dev_read(D1, P0, 0)), Outcome::Err(Errno::EFAULT));
    bench.ok(dev_write(D0, P0, 0, b'x'));
    assert_eq!(bench.snapshot().dev_maps.len(), 1);
    bench.ok(munmap(P0, 1, 1));
    assert!(bench.events().is_empty());
    assert_eq!(bench.read(P0, 0), b'x');
    assert_eq!(bench.events(), [(EventKind::Migrate, 0, 1)]);
    assert!(bench.snapshot().dev_maps.is_empty());
    bench.write(P0, 0, b'y');
    assert_eq!(bench.run(dev_read(D0, P0, 0)), Outcome::Err(Errno::EFAULT));
}

#[test]
fn i2_memory_given_up_goes_back_to_the_device() {
    let mut bench = started();
    bench.send_to_device(P0, 0, 2);
    bench.ok(dev_write(D0, P0, 0, b'x'));
    bench.advise(P0, 0, 1, Advice::DontNeed);
    assert_eq!(bench.events(), [(EventKind::Clear, 0, 1)]);
    bench.exit(P0);
    assert!(bench.snapshot().folios.is_empty());
}

#[test]
fn n17_other_operations_leave_a_devices_page_alone() {
    let mut bench = started();
    bench.send_to_device(P0, 0, 1);
    let migrate = Op::Migrate { pid: Pid(0), vpn: Vpn(0), token: Token(0), all: true };
    assert_eq!(bench.run(migrate), Outcome::Err(Errno::ENOENT));
    let swap_out = Op::SwapOut { pid: Pid(0), vpn: Vpn(0), token: None };
    assert_eq!(bench.run(swap_out), Outcome::Err(Errno::EAGAIN));
    assert_eq!(bench.run(isolate(P0, 0, 0)), Outcome::Err(Errno::EAGAIN));
    let split = Op::Split { pid: Pid(0), vpn: Vpn(0), order: Order(0), nonuniform: false };
    assert_eq!(bench.run(split), Outcome::Err(Errno::EFAULT));
    let walk = Op::RmapWalk { pid: Pid(0), vpn: Vpn(0) };
    assert_eq!(bench.run(walk), Outcome::Pids([Pid(0)].into_iter().collect()));
    bench.advise(P0, 0, 4, Advice::Cold);
    bench.advise(P0, 0, 4, Advice::Free);
    assert!(bench.private(P0, 0).flags.has(W));
}

#[test]
fn n15_older_kernels_forget_what_was_written() {
    let mut bench = Bench::with(Config { ptes: 4, migdev_old: true, ..Config::default() });
    bench.mmap(P0, 0, 4, RW);
    bench.write(P0, 0, b'a');
    bench.advise(P0, 0, 1, Advice::Free);
    bench.write(P0, 0, b'b');
    bench.counts(setup(P0, 0, 1, 0), 1);
    bench.ok(finalize(0));
    assert_eq!(bench.flags(P0, 0), W);
    bench.ok(Op::SwapOut { pid: Pid(0), vpn: Vpn(0), token: None });
    assert_eq!(bench.read(P0, 0), 0);
}

/// `p0` has a block of 4 pages in the memory of `d0`, as one.
fn block() -> Bench {
    let mut bench = Bench::with(Config { ptes: 4, dev_thp: true, ..Config::default() });
    bench.mmap(P0, 0, 8, RW);
    bench.thp(&[2]);
    bench.write(P0, 1, b'a');
    bench.counts(setup(P0, 0, 4, 0), 1);
    let words = bench.snapshot().dev_words;
    assert!(words.len() == 1 && words[0].src.has(DevFlags::COMPOUND.with(DevFlags::WRITE)));
    bench.counts(pages(0, true), 1);
    bench.ok(finalize(0));
    assert!(matches!(bench.pmd(P0, 0), PmdKind::DevPrivate(leaf) if leaf.flags == W));
    bench
}

#[test]
fn a_block_moves_as_one_and_comes_back_as_one() {
    let mut bench = block();
    let folio = bench.folio(P0, 0);
    assert_eq!((folio.order, folio.refcount, folio.entire_mapcount), (Order(2), 1, 1));
    assert_eq!((bench.rss(P0), bench.snapshot().mms[0].deposited), (4, 1));
    bench.ok(dev_write(D0, P0, 3, b'x'));
    assert_eq!(bench.read(P0, 3), b'x');
    assert!(bench.leaf(P0, 0).flags.has(W));
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::LRU));
    assert_eq!(bench.read(P0, 1), b'a');
}

#[test]
fn without_memory_for_a_block_a_page_comes_back_alone() {
    let mut bench = block();
    let failed = bench.failing(read(P0, 1), AllocKind::Folio(Order(2)), P0, 0);
    assert!(matches!(failed, Outcome::Value(value) if value.label == b'a'));
    assert!(matches!(bench.pte(P0, 1), Pte::Page(_)));
    assert_eq!(bench.private(P0, 2).page, 0);
    assert_eq!(bench.folio(P0, 2).order, Order(0));
    assert!(bench.snapshot().deferred.is_empty());
}

#[test]
fn a_block_is_shared_by_fork_and_evicted_from_both() {
    let mut bench = block();
    bench.fork(P0, P1);
    assert!(
        matches!(bench.pmd(P1, 0), PmdKind::DevPrivate(leaf) if leaf.flags == EntryFlags::NONE)
    );
    assert_eq!(bench.folio(P0, 0).entire_mapcount, 2);
    bench.counts(evict(P0, 0, 4, 0), 1);
    bench.counts(pages(0, false), 1);
    bench.ok(finalize(0));
    assert_eq!(bench.leaf(P0, 0).folio, bench.leaf(P1, 0).folio);
    assert!(!bench.leaf(P0, 0).flags.has(W));
}

#[test]
fn a_part_of_a_block_is_given_up_or_migrated_alone() {
    let mut bench = block();
    bench.advise(P0, 3, 1, Advice::DontNeed);
    assert_eq!(bench.private(P0, 1).page, 1);
    let folio = bench.folio(P0, 0);
    assert_eq!((folio.mapcount, folio.entire_mapcount), (3, 0));
    assert!(!folio.flags.has(FolioFlags::PARTIALLY_MAPPED));
    bench.counts(setup_by(D0, P0, 1, 1, 0, PRIVATE), 1);
    assert_eq!(bench.folio(P0, 0).order, Order(0));
    bench.counts(pages(0, false), 1);
    bench.ok(finalize(0));
    assert_eq!(bench.read(P0, 1), b'a');
    let mut bench = block();
    bench.protect(P0, 0, 4, R);
    assert!(
        matches!(bench.pmd(P0, 0), PmdKind::DevPrivate(leaf) if leaf.flags == EntryFlags::NONE)
    );
    let split = Op::Split { pid: Pid(0), vpn: Vpn(0), order: Order(0), nonuniform: false };
    bench.ok(split);
    assert!(matches!(bench.pte(P0, 0), Pte::DevPrivate(_)));
    bench.ok(munmap(P0, 0, 8));
    assert!(bench.snapshot().folios.is_empty());
}

#[test]
fn n3_a_leaf_is_split_where_blocks_do_not_move() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 1, b'a');
    bench.send_to_device(P0, 0, 4);
    assert_eq!(bench.private(P0, 1).page, 0);
    assert_eq!(bench.read(P0, 1), b'a');
    assert!(bench.fired(Rule::N12));
}

#[test]
fn n7_a_page_of_the_swap_cache_leaves_it_if_it_can() {
    let mut bench = started();
    bench.ok(Op::SwapOut { pid: Pid(0), vpn: Vpn(0), token: None });
    bench.read(P0, 0);
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::SWAPCACHE));
    bench.send_to_device(P0, 0, 1);
    assert!(!bench.folio(P0, 0).flags.has(FolioFlags::SWAPCACHE));
    assert_eq!(bench.read(P0, 0), b'a');
    bench.fork(P0, P1);
    bench.ok(Op::SwapOut { pid: Pid(0), vpn: Vpn(0), token: None });
    bench.read(P0, 0);
    bench.counts(setup(P0, 0, 1, 0), 1); // the slot is named by the child still
    bench.counts(pages(0, true), 0);
    bench.ok(finalize(0));
    assert_eq!(bench.read(P0, 0), b'a');
}
