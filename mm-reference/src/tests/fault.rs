//! Tests of fresh faults (section A).

use mm_ops::{AllocKind, Choice, Config, Errno, FolioFlags, Order, Outcome, Pid, Prot, Vpn};

use super::*;

#[test]
fn a1_a_read_of_nothing_maps_the_zero_page_without_anon_vma() {
    let mut bench = Bench::mapped(4);
    assert_eq!(bench.read(P0, 1), 0);
    assert_eq!(bench.pte(P0, 1), Pte::Zero(YOUNG));
    assert_eq!(bench.rss(P0), 0);
    assert_eq!(bench.vma(P0, 1).anon_vma, mm_ops::NO_ANON_VMA);
}

#[test]
fn a3_a_write_to_nothing_maps_an_exclusive_dirty_page() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 1, b'a');
    assert_eq!(bench.flags(P0, 1), YOUNG.with(DIRTY).with(W));
    assert!(bench.exclusive(P0, 1));
    let folio = bench.folio(P0, 1);
    assert_eq!((folio.refcount, folio.mapcount, bench.rss(P0)), (1, 1, 1));
    assert_eq!(folio.flags, FolioFlags::SWAPBACKED.with(FolioFlags::LRU));
}

#[test]
fn a6_the_largest_enabled_order_that_fits_is_taken() {
    let mut bench = Bench::with(Config { ptes: 16, ..Config::default() });
    bench.mmap(P0, 0, 12, RW);
    bench.thp(&[2, 3]);
    bench.write(P0, 9, b'a'); // 8..16 is not inside the VMA
    assert_eq!(bench.folio(P0, 9).order, Order(2));
    bench.write(P0, 1, b'a');
    assert_eq!(bench.folio(P0, 1).order, Order(3));
    assert!(bench.exclusive(P0, 7));
    assert_eq!(bench.folio(P0, 7).mm_slots[0], (Pid(0), 8));
}

#[test]
fn a6_a_zero_page_in_the_block_blocks_the_order() {
    let mut bench = Bench::with(Config { ptes: 16, ..Config::default() });
    bench.mmap(P0, 0, 16, RW);
    bench.read(P0, 6);
    bench.thp(&[2, 3]);
    bench.write(P0, 1, b'a');
    assert_eq!(bench.folio(P0, 1).order, Order(2));
}

#[test]
fn a6_a_smaller_order_is_the_subjects_choice() {
    let order = |order| Choice::FolioOrder { pid: Pid(0), vpn: Vpn(0), order: Order(order) };
    let setting = || {
        let mut bench = Bench::with(Config { ptes: 16, ..Config::default() });
        bench.mmap(P0, 0, 16, RW);
        bench.thp(&[2, 3]);
        bench
    };
    let mut bench = setting();
    assert_eq!(bench.choosing(write(P0, 1, b'a'), &[order(2)]), Ok(OK));
    assert_eq!(bench.folio(P0, 1).order, Order(2));
    assert_eq!(setting().choosing(write(P0, 1, b'a'), &[order(1)]).unwrap_err().rule, Rule::A6);
}

#[test]
fn a7_a_smaller_order_in_place_of_a_pmd_is_the_subjects_choice() {
    let mut bench = Bench::with(Config { ptes: 16, ..Config::default() });
    bench.mmap(P0, 0, 32, RW);
    bench.thp(&[2, 4]);
    let chosen = Choice::FolioOrder { pid: Pid(0), vpn: Vpn(4), order: Order(2) };
    assert_eq!(bench.choosing(write(P0, 5, b'a'), &[chosen]), Ok(OK));
    assert_eq!(bench.folio(P0, 5).order, Order(2));
    bench.write(P0, 17, b'a');
    assert_eq!(bench.folio(P0, 17).order, Order(4));
}

#[test]
fn a6_a_failed_allocation_takes_the_next_order() {
    let mut bench = Bench::with(Config { ptes: 16, ..Config::default() });
    bench.mmap(P0, 0, 16, RW);
    bench.thp(&[2, 3]);
    assert_eq!(bench.failing(write(P0, 1, b'a'), AllocKind::Folio(Order(3)), P0, 0), OK);
    assert_eq!(bench.folio(P0, 1).order, Order(2));
}

#[test]
fn a7_a_write_maps_a_pmd_folio_with_pae_on_the_head_only() {
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 1, b'a');
    let leaf = bench.leaf(P0, 1);
    assert_eq!(leaf.flags, YOUNG.with(DIRTY).with(W));
    assert!(bench.machine.page(leaf.folio, 0).exclusive);
    assert!(!bench.machine.page(leaf.folio, 1).exclusive);
    let folio = bench.folio(P0, 1);
    assert_eq!((folio.refcount, folio.mapcount, folio.entire_mapcount), (1, 1, 1));
    assert!(folio.flags.has(FolioFlags::DEFERRED));
    assert!(!folio.flags.has(FolioFlags::PARTIALLY_MAPPED));
    assert_eq!(bench.rss(P0), 4);
}

