//! Areas N and O: device migration in its three steps, CPU faults on what a device has, and pages made
//! exclusive; what everybody else does with their entries.

use super::support::*;
use mm_ops::{
    Advice, AllocKind, Choice, Config, DevExclusiveMode, DevFlags, DevSelect, EntryFlags,
    EntryKind, Errno, EventKind, FolioFlags, Op, Order, Outcome, Pid, Value, Vpn,
};

/// Page 3 holds `a`, page 5 `b`.
fn two_pages() -> Machine {
    Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), write(0, 5, b'b')])
}

/// Page 3 is in device 0's memory, and holds `a`.
fn in_device() -> Machine {
    let mut m = two_pages();
    m.all(&to_device(0, 3, 1));
    assert_eq!(m.kind(0, 3), Some(EntryKind::DevPrivate));
    m
}

/// Page 3 is device 0's alone, and nobody has its lock any more.
fn exclusive(dev_exclusive: DevExclusiveMode) -> Machine {
    let mut m = Machine::with(Config { dev_exclusive, ..Config::default() });
    m.all(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), write(0, 5, b'b')]);
    assert_eq!(m.apply(dev_exclusive_op()), Outcome::Ok);
    m.apply(drop_token(0));
    assert_eq!(m.kind(0, 3), Some(EntryKind::DevExclusive));
    m
}

fn dev_exclusive_op() -> Op {
    super::support::dev_exclusive(0, 0, 3, 0)
}

fn events(m: &Machine) -> Vec<(EventKind, u32, u32, Option<u8>)> {
    let events = m.snapshot().events;
    let told = events.iter().map(|event| {
        (event.kind, event.range.start.0, event.range.len, event.owner.map(|owner| owner.0))
    });
    told.collect()
}

#[test]
fn a_page_goes_to_the_device_and_back() {
    let mut m = two_pages();
    assert_eq!(m.apply(dev_setup(0, 3, 1, 0)), Outcome::Count(1));
    assert_eq!(m.kind(0, 3), Some(EntryKind::Migration), "N4");
    assert_eq!(events(&m), [(EventKind::Migrate, 3, 1, Some(0))], "N2");
    let word = m.snapshot().dev_words[0];
    let source = DevFlags::VALID.with(DevFlags::MIGRATE).with(DevFlags::WRITE);
    assert_eq!((word.src, word.dst, word.vpn), (source, DevFlags::NONE, Vpn(3)), "N4");
    assert_eq!(m.apply(read(0, 3)), Outcome::Blocked, "A10");
    assert_eq!(m.apply(dev_pages(0, true)), Outcome::Count(1));
    assert_eq!(m.apply(dev_pages(0, true)), err(Errno::EINVAL));
    assert_eq!(m.apply(dev_finalize(0)), Outcome::Ok);
    assert_eq!(m.apply(dev_finalize(0)), err(Errno::EBADF));
    let entry = m.entry(0, 3).expect("in the device");
    assert_eq!((entry.kind, entry.flags), (EntryKind::DevPrivate, EntryFlags::WRITE), "N9");
    let folio = m.folio_named(0, 3);
    assert!(folio.flags.has(FolioFlags::DEVICE_0) && !folio.flags.has(FolioFlags::LRU), "INV23");
    assert_eq!((folio.refcount, folio.mapcount, m.rss(0)), (1, 1, 2), "S12");
    assert_eq!(m.label(0, 3), b'a', "N12");
    assert!(m.folio(0, 3).flags.has(FolioFlags::LRU) && m.page(0, 3).exclusive, "N9");
    assert_eq!(m.apply(write(0, 3, b'c')), Outcome::Ok);
}

#[test]
fn holes_and_zero_pages_are_filled() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), read(0, 2)]);
    assert_eq!(m.apply(dev_setup(0, 1, 2, 0)), Outcome::Count(2), "N3");
    assert_eq!(m.apply(dev_pages(0, true)), Outcome::Count(2), "N8");
    let told = [(EventKind::Migrate, 1, 2, Some(0))];
    assert_eq!(events(&m), told, "N8");
    assert_eq!(m.folio_named(0, 1).refcount, 2, "N9");
    m.apply(dev_finalize(0));
    assert_eq!((m.kind(0, 1), m.kind(0, 2)), (Some(EntryKind::DevPrivate), m.kind(0, 1)));
    assert_eq!((m.rss(0), m.label(0, 1)), (2, 0));
}

