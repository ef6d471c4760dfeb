//! Area I: munmap, DONTNEED, FREE, guards, exit.

use super::support::*;
use mm_ops::{Advice, EntryFlags, EntryKind, Errno, FolioFlags, Outcome, VmaFlags};

#[test]
fn munmap_takes_pages_and_tables() {
    let mut m = Machine::after(&[mmap(0, 0, 16, RW), write(0, 3, b'a'), write(0, 9, b'b')]);
    assert_eq!(m.snapshot().tables.len(), 3);
    m.apply(munmap(0, 0, 8));
    assert_eq!((m.rss(0), m.snapshot().tables.len()), (1, 2), "I1, I14");
    assert_eq!(m.apply(read(0, 3)), Outcome::Segv);
    m.apply(munmap(0, 8, 8));
    assert!(m.snapshot().tables.is_empty(), "I14");
}

#[test]
fn a_table_stays_while_a_vma_overlaps_its_span() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), munmap(0, 0, 7)]);
    assert_eq!(m.snapshot().tables.len(), 2, "I14");
    m.apply(munmap(0, 7, 1));
    assert!(m.snapshot().tables.is_empty(), "I14");
}

#[test]
fn munmap_checks_its_arguments() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), mmap(0, 16, 8, RW), mseal(0, 18, 1)]);
    let space = m.config.space_pages();
    assert_eq!(m.apply(munmap(0, 0, 0)), err(Errno::EINVAL));
    assert_eq!(m.apply(munmap(0, space - 1, 2)), err(Errno::EINVAL));
    let before = m.snapshot();
    assert_eq!(m.apply(munmap(0, 0, 20)), err(Errno::EPERM));
    assert_eq!(m.snapshot(), before, "nothing is changed");
    assert_eq!(m.apply(munmap(0, 4, 16)), err(Errno::EPERM));
    assert_eq!(m.snapshot().vmas.len(), before.vmas.len() + 1, "the front was split first");
    assert_eq!(m.apply(munmap(0, 4, 8)), Outcome::Ok, "holes are fine");
}

#[test]
fn dontneed_of_a_whole_block_frees_its_table() {
    let mut m = Machine::after(&[mmap(0, 0, 16, RW), write(0, 3, b'a'), write(0, 9, b'b')]);
    m.apply(madvise(0, 0, 12, Advice::DontNeed));
    assert_eq!(m.snapshot().tables.len(), 2, "I14: the second block is covered in part");
    assert_eq!(m.label(0, 3), 0, "I5");
}

#[test]
fn dontneed_keeps_guards_and_with_them_the_table() {
    let m = Machine::after(&[
        mmap(0, 0, 8, RW),
        madvise(0, 3, 1, Advice::GuardInstall),
        madvise(0, 0, 8, Advice::DontNeed),
    ]);
    assert_eq!(m.kind(0, 3), Some(EntryKind::Guard), "I3, I14");
}

#[test]
fn locked_memory_is_not_discarded() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), mlock(0, 0, 8)]);
    assert_eq!(m.apply(madvise(0, 0, 8, Advice::DontNeed)), err(Errno::EINVAL), "I5");
    assert_eq!(m.apply(madvise(0, 0, 8, Advice::Free)), err(Errno::EINVAL), "I6");
    assert_eq!(m.apply(madvise(0, 0, 8, Advice::GuardInstall)), err(Errno::EINVAL), "I12");
    assert_eq!(m.apply(madvise(0, 0, 8, Advice::DontNeedLocked)), Outcome::Ok, "I5");
    assert_eq!(m.rss(0), 0);
}

#[test]
fn holes_are_remembered() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), write(0, 3, b'a'), mmap(0, 6, 2, RW)]);
    m.apply(write(0, 6, b'b'));
    assert_eq!(m.apply(madvise(0, 0, 8, Advice::DontNeed)), err(Errno::ENOMEM), "I17");
    assert_eq!(m.rss(0), 0, "I17: and the work is done");
}

#[test]
fn sealed_read_only_memory_is_not_discarded() {
    let mut m = Machine::after(&[mmap(0, 0, 4, R), mmap(0, 8, 4, RW)]);
    m.all(&[mseal(0, 0, 4), mseal(0, 8, 4)]);
    assert_eq!(m.apply(madvise(0, 0, 4, Advice::DontNeed)), err(Errno::EPERM));
    assert_eq!(m.apply(madvise(0, 0, 4, Advice::HugePage)), Outcome::Ok);
    assert_eq!(m.apply(madvise(0, 8, 4, Advice::DontNeed)), Outcome::Ok);
}

#[test]
fn free_makes_pages_clean_and_lazily_freeable() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a')]);
    m.apply(madvise(0, 0, 8, Advice::Free));
    assert!(!m.folio(0, 3).flags.has(FolioFlags::SWAPBACKED), "I6");
    assert_eq!(m.entry(0, 3).unwrap().flags, EntryFlags::WRITE, "I6: W is kept");
    assert_eq!(m.label(0, 3), b'a', "I8");
}