#[test]
fn a7_a_read_maps_the_huge_zero_folio_and_a8_prepares_an_anon_vma() {
    let mut bench = Bench::with_orders(4, &[2]);
    assert_eq!(bench.read(P0, 1), 0);
    assert_eq!(bench.pmd(P0, 0), PmdKind::HugeZero(YOUNG));
    assert_eq!(bench.rss(P0), 0);
    assert_eq!(bench.snapshot().mms[0].deposited, 1);
    assert_ne!(bench.vma(P0, 1).anon_vma, mm_ops::NO_ANON_VMA);
}

#[test]
fn a7_a_block_not_inside_the_vma_falls_back_before_the_anon_vma() {
    let mut bench = Bench::with_orders(3, &[2]);
    bench.read(P0, 1);
    assert_eq!(bench.pte(P0, 1), Pte::Zero(YOUNG));
    assert_eq!(bench.vma(P0, 1).anon_vma, mm_ops::NO_ANON_VMA);
}

#[test]
fn a7_a_failed_folio_falls_back_but_a_failed_deposit_is_oom() {
    let mut bench = Bench::with_orders(4, &[2]);
    assert_eq!(bench.failing(write(P0, 1, b'a'), AllocKind::Deposit, P0, 0), Outcome::Oom);
    assert_eq!(bench.pmd(P0, 0), PmdKind::None);
    assert_eq!(bench.failing(write(P0, 1, b'a'), AllocKind::Folio(Order(2)), P0, 0), OK);
    assert_eq!(bench.folio(P0, 1).order, Order(0));
}

#[test]
fn a11_a_write_without_right_is_a_segv_and_prot_none_reads_are_too() {
    let mut bench = Bench::new();
    bench.mmap(P0, 0, 2, R);
    bench.mmap(P0, 4, 2, Prot::NONE);
    assert_eq!(bench.run(write(P0, 0, b'a')), Outcome::Segv);
    assert_eq!(bench.run(read(P0, 4)), Outcome::Segv);
    assert_eq!(bench.run(read(P0, 3)), Outcome::Segv);
    bench.protect(P0, 4, 2, Prot { read: false, write: true });
    assert_eq!(bench.read(P0, 4), 0); // x86: writable is readable
}

#[test]
fn a12_a_hint_fault_gives_w_back_to_exclusive_pages() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.ok(hint(P0, 0, 4));
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY).with(PROTNONE));
    assert_eq!(bench.read(P0, 0), b'a');
    assert_eq!(bench.flags(P0, 0), YOUNG.with(DIRTY).with(W));
}

#[test]
fn a12_all_hinted_entries_of_a_large_folio_are_rebuilt_together() {
    let mut bench = Bench::with(Config { ptes: 16, ..Config::default() });
    bench.mmap(P0, 0, 16, RW);
    bench.thp(&[2]);
    bench.write(P0, 0, b'a');
    bench.ok(hint(P0, 0, 4));
    bench.read(P0, 2);
    assert!((0..4).all(|vpn| !bench.flags(P0, vpn).has(PROTNONE)));
}

#[test]
fn a15_a_failed_page_table_is_oom_even_for_a_read() {
    let mut bench = Bench::mapped(4);
    assert_eq!(bench.failing(read(P0, 0), AllocKind::PteTable, P0, 0), Outcome::Oom);
    assert_eq!(bench.failing(read(P0, 0), AllocKind::PteTable, P0, 0), Outcome::Oom);
    assert_eq!(bench.snapshot().tables.len(), 1); // the PMD table stays
}

#[test]
fn a16_a_failure_after_the_anon_vma_leaves_it_and_the_table() {
    let mut bench = Bench::mapped(4);
    let folio = AllocKind::Folio(Order(0));
    assert_eq!(bench.failing(write(P0, 1, b'a'), folio, P0, 1), Outcome::Oom);
    assert_eq!(bench.snapshot().tables.len(), 2);
    assert_ne!(bench.vma(P0, 1).anon_vma, mm_ops::NO_ANON_VMA);
    assert!(bench.snapshot().entries.is_empty());
}

#[test]
fn s18_soft_dirty_is_set_by_the_kernel_and_not_by_the_hardware() {
    let mut bench = Bench::with(Config { soft_dirty: true, ..Config::default() });
    bench.mmap(P0, 0, 4, RW);
    bench.write(P0, 0, b'a');
    assert!(bench.flags(P0, 0).has(SD));
    bench.ok(Op::ClearRefs { pid: Pid(0) });
    bench.read(P0, 0);
    assert!(!bench.flags(P0, 0).has(SD));
    bench.write(P0, 0, b'b');
    assert!(bench.flags(P0, 0).has(SD));
}

#[test]
fn an_unknown_process_is_esrch() {
    let mut bench = Bench::new();
    assert_eq!(bench.run(read(P1, 0)), Outcome::Err(Errno::ESRCH));
    assert_eq!(bench.run(read(200, 0)), Outcome::Err(Errno::ESRCH));
}

#[test]
fn z6_droppable_pages_are_not_swapbacked() {
    let mut bench = Bench::new();
    let range = PageRange::new(0, 2);
    bench.ok(Op::Mmap { pid: Pid(0), range, prot: RW, droppable: true });
    bench.write(P0, 0, b'a');
    assert!(!bench.folio(P0, 0).flags.has(FolioFlags::SWAPBACKED));
}