#[test]
fn a_hole_filled_meanwhile_stays_as_it_is() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), dev_setup(0, 1, 1, 0), write(0, 1, b'x')]);
    assert_eq!(m.apply(dev_pages(0, true)), Outcome::Count(0), "N8");
    m.apply(dev_finalize(0));
    assert_eq!(m.label(0, 1), b'x');
}

#[test]
fn a_watched_hole_is_not_filled() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), uffd_register(0, 0, 8, true, false)]);
    m.all(&to_device(0, 1, 1));
    assert_eq!(m.kind(0, 1), None, "N8");
}

#[test]
fn holes_of_a_process_that_ended_are_not_filled() {
    let mut m = two_pages();
    m.all(&[fork(0, 1), dev_setup(1, 2, 2, 0), exit(1)]);
    assert_eq!(m.snapshot().dev_words.len(), 1, "N8");
    m.apply(fork(0, 1));
    assert_eq!(m.apply(dev_pages(0, true)), Outcome::Count(1));
    m.apply(dev_finalize(0));
    assert_eq!(m.label(0, 3), b'a');
}

#[test]
fn selection_decides() {
    let mut m = in_device();
    assert_eq!(m.apply(dev_setup(0, 3, 3, 0)), Outcome::Count(2), "N3: not the device's page");
    m.apply(dev_finalize(0));
    let own = DevSelect { system: false, private: true };
    assert_eq!(m.apply(dev_select(1, 0, (3, 1), 0, own)), Outcome::Count(0), "N3: owner");
    m.apply(dev_finalize(0));
    assert_eq!(m.apply(dev_setup_back(0, 3, 3, 0)), Outcome::Count(2), "N3: the hole whatever");
}

#[test]
fn refusals() {
    let mut m = two_pages();
    assert_eq!(m.apply(dev_setup(0, 3, 0, 0)), err(Errno::EINVAL), "N2");
    assert_eq!(m.apply(dev_setup(0, 3, 6, 0)), err(Errno::EINVAL), "N2");
    assert_eq!(m.apply(dev_setup(1, 3, 1, 0)), err(Errno::ESRCH));
    m.apply(lock(0, 3, 0));
    assert_eq!(m.apply(dev_setup(0, 3, 1, 0)), err(Errno::EBUSY));
    assert_eq!(m.apply(dev_setup(0, 3, 1, 1)), Outcome::Count(0), "N4: locked");
    assert_eq!(m.apply(drop_token(1)), err(Errno::EBADF));
    assert_eq!(m.kind(0, 3), Some(EntryKind::Page));
}

#[test]
fn pins_and_references_resist() {
    for (op, lru) in
        [(pin_rw(0, 3, 1, 0), true), (get_r(0, 3, 1, 0), true), (isolate(0, 3, 0), false)]
    {
        let mut m = two_pages();
        m.apply(op);
        let before = m.snapshot().entries;
        assert_eq!(m.apply(dev_setup(0, 3, 1, 1)), Outcome::Count(0), "N4, N5");
        assert_eq!(m.snapshot().dev_words, [], "N6");
        assert_eq!(m.folio(0, 3).flags.has(FolioFlags::LRU), lru);
        let flags =
            |entries: &[mm_ops::EntrySnap]| entries.iter().map(|e| e.flags).collect::<Vec<_>>();
        assert_eq!(flags(&m.snapshot().entries), flags(&before), "N6");
    }
}

#[test]
fn a_full_device_takes_no_more() {
    let config = Config { dev_mem: 1, ..Config::default() };
    let mut m = Machine::with(config);
    m.all(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), write(0, 4, b'b'), dev_setup(0, 3, 2, 0)]);
    assert_eq!(m.apply(dev_pages(0, true)), Outcome::Count(1));
    assert_eq!(m.choices, [], "it fails by itself");
    m.apply(dev_finalize(0));
    assert_eq!((m.kind(0, 3), m.kind(0, 4)), (Some(EntryKind::DevPrivate), Some(EntryKind::Page)));
    m.all(&[read(0, 3), dev_setup(0, 3, 2, 0)]);
    assert_eq!(m.apply(dev_pages(0, true)), Outcome::Count(1), "its page is free again");
}

