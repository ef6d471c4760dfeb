//! Area D: GUP.

use super::support::*;
use mm_ops::{EntryFlags, EntryKind, Errno, FolioFlags, GupFlags, Op, Outcome, Remote, Value};

const FAST: GupFlags = GupFlags {
    pin: true,
    write: true,
    longterm: false,
    force: false,
    fast: true,
    nofault: false,
    split_pmd: false,
};

#[test]
fn a_pin_of_a_small_folio_counts_in_the_references() {
    let m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), pin_rw(0, 3, 1, 0)]);
    assert_eq!((m.folio(0, 3).refcount, m.folio(0, 3).pincount), (1025, 0), "D7, S13");
    assert!(m.snapshot().mms[0].has_pinned, "D10");
}

#[test]
fn a_pin_of_a_large_folio_has_a_count_of_its_own() {
    let m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), pin_rw(0, 2, 4, 0)]);
    let folio = m.folio(0, 0);
    assert_eq!((folio.refcount, folio.pincount), (5, 4), "D7, D8: one for each page");
    let pages: Vec<u32> = m.snapshot().handles.iter().map(|h| h.page).collect();
    assert_eq!(pages, [2, 3, 4, 5], "D8");
}

#[test]
fn unpinning_is_the_reverse() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), pin_rw(0, 2, 4, 0)]);
    assert_eq!(m.apply(put(0)), Outcome::Ok, "D13");
    assert_eq!((m.folio(0, 0).refcount, m.folio(0, 0).pincount), (1, 0), "D13");
    assert_eq!(m.apply(put(0)), err(Errno::EBADF));
}

#[test]
fn a_write_pin_sees_and_is_seen_by_its_owner() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), pin_rw(0, 3, 1, 0)]);
    m.all(&[fork(0, 1), write(0, 3, b'b')]);
    assert_eq!(m.apply(dma_read(0, 0)), Outcome::Value(Value::label(b'b')), "INV26");
    m.apply(dma_write(0, 0, b'c'));
    assert_eq!((m.label(0, 3), m.label(1, 3)), (b'c', b'a'), "INV26, INV27");
}

#[test]
fn a_read_pin_unshares_and_a_read_get_does_not() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), fork(0, 1)]);
    m.apply(get_r(0, 3, 1, 0));
    assert!(!m.page(0, 3).exclusive, "D6");
    m.apply(pin_r(0, 3, 1, 1));
    assert!(m.page(0, 3).exclusive && !m.has(0, 3, EntryFlags::WRITE), "D5, D9");
}

#[test]
fn the_zero_page_is_not_counted_and_reads_zero() {
    let mut m = Machine::after(&[mmap(0, 0, 8, R), pin_r(0, 3, 1, 0)]);
    assert_eq!(m.kind(0, 3), Some(EntryKind::ZeroPage), "D5: only LONGTERM replaces it");
    assert_eq!(m.snapshot().handles[0].folio, None, "D7");
    assert_eq!(m.apply(dma_read(0, 0)), Outcome::Value(Value::ZERO));
}

#[test]
fn vma_rights_are_checked() {
    let mut m = Machine::after(&[mmap(0, 0, 4, R), mmap(0, 8, 4, NONE)]);
    assert_eq!(m.apply(pin_rw(0, 0, 1, 0)), err(Errno::EFAULT), "D2");
    assert_eq!(m.apply(get_r(0, 8, 1, 0)), err(Errno::EFAULT), "D2");
    assert_eq!(m.apply(get_r(0, 6, 1, 0)), err(Errno::EFAULT), "D2: no VMA");
    assert_eq!(m.apply(peek(0, 8)), Outcome::Value(Value::ZERO), "D2: FORCE");
}

#[test]
fn the_first_failing_page_ends_the_call() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW)]);
    assert_eq!(m.apply(pin_rw(0, 2, 4, 0)), Outcome::Count(2), "D12");
    assert_eq!(m.apply(put(0)), Outcome::Ok);
    let last = m.config.space_pages() - 1;
    m.apply(mmap(0, last, 1, RW));
    assert_eq!(m.apply(pin_rw(0, last, 5, 0)), Outcome::Count(1), "beyond the address space");
    assert_eq!(m.apply(gup(0, last, 5, 1, FAST)), err(Errno::EFAULT), "D21");
}

#[test]
fn flags_and_handles_are_checked() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), pin_rw(0, 0, 1, 0)]);
    assert_eq!(m.apply(pin_rw(0, 0, 1, 0)), err(Errno::EBUSY));
    assert_eq!(m.apply(pin_rw(0, 0, 1, 16)), err(Errno::EINVAL));
    let longterm = GupFlags { longterm: true, ..GupFlags::default() };
    assert_eq!(m.apply(gup(0, 0, 1, 1, longterm)), err(Errno::EINVAL), "D22");
    let split = GupFlags { split_pmd: true, ..FAST };
    assert_eq!(m.apply(gup(0, 0, 1, 1, split)), err(Errno::EINVAL), "D22");
    assert_eq!(m.apply(pin_rw(0, 0, 0, 1)), Outcome::Count(0), "D22");
    assert_eq!(m.apply(put(1)), err(Errno::EBADF), "no page, no handle");
}

