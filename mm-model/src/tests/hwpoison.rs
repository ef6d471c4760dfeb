//! Area Q: poisoned pages, and pages moved away before they are.

use super::support::*;
use mm_ops::{Advice, EntryKind, Errno, FolioFlags, Op, Outcome, Token};

/// Page 3 holds `a`, page 5 `b`.
fn pages() -> Machine {
    Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), write(0, 5, b'b')])
}

/// The same, but page 3 was never written through its entry: its content came by a copy.
fn clean_page() -> Machine {
    let mut m = pages();
    m.all(&[fork(0, 1), pin_r(1, 3, 1, 0), put(0), exit(0)]);
    m
}

#[test]
fn a_dirty_page_kills_the_caller() {
    let mut m = pages();
    assert_eq!(m.apply(hwpoison(0, 3)), Outcome::Bus, "Q1");
    assert_eq!((m.kind(0, 3), m.rss(0)), (Some(EntryKind::Hwpoison), 1), "Q1");
    let folio = m.folio_named(0, 3);
    assert_eq!((folio.refcount, folio.mapcount), (1, 0), "Q2: the poison's reference");
    assert!(!folio.flags.has(FolioFlags::LRU), "Q1");
    assert_eq!(m.apply(read(0, 3)), Outcome::Bus, "Q3");
    assert_eq!(m.apply(get_r(0, 3, 1, 0)), err(Errno::EFAULT), "Q3");
    assert_eq!(m.apply(hwpoison(0, 3)), err(Errno::EFAULT), "Q6: the GUP fails");
}

#[test]
fn a_clean_page_is_missed_later() {
    let mut m = clean_page();
    assert_eq!(m.apply(hwpoison(1, 3)), Outcome::Ok, "Q1");
    assert_eq!(m.apply(read(1, 3)), Outcome::Bus, "Q3");
}

#[test]
fn every_mapping_goes() {
    let mut m = pages();
    m.all(&[fork(0, 1), hwpoison(1, 3)]);
    assert_eq!(m.kind(0, 3), Some(EntryKind::Hwpoison), "Q1");
    m.all(&[fork(0, 2)]);
    assert_eq!((m.kind(2, 3), m.rss(2)), (Some(EntryKind::Hwpoison), 1), "C14");
    m.apply(mprotect(0, 0, 8, R));
    assert_eq!(m.kind(0, 3), Some(EntryKind::Hwpoison), "Q3, H6");
}

#[test]
fn discarding_gives_a_fresh_page() {
    for advice in [Advice::DontNeed, Advice::Free] {
        let mut m = pages();
        m.all(&[hwpoison(0, 3), madvise(0, 3, 1, advice)]);
        assert_eq!(m.kind(0, 3), None, "Q3, I2, I6");
        assert_eq!(m.snapshot().folios.len(), 1, "Q2: retired, and named by nobody");
        m.apply(write(0, 3, b'c'));
        assert_eq!(m.label(0, 3), b'c');
        assert!(!m.page(0, 3).hwpoison, "Q2: never handed out again");
    }
}

#[test]
fn who_refers_to_the_page_makes_it_a_failure() {
    let mut m = clean_page();
    m.apply(get_r(1, 3, 1, 0));
    assert_eq!(m.apply(hwpoison(1, 3)), err(Errno::EBUSY), "Q4");
    assert_eq!(m.kind(1, 3), Some(EntryKind::Hwpoison), "Q4: unmapped all the same");
    let mut m = pages();
    m.apply(isolate(0, 3, 0));
    assert_eq!(m.apply(hwpoison(0, 3)), err(Errno::EBUSY), "Q1: not on the LRU");
    assert_eq!(m.kind(0, 3), Some(EntryKind::Page), "Q1: nothing unmapped");
    assert_eq!(m.apply(hwpoison(0, 3)), Outcome::Bus, "Q1: already poisoned");
}

#[test]
fn a_large_folio_is_split_first() {
    let mut m =
        Machine::after(&[thp(&[3]), mmap(0, 0, 16, RW), write(0, 3, b'a'), write(0, 5, b'b')]);
    assert_eq!(m.apply(hwpoison(0, 3)), Outcome::Bus, "Q1");
    assert_eq!((m.kind(0, 3), m.label(0, 5)), (Some(EntryKind::Hwpoison), b'b'), "Q1");
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 16, RW), write(0, 3, b'a')]);
    m.all(&[get_r(0, 6, 1, 0)]);
    assert_eq!(m.apply(hwpoison(0, 3)), Outcome::Bus, "Q1: the split fails");
    assert_eq!(m.kind(0, 0), Some(EntryKind::Leaf), "Q1");
    m.apply(put(0));
    assert_eq!(m.folio(0, 0).refcount, 1, "Q1: no reference is left");
}

