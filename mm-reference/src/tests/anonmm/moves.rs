//! Moves (M3 to M6, M12).

use super::*;

#[test]
fn m3_a_page_mapped_once_moves_with_its_entry() {
    let mut bench = Bench::of_2004(4);
    bench.write(P0, 1, b'a');
    bench.ok(lock(P0, 1, 0));
    bench.gup(P0, 1, 1, 0, GET);
    let before = bench.page(P0, 1);
    bench.mremaps(P0, (0, 4), 16);
    assert_eq!((bench.page(P0, 17), bench.noted(P0, 17)), (before, (0, 17)));
    use AllocKind::{PmdTable, PteTable, Vma};
    assert_eq!(bench.allocated(), [(Vma, 16), (PmdTable, 16), (PteTable, 16)]);
    assert_eq!(bench.cows(), 0);
    assert!(bench.fired(Rule::M3) && !bench.fired(Rule::J7) && !bench.fired(Rule::J9));
    assert!(bench.snapshot().tables.iter().all(|table| table.vpn.0 == 16), "J12");
}

#[test]
fn m3_a_shared_page_is_copied_first() {
    let mut bench = Bench::shared();
    bench.write(P1, 2, b'b');
    bench.mremaps(P1, (0, 4), 8);
    assert!(bench.fired(Rule::M15));
    assert_eq!(bench.cows(), 1);
    assert_eq!((bench.noted(P1, 8), bench.noted(P0, 0)), ((1, 8), (0, 0)));
    assert_eq!((bench.noted(P1, 10), bench.read(P1, 10)), ((1, 10), b'b'));
    assert_eq!(bench.flags(P1, 8), YOUNG.with(DIRTY).with(W), "as a write would leave it");
    let folio = bench.folio(P0, 0);
    assert_eq!((folio.mapcount, folio.refcount), (1, 1));
    // The counter is of one operation.
    bench.read(P0, 0);
    assert_eq!(bench.cows(), 0);
}

#[test]
fn m3_tables_come_before_copies() {
    let mut bench = Bench::shared();
    let failed = bench.failing(mremap(P1, (0, 4), 16), AllocKind::PmdTable, P1, 16);
    assert_eq!((failed, bench.cows()), (ENOMEM, 0));
    let failed = bench.failing(mremap(P1, (0, 4), 16), AllocKind::PteTable, P1, 16);
    assert_eq!((failed, bench.cows()), (ENOMEM, 0));
    assert_eq!(bench.page(P0, 0).folio, bench.page(P1, 0).folio);
    assert_eq!(bench.vmas(P1), [(0, 4)]);
}

#[test]
fn m4_without_memory_for_a_copy_all_moves_back() {
    let mut bench = Bench::of_2004(3);
    for vpn in 0..3 {
        bench.write(P0, vpn, b'a' + vpn as u8);
    }
    bench.fork(P0, P1);
    bench.write(P0, 0, b'd');
    let before = (bench.page(P0, 0), bench.page(P0, 1), bench.page(P0, 2));
    let failed = bench.failing(mremap(P0, (0, 3), 8), FOLIO, P0, 1);
    assert_eq!(failed, ENOMEM);
    assert!(bench.fired(Rule::M4) && !bench.fired(Rule::J11));
    assert_eq!(bench.cows(), 1, "the copy that failed counts");
    assert_eq!((bench.page(P0, 0), bench.page(P0, 1), bench.page(P0, 2)), before);
    assert_eq!((bench.noted(P0, 0), bench.noted(P0, 1)), ((0, 0), (0, 1)));
    assert_eq!(bench.vmas(P0), [(0, 3)]);
    // Failing at the last page, with a copy made before it: the copy stays.
    let failed = bench.failing(mremap(P0, (0, 3), 8), FOLIO, P0, 2);
    assert_eq!((failed, bench.cows()), (ENOMEM, 2));
    assert_eq!((bench.noted(P0, 1), bench.folio(P1, 1).mapcount), ((0, 1), 1));
    assert_eq!((bench.read(P0, 0), bench.read(P0, 1), bench.read(P0, 2)), (b'd', b'b', b'c'));
    bench.finds(P0, 2, &[P0, P1]);
}

#[test]
fn m5_swap_entries_and_the_zero_page_move_unseen() {
    let mut bench = Bench::of_2004(4);
    bench.write(P0, 0, b'a');
    bench.read(P0, 1);
    bench.fork(P0, P1);
    bench.ok(swap_out(P0, 0));
    // p0 has the page again, so that it is cached, and notes page 0.
    bench.read(P0, 0);
    bench.mremaps(P1, (0, 4), 8);
    assert!(bench.fired(Rule::M5));
    assert_eq!((bench.swapped_out(P1, 8), bench.pte(P1, 9)), (0, Pte::Zero(OLD)));
    assert_eq!((bench.noted(P0, 0), bench.cows()), ((0, 0), 0));
    // Where nothing is, no table is made.
    bench.mmap(P0, 16, 4, RW);
    bench.mremaps(P0, (16, 4), 48);
    assert_eq!(bench.allocated(), [(AllocKind::Vma, 48)]);
}

#[test]
fn m6_cow_is_broken_in_read_only_memory_too() {
    let mut bench = Bench::shared();
    bench.protect(P1, 0, 4, R);
    bench.mremaps(P1, (0, 4), 8);
    assert!(bench.fired(Rule::M6));
    assert_eq!(bench.flags(P1, 8), YOUNG.with(DIRTY));
    assert_eq!((bench.noted(P1, 8), bench.folio(P1, 8).mapcount), ((1, 8), 1));
}

#[test]
fn m12_what_has_moved_merges_like_anything_else() {
    let mut bench = Bench::of_2004(4);
    bench.write(P0, 1, b'a');
    bench.mremaps(P0, (0, 2), 8);
    assert!(bench.fired(Rule::M12));
    assert_eq!(bench.vma(P0, 8).pgoff, 8);
    bench.mmap(P0, 10, 2, RW);
    assert_eq!(bench.vmas(P0), [(2, 4), (8, 12)]);
    bench.mremaps(P0, (2, 2), 12);
    assert_eq!(bench.vmas(P0), [(8, 14)]);
    bench.mremaps(P0, (9, 2), 16);
    assert_eq!((bench.vma(P0, 16).pgoff, bench.vma(P0, 11).pgoff), (16, 11));
}

#[test]
fn m3_a_page_that_was_lost_is_found_when_it_moves() {
    let mut bench = Bench::lost();
    bench.exit(P0);
    bench.mremaps(P1, (8, 4), 12);
    assert_eq!((bench.noted(P1, 12), bench.cows()), ((0, 12), 0));
    let mut bench = Bench::lost();
    bench.mremaps(P1, (8, 4), 12);
    assert_eq!((bench.noted(P1, 12), bench.noted(P0, 0), bench.cows()), ((1, 12), (0, 0), 1));
}
