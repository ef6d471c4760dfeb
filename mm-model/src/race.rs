//! Actors without locks beside an operation (section R). An operation calls [`Model::yield_point`]
//! between any two accesses that such an actor could tell apart; the actor armed for it takes its
//! steps there. What the steps of GUP-fast are is D15; what a CPU does with a translation that was
//! not flushed yet is R2, R17; the rmap walker is in `walker`.
//!
//! Where no actor is armed, a yield point costs one test. Operations flush the TLB where the kernel
//! does: [`Model::flush_tlb`].

use crate::entry::{Entry, Pfn};
use crate::folio::FolioId;
use crate::gup::{ZERO_FRAME, grab_refs};
use crate::model::Model;
use crate::table::Slot;
use crate::walker::Walker;
use mm_ops::{AT_END, Actor, ActorEnd, Choice, Handle, Moment, Op, Pid, RACE_STEPS, Value, Vpn};

/// Declares [`Point`] from the list of yield points.
macro_rules! points {
    ($($(#[$doc:meta])* $point:ident = $name:literal,)*) => {
        /// A place where an operation may be looked at by someone without locks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Point { $($(#[$doc])* $point),* }

        impl Point {
            /// Every yield point.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$point),*];

            /// Its name: operation and place.
            #[must_use]
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$point => $name),* }
            }
        }
    };
}

points! {
    /// Nothing was done yet (C1).
    ForkStart = "fork: before the sequence count",
    /// write_protect_seq is odd, nothing was copied yet (C1).
    ForkBegun = "fork: sequence count odd",
    /// The pin test of an entry or run has passed, nothing was changed (C5).
    ForkPinsTested = "fork: pins tested",
    /// PAE is cleared, the parent's entry still writable (C4).
    ForkShared = "fork: exclusivity cleared",
    /// The parent's entry is write-protected (C4).
    ForkProtected = "fork: parent write-protected",
    /// Everything is copied, the parent's TLB not flushed (R17).
    ForkCopied = "fork: before the flush",
    /// D17.X1: the entry is cleared, pins not tested.
    SwapCleared = "swapout: entry cleared",
    /// D17.X4: pins were tested, PAE is cleared, the entry still empty.
    SwapShared = "swapout: exclusivity cleared",
    /// D17.X6: the SWAP entry stands.
    SwapReplaced = "swapout: entry replaced",
    /// Everything is unmapped, the TLB not flushed (R17).
    SwapUnmapped = "swapout: before the flush",
    /// The TLB is flushed, nothing was written.
    SwapFlushed = "swapout: before the write",
    /// Lazily free pages are cleared, references not counted (E9).
    LazyCleared = "lazyfree: entries cleared",
    /// D17.X1, of migration and of a split.
    MigrateCleared = "unmap: entry cleared",
    /// D17.X4.
    MigrateShared = "unmap: exclusivity cleared",
    /// D17.X6.
    MigrateReplaced = "unmap: entry replaced",
    /// Everything is unmapped, the TLB not flushed (F5).
    MigrateUnmapped = "unmap: before the flush",
    /// The folio is unmapped; its references are about to be frozen (G8).
    SplitUnmapped = "split: before the freeze",
    /// P2: the entry is cleared and flushed, references not counted.
    KsmCleared = "ksm: entry cleared",
    /// P2: references were counted, PAE is cleared.
    KsmShared = "ksm: exclusivity cleared",
    /// P2: the read-only entry stands again.
    KsmProtected = "ksm: entry write-protected",
    /// Q1: the entry is cleared, the TLB not flushed.
    PoisonCleared = "hwpoison: entry cleared",
    /// G2: the PMD leaf is invalidated, its table not there yet.
    LeafInvalid = "pmd split: leaf invalidated",
    /// G16: the PMD is cleared and flushed.
    CollapseCleared = "collapse: PMD cleared",
    /// G16: references were counted; the copy begins.
    CollapseIsolated = "collapse: pages isolated",
    /// I1: entries are cleared, the TLB not flushed.
    ZapCleared = "zap: entries cleared",
    /// R17: the entries of a VMA are changed, the TLB not flushed.
    ProtectChanged = "protect: before the flush",
    /// R31: the entries are clean, the TLB not flushed.
    FreeCleaned = "madvise free: before the flush",
    /// I1: the TLB is flushed, references not dropped.
    ZapFlushed = "zap: before the references drop",
    /// J7: the entry is cleared, the new one not set.
    MoveCleared = "mremap: entry cleared",
    /// J7: the new entry is set, the TLB not flushed.
    MoveSet = "mremap: entry set",
    /// J9: the entry of a table is cleared, the new one not set.
    MoveTableCleared = "mremap: table entry cleared",
    /// J9: the table hangs at its new place, the TLB not flushed.
    MoveTableSet = "mremap: table entry set",
    /// J7, J9: as much is moved as one step can, and flushed.
    MoveStepped = "mremap: step done",
    /// JR10: a folio has its new index and anon_vma, its entries are where they were.
    RelocateRewritten = "relocate: folio rewritten",
    /// JR12, step 4: all of them have; the page tables are about to move.
    RelocateAllRewritten = "relocate: all folios rewritten",
    /// JR12, step 6: the entries have moved; the locks of the roots are about to drop.
    RelocateMoved = "relocate: entries moved",
    /// K5, K7: pins were tested, the entry still stands.
    UffdPinsTested = "uffd_move: pins tested",
    /// K5, K7: the entry is cleared, pins not tested again.
    UffdCleared = "uffd_move: entry cleared",
    /// K5, K7: pins were tested again, the new entry not set.
    UffdIsolated = "uffd_move: pins tested again",
    /// K4, K5, K7: the new entry is set, the TLB not flushed.
    UffdSet = "uffd_move: entry set",
    /// K5, K7: a step is done, flushed, and its locks are dropped.
    UffdStepped = "uffd_move: step done",
    /// B9: the copy is made, the old entry still there.
    CopyMade = "cow: copy made",
    /// B9: the old entry is cleared and flushed.
    CopyCleared = "cow: old entry cleared",
}