#[test]
fn poison_does_not_migrate() {
    let mut m =
        Machine::after(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 1, b'a'), write(0, 3, b'b')]);
    m.all(&[get_r(0, 0, 1, 0), hwpoison(0, 3), put(0), migrate(0, 1, 0)]);
    assert_eq!(m.kind(0, 3), Some(EntryKind::Hwpoison), "F3");
    m.all(&[migrate_copy(0), migrate_end(0)]);
    assert_eq!((m.label(0, 1), m.page(0, 1).hwpoison), (b'a', false), "F7");
    let retired = m.folio_named(0, 3);
    assert_eq!((retired.order.0, retired.refcount), (0, 1), "Q2: kept by its poison alone");
}

#[test]
fn a_page_that_nobody_can_read_is_told_by_gup() {
    let mut m = Machine::after(&[mmap(0, 0, 8, NONE)]);
    assert_eq!(m.apply(hwpoison(0, 3)), err(Errno::EFAULT), "Q6");
    assert_eq!(m.apply(hwpoison(0, 30)), err(Errno::EFAULT), "Q6");
    m.apply(mprotect(0, 0, 8, R));
    assert_eq!(m.apply(hwpoison(0, 3)), err(Errno::EBUSY), "Q1, Q6: the zero page");
    assert_eq!(m.kind(0, 3), Some(EntryKind::ZeroPage), "Q6: the hole was faulted in");
}

#[test]
fn a_soft_offlined_page_lives_on_elsewhere() {
    let mut m = pages();
    m.apply(fork(0, 1));
    let before = m.snapshot().entries;
    assert_eq!(m.apply(soft_offline(0, 3)), Outcome::Ok, "Q6");
    assert_eq!(m.snapshot().entries.len(), before.len());
    assert_eq!((m.label(0, 3), m.label(1, 3)), (b'a', b'a'), "Q6");
    assert!(!m.page(0, 3).hwpoison && m.snapshot().folios.len() == 2, "Q6: the page is retired");
}

#[test]
fn a_page_in_use_stays() {
    for circumstance in [get_r(0, 3, 1, 0), pin_rw(0, 3, 1, 0), isolate(0, 3, 0)] {
        let mut m = pages();
        m.apply(circumstance);
        let before = m.snapshot().entries;
        assert_eq!(m.apply(soft_offline(0, 3)), err(Errno::EBUSY), "Q6: {circumstance:?}");
        assert_eq!(m.snapshot().entries, before, "Q6");
    }
    let mut m = pages();
    m.apply(lock(0, 3, 0));
    assert_eq!(m.apply(soft_offline(0, 3)), err(Errno::EINTR), "it would wait for the lock");
    assert_eq!(m.apply(hwpoison(0, 3)), err(Errno::EINTR), "it would wait for the lock");
}

#[test]
fn a_dirty_page_in_the_swap_cache_kills_who_comes_back() {
    let mut m = pages();
    let failed = Op::WriteDone { token: Token(0), error: true };
    m.all(&[swap_out_slowly(0, 3, 0), read(0, 3), failed]);
    let folio = m.folio(0, 3);
    assert!(folio.flags.has(FolioFlags::SWAPCACHE.with(FolioFlags::DIRTY)));
    assert_eq!(m.apply(hwpoison(0, 3)), Outcome::Bus, "Q1");
    assert_eq!(m.kind(0, 3), Some(EntryKind::Swap), "Q1");
    assert_eq!(m.apply(read(0, 3)), Outcome::Bus, "Q5");
    assert_eq!(m.apply(Op::Swapoff), Outcome::Ok);
    assert_eq!((m.kind(0, 3), m.rss(0)), (Some(EntryKind::Hwpoison), 1), "Q5, E17");
}

#[test]
fn a_clean_page_in_the_swap_cache_is_read_again() {
    let mut m = pages();
    m.all(&[swap_out_slowly(0, 3, 0), read(0, 3), write_done(0)]);
    assert_eq!(m.apply(hwpoison(0, 3)), Outcome::Ok, "Q1");
    assert_eq!((m.label(0, 3), m.page(0, 3).hwpoison), (b'a', false), "Q1");
}

#[test]
fn a_pin_keeps_a_cached_page_mapped() {
    let mut m = pages();
    let failed = Op::WriteDone { token: Token(0), error: true };
    m.all(&[swap_out_slowly(0, 3, 0), read(0, 3), failed, pin_r(0, 3, 1, 0)]);
    assert_eq!(m.apply(hwpoison(0, 3)), Outcome::Bus, "Q4");
    assert_eq!(m.kind(0, 3), Some(EntryKind::Page), "Q4");
}