#[test]
fn device_memory_can_fail() {
    let mut m = two_pages();
    m.all(&[dev_setup(0, 3, 1, 0), fail_alloc(1)]);
    assert_eq!(m.apply(dev_pages(0, true)), Outcome::Count(0));
    let Some(Choice::AllocFailed(site)) = m.choices.first() else {
        panic!("an allocation failed");
    };
    assert_eq!((site.kind, site.vpn), (AllocKind::DevicePage(Order(0)), Vpn(3)));
}

#[test]
fn fork_shares_a_device_page() {
    let mut m = in_device();
    m.apply(fork(0, 1));
    for pid in 0..2 {
        let entry = m.entry(pid, 3).expect("shared");
        assert_eq!((entry.kind, entry.flags), (EntryKind::DevPrivate, EntryFlags::NONE), "C12");
    }
    assert_eq!((m.folio_named(0, 3).mapcount, m.page(0, 3).exclusive), (2, false), "C12");
    m.apply(write(1, 3, b'x'));
    assert_eq!((m.label(0, 3), m.label(1, 3)), (b'a', b'x'));
}

#[test]
fn a_fork_between_the_phases_makes_it_shared() {
    let mut m = two_pages();
    m.all(&[dev_setup(0, 3, 1, 0), fork(0, 1), dev_pages(0, true), dev_finalize(0)]);
    assert_eq!(m.folio_named(1, 3).mapcount, 2, "N14");
    assert!(!m.page(0, 3).exclusive && !m.has(0, 3, EntryFlags::WRITE), "N14");
}

#[test]
fn eviction_finds_every_mapping() {
    let mut m = in_device();
    m.apply(fork(0, 1));
    assert_eq!(m.apply(dev_evict(1, 0, 8, 0)), Outcome::Count(1), "N13");
    assert_eq!(m.kind(0, 3), Some(EntryKind::Migration), "N13");
    assert_eq!(m.apply(dev_pages(0, false)), Outcome::Count(1));
    m.apply(dev_finalize(0));
    assert_eq!((m.folio(0, 3).mapcount, m.label(1, 3)), (2, b'a'), "N13");
}

#[test]
fn protection_reaches_a_device_page() {
    let mut m = in_device();
    m.apply(dev_write(0, 0, 3, b'd'));
    m.apply(mprotect(0, 0, 8, R));
    assert_eq!(events(&m), [(EventKind::ProtectionVma, 3, 1, None)]);
    assert!(!m.has(0, 3, EntryFlags::WRITE), "H6");
    assert_eq!(m.apply(dev_write(0, 0, 3, b'e')), err(Errno::EFAULT));
    assert_eq!(m.apply(dev_read(0, 0, 3)), Outcome::Value(Value::label(b'd')));
    assert_eq!(m.label(0, 3), b'd', "N12");
}

#[test]
fn zaps_and_moves_take_device_pages_along() {
    let mut m = in_device();
    m.apply(dev_read(0, 0, 3));
    m.apply(move_to(0, 0, 8, 16));
    assert_eq!(events(&m), [(EventKind::Unmap, 3, 1, None)]);
    assert_eq!(m.kind(0, 19), Some(EntryKind::DevPrivate), "J7");
    m.apply(madvise(0, 19, 1, Advice::DontNeed));
    assert_eq!((m.kind(0, 19), m.rss(0)), (None, 1), "I2");
}

#[test]
fn a_cpu_waits_for_the_lock_of_a_device_page() {
    let mut m = in_device();
    m.apply(lock(0, 3, 0));
    assert_eq!(m.apply(read(0, 3)), Outcome::Blocked, "N12");
    assert_eq!(m.apply(get_r(0, 3, 1, 0)), err(Errno::EINTR), "N12, D12");
    m.all(&[drop_token(0), fail_alloc(1)]);
    assert_eq!(m.apply(read(0, 3)), Outcome::Bus, "N12");
    assert_eq!(m.kind(0, 3), Some(EntryKind::DevPrivate), "N9");
    assert_eq!(m.apply(isolate(0, 3, 0)), err(Errno::EAGAIN));
    assert_eq!(m.apply(swap_out(0, 3)), err(Errno::EAGAIN));
    assert_eq!(m.apply(migrate(0, 3, 0)), err(Errno::ENOENT));
    assert_eq!(m.apply(split(0, 3, 0)), err(Errno::EFAULT));
    assert_eq!(m.apply(rmap_walk(0, 3)), mapped_by(&[0]));
}

