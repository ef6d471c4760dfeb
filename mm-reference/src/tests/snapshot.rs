//! Tests of what a snapshot shows.

use mm_ops::EntryKind;

use super::*;

#[test]
fn inv28_a_leaf_has_a_deposited_table_and_no_listed_one() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    let snapshot = bench.snapshot();
    assert_eq!(snapshot.mms[0].deposited, 1);
    assert_eq!(snapshot.tables.iter().map(|table| table.level).collect::<Vec<_>>(), [2]);
    assert_eq!(snapshot.entries[0].kind, EntryKind::Leaf);
}

#[test]
fn inv16_exclusivity_is_shown_where_it_means_something() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    let shown = |bench: &Bench| {
        bench.snapshot().pages.iter().map(|page| page.exclusive).collect::<Vec<_>>()
    };
    assert_eq!(shown(&bench), [true, false, false, false]);
    bench.advise(P0, 1, 1, Advice::DontNeed);
    assert_eq!(shown(&bench), [true, false, true, true]);
}

#[test]
fn an_unmapped_folio_has_no_mapping() {
    let mut bench = Bench::mapped(8);
    bench.gup(P0, 5, 1, 0, PIN_W);
    assert_eq!(bench.snapshot().folios[0].index, 5);
    bench.ok(munmap(P0, 0, 8));
    let folio = bench.snapshot().folios[0];
    assert_eq!((folio.mapping, folio.index), (mm_ops::NO_ANON_VMA, 0));
}

#[test]
fn tables_of_large_spaces_are_sparse() {
    let mut bench = Bench::with(Config { ptes: 512, ..Config::default() });
    let space = 512 * 512 * 512;
    bench.mmap(P0, 0, space, RW);
    bench.write(P0, space - 1, b'a');
    bench.protect(P0, 0, space, R);
    bench.fork(P0, P1);
    assert_eq!(bench.read(P1, space - 1), b'a');
    assert_eq!(bench.snapshot().tables.len(), 4);
    bench.ok(munmap(P0, 0, space));
}

#[test]
fn a_reset_machine_equals_a_new_one() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 0, b'a');
    bench.gup(P0, 0, 2, 0, PIN);
    bench.fork(P0, P1);
    bench.machine.reset(&bench.config);
    assert_eq!(bench.snapshot(), Bench::new().snapshot());
}
