//! Moving memory with its pages relocated (JR1 to JR16).

use super::*;
use mm_ops::{Errno, MremapFlags, RelocateDesign};

const FIXED: MremapFlags = MremapFlags { maymove: true, fixed: true, ..MremapFlags::NONE };
const RELOCATE: MremapFlags = MremapFlags { relocate: true, ..FIXED };
const MUST: MremapFlags = MremapFlags { must_relocate: true, ..FIXED };

const EFAULT: Outcome = Outcome::Err(Errno::EFAULT);
const ENOMEM: Outcome = Outcome::Err(Errno::ENOMEM);

fn mremap(range: (u32, u32), to: (u32, u32), flags: MremapFlags) -> Op {
    let (range, to) = (PageRange::new(range.0, range.1), PageRange::new(to.0, to.1));
    Op::Mremap { pid: Pid(0), range, to, flags }
}

fn swap_out(vpn: u32, token: Option<u8>) -> Op {
    Op::SwapOut { pid: Pid(0), vpn: Vpn(vpn), token: token.map(Token) }
}

impl Bench {
    /// 8 pages a table, folios of 4 pages, memory at 0 to 16.
    fn with_large_folios() -> Self {
        let mut bench = Self::with(Config { ptes: 8, ..Config::default() });
        bench.mmap(P0, 0, 16, RW);
        bench.thp(&[2]);
        bench
    }

    #[track_caller]
    fn relocates(&mut self, range: (u32, u32), to: (u32, u32)) {
        assert_eq!(self.run(mremap(range, to, MUST)), Outcome::At(Vpn(to.0)));
    }

    /// Neither variant relocates this: one refuses, the other moves it as always.
    #[track_caller]
    fn moves_only_as_always(&mut self, range: (u32, u32), to: (u32, u32)) {
        let index = self.vma(P0, range.0).pgoff + (range.0 - self.vma(P0, range.0).start.0);
        let before = self.snapshot();
        assert_eq!(self.run(mremap(range, to, MUST)), EFAULT);
        assert_eq!(self.snapshot(), before, "nothing happened");
        assert_eq!(self.run(mremap(range, to, RELOCATE)), Outcome::At(Vpn(to.0)));
        assert_eq!(self.vma(P0, to.0).pgoff, index);
    }

    /// Index and anon_vma of the folio at a page, relative to its VMA: what INV14 asks for.
    #[track_caller]
    fn at_home(&self, vpn: u32) {
        let (vma, folio) = (self.vma(P0, vpn), self.folio(P0, vpn));
        assert_eq!((vma.pgoff, folio.mapping), (vma.start.0, vma.anon_vma));
        let page = match self.pmd(P0, vpn) {
            PmdKind::Leaf(_) => 0,
            _ => self.page(P0, vpn).page,
        };
        assert_eq!(folio.index + page, vpn);
    }
}

#[test]
fn jr3_relocated_pages_belong_to_their_new_place() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 1, b'a');
    let before = bench.folio(P0, 1);
    bench.relocates((0, 4), (20, 4));
    bench.at_home(21);
    let after = bench.folio(P0, 21);
    assert_eq!((after.refcount, after.mapcount), (before.refcount, before.mapcount));
    assert!(bench.exclusive(P0, 21));
    assert_eq!((bench.rss(P0), bench.vmas(P0)), (1, vec![(20, 24)]));
    assert_eq!(bench.snapshot().anon_vmas.len(), 1);
    assert_eq!(bench.read(P0, 21), b'a');
}

#[test]
fn jr3_a_neighbour_lends_its_anon_vma_and_the_two_merge() {
    let mut bench = Bench::mapped(4);
    bench.mmap(P0, 20, 4, RW);
    bench.mmap(P0, 28, 4, RW);
    for page in [1, 21, 29] {
        bench.write(P0, page, b'a');
    }
    bench.relocates((0, 4), (24, 4));
    // Of two neighbours with anon_vmas of their own the following one lends its.
    assert_eq!(bench.vmas(P0), [(20, 24), (24, 32)]);
    bench.at_home(29);
    assert_eq!(bench.folio(P0, 25).index, 25);
    assert_eq!(bench.folio(P0, 25).mapping, bench.folio(P0, 29).mapping);
    bench.ok(munmap(P0, 20, 4));
    bench.mmap(P0, 20, 4, RW);
    assert_eq!(bench.vmas(P0), [(20, 32)]);
}

#[test]
fn jr1_the_flags_go_with_maymove_alone() {
    let mut bench = Bench::mapped(4);
    for flags in [
        MremapFlags { relocate: true, ..MremapFlags::NONE },
        MremapFlags { must_relocate: true, ..MremapFlags::NONE },
        MremapFlags { dontunmap: true, ..RELOCATE },
    ] {
        assert_eq!(bench.run(mremap((0, 4), (20, 4), flags)), Outcome::Err(Errno::EINVAL));
        assert!(bench.fired(Rule::JR1) && !bench.fired(Rule::J1));
    }
}