impl Point {
    /// Whether whoever yields here holds the lock of the table that it changes, so that a walk that
    /// comes to this table waits.
    const fn under_table_lock(self) -> bool {
        match self {
            Self::ForkPinsTested | Self::ForkShared | Self::ForkProtected => true,
            Self::SwapCleared | Self::SwapShared | Self::SwapReplaced | Self::LazyCleared => true,
            Self::MigrateCleared | Self::MigrateShared | Self::MigrateReplaced => true,
            Self::KsmCleared | Self::KsmShared | Self::PoisonCleared | Self::LeafInvalid => true,
            Self::ZapCleared | Self::ZapFlushed | Self::CopyCleared => true,
            Self::MoveCleared | Self::MoveSet => true,
            Self::UffdPinsTested | Self::UffdCleared | Self::UffdIsolated | Self::UffdSet => true,
            Self::ForkStart | Self::ForkBegun | Self::ForkCopied => false,
            Self::SwapUnmapped | Self::SwapFlushed | Self::MigrateUnmapped => false,
            Self::SplitUnmapped | Self::KsmProtected | Self::CopyMade => false,
            Self::CollapseCleared | Self::CollapseIsolated => false,
            Self::ProtectChanged | Self::FreeCleaned => false,
            // A walk reads the entry of a table without any lock (J9).
            Self::MoveTableCleared | Self::MoveTableSet => false,
            Self::MoveStepped | Self::UffdStepped => false,
            Self::RelocateRewritten | Self::RelocateAllRewritten | Self::RelocateMoved => false,
        }
    }
}

