//! userfaultfd: A2, A5, B1, B13, C2, C15, C21, H6, H7, Z3, Q7.

use mm_ops::{Errno, UffdCall, UffdFill, UffdWpMode, VmaFlags};

use super::*;

const UWP: EntryFlags = EntryFlags::UFFD_WP;
const MISSING: UffdCall = UffdCall::Register { missing: true, wp: false };
const WP: UffdCall = UffdCall::Register { missing: false, wp: true };
const BOTH: UffdCall = UffdCall::Register { missing: true, wp: true };
const ON: UffdCall = UffdCall::Protect(true);
const OFF: UffdCall = UffdCall::Protect(false);
const EFAULT: Outcome = Outcome::Err(Errno::EFAULT);
const ENOENT: Outcome = Outcome::Err(Errno::ENOENT);
const EEXIST: Outcome = Outcome::Err(Errno::EEXIST);
const EINVAL: Outcome = Outcome::Err(Errno::EINVAL);

fn uffd(pid: u8, start: u32, len: u32, call: UffdCall) -> Op {
    Op::Uffd { pid: Pid(pid), range: PageRange::new(start, len), call }
}

fn fill(pid: u8, vpn: u32, fill: UffdFill) -> Op {
    Op::UffdFill { pid: Pid(pid), vpn: Vpn(vpn), fill }
}

fn copy(label: u8, wp: bool) -> UffdFill {
    UffdFill::Copy { value: Value::label(label), wp }
}

impl Bench {
    /// 16 pages, all watched.
    fn watched(mode: UffdWpMode, call: UffdCall) -> Self {
        let mut bench = Self::with(Config { ptes: 4, uffd: mode, ..Config::default() });
        bench.mmap(P0, 0, 16, RW);
        bench.ok(uffd(P0, 0, 16, call));
        bench
    }
}

/// A2: a missing page is delivered, and that is SIGBUS; nothing is installed.
#[test]
fn missing_pages_are_delivered() {
    let mut bench = Bench::watched(UffdWpMode::Sync, MISSING);
    bench.thp(&[2]);
    assert_eq!(bench.run(read(P0, 1)), Outcome::Bus);
    assert_eq!(bench.run(write(P0, 1, b'a')), Outcome::Bus);
    assert_eq!(bench.run(gup(P0, 1, 1, 0, GET)), EFAULT);
    assert_eq!(bench.run(advise(P0, 0, 4, Advice::PopulateWrite)), EFAULT);
    assert_eq!(bench.pmd(P0, 1), PmdKind::None);
    assert!(bench.vma(P0, 0).anon_vma != mm_ops::NO_ANON_VMA, "A7, A16: prepared all the same");
}

/// H7: who watches for more already goes on so; a watch for something else takes the place of the old one.
#[test]
fn a_watch_is_not_narrowed() {
    let mut bench = Bench::watched(UffdWpMode::Sync, BOTH);
    bench.ok(uffd(P0, 0, 4, WP));
    assert_eq!(bench.run(write(P0, 1, b'a')), Outcome::Bus);
    bench.ok(uffd(P0, 4, 4, UffdCall::Unregister));
    bench.ok(uffd(P0, 4, 4, MISSING));
    bench.ok(uffd(P0, 4, 4, WP));
    bench.ok(write(P0, 5, b'a'));
}

/// H7: a range needs a VMA, and not at its start; UFFDIO_WRITEPROTECT goes on behind a hole.
#[test]
fn holes_are_passed_over() {
    let mut bench = Bench::new();
    bench.mmap(P0, 2, 2, RW);
    bench.mmap(P0, 6, 2, RW);
    assert_eq!(bench.run(uffd(P0, 0, 2, WP)), EINVAL);
    bench.ok(uffd(P0, 0, 8, WP));
    bench.ok(write(P0, 2, b'a'));
    bench.ok(write(P0, 7, b'b'));
    assert_eq!(bench.run(uffd(P0, 4, 2, ON)), ENOENT);
    bench.ok(uffd(P0, 0, 12, ON));
    assert_eq!(bench.run(write(P0, 2, b'c')), Outcome::Bus);
    assert_eq!(bench.run(write(P0, 7, b'c')), Outcome::Bus);
    bench.ok(uffd(P0, 0, 12, UffdCall::Unregister));
    bench.ok(write(P0, 7, b'c'));
}

