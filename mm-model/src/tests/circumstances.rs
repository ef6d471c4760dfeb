//! Circumstances as operations, and the machine as a whole.

use super::support::*;
use mm_ops::{Config, Errno, FolioFlags, Mm, Outcome};

#[test]
fn tokens_are_checked() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), read(0, 4)]);
    assert_eq!(m.apply(lock(0, 3, 8)), err(Errno::EINVAL));
    assert_eq!(m.apply(lock(0, 4, 0)), err(Errno::EFAULT), "the zero page");
    assert_eq!(m.apply(lock(0, 5, 0)), err(Errno::EFAULT), "nothing there");
    assert_eq!(m.apply(lock(0, 3, 0)), Outcome::Ok);
    assert_eq!(m.apply(lock(0, 3, 0)), err(Errno::EBUSY));
    assert_eq!(m.apply(lock(0, 3, 1)), err(Errno::EAGAIN));
    assert_eq!(m.apply(isolate(0, 3, 1)), Outcome::Ok);
    assert_eq!(m.apply(isolate(0, 3, 2)), err(Errno::EAGAIN));
    assert_eq!(m.apply(drop_token(2)), err(Errno::EBADF));
}

#[test]
fn an_isolation_holds_a_reference_and_takes_the_folio_off_the_lru() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), isolate(0, 3, 0)]);
    assert_eq!(m.folio(0, 3).refcount, 2);
    assert!(!m.folio(0, 3).flags.has(FolioFlags::LRU));
    m.apply(munmap(0, 0, 8));
    assert_eq!(m.snapshot().folios.len(), 1, "the reference keeps it");
    m.apply(drop_token(0));
    assert!(m.snapshot().folios.is_empty());
}

#[test]
fn a_freed_folio_takes_its_lock_with_it() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 3, b'a'), lock(0, 3, 0)]);
    m.all(&[munmap(0, 0, 8), mmap(0, 0, 8, RW), write(0, 3, b'b')]);
    assert_eq!(m.snapshot().tokens[0].folio, None);
    assert!(!m.folio(0, 3).flags.has(FolioFlags::LOCKED));
    assert_eq!(m.apply(drop_token(0)), Outcome::Ok);
}

#[test]
fn a_reset_machine_is_a_fresh_one() {
    let ops = [
        thp(&[2, 3]),
        mmap(0, 0, 24, RW),
        write(0, 3, b'a'),
        pin_rw(0, 3, 2, 0),
        fork(0, 1),
        lock(0, 9, 0),
        write(1, 9, b'b'),
        fail_alloc(1),
    ];
    let mut m = Machine::after(&ops);
    for ptes in [4, 8, 64] {
        let config = Config { ptes, ..Config::default() };
        m.model.reset(&config);
        m.config = config;
        let mut fresh = Machine::with(config);
        assert_eq!(m.snapshot(), fresh.snapshot());
        for op in ops {
            assert_eq!(m.apply(op), fresh.apply(op), "{op:?}");
            assert_eq!(m.snapshot(), fresh.snapshot(), "{op:?}");
        }
    }
}

#[test]
fn a_gigabyte_is_sparse() {
    let mut m = Machine::with(Config { ptes: 512, ..Config::default() });
    let space = m.config.space_pages();
    m.all(&[mmap(0, 0, space, RW), write(0, 0, b'a'), write(0, space - 1, b'b'), fork(0, 1)]);
    assert_eq!((m.label(1, space - 1), m.snapshot().tables.len()), (b'b', 8));
    m.all(&[mprotect(0, 0, space, R), munmap(0, 1, space - 2), exit(0), exit(1)]);
    assert_eq!(m.model.tables.in_use(), 0);
}

#[test]
fn dead_processes_answer_esrch() {
    let mut m = Machine::new();
    assert_eq!(m.apply(mmap(3, 0, 8, RW)), err(Errno::ESRCH));
    assert_eq!(m.apply(lock(200, 0, 99)), err(Errno::ESRCH));
}
