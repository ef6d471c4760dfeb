//! Area P: merging, unmerging, and what a KSM page is to everybody else.

use super::support::*;
use mm_ops::{Advice, EntryFlags, EntryKind, Errno, FolioFlags, NO_ANON_VMA, Outcome};

/// Pages 3 and 5 hold `a`, page 6 `b`, page 7 zeros.
fn pages() -> Machine {
    let mut m = Machine::after(&[mmap(0, 0, 16, RW), madvise(0, 0, 16, Advice::Mergeable)]);
    m.all(&[write(0, 3, b'a'), write(0, 5, b'a'), write(0, 6, b'b'), write(0, 7, 0)]);
    m
}

#[test]
fn two_equal_pages_become_one() {
    let mut m = pages();
    assert_eq!(m.apply(ksm(0, 3, 0, 5)), Outcome::Ok, "P3");
    let folio = m.folio(0, 3);
    assert!(folio.flags.has(FolioFlags::KSM.with(FolioFlags::DIRTY)), "P3");
    assert_eq!((folio.mapcount, folio.refcount, folio.mapping), (2, 2, NO_ANON_VMA), "P3");
    for vpn in [3, 5] {
        let flags = m.entry(0, vpn).expect("mapped").flags;
        assert!(!flags.has(EntryFlags::WRITE) && !flags.has(EntryFlags::DIRTY), "P2, P3");
        assert_eq!(m.label(0, vpn), b'a', "INV25");
    }
    assert_eq!(m.rss(0), 4, "P3");
    assert_eq!(m.apply(ksm(0, 5, 0, 3)), Outcome::Ok, "the same page already");
}

#[test]
fn a_write_copies_and_a_pin_unshares() {
    let mut m = pages();
    m.all(&[ksm(0, 3, 0, 5), write(0, 5, b'c')]);
    assert_eq!((m.label(0, 3), m.label(0, 5)), (b'a', b'c'), "B11");
    m.apply(write(0, 3, b'd'));
    assert!(!m.folio(0, 3).flags.has(FolioFlags::KSM), "B11: not even the last one is reused");
    let mut m = pages();
    m.all(&[ksm(0, 3, 0, 5), pin_r(0, 3, 1, 0)]);
    assert!(m.page(0, 3).exclusive && !m.folio(0, 3).flags.has(FolioFlags::KSM), "P5");
}

#[test]
fn further_pages_join_from_either_side() {
    let mut m = pages();
    m.all(&[ksm(0, 3, 0, 5), write(0, 9, b'a'), write(0, 10, b'a')]);
    assert_eq!(m.apply(ksm(0, 9, 0, 5)), Outcome::Ok);
    assert_eq!(m.apply(ksm(0, 3, 0, 10)), Outcome::Ok);
    assert_eq!(m.folio(0, 3).mapcount, 4);
    m.all(&[write(0, 11, b'a'), write(0, 12, b'a'), ksm(0, 11, 0, 12)]);
    assert_eq!(m.apply(ksm(0, 3, 0, 11)), err(Errno::EINVAL), "two KSM pages");
}

#[test]
fn candidates_have_their_errors() {
    let mut m = pages();
    m.apply(madvise(0, 6, 1, Advice::Unmergeable));
    assert_eq!(m.apply(ksm(0, 3, 0, 6)), err(Errno::EFAULT), "P1: not MERGEABLE");
    assert_eq!(m.apply(ksm(0, 3, 0, 4)), err(Errno::EFAULT), "P1: no page");
    assert_eq!(m.apply(ksm(0, 3, 0, 7)), err(Errno::EINVAL), "different content");
    assert_eq!(m.apply(ksm(0, 3, 1, 5)), err(Errno::ESRCH));
    assert_eq!(m.apply(ksm_zero(0, 3)), err(Errno::EINVAL));
}

#[test]
fn a_reference_or_lock_is_in_the_way() {
    for (at, circumstance) in [(3, get_r(0, 3, 1, 0)), (3, lock(0, 3, 0)), (3, pin_rw(0, 3, 1, 0))]
    {
        let mut m = pages();
        m.apply(circumstance);
        assert_eq!(m.apply(ksm(0, at, 0, 5)), err(Errno::EAGAIN), "P1, P2: {circumstance:?}");
        assert!(m.has(0, 3, EntryFlags::WRITE) && m.page(0, 3).exclusive, "P2: restored");
    }
}

