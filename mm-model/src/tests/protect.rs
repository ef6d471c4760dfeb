//! Area H: mprotect, NUMA hints, soft-dirty bits.

use super::support::*;
use mm_ops::{Advice, Choice, EntryFlags, EntryKind, Errno, Outcome, VmaFlags};

#[test]
fn write_comes_back_to_exclusive_pages_only() {
    let mut m = Machine::after(&[
        mmap(0, 0, 8, RW),
        write(0, 3, b'a'),
        fork(0, 1),
        write(0, 4, b'b'),
        read(0, 5),
        mprotect(0, 0, 8, R),
    ]);
    assert!(!m.has(0, 4, EntryFlags::WRITE), "H2");
    m.apply(mprotect(0, 0, 8, RW));
    assert!(m.has(0, 4, EntryFlags::WRITE) && !m.has(0, 3, EntryFlags::WRITE), "H3, H4");
    assert!(!m.has(0, 5, EntryFlags::WRITE), "H3: not the zero page");
}

#[test]
fn prot_none_keeps_the_mapping() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), mprotect(0, 0, 8, NONE)]);
    assert!(m.has(0, 3, EntryFlags::PROTNONE.with(EntryFlags::DIRTY)), "H2, H4");
    assert_eq!(m.apply(read(0, 3)), Outcome::Segv, "A11");
    assert_eq!(m.apply(peek(0, 3)), Outcome::Value(mm_ops::Value::label(b'a')), "D3");
    m.apply(mprotect(0, 0, 8, RW));
    assert!(m.has(0, 3, EntryFlags::WRITE) && !m.has(0, 3, EntryFlags::PROTNONE), "H4");
}

#[test]
fn pae_is_tested_page_by_page_within_a_run() {
    let mut m = Machine::after(&[
        thp(&[2]),
        mmap(0, 0, 8, RW),
        write(0, 0, b'a'),
        fork(0, 1),
        exit(1),
        write(0, 1, b'b'),
        mprotect(0, 0, 8, R),
        mprotect(0, 0, 8, RW),
    ]);
    let writable: Vec<bool> = (0..4).map(|vpn| m.has(0, vpn, EntryFlags::WRITE)).collect();
    assert_eq!(writable, [false, true, false, false], "H9");
    assert_eq!(m.label(0, 1), b'b');
}

#[test]
fn a_whole_leaf_is_changed_in_place_and_a_part_splits_it() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), write(0, 0, b'a')]);
    m.apply(mprotect(0, 0, 8, R));
    assert!(m.kind(0, 0) == Some(EntryKind::Leaf) && !m.has(0, 0, EntryFlags::WRITE), "H8");
    m.apply(mprotect(0, 0, 8, RW));
    assert!(m.has(0, 0, EntryFlags::WRITE), "H8");
    m.apply(mprotect(0, 2, 2, R));
    assert!(m.has(0, 1, EntryFlags::WRITE) && !m.has(0, 2, EntryFlags::WRITE), "H8");
}

#[test]
fn errors_end_it_and_keep_what_was_done() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), mmap(0, 6, 2, RW), mseal(0, 6, 2)]);
    assert_eq!(m.apply(mprotect(0, 0, 8, R)), err(Errno::ENOMEM), "H1: a hole");
    assert!(!m.vma_has(0, 0, VmaFlags::WRITE) && m.vma_has(0, 6, VmaFlags::WRITE), "H1");
    assert_eq!(m.apply(mprotect(0, 6, 2, R)), err(Errno::EPERM), "H1: sealed");
    assert_eq!(m.apply(mprotect(0, 5, 0, R)), Outcome::Ok);
}

#[test]
fn a_locked_vma_that_becomes_writable_is_populated() {
    let mut m = Machine::after(&[mmap(0, 0, 8, R), mlock(0, 0, 8)]);
    assert_eq!(m.kind(0, 3), Some(EntryKind::ZeroPage), "Z2");
    m.apply(mprotect(0, 0, 8, RW));
    assert!((0..8).all(|vpn| m.has(0, vpn, EntryFlags::WRITE)), "H12");
}

#[test]
fn the_scanner_skips_what_is_shared_or_pinned() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), pin_rw(0, 4, 1, 0)]);
    m.apply(numa_hint(0, 0, 8));
    assert!(m.has(0, 3, EntryFlags::PROTNONE) && !m.has(0, 4, EntryFlags::PROTNONE), "H11");
    m.all(&[read(0, 3), fork(0, 1), numa_hint(0, 0, 8)]);
    assert!(!m.has(0, 3, EntryFlags::PROTNONE), "H11");
}

#[test]
fn merged_bits_are_reported() {
    let mut m = Machine::with(merging());
    m.all(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 0, b'a'), fork(0, 1), exit(0), read(1, 2)]);
    m.apply(mprotect(1, 0, 8, R));
    let gained: Vec<u32> = m
        .choices
        .iter()
        .map(|choice| match choice {
            Choice::Merged { vpn, young: true, dirty: false, .. } => vpn.0,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(gained, [0, 1, 3], "BT4: page 2 was young");
    assert!((0..4).all(|vpn| m.has(1, vpn, EntryFlags::YOUNG)), "BT4");
}

#[test]
fn clearing_soft_dirty_bits_takes_write_but_not_from_pinned_pages() {
    let mut m = Machine::tracking();
    m.all(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), pin_rw(0, 4, 1, 0), clear_refs(0)]);
    assert!(!m.has(0, 3, EntryFlags::WRITE) && !m.has(0, 3, EntryFlags::SOFT_DIRTY), "Z4");
    assert!(m.has(0, 4, EntryFlags::WRITE.with(EntryFlags::SOFT_DIRTY)), "Z4");
    assert!(m.page(0, 3).exclusive, "Z4: PAE untouched");
    m.apply(write(0, 3, b'b'));
    assert!(m.has(0, 3, EntryFlags::WRITE.with(EntryFlags::SOFT_DIRTY)), "Z4");
}

#[test]
fn without_tracking_there_is_nothing_to_clear() {
    assert_eq!(Machine::new().apply(clear_refs(0)), err(Errno::EINVAL));
}

#[test]
fn mprotect_does_not_upgrade_what_must_fault_for_soft_dirty() {
    let mut m = Machine::tracking();
    m.all(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), clear_refs(0)]);
    m.all(&[mprotect(0, 0, 8, R), mprotect(0, 0, 8, RW)]);
    assert!(!m.has(0, 3, EntryFlags::WRITE), "H3");
}

#[test]
fn guards_are_left_alone() {
    let m = Machine::after(&[
        mmap(0, 0, 8, RW),
        madvise(0, 3, 1, Advice::GuardInstall),
        mprotect(0, 0, 8, R),
    ]);
    assert_eq!(m.kind(0, 3), Some(EntryKind::Guard), "H6");
}
