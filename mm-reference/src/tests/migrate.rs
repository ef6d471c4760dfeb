//! Tests of migration (section F, C11, H5, I2, A10, G1).

use mm_ops::{Errno, FolioFlags, Outcome, Pid};

use super::*;

fn migrate(pid: u8, vpn: u32, token: u8) -> Op {
    Op::Migrate { pid: Pid(pid), vpn: Vpn(vpn), token: Token(token), all: false }
}

fn migrate_all(pid: u8, vpn: u32, token: u8) -> Op {
    Op::Migrate { pid: Pid(pid), vpn: Vpn(vpn), token: Token(token), all: true }
}

fn copy(token: u8) -> Op {
    Op::MigrateCopy { token: Token(token) }
}

fn end(token: u8) -> Op {
    Op::MigrateEnd { token: Token(token) }
}

/// The MIGRATION entry of a page.
#[track_caller]
fn entry(bench: &Bench, pid: u8, vpn: u32) -> Mapped {
    match bench.pte(pid, vpn) {
        Pte::Migration(entry) => entry,
        other => panic!("no MIGRATION entry at {vpn}: {other:?}"),
    }
}

/// One page written by `p0`.
fn written() -> Bench {
    let mut bench = Bench::mapped(8);
    bench.write(P0, 0, b'a');
    bench
}

/// A PMD leaf of 4 pages.
fn leaf() -> Bench {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 1, b'a');
    bench
}

#[test]
fn f10_a_migrated_page_is_the_same_to_its_owner() {
    let mut bench = written();
    let before = bench.page(P0, 0);
    bench.ok(migrate(P0, 0, 0));
    assert_eq!(entry(&bench, P0, 0).flags, before.flags);
    assert_eq!(bench.rss(P0), 1);
    bench.ok(copy(0));
    bench.ok(end(0));
    let after = bench.page(P0, 0);
    assert_ne!(after.folio, before.folio);
    assert_eq!(after.flags, before.flags);
    assert!(bench.exclusive(P0, 0));
    let folio = bench.folio(P0, 0);
    let kept = FolioFlags::SWAPBACKED.with(FolioFlags::DIRTY).with(FolioFlags::LRU);
    assert_eq!((folio.flags, folio.refcount, folio.index), (kept, 1, 0));
    assert_eq!(bench.read(P0, 0), b'a');
}

#[test]
fn f3_the_kind_tells_what_the_entry_was() {
    let mut bench = written();
    bench.write(P0, 1, b'b');
    bench.protect(P0, 1, 1, R);
    bench.write(P0, 2, b'c');
    bench.fork(P0, P1);
    bench.write(P0, 0, b'd');
    bench.write(P0, 1 + 2, b'e');
    bench.ok(migrate(P0, 0, 0));
    bench.ok(migrate_all(P0, 2, 1));
    assert!(entry(&bench, P0, 0).flags.has(W));
    let read = entry(&bench, P0, 2).flags;
    assert!(!read.has(W) && !read.has(EntryFlags::EXCLUSIVE));
    assert_eq!(entry(&bench, P1, 2).flags.without(YOUNG), read.without(YOUNG));
    bench.exit(P1);
    bench.ok(migrate(P0, 1, 2)); // shared no more, but not PAE again
    assert!(!entry(&bench, P0, 1).flags.has(EntryFlags::EXCLUSIVE));
}

#[test]
fn f3_an_exclusive_read_only_page_is_read_excl() {
    let mut bench = written();
    bench.protect(P0, 0, 1, R);
    bench.ok(migrate(P0, 0, 0));
    assert_eq!(entry(&bench, P0, 0).flags, YOUNG.with(DIRTY).with(EntryFlags::EXCLUSIVE));
    bench.ok(end(0));
    assert!(bench.exclusive(P0, 0));
}

