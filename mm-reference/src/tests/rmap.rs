//! Tests of anon_vmas, mm-id tracking, partial unmaps (section L, S10, G12).

use mm_ops::{AllocKind, FolioFlags, Outcome, Pid};

use super::*;

#[test]
fn l1_a_neighbours_anon_vma_is_reused() {
    // Droppable memory is never ACCOUNTed, so only ACCESS tells the two apart.
    let mut bench = Bench::new();
    for (start, prot) in [(0, R), (2, RW)] {
        let range = PageRange::new(start, 2);
        bench.ok(Op::Mmap { pid: Pid(0), range, prot, droppable: true });
    }
    bench.write(P0, 2, b'a');
    bench.ok(remote(P0, 0, Remote::Poke(Value::label(b'b'))));
    assert_eq!(bench.vma(P0, 0).anon_vma, bench.vma(P0, 2).anon_vma);
    assert_eq!(bench.snapshot().anon_vmas[0].num_active_vmas, 2);
}

#[test]
fn l1_fails_without_a_trace() {
    for kind in [AllocKind::Avc, AllocKind::AnonVma] {
        let mut bench = Bench::mapped(4);
        assert_eq!(bench.failing(write(P0, 1, b'a'), kind, P0, 0), Outcome::Oom);
        assert!(bench.snapshot().anon_vmas.is_empty());
    }
}

#[test]
fn l3_a_child_gets_an_anon_vma_of_its_own_under_the_parents() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    let snapshot = bench.snapshot();
    let child = bench.vma(P1, 0);
    assert_eq!(snapshot.avcs_of(&child).len(), 2);
    assert_eq!(snapshot.avcs_of(&child)[0], child.anon_vma);
    let own = snapshot.anon_vmas[child.anon_vma as usize];
    assert_eq!((own.root, own.parent), (0, 0));
    assert_eq!(snapshot.anon_vmas[0].num_children, 2);
}

#[test]
fn l3_an_anon_vma_whose_owner_is_gone_is_reused() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.fork(P1, P2);
    bench.exit(P1);
    bench.fork(P2, P1);
    assert!(bench.fired(Rule::L3));
    // p1 took over the anon_vma that the first p1 left behind: no fourth one.
    assert_eq!(bench.snapshot().anon_vmas.len(), 3);
    assert_eq!(bench.snapshot().avcs_of(&bench.vma(P1, 0)).len(), 3);
}

#[test]
fn l4_a_root_is_never_reused() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.exit(P0);
    bench.fork(P1, P2);
    assert_eq!(bench.snapshot().anon_vmas.len(), 3);
}

#[test]
fn l5_an_anon_vma_goes_with_its_last_vma() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.exit(P1);
    let snapshot = bench.snapshot();
    assert_eq!(snapshot.anon_vmas.len(), 1);
    assert_eq!(snapshot.anon_vmas[0].num_children, 1);
}

#[test]
fn l6_a_copy_in_the_child_belongs_to_the_childs_anon_vma() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    assert_eq!(bench.folio(P1, 0).mapping, bench.vma(P0, 0).anon_vma);
    bench.write(P1, 0, b'b');
    assert_eq!(bench.folio(P1, 0).mapping, bench.vma(P1, 0).anon_vma);
}

/// A PTE-mapped folio of 4 pages.
fn large() -> Bench {
    let mut bench = Bench::with(Config::default());
    bench.mmap(P0, 0, 8, RW);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    bench
}

#[test]
fn s10_a_third_mm_is_not_tracked() {
    let mut bench = large();
    bench.fork(P0, P1);
    bench.fork(P0, P2);
    let folio = bench.folio(P0, 0);
    assert_eq!(folio.mm_slots, [(Pid(0), 4), (Pid(1), 4)]);
    assert!(folio.flags.has(FolioFlags::MAYBE_SHARED));
    assert_eq!(folio.mapcount, 12);
}

#[test]
fn s10_an_untracked_mm_that_remains_alone_still_looks_shared() {
    let mut bench = large();
    bench.fork(P0, P1);
    bench.fork(P0, P2);
    bench.exit(P0);
    bench.exit(P1);
    let folio = bench.folio(P2, 0);
    assert_eq!(folio.mm_slots, [(Pid(0), 0), (Pid(0), 0)]);
    assert!(folio.flags.has(FolioFlags::MAYBE_SHARED));
}

#[test]
fn s10_shared_clears_when_one_slot_owns_all() {
    let mut bench = large();
    bench.fork(P0, P1);
    bench.exit(P1);
    assert!(!bench.folio(P0, 0).flags.has(FolioFlags::MAYBE_SHARED));
}

#[test]
fn g12_a_partial_unmap_is_noticed_and_a_whole_one_is_not() {
    let mut bench = large();
    bench.ok(munmap(P0, 1, 1));
    let flags = FolioFlags::PARTIALLY_MAPPED.with(FolioFlags::DEFERRED);
    assert!(bench.folio(P0, 0).flags.has(flags));
    let mut bench = large();
    bench.gup(P0, 0, 1, 0, GET);
    bench.advise(P0, 0, 4, Advice::DontNeed);
    assert!(!bench.snapshot().folios[0].flags.has(FolioFlags::DEFERRED));
}

#[test]
fn g12_a_page_that_another_mm_still_maps_is_not_gone() {
    let mut bench = large();
    bench.fork(P0, P1);
    bench.ok(munmap(P1, 1, 1));
    assert!(!bench.folio(P0, 0).flags.has(FolioFlags::PARTIALLY_MAPPED));
}

#[test]
fn g12_a_pmd_removal_counts_when_pages_stay_pte_mapped() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.ok(munmap(P1, 0, 1)); // splits the child's leaf
    assert!(!bench.folio(P0, 0).flags.has(FolioFlags::PARTIALLY_MAPPED));
    bench.exit(P0);
    assert!(bench.folio(P1, 1).flags.has(FolioFlags::PARTIALLY_MAPPED));
}
