//! The anonmm scheme: what a page notes, who finds it, and copies in time (rulebook section M). What
//! moves, and what comes back from swap, is in `anonmm_moves`.

use super::support::*;
use mm_ops::{
    Advice, EntryFlags, EntryKind, Errno, FolioFlags, GupFlags, NO_ANON_VMA, Op, Outcome, Pid,
    Program, RACE_STEPS, Vpn,
};

/// Pages 0 and 1 of p0 hold something, of 8 that it has.
pub(super) fn written() -> Machine {
    let mut m = Machine::anonmm();
    m.all(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), write(0, 1, b'b')]);
    m
}

pub(super) fn ok(m: &mut Machine, op: Op) {
    assert_eq!(m.apply(op), Outcome::Ok, "{op:?}");
}

#[test]
fn what_came_later_does_not_exist() {
    let mut m = written();
    let before = m.snapshot();
    let later = [
        pin_rw(0, 0, 1, 0),
        thp(&[2]),
        migrate(0, 0, 0),
        ksm_zero(0, 0),
        mmap_droppable(0, 16, 4),
        madvise(0, 0, 4, Advice::Free),
        move_and_keep(0, 0, 4, 16),
        relocate_to(0, 0, 4, 16),
        dev_setup(0, 0, 4, 0),
        Op::Race { actor: mm_ops::Actor::Walk { pid: Pid(0), vpn: Vpn(0) }, at: [0; RACE_STEPS] },
    ];
    for op in later {
        assert_eq!(m.apply(op), err(Errno::ENOSYS), "{op:?}");
        assert_eq!(m.snapshot(), before, "{op:?}");
    }
    assert_eq!(m.apply(pin_rw(3, 0, 1, 0)), err(Errno::ENOSYS), "before ESRCH");
    m.all(&[fail_alloc(1), thp(&[2])]);
    assert_eq!(m.apply(write(0, 2, b'c')), Outcome::Ok, "a refused operation uses fail_alloc up");
}

#[test]
fn m1_a_fresh_machine_has_the_head() {
    assert_eq!(Machine::anonmm().records(), [(Some(0), 2)]);
    assert_eq!(Machine::new().records(), []);
    assert_eq!(written().records(), [(Some(0), 4)], "and two pages note it");
}

#[test]
fn m1_a_child_is_at_the_end_of_the_list() {
    let mut m = written();
    m.all(&[fork(0, 2), fork(2, 1), write(1, 0, b'c')]);
    assert_eq!(m.records(), [(Some(0), 6), (Some(2), 1), (Some(1), 2)]);
    m.all(&[exit(2), fork(1, 2)]);
    assert_eq!(m.records(), [(Some(0), 6), (Some(1), 2), (Some(2), 1)]);
}

#[test]
fn m1_a_record_lives_while_pages_note_it() {
    let mut m = written();
    m.all(&[fork(0, 1), write(1, 0, b'c'), fork(1, 2), exit(1)]);
    assert_eq!(m.records(), [(Some(0), 6), (None, 1), (Some(2), 1)]);
    m.all(&[munmap(2, 0, 1)]);
    assert_eq!(m.records(), [(Some(0), 5), (Some(2), 1)], "M14: the last page took it along");
}

#[test]
fn m1_the_head_goes_last() {
    let mut m = written();
    m.all(&[fork(0, 1), exit(0)]);
    assert_eq!(m.records(), [(None, 4), (Some(1), 1)]);
    m.all(&[exit(1)]);
    assert_eq!(m.records(), []);
    assert_eq!((m.snapshot().leaked_anon_vmas, m.model.anonmms.live()), (0, 0));
}

#[test]
fn m1_a_fork_without_memory_leaves_no_record() {
    // The mm, the record, the VMA, the PMD table, the PTE table.
    for nth in 1..=5 {
        let mut m = written();
        m.all(&[fail_alloc(nth)]);
        assert_eq!(m.apply(fork(0, 1)), err(Errno::ENOMEM), "{nth}");
        assert_eq!(m.records(), [(Some(0), 4)]);
        assert_eq!(m.apply(write(0, 0, b'c')), Outcome::Ok);
    }
    let mut m = written();
    m.all(&[fail_alloc(6)]);
    assert_eq!(m.apply(fork(0, 1)), Outcome::Ok, "nothing else is allocated");
}

#[test]
fn m2_a_page_notes_where_it_was_first_mapped() {
    let mut m = written();
    assert_eq!(m.noted(0, 1), (0, 1));
    m.all(&[fork(0, 1), exit(0)]);
    assert_eq!((m.noted(1, 1), m.folio(1, 1).mapcount), ((0, 1), 1), "M13: and keeps that");
    assert!(!m.page(1, 1).exclusive && m.vma(1, 1).anon_vma == NO_ANON_VMA);
}

