//! The anonmm scheme (section M), rule by rule: the group and what a page notes here, the rest in files of
//! their own.

mod faults;
mod moves;
mod searches;
mod swapoff;

use mm_ops::{Errno, FolioFlags, MremapFlags, NO_ANON_VMA, PidSet, RmapScheme};

use super::swap::{BUSY, swap_out, write_done, write_out};
use super::*;
use crate::state::Swapped;

const ENOSYS: Outcome = Outcome::Err(Errno::ENOSYS);
const ENOMEM: Outcome = Outcome::Err(Errno::ENOMEM);
const EINTR: Outcome = Outcome::Err(Errno::EINTR);
const FOLIO: AllocKind = AllocKind::Folio(Order(0));
const OLD: EntryFlags = EntryFlags::NONE;

/// What the snapshot says of a page that notes nothing.
const NOTHING: (u32, u32) = (NO_ANON_VMA, 0);

impl Bench {
    /// A machine of the anonmm scheme where `p0` has the first `pages` pages mapped read-write.
    fn of_2004(pages: u32) -> Self {
        let config = Config { ptes: 4, rmap: RmapScheme::Anonmm, ..Config::default() };
        let mut bench = Self::with(config.sanitized());
        bench.mmap(P0, 0, pages, RW);
        bench
    }

    /// `p0` and `p1` share page 0 (`a`).
    fn shared() -> Self {
        let mut bench = Self::of_2004(4);
        bench.write(P0, 0, b'a');
        bench.fork(P0, P1);
        bench
    }

    /// The same swapped out, and moved by `p1` to page 8.
    fn swapped_and_moved() -> Self {
        let mut bench = Self::shared();
        bench.ok(swap_out(P0, 0));
        bench.mremaps(P1, (0, 4), 8);
        bench
    }

    /// The same, where both have the page again, and nobody will find it at `p1`'s address: there was no
    /// memory for the copy.
    fn lost() -> Self {
        let mut bench = Self::swapped_and_moved();
        assert_eq!(bench.read(P0, 0), b'a');
        assert_eq!(bench.failing(read(P1, 8), FOLIO, P1, 8), Outcome::Oom);
        assert_eq!(bench.page(P1, 8).folio, bench.page(P0, 0).folio);
        bench
    }

    /// What each record is of, and counts.
    fn records(&self) -> Vec<(Option<u8>, u32)> {
        let snapshot = self.snapshot();
        snapshot.anonmms.iter().map(|record| (record.pid.map(|pid| pid.0), record.count)).collect()
    }

    /// The place of the record that a mapped page notes, and the address.
    #[track_caller]
    fn noted(&self, pid: u8, vpn: u32) -> (u32, u32) {
        let folio = self.folio(pid, vpn);
        (folio.mapping, folio.index)
    }

    fn cows(&self) -> u32 {
        self.snapshot().mremap_cows
    }

    fn warnings(&self) -> u32 {
        self.snapshot().rmap_warnings
    }

    #[track_caller]
    fn mremaps(&mut self, pid: u8, range: (u32, u32), to: u32) {
        assert_eq!(self.run(mremap(pid, range, to)), Outcome::At(Vpn(to)));
    }

    #[track_caller]
    fn finds(&mut self, pid: u8, vpn: u32, found: &[u8]) {
        let found: PidSet = found.iter().map(|pid| Pid(*pid)).collect();
        assert_eq!(self.run(walk(pid, vpn)), Outcome::Pids(found));
    }

    #[track_caller]
    fn swapped_out(&self, pid: u8, vpn: u32) -> u32 {
        match self.pte(pid, vpn) {
            Pte::Swap(Swapped { slot, flags: EntryFlags::NONE }) => slot,
            other => panic!("not swapped at {vpn}: {other:?}"),
        }
    }

    /// Takes the write bit of a page away, and nothing else.
    fn write_protect(&mut self, pid: u8, vpn: u32) {
        self.protect(pid, vpn, 1, R);
        self.protect(pid, vpn, 1, RW);
    }

    /// Kind and place of every allocation of the last operation.
    fn allocated(&self) -> Vec<(AllocKind, u32)> {
        self.machine.adopted.made.iter().map(|site| (site.kind, site.vpn.0)).collect()
    }
}

fn mremap(pid: u8, range: (u32, u32), to: u32) -> Op {
    let flags = MremapFlags { maymove: true, fixed: true, ..MremapFlags::NONE };
    let (range, to) = (PageRange::new(range.0, range.1), PageRange::new(to, range.1));
    Op::Mremap { pid: Pid(pid), range, to, flags }
}

fn walk(pid: u8, vpn: u32) -> Op {
    Op::RmapWalk { pid: Pid(pid), vpn: Vpn(vpn) }
}

fn poke(pid: u8, vpn: u32, label: u8) -> Op {
    remote(pid, vpn, Remote::Poke(Value::label(label)))
}