#[test]
fn f1_what_cannot_be_chosen() {
    let mut bench = written();
    assert_eq!(bench.run(migrate(P0, 5, 0)), Outcome::Err(Errno::ENOENT));
    bench.read(P0, 5);
    assert_eq!(bench.run(migrate(P0, 5, 0)), Outcome::Err(Errno::EFAULT));
    bench.fork(P0, P1);
    assert_eq!(bench.run(migrate(P0, 0, 0)), Outcome::Err(Errno::EACCES));
    bench.exit(P1);
    bench.ok(isolate(P0, 0, 0));
    assert_eq!(bench.run(migrate(P0, 0, 1)), Outcome::Err(Errno::EBUSY));
    assert_eq!(bench.run(migrate(P0, 0, 0)), Outcome::Err(Errno::EBUSY));
    assert_eq!(bench.run(migrate(P0, 0, 8)), Outcome::Err(Errno::EINVAL));
}

#[test]
fn f2_a_held_lock_refuses() {
    let mut bench = written();
    bench.ok(lock(P0, 0, 0));
    assert_eq!(bench.run(migrate(P0, 0, 1)), Outcome::Err(Errno::EAGAIN));
    assert!(bench.flags(P0, 0).has(W));
}

#[test]
fn no_destination_changes_nothing() {
    let mut bench = written();
    let failed = bench.failing(migrate(P0, 0, 0), AllocKind::Folio(Order(0)), P0, 0);
    assert_eq!(failed, Outcome::Err(Errno::ENOMEM));
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::LRU));
}

#[test]
fn f6_a_pinned_page_stays_where_it_is() {
    let mut bench = written();
    bench.gup(P0, 0, 1, 0, PIN_W);
    let before = bench.page(P0, 0);
    assert_eq!(bench.run(migrate(P0, 0, 0)), Outcome::Err(Errno::EAGAIN));
    assert_eq!(bench.page(P0, 0), before);
    assert!(bench.exclusive(P0, 0));
}

#[test]
fn g21_a_failed_migration_leaves_the_folio_marked() {
    let mut bench = Bench::with(Config::default());
    bench.mmap(P0, 0, 8, RW);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.exit(P1); // no page is PAE
    bench.gup(P0, 2, 1, 0, PIN_W); // a copy? no: B7 reuses page 2, which is PAE and pinned now
    bench.ok(hint(P0, 0, 1));
    assert_eq!(bench.run(migrate_all(P0, 0, 0)), Outcome::Err(Errno::EAGAIN));
    let folio = bench.folio(P0, 0);
    assert!(folio.flags.has(FolioFlags::PARTIALLY_MAPPED));
    assert_eq!(bench.snapshot().deferred.len(), 1);
    assert_eq!(folio.mapcount, 4);
    bench.put(0);
    // F15: now it is split first, and one page of it migrated.
    bench.ok(migrate_all(P0, 0, 0));
    assert_eq!(bench.folio(P0, 0).order, Order(0));
    assert!(bench.fired(Rule::F15));
}

#[test]
fn f7_any_reference_makes_the_copy_wait() {
    let mut bench = written();
    bench.gup(P0, 0, 1, 0, GET);
    bench.ok(migrate(P0, 0, 0));
    assert_eq!(bench.run(copy(0)), Outcome::Err(Errno::EAGAIN));
    bench.put(0);
    bench.ok(copy(0));
    assert_eq!(bench.run(copy(0)), Outcome::Err(Errno::EINVAL));
    assert_eq!(bench.run(Op::Drop { token: Token(0) }), Outcome::Err(Errno::EBADF));
    bench.ok(end(0));
    assert_eq!(bench.run(end(0)), Outcome::Err(Errno::EBADF));
    assert_eq!(bench.run(end(9)), Outcome::Err(Errno::EINVAL));
}

