//! UFFDIO_MOVE (section K).

use super::*;
use mm_ops::{Errno, UffdCall};

fn uffd_move(from: u32, len: u32, to: u32) -> Op {
    Op::UffdMove { pid: Pid(0), range: PageRange::new(from, len), to: Vpn(to), holes: false }
}

/// Pages 0 to 7, and watched ones from 20 on.
fn bench(config: Config) -> Bench {
    let mut bench = Bench::with(config);
    bench.mmap(P0, 0, 8, RW);
    bench.mmap(P0, 20, 8, RW);
    let call = UffdCall::Register { missing: true, wp: false };
    bench.ok(Op::Uffd { pid: Pid(0), range: PageRange::new(20, 8), call });
    bench
}

fn small() -> Bench {
    bench(Config { ptes: 4, ..Config::default() })
}

impl Bench {
    #[track_caller]
    fn refuses(&mut self, op: Op, errno: Errno) {
        assert_eq!(self.run(op), Outcome::Err(errno));
    }
}

#[test]
fn a_page_gets_anon_vma_and_index_of_its_place() {
    // K5, K12
    let mut bench = small();
    bench.write(P0, 1, b'a');
    let before = bench.folio(P0, 1);
    assert_eq!(bench.run(uffd_move(1, 1, 22)), Outcome::Count(1));
    let after = bench.folio(P0, 22);
    assert_eq!(after.index, 22);
    assert_eq!(after.mapping, bench.vma(P0, 22).anon_vma);
    assert_eq!((after.refcount, after.mapcount), (before.refcount, before.mapcount));
    assert_eq!(bench.flags(P0, 22), YOUNG.with(DIRTY).with(W));
    assert!(bench.exclusive(P0, 22));
    assert_eq!((bench.pte(P0, 1), bench.rss(P0)), (Pte::None, 1));
}

#[test]
fn soft_dirty_is_set_and_dirty_follows_the_source() {
    // K5
    let mut bench = bench(Config { ptes: 4, soft_dirty: true, ..Config::default() });
    bench.write(P0, 1, b'a');
    bench.advise(P0, 1, 1, Advice::Free);
    assert!(!bench.flags(P0, 1).has(DIRTY));
    bench.ok(Op::ClearRefs { pid: Pid(0) });
    assert_eq!(bench.run(uffd_move(1, 1, 22)), Outcome::Count(1));
    assert_eq!(bench.flags(P0, 22), YOUNG.with(SD).with(W));
}

#[test]
fn the_destination_is_prepared_whatever_follows() {
    // K1
    let mut bench = small();
    bench.refuses(uffd_move(12, 1, 20), Errno::ENOENT);
    assert_ne!(bench.vma(P0, 20).anon_vma, mm_ops::NO_ANON_VMA);
    assert_eq!(bench.vma(P0, 0).anon_vma, mm_ops::NO_ANON_VMA);
}

#[test]
fn a_leaf_moves_whole() {
    // K7
    let mut bench = small();
    bench.thp(&[2]);
    bench.write(P0, 1, b'a');
    let before = bench.leaf(P0, 0);
    assert_eq!(bench.run(uffd_move(0, 4, 24)), Outcome::Count(4));
    let after = bench.leaf(P0, 24);
    assert_eq!((after.folio, after.flags), (before.folio, YOUNG.with(DIRTY).with(W)));
    assert_eq!(bench.folio(P0, 24).index, 24);
    assert_eq!(bench.pmd(P0, 0), PmdKind::None);
}

#[test]
fn a_failing_move_leaves_the_leaf_split() {
    // K5, K7
    let mut bench = small();
    bench.thp(&[2]);
    bench.write(P0, 1, b'a');
    bench.gup(P0, 0, 1, 0, GET);
    bench.refuses(uffd_move(1, 1, 22), Errno::EBUSY);
    assert_eq!(bench.pmd(P0, 0), PmdKind::Table);
    assert_eq!(bench.folio(P0, 1).order, Order(2));
    assert!(bench.exclusive(P0, 1) && bench.flags(P0, 1).has(W));
    bench.put(0);
    assert_eq!(bench.run(uffd_move(1, 1, 22)), Outcome::Count(1));
    assert_eq!(bench.folio(P0, 22).order, Order(0));
}

#[test]
fn the_huge_zero_folio_moves_as_it_is() {
    // K7
    let mut bench = small();
    bench.thp(&[2]);
    bench.read(P0, 0);
    let before = bench.pmd(P0, 0);
    assert_eq!(bench.run(uffd_move(0, 4, 24)), Outcome::Count(4));
    assert_eq!((bench.pmd(P0, 24), bench.pmd(P0, 0)), (before, PmdKind::None));
}

#[test]
fn a_cached_page_goes_with_its_entry() {
    // K8: even one that was never mapped.
    let mut bench = small();
    bench.write(P0, 1, b'a');
    bench.ok(Op::SwapOut { pid: Pid(0), vpn: Vpn(1), token: None });
    bench.advise(P0, 1, 1, Advice::WillNeed);
    assert_eq!(bench.run(uffd_move(1, 1, 22)), Outcome::Count(1));
    let Pte::Swap(swapped) = bench.pte(P0, 22) else { panic!("a SWAP entry") };
    assert!(swapped.flags.has(EntryFlags::EXCLUSIVE));
    let folio = bench.machine.slots[swapped.slot as usize].cache.expect("it is cached");
    assert_eq!(bench.machine.folio(folio).index, 22);
    assert_eq!(bench.read(P0, 22), b'a');
    assert_eq!(bench.folio(P0, 22).index, 22);
}

#[test]
fn inside_one_vma_a_page_may_move_twice() {
    // K3: what a step fills a later step may empty.
    let mut bench = small();
    bench.write(P0, 0, b'a');
    let call = UffdCall::Register { missing: true, wp: false };
    bench.ok(Op::Uffd { pid: Pid(0), range: PageRange::new(0, 8), call });
    let op = Op::UffdMove { pid: Pid(0), range: PageRange::new(0, 4), to: Vpn(2), holes: true };
    assert_eq!(bench.run(op), Outcome::Count(4));
    assert_eq!(bench.page(P0, 4).page, 0);
    assert_eq!(bench.pte(P0, 2), Pte::None);
}