/// Z3: the calls that fill.
#[test]
fn filling() {
    let mut bench = Bench::watched(UffdWpMode::Sync, MISSING);
    bench.ok(fill(P0, 1, copy(b'a', false)));
    assert_eq!(bench.flags(P0, 1), YOUNG.with(W).with(DIRTY));
    assert!(bench.exclusive(P0, 1));
    assert_eq!(bench.read(P0, 1), b'a');
    assert_eq!(bench.run(fill(P0, 1, copy(b'b', false))), EEXIST);
    assert_eq!(bench.run(fill(P0, 1, UffdFill::Zero)), EEXIST);
    assert_eq!(bench.run(fill(P0, 2, copy(b'b', true))), EINVAL);
    bench.ok(fill(P0, 2, UffdFill::Zero));
    assert_eq!(bench.pte(P0, 2), Pte::Zero(YOUNG));
    assert_eq!(bench.run(fill(P0, 20, UffdFill::Zero)), ENOENT);
    bench.mmap(P0, 20, 4, RW);
    assert_eq!(bench.run(fill(P0, 20, UffdFill::Zero)), ENOENT);
    assert_eq!(bench.run(fill(P0, 4096, UffdFill::Zero)), EINVAL);
    let enomem = Outcome::Err(Errno::ENOMEM);
    let copied = fill(P0, 3, copy(b'c', false));
    assert_eq!(bench.failing(copied, AllocKind::Folio(Order(0)), P0, 3), enomem);
}

/// Q7, A5: poison is there for everybody, and for fork; a copy replaces it.
#[test]
fn poison() {
    let mut bench = Bench::watched(UffdWpMode::Sync, MISSING);
    bench.ok(fill(P0, 1, UffdFill::Poison));
    assert_eq!(bench.run(read(P0, 1)), Outcome::Bus);
    assert_eq!(bench.run(gup(P0, 1, 1, 0, GET)), EFAULT);
    let populate = advise(P0, 1, 1, Advice::PopulateRead);
    assert_eq!(bench.run(populate), Outcome::Err(Errno::EHWPOISON));
    bench.fork(P0, P1);
    assert_eq!(bench.pte(P1, 1), Pte::Poisoned); // C15
    bench.protect(P0, 0, 16, R);
    assert_eq!(bench.pte(P0, 1), Pte::Poisoned); // H6
    bench.ok(fill(P0, 1, copy(b'a', false)));
    assert_eq!(bench.read(P0, 1), b'a');
    bench.advise(P1, 1, 1, Advice::Free); // I6
    assert_eq!(bench.pte(P1, 1), Pte::None);
}

/// H7, B1: a protected page refuses writes, and gets W back when protection is resolved.
#[test]
fn protecting() {
    let mut bench = Bench::watched(UffdWpMode::Sync, WP);
    bench.write(P0, 1, b'a');
    assert_eq!(bench.read(P0, 2), 0);
    bench.ok(uffd(P0, 0, 16, ON));
    assert_eq!(bench.flags(P0, 1), YOUNG.with(DIRTY).with(UWP));
    assert_eq!(bench.pte(P0, 2), Pte::Zero(YOUNG.with(UWP)));
    assert_eq!(bench.pte(P0, 3), Pte::None); // Without WP_UNPOPULATED.
    assert_eq!(bench.run(write(P0, 1, b'b')), Outcome::Bus);
    assert_eq!(bench.run(write(P0, 2, b'b')), Outcome::Bus);
    assert_eq!(bench.run(remote(P0, 1, Remote::VmWrite(Value::label(b'b')))), EFAULT);
    assert_eq!(bench.read(P0, 1), b'a');
    // H3: mprotect does not bring W back.
    bench.protect(P0, 0, 16, R);
    bench.protect(P0, 0, 16, RW);
    assert_eq!(bench.flags(P0, 1), YOUNG.with(DIRTY).with(UWP));
    bench.ok(uffd(P0, 0, 16, OFF));
    assert_eq!(bench.flags(P0, 1), YOUNG.with(DIRTY).with(W));
    bench.write(P0, 2, b'c');
}

