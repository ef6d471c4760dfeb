//! Faults (M7 to M9, M11, M15).

use super::*;

#[test]
fn m7_a_page_comes_back_through_the_cache_and_stays_there() {
    let mut bench = Bench::of_2004(4);
    bench.write(P0, 0, b'a');
    bench.ok(swap_out(P0, 0));
    let slot = bench.swapped_out(P0, 0);
    assert_eq!(bench.read(P0, 0), b'a');
    assert!(bench.fired(Rule::M7) && !bench.fired(Rule::E12) && !bench.fired(Rule::E14));
    assert_eq!(bench.flags(P0, 0), YOUNG);
    let snap = bench.slot(slot).expect("cached");
    assert_eq!((snap.count, snap.cache.is_some()), (0, true));
    // M15: two references, one of which is the cache's.
    bench.write(P0, 0, b'b');
    assert_eq!(bench.allocated(), []);
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::SWAPCACHE));
    // A write fault that finds it reusable is satisfied at once.
    bench.ok(swap_out(P0, 0));
    bench.write(P0, 0, b'c');
    assert_eq!(bench.allocated(), [(FOLIO, 0)]);
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY).with(W));
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::SWAPCACHE));
}

#[test]
fn m7_a_lock_is_waited_for_and_a_write_is_not() {
    let mut bench = Bench::of_2004(4);
    bench.write(P0, 0, b'a');
    bench.ok(write_out(P0, 0, 0));
    bench.ok(lock(P0, 0, 1));
    assert_eq!(bench.run(read(P0, 0)), Outcome::Blocked);
    bench.ok(Op::Drop { token: Token(1) });
    // The folio is still being written.
    bench.write(P0, 0, b'b');
    assert_eq!(bench.allocated(), []);
    assert!(bench.folio(P0, 0).flags.has(FolioFlags::WRITEBACK));
    assert_eq!(bench.run(swap_out(P0, 0)), BUSY);
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY).with(W), "not even made old");
    bench.ok(write_done(0, false));
    bench.ok(swap_out(P0, 0));
    assert_eq!(bench.read(P0, 0), b'b');
}

#[test]
fn m7_m11_a_clash_ends_with_a_copy_for_a_mere_read() {
    let mut bench = Bench::swapped_and_moved();
    assert_eq!(bench.read(P0, 0), b'a');
    assert_eq!(bench.noted(P0, 0), (0, 0));
    assert!(!bench.fired(Rule::M11));
    assert_eq!(bench.read(P1, 8), b'a');
    assert!(bench.fired(Rule::M11));
    assert_eq!((bench.noted(P0, 0), bench.noted(P1, 8)), ((0, 0), (1, 8)));
    assert_eq!(bench.flags(P1, 8), YOUNG.with(DIRTY).with(W));
    bench.finds(P0, 0, &[P0]);
    bench.finds(P1, 8, &[P1]);
    assert_eq!(bench.warnings(), 0);
}

#[test]
fn m7_without_memory_the_page_is_in_swap_or_mapped() {
    let mut bench = Bench::swapped_and_moved();
    assert_eq!(bench.failing(write(P0, 0, b'b'), FOLIO, P0, 0), Outcome::Oom);
    let slot = bench.swapped_out(P0, 0);
    // It was read, and p1's entry names it still: the second allocation is the copy.
    bench.ok(Op::FailAlloc { nth: 2 });
    let site = AllocSite { kind: FOLIO, pid: Pid(0), vpn: Vpn(0), nth: 1 };
    let outcome = bench.choosing(write(P0, 0, b'b'), &[Choice::AllocFailed(site)]);
    assert_eq!(outcome, Ok(Outcome::Oom));
    assert_eq!((bench.flags(P0, 0), bench.noted(P0, 0)), (YOUNG, (0, 0)));
    assert_eq!(bench.slot(slot).map(|slot| slot.count), Some(1));
}

