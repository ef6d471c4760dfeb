//! MADV_COLLAPSE and khugepaged: what they make, what stops them, and how that is told (G15 to G18, G24).

use super::support::*;
use mm_ops::{
    Advice, Choice, EntryFlags, EntryKind, Errno, FolioFlags, Op, Outcome, Pid, ScanLimits, Vpn,
};

fn collapse(pid: u8, start: u32, len: u32) -> Op {
    madvise(pid, start, len, Advice::Collapse)
}

/// Pages 3 and 5 of the first block are written, page 6 is a zero page.
fn pages() -> Machine {
    let mut m = Machine::after(&[mmap(0, 0, 24, RW), write(0, 3, b'a'), write(0, 5, b'b')]);
    m.apply(read(0, 6));
    m
}

#[test]
fn a_block_becomes_a_leaf() {
    let mut m = pages();
    assert_eq!(m.apply(collapse(0, 0, 8)), Outcome::Ok, "G24");
    assert_eq!(m.kind(0, 0), Some(EntryKind::Leaf), "G17");
    assert!(m.has(0, 0, EntryFlags::WRITE.with(EntryFlags::DIRTY).with(EntryFlags::YOUNG)), "G17");
    assert!(m.page(0, 0).exclusive, "G17");
    assert_eq!(
        (m.rss(0), m.snapshot().mms[0].deposited),
        (8, 1),
        "G17: the old table is deposited"
    );
    assert_eq!((m.label(0, 3), m.label(0, 5), m.label(0, 6)), (b'a', b'b', 0), "INV25");
    assert_eq!(m.snapshot().folios.len(), 1, "G17: the old pages are free");
    assert!(m.folio(0, 0).flags.has(FolioFlags::DEFERRED), "G17, INV32");
}

#[test]
fn sharing_is_broken() {
    let mut m = pages();
    m.all(&[fork(0, 1), collapse(1, 0, 8)]);
    assert_eq!((m.kind(1, 0), m.kind(0, 3)), (Some(EntryKind::Leaf), Some(EntryKind::Page)), "G17");
    assert_eq!(m.folio(0, 3).mapcount, 1, "G17: the other mm keeps the old page");
    m.apply(write(1, 3, b'c'));
    assert_eq!((m.label(0, 3), m.label(1, 3), m.label(1, 5)), (b'a', b'c', b'b'), "INV25");
}

#[test]
fn large_folios_are_left_whole() {
    let mut m =
        Machine::after(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 0, b'a'), write(0, 4, b'b')]);
    m.apply(get_r(0, 0, 1, 0));
    assert_eq!(m.apply(collapse(0, 0, 8)), err(Errno::EAGAIN), "G15: a reference");
    m.all(&[put(0), collapse(0, 0, 8)]);
    assert_eq!((m.kind(0, 0), m.snapshot().folios.len()), (Some(EntryKind::Leaf), 1), "BT9");
}

#[test]
fn a_range_without_a_block() {
    let mut m = pages();
    assert_eq!(m.apply(collapse(0, 1, 7)), Outcome::Ok, "G24: first == last");
    assert_eq!(m.apply(collapse(0, 1, 3)), err(Errno::EINVAL), "G24: first > last");
    assert_eq!(m.kind(0, 3), Some(EntryKind::Page));
}

#[test]
fn some_vmas_cannot() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), read(0, 3)]);
    assert_eq!(m.apply(collapse(0, 0, 8)), err(Errno::EINVAL), "G18: no anon_vma");
    m.all(&[write(0, 3, b'a'), madvise(0, 0, 8, Advice::NoHugePage)]);
    assert_eq!(m.apply(collapse(0, 0, 8)), err(Errno::EINVAL), "G18: NOHUGEPAGE");
    let mut m = Machine::after(&[mmap(0, 4, 8, RW), write(0, 4, b'a')]);
    assert_eq!(m.apply(collapse(0, 4, 8)), err(Errno::EINVAL), "G24: no block in the VMA");
    let mut m = pages();
    m.apply(mprotect(0, 0, 8, R));
    assert_eq!(m.apply(collapse(0, 0, 8)), Outcome::Ok, "G18: read-only");
    assert!(!m.has(0, 0, EntryFlags::WRITE) && m.page(0, 0).exclusive, "G17");
}

