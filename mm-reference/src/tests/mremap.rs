//! Moving mappings (section J).

use super::*;
use mm_ops::{MremapFlags, NO_ANON_VMA, UffdCall, UffdWpMode, VmaFlags};

const MAYMOVE: MremapFlags = MremapFlags { maymove: true, fixed: false, ..MremapFlags::NONE };
const FIXED: MremapFlags = MremapFlags { fixed: true, ..MAYMOVE };
const DONTUNMAP: MremapFlags = MremapFlags { dontunmap: true, ..MAYMOVE };

fn mremap(range: (u32, u32), to: (u32, u32), flags: MremapFlags) -> Op {
    let (range, to) = (PageRange::new(range.0, range.1), PageRange::new(to.0, to.1));
    Op::Mremap { pid: Pid(0), range, to, flags }
}

impl Bench {
    /// The first pages of the tables of a level.
    fn tables(&self, level: u8) -> Vec<u32> {
        let snapshot = self.snapshot();
        let tables = snapshot.tables.iter().filter(|table| table.level == level);
        tables.map(|table| table.vpn.0).collect()
    }

    #[track_caller]
    fn moves(&mut self, range: (u32, u32), to: (u32, u32), flags: MremapFlags) {
        let start = if flags.fixed || flags.dontunmap { to.0 } else { range.0 };
        assert_eq!(self.run(mremap(range, to, flags)), Outcome::At(Vpn(start)));
    }
}

#[test]
fn a_moved_vma_keeps_index_and_anon_vma() {
    // J5, J6
    let mut bench = Bench::mapped(4);
    bench.write(P0, 1, b'a');
    let before = bench.folio(P0, 1);
    let anon_vma = bench.vma(P0, 0).anon_vma;
    bench.moves((0, 4), (21, 4), FIXED);
    let vma = bench.vma(P0, 21);
    assert_eq!((vma.pgoff, vma.anon_vma), (0, anon_vma));
    let after = bench.folio(P0, 22);
    assert_eq!((after.mapping, after.index), (before.mapping, 1));
    assert_eq!((after.refcount, after.mapcount), (before.refcount, before.mapcount));
    assert!(bench.exclusive(P0, 22));
    assert_eq!(bench.rss(P0), 1);
    assert_eq!(bench.vmas(P0), [(21, 25)]);
}

#[test]
fn an_untouched_vma_gets_the_index_of_its_new_place() {
    // J5
    let mut bench = Bench::mapped(4);
    bench.read(P0, 1);
    bench.moves((0, 4), (21, 4), FIXED);
    assert_eq!(bench.vma(P0, 21).pgoff, 21);
    assert_eq!(bench.pte(P0, 22), Pte::Zero(YOUNG));
}

#[test]
fn entries_move_one_by_one_and_leave_a_table_behind() {
    // J7, J9: the table of a block that another VMA needs stays.
    let config = Config { ptes: 4, soft_dirty: true, ..Config::default() };
    let mut bench = Bench::with(config);
    bench.mmap(P0, 0, 4, RW);
    bench.write(P0, 1, b'a');
    bench.write(P0, 2, b'b');
    bench.ok(Op::ClearRefs { pid: Pid(0) });
    bench.moves((2, 2), (21, 2), FIXED);
    assert_eq!(bench.tables(1), [0, 20]);
    assert!(bench.flags(P0, 21).has(SD));
    assert!(!bench.flags(P0, 1).has(SD));
    bench.moves((0, 2), (26, 2), FIXED);
    assert_eq!(bench.tables(1), [20, 24]);
    assert_eq!(bench.tables(2), [16]);
}

#[test]
fn a_whole_table_moves_without_a_change() {
    // J9: nothing is forced where a table moves as a whole.
    let config = Config { ptes: 4, soft_dirty: true, ..Config::default() };
    let mut bench = Bench::with(config);
    bench.mmap(P0, 0, 4, RW);
    bench.write(P0, 1, b'a');
    bench.ok(Op::ClearRefs { pid: Pid(0) });
    bench.moves((0, 4), (20, 4), FIXED);
    assert!(!bench.flags(P0, 21).has(SD));
    assert_eq!((bench.tables(1), bench.tables(2)), (vec![20], vec![16]));
}

#[test]
fn a_table_of_tables_moves_without_allocations() {
    // J9
    let mut bench = Bench::mapped(16);
    bench.write(P0, 3, b'a');
    bench.write(P0, 12, b'b');
    bench.moves((0, 16), (32, 16), FIXED);
    assert_eq!((bench.tables(1), bench.tables(2)), (vec![32, 44], vec![32]));
    let made = bench.machine.adopted.made.clone();
    assert!(made.iter().all(|site| matches!(site.kind, AllocKind::Vma | AllocKind::Avc)));
}

