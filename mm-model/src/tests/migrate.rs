//! Area F: migration in its three steps, and what fork, mprotect, zaps and faults do in between.

use super::support::*;
use mm_ops::{
    Advice, Config, EntryFlags, EntryKind, Errno, FolioFlags, Op, Outcome, Pid, Token, Vpn,
};

/// Page 3 holds `a`, page 5 `b`.
fn two_pages() -> Machine {
    Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), write(0, 5, b'b')])
}

/// The same in a PMD leaf.
fn leaf() -> Machine {
    Machine::after(&[thp(&[3]), mmap(0, 0, 16, RW), write(0, 3, b'a'), write(0, 5, b'b')])
}

#[test]
fn a_migrated_page_keeps_content_and_rights() {
    let mut m = two_pages();
    let before = m.entry(0, 3).expect("mapped");
    assert_eq!(m.apply(migrate(0, 3, 0)), Outcome::Ok);
    let between = m.entry(0, 3).expect("named");
    assert_eq!(between.kind, EntryKind::Migration, "F3");
    assert_eq!(between.flags, before.flags, "F3: kind WRITE, young and dirty carried");
    assert_eq!(m.rss(0), 2, "F3: rss is not changed");
    assert_eq!(m.apply(migrate_copy(0)), Outcome::Ok);
    assert_eq!(m.apply(migrate_end(0)), Outcome::Ok);
    assert_eq!(m.entry(0, 3).expect("mapped").flags, before.flags, "F8");
    assert!(m.page(0, 3).exclusive, "F8: WRITE brings PAE back");
    assert_eq!(m.label(0, 3), b'a', "INV25");
    assert!(m.folio(0, 3).flags.has(FolioFlags::LRU.with(FolioFlags::SWAPBACKED)), "F7");
}

#[test]
fn a_migration_that_ends_without_a_copy_changes_nothing() {
    let mut m = leaf();
    m.apply(fork(0, 1));
    let before = m.snapshot();
    m.all(&[migrate(0, 3, 0), migrate_end(0)]);
    assert_eq!(m.snapshot().entries, before.entries, "F12");
}

#[test]
fn the_kinds_follow_w_and_pae() {
    let mut m = two_pages();
    m.all(&[mprotect(0, 0, 8, R), migrate(0, 3, 0)]);
    assert!(m.has(0, 3, EntryFlags::EXCLUSIVE), "F3: READ_EXCL");
    m.all(&[fork(0, 1), migrate(1, 5, 1)]);
    let shared = m.entry(1, 5).expect("named").flags;
    assert!(!shared.has(EntryFlags::EXCLUSIVE) && !shared.has(EntryFlags::WRITE), "F3: READ");
}

#[test]
fn fork_downgrades_both_entries() {
    let mut m = two_pages();
    m.all(&[migrate(0, 3, 0), fork(0, 1)]);
    for pid in 0..2 {
        let flags = m.entry(pid, 3).expect("named").flags;
        assert!(!flags.has(EntryFlags::WRITE) && !flags.has(EntryFlags::EXCLUSIVE), "C11");
        assert!(flags.has(EntryFlags::YOUNG), "C11: young is kept inside");
        assert_eq!(m.rss(pid), 2, "C11");
    }
    m.all(&[migrate_copy(0), migrate_end(0)]);
    assert!(!m.page(0, 3).exclusive, "F10");
    assert_eq!(m.folio(0, 3).mapcount, 2, "F10: both share the new page");
}

#[test]
fn mprotect_downgrades_a_writable_entry() {
    let mut m = two_pages();
    m.all(&[migrate(0, 3, 0), mprotect(0, 0, 8, R), mprotect(0, 0, 8, RW)]);
    let flags = m.entry(0, 3).expect("named").flags;
    assert!(flags.has(EntryFlags::EXCLUSIVE) && !flags.has(EntryFlags::WRITE), "H5");
    m.all(&[migrate_copy(0), migrate_end(0)]);
    assert!(m.page(0, 3).exclusive && !m.has(0, 3, EntryFlags::WRITE), "F8");
}

#[test]
fn the_numa_scanner_downgrades_as_well() {
    for mut m in [two_pages(), leaf()] {
        m.all(&[migrate(0, 3, 0), numa_hint(0, 0, 8)]);
        assert!(!m.has(0, 3, EntryFlags::WRITE) && !m.has(0, 0, EntryFlags::WRITE), "H5, H11");
    }
}

