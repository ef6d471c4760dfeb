//! Tests of unmapping and advice (section I).

use mm_ops::{AllocKind, Errno, FolioFlags, Order, Outcome, Prot};

use super::*;

const EINVAL: Outcome = Outcome::Err(Errno::EINVAL);

#[test]
fn i1_munmap_frees_pages_and_tables_and_vmas() {
    let mut bench = Bench::mapped(8);
    bench.write(P0, 0, b'a');
    bench.write(P0, 4, b'b');
    bench.ok(munmap(P0, 0, 4));
    assert_eq!(bench.vmas(P0), [(4, 8)]);
    assert_eq!(bench.snapshot().tables.len(), 2);
    bench.ok(munmap(P0, 0, 64));
    assert!(bench.snapshot().tables.is_empty());
    assert_eq!(bench.run(munmap(P0, 0, 65)), EINVAL);
    assert_eq!(bench.run(munmap(P0, 0, 0)), EINVAL);
}

#[test]
fn i1_a_failed_split_unmaps_nothing() {
    let mut bench = Bench::mapped(8);
    bench.write(P0, 3, b'a');
    let enomem = Outcome::Err(Errno::ENOMEM);
    assert_eq!(bench.failing(munmap(P0, 2, 2), AllocKind::Vma, P0, 2), enomem);
    assert_eq!(bench.vmas(P0), [(0, 2), (2, 8)]);
    assert_eq!(bench.read(P0, 3), b'a');
}

#[test]
fn i4_a_whole_leaf_goes_without_a_split() {
    let mut bench = Bench::with_orders(8, &[2]);
    bench.write(P0, 0, b'a');
    bench.ok(munmap(P0, 0, 4));
    assert_eq!(bench.snapshot().mms[0].deposited, 0);
    assert_eq!(bench.rss(P0), 0);
}

#[test]
fn i5_dontneed_reads_zero_and_leaves_others_alone() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.advise(P1, 0, 4, Advice::DontNeed);
    assert_eq!((bench.read(P0, 0), bench.read(P1, 0)), (b'a', 0));
}

#[test]
fn i5_locked_memory_is_refused_and_i17_what_came_before_is_done() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.ok(mlock(P0, 2, 2));
    assert_eq!(bench.run(advise(P0, 0, 4, Advice::DontNeed)), EINVAL);
    assert_eq!(bench.read(P0, 0), 0);
    assert!(bench.flags(P0, 2).has(W));
    bench.advise(P0, 2, 2, Advice::DontNeedLocked);
    assert_eq!(bench.pte(P0, 2), Pte::None);
}

#[test]
fn i17_a_hole_is_remembered_and_the_rest_done() {
    let mut bench = Bench::mapped(2);
    bench.mmap(P0, 4, 2, RW);
    bench.write(P0, 4, b'a');
    let enomem = Outcome::Err(Errno::ENOMEM);
    assert_eq!(bench.run(advise(P0, 0, 6, Advice::DontNeed)), enomem);
    assert_eq!(bench.read(P0, 4), 0);
}

#[test]
fn i14_a_table_with_a_guard_stays() {
    let mut bench = Bench::mapped(4);
    bench.advise(P0, 1, 1, Advice::GuardInstall);
    bench.advise(P0, 0, 4, Advice::DontNeed);
    assert_eq!(bench.pte(P0, 1), Pte::Guard); // I3
    bench.advise(P0, 1, 1, Advice::GuardRemove);
    bench.advise(P0, 0, 4, Advice::DontNeed);
    assert_eq!(bench.pmd(P0, 0), PmdKind::None);
}

#[test]
fn i14_without_pt_reclaim_the_table_stays() {
    let mut bench = Bench::with(Config { ptes: 4, pt_reclaim: false, ..Config::default() });
    bench.mmap(P0, 0, 4, RW);
    bench.write(P0, 0, b'a');
    bench.advise(P0, 0, 4, Advice::DontNeed);
    assert_eq!(bench.pmd(P0, 0), PmdKind::Table);
}

#[test]
fn i12_guards_replace_what_is_there() {
    let mut bench = Bench::with_orders(8, &[2]);
    bench.write(P0, 0, b'a');
    bench.advise(P0, 2, 4, Advice::GuardInstall);
    assert!((2..6).all(|vpn| bench.pte(P0, vpn) == Pte::Guard));
    assert_eq!(bench.run(write(P0, 3, b'b')), Outcome::Segv);
    assert_eq!(bench.run(gup(P0, 3, 1, 0, GET)), Outcome::Err(Errno::EFAULT));
    assert_eq!(bench.read(P0, 0), b'a');
}