#[test]
fn f7_the_source_is_bare_after_the_copy() {
    let mut bench = written();
    bench.ok(migrate(P0, 0, 0));
    bench.ok(copy(0));
    let snapshot = bench.snapshot();
    let [source, destination] = snapshot.folios[..] else { panic!("{:?}", snapshot.folios) };
    let swapbacked = FolioFlags::SWAPBACKED.with(FolioFlags::LOCKED);
    assert_eq!((source.flags, source.refcount), (swapbacked, 1));
    assert_eq!(destination.flags, swapbacked.with(FolioFlags::DIRTY));
    assert_eq!((destination.mapping, source.mapping), (u32::MAX, u32::MAX));
}

#[test]
fn f12_a_migration_given_up_changes_nothing() {
    let mut bench = written();
    let before = bench.page(P0, 0);
    bench.ok(migrate(P0, 0, 0));
    bench.ok(end(0));
    assert_eq!(bench.page(P0, 0), before);
    assert!(bench.exclusive(P0, 0));
    assert_eq!(bench.folio(P0, 0).refcount, 1);
}

#[test]
fn a10_an_access_waits_for_the_migration() {
    let mut bench = written();
    bench.ok(migrate(P0, 0, 0));
    assert_eq!(bench.run(read(P0, 0)), Outcome::Blocked);
    assert_eq!(bench.run(gup(P0, 0, 1, 0, GET)), Outcome::Err(Errno::EINTR));
    assert_eq!(bench.run(lock(P0, 0, 1)), Outcome::Err(Errno::EFAULT));
    let mut bench = leaf();
    bench.ok(migrate(P0, 1, 0));
    assert_eq!(bench.run(write(P0, 1, b'b')), Outcome::Blocked);
    bench.ok(end(0));
    assert_eq!(bench.run(write(P0, 1, b'b')), OK);
}

#[test]
fn f4_a_leaf_migrates_whole() {
    let mut bench = leaf();
    let before = bench.leaf(P0, 0);
    bench.ok(migrate(P0, 2, 0));
    assert!(matches!(bench.pmd(P0, 0), PmdKind::Migration(_)));
    assert_eq!(bench.rss(P0), 4);
    assert_eq!(bench.snapshot().mms[0].deposited, 1);
    bench.ok(copy(0));
    assert!(bench.snapshot().deferred.is_empty());
    bench.ok(end(0));
    let after = bench.leaf(P0, 0);
    assert_ne!(after.folio, before.folio);
    assert_eq!(after.flags, before.flags);
    let folio = bench.folio(P0, 0);
    assert_eq!((folio.entire_mapcount, folio.refcount, folio.mm_slots[0].1), (1, 1, 1));
    assert!(bench.machine.page(after.folio, 0).exclusive);
    assert_eq!(bench.read(P0, 1), b'a');
}

#[test]
fn f4_a_pinned_leaf_stays() {
    let mut bench = leaf();
    bench.gup(P0, 0, 1, 0, PIN_W);
    let before = bench.leaf(P0, 0);
    assert_eq!(bench.run(migrate(P0, 0, 0)), Outcome::Err(Errno::EAGAIN));
    assert_eq!(bench.leaf(P0, 0), before);
}

#[test]
fn g1_a_pmd_migration_entry_splits_into_its_pages() {
    let mut bench = leaf();
    bench.ok(migrate(P0, 0, 0));
    bench.advise(P0, 3, 1, Advice::DontNeed);
    assert!(bench.fired(Rule::G1));
    let first = entry(&bench, P0, 0);
    assert_eq!(first.flags, YOUNG.with(DIRTY).with(W));
    assert_eq!(bench.pte(P0, 3), Pte::None);
    assert_eq!(bench.rss(P0), 3);
    bench.ok(end(0));
    let folio = bench.folio(P0, 0);
    assert_eq!((folio.mapcount, folio.entire_mapcount), (3, 0));
    assert_eq!(bench.read(P0, 1), b'a');
    assert!(bench.exclusive(P0, 2));
}