#[test]
fn a_zapped_entry_is_not_restored() {
    let mut m = two_pages();
    m.all(&[migrate(0, 3, 0), madvise(0, 3, 1, Advice::DontNeed)]);
    assert_eq!(m.rss(0), 1, "I2");
    m.all(&[migrate_copy(0), migrate_end(0)]);
    assert_eq!((m.kind(0, 3), m.snapshot().folios.len()), (None, 1), "I2: nobody maps it");
}

#[test]
fn the_migrator_outlives_the_process() {
    let mut m = leaf();
    m.all(&[migrate(0, 3, 0), exit(0)]);
    assert_eq!(m.snapshot().folios.len(), 2, "I2: source and destination");
    m.all(&[migrate_copy(0), migrate_end(0)]);
    assert!(m.snapshot().folios.is_empty());
}

#[test]
fn faults_wait_for_the_migrator() {
    for mut m in [two_pages(), leaf()] {
        m.apply(migrate(0, 3, 0));
        assert_eq!(m.apply(read(0, 3)), Outcome::Blocked, "A10, A14, F11");
        assert_eq!(m.apply(get_r(0, 3, 1, 0)), err(Errno::EINTR), "F11, D12");
    }
}

#[test]
fn a_leaf_migrates_whole() {
    let mut m = leaf();
    assert_eq!(m.apply(migrate(0, 3, 0)), Outcome::Ok);
    assert_eq!(m.kind(0, 0), Some(EntryKind::MigrationLeaf), "F4");
    assert_eq!((m.rss(0), m.snapshot().mms[0].deposited), (8, 1), "F4");
    m.all(&[migrate_copy(0), migrate_end(0)]);
    assert_eq!(m.kind(0, 0), Some(EntryKind::Leaf), "F8");
    assert!(m.page(0, 0).exclusive && m.has(0, 0, EntryFlags::WRITE), "F4");
    assert_eq!((m.label(0, 3), m.label(0, 5)), (b'a', b'b'), "INV25");
    assert!(!m.folio(0, 0).flags.has(FolioFlags::DEFERRED), "F15: the destination is not queued");
}

#[test]
fn a_partial_change_splits_a_migrating_leaf() {
    let mut m = leaf();
    m.all(&[migrate(0, 3, 0), mprotect(0, 0, 2, R)]);
    assert_eq!(m.kind(0, 4), Some(EntryKind::Migration), "G1, H8");
    assert!(m.has(0, 4, EntryFlags::WRITE) && m.has(0, 1, EntryFlags::EXCLUSIVE), "G1, H5");
    assert_eq!(m.folio_named(0, 4).mapcount, 0, "G1: no mapping, no reference");
    m.all(&[migrate_copy(0), migrate_end(0)]);
    assert_eq!((m.label(0, 3), m.label(0, 5)), (b'a', b'b'), "F8");
    assert!((0..8).all(|vpn| m.page(0, vpn).exclusive), "F8");
}

#[test]
fn guard_walks_split_a_migrating_leaf() {
    for advice in [Advice::GuardRemove, Advice::GuardInstall] {
        let mut m = leaf();
        m.all(&[migrate(0, 3, 0), fail_alloc(1)]);
        assert_eq!(m.apply(madvise(0, 0, 1, advice)), Outcome::Ok, "G1, G23: {advice:?}");
        assert_eq!(m.kind(0, 4), Some(EntryKind::Migration), "G1");
    }
    let mut m = leaf();
    m.all(&[migrate(0, 3, 0), madvise(0, 0, 8, Advice::GuardInstall)]);
    assert_eq!((m.kind(0, 7), m.rss(0)), (Some(EntryKind::Guard), 0), "I2, I12");
}

#[test]
fn a_pinned_page_stays_where_it_is() {
    for mut m in [two_pages(), leaf()] {
        m.apply(pin_rw(0, 3, 1, 0));
        let before = m.snapshot();
        assert_eq!(m.apply(migrate(0, 3, 0)), err(Errno::EAGAIN), "F6, F14");
        let after = m.snapshot();
        assert_eq!((after.entries, after.tokens), (before.entries, before.tokens), "F12");
    }
    let mut m = two_pages();
    m.all(&[pin_rw(0, 3, 1, 0), migrate(0, 3, 0)]);
    assert!(m.folio(0, 3).flags.has(FolioFlags::DIRTY), "F3: dirty before the share step");
}