#[test]
fn i12_a_failed_table_leaves_the_guards_before_it() {
    let mut bench = Bench::mapped(8);
    let op = advise(P0, 0, 8, Advice::GuardInstall);
    let enomem = Outcome::Err(Errno::ENOMEM);
    assert_eq!(bench.failing(op, AllocKind::PteTable, P0, 4), enomem);
    assert_eq!(bench.pte(P0, 3), Pte::Guard);
    assert_eq!(bench.pmd(P0, 4), PmdKind::None);
}

#[test]
fn i6_free_makes_a_clean_old_lazyfree_page() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.advise(P0, 0, 4, Advice::Free);
    assert_eq!(bench.flags(P0, 0), W);
    assert!(!bench.folio(P0, 0).flags.has(FolioFlags::SWAPBACKED));
    assert_eq!(bench.read(P0, 0), b'a');
}

#[test]
fn i6_a_dirty_folio_that_is_shared_or_locked_is_skipped() {
    let mut bench = Bench::mapped(4);
    for vpn in 0..2 {
        bench.gup(P0, vpn, 1, 0, PIN_W);
        bench.ok(Op::Put { handle: Handle(0), dirty: true });
    }
    bench.fork(P0, P1);
    bench.advise(P0, 0, 1, Advice::Free);
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::SWAPBACKED));
    bench.exit(P1);
    bench.ok(lock(P0, 1, 0));
    bench.advise(P0, 0, 2, Advice::Free);
    assert!(!bench.folio(P0, 0).flags.has(FolioFlags::SWAPBACKED));
    assert!(bench.folio(P0, 1).flags.has(FolioFlags::SWAPBACKED));
}

#[test]
fn i7_a_clean_shared_folio_is_not_skipped() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.advise(P0, 0, 1, Advice::Free);
    assert!(bench.fired(Rule::I7));
    assert!(!bench.folio(P1, 0).flags.has(FolioFlags::SWAPBACKED));
    assert!(bench.flags(P1, 0).has(DIRTY)); // only this mm's entry is cleaned
}

#[test]
fn i6_off_the_lru_or_mlocked_elsewhere_stays_swapbacked() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.write(P0, 1, b'a');
    bench.ok(isolate(P0, 0, 0));
    bench.advise(P0, 0, 1, Advice::Free);
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::SWAPBACKED));
    bench.fork(P0, P1);
    bench.ok(mlock(P0, 2, 1));
    bench.write(P0, 2, b'b');
    bench.exit(P1);
    bench.fork(P0, P1);
    bench.advise(P1, 2, 1, Advice::Free); // mlocked by the parent
    assert!(bench.folio(P1, 2).flags.has(FolioFlags::SWAPBACKED));
}

#[test]
fn i10_a_whole_leaf_stays_a_leaf() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.advise(P0, 0, 4, Advice::Free);
    assert_eq!(bench.leaf(P0, 0).flags, W);
    assert!(!bench.folio(P0, 0).flags.has(FolioFlags::SWAPBACKED));
}

#[test]
fn i10_a_shared_leaf_is_left_alone() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    let before = bench.snapshot();
    bench.advise(P0, 0, 4, Advice::Free);
    bench.advise(P0, 0, 1, Advice::Free);
    assert_eq!(bench.snapshot(), before);
}

#[test]
fn i6_a_whole_large_folio_is_not_split() {
    let mut bench = Bench::with(Config::default());
    bench.mmap(P0, 0, 8, RW);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    bench.advise(P0, 0, 8, Advice::Free);
    assert_eq!(bench.folio(P0, 0).order, Order(2));
    assert!(!bench.folio(P0, 0).flags.has(FolioFlags::SWAPBACKED));
}

#[test]
fn i11_keeponfork_is_refused_for_droppable() {
    let mut bench = Bench::new();
    let range = PageRange::new(0, 2);
    bench.ok(Op::Mmap { pid: Pid(0), range, prot: RW, droppable: true });
    assert_eq!(bench.run(advise(P0, 0, 2, Advice::KeepOnFork)), EINVAL);
}

#[test]
fn sealed_memory_that_is_not_writable_keeps_its_content() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.protect(P0, 0, 4, R);
    bench.ok(Op::Mseal { pid: Pid(0), range: PageRange::new(0, 4) });
    let eperm = Outcome::Err(Errno::EPERM);
    assert_eq!(bench.run(advise(P0, 0, 4, Advice::DontNeed)), eperm);
    assert_eq!(bench.run(protect(P0, 0, 4, Prot::RW)), eperm);
    assert_eq!(bench.read(P0, 0), b'a');
}

#[test]
fn i13_exit_leaves_the_pages_of_handles() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.gup(P0, 0, 1, 0, PIN);
    bench.exit(P0);
    let snapshot = bench.snapshot();
    assert!(snapshot.mms.is_empty() && snapshot.tables.is_empty());
    assert_eq!((snapshot.folios[0].refcount, snapshot.folios[0].mapcount), (1024, 0));
}
