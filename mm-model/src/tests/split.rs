//! The split of folios (G7 to G11, G22) and the deferred-split queue (G12, G13).

use super::support::*;
use mm_ops::{Advice, EntryFlags, EntryKind, Errno, FolioFlags, Op, Order, Outcome, Pid, Vpn};

/// Every page of a PMD leaf of 16 pages is written.
fn leaf() -> Machine {
    let config = mm_ops::Config { ptes: 16, ..mm_ops::Config::default() };
    let mut m = Machine::with(config);
    m.all(&[thp(&[4]), mmap(0, 0, 32, RW)]);
    (0..16).for_each(|vpn| m.all(&[write(0, vpn, b'a' + vpn as u8)]));
    m
}

fn orders(m: &Machine, pid: u8) -> Vec<u8> {
    (0..16).map(|vpn| m.folio(pid, vpn).order.0).collect()
}

#[test]
fn a_uniform_split_makes_equal_pieces() {
    let mut m = leaf();
    assert_eq!(m.apply(split(0, 3, 2)), Outcome::Ok);
    assert_eq!(orders(&m, 0), [2; 16], "G9");
    let piece = m.folio(0, 4);
    assert_eq!((piece.index, piece.refcount, piece.mapcount), (4, 4, 4), "G9, G10");
    assert_eq!(piece.mm_slots[0], (Pid(0), 4), "G9: tracking starts fresh");
    assert!(!piece.flags.has(FolioFlags::DEFERRED), "G9: no piece is queued");
    assert!((0..16).all(|vpn| m.has(0, vpn, EntryFlags::WRITE) && m.page(0, vpn).exclusive), "F8");
    assert!((0..16).all(|vpn| m.label(0, vpn) == b'a' + vpn as u8), "INV25");
}

#[test]
fn a_nonuniform_split_halves_towards_the_page() {
    let mut m = leaf();
    let op = Op::Split { pid: Pid(0), vpn: Vpn(9), order: Order(0), nonuniform: true };
    assert_eq!(m.apply(op), Outcome::Ok);
    assert_eq!(orders(&m, 0), [3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 2, 2, 2, 2], "G22");
    assert!((0..16).all(|vpn| m.label(0, vpn) == b'a' + vpn as u8), "INV25");
}

#[test]
fn a_shared_leaf_is_split_in_both_processes() {
    let mut m = leaf();
    m.all(&[fork(0, 1), split(1, 3, 0)]);
    assert_eq!((orders(&m, 0), orders(&m, 1)), (vec![0; 16], vec![0; 16]), "F4, G3");
    assert!(!m.page(0, 3).exclusive && m.page(0, 3).mapcount == 2, "G9");
}

#[test]
fn large_pieces_keep_their_zero_filled_pages() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), write(0, 3, b'a')]);
    m.apply(split(0, 3, 2));
    assert_eq!((m.kind(0, 1), m.kind(0, 5)), (Some(EntryKind::Page), Some(EntryKind::Page)), "F9");
    m.apply(split(0, 3, 0));
    assert_eq!((m.kind(0, 1), m.rss(0)), (Some(EntryKind::ZeroPage), 5), "F9");
}

#[test]
fn a_split_has_its_errors() {
    let mut m = leaf();
    assert_eq!(m.apply(split(0, 20, 0)), err(Errno::EFAULT));
    assert_eq!(m.apply(split(0, 3, 4)), err(Errno::EINVAL), "G7");
    assert_eq!(m.apply(split(0, 3, 1)), err(Errno::EINVAL), "G7");
    let before = m.snapshot();
    m.apply(get_r(0, 7, 1, 0));
    assert_eq!(m.apply(split(0, 3, 0)), err(Errno::EAGAIN), "G7");
    m.apply(put(0));
    assert_eq!(m.snapshot(), before, "G7: nothing touched");
    m.apply(lock(0, 7, 0));
    assert_eq!(m.apply(split(0, 3, 0)), err(Errno::EAGAIN));
}

#[test]
fn the_queue_keeps_its_order() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 24, RW)]);
    m.all(&[write(0, 0, b'a'), write(0, 8, b'b'), write(0, 16, b'c')]);
    let snapshot = m.snapshot();
    assert_eq!(snapshot.deferred, [0, 1, 2], "A7");
    m.all(&[madvise(0, 8, 8, Advice::DontNeed), write(0, 8, b'd')]);
    let heads: Vec<u32> =
        m.snapshot().deferred.iter().map(|id| m.snapshot().folios[*id as usize].index).collect();
    assert_eq!(heads, [0, 16, 8], "G12: freed folios leave, new ones come last");
}

#[test]
fn the_shrinker_splits_what_is_partially_mapped() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 24, RW)]);
    m.all(&[write(0, 0, b'a'), write(0, 9, b'b'), write(0, 16, b'c'), munmap(0, 8, 1)]);
    m.apply(deferred_scan(2));
    assert_eq!((m.folio(0, 0).order.0, m.folio(0, 9).order.0), (3, 0), "G13");
    assert_eq!(m.snapshot().deferred.len(), 1, "G13: the others are forgotten");
    assert_eq!(m.label(0, 9), b'b');
}

#[test]
fn what_cannot_be_split_stays_queued() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 24, RW)]);
    m.all(&[write(0, 0, b'a'), write(0, 9, b'b'), write(0, 16, b'c'), munmap(0, 8, 1)]);
    m.all(&[get_r(0, 9, 1, 0), deferred_scan(3)]);
    assert_eq!(m.snapshot().deferred.len(), 1, "G13");
    assert!(m.folio(0, 9).flags.has(FolioFlags::DEFERRED), "G13");
}