/// D4: FOLL_FORCE does not get around it.
#[test]
fn force_respects_protection() {
    let mut bench = Bench::watched(UffdWpMode::Sync, WP);
    bench.write(P0, 1, b'a');
    bench.ok(uffd(P0, 0, 16, ON));
    bench.protect(P0, 0, 16, R);
    assert_eq!(bench.run(remote(P0, 1, Remote::Poke(Value::label(b'b')))), EFAULT);
    bench.ok(uffd(P0, 0, 16, OFF));
    bench.ok(remote(P0, 1, Remote::Poke(Value::label(b'b'))));
}

/// B1, B13: in asynchronous mode a write resolves the protection of its page.
#[test]
fn asynchronous_mode() {
    let mut bench = Bench::watched(UffdWpMode::Async, WP);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    bench.write(P0, 4, b'a');
    bench.ok(uffd(P0, 0, 16, ON));
    assert_eq!(bench.leaf(P0, 0).flags, YOUNG.with(DIRTY).with(UWP));
    bench.write(P0, 1, b'b');
    assert_eq!(bench.flags(P0, 1), YOUNG.with(DIRTY).with(W));
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY).with(UWP));
    // A5: what was empty became a marker; a page made there is protected until its own write fault.
    assert_eq!(bench.pte(P0, 9), Pte::UffdMarker);
    assert_eq!(bench.read(P0, 9), 0);
    assert_eq!(bench.pte(P0, 9), Pte::Zero(YOUNG.with(UWP)));
    bench.write(P0, 10, b'c');
    assert_eq!(bench.flags(P0, 10), YOUNG.with(DIRTY).with(W));
}

/// B13: a protected leaf, of either kind.
#[test]
fn protected_leaves() {
    for zero in [false, true] {
        let mut bench = Bench::watched(UffdWpMode::Sync, WP);
        bench.thp(&[2]);
        if zero {
            assert_eq!(bench.read(P0, 0), 0);
        } else {
            bench.write(P0, 0, b'a');
        }
        bench.ok(uffd(P0, 0, 4, ON));
        assert_eq!(bench.run(write(P0, 1, b'b')), Outcome::Bus);
        assert!(bench.pmd(P0, 0) != PmdKind::Table);
        // H8, G2, G4: split where only a part is resolved; the rest stays protected.
        bench.ok(uffd(P0, 1, 1, OFF));
        bench.write(P0, 1, b'b');
        assert_eq!(bench.run(write(P0, 2, b'b')), Outcome::Bus);
    }
}

