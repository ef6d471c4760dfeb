//! One fact a test, each citing its rule. The files are named like the areas they test.

mod anonmm;
mod circumstances;
mod collapse;
mod cow;
mod device;
mod exclusive;
mod fault;
mod fork;
mod gup;
mod hwpoison;
mod ksm;
mod lru;
mod migrate;
mod mremap;
mod protect;
mod race;
mod random;
mod reclaim;
mod relocate;
mod rmap;
mod seeds;
mod snapshot;
mod split;
mod swap;
mod thp;
mod uffd;
mod uffd_move;
mod vma;
mod zap;

use mm_ops::{
    Advice, AllocKind, AllocSite, Choice, Config, EntryFlags, FolioSnap, GupFlags, Handle, Op,
    Order, OrderSet, Outcome, PageRange, Pid, Prot, Remote, Snapshot, Token, Value, VmaSnap, Vpn,
};

use crate::coverage::Rule;
use crate::state::{Leaf, Mapped, PmdKind, Pte, Reference};
use crate::{Ideal, Refusal};

const OK: Outcome = Outcome::Ok;
const RW: Prot = Prot::RW;
const R: Prot = Prot::R;
const W: EntryFlags = EntryFlags::WRITE;
const DIRTY: EntryFlags = EntryFlags::DIRTY;
const YOUNG: EntryFlags = EntryFlags::YOUNG;
const SD: EntryFlags = EntryFlags::SOFT_DIRTY;
const PROTNONE: EntryFlags = EntryFlags::PROTNONE;

const P0: u8 = 0;
const P1: u8 = 1;
const P2: u8 = 2;

const GET: GupFlags = GupFlags {
    pin: false,
    write: false,
    longterm: false,
    force: false,
    fast: false,
    nofault: false,
    split_pmd: false,
};
const PIN: GupFlags = GupFlags { pin: true, ..GET };
const PIN_W: GupFlags = GupFlags { write: true, ..PIN };
const GET_W: GupFlags = GupFlags { write: true, ..GET };
const LONGTERM: GupFlags = GupFlags { longterm: true, ..PIN };

/// A machine to drive by hand: both layers, the ideal watching every step.
struct Bench {
    machine: Reference,
    ideal: Ideal,
    config: Config,
    ops: usize,
}

impl Bench {
    /// 4 pages a table.
    fn new() -> Self {
        Self::with(Config { ptes: 4, ..Config::default() })
    }

    fn with(config: Config) -> Self {
        let mut ideal = Ideal::new();
        ideal.begin(&config);
        Self { machine: Reference::new(&config), ideal, config, ops: 0 }
    }

    /// A machine where `p0` has the first `pages` pages mapped read-write.
    fn mapped(pages: u32) -> Self {
        let mut bench = Self::new();
        bench.mmap(P0, 0, pages, RW);
        bench
    }

    /// The same with all folio orders of the geometry enabled.
    fn with_orders(pages: u32, orders: &[u8]) -> Self {
        let mut bench = Self::mapped(pages);
        bench.thp(orders);
        bench
    }

    fn choosing(&mut self, op: Op, choices: &[Choice]) -> Result<Outcome, Refusal> {
        let op = op.stamped(self.ops);
        self.ops += 1;
        let outcome = self.machine.apply(&op, choices)?;
        let mut seen = mm_ops::Observation::default();
        seen.fill_from(&self.snapshot(), self.config.ptes);
        let seen = seen.pages.iter().map(|page| (page.pid, page.vpn, page.value));
        self.ideal.apply(&op, &outcome).and_then(|()| self.ideal.judge(seen)).expect("ideal");
        Ok(outcome)
    }

    fn run(&mut self, op: Op) -> Outcome {
        self.choosing(op, &[]).expect("no choice, so none refused")
    }

    #[track_caller]
    fn ok(&mut self, op: Op) {
        assert_eq!(self.run(op), OK);
    }

    /// Runs an operation whose allocation named here fails.
    #[track_caller]
    fn failing(&mut self, op: Op, kind: AllocKind, pid: u8, vpn: u32) -> Outcome {
        self.ok(Op::FailAlloc { nth: 1 });
        let site = AllocSite { kind, pid: Pid(pid), vpn: Vpn(vpn), nth: 0 };
        self.choosing(op, &[Choice::AllocFailed(site)]).expect("the allocation is made")
    }

    #[track_caller]
    fn mmap(&mut self, pid: u8, start: u32, len: u32, prot: Prot) {
        self.ok(mmap(pid, start, len, prot));
    }

    #[track_caller]
    fn write(&mut self, pid: u8, vpn: u32, label: u8) {
        self.ok(write(pid, vpn, label));
    }

    #[track_caller]
    fn read(&mut self, pid: u8, vpn: u32) -> u8 {
        match self.run(read(pid, vpn)) {
            Outcome::Value(value) => value.label,
            other => panic!("a read answered {other:?}"),
        }
    }

    #[track_caller]
    fn fork(&mut self, parent: u8, child: u8) {
        self.ok(fork(parent, child));
    }

    #[track_caller]
    fn exit(&mut self, pid: u8) {
        self.ok(Op::Exit { pid: Pid(pid) });
    }

    #[track_caller]
    fn gup(&mut self, pid: u8, start: u32, len: u32, handle: u8, flags: GupFlags) {
        let count = self.run(gup(pid, start, len, handle, flags));
        assert_eq!(count, Outcome::Count(len));
    }

    #[track_caller]
    fn put(&mut self, handle: u8) {
        self.ok(Op::Put { handle: Handle(handle), dirty: false });
    }

    #[track_caller]
    fn protect(&mut self, pid: u8, start: u32, len: u32, prot: Prot) {
        self.ok(protect(pid, start, len, prot));
    }