#[test]
fn nofault_fails_where_a_fault_would_be_needed() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), write(0, 0, b'a')]);
    let nofault = GupFlags { nofault: true, ..GupFlags::default() };
    assert_eq!(m.apply(gup(0, 0, 2, 0, nofault)), Outcome::Count(1), "D12");
}

#[test]
fn split_pmd_splits_first() {
    let split = GupFlags { split_pmd: true, ..GupFlags::default() };
    let m =
        Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), write(0, 0, b'a'), gup(0, 1, 1, 0, split)]);
    assert_eq!((m.kind(0, 1), m.snapshot().handles.len()), (Some(EntryKind::Page), 1), "D8");
}

#[test]
fn touch_marks_the_leaf_but_only_the_folio_of_a_pte() {
    let m = Machine::after(&[mmap(0, 0, 8, R), poke(0, 3, b'a')]);
    assert!(m.folio(0, 3).flags.has(FolioFlags::DIRTY), "D14");
    assert!(!m.has(0, 3, EntryFlags::DIRTY), "D20: the fresh page is mapped clean");
    let m = Machine::after(&[
        thp(&[3]),
        mmap(0, 0, 8, RW),
        write(0, 0, b'a'),
        fork(0, 1),
        get_r(1, 0, 1, 0),
    ]);
    assert!(m.has(1, 0, EntryFlags::YOUNG), "D8: TOUCH makes the PMD young");
}

#[test]
fn a_forced_write_breaks_cow_and_never_grants_write() {
    let mut m =
        Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), fork(0, 1), mprotect(1, 0, 8, R)]);
    assert_eq!(m.apply(poke(1, 3, b'b')), Outcome::Ok, "D20");
    assert_eq!((m.label(0, 3), m.label(1, 3)), (b'a', b'b'), "D20");
    assert!(!m.has(1, 3, EntryFlags::WRITE), "D20");
}

#[test]
fn a_forced_write_without_soft_dirty_bit_faults_once_more() {
    let mut m = Machine::tracking();
    m.all(&[mmap(0, 0, 8, R), clear_refs(0)]);
    assert_eq!(m.apply(poke(0, 3, b'a')), Outcome::Ok, "D4");
    assert!(m.has(0, 3, EntryFlags::SOFT_DIRTY.with(EntryFlags::DIRTY)), "D4, B4");
}

#[test]
fn the_fast_walk_does_not_touch_and_falls_back() {
    let m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), gup(0, 0, 2, 0, FAST)]);
    assert_eq!(m.snapshot().handles.len(), 2, "D21: the second page is faulted in");
    assert!(!m.folio(0, 0).flags.has(FolioFlags::DIRTY), "D14");
}

#[test]
fn vm_read_unshares_and_counts_as_a_pin() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), fork(0, 1)]);
    let op = Op::Remote { pid: mm_ops::Pid(1), vpn: mm_ops::Vpn(3), access: Remote::VmRead };
    assert_eq!(m.apply(op), Outcome::Value(Value::label(b'a')));
    assert!(m.page(1, 3).exclusive && m.snapshot().mms[1].has_pinned, "D5, D10");
    assert_eq!(m.folio(1, 3).refcount, 1, "D13");
}

#[test]
fn a_handle_outlives_its_mapping() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), pin_rw(0, 3, 1, 0)]);
    m.all(&[munmap(0, 0, 8), dma_write(0, 0, b'b')]);
    assert_eq!(m.apply(dma_read(0, 0)), Outcome::Value(Value::label(b'b')), "Z5");
    m.apply(put(0));
    assert!(m.snapshot().folios.is_empty(), "Z5: freed with the last pin");
}

#[test]
fn handles_taken_for_reading_refuse_writes() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), get_r(0, 3, 1, 0)]);
    assert_eq!(m.apply(dma_write(0, 0, b'b')), err(Errno::EACCES));
    assert_eq!(m.apply(dma_read(0, 1)), err(Errno::EINVAL));
    assert_eq!(m.apply(dma_read(5, 0)), err(Errno::EBADF));
}

#[test]
fn a_guard_fails_the_walk() {
    let mut m =
        Machine::after(&[mmap(0, 0, 8, RW), madvise(0, 3, 1, mm_ops::Advice::GuardInstall)]);
    assert_eq!(m.apply(pin_rw(0, 2, 3, 0)), Outcome::Count(1), "I12");
}

#[test]
fn mlock_populates_and_names_errors_its_own_way() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), mmap(0, 4, 4, NONE)]);
    assert_eq!(m.apply(mlock(0, 0, 8)), err(Errno::ENOMEM), "Z2: EFAULT of the PROT_NONE part");
    assert_eq!(m.rss(0), 4, "Z2: populated up to there");
    assert_eq!(m.apply(mlock(0, 0, 12)), err(Errno::ENOMEM), "Z2: a hole");
}