#[test]
fn a_leaf_moves_whole_or_is_split() {
    // J9, J15
    let mut bench = Bench::with_orders(4, &[2]);
    bench.write(P0, 1, b'a');
    let leaf = bench.leaf(P0, 0);
    bench.moves((0, 4), (20, 4), FIXED);
    assert_eq!(bench.leaf(P0, 20), leaf);
    assert_eq!(bench.folio(P0, 20).index, 0);
    bench.moves((20, 4), (33, 4), FIXED);
    assert!(bench.fired(Rule::J15));
    for page in 0..4 {
        assert_eq!(
            bench.page(P0, 33 + page),
            Mapped { folio: leaf.folio, page, flags: leaf.flags }
        );
        assert!(bench.exclusive(P0, 33 + page));
    }
    assert_eq!(bench.tables(1), [32, 36]);
    // Nobody has unmapped a part of it.
    assert!(!bench.folio(P0, 33).flags.has(mm_ops::FolioFlags::PARTIALLY_MAPPED));
}

#[test]
fn the_walk_begins_before_the_range_where_nothing_is() {
    // J9
    let mut bench = Bench::new();
    bench.mmap(P0, 1, 7, RW);
    bench.write(P0, 1, b'a');
    bench.moves((1, 7), (33, 7), FIXED);
    let made = |bench: &Bench| {
        bench.machine.adopted.made.iter().any(|site| site.kind == AllocKind::PteTable)
    };
    assert!(!made(&bench));
    bench.mmap(P0, 16, 1, RW);
    bench.moves((33, 7), (17, 7), FIXED);
    assert!(made(&bench), "page 16 is somebody's");
}

#[test]
fn without_event_remap_nothing_is_watched_any_more() {
    // J7, J14
    let config = Config { ptes: 4, uffd: UffdWpMode::Unpopulated, ..Config::default() };
    for uffd_remap in [false, true] {
        let mut bench = Bench::with(Config { uffd_remap, ..config });
        bench.mmap(P0, 0, 4, RW);
        bench.write(P0, 1, b'a');
        let range = PageRange::new(0, 4);
        let call = UffdCall::Register { missing: true, wp: true };
        bench.ok(Op::Uffd { pid: Pid(0), range, call });
        bench.ok(Op::Uffd { pid: Pid(0), range, call: UffdCall::Protect(true) });
        bench.moves((0, 4), (20, 4), FIXED);
        assert_eq!(bench.vma(P0, 20).flags.has(VmaFlags::UFFD_WP), uffd_remap);
        assert_eq!(bench.flags(P0, 21).has(EntryFlags::UFFD_WP), uffd_remap);
        assert!(!bench.flags(P0, 21).has(W));
        let marker = if uffd_remap { Pte::UffdMarker } else { Pte::None };
        assert_eq!(bench.pte(P0, 20), marker);
    }
}

#[test]
fn dontunmap_unlinks_a_source_that_moved_whole() {
    // J12, J13
    let mut bench = Bench::mapped(4);
    bench.ok(mlock(P0, 0, 4));
    let anon_vma = bench.vma(P0, 0).anon_vma;
    bench.moves((0, 4), (20, 4), DONTUNMAP);
    let source = bench.vma(P0, 0);
    assert_eq!((source.anon_vma, source.avcs_len), (NO_ANON_VMA, 0));
    assert!(!source.flags.has(VmaFlags::LOCKED));
    assert!(bench.vma(P0, 20).flags.has(VmaFlags::LOCKED));
    assert_eq!(bench.vma(P0, 20).anon_vma, anon_vma);
    assert_eq!(bench.read(P0, 0), 0);
    bench.write(P0, 0, b'a');
    assert_ne!(bench.vma(P0, 0).anon_vma, bench.vma(P0, 20).anon_vma);
}

#[test]
fn dontunmap_of_a_part_leaves_two_pages_of_one_index() {
    // J12, J13, L7
    let mut bench = Bench::mapped(4);
    bench.write(P0, 1, b'a');
    bench.moves((0, 2), (20, 2), DONTUNMAP);
    bench.write(P0, 1, b'b');
    let (old, new) = (bench.folio(P0, 1), bench.folio(P0, 21));
    assert_eq!((old.mapping, old.index), (new.mapping, new.index));
    let walk = Op::RmapWalk { pid: Pid(0), vpn: Vpn(1) };
    assert!(matches!(bench.run(walk), Outcome::Pids(pids) if pids.contains(Pid(0))));
}

#[test]
fn a_neighbour_lends_the_old_anon_vma_again() {
    // J13
    let mut bench = Bench::mapped(8);
    bench.write(P0, 1, b'a');
    bench.write(P0, 5, b'b');
    bench.protect(P0, 4, 4, R);
    let anon_vma = bench.vma(P0, 4).anon_vma;
    bench.moves((0, 4), (20, 4), DONTUNMAP);
    assert_eq!(bench.vma(P0, 0).anon_vma, NO_ANON_VMA);
    bench.write(P0, 1, b'c');
    assert_eq!(bench.vma(P0, 0).anon_vma, anon_vma);
    assert_eq!(bench.read(P0, 21), b'a');
}