    #[track_caller]
    fn advise(&mut self, pid: u8, start: u32, len: u32, advice: Advice) {
        self.ok(advise(pid, start, len, advice));
    }

    fn thp(&mut self, orders: &[u8]) {
        let always = orders.iter().fold(OrderSet::EMPTY, |set, order| set.with(Order(*order)));
        self.ok(Op::Thp { always, madvise: OrderSet::EMPTY });
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.machine.snapshot(&mut snapshot);
        assert_eq!((snapshot.leaked_folios, snapshot.leaked_anon_vmas), (0, 0));
        snapshot
    }

    fn pte(&self, pid: u8, vpn: u32) -> Pte {
        self.machine.pte(Pid(pid), vpn)
    }

    /// The entry of a page that a PTE maps.
    #[track_caller]
    fn page(&self, pid: u8, vpn: u32) -> Mapped {
        match self.pte(pid, vpn) {
            Pte::Page(mapped) => mapped,
            other => panic!("no page at {vpn}: {other:?}"),
        }
    }

    #[track_caller]
    fn flags(&self, pid: u8, vpn: u32) -> EntryFlags {
        self.page(pid, vpn).flags
    }

    #[track_caller]
    fn exclusive(&self, pid: u8, vpn: u32) -> bool {
        let Mapped { folio, page, .. } = self.page(pid, vpn);
        self.machine.page(folio, page).exclusive
    }

    #[track_caller]
    fn leaf(&self, pid: u8, vpn: u32) -> Leaf {
        match self.machine.pmd(Pid(pid), vpn) {
            PmdKind::Leaf(leaf) => leaf,
            other => panic!("no leaf at {vpn}: {other:?}"),
        }
    }

    fn pmd(&self, pid: u8, vpn: u32) -> PmdKind {
        self.machine.pmd(Pid(pid), vpn)
    }

    /// The folio a process maps at a page.
    #[track_caller]
    fn folio(&self, pid: u8, vpn: u32) -> FolioSnap {
        let snapshot = self.snapshot();
        let covers = |entry: &&mm_ops::EntrySnap| {
            let pages = if entry.kind.is_pmd() { u32::from(self.config.ptes) } else { 1 };
            entry.pid.0 == pid && entry.vpn.0 <= vpn && vpn < entry.vpn.0 + pages
        };
        let entry = snapshot.entries.iter().find(covers).expect("something is mapped");
        snapshot.folios[entry.folio as usize]
    }

    #[track_caller]
    fn vma(&self, pid: u8, vpn: u32) -> VmaSnap {
        *self.snapshot().vma_at(Pid(pid), Vpn(vpn)).expect("a VMA")
    }

    fn vmas(&self, pid: u8) -> Vec<(u32, u32)> {
        let snapshot = self.snapshot();
        let own = snapshot.vmas.iter().filter(|vma| vma.pid.0 == pid);
        own.map(|vma| (vma.start.0, vma.end.0)).collect()
    }

    fn rss(&self, pid: u8) -> u32 {
        self.snapshot().mms.iter().find(|mm| mm.pid.0 == pid).expect("alive").rss_anon
    }

    fn fired(&self, rule: Rule) -> bool {
        self.machine.coverage().fired().iter().any(|(fired, _)| *fired == rule)
    }
}

fn mmap(pid: u8, start: u32, len: u32, prot: Prot) -> Op {
    Op::Mmap { pid: Pid(pid), range: PageRange::new(start, len), prot, droppable: false }
}

fn munmap(pid: u8, start: u32, len: u32) -> Op {
    Op::Munmap { pid: Pid(pid), range: PageRange::new(start, len) }
}

fn protect(pid: u8, start: u32, len: u32, prot: Prot) -> Op {
    Op::Mprotect { pid: Pid(pid), range: PageRange::new(start, len), prot }
}

fn advise(pid: u8, start: u32, len: u32, advice: Advice) -> Op {
    Op::Madvise { pid: Pid(pid), range: PageRange::new(start, len), advice }
}

fn read(pid: u8, vpn: u32) -> Op {
    Op::Read { pid: Pid(pid), vpn: Vpn(vpn) }
}

fn write(pid: u8, vpn: u32, label: u8) -> Op {
    Op::Write { pid: Pid(pid), vpn: Vpn(vpn), value: Value::label(label) }
}

fn fork(parent: u8, child: u8) -> Op {
    Op::Fork { parent: Pid(parent), child: Pid(child) }
}

fn gup(pid: u8, start: u32, len: u32, handle: u8, flags: GupFlags) -> Op {
    Op::Gup { pid: Pid(pid), range: PageRange::new(start, len), handle: Handle(handle), flags }
}

fn dma_read(handle: u8, index: u32) -> Op {
    Op::DmaRead { handle: Handle(handle), index }
}

fn dma_write(handle: u8, index: u32, label: u8) -> Op {
    Op::DmaWrite { handle: Handle(handle), index, value: Value::label(label) }
}

fn remote(pid: u8, vpn: u32, access: Remote) -> Op {
    Op::Remote { pid: Pid(pid), vpn: Vpn(vpn), access }
}

fn lock(pid: u8, vpn: u32, token: u8) -> Op {
    Op::Lock { pid: Pid(pid), vpn: Vpn(vpn), token: Token(token) }
}

fn isolate(pid: u8, vpn: u32, token: u8) -> Op {
    Op::Isolate { pid: Pid(pid), vpn: Vpn(vpn), token: Token(token) }
}

fn hint(pid: u8, start: u32, len: u32) -> Op {
    Op::NumaHint { pid: Pid(pid), range: PageRange::new(start, len) }
}

fn mlock(pid: u8, start: u32, len: u32) -> Op {
    Op::Mlock { pid: Pid(pid), range: PageRange::new(start, len) }
}