#[test]
fn a_leaf_is_split_first() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 16, RW)]);
    m.all(&(0..8).map(|page| write(0, page, b'a')).collect::<Vec<_>>());
    assert_eq!(m.apply(dev_setup(0, 2, 3, 0)), Outcome::Count(3), "N3");
    m.all(&[dev_pages(0, true), dev_finalize(0)]);
    assert_eq!((m.kind(0, 2), m.kind(0, 5)), (Some(EntryKind::DevPrivate), Some(EntryKind::Page)));
    assert_eq!(m.folio(0, 5).order, Order(0), "N3");
}

#[test]
fn pages_of_large_folios_stay() {
    let mut m = Machine::after(&[thp(&[2]), mmap(0, 0, 16, RW), write(0, 0, b'a')]);
    assert_eq!(m.apply(dev_setup(0, 0, 5, 0)), Outcome::Count(1), "N3: the hole alone");
}

#[test]
fn older_kernels_lose_what_the_entry_alone_knew() {
    for migdev_old in [false, true] {
        let mut m = Machine::with(Config { migdev_old, ..Config::default() });
        m.all(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), dev_setup(0, 3, 1, 0), dev_finalize(0)]);
        assert_eq!(m.folio(0, 3).flags.has(FolioFlags::DIRTY), !migdev_old, "N15");
        assert_eq!(m.has(0, 3, EntryFlags::YOUNG), !migdev_old, "N15");
    }
}

#[test]
fn a_device_has_a_page_for_itself_until_the_cpu_wants_it() {
    for mode in [DevExclusiveMode::Current, DevExclusiveMode::Folio, DevExclusiveMode::Walk] {
        let mut m = exclusive(mode);
        let counted = u32::from(mode == DevExclusiveMode::Current);
        let folio = m.folio_named(0, 3);
        assert_eq!((folio.refcount, folio.mapcount), (1, counted), "O3");
        assert_eq!(m.apply(dev_write(0, 0, 3, b'd')), Outcome::Ok);
        assert_eq!(m.label(0, 3), b'd', "O7");
        assert_eq!(events(&m), [(EventKind::Clear, 3, 1, None)], "O11");
        assert!(m.has(0, 3, EntryFlags::WRITE.with(EntryFlags::DIRTY)), "O8");
        assert_eq!(m.apply(dev_read(0, 0, 3)), err(Errno::EFAULT), "O6");
    }
}

#[test]
fn the_lock_of_an_exclusive_page_is_waited_for() {
    let mut m = two_pages();
    m.apply(dev_exclusive_op());
    assert_eq!(m.folio_named(0, 3).refcount, 2, "O3");
    assert_eq!(m.apply(read(0, 3)), Outcome::Blocked, "O7");
    assert_eq!(m.apply(fork(0, 1)), err(Errno::ENOMEM), "C13");
    assert_eq!(m.apply(migrate(0, 3, 1)), err(Errno::EAGAIN));
    assert_eq!(m.apply(dev_exclusive(1, 0, 3, 1)), err(Errno::EINTR), "O12");
    assert_eq!(m.apply(munmap(0, 0, 8)), Outcome::Ok);
    assert_eq!(m.apply(drop_token(0)), Outcome::Ok);
    assert!(m.snapshot().folios.is_empty());
}

#[test]
fn the_other_device_takes_it_over() {
    let mut m = exclusive(DevExclusiveMode::Current);
    assert_eq!(m.apply(dev_exclusive(1, 0, 3, 0)), Outcome::Ok);
    let told = [(EventKind::Clear, 3, 1, None), (EventKind::Exclusive, 3, 1, Some(1))];
    assert_eq!(events(&m), told, "O12");
    assert_eq!(m.apply(dev_read(0, 0, 3)), err(Errno::EFAULT), "O12");
}

#[test]
fn fork_maps_an_exclusive_page_again() {
    for mode in [DevExclusiveMode::Current, DevExclusiveMode::Folio] {
        let mut m = exclusive(mode);
        assert_eq!(m.apply(fork(0, 1)), Outcome::Ok);
        assert_eq!(events(&m), [(EventKind::ProtectionPage, 3, 1, None)], "O11");
        assert_eq!((m.kind(0, 3), m.folio(0, 3).mapcount), (Some(EntryKind::Page), 2), "C13");
    }
}