#[test]
fn jr1_where_nothing_is_to_be_relocated_that_is_success() {
    let mut bench = Bench::mapped(8);
    bench.relocates((4, 4), (20, 4));
    bench.write(P0, 1, b'a');
    bench.write(P0, 21, b'b');
    assert_eq!(bench.run(mremap((0, 2), (30, 2), FIXED)), Outcome::At(Vpn(30)));
    // It merges with the pages it came from, at the index it has, even pinned.
    bench.gup(P0, 31, 1, 0, PIN_W);
    bench.relocates((30, 2), (0, 2));
    assert_eq!(bench.vmas(P0), [(0, 4), (20, 24)]);
}

#[test]
fn jr2_memory_that_a_child_knows_is_not_relocated() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 1, b'a');
    bench.fork(P0, P1);
    bench.moves_only_as_always((0, 4), (20, 4));
    assert!(bench.fired(Rule::JR2));
    bench.exit(P1);
    bench.relocates((20, 4), (40, 4));
    bench.at_home(41);
}

#[test]
fn jr13_pins_matter_to_the_design_that_looks_at_them() {
    for design in [RelocateDesign::PinCheck, RelocateDesign::PinIgnore] {
        let mut bench = Bench::with(Config { ptes: 4, relocate: design, ..Config::default() });
        bench.mmap(P0, 0, 4, RW);
        bench.write(P0, 1, b'a');
        bench.gup(P0, 1, 1, 0, PIN_W);
        if design == RelocateDesign::PinCheck {
            bench.moves_only_as_always((0, 4), (20, 4));
        } else {
            bench.relocates((0, 4), (20, 4));
            bench.at_home(21);
        }
        bench.ok(dma_write(0, 0, b'b'));
        assert_eq!(bench.read(P0, 21), b'b');
    }
}

#[test]
fn jr14_what_was_rewritten_before_is_undone() {
    let config = Config { ptes: 4, relocate: RelocateDesign::PinIgnore, ..Config::default() };
    let mut bench = Bench::with(config);
    bench.mmap(P0, 0, 4, RW);
    bench.write(P0, 0, b'a');
    bench.gup(P0, 0, 1, 0, PIN_W);
    bench.write(P0, 1, b'b');
    bench.ok(lock(P0, 1, 0));
    bench.moves_only_as_always((0, 4), (20, 4));
    // JR8: a pin does not keep the past from coming back.
    assert!(bench.fired(Rule::JR14) && bench.fired(Rule::JR8));
    assert_eq!(bench.folio(P0, 20).index, 0);
}

#[test]
fn jr7_a_migration_entry_forbids_it() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 0, b'a');
    bench.write(P0, 1, b'b');
    bench.ok(Op::Migrate { pid: Pid(0), vpn: Vpn(1), token: Token(0), all: true });
    bench.moves_only_as_always((0, 4), (20, 4));
    assert!(bench.fired(Rule::JR7));
}

#[test]
fn jr7_a_page_in_the_swap_cache_is_relocated_with_its_entry() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 1, b'a');
    bench.ok(swap_out(1, Some(0)));
    bench.relocates((0, 4), (20, 4));
    assert!(bench.fired(Rule::JR7));
    // Not copied, as what is elsewhere would be.
    assert_eq!(bench.read(P0, 21), b'a');
    bench.at_home(21);
    assert_eq!(bench.snapshot().folios.len(), 1);
}

#[test]
fn jr7_a_locked_or_large_folio_in_the_swap_cache_forbids_it() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 1, b'a');
    bench.ok(swap_out(1, Some(0)));
    bench.ok(lock(P0, 1, 1));
    bench.moves_only_as_always((0, 4), (20, 4));
    let mut bench = Bench::with_large_folios();
    bench.write(P0, 1, b'a');
    bench.ok(swap_out(1, Some(0)));
    bench.moves_only_as_always((0, 8), (24, 8));
    assert!(bench.fired(Rule::JR7));
}

#[test]
fn jr16_a_large_folio_that_moves_whole_stays_large() {
    let mut bench = Bench::with_large_folios();
    bench.write(P0, 4, b'a');
    // Page 0 of the folio need not be mapped.
    bench.advise(P0, 4, 1, Advice::DontNeed);
    bench.relocates((3, 6), (33, 6));
    assert_eq!(bench.folio(P0, 35).order, Order(2));
    assert_eq!(bench.folio(P0, 35).index, 34);
    bench.at_home(35);
}