/// An actor under way.
#[derive(Clone, Copy)]
pub(crate) struct Race {
    pub(crate) actor: Actor,
    at: [u8; RACE_STEPS],
    /// Yield points passed.
    passed: u32,
    /// Steps taken.
    taken: usize,
    /// What GUP-fast saw and holds.
    seen: Option<(Slot, Entry)>,
    sequence: u32,
    held: Option<Pfn>,
    /// What the CPU has in its TLB: the frame, or that of the zero page.
    translation: Option<Pfn>,
    /// What the rmap walker knows and holds.
    pub(crate) walker: Walker,
    pub(crate) end: Option<ActorEnd>,
}

impl Race {
    /// Whether its next step goes through page tables as an rmap walk.
    const fn walks_next(&self) -> bool {
        matches!(self.actor, Actor::Walk { .. }) && self.taken + 1 == self.actor.steps()
    }
}

impl Model {
    /// A place where an actor may look. Costs one test if none is armed.
    #[inline]
    pub(crate) fn yield_point(&mut self, point: Point) {
        if self.race.is_some() {
            self.pass(point);
        }
    }

    /// Translations of these pages are gone from every TLB.
    #[inline]
    pub(crate) fn flush_tlb(&mut self, pid: Pid, start: u32, end: u32) {
        if let Some(race) = &mut self.race
            && race.actor.pid() == pid
            && let Actor::Load { vpn: Vpn(vpn), .. } | Actor::Store { vpn: Vpn(vpn), .. } =
                race.actor
            && (start..end).contains(&vpn)
        {
            race.translation = None;
        }
    }

    /// The same, of whoever has a translation to this folio: for operations that come from the folio
    /// (R17).
    #[inline]
    pub(crate) fn flush_tlb_of(&mut self, id: FolioId) {
        if let Some(race) = &mut self.race
            && let Some(pfn) = race.translation
        {
            let folio = &self.folios[id];
            if (folio.head..folio.head + folio.pages()).contains(&pfn) {
                race.translation = None;
            }
        }
    }

    /// The same, of one process.
    #[inline]
    pub(crate) fn flush_tlb_in(&mut self, pid: Pid, id: FolioId) {
        if self.race.is_some_and(|race| race.actor.pid() == pid) {
            self.flush_tlb_of(id);
        }
    }

    /// D17.X1: takes an entry out of sight, if anyone looks. Whoever then puts another one in its
    /// place, or the old one back, does so as if it still stood.
    #[inline]
    pub(crate) fn hide_entry(&mut self, slot: Slot, point: Point) {
        if self.race.is_some() {
            let entry = self.tables.get(slot);
            self.tables.set(slot, Entry::NONE);
            self.pass(point);
            self.hidden = Some((slot, entry));
        }
    }

    /// The same for a moment only: the entry stands again when whoever wanted to has looked.
    #[inline]
    pub(crate) fn blink(&mut self, slot: Slot, point: Point) {
        self.hide_entry(slot, point);
        self.unhide_entry();
    }

    /// Puts the entry taken out of sight back.
    #[inline]
    pub(crate) fn unhide_entry(&mut self) {
        if let Some((slot, entry)) = self.hidden.take() {
            self.tables.set(slot, entry);
        }
    }

    /// The same for a run, of entries that all go or all stay.
    #[inline]
    pub(crate) fn hide_run(&mut self, slot: Slot, len: u32, point: Point) -> Vec<Entry> {
        if self.race.is_none() {
            return Vec::new();
        }
        let run = self.tables.run_mut(slot, len as usize);
        let hidden = run.to_vec();
        run.fill(Entry::NONE);
        self.pass(point);
        hidden
    }

    /// Puts a run taken out of sight back.
    #[inline]
    pub(crate) fn unhide_run(&mut self, slot: Slot, hidden: Vec<Entry>) {
        if !hidden.is_empty() {
            self.tables.run_mut(slot, hidden.len()).copy_from_slice(&hidden);
        }
    }