#[test]
fn who_holds_a_page_stops_its_block() {
    for circumstance in [get_r(0, 3, 1, 0), pin_rw(0, 3, 1, 0), lock(0, 3, 0), isolate(0, 3, 0)] {
        let mut m = pages();
        m.all(&[write(0, 9, b'c'), circumstance]);
        assert_eq!(m.apply(collapse(0, 0, 16)), err(Errno::EAGAIN), "G18: {circumstance:?}");
        assert_eq!(m.kind(0, 3), Some(EntryKind::Page), "G16");
        assert_eq!(m.kind(0, 8), Some(EntryKind::Leaf), "G24: the next block is done");
    }
}

#[test]
fn an_empty_block_stops_everything() {
    let mut m = pages();
    m.apply(write(0, 17, b'c'));
    assert_eq!(m.apply(collapse(0, 0, 24)), err(Errno::EINVAL), "G24: PMD NONE");
    assert_eq!(
        (m.kind(0, 0), m.kind(0, 17)),
        (Some(EntryKind::Leaf), Some(EntryKind::Page)),
        "G24"
    );
}

#[test]
fn a_missing_pmd_table_stops_only_its_blocks() {
    let mut m = Machine::after(&[mmap(0, 0, 192, RW), write(0, 3, b'a'), write(0, 130, b'b')]);
    m.apply(munmap(0, 8, 56));
    m.all(&[mmap(0, 8, 56, RW)]);
    assert_eq!(m.apply(collapse(0, 64, 72)), err(Errno::EINVAL), "G24: table missing");
    assert_eq!(m.kind(0, 128), Some(EntryKind::Leaf), "G24: it went on");
}

#[test]
fn markers_and_migrations_stop_everything() {
    let mut m = pages();
    m.all(&[write(0, 9, b'c'), madvise(0, 0, 1, Advice::GuardInstall)]);
    assert_eq!(m.apply(collapse(0, 0, 16)), err(Errno::EINVAL), "G24: a marker");
    assert_eq!(m.kind(0, 9), Some(EntryKind::Page), "G24");
    let mut m = pages();
    m.all(&[migrate(0, 3, 0)]);
    assert_eq!(
        m.apply(collapse(0, 0, 8)),
        err(Errno::EINTR),
        "G16: it would wait for the migrator"
    );
}

#[test]
fn a_leaf_is_done_already() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 16, RW), write(0, 3, b'a'), read(0, 9)]);
    let before = m.snapshot();
    assert_eq!(m.apply(collapse(0, 0, 16)), Outcome::Ok, "G24: LEAF, ZERO-LEAF");
    assert_eq!(m.snapshot(), before);
    m.apply(migrate(0, 3, 0));
    assert_eq!(m.apply(collapse(0, 0, 16)), Outcome::Ok, "G24: PMD MIGRATION");
}

#[test]
fn the_folio_is_allocated_after_the_scan() {
    let mut m = pages();
    m.apply(fail_alloc(1));
    assert_eq!(m.apply(collapse(0, 0, 8)), err(Errno::ENOMEM), "G18");
    assert!(matches!(m.choices[..], [Choice::AllocFailed(site)] if site.vpn.0 == 0));
    m.all(&[get_r(0, 3, 1, 0), fail_alloc(1)]);
    assert_eq!(m.apply(collapse(0, 0, 8)), err(Errno::EAGAIN), "G16: not reached");
    assert!(m.choices.is_empty());
}

/// khugepaged at page 2 of p0, with limits for empty entries, swapped and shared pages.
fn khugepaged(none: u16, swap: u16, shared: u16) -> Op {
    Op::Khugepaged { pid: Pid(0), vpn: Vpn(2), limits: ScanLimits { none, swap, shared } }
}

/// The first block of p0 is full.
fn full() -> Machine {
    let mut m = Machine::after(&[mmap(0, 0, 24, RW)]);
    (0..8).for_each(|page| m.all(&[write(0, page, b'a')]));
    m
}