#[test]
fn an_exclusive_page_can_be_moved_and_swapped() {
    let mut m = exclusive(DevExclusiveMode::Current);
    assert_eq!(m.apply(migrate(0, 3, 0)), Outcome::Ok);
    assert_eq!(events(&m), [(EventKind::Clear, 3, 1, None)], "O11");
    assert_eq!(m.entry(0, 3).expect("named").flags, EntryFlags::EXCLUSIVE, "F3");
    m.all(&[migrate_copy(0), migrate_end(0)]);
    assert!(m.page(0, 3).exclusive && !m.has(0, 3, EntryFlags::WRITE), "F8");
    let mut m = exclusive(DevExclusiveMode::Current);
    assert_eq!(m.apply(swap_out(0, 3)), Outcome::Ok, "E5");
    assert_eq!(m.entry(0, 3).expect("swapped").flags, EntryFlags::EXCLUSIVE, "E5");
    assert_eq!(m.label(0, 3), b'a');
}

#[test]
fn older_kernels_could_do_neither() {
    for mode in [DevExclusiveMode::Folio, DevExclusiveMode::Walk] {
        let mut m = exclusive(mode);
        assert_eq!(m.apply(migrate(0, 3, 0)), Outcome::Ok, "O13: nothing to unmap");
        assert_eq!(m.apply(migrate_copy(0)), err(Errno::EAGAIN), "O13");
        m.apply(migrate_end(0));
        assert_eq!(m.apply(rmap_walk(0, 3)), mapped_by(&[]), "O13");
        assert_eq!(m.apply(swap_out(0, 3)), err(Errno::EBUSY), "O13");
        assert_eq!(m.kind(0, 3), Some(EntryKind::DevExclusive));
        assert_eq!(m.label(0, 3), b'a');
    }
}

#[test]
fn rights_decide_what_comes_back() {
    for (mode, writable) in [(DevExclusiveMode::Current, true), (DevExclusiveMode::Folio, false)] {
        let mut m = exclusive(mode);
        m.all(&[mprotect(0, 0, 8, R), mprotect(0, 0, 8, RW), read(0, 3)]);
        assert_eq!(m.has(0, 3, EntryFlags::WRITE), writable, "O8, O15");
    }
    let mut m = exclusive(DevExclusiveMode::Current);
    m.all(&[mprotect(0, 0, 8, R), read(0, 3)]);
    assert!(!m.has(0, 3, EntryFlags::WRITE), "O8");
}

#[test]
fn one_page_of_a_large_folio_is_taken() {
    let mut m = Machine::after(&[thp(&[2]), mmap(0, 0, 16, RW), write(0, 0, b'a')]);
    m.all(&[dev_exclusive(0, 0, 2, 0), drop_token(0)]);
    let excluded = |page: u32| m.kind(0, page) == Some(EntryKind::DevExclusive);
    assert_eq!((0..4).filter(|page| excluded(*page)).collect::<Vec<_>>(), [2], "O5");
    assert_eq!(m.apply(split(0, 2, 0)), Outcome::Ok, "N17");
    assert!(m.page(0, 2).exclusive || m.kind(0, 2) == Some(EntryKind::ZeroPage), "N17");
}

#[test]
fn the_walk_takes_all_of_it() {
    let mut m =
        Machine::with(Config { dev_exclusive: DevExclusiveMode::Walk, ..Config::default() });
    m.all(&[thp(&[2]), mmap(0, 0, 16, RW), write(0, 0, b'a')]);
    assert_eq!(m.apply(dev_exclusive(0, 0, 2, 0)), Outcome::Ok, "O4");
    assert_eq!(events(&m), [(EventKind::Exclusive, 0, 4, Some(0))], "O4");
    assert!((0..4).all(|page| m.kind(0, page) == Some(EntryKind::DevExclusive)), "O4");
    m.apply(drop_token(0));
    m.apply(write(0, 1, b'b'));
    assert_eq!(m.apply(dev_exclusive(0, 0, 1, 0)), err(Errno::EBUSY), "O4: the first one resists");
    assert_eq!(m.kind(0, 1), Some(EntryKind::Page), "O4");
}

