//! Tests of making, merging and splitting VMAs (L10, L11), and their flags.

use mm_ops::{AllocKind, Errno, Outcome, Pid, Prot, VmaFlags};

use super::*;

#[test]
fn mmap_errors() {
    let mut bench = Bench::mapped(4);
    assert_eq!(bench.run(mmap(P0, 8, 0, RW)), Outcome::Err(Errno::EINVAL));
    assert_eq!(bench.run(mmap(P0, 60, 5, RW)), Outcome::Err(Errno::ENOMEM));
    assert_eq!(bench.run(mmap(P0, 3, 5, RW)), Outcome::Err(Errno::EEXIST));
    assert_eq!(
        bench.failing(mmap(P0, 8, 4, RW), AllocKind::Vma, P0, 8),
        Outcome::Err(Errno::ENOMEM)
    );
    assert_eq!(bench.vmas(P0), [(0, 4)]);
}

#[test]
fn l10_a_new_mapping_merges_with_both_neighbours() {
    let mut bench = Bench::mapped(4);
    bench.mmap(P0, 8, 4, RW);
    bench.write(P0, 8, b'a');
    bench.mmap(P0, 4, 4, RW);
    assert_eq!(bench.vmas(P0), [(0, 12)]);
    assert_ne!(bench.vma(P0, 0).anon_vma, mm_ops::NO_ANON_VMA); // L2: cloned
}

#[test]
fn l10_a_failed_clone_changes_nothing() {
    let mut bench = Bench::mapped(4);
    bench.mmap(P0, 8, 4, RW);
    bench.write(P0, 8, b'a');
    let enomem = Outcome::Err(Errno::ENOMEM);
    assert_eq!(bench.failing(mmap(P0, 4, 4, RW), AllocKind::Avc, P0, 0), enomem);
    assert_eq!(bench.vmas(P0), [(0, 4), (8, 12)]);
}

#[test]
fn l10_different_anon_vmas_keep_vmas_apart() {
    let mut bench = Bench::mapped(4);
    bench.mmap(P0, 8, 4, RW);
    bench.write(P0, 0, b'a');
    bench.write(P0, 8, b'a');
    bench.mmap(P0, 4, 4, RW);
    assert_eq!(bench.vmas(P0), [(0, 8), (8, 12)]); // left only
}

#[test]
fn l10_a_forked_chain_does_not_merge_with_an_unfaulted_vma() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    bench.mmap(P1, 4, 4, RW);
    assert_eq!(bench.vmas(P1), [(0, 4), (4, 8)]);
}

#[test]
fn l10_mprotect_merges_what_becomes_equal() {
    let mut bench = Bench::mapped(12);
    bench.write(P0, 0, b'a');
    bench.protect(P0, 4, 4, R);
    assert_eq!(bench.vmas(P0), [(0, 4), (4, 8), (8, 12)]);
    bench.protect(P0, 4, 2, RW);
    assert_eq!(bench.vmas(P0), [(0, 6), (6, 8), (8, 12)]);
    bench.protect(P0, 7, 1, RW);
    assert_eq!(bench.vmas(P0), [(0, 6), (6, 7), (7, 12)]);
    bench.protect(P0, 6, 1, RW);
    assert_eq!(bench.vmas(P0), [(0, 12)]);
}

#[test]
fn l10_account_keeps_vmas_apart() {
    let mut bench = Bench::mapped(8);
    bench.protect(P0, 4, 4, R); // no anon_vma: ACCOUNT is given back
    assert!(!bench.vma(P0, 4).flags.has(VmaFlags::ACCOUNT));
    bench.write(P0, 0, b'a');
    bench.protect(P0, 0, 4, R); // keeps it
    assert_eq!(bench.vmas(P0), [(0, 4), (4, 8)]);
}

#[test]
fn l11_a_failed_second_split_leaves_the_first() {
    let mut bench = Bench::mapped(8);
    let op = advise(P0, 2, 2, Advice::DontFork);
    // The second split is of the VMA that begins at 2 now; madvise says EAGAIN.
    let eagain = Outcome::Err(Errno::EAGAIN);
    assert_eq!(bench.failing(op, AllocKind::Vma, P0, 2), eagain);
    assert_eq!(bench.vmas(P0), [(0, 2), (2, 8)]);
}

#[test]
fn l11_both_halves_link_the_same_anon_vmas() {
    let mut bench = Bench::mapped(8);
    bench.write(P0, 0, b'a');
    bench.protect(P0, 4, 4, R);
    assert_eq!(bench.vma(P0, 0).anon_vma, bench.vma(P0, 4).anon_vma);
    assert_eq!(bench.snapshot().anon_vmas[0].num_active_vmas, 2);
}

#[test]
fn mseal_is_all_or_nothing_about_holes() {
    let mut bench = Bench::mapped(4);
    let seal = |start, len| Op::Mseal { pid: Pid(0), range: PageRange::new(start, len) };
    assert_eq!(bench.run(seal(0, 5)), Outcome::Err(Errno::ENOMEM));
    assert!(!bench.vma(P0, 0).flags.has(VmaFlags::SEALED));
    bench.ok(seal(1, 2));
    assert_eq!(bench.vmas(P0), [(0, 1), (1, 3), (3, 4)]);
    assert_eq!(bench.run(munmap(P0, 0, 4)), Outcome::Err(Errno::EPERM));
}

#[test]
fn z2_mlock_faults_everything_in() {
    let mut bench = Bench::mapped(2);
    bench.ok(mlock(P0, 0, 2));
    assert_eq!(bench.flags(P0, 1), YOUNG.with(DIRTY).with(W));
    bench.ok(Op::Munlock { pid: Pid(0), range: PageRange::new(0, 1) });
    assert_eq!(bench.vmas(P0), [(0, 1), (1, 2)]);
}

#[test]
fn z2_mlock_errors() {
    let mut bench = Bench::mapped(2);
    bench.mmap(P0, 4, 1, Prot::NONE);
    let enomem = Outcome::Err(Errno::ENOMEM);
    assert_eq!(bench.run(mlock(P0, 0, 3)), enomem);
    assert!(bench.vma(P0, 0).flags.has(VmaFlags::LOCKED));
    assert_eq!(bench.pte(P0, 0), Pte::None); // nothing is populated
    assert_eq!(bench.run(mlock(P0, 4, 1)), enomem);
    let eagain = Outcome::Err(Errno::EAGAIN);
    assert_eq!(bench.failing(mlock(P0, 0, 2), AllocKind::PteTable, P0, 0), eagain);
}