#[test]
fn a_reference_stops_the_copy() {
    let mut m = two_pages();
    m.all(&[get_r(0, 3, 1, 0), migrate(0, 3, 0)]);
    assert_eq!(m.apply(migrate_copy(0)), err(Errno::EAGAIN), "F7");
    m.apply(put(0));
    assert_eq!(m.apply(migrate_copy(0)), Outcome::Ok, "F7: tried again");
    assert_eq!(m.apply(migrate_copy(0)), err(Errno::EINVAL));
}

#[test]
fn selection_has_its_errors() {
    let mut m = two_pages();
    m.apply(read(0, 4));
    let mine = |vpn| Op::Migrate { pid: Pid(0), vpn: Vpn(vpn), token: Token(0), all: false };
    assert_eq!(m.apply(mine(0)), err(Errno::ENOENT), "F1");
    assert_eq!(m.apply(mine(4)), err(Errno::EFAULT), "F1");
    m.apply(fork(0, 1));
    assert_eq!(m.apply(mine(3)), err(Errno::EACCES), "F1");
    m.apply(isolate(0, 3, 1));
    assert_eq!(m.apply(migrate(0, 3, 0)), err(Errno::EBUSY), "F1");
    m.all(&[drop_token(1), lock(0, 3, 1)]);
    assert_eq!(m.apply(migrate(0, 3, 1)), err(Errno::EBUSY), "a token in use");
    assert_eq!(m.apply(migrate(0, 3, 0)), err(Errno::EAGAIN), "F2");
    m.all(&[drop_token(1), fail_alloc(1)]);
    assert_eq!(m.apply(migrate(0, 3, 0)), err(Errno::ENOMEM));
    assert!(m.folio(0, 3).flags.has(FolioFlags::LRU), "F6: put back");
}

#[test]
fn only_a_migrations_token_is_copied_and_ended() {
    let mut m = two_pages();
    m.apply(lock(0, 3, 1));
    assert_eq!(m.apply(migrate_copy(1)), err(Errno::EBADF));
    assert_eq!(m.apply(migrate_end(0)), err(Errno::EBADF));
    assert_eq!(m.apply(migrate_end(8)), err(Errno::EINVAL));
    m.apply(migrate(0, 5, 0));
    assert_eq!(m.apply(drop_token(0)), err(Errno::EBADF));
}

#[test]
fn a_failed_migration_leaves_the_folio_queued() {
    let mut m = Machine::after(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 3, b'a')]);
    m.all(&[migrate(0, 0, 0), migrate_end(0)]);
    let flags = m.folio(0, 3).flags;
    assert!(flags.has(FolioFlags::PARTIALLY_MAPPED.with(FolioFlags::DEFERRED)), "G21");
}

#[test]
fn a_partially_mapped_folio_is_split_first() {
    let mut m = leaf();
    m.all(&[munmap(0, 0, 1), migrate(0, 3, 0), migrate_copy(0), migrate_end(0)]);
    assert_eq!((m.folio(0, 3).order.0, m.folio(0, 5).order.0), (0, 0), "F15");
    assert_eq!((m.label(0, 3), m.label(0, 5)), (b'a', b'b'), "F15");
}

#[test]
fn f15_f9_a_page_that_became_the_zero_page_here_is_not_migrated() {
    let mut m = Machine::with(Config { ptes: 4, ..Config::default() });
    m.all(&[thp(&[2]), mmap(0, 0, 4, RW), madvise(0, 0, 4, Advice::PopulateWrite), fork(0, 1)]);
    m.all(&[mprotect(1, 0, 4, R), mlock(1, 0, 4), munmap(0, 0, 1), munmap(1, 0, 1)]);
    let migrate = Op::Migrate { pid: Pid(0), vpn: Vpn(1), token: Token(0), all: true };
    assert_eq!(m.apply(migrate), err(Errno::EFAULT));
    assert_eq!(m.kind(0, 1), Some(EntryKind::ZeroPage));
    assert_eq!(m.kind(1, 1), Some(EntryKind::Page), "a LOCKED VMA keeps its page");
}