#[test]
fn the_subject_chooses_the_place() {
    // J16
    let mut bench = Bench::mapped(2);
    bench.mmap(P0, 2, 1, R);
    let op = mremap((0, 2), (0, 4), MAYMOVE);
    let mut other = Bench { machine: bench.machine.clone(), ..Bench::mapped(2) };
    let placed = bench.choosing(op, &[Choice::Placed(Vpn(30))]);
    assert_eq!(placed, Ok(Outcome::At(Vpn(30))));
    for taken in [0, 1, 2, 61, u32::MAX] {
        let mut machine = other.machine.clone();
        let refusal = machine.apply(&op, &[Choice::Placed(Vpn(taken))]).unwrap_err();
        assert_eq!(refusal.rule, Rule::J16);
    }
    let refusal = other.machine.apply(&mremap((0, 2), (40, 2), FIXED), &[Choice::Placed(Vpn(40))]);
    assert!(refusal.is_err(), "a fixed place is no choice");
}

#[test]
fn dontunmap_goes_to_its_place_if_that_is_free() {
    // J16
    let mut bench = Bench::mapped(2);
    let op = mremap((0, 2), (40, 2), DONTUNMAP);
    let mut other = bench.machine.clone();
    assert_eq!(bench.choosing(op, &[Choice::Placed(Vpn(40))]), Ok(Outcome::At(Vpn(40))));
    assert!(other.apply(&op, &[Choice::Placed(Vpn(30))]).is_err());
}

#[test]
fn what_has_moved_comes_back() {
    // J11
    let mut bench = Bench::mapped(8);
    for (vpn, label) in [(1, b'a'), (5, b'b')] {
        bench.write(P0, vpn, label);
    }
    let (tables, vmas) = (bench.tables(1), bench.vmas(P0));
    let outcome = bench.failing(mremap((0, 8), (34, 8), FIXED), AllocKind::PteTable, 0, 36);
    assert_eq!(outcome, Outcome::Err(mm_ops::Errno::ENOMEM));
    assert!(bench.fired(Rule::J11));
    assert_eq!((bench.tables(1), bench.vmas(P0)), (tables, vmas));
    assert_eq!((bench.read(P0, 1), bench.read(P0, 5)), (b'a', b'b'));
    assert_eq!(bench.tables(2), [0]);
}

#[test]
fn a_source_that_stays_is_not_accounted() {
    // J11, J12
    let mut bench = Bench::mapped(4);
    bench.write(P0, 1, b'a');
    let outcome = bench.failing(mremap((1, 2), (21, 2), FIXED), AllocKind::Vma, 0, 0);
    assert_eq!(outcome, Outcome::At(Vpn(21)));
    assert_eq!(bench.vmas(P0), [(0, 4), (21, 23)]);
    assert!(!bench.vma(P0, 0).flags.has(VmaFlags::ACCOUNT));
    assert!(bench.vma(P0, 21).flags.has(VmaFlags::ACCOUNT));
    assert_eq!(bench.pte(P0, 1), Pte::None);
}

#[test]
fn an_inherited_chain_moves_whole_and_joins_nothing_untouched() {
    // J5, L10
    let mut bench = Bench::mapped(4);
    bench.write(P0, 2, b'a');
    bench.fork(P0, P1);
    bench.exit(P0);
    bench.fork(P1, P0);
    let links = bench.vma(P0, 0).avcs_len;
    assert!(links > 1);
    bench.moves((2, 2), (20, 2), FIXED);
    assert_eq!(bench.vma(P0, 20).avcs_len, links);
    bench.ok(munmap(P0, 0, 2));
    bench.mmap(P0, 4, 2, RW);
    bench.moves((20, 2), (2, 2), FIXED);
    assert_eq!(bench.vmas(P0), [(2, 4), (4, 6)]);
    bench.moves((2, 2), (20, 2), FIXED);
    assert_eq!(bench.read(P1, 2), b'a');
    let walk = Op::RmapWalk { pid: Pid(1), vpn: Vpn(2) };
    assert!(matches!(bench.run(walk), Outcome::Pids(pids) if pids.iter().count() == 2));
}

#[test]
fn a_swapped_page_comes_back_at_its_new_place() {
    // J7, INV31
    let mut bench = Bench::mapped(4);
    bench.write(P0, 1, b'a');
    let token = Some(Token(0));
    bench.ok(Op::SwapOut { pid: Pid(0), vpn: Vpn(1), token });
    bench.moves((0, 4), (21, 4), FIXED);
    bench.ok(Op::WriteDone { token: Token(0), error: false });
    bench.write(P0, 22, b'b');
    assert_eq!(bench.folio(P0, 22).index, 1);
}