#[test]
fn m8_a_forced_write_makes_one_fault_each_time() {
    let mut bench = Bench::shared();
    bench.protect(P0, 0, 4, R);
    bench.ok(swap_out(P0, 0));
    bench.ok(poke(P0, 0, b'b'));
    assert!(bench.fired(Rule::M8) && !bench.fired(Rule::D4) && !bench.fired(Rule::D20));
    assert_eq!(bench.allocated(), [(FOLIO, 0), (FOLIO, 0)], "read in, and copied");
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY));
    assert_eq!((bench.read(P0, 0), bench.read(P1, 0)), (b'b', b'a'));
    // Private already: the fault finds it reusable …
    bench.ok(poke(P0, 0, b'c'));
    assert_eq!(bench.allocated(), []);
    // … unless somebody holds it.
    bench.gup(P0, 0, 1, 0, GET);
    bench.ok(poke(P0, 0, b'd'));
    assert_eq!(bench.allocated(), [(FOLIO, 0)]);
    let held = bench.run(dma_read(0, 0));
    assert!(matches!(held, Outcome::Value(Value { label: b'c', .. })), "{held:?}");
    // Nothing there yet: the fault that makes the page is the one.
    bench.ok(poke(P0, 1, b'e'));
    assert_eq!((bench.flags(P0, 1), bench.read(P0, 1)), (YOUNG, b'e'));
    let force_w = GupFlags { force: true, ..GET_W };
    bench.gup(P0, 0, 3, 1, force_w);
}

#[test]
fn m9_the_first_one_back_sets_the_address() {
    let mut bench = Bench::of_2004(4);
    bench.write(P0, 0, b'a');
    bench.ok(write_out(P0, 0, 0));
    bench.mremaps(P0, (0, 4), 8);
    assert_eq!(bench.read(P0, 8), b'a');
    assert!(bench.fired(Rule::M9) && !bench.fired(Rule::M11));
    assert_eq!(bench.noted(P0, 8), (0, 8));
    assert_eq!(bench.allocated(), []);
}

#[test]
fn m15_a_page_is_reused_by_its_references() {
    let mut bench = Bench::of_2004(4);
    bench.write(P0, 0, b'a');
    bench.write_protect(P0, 0);
    bench.write(P0, 0, b'b');
    assert!(bench.fired(Rule::M15) && !bench.fired(Rule::B3));
    assert_eq!(bench.allocated(), []);
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY).with(W));
    // A lock that cannot be had, or somebody's reference: a copy.
    bench.ok(lock(P0, 0, 0));
    bench.write_protect(P0, 0);
    bench.write(P0, 0, b'c');
    assert_eq!(bench.allocated(), [(FOLIO, 0)]);
    bench.gup(P0, 0, 1, 0, GET);
    bench.write_protect(P0, 0);
    bench.write(P0, 0, b'd');
    assert_eq!(bench.allocated(), [(FOLIO, 0)]);
    bench.ok(isolate(P0, 0, 1));
    bench.write_protect(P0, 0);
    bench.write(P0, 0, b'e');
    assert_eq!(bench.allocated(), [(FOLIO, 0)]);
    let folio = bench.folio(P0, 0);
    assert_eq!((folio.refcount, folio.flags), (1, FolioFlags::SWAPBACKED.with(FolioFlags::LRU)));
}

#[test]
fn m15_an_entry_of_swap_counts() {
    let mut bench = Bench::shared();
    bench.ok(swap_out(P0, 0));
    assert_eq!(bench.read(P0, 0), b'a');
    bench.write(P0, 0, b'b');
    assert_eq!(bench.allocated(), [(FOLIO, 0)], "p1's entry names the slot");
    assert_eq!(bench.slot(0).map(|slot| (slot.count, slot.cache.is_some())), Some((1, true)));
    // p1 has the old page to itself.
    bench.write(P1, 0, b'c');
    assert_eq!(bench.allocated(), []);
}

#[test]
fn m15_without_memory_the_entry_is_as_it_was() {
    let mut bench = Bench::shared();
    let before = bench.page(P1, 0);
    assert_eq!(bench.failing(write(P1, 0, b'b'), FOLIO, P1, 0), Outcome::Oom);
    assert_eq!((bench.page(P1, 0), bench.noted(P1, 0)), (before, (0, 0)));
    bench.read(P0, 1);
    assert_eq!(bench.failing(write(P0, 1, b'b'), FOLIO, P0, 1), Outcome::Oom);
    assert_eq!(bench.pte(P0, 1), Pte::Zero(YOUNG));
    bench.write(P0, 1, b'c');
    assert_eq!((bench.noted(P0, 1), bench.flags(P0, 1)), ((0, 1), YOUNG.with(DIRTY).with(W)));
}

#[test]
fn m15_a_page_that_was_lost_is_found_when_it_is_reused() {
    let mut bench = Bench::lost();
    bench.exit(P0);
    assert_eq!(bench.noted(P1, 8), (0, 0));
    bench.write(P1, 8, b'b');
    assert_eq!(bench.allocated(), []);
    // It still notes the record of the process that has ended (M16 would change that).
    assert_eq!((bench.noted(P1, 8), bench.records()[0]), ((0, 8), (None, 3)));
    bench.finds(P1, 8, &[P1]);
    assert_eq!(bench.records(), [(None, 2), (Some(1), 2)]);
}