#[test]
fn free_of_a_shared_clean_folio_is_not_refused() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), fork(0, 1)]);
    m.apply(madvise(0, 0, 8, Advice::Free));
    assert!(!m.folio(0, 3).flags.has(FolioFlags::SWAPBACKED), "I7");
    assert!(m.has(1, 3, EntryFlags::DIRTY), "I7: the other entry stays dirty");
}

#[test]
fn free_skips_a_shared_dirty_folio_and_a_locked_one() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), get_r(0, 3, 1, 0)]);
    m.apply(mm_ops::Op::Put { handle: mm_ops::Handle(0), dirty: true });
    m.all(&[lock(0, 3, 0), madvise(0, 0, 8, Advice::Free)]);
    assert!(m.folio(0, 3).flags.has(FolioFlags::DIRTY), "I6: trylock");
    m.all(&[drop_token(0), fork(0, 1), madvise(0, 0, 8, Advice::Free)]);
    assert!(m.folio(0, 3).flags.has(FolioFlags::DIRTY.with(FolioFlags::SWAPBACKED)), "I6: MC");
    m.all(&[exit(1), madvise(0, 0, 8, Advice::Free)]);
    assert!(!m.folio(0, 3).flags.has(FolioFlags::DIRTY), "I6");
}

#[test]
fn free_of_an_isolated_folio_does_not_mark_it() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), isolate(0, 3, 0)]);
    m.apply(madvise(0, 0, 8, Advice::Free));
    assert!(m.folio(0, 3).flags.has(FolioFlags::SWAPBACKED), "I6: not on the LRU");
}

#[test]
fn free_of_a_whole_leaf_keeps_it() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), write(0, 3, b'a')]);
    m.apply(madvise(0, 0, 8, Advice::Free));
    assert_eq!(m.kind(0, 0), Some(EntryKind::Leaf), "I10");
    assert_eq!(m.entry(0, 0).unwrap().flags, EntryFlags::WRITE, "I10");
    assert!(!m.folio(0, 0).flags.has(FolioFlags::SWAPBACKED), "I10");
}

#[test]
fn guards_replace_what_is_mapped() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), write(0, 6, b'b')]);
    m.apply(madvise(0, 2, 3, Advice::GuardInstall));
    assert_eq!(m.apply(read(0, 3)), Outcome::Segv, "I12");
    assert_eq!((m.rss(0), m.label(0, 6)), (1, b'b'), "I12");
    m.apply(madvise(0, 0, 8, Advice::GuardRemove));
    assert_eq!(m.label(0, 3), 0, "I3");
}

#[test]
fn exit_gives_everything_back() {
    let mut m = Machine::after(&[
        thp(&[2, 3]),
        mmap(0, 0, 24, RW),
        write(0, 3, b'a'),
        madvise(0, 8, 8, Advice::NoHugePage),
        write(0, 9, b'b'),
        madvise(0, 12, 2, Advice::GuardInstall),
        fork(0, 1),
        exit(0),
    ]);
    assert_eq!(m.label(1, 3), b'a', "I13");
    m.apply(exit(1));
    let snapshot = m.snapshot();
    assert!(snapshot.mms.is_empty() && snapshot.folios.is_empty(), "I13");
    assert_eq!(m.model.tables.in_use(), 0, "I13");
}

#[test]
fn flag_advices_split_and_merge() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), madvise(0, 2, 2, Advice::DontFork)]);
    assert_eq!(m.vmas(0), [(0, 2), (2, 4), (4, 8)], "I11, L11");
    m.apply(madvise(0, 0, 8, Advice::DoFork));
    assert_eq!(m.vmas(0), [(0, 8)], "I11, L10");
    m.apply(madvise(0, 0, 8, Advice::HugePage));
    m.apply(madvise(0, 0, 8, Advice::NoHugePage));
    assert!(m.vma_has(0, 0, VmaFlags::NOHUGEPAGE) && !m.vma_has(0, 0, VmaFlags::HUGEPAGE));
    m.apply(mmap_droppable(0, 16, 4));
    assert_eq!(m.apply(madvise(0, 16, 4, Advice::KeepOnFork)), err(Errno::EINVAL), "I11");
}

#[test]
fn populate_stops_at_the_first_hole_or_error() {
    let mut m = Machine::after(&[mmap(0, 0, 4, RW), mmap(0, 6, 2, R)]);
    assert_eq!(m.apply(madvise(0, 0, 8, Advice::PopulateWrite)), err(Errno::ENOMEM), "A13");
    assert_eq!(m.rss(0), 4, "A13");
    assert_eq!(m.apply(madvise(0, 6, 2, Advice::PopulateWrite)), err(Errno::EINVAL), "A13");
    m.apply(madvise(0, 6, 1, Advice::GuardInstall));
    assert_eq!(m.apply(madvise(0, 6, 2, Advice::PopulateRead)), err(Errno::EFAULT), "A13");
}
