//! The model as a whole: its state, its reset, and the dispatch of operations. What an operation
//! does is in the file of its area.

use crate::alloc::{AllocPlan, NoMemory};
use crate::anonmm::{Anonmms, RecordNr};
use crate::circumstances::Circumstance;
use crate::device::Devices;
use crate::folio::{FolioId, Folios, lower};
use crate::gup::OpenHandle;
use crate::lru::LruBatches;
use crate::race::{Point, Race};
use crate::rmap::AnonVmas;
use crate::swap::Swap;
use crate::table::{Geometry, Tables};
use crate::vma::{Area, Vma};
use mm_ops::{
    Actor, Batching, Choice, Config, Effect, Errno, FolioFlags, HANDLES_MAX, Mm, Moment,
    Observation, Op, OrderSet, Outcome, PROCS_MAX, Pid, RACE_STEPS, Snapshot, TOKENS_MAX,
};
use std::collections::BTreeMap;

/// The address space of a process (S1).
#[derive(Default)]
pub(crate) struct AddressSpace {
    pub(crate) alive: bool,
    /// MMF_HAS_PINNED (D10).
    pub(crate) has_pinned: bool,
    /// Odd while a fork copies this address space; GUP-fast looks at it twice (C1, C20).
    pub(crate) write_protect_seq: u32,
    /// rss\[ANON\], in pages (INV10).
    pub(crate) rss: u32,
    /// rss\[SWAPENTS\] (INV10).
    pub(crate) swapents: u32,
    /// Its record in the anonmm scheme (M1).
    pub(crate) anonmm: RecordNr,
    /// The top table.
    pub(crate) top: u32,
    /// Tables put by for the split of a PMD leaf (INV28).
    pub(crate) deposited: Vec<u32>,
    /// Ascending.
    pub(crate) vmas: Vec<Vma>,
}

/// The enabled folio orders (A6, A7).
#[derive(Clone, Copy, Default)]
pub(crate) struct ThpOrders {
    pub(crate) always: OrderSet,
    pub(crate) madvise: OrderSet,
}

/// The optimized model. Reset it with a configuration, apply operations, look at it.
pub struct Model {
    pub(crate) config: Config,
    pub(crate) geometry: Geometry,
    pub(crate) mms: [AddressSpace; PROCS_MAX as usize],
    pub(crate) tables: Tables,
    pub(crate) folios: Folios,
    pub(crate) anon_vmas: AnonVmas,
    /// Empty in the anon_vma scheme.
    pub(crate) anonmms: Anonmms,
    /// Of each KSM page the places it was merged at, ascending (L13).
    pub(crate) ksm: BTreeMap<FolioId, Vec<u32>>,
    pub(crate) handles: [OpenHandle; HANDLES_MAX as usize],
    pub(crate) tokens: [Option<Circumstance>; TOKENS_MAX as usize],
    pub(crate) thp: ThpOrders,
    pub(crate) swap: Swap,
    pub(crate) lru: LruBatches,
    pub(crate) devices: Devices,
    pub(crate) allocs: AllocPlan,
    /// What the operation under way chose.
    pub(crate) choices: Vec<Choice>,
    /// Armed by `race` for the next operation.
    pub(crate) armed_race: Option<(Actor, [u8; RACE_STEPS])>,
    /// The actor beside the operation under way.
    pub(crate) race: Option<Race>,
    /// Roots whose lock the operation under way holds for writing, if a walker might care (L18).
    pub(crate) held_roots: Vec<crate::rmap::AnonVmaNr>,
    /// What folios on their way name in a relocation of that design.
    pub(crate) av_object: Option<crate::relocate_pages::AvObject>,
    /// An entry taken out of sight for an actor to miss.
    pub(crate) hidden: Option<(crate::table::Slot, crate::entry::Entry)>,
    /// What happened in the last operation with an actor beside it.
    pub(crate) timeline: Vec<Moment>,
    /// Longest run that is processed as one: 1 with batching off.
    pub(crate) run_max: u32,
    #[cfg(feature = "faults")]
    pub(crate) fault: Option<crate::faults::Fault>,
    #[cfg(feature = "faults")]
    pub(crate) remembered: crate::faults::Remembered,
}