    /// Called when the operation begins.
    pub(crate) fn begin_race(&mut self, op: &Op) {
        self.hidden = None;
        self.held_roots.clear();
        self.av_object = None;
        if let Some((Actor::Gup { handle, .. }, _)) = self.armed_race {
            let own = match op {
                Op::Gup { handle, .. } | Op::Put { handle, .. } => Some(*handle),
                _ => None,
            };
            // The operation has the name for itself, or another actor got it meanwhile.
            if own == Some(handle) || self.handles[handle.index()].is_open() {
                self.armed_race = None;
            }
        }
        self.race = self.armed_race.take().map(|(actor, at)| Race {
            actor,
            at,
            passed: 0,
            taken: 0,
            seen: None,
            sequence: 0,
            held: None,
            translation: self.load_translation(actor),
            walker: self.start_walker(actor),
            end: None,
        });
        if self.race.is_some() {
            self.timeline.clear();
            // Every entry is a step of its own (BT15).
            self.run_max = 1;
            self.take_due_steps(false);
        }
    }

    /// Called when the operation is over: what is left of the actor runs.
    pub(crate) fn end_race(&mut self) {
        let Some(mut race) = self.race.take() else { return };
        self.run_max = self.longest_run();
        while race.end.is_none() && race.taken < race.actor.steps() {
            self.actor_step(&mut race);
        }
        self.timeline.extend(race.end.map(Moment::Ended));
        self.choices.push(Choice::Raced(race.end.unwrap_or(ActorEnd::BackedOff)));
    }

    #[cold]
    fn pass(&mut self, point: Point) {
        self.timeline.push(Moment::Yield(point.name()));
        if let Some(race) = &mut self.race {
            race.passed += 1;
        }
        self.take_due_steps(point.under_table_lock());
    }

    /// The steps of the actor whose yield point has come. A walk waits for table locks.
    fn take_due_steps(&mut self, locked: bool) {
        let Some(mut race) = self.race.take() else { return };
        while race.end.is_none()
            && race.taken < race.actor.steps()
            && race.at[race.taken] != AT_END
            && u32::from(race.at[race.taken]) <= race.passed
            && !(locked && race.walks_next())
        {
            self.actor_step(&mut race);
        }
        self.race = Some(race);
    }

    pub(crate) fn actor_step(&mut self, race: &mut Race) {
        let step = race.taken;
        race.taken += 1;
        self.timeline.push(Moment::Step(race.actor.step_name(step)));
        // What a walker goes by is the folio, whatever became of the process that named it.
        let walks = matches!(race.actor, Actor::Walk { .. });
        if !walks && !self.live(race.actor.pid()) {
            self.back_off(race);
            return;
        }
        match race.actor {
            Actor::Gup { pid, vpn, handle, pin, write } => match step {
                0 => self.fast_read(race, (pid, vpn.0), pin, write),
                1 => self.fast_grab(race, vpn.0, pin),
                2 => self.fast_recheck(race, (pid, vpn.0), pin, write),
                _ => self.fast_finish(race, pid, (handle, pin, write)),
            },
            Actor::Walk { .. } => self.walker_step(race, step),
            Actor::Load { .. } => {
                race.end = Some(match race.translation {
                    Some(ZERO_FRAME) => ActorEnd::Loaded(Value::ZERO),
                    Some(pfn) => ActorEnd::Loaded(self.folios.value[pfn as usize]),
                    None => ActorEnd::BackedOff,
                });
            }
            Actor::Store { value, .. } => {
                race.end = Some(match race.translation {
                    Some(pfn) if pfn != ZERO_FRAME => {
                        self.folios.value[pfn as usize] = value;
                        ActorEnd::Stored
                    }
                    _ => ActorEnd::BackedOff,
                });
            }
        }
    }

