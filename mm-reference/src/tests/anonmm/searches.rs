//! Searches and reclaim (M16, M17).

use super::*;

#[test]
fn m16_all_that_are_found_are_made_old() {
    let mut bench = Bench::shared();
    bench.fork(P1, P2);
    bench.read(P1, 0);
    assert!(bench.flags(P1, 0).has(YOUNG) || bench.flags(P0, 0).has(YOUNG));
    bench.finds(P2, 0, &[P0, P1, P2]);
    assert!(bench.fired(Rule::M16));
    for pid in [P0, P1, P2] {
        assert_eq!(bench.flags(pid, 0), DIRTY);
    }
    assert_eq!(bench.run(walk(P0, 1)), Outcome::Err(Errno::EFAULT));
    bench.ok(swap_out(P0, 0));
    assert_eq!(bench.run(walk(P0, 0)), Outcome::Err(Errno::EFAULT));
}

#[test]
fn m16_a_page_leaves_the_record_of_a_process_that_ended() {
    let mut bench = Bench::of_2004(4);
    bench.fork(P0, P1);
    bench.write(P1, 0, b'a');
    bench.fork(P1, P2);
    bench.fork(P1, 3);
    bench.exit(P1);
    assert_eq!(bench.noted(3, 0), (1, 0));
    // p2 comes next after the noted record.
    bench.finds(3, 0, &[P2, 3]);
    assert_eq!(bench.noted(3, 0), (1, 0), "another record by now");
    assert_eq!(bench.records(), [(Some(0), 4), (Some(2), 2), (Some(3), 1)]);
    // The page is not all found elsewhere: p2's record goes on being noted while p2 lives.
    bench.finds(3, 0, &[P2, 3]);
    assert_eq!(bench.noted(3, 0), (1, 0));
}

#[test]
fn m16_the_list_is_gone_round() {
    let mut bench = Bench::shared();
    bench.ok(swap_out(P0, 0));
    // p1 is the first to have it back; p0 is before it in the list.
    bench.read(P1, 0);
    bench.read(P0, 0);
    assert_eq!(bench.noted(P0, 0), (1, 0));
    bench.finds(P1, 0, &[P0, P1]);
    bench.exit(P1);
    bench.finds(P0, 0, &[P0]);
    assert_eq!((bench.noted(P0, 0), bench.records()), ((0, 0), vec![(Some(0), 3)]));
}

#[test]
fn m16_a_mapping_that_is_not_found_is_warned_of() {
    let mut bench = Bench::lost();
    bench.finds(P1, 8, &[P0]);
    assert_eq!(bench.warnings(), 1);
    bench.run(hint(P0, 0, 1));
    assert_eq!(bench.warnings(), 0, "of the last operation");
    // The record is kept while something is missing, also of a process that ended.
    bench.exit(P0);
    bench.finds(P1, 8, &[]);
    assert_eq!((bench.warnings(), bench.noted(P1, 8)), (1, (0, 0)));
    assert_eq!(bench.records(), [(None, 3), (Some(1), 1)]);
}

#[test]
fn m17_entries_become_swap_entries_in_every_process() {
    let mut bench = Bench::shared();
    bench.fork(P1, P2);
    bench.ok(swap_out(P1, 0));
    assert!(bench.fired(Rule::M16) && bench.fired(Rule::M17) && !bench.fired(Rule::E3));
    for pid in [P0, P1, P2] {
        assert_eq!(bench.swapped_out(pid, 0), 0);
    }
    assert_eq!(bench.slot(0).map(|slot| (slot.count, slot.cache)), Some((3, None)));
    assert_eq!(bench.records(), [(Some(0), 4), (Some(1), 1), (Some(2), 1)]);
}

#[test]
fn m17_locked_memory_ends_it() {
    let mut bench = Bench::of_2004(4);
    bench.write(P0, 0, b'a');
    bench.protect(P0, 0, 4, R);
    bench.fork(P0, P1);
    bench.fork(P0, P2);
    bench.ok(mlock(P1, 0, 1));
    assert_eq!(bench.run(swap_out(P2, 0)), BUSY);
    // What came before stays swapped out, what comes behind is not looked at.
    bench.swapped_out(P0, 0);
    assert_eq!(bench.page(P1, 0), bench.page(P2, 0));
    let folio = bench.folio(P1, 0);
    assert_eq!((folio.mapcount, folio.refcount), (2, 3));
    assert!(folio.flags.has(FolioFlags::SWAPCACHE.with(FolioFlags::DIRTY)));
    bench.ok(Op::Munlock { pid: Pid(1), range: PageRange::new(0, 1) });
    bench.ok(swap_out(P2, 0));
    assert_eq!(bench.slot(0).map(|slot| (slot.count, slot.cache)), Some((3, None)));
}

#[test]
fn m17_a_young_entry_ends_it() {
    let mut bench = Bench::shared();
    let folio = bench.page(P1, 0).folio;
    bench.read(P0, 0);
    let young = bench.flags(P0, 0).has(YOUNG);
    // Without the search for references before it.
    assert!(bench.machine.enter_swap_cache(folio));
    bench.machine.unmap_group(folio);
    assert!(young && bench.flags(P0, 0) == DIRTY);
    assert_eq!(bench.machine.mapcount(folio), 2);
    bench.machine.unmap_group(folio);
    assert_eq!(bench.machine.mapcount(folio), 0);
}

#[test]
fn m17_what_nobody_finds_cannot_be_swapped_out() {
    let mut bench = Bench::lost();
    for _ in 0..2 {
        assert_eq!(bench.run(swap_out(P1, 8)), BUSY);
        assert_eq!(bench.warnings(), 1);
        bench.swapped_out(P0, 0);
        assert_eq!(bench.noted(P1, 8), (0, 0));
    }
    bench.write(P1, 8, b'b');
    assert_eq!((bench.noted(P1, 8), bench.allocated()), ((1, 8), vec![(FOLIO, 8)]));
    bench.ok(swap_out(P1, 8));
    assert_eq!((bench.read(P0, 0), bench.read(P1, 8)), (b'a', b'b'));
}

#[test]
fn m17_references_matter_when_all_is_unmapped() {
    let mut bench = Bench::shared();
    bench.gup(P0, 0, 1, 0, GET);
    assert_eq!(bench.run(swap_out(P0, 0)), BUSY);
    assert!(bench.fired(Rule::E11));
    assert_eq!((bench.swapped_out(P0, 0), bench.swapped_out(P1, 0)), (0, 0));
    bench.put(0);
    bench.ok(swap_out(P1, 0));
    assert_eq!(bench.slot(0).map(|slot| slot.cache), Some(None));
}
