//! Area L: anon_vmas, VMA split and merge; and the mm-id slots of S10.

use super::support::*;
use mm_ops::{Errno, FolioFlags, NO_ANON_VMA, Outcome, Pid, VmaFlags};

#[test]
fn a_neighbour_that_differs_in_access_alone_lends_its_anon_vma() {
    // DROPPABLE, because WRITE alone would make the ACCOUNT flag differ, too.
    let mut m = Machine::after(&[mmap_droppable(0, 0, 8), mprotect(0, 0, 4, R), write(0, 6, b'a')]);
    m.apply(poke(0, 1, b'b'));
    assert_eq!(m.vmas(0), [(0, 4), (4, 8)]);
    assert_eq!(m.vma(0, 0).anon_vma, m.vma(0, 4).anon_vma, "L1");
}

#[test]
fn a_neighbour_with_other_flags_lends_nothing() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), mprotect(0, 0, 4, R), write(0, 6, b'a')]);
    m.apply(poke(0, 1, b'b'));
    assert!(!m.vma_has(0, 0, VmaFlags::ACCOUNT) && m.vma_has(0, 4, VmaFlags::ACCOUNT));
    assert_ne!(m.vma(0, 0).anon_vma, m.vma(0, 4).anon_vma, "L1");
}

#[test]
fn a_forked_neighbour_lends_nothing() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), write(0, 0, b'a'), fork(0, 1)]);
    m.all(&[mmap(1, 4, 4, RW), write(1, 5, b'b')]);
    assert_ne!(m.vma(1, 0).anon_vma, m.vma(1, 4).anon_vma, "L1: a chain of two");
}

#[test]
fn a_childs_pages_belong_to_the_childs_anon_vma() {
    let m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), fork(0, 1), write(1, 4, b'b')]);
    let snapshot = m.snapshot();
    let child = m.vma(1, 0).anon_vma;
    assert_eq!(m.folio(1, 4).mapping, child, "L6");
    assert_eq!(
        m.folio(1, 3).mapping,
        m.vma(0, 0).anon_vma,
        "L6: the shared page's is the parent's"
    );
    let anon_vma = snapshot.anon_vmas[child as usize];
    assert_eq!(
        (anon_vma.parent, anon_vma.root),
        (m.vma(0, 0).anon_vma, m.vma(0, 0).anon_vma),
        "L3"
    );
}

#[test]
fn an_anon_vma_without_users_is_reused_by_a_fork() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), fork(0, 1), fork(1, 2)]);
    let middle = m.vma(1, 0).anon_vma;
    m.apply(exit(1));
    let before = m.snapshot().anon_vmas.len();
    m.apply(fork(2, 3));
    let after = m.snapshot();
    assert_eq!(after.anon_vmas.len(), before, "L3: p1's anon_vma serves p3");
    assert_ne!(middle, NO_ANON_VMA);
}

#[test]
fn the_root_is_never_reused() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), fork(0, 1), exit(0)]);
    m.apply(fork(1, 2));
    assert_eq!(m.snapshot().anon_vmas.len(), 3, "L4");
}

#[test]
fn mmap_merges_with_both_neighbours() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), mmap(0, 8, 4, RW), write(0, 8, b'a')]);
    m.apply(mmap(0, 4, 4, RW));
    assert_eq!(m.vmas(0), [(0, 12)], "L10");
    assert_ne!(m.vma(0, 0).anon_vma, NO_ANON_VMA, "L10: the survivor adopts");
}

#[test]
fn different_anon_vmas_do_not_merge() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), write(0, 0, b'a')]);
    m.all(&[mmap(0, 8, 4, RW), write(0, 8, b'a'), mmap(0, 4, 4, RW)]);
    assert_eq!(m.vmas(0), [(0, 8), (8, 12)], "L10");
}

#[test]
fn a_chain_longer_than_one_does_not_merge_with_nothing() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), write(0, 0, b'a'), fork(0, 1)]);
    m.all(&[mmap(1, 4, 4, RW), mmap(0, 4, 4, RW)]);
    assert_eq!(m.vmas(1), [(0, 4), (4, 8)], "L10");
    assert_eq!(m.vmas(0), [(0, 8)], "L10: the parent's chain is single");
}

#[test]
fn a_failed_clone_changes_nothing() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), mmap(0, 8, 4, RW), write(0, 8, b'a')]);
    let before = m.snapshot();
    m.apply(fail_alloc(1));
    assert_eq!(m.apply(mmap(0, 4, 4, RW)), err(Errno::ENOMEM), "L10");
    assert_eq!(m.snapshot(), before);
}

#[test]
fn a_merge_to_the_left_moves_the_boundary() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), mprotect(0, 0, 4, R), mprotect(0, 4, 2, R)]);
    assert_eq!(m.vmas(0), [(0, 6), (6, 8)], "L10");
    m.apply(mprotect(0, 3, 3, RW));
    assert_eq!(m.vmas(0), [(0, 3), (3, 8)], "L10: to the right");
}

#[test]
fn a_new_boundary_cuts_a_leaf() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), write(0, 0, b'a')]);
    m.apply(madvise(0, 4, 4, mm_ops::Advice::DontFork));
    assert_eq!(m.kind(0, 0), Some(mm_ops::EntryKind::Page), "L11");
}

#[test]
fn mmap_checks_its_arguments() {
    let mut m = Machine::after(&[mmap(0, 4, 4, RW)]);
    let space = m.config.space_pages();
    assert_eq!(m.apply(mmap(0, 0, 0, RW)), err(Errno::EINVAL));
    assert_eq!(m.apply(mmap(0, space - 1, 2, RW)), err(Errno::ENOMEM));
    assert_eq!(m.apply(mmap(0, 0, 5, RW)), err(Errno::EEXIST));
    assert_eq!(m.apply(mmap(0, space - 1, 1, RW)), Outcome::Ok);
}

#[test]
fn seals_are_all_or_nothing() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), mmap(0, 6, 2, RW)]);
    assert_eq!(m.apply(mseal(0, 0, 8)), err(Errno::ENOMEM));
    assert!(!m.vma_has(0, 0, VmaFlags::SEALED));
    assert_eq!(m.apply(mseal(0, 1, 2)), Outcome::Ok);
    assert_eq!(m.vmas(0), [(0, 1), (1, 3), (3, 4), (6, 8)]);
}

#[test]
fn two_slots_track_two_processes() {
    let mut m = Machine::after(&[thp(&[2]), mmap(0, 0, 4, RW), write(0, 0, b'a')]);
    assert_eq!(m.folio(0, 0).mm_slots, [(Pid(0), 4), (Pid(0), 0)], "S10");
    m.apply(fork(0, 1));
    assert_eq!(m.folio(0, 0).mm_slots, [(Pid(0), 4), (Pid(1), 4)], "S10");
    assert!(m.folio(0, 0).flags.has(FolioFlags::MAYBE_SHARED), "S10");
    m.apply(exit(0));
    assert_eq!(m.folio(1, 0).mm_slots, [(Pid(0), 0), (Pid(1), 4)], "S10");
    assert!(!m.folio(1, 0).flags.has(FolioFlags::MAYBE_SHARED), "S10: one slot owns all");
}