impl Model {
    /// A model of a fresh machine.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let mut model = Self {
            config: *config,
            geometry: Geometry::default(),
            mms: Default::default(),
            tables: Tables::default(),
            folios: Folios::default(),
            anon_vmas: AnonVmas::default(),
            anonmms: Anonmms::default(),
            ksm: BTreeMap::new(),
            handles: Default::default(),
            tokens: Default::default(),
            thp: ThpOrders::default(),
            swap: Swap::default(),
            lru: LruBatches::default(),
            devices: Devices::default(),
            allocs: AllocPlan::default(),
            choices: Vec::new(),
            armed_race: None,
            race: None,
            held_roots: Vec::new(),
            av_object: None,
            hidden: None,
            timeline: Vec::new(),
            run_max: u32::MAX,
            #[cfg(feature = "faults")]
            fault: None,
            #[cfg(feature = "faults")]
            remembered: crate::faults::Remembered::default(),
        };
        model.reset(config);
        model
    }

    /// Whether a fault is switched on, so that assertions may fail.
    pub(crate) fn is_faulty(&self) -> bool {
        #[cfg(feature = "faults")]
        return self.fault.is_some();
        #[cfg(not(feature = "faults"))]
        return false;
    }

    /// Longest run the configuration allows.
    pub(crate) const fn longest_run(&self) -> u32 {
        match self.config.batching {
            Batching::On => u32::MAX,
            Batching::Off => 1,
        }
    }

    /// Whether a process may be operated on.
    pub(crate) fn live(&self, pid: Pid) -> bool {
        pid.index() < usize::from(self.config.procs) && self.mms[pid.index()].alive
    }

    /// Gives a process an empty address space.
    pub(crate) fn start_process(&mut self, pid: Pid) {
        let top = self.tables.take();
        #[cfg(feature = "faults")]
        self.forget_process(pid);
        let mm = &mut self.mms[pid.index()];
        debug_assert!(mm.vmas.is_empty() && mm.deposited.is_empty(), "an exited mm is empty");
        mm.alive = true;
        mm.has_pinned = false;
        mm.rss = 0;
        mm.swapents = 0;
        mm.top = top;
        if self.is_anonmm() {
            self.mms[pid.index()].anonmm = self.anonmms.join(pid);
        }
    }

    /// Drops references of a folio; the last one frees it (I15).
    #[inline]
    pub(crate) fn put_folio(&mut self, id: FolioId, refs: u32) {
        let folio = &mut self.folios[id];
        if cfg!(feature = "faults") && folio.refs == 0 {
            return;
        }
        lower(&mut folio.refs, refs);
        if folio.refs == 0 {
            self.free_folio(id);
        }
    }

    /// Frees a folio, and a lock with it; a poisoned page stays.
    fn free_folio(&mut self, id: FolioId) {
        let flags = self.folios[id].flags;
        if flags.has(FolioFlags::LOCKED) {
            self.forget_lock_of(id);
        }
        if flags.has(FolioFlags::DEFERRED) {
            self.unqueue_deferred(id);
        }
        if flags.has(FolioFlags::KSM) {
            self.ksm.remove(&id);
        }
        self.forget_walker_of(id);
        self.free_device_pages(id);
        if self.folios.bury(id) {
            return;
        }
        self.folios.destroy(id);
    }

    /// The bits that a software "make dirty" sets (S18).
    pub(crate) fn dirty_bits(&self) -> u64 {
        use crate::entry::Entry;
        if self.config.soft_dirty { Entry::DIRTY | Entry::SOFT_DIRTY } else { Entry::DIRTY }
    }

    /// Whether writes must fault for soft-dirty tracking: the VMA tracks and the entry has no such
    /// bit (S21).
    pub(crate) fn soft_dirty_wp(&self, area: Area, entry: crate::entry::Entry) -> bool {
        use crate::entry::Entry;
        self.config.soft_dirty
            && !area.has(mm_ops::VmaFlags::SOFTDIRTY)
            && !entry.has(Entry::SOFT_DIRTY)
    }

    /// The names of all yield points.
    pub fn yield_points() -> impl Iterator<Item = &'static str> {
        Point::ALL.iter().map(|point| point.name())
    }

    /// The operation `race`.
    fn arm_race(&mut self, actor: Actor, at: [u8; RACE_STEPS]) -> Outcome {
        if let Actor::Gup { handle, .. } = actor
            && self.handles.get(handle.index()).is_none_or(OpenHandle::is_open)
        {
            return Outcome::Err(Errno::EBUSY);
        }
        self.armed_race = Some((actor, at));
        Outcome::Ok
    }

    fn dispatch(&mut self, op: &Op) -> Outcome {
        if !op.exists_in(self.config.rmap) {
            return Outcome::Err(Errno::ENOSYS);
        }
        if op.actor().is_some_and(|pid| !self.live(pid)) {
            return Outcome::Err(Errno::ESRCH);
        }
        match *op {
            Op::Mmap { pid, range, prot, droppable } => self.mmap(pid, range, prot, droppable),
            Op::Munmap { pid, range } => self.munmap(pid, range),
            Op::Mprotect { pid, range, prot } => self.mprotect(pid, range, prot),
            Op::Madvise { pid, range, advice } => self.madvise(pid, range, advice),
            Op::Mlock { pid, range } => self.mlock(pid, range),
            Op::Munlock { pid, range } => answer(self.set_locked(pid, range, false)),
            Op::Mseal { pid, range } => self.mseal(pid, range),
            Op::Fork { parent, child } => self.fork(parent, child),
            Op::Exit { pid } => {
                self.teardown(pid);
                Outcome::Ok
            }
            Op::Read { pid, vpn } => self.cpu_access(pid, vpn, None),
            Op::Write { pid, vpn, value } => self.cpu_access(pid, vpn, Some(value)),
            Op::Gup { pid, range, handle, flags } => self.gup(pid, range, handle, flags),
            Op::Remote { pid, vpn, access } => self.remote(pid, vpn, access),
            Op::Lock { pid, vpn, token } => self.hold(pid, vpn, token, false),
            Op::Isolate { pid, vpn, token } => self.hold(pid, vpn, token, true),
            Op::NumaHint { pid, range } => self.numa_hint(pid, range),
            Op::ClearRefs { pid } => self.clear_refs(pid),
            Op::Race { actor, at } => self.arm_race(actor, at),
            Op::Hwpoison { pid, vpn } => self.hwpoison(pid, vpn),
            Op::SoftOffline { pid, vpn } => self.soft_offline(pid, vpn),
            Op::Ksm { pid, vpn, with, to } => self.merge_pages(pid, vpn, with, to),
            Op::KsmZero { pid, vpn } => self.merge_zero_page(pid, vpn),
            Op::SwapOut { pid, vpn, token } => self.swap_out(pid, vpn, token),
            Op::BadSlot { pid, vpn } => self.bad_slot(pid, vpn),
            Op::Uffd { pid, range, call } => self.uffd_call(pid, range, call),
            Op::UffdFill { pid, vpn, fill } => self.uffd_fill(pid, vpn, fill),
            Op::Migrate { pid, vpn, token, all } => self.migrate(pid, vpn, token, all),
            Op::Split { pid, vpn, order, nonuniform } => self.split(pid, vpn, order, nonuniform),
            Op::Put { handle, dirty } => self.put_handle(handle, dirty),
            Op::DmaRead { handle, index } => self.dma_read(handle, index),
            Op::DmaWrite { handle, index, value } => self.dma_write(handle, index, value),
            Op::Drop { token } => self.drop_token(token),
            Op::WriteDone { token, error } => self.write_done(token, error),
            Op::Swapoff => self.swapoff(),
            Op::Swapon => self.swapon(),
            Op::Drain => self.drain(),
            Op::Thp { always, madvise } => {
                self.thp = ThpOrders { always, madvise };
                Outcome::Ok
            }
            Op::FailAlloc { nth } => {
                self.allocs.next = nth;
                Outcome::Ok
            }
            Op::MigrateCopy { token } => self.migrate_copy(token),
            Op::MigrateEnd { token } => self.migrate_end(token),
            Op::DeferredScan { count } => self.deferred_scan(count),
            Op::Khugepaged { pid, vpn, limits } => self.khugepaged(pid, vpn, limits),
            Op::Mremap { pid, range, to, flags } => self.mremap(pid, range, to, flags),
            Op::UffdMove { pid, range, to, holes } => self.uffd_move(pid, range, to, holes),
            Op::RmapWalk { pid, vpn } => self.rmap_walk(pid, vpn),
            Op::Dev(op) => self.device_op(op),
        }
    }
}