/// khugepaged refuses what exceeds a limit by one and changes nothing; then it collapses.
fn stops_at(m: &mut Machine, refused: Op, errno: Errno, done: Op) {
    let before = m.snapshot();
    assert_eq!(m.apply(refused), err(errno), "G15");
    assert_eq!(m.snapshot(), before, "G15: the scan changes nothing");
    assert_eq!(m.apply(done), Outcome::Ok, "G15");
    assert_eq!(m.kind(0, 0), Some(EntryKind::Leaf), "G17");
}

#[test]
fn khugepaged_fills_so_many_holes() {
    stops_at(&mut pages(), khugepaged(5, 8, 8), Errno::EBUSY, khugepaged(6, 0, 0));
}

#[test]
fn khugepaged_reads_so_many_pages() {
    let mut m = full();
    m.all(&[swap_out(0, 1), swap_out(0, 5)]);
    stops_at(&mut m, khugepaged(8, 1, 8), Errno::EINVAL, khugepaged(0, 2, 0));
}

#[test]
fn khugepaged_copies_so_many_shared_pages() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), write(0, 1, b'b')]);
    m.all(&[fork(0, 1), write(0, 2, b'c')]);
    stops_at(&mut m, khugepaged(8, 8, 1), Errno::EINVAL, khugepaged(8, 0, 2));
    assert_eq!(m.kind(1, 0), Some(EntryKind::Page), "G17: the child keeps its page");
}

#[test]
fn khugepaged_wants_a_young_page() {
    let mut m = pages();
    m.apply(madvise(0, 0, 8, Advice::Cold));
    assert_eq!(m.apply(khugepaged(8, 8, 8)), err(Errno::EINVAL), "G15: nothing is young");
    m.apply(read(0, 3));
    assert_eq!(m.apply(khugepaged(8, 8, 8)), Outcome::Ok, "G15: one page is");
}

#[test]
fn khugepaged_reads_only_for_young_pages() {
    let mut m = full();
    m.all(&[swap_out(0, 0), madvise(0, 1, 4, Advice::Cold)]);
    let before = m.snapshot();
    assert_eq!(m.apply(khugepaged(8, 8, 8)), err(Errno::EINVAL), "G15: three of eight are young");
    assert_eq!(m.snapshot(), before);
    m.all(&[read(0, 1), khugepaged(8, 8, 8)]);
    assert_eq!(m.kind(0, 0), Some(EntryKind::Leaf), "G15: half of them are");
}

#[test]
fn khugepaged_counts_again_what_it_read() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), fork(0, 1)]);
    (1..8).for_each(|page| m.all(&[write(0, page, b'b')]));
    m.all(&[swap_out(0, 0), read(1, 0)]);
    assert_eq!(m.apply(khugepaged(0, 1, 0)), err(Errno::EINVAL), "G16: shared after all");
    assert_eq!(m.kind(0, 0), Some(EntryKind::Page), "G16: what came in stays");
    assert_eq!(m.apply(khugepaged(0, 0, 1)), Outcome::Ok);
}

#[test]
fn khugepaged_needs_a_block_of_one_vma() {
    let at = |vpn| Op::Khugepaged { pid: Pid(0), vpn: Vpn(vpn), limits: ScanLimits::default() };
    let mut m = Machine::after(&[mmap(0, 4, 20, RW), write(0, 8, b'a')]);
    assert_eq!(m.apply(at(3)), err(Errno::ENOMEM));
    assert_eq!(m.apply(at(7)), err(Errno::EINVAL), "G15: begins before the VMA");
    m.apply(munmap(0, 22, 2));
    assert_eq!(m.apply(at(16)), err(Errno::EINVAL), "G15: ends behind the VMA");
    assert_eq!(m.apply(at(8)), err(Errno::EBUSY), "G15: no hole may be filled");
    m.apply(madvise(0, 8, 8, Advice::NoHugePage));
    assert_eq!(m.apply(at(8)), err(Errno::EINVAL), "G15: NOHUGEPAGE");
    let elsewhere = Op::Khugepaged { pid: Pid(1), vpn: Vpn(0), limits: ScanLimits::default() };
    assert_eq!(m.apply(elsewhere), err(Errno::ESRCH));
}