#[test]
fn m12_contiguous_vmas_merge_wherever_they_come_from() {
    let mut m = Machine::anonmm();
    m.all(&[mmap(0, 0, 4, RW), write(0, 0, b'a'), mmap(0, 8, 4, RW), write(0, 8, b'b')]);
    m.all(&[fork(0, 1), move_to(0, 8, 4, 4)]);
    assert_eq!(m.vmas(0), [(0, 8)]);
    m.all(&[mprotect(0, 2, 2, R), mprotect(0, 2, 2, RW)]);
    assert_eq!((m.vmas(0), m.vma(0, 5).pgoff), (vec![(0, 8)], 0));
}

#[test]
fn m15_a_sole_page_is_reused() {
    let mut m = written();
    m.all(&[fork(0, 1), exit(1)]);
    let page = m.folio(0, 0);
    ok(&mut m, write(0, 0, b'c'));
    assert_eq!((m.folio(0, 0), m.records()), (page, vec![(Some(0), 4)]));
    assert!(m.has(0, 0, EntryFlags::WRITE.with(EntryFlags::DIRTY)));
}

#[test]
fn m15_references_and_locks_make_copies() {
    let get = get_r(0, 0, 1, 0);
    for holder in [get, isolate(0, 0, 0), lock(0, 0, 0)] {
        let mut m = written();
        m.all(&[fork(0, 1), exit(1), holder, fail_alloc(1)]);
        assert_eq!(m.apply(write(0, 0, b'c')), Outcome::Oom, "{holder:?}");
        assert!(!m.has(0, 0, EntryFlags::WRITE), "the entry is unchanged");
        ok(&mut m, write(0, 0, b'c'));
        assert_eq!(m.folio(0, 0).refcount, 1);
    }
}

#[test]
fn m15_a_cached_page_is_reused_unless_an_entry_names_its_slot() {
    let mut m = written();
    m.all(&[swap_out(0, 0), read(0, 0)]);
    assert!(m.folio(0, 0).refcount == 2 && !m.has(0, 0, EntryFlags::WRITE));
    m.all(&[fail_alloc(1)]);
    ok(&mut m, write(0, 0, b'c'));
    assert!(m.folio(0, 0).flags.has(FolioFlags::SWAPCACHE), "it stays there");

    let mut m = written();
    m.all(&[fork(0, 1), swap_out(0, 0), read(0, 0), fail_alloc(1)]);
    assert_eq!(m.apply(write(0, 0, b'c')), Outcome::Oom, "p1 names the slot");
    ok(&mut m, write(0, 0, b'c'));
    assert_eq!(m.label(1, 0), b'a');
}

#[test]
fn m15_the_zero_page_is_replaced() {
    let mut m = Machine::anonmm();
    m.all(&[mmap(0, 0, 8, RW), read(0, 0)]);
    assert_eq!((m.kind(0, 0), m.rss(0)), (Some(EntryKind::ZeroPage), 0));
    ok(&mut m, write(0, 0, b'a'));
    assert_eq!((m.noted(0, 0), m.rss(0)), ((0, 0), 1));
}

#[test]
fn m8_one_write_fault_is_enough_for_a_forced_write() {
    let mut m = written();
    m.all(&[fork(0, 1), mprotect(0, 0, 8, R)]);
    ok(&mut m, poke(0, 0, b'c'));
    assert!(!m.has(0, 0, EntryFlags::WRITE) && m.has(0, 0, EntryFlags::DIRTY));
    assert_eq!((m.label(0, 0), m.label(1, 0)), (b'c', b'a'));
    m.all(&[fail_alloc(1)]);
    ok(&mut m, poke(0, 0, b'd'));
    m.all(&[fork(0, 2), fail_alloc(1)]);
    assert_eq!(m.apply(poke(0, 0, b'e')), err(Errno::ENOMEM), "the fault is made again");
    ok(&mut m, poke(0, 0, b'e'));
    assert_eq!((m.label(0, 0), m.label(2, 0)), (b'e', b'd'));
}

#[test]
fn m8_a_forced_write_reaches_what_is_swapped_or_not_there() {
    let mut m = written();
    m.all(&[fork(0, 1), swap_out(0, 0), mprotect(0, 0, 8, NONE)]);
    ok(&mut m, poke(0, 0, b'c'));
    ok(&mut m, poke(0, 5, b'd'));
    let force = GupFlags { write: true, force: true, ..GupFlags::default() };
    assert_eq!(m.apply(gup(0, 0, 2, 0, force)), Outcome::Count(2));
    ok(&mut m, dma_write(0, 1, b'e'));
    assert_eq!((m.apply(peek(0, 0)), m.label(1, 1)), (value(b'c'), b'b'));
}

fn value(label: u8) -> Outcome {
    Outcome::Value(mm_ops::Value::label(label))
}

#[test]
fn m16_a_search_makes_entries_old_and_finds_all() {
    let mut m = written();
    m.all(&[fork(0, 1), fork(1, 2), read(0, 0), read(2, 0)]);
    assert_eq!(m.apply(rmap_walk(1, 0)), mapped_by(&[0, 1, 2]));
    assert_eq!(m.warnings(), (0, 0));
    for pid in 0..3 {
        assert!(!m.has(pid, 0, EntryFlags::YOUNG));
    }
    m.all(&[munmap(0, 0, 1)]);
    assert_eq!(m.apply(rmap_walk(1, 0)), mapped_by(&[1, 2]));
    assert_eq!(m.apply(rmap_walk(0, 0)), err(Errno::EFAULT));
    m.all(&[swap_out(1, 0)]);
    assert_eq!(m.apply(rmap_walk(1, 0)), err(Errno::EFAULT), "a SWAP entry maps nothing");
}