/// Success without a value, or the error.
pub(crate) fn answer(result: Result<(), Errno>) -> Outcome {
    match result {
        Ok(()) => Outcome::Ok,
        Err(errno) => Outcome::Err(errno),
    }
}

impl From<NoMemory> for Errno {
    fn from(NoMemory: NoMemory) -> Self {
        Self::ENOMEM
    }
}

impl Mm for Model {
    fn reset(&mut self, config: &Config) {
        self.config = config.sanitized();
        self.geometry = Geometry { shift: u32::from(self.config.pmd_order().0) };
        self.run_max = self.longest_run();
        self.tables.reset(self.geometry.shift);
        self.folios.reset(self.config.pmd_order().0);
        self.anon_vmas.reset();
        self.anonmms.reset();
        self.ksm.clear();
        for mm in &mut self.mms {
            mm.alive = false;
            mm.vmas.clear();
            mm.deposited.clear();
        }
        self.handles.iter_mut().for_each(OpenHandle::close);
        self.tokens = Default::default();
        self.thp = ThpOrders::default();
        self.swap.reset(self.config.swap_slots);
        self.lru.reset();
        self.devices.reset();
        self.allocs.reset();
        self.choices.clear();
        (self.armed_race, self.race) = (None, None);
        self.timeline.clear();
        #[cfg(feature = "faults")]
        {
            self.remembered = crate::faults::Remembered::default();
        }
        self.start_process(Pid(0));
    }

    fn apply(&mut self, op: &Op) -> Effect {
        self.allocs.begin();
        self.anonmms.begin();
        self.devices.begin();
        self.begin_race(op);
        let outcome = self.dispatch(op);
        self.end_race();
        Effect { outcome, choices: std::mem::take(&mut self.choices) }
    }

    fn observe(&self, out: &mut Observation) {
        let mut snapshot = Snapshot::default();
        self.snapshot(&mut snapshot);
        out.fill_from(&snapshot, self.config.ptes);
    }

    fn snapshot(&self, out: &mut Snapshot) -> bool {
        self.fill_snapshot(out);
        true
    }

    fn timeline(&self) -> &[Moment] {
        &self.timeline
    }
}