#[test]
fn what_an_exclusive_entry_is_refused_for() {
    let mut m = exclusive(DevExclusiveMode::Current);
    m.all(&[
        mmap(0, 16, 8, RW),
        madvise(0, 0, 8, Advice::Mergeable),
        uffd_register(0, 16, 8, true, false),
    ]);
    assert_eq!(m.apply(ksm(0, 3, 0, 5)), err(Errno::EFAULT), "P2");
    assert_eq!(m.apply(uffd_move(0, 3, 1, 16)), err(Errno::EFAULT), "K9");
    assert_eq!(events(&m), [(EventKind::Clear, 3, 1, None)]);
    assert_eq!(m.kind(0, 3), Some(EntryKind::DevExclusive));
    let map = m.snapshot().dev_maps;
    assert!(map.is_empty(), "{map:?} {:?}", Pid(0));
}

/// A device migration of page 3 with a GUP-fast beside it.
fn collected_beside_gup(at: [u8; 4]) -> (Outcome, bool) {
    let mut m = two_pages();
    let (pid, vpn, handle) = (Pid(0), Vpn(3), mm_ops::Handle(0));
    let actor = mm_ops::Actor::Gup { pid, vpn, handle, pin: true, write: true };
    m.apply(Op::Race { actor, at });
    let outcome = m.apply(dev_setup(0, 3, 1, 0));
    (outcome, m.choices == [Choice::Raced(mm_ops::ActorEnd::Grabbed)])
}

#[test]
fn gup_fast_gets_the_page_or_the_device_does() {
    // The pin comes before the pins are tested, and the entry is back when it is looked at again.
    assert_eq!(collected_beside_gup([0, 1, 2, 2]), (Outcome::Count(0), true), "N4, D17");
    // The entry is looked at while it is out of sight.
    assert_eq!(collected_beside_gup([0, 1, 1, 1]), (Outcome::Count(1), false), "N4, D17");
    // The pin comes after the test.
    assert_eq!(collected_beside_gup([0, 2, 2, 2]), (Outcome::Count(1), false), "N4, D17");
    // Its reference is still there when references are counted, and the entry back in the end.
    let late = collected_beside_gup([0, 3, mm_ops::AT_END, mm_ops::AT_END]);
    assert_eq!(late, (Outcome::Count(0), true), "N5");
}

#[test]
fn a_cpu_stores_until_the_flush() {
    let mut m = two_pages();
    let actor = mm_ops::Actor::Store { pid: Pid(0), vpn: Vpn(3), value: Value::label(b'x') };
    m.all(&[Op::Race { actor, at: [1, 0, 0, 0] }, dev_exclusive_op()]);
    assert_eq!(m.apply(dev_read(0, 0, 3)), Outcome::Value(Value::label(b'x')), "O3");
    let mut m = two_pages();
    m.all(&[Op::Race { actor, at: [mm_ops::AT_END, 0, 0, 0] }, dev_exclusive_op()]);
    assert_eq!(m.choices, [Choice::Raced(mm_ops::ActorEnd::BackedOff)], "O3");
    assert_eq!(m.apply(dev_read(0, 0, 3)), Outcome::Value(Value::label(b'a')), "O3");
}

#[test]
fn a_walk_that_unmaps_tells_each_vma_it_visits() {
    let mut m = in_device();
    m.all(&[dev_read(0, 0, 3), fork(0, 1), dev_read(0, 0, 3), dev_read(0, 1, 3)]);
    assert_eq!(m.snapshot().dev_maps.len(), 2);
    assert_eq!(m.apply(dev_setup_back(1, 3, 1, 0)), Outcome::Count(1));
    let snapshot = m.snapshot();
    let told: Vec<_> = snapshot.events.iter().map(|event| (event.kind, event.pid.0)).collect();
    assert_eq!(told, [(EventKind::Migrate, 1), (EventKind::Clear, 0)], "O11");
    assert_eq!(snapshot.dev_maps.len(), 1, "O6: its own migration leaves p1's");
    assert_eq!(m.apply(dev_read(0, 1, 3)), Outcome::Value(Value::label(b'a')), "O6");
    m.apply(dev_pages(0, false));
    assert_eq!(m.apply(dev_read(0, 1, 3)), err(Errno::EFAULT), "the driver took it away");
}

#[test]
fn a_swapped_page_stays_and_a_cached_one_leaves_the_cache() {
    let mut m = two_pages();
    m.all(&[swap_out(0, 3), read(0, 3)]);
    assert!(m.folio(0, 3).flags.has(FolioFlags::SWAPCACHE), "E14");
    m.all(&[dev_setup(0, 3, 1, 0), dev_pages(0, true), dev_finalize(0)]);
    assert_eq!((m.kind(0, 3), m.snapshot().slots.len()), (Some(EntryKind::DevPrivate), 0), "N7");
    let mut m = two_pages();
    m.apply(swap_out(0, 3));
    assert_eq!(m.apply(dev_setup(0, 3, 1, 0)), Outcome::Count(0), "N3");
}