#[test]
fn m16_a_found_page_leaves_the_dead() {
    let mut m = written();
    m.all(&[fork(0, 1), write(1, 0, b'c'), fork(1, 2), fork(1, 3), exit(1)]);
    assert_eq!(m.noted(3, 0).0, 1);
    m.apply(rmap_walk(3, 0));
    assert_eq!(m.records(), [(Some(0), 6), (Some(2), 2), (Some(3), 1)], "p2 comes first");
}

#[test]
fn m16_the_search_goes_round_to_the_head() {
    let mut m = written();
    m.all(&[fork(0, 1), exit(0), fork(1, 0), exit(1)]);
    assert_eq!(m.records(), [(None, 4), (Some(0), 1)]);
    // The page of p1 is mapped by the head's child alone; p1's record is behind it in the list.
    let mut m = written();
    m.all(&[fork(0, 1), write(1, 0, b'c'), fork(1, 2), exit(0), exit(1)]);
    assert_eq!(m.apply(rmap_walk(2, 0)), mapped_by(&[2]));
    let mut m = written();
    m.all(&[swap_out(0, 0), fork(0, 1), read(1, 0), read(0, 0)]);
    assert_eq!(m.noted(0, 0), (1, 0), "p1 was the first to bring it back");
    assert_eq!(m.apply(rmap_walk(0, 0)), mapped_by(&[0, 1]));
    assert_eq!(m.warnings(), (0, 0));
}

#[test]
fn m17_a_page_is_taken_from_everybody() {
    let mut m = written();
    m.all(&[fork(0, 1), fork(0, 2)]);
    ok(&mut m, swap_out(1, 0));
    for pid in 0..3 {
        let entry = m.entry(pid, 0).expect("a SWAP entry");
        assert_eq!((entry.kind, entry.flags), (EntryKind::Swap, EntryFlags::NONE));
    }
    assert_eq!((m.rss(0), m.records()), (1, vec![(Some(0), 5), (Some(1), 1), (Some(2), 1)]));
}

#[test]
fn m17_a_locked_vma_ends_it() {
    let mut m = written();
    m.all(&[fork(0, 1), fork(0, 2), mlock(1, 0, 8)]);
    assert_eq!(m.folio(2, 1).mapcount, 2, "mlock has copied p1's pages");
    m.all(&[fork(1, 3), mlock(3, 0, 8), fork(3, 0)]);
    let mut m = written();
    m.all(&[mprotect(0, 0, 8, R), fork(0, 1), fork(0, 2), mlock(1, 0, 8)]);
    assert_eq!(m.apply(swap_out(0, 0)), err(Errno::EBUSY));
    let kinds = [0, 1, 2].map(|pid| m.kind(pid, 0));
    let page = Some(EntryKind::Page);
    assert_eq!(kinds, [Some(EntryKind::Swap), page, page], "E6: what went stays away");
    assert!(m.folio(1, 0).flags.has(FolioFlags::SWAPCACHE), "and it stays cached");
}

#[test]
fn m17_references_keep_a_page_in_the_cache() {
    let mut m = written();
    m.all(&[get_r(0, 0, 1, 0)]);
    assert_eq!(m.apply(swap_out(0, 0)), err(Errno::EBUSY));
    assert_eq!(m.kind(0, 0), Some(EntryKind::Swap));
    assert_eq!(m.folio_named_by_slot(0, 0).mapping, NO_ANON_VMA, "M14");
    m.all(&[put(0)]);
    ok(&mut m, swap_out(0, 0));
}

#[test]
fn m17_a_page_under_writeback_is_left_alone() {
    let mut m = written();
    ok(&mut m, swap_out_slowly(0, 0, 0));
    m.all(&[read(0, 0)]);
    let before = m.snapshot();
    assert_eq!(m.apply(swap_out(0, 0)), err(Errno::EBUSY));
    assert_eq!(m.snapshot(), before, "not even its young bits");
    ok(&mut m, write_done(0));
    ok(&mut m, swap_out(0, 0));
}

/// The programs of the corpus that were written for the scheme say the same.
#[test]
fn the_programs_of_the_scheme_hold() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus/seeds/anonmm");
    let files = std::fs::read_dir(folder).unwrap();
    let mut programs = 0;
    for file in files {
        let path = file.unwrap().path();
        let program = Program::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let mut m = Machine::with(program.config.sanitized());
        for (op, step) in program.stamped().zip(&program.steps) {
            let (outcome, name) = (label_of(m.apply(op)), path.display());
            if let Some(expected) = step.expect {
                assert_eq!(outcome, label_of(expected), "{name}: {op:?}");
            }
        }
        programs += 1;
    }
    assert!(programs > 10);
}

/// An outcome whose value is reduced to its label, which is what programs name.
fn label_of(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Value(found) => value(found.label),
        other => other,
    }
}