/// H7, A5: markers.
#[test]
fn markers() {
    let mut bench = Bench::watched(UffdWpMode::Unpopulated, BOTH);
    bench.ok(uffd(P0, 0, 6, ON));
    assert!((0..6).all(|vpn| bench.pte(P0, vpn) == Pte::UffdMarker));
    assert_eq!(bench.run(read(P0, 1)), Outcome::Bus); // A2: missing comes first.
    assert_eq!(bench.pte(P0, 1), Pte::UffdMarker);
    assert_eq!(bench.run(fill(P0, 1, UffdFill::Zero)), EEXIST);
    bench.ok(fill(P0, 1, copy(b'a', true)));
    assert_eq!(bench.flags(P0, 1), YOUNG.with(DIRTY).with(UWP));
    bench.ok(uffd(P0, 2, 1, OFF));
    assert_eq!(bench.pte(P0, 2), Pte::None);
    bench.advise(P0, 3, 1, Advice::DontNeed);
    assert_eq!(bench.pte(P0, 3), Pte::None); // I2
    bench.ok(uffd(P0, 0, 16, UffdCall::Unregister));
    assert!((4..6).all(|vpn| bench.pte(P0, vpn) == Pte::None));
    assert_eq!(bench.flags(P0, 1), YOUNG.with(DIRTY).with(W));
    assert_eq!(bench.read(P0, 4), 0);
}

/// H7: no table for the markers.
#[test]
fn no_memory_for_markers() {
    let mut bench = Bench::watched(UffdWpMode::Unpopulated, WP);
    let protect = uffd(P0, 0, 16, ON);
    let enomem = Outcome::Err(Errno::ENOMEM);
    assert_eq!(bench.failing(protect, AllocKind::PteTable, P0, 4), enomem);
    assert_eq!(bench.pte(P0, 3), Pte::UffdMarker);
    assert_eq!(bench.pte(P0, 4), Pte::None);
}

/// H7: where the range is not watched it ends.
#[test]
fn protecting_what_is_not_watched() {
    let mut bench = Bench::mapped(16);
    bench.write(P0, 3, b'a');
    bench.write(P0, 9, b'a');
    bench.ok(uffd(P0, 0, 4, WP));
    bench.ok(uffd(P0, 8, 4, WP));
    assert_eq!(bench.run(uffd(P0, 0, 12, ON)), ENOENT);
    assert!(bench.flags(P0, 3).has(UWP) && !bench.flags(P0, 9).has(UWP));
    for call in [BOTH, UffdCall::Unregister, ON] {
        assert_eq!(bench.run(uffd(P0, 0, 0, call)), EINVAL);
        assert_eq!(bench.run(uffd(P0, 60, 10, call)), EINVAL);
    }
    assert_eq!(bench.run(uffd(P0, 20, 4, BOTH)), EINVAL);
    let range = PageRange::new(20, 4);
    bench.ok(Op::Mmap { pid: Pid(P0), range, prot: RW, droppable: true });
    assert_eq!(bench.run(uffd(P0, 8, 16, BOTH)), EINVAL);
}

/// L10, L11: registering splits and merges; mlock and mprotect know the flags as any other.
#[test]
fn registering_splits_and_merges() {
    let mut bench = Bench::mapped(16);
    bench.ok(uffd(P0, 4, 4, MISSING));
    assert_eq!(bench.vmas(P0), [(0, 4), (4, 8), (8, 16)]);
    bench.ok(uffd(P0, 8, 8, MISSING));
    assert_eq!(bench.vmas(P0), [(0, 4), (4, 16)]);
    bench.ok(uffd(P0, 4, 12, UffdCall::Unregister));
    assert_eq!(bench.vmas(P0), [(0, 16)]);
    let enomem = Outcome::Err(Errno::ENOMEM);
    assert_eq!(bench.failing(uffd(P0, 4, 4, WP), AllocKind::Vma, P0, 0), enomem);
}

/// An unregistration that needs no split never fails: it does without the merge.
#[test]
fn unregistering_does_without_the_merge() {
    let mut bench = Bench::mapped(8);
    bench.ok(uffd(P0, 4, 4, MISSING));
    bench.ok(fill(P0, 4, copy(b'a', false)));
    let unregister = uffd(P0, 4, 4, UffdCall::Unregister);
    assert_eq!(bench.failing(unregister, AllocKind::Avc, P0, 0), OK);
    assert_eq!(bench.vmas(P0), [(0, 4), (4, 8)]);
    assert!(!bench.vma(P0, 4).flags.has(VmaFlags::UFFD_MISSING));
}