#[test]
fn m1_what_came_later_is_refused_before_anything_else() {
    let mut bench = Bench::of_2004(4);
    assert_eq!(bench.run(gup(P2, 0, 1, 99, PIN)), ENOSYS, "neither ESRCH nor EINVAL");
    assert_eq!(bench.run(advise(P0, 0, 0, Advice::Free)), ENOSYS);
    // It uses up what was armed, like any operation.
    bench.ok(Op::FailAlloc { nth: 1 });
    assert_eq!(bench.run(hint(P0, 0, 4)), ENOSYS);
    let site = AllocSite { kind: FOLIO, pid: Pid(0), vpn: Vpn(0), nth: 0 };
    assert!(bench.choosing(write(P0, 0, b'a'), &[Choice::AllocFailed(site)]).is_err());
}

#[test]
fn m1_records_count_processes_pages_and_the_list() {
    let mut bench = Bench::of_2004(4);
    assert_eq!(bench.records(), [(Some(0), 2)]);
    bench.write(P0, 0, b'a');
    assert_eq!(bench.records(), [(Some(0), 3)]);
    bench.fork(P0, P1);
    bench.write(P1, 1, b'b');
    bench.fork(P1, P2);
    assert_eq!(bench.records(), [(Some(0), 5), (Some(1), 2), (Some(2), 1)]);
    // The process ends before its page does.
    bench.exit(P1);
    assert_eq!(bench.records(), [(Some(0), 5), (None, 1), (Some(2), 1)]);
    bench.ok(munmap(P2, 1, 1));
    assert!(bench.fired(Rule::M14) && bench.fired(Rule::M1));
    assert_eq!(bench.records(), [(Some(0), 4), (Some(2), 1)]);
    // The head stays for the others.
    bench.exit(P0);
    assert_eq!(bench.records(), [(None, 3), (Some(2), 1)]);
    // A name used anew is another record, at the end.
    bench.fork(P2, P0);
    assert_eq!(bench.records(), [(None, 4), (Some(2), 1), (Some(0), 1)]);
    bench.exit(P2);
    assert_eq!(bench.records(), [(None, 3), (Some(0), 1)]);
    bench.exit(P0);
    assert_eq!(bench.records(), []);
}

#[test]
fn m1_a_fork_that_fails_leaves_no_record() {
    use AllocKind::{Anonmm, Mm, PmdTable, PteTable, Vma};
    for (kind, parents_loss) in
        [(Mm, false), (Anonmm, false), (Vma, false), (PmdTable, false), (PteTable, true)]
    {
        let mut bench = Bench::of_2004(8);
        bench.write(P0, 0, b'a');
        bench.write(P0, 4, b'b');
        let vpn = if kind == PteTable { 4 } else { 0 };
        assert_eq!(bench.failing(fork(P0, P1), kind, P1, vpn), ENOMEM, "{kind:?}");
        assert_eq!(bench.records(), [(Some(0), 4)]);
        assert_eq!(bench.flags(P0, 0).has(W), !parents_loss, "C18");
        assert_eq!((bench.noted(P0, 0), bench.folio(P0, 0).mapcount), ((0, 0), 1));
    }
    let mut bench = Bench::of_2004(1);
    bench.write(P0, 0, b'a');
    bench.fork(P0, P1);
    let expected = [AllocKind::Mm, AllocKind::Anonmm, AllocKind::Vma];
    let expected = expected.into_iter().chain([AllocKind::PmdTable, AllocKind::PteTable]);
    assert_eq!(bench.allocated(), expected.map(|kind| (kind, 0)).collect::<Vec<_>>());
}

#[test]
fn m1_the_tables_of_a_fork_are_always_copied() {
    let mut bench = Bench::of_2004(4);
    bench.read(P0, 1);
    bench.fork(P0, P1);
    assert_eq!(bench.pte(P1, 1), Pte::Zero(OLD));
}

#[test]
fn m2_m13_the_first_mapping_sets_what_a_page_notes() {
    let mut bench = Bench::of_2004(4);
    bench.write(P0, 3, b'a');
    assert!(bench.fired(Rule::M2) && bench.fired(Rule::M13));
    assert_eq!(bench.noted(P0, 3), (0, 3));
    assert_eq!(bench.allocated(), [(AllocKind::PmdTable, 0), (AllocKind::PteTable, 0), (FOLIO, 3)]);
    bench.fork(P0, P1);
    assert!(bench.fired(Rule::M2) && bench.fired(Rule::M13));
    assert_eq!(bench.noted(P1, 3), (0, 3));
    bench.write(P1, 3, b'b');
    assert_eq!((bench.noted(P0, 3), bench.noted(P1, 3)), ((0, 3), (1, 3)));
    assert!(!bench.exclusive(P1, 3), "no page is called exclusive");
}

#[test]
fn m14_with_its_last_mapping_a_page_notes_nothing() {
    let mut bench = Bench::shared();
    bench.ok(write_out(P0, 0, 0));
    let snapshot = bench.snapshot();
    let cached = snapshot.folios[snapshot.slots[0].cache.expect("in flight") as usize];
    assert_eq!((cached.mapping, cached.index), NOTHING);
    assert_eq!(bench.records(), [(Some(0), 3), (Some(1), 1)]);
    // M9, M13: whoever is first to have it back.
    assert_eq!(bench.read(P1, 0), b'a');
    assert_eq!(bench.noted(P1, 0), (1, 0));
    assert_eq!(bench.read(P0, 0), b'a');
    assert_eq!(bench.noted(P0, 0), (1, 0));
}