/// A block of eight pages, page `n` holding `a + n`, and whole blocks go to devices.
fn block() -> Machine {
    let mut m = Machine::with(Config { dev_thp: true, ..Config::default() });
    m.all(&[thp(&[3]), mmap(0, 0, 16, RW)]);
    m.all(&(0..8).map(|page| write(0, page, b'a' + page as u8)).collect::<Vec<_>>());
    m
}

#[test]
fn a_block_goes_whole_and_comes_back_whole() {
    let mut m = block();
    assert_eq!(m.apply(dev_setup(0, 0, 8, 0)), Outcome::Count(1));
    assert_eq!(m.kind(0, 0), Some(EntryKind::MigrationLeaf), "F4");
    assert_eq!(m.apply(dev_pages(0, true)), Outcome::Count(1));
    let word = m.snapshot().dev_words[0];
    assert!(word.src.has(DevFlags::COMPOUND) && word.dst.has(DevFlags::COMPOUND));
    m.apply(dev_finalize(0));
    assert_eq!(m.kind(0, 0), Some(EntryKind::DevPrivateLeaf));
    let folio = m.folio_named(0, 0);
    assert_eq!((folio.refcount, folio.entire_mapcount, m.rss(0)), (1, 1, 8));
    assert_eq!(m.apply(dev_write(0, 0, 5, b'x')), Outcome::Ok);
    assert_eq!(m.label(0, 5), b'x');
    assert_eq!((m.kind(0, 0), m.label(0, 6)), (Some(EntryKind::Leaf), b'g'));
}

#[test]
fn a_block_of_the_device_is_shared_protected_and_split() {
    let mut m = block();
    m.all(&to_device(0, 0, 8));
    m.apply(fork(0, 1));
    assert_eq!((m.folio_named(0, 0).entire_mapcount, m.page(0, 0).exclusive), (2, false));
    m.apply(mprotect(1, 0, 3, R));
    assert_eq!(m.kind(1, 0), Some(EntryKind::DevPrivate));
    assert_eq!(m.apply(rmap_walk(1, 2)), mapped_by(&[0, 1]));
    m.apply(madvise(1, 0, 2, Advice::DontNeed));
    assert_eq!(m.snapshot().deferred, [], "never queued");
    assert_eq!((m.label(1, 4), m.label(1, 1)), (b'e', 0));
    assert_eq!(m.kind(0, 0), Some(EntryKind::DevPrivate), "the folio was split");
    assert_eq!(m.label(0, 0), b'a');
}

#[test]
fn without_memory_for_a_block_a_page_comes_back() {
    let mut m = block();
    m.all(&to_device(0, 0, 8));
    m.apply(fail_alloc(1));
    assert_eq!(m.label(0, 3), b'd');
    assert_eq!((m.kind(0, 3), m.kind(0, 4)), (Some(EntryKind::Page), Some(EntryKind::DevPrivate)));
    assert_eq!(m.folio_named(0, 4).order, Order(0));
}

#[test]
fn a_device_without_room_for_a_block_takes_none_of_it() {
    let mut m = Machine::with(Config { dev_thp: true, dev_mem: 7, ..Config::default() });
    m.all(&[thp(&[3]), mmap(0, 0, 16, RW), write(0, 0, b'a'), dev_setup(0, 0, 8, 0)]);
    assert_eq!(m.apply(dev_pages(0, true)), Outcome::Count(0));
    m.apply(dev_finalize(0));
    assert_eq!((m.kind(0, 0), m.label(0, 0)), (Some(EntryKind::Leaf), b'a'));
}

#[test]
fn a_part_of_a_block_is_split_off() {
    let mut m = block();
    m.all(&to_device(0, 0, 8));
    assert_eq!(m.apply(dev_setup_back(0, 2, 2, 0)), Outcome::Count(2));
    m.all(&[dev_pages(0, false), dev_finalize(0)]);
    assert_eq!((m.kind(0, 2), m.kind(0, 4)), (Some(EntryKind::Page), Some(EntryKind::DevPrivate)));
    m.apply(munmap(0, 3, 2));
    assert_eq!((m.label(0, 2), m.label(0, 5)), (b'c', b'f'));
}