#[test]
fn g5_guard_regions_split_a_pmd_migration_entry() {
    let mut bench = leaf();
    bench.ok(migrate(P0, 0, 0));
    bench.advise(P0, 0, 4, Advice::GuardRemove);
    assert_eq!(bench.pmd(P0, 0), PmdKind::Table);
    bench.advise(P0, 0, 2, Advice::GuardInstall);
    bench.ok(end(0));
    assert_eq!((bench.pte(P0, 1), bench.folio(P0, 3).mapcount), (Pte::Guard, 2));
}

#[test]
fn h5_a_change_of_protection_takes_the_kind_write_away() {
    let mut bench = written();
    bench.ok(migrate(P0, 0, 0));
    bench.protect(P0, 0, 8, R);
    bench.protect(P0, 0, 8, RW);
    assert!(entry(&bench, P0, 0).flags.has(EntryFlags::EXCLUSIVE));
    bench.ok(end(0));
    assert!(!bench.flags(P0, 0).has(W) && bench.exclusive(P0, 0));
    let mut bench = leaf();
    bench.ok(migrate(P0, 0, 0));
    bench.protect(P0, 0, 4, R);
    assert!(matches!(bench.pmd(P0, 0), PmdKind::Migration(leaf) if !leaf.flags.has(W)));
}

#[test]
fn c11_a_fork_makes_both_entries_read() {
    let mut bench = written();
    bench.ok(migrate(P0, 0, 0));
    bench.fork(P0, P1);
    assert_eq!(entry(&bench, P0, 0), entry(&bench, P1, 0));
    assert_eq!(entry(&bench, P0, 0).flags, YOUNG.with(DIRTY));
    assert_eq!((bench.rss(P0), bench.rss(P1)), (1, 1));
    bench.ok(copy(0));
    bench.ok(end(0));
    assert!(!bench.exclusive(P0, 0));
    assert_eq!(bench.page(P0, 0).folio, bench.page(P1, 0).folio);
    assert_eq!(bench.folio(P0, 0).refcount, 2);
}

#[test]
fn l17_slots_are_taken_in_the_order_of_the_walk() {
    let mut bench = Bench::with(Config::default());
    bench.mmap(P0, 0, 8, RW);
    bench.thp(&[3]);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.ok(migrate_all(P0, 0, 0));
    bench.ok(end(0));
    assert_eq!(bench.folio(P0, 0).mm_slots, [(Pid(0), 1), (Pid(1), 1)]);
    // The parent's VMA changes its end: it is linked anew, behind the child's.
    bench.ok(munmap(P0, 7, 1));
    bench.ok(migrate_all(P0, 0, 0));
    bench.ok(end(0));
    assert_eq!(bench.folio(P0, 0).mm_slots, [(Pid(1), 1), (Pid(0), 7)]);
}

#[test]
fn i2_memory_given_up_is_not_brought_back() {
    let mut bench = written();
    bench.ok(migrate(P0, 0, 0));
    bench.ok(munmap(P0, 0, 8));
    assert_eq!(bench.rss(P0), 0);
    bench.ok(copy(0));
    assert_eq!(bench.snapshot().folios.len(), 2);
    bench.ok(end(0));
    assert!(bench.snapshot().folios.is_empty());
}

#[test]
fn f8_a_clean_folio_makes_clean_entries_and_a_hint_is_lost() {
    let mut bench = written();
    bench.ok(hint(P0, 0, 1));
    bench.ok(migrate(P0, 0, 0));
    bench.ok(end(0));
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY));
}

#[test]
fn z4_soft_dirty_is_cleared_under_migration() {
    let config = Config { ptes: 4, soft_dirty: true, ..Config::default() };
    let mut bench = Bench::with(config);
    bench.mmap(P0, 0, 4, RW);
    bench.write(P0, 0, b'a');
    bench.ok(migrate(P0, 0, 0));
    assert!(entry(&bench, P0, 0).flags.has(SD));
    bench.ok(Op::ClearRefs { pid: Pid(0) });
    bench.ok(end(0));
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY).with(W));
}