/// A6: where each fault matters, folios are small.
#[test]
fn watched_folios_are_small() {
    let mut bench = Bench::with(Config { ptes: 8, ..Config::default() });
    bench.mmap(P0, 0, 16, RW);
    bench.thp(&[2]);
    bench.ok(uffd(P0, 0, 16, WP));
    bench.write(P0, 1, b'a');
    assert_eq!(bench.folio(P0, 1).order, Order(0));
}

/// C2, C15, C21: the child is watched only if fork is; then it inherits protection, too.
#[test]
fn fork_of_watched_memory() {
    for uffd_fork in [false, true] {
        let uffd_mode = UffdWpMode::Unpopulated;
        let mut bench =
            Bench::with(Config { ptes: 4, uffd: uffd_mode, uffd_fork, ..Config::default() });
        bench.mmap(P0, 0, 16, RW);
        bench.ok(uffd(P0, 0, 16, WP));
        bench.write(P0, 1, b'a');
        bench.write(P0, 2, b'a');
        bench.ok(uffd(P0, 0, 4, ON));
        bench.ok(Op::SwapOut { pid: Pid(P0), vpn: Vpn(2), token: None });
        bench.fork(P0, P1);
        assert_eq!(bench.vma(P1, 0).flags.has(VmaFlags::UFFD_WP), uffd_fork);
        assert!(bench.flags(P0, 1).has(UWP));
        assert_eq!(bench.flags(P1, 1).has(UWP), uffd_fork);
        assert_eq!(bench.pte(P1, 3), if uffd_fork { Pte::UffdMarker } else { Pte::None });
        let (parents, childs) = (bench.pte(P0, 2), bench.pte(P1, 2));
        assert_eq!(parents == childs, uffd_fork, "{parents:?} {childs:?}");
    }
}

/// C3: page tables of a watched VMA are copied even without an anon_vma.
#[test]
fn fork_copies_what_has_no_anon_vma() {
    let config = Config { ptes: 4, uffd_fork: true, ..Config::default() };
    let mut bench = Bench::with(config);
    bench.mmap(P0, 0, 8, RW);
    bench.ok(uffd(P0, 0, 8, WP));
    assert_eq!(bench.read(P0, 1), 0);
    bench.fork(P0, P1);
    assert!(matches!(bench.pte(P1, 1), Pte::Zero(_)));
}

/// E4, E15, H6: protection travels through swap, and changes there.
#[test]
fn protection_through_swap() {
    let mut bench = Bench::watched(UffdWpMode::Sync, WP);
    bench.write(P0, 1, b'a');
    bench.write(P0, 2, b'b');
    bench.ok(uffd(P0, 1, 1, ON));
    for vpn in [1, 2] {
        bench.ok(Op::SwapOut { pid: Pid(P0), vpn: Vpn(vpn), token: None });
    }
    bench.ok(uffd(P0, 2, 1, ON));
    for vpn in [1, 2] {
        assert_eq!(bench.run(write(P0, vpn, b'c')), Outcome::Bus);
        assert_eq!(bench.flags(P0, vpn), YOUNG.with(UWP));
    }
    bench.ok(Op::SwapOut { pid: Pid(P0), vpn: Vpn(1), token: None });
    bench.ok(uffd(P0, 1, 2, OFF));
    bench.write(P0, 1, b'c');
}

/// B5, B9: an unshare ignores protection, and keeps it.
#[test]
fn unshare_keeps_protection() {
    let mut bench = Bench::watched(UffdWpMode::Sync, WP);
    bench.write(P0, 1, b'a');
    bench.fork(P0, P1);
    bench.ok(uffd(P0, 0, 16, ON));
    bench.gup(P0, 1, 1, 0, PIN);
    assert_eq!(bench.flags(P0, 1), YOUNG.with(UWP));
    assert!(bench.exclusive(P0, 1));
}