#[test]
fn jr16_a_folio_that_reaches_beyond_the_range_is_split() {
    let mut bench = Bench::with_large_folios();
    bench.write(P0, 5, b'a');
    bench.write(P0, 6, b'b');
    bench.relocates((0, 6), (32, 6));
    assert_eq!(bench.folio(P0, 37).order, Order(0));
    bench.at_home(37);
    assert_eq!(bench.folio(P0, 6).index, 6);
}

#[test]
fn jr16_a_folio_that_is_mapped_elsewhere_too_is_split() {
    let mut bench = Bench::with_large_folios();
    for page in 0..4 {
        bench.write(P0, page, b'a');
    }
    let part = MremapFlags { dontunmap: true, ..FIXED };
    assert_eq!(bench.run(mremap((0, 2), (32, 2), part)), Outcome::At(Vpn(32)));
    bench.relocates((0, 8), (48, 8));
    bench.at_home(50);
    assert_eq!(bench.folio(P0, 33).index, 1);
    assert_eq!(bench.folio(P0, 33).order, Order(0));
}

#[test]
fn jr12_a_folio_that_cannot_be_split_forbids_it() {
    let mut bench = Bench::with_large_folios();
    bench.write(P0, 5, b'a');
    bench.gup(P0, 7, 1, 0, GET);
    bench.moves_only_as_always((0, 6), (32, 6));
    assert!(bench.fired(Rule::JR12));
}

#[test]
fn jr13_a_leaf_is_relocated_but_by_the_first_design() {
    for design in [RelocateDesign::PinCheck, RelocateDesign::PmdFail] {
        let mut bench = Bench::with(Config { ptes: 4, relocate: design, ..Config::default() });
        bench.mmap(P0, 0, 4, RW);
        bench.thp(&[2]);
        bench.write(P0, 1, b'a');
        bench.leaf(P0, 0);
        if design == RelocateDesign::PmdFail {
            bench.moves_only_as_always((0, 4), (20, 4));
        } else {
            bench.relocates((0, 4), (20, 4));
            bench.at_home(20);
        }
        bench.leaf(P0, 20);
    }
}

#[test]
fn jr12_memory_for_the_new_vma_decides_whether() {
    for kind in [AllocKind::Vma, AllocKind::AnonVma, AllocKind::Avc] {
        for (flags, outcome) in [(MUST, EFAULT), (RELOCATE, Outcome::At(Vpn(20)))] {
            let mut bench = Bench::mapped(4);
            bench.write(P0, 1, b'a');
            assert_eq!(bench.failing(mremap((0, 4), (20, 4), flags), kind, P0, 20), outcome);
            let at = if flags == MUST { 0 } else { 20 };
            assert_eq!(bench.folio(P0, at + 1).index, 1, "not relocated");
            assert_eq!(bench.snapshot().anon_vmas.len(), 1);
        }
    }
}

#[test]
fn jr12_without_page_tables_nothing_has_happened() {
    for flags in [MUST, RELOCATE] {
        let mut bench = Bench::mapped(4);
        bench.write(P0, 1, b'a');
        let before = bench.snapshot();
        let op = mremap((0, 4), (21, 4), flags);
        assert_eq!(bench.failing(op, AllocKind::PteTable, P0, 24), ENOMEM);
        assert!(bench.fired(Rule::JR9) && bench.fired(Rule::JR14));
        assert_eq!(bench.snapshot().folios, before.folios);
        assert_eq!(bench.vmas(P0), [(0, 4)]);
    }
}

#[test]
fn jr12_a_merge_that_needs_memory_may_not_be() {
    for nth in [0, 1] {
        let mut bench = Bench::mapped(4);
        bench.mmap(P0, 20, 4, RW);
        bench.write(P0, 1, b'a');
        bench.ok(Op::FailAlloc { nth: 2 });
        let (kind, pid, vpn) = (AllocKind::Avc, Pid(0), Vpn(24));
        let failed = Choice::AllocFailed(AllocSite { kind, pid, vpn, nth });
        let choices = if nth == 0 { vec![] } else { vec![failed] };
        let op = mremap((0, 4), (24, 4), MUST);
        assert_eq!(bench.choosing(op, &choices), Ok(Outcome::At(Vpn(24))));
        let expected = if nth == 0 { vec![(20, 28)] } else { vec![(20, 24), (24, 28)] };
        assert_eq!(bench.vmas(P0), expected);
        assert_eq!(bench.folio(P0, 25).index, 25);
    }
}

#[test]
fn jr12_a_source_beside_its_destination_becomes_one_with_it_first() {
    let mut bench = Bench::mapped(4);
    bench.write(P0, 1, b'a');
    bench.relocates((0, 4), (4, 4));
    assert_eq!(bench.vmas(P0), [(4, 8)]);
    bench.at_home(5);
    assert_eq!(bench.snapshot().anon_vmas.len(), 1);
}