    /// D15.F0 to F2: the sequence count and the entry.
    fn fast_read(&mut self, race: &mut Race, (pid, vpn): (Pid, u32), pin: bool, write: bool) {
        let mm = &mut self.mms[pid.index()];
        if pin {
            mm.has_pinned = true;
        }
        race.sequence = mm.write_protect_seq;
        let odd = pin && race.sequence % 2 == 1 && !fault!(self, GupfastNoForkSeq);
        let found = if vpn < self.config.space_pages() { self.find_entry(pid, vpn) } else { None };
        let passes = found.filter(|(_, entry)| {
            entry.has_folio()
                && !entry.has(Entry::PROTNONE)
                && (!write || entry.has(Entry::WRITE))
                && !odd
        });
        match passes {
            Some(seen) => race.seen = Some(seen),
            None => self.back_off(race),
        }
    }

    /// D15.F3: the reference or pin, if the folio still has any.
    fn fast_grab(&mut self, race: &mut Race, vpn: u32, pin: bool) {
        let Some((_, entry)) = race.seen else { return self.back_off(race) };
        let pfn = self.frame_at(entry, vpn);
        let id = self.folios.of(pfn);
        let folio = &mut self.folios[id];
        let frames = folio.head..folio.head + folio.pages();
        if folio.refs == 0 || !frames.contains(&pfn) {
            return self.back_off(race);
        }
        folio.refs += grab_refs(folio.is_large(), pin);
        if pin && folio.is_large() {
            folio.pins += 1;
        }
        race.held = Some(pfn);
    }

    /// D15.F4 to F6: the entry again, then exclusivity.
    fn fast_recheck(&mut self, race: &mut Race, (pid, vpn): (Pid, u32), pin: bool, write: bool) {
        if fault!(self, GupfastNoPteRecheck) {
            return;
        }
        let unchanged = self.find_entry(pid, vpn) == race.seen;
        let Some((_, entry)) = race.seen.filter(|_| unchanged) else { return self.back_off(race) };
        let unshare = pin && !write && !entry.has(Entry::WRITE);
        if unshare && !self.folios.exclusive.get(entry.pfn()) {
            self.back_off(race);
        }
    }

    /// D15.F7 and F8: nothing was forked meanwhile; the handle is open.
    fn fast_finish(
        &mut self,
        race: &mut Race,
        pid: Pid,
        (handle, pin, write): (Handle, bool, bool),
    ) {
        let forked = pin && self.mms[pid.index()].write_protect_seq != race.sequence;
        let forked = forked && !fault!(self, GupfastNoForkSeq);
        // The raced operation may have taken the name.
        let taken = self.handles[handle.index()].is_open();
        match race.held {
            Some(pfn) if !forked && !taken => {
                self.handles[handle.index()].open_with(pin, write, pfn);
                race.held = None;
                race.end = Some(ActorEnd::Grabbed);
            }
            _ => self.back_off(race),
        }
    }

    pub(crate) fn back_off(&mut self, race: &mut Race) {
        if let (Some(pfn), Actor::Gup { pin, .. }) = (race.held.take(), race.actor) {
            self.put_page(pfn, pin, false);
        }
        race.end = Some(ActorEnd::BackedOff);
    }

    /// What a CPU gets into its TLB, and what the hardware marks for it (R2).
    fn load_translation(&mut self, actor: Actor) -> Option<Pfn> {
        let (pid, vpn, store) = match actor {
            Actor::Gup { .. } | Actor::Walk { .. } => return None,
            Actor::Load { pid, vpn } => (pid, vpn.0, false),
            Actor::Store { pid, vpn, .. } => (pid, vpn.0, true),
        };
        if !self.live(pid) || vpn >= self.config.space_pages() {
            return None;
        }
        let (slot, entry) = self.find_entry(pid, vpn)?;
        let refused =
            !entry.is_present() || entry.has(Entry::PROTNONE) || store && !entry.has(Entry::WRITE);
        if refused {
            return None;
        }
        let bits = if store { Entry::YOUNG | Entry::DIRTY } else { Entry::YOUNG };
        self.tables.set(slot, entry.with(bits));
        Some(if entry.is_zero() { ZERO_FRAME } else { self.frame_at(entry, vpn) })
    }
}