#[test]
fn a_failed_second_page_unmerges_the_first() {
    let mut m = pages();
    m.all(&[get_r(0, 5, 1, 0)]);
    assert_eq!(m.apply(ksm(0, 3, 0, 5)), err(Errno::EAGAIN), "P4");
    assert!(!m.folio(0, 3).flags.has(FolioFlags::KSM), "P4: break_cow");
    assert!(m.page(0, 3).exclusive && !m.has(0, 3, EntryFlags::WRITE), "P4, B9");
}

#[test]
fn a_leaf_is_split_first() {
    let mut m =
        Machine::after(&[thp(&[3]), mmap(0, 0, 16, RW), write(0, 3, b'a'), write(0, 9, b'a')]);
    m.all(&[madvise(0, 0, 16, Advice::Mergeable)]);
    assert_eq!(m.apply(ksm(0, 3, 0, 9)), Outcome::Ok, "P1");
    assert_eq!(m.folio(0, 3).order.0, 0, "P1, P8");
    assert_eq!(m.folio(0, 9).mapcount, 2);
}

#[test]
fn zeros_become_the_zero_page() {
    let mut m = pages();
    assert_eq!(m.apply(ksm_zero(0, 7)), Outcome::Ok, "P3");
    assert_eq!((m.kind(0, 7), m.rss(0)), (Some(EntryKind::ZeroPage), 3), "P3");
    assert!(m.has(0, 7, EntryFlags::DIRTY), "S4b");
    m.apply(madvise(0, 0, 8, Advice::Unmergeable));
    assert_eq!((m.kind(0, 7), m.rss(0)), (Some(EntryKind::Page), 4), "P6");
}

#[test]
fn unmerging_gives_everyone_a_page() {
    let mut m = pages();
    m.all(&[ksm(0, 3, 0, 5), fork(0, 1), madvise(0, 0, 16, Advice::Unmergeable)]);
    for vpn in [3, 5] {
        assert!(m.page(0, vpn).exclusive && !m.has(0, vpn, EntryFlags::WRITE), "P6");
        assert!(m.folio(1, vpn).flags.has(FolioFlags::KSM), "P5: the child still shares");
    }
}

#[test]
fn unmerging_can_run_out_of_memory() {
    let mut m = pages();
    m.all(&[ksm(0, 3, 0, 5), fail_alloc(2)]);
    assert_eq!(m.apply(madvise(0, 0, 16, Advice::Unmergeable)), err(Errno::EAGAIN), "P6");
    let ksm = |m: &Machine, vpn| m.folio(0, vpn).flags.has(FolioFlags::KSM);
    assert_eq!((ksm(&m, 3), ksm(&m, 5)), (false, true), "P6");
}

#[test]
fn a_ksm_page_migrates_with_all_its_mappings() {
    let mut m = pages();
    m.all(&[ksm(0, 3, 0, 5), fork(0, 1), migrate(1, 5, 0)]);
    assert_eq!(m.kind(0, 3), Some(EntryKind::Migration), "L13");
    assert_eq!(m.apply(madvise(0, 0, 8, Advice::Unmergeable)), err(Errno::EINTR), "P6");
    m.all(&[migrate_copy(0)]);
    assert_eq!(m.apply(madvise(0, 0, 8, Advice::Unmergeable)), err(Errno::EINTR), "P6");
    m.all(&[migrate_end(0)]);
    assert_eq!(m.folio(0, 3).mapcount, 4, "L13, F8");
    assert!(m.folio(0, 3).flags.has(FolioFlags::KSM), "F7");
}

#[test]
fn a_ksm_page_twice_in_a_block_is_not_collapsed() {
    let mut m = pages();
    m.apply(ksm(0, 3, 0, 5));
    assert_eq!(m.apply(madvise(0, 0, 8, Advice::Collapse)), err(Errno::EAGAIN), "G18");
    m.apply(write(0, 5, b'c'));
    assert_eq!(m.apply(madvise(0, 0, 8, Advice::Collapse)), Outcome::Ok, "G18");
    assert_eq!(m.label(0, 3), b'a');
}
