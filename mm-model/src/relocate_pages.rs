//! The pages of a relocation (rulebook JR5, JR10, JR12 to JR15): every folio in the range is locked, tested
//! and given its new place, and the page tables move, in the order of the design; a list of what was
//! done undoes it. Runs of entries of one folio are one step. Which VMAs there are is not decided here.
//!
//! The designs differ in when a folio changes, and in who may look at it meanwhile:
//! `PinCheck`, `PinIgnore`, `PmdFail`: one walk changes all folios, then the tables move, under the locks of
//! both roots. `Collect`: the walk only lists; a second pass, over the list, looks at the entries again.
//! `Combined`: what could fail is looked at first; then each table is moved and its folios changed.
//! `AvObject`: folios name an object that knows both places, and walkers visit both; no root is locked
//! while tables move, but as in any move.

use crate::entry::Entry;
use crate::folio::FolioId;
use crate::model::Model;
use crate::move_tables::Move;
use crate::race::Point;
use crate::relocate::Failure;
use crate::rmap::AnonVmaNr;
use mm_ops::{FolioFlags, NO_ANON_VMA, RelocateDesign};

/// Bits of an entry that do not matter to a relocation.
pub(crate) const RUN_BITS: u64 =
    Entry::WRITE | Entry::YOUNG | Entry::DIRTY | Entry::SOFT_DIRTY | Entry::UFFD_WP;

/// What the mapping of a folio is while the object stands for it (RA-AV-OBJECT).
pub(crate) const AV_OBJECT: AnonVmaNr = NO_ANON_VMA - 1;

/// RA-AV-OBJECT: the two places of folios on their way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AvObject {
    pub(crate) old: AnonVmaNr,
    pub(crate) new: AnonVmaNr,
    /// What the new index is more than the old one, which the folio keeps; modulo 2^32.
    pub(crate) shift: u32,
}

/// A relocation under way.
pub(crate) struct Plan {
    way: Move,
    /// anon_vmas and indices, before and after.
    object: AvObject,
    /// Folios in hand, ascending by place; each is locked, with a reference.
    list: Vec<Secured>,
    /// Pages whose entries were moved.
    moved: u32,
}

impl Plan {
    /// Nothing is done yet.
    pub(crate) const fn new(way: Move, (old, new): (AnonVmaNr, AnonVmaNr), shift: u32) -> Self {
        Self { way, object: AvObject { old, new, shift }, list: Vec::new(), moved: 0 }
    }
}

/// A folio that an entry in the range names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    id: FolioId,
    /// The place of the first such entry, which names this page of the folio.
    vpn: u32,
    page: u32,
    /// A SWAP entry names it, whose slot the folio is cached for.
    swapped: bool,
}

/// A folio in hand, and what it was before.
#[derive(Clone, Copy)]
struct Secured {
    found: Found,
    mapping: AnonVmaNr,
    index: u32,
    /// Its index at the new place.
    new_index: u32,
}

/// What is done with each folio that is found.
type Visit = fn(&mut Model, &mut Plan, Found) -> Result<(), Failure>;

impl Model {
    /// JR12, steps 2 to 6, but for the VMAs.
    pub(crate) fn relocate_pages(&mut self, plan: &mut Plan) -> Result<(), Failure> {
        self.lock_both_roots(plan);
        let done = match self.config.relocate {
            RelocateDesign::PinCheck | RelocateDesign::PinIgnore | RelocateDesign::PmdFail => self
                .visit_range(plan, Self::secure_and_rewrite)
                .and_then(|()| self.move_rewritten(plan)),
            RelocateDesign::Collect => self.collect(plan).and_then(|()| self.move_rewritten(plan)),
            RelocateDesign::AvObject => self.move_under_object(plan),
            RelocateDesign::Combined => {
                self.visit_range(plan, Self::secure).and_then(|()| self.move_combined(plan))
            }
        };
        if let Err(failure) = done {
            self.undo(plan, failure);
        }
        self.av_object = None;
        self.unlock_roots();
        for secured in &plan.list {
            let id = secured.found.id;
            self.folios[id].set(FolioFlags::LOCKED, false);
            self.put_folio(id, 1);
        }
        done
    }

    /// JR4.
    fn lock_both_roots(&mut self, plan: &Plan) {
        if !fault!(self, RelocateNoOldLock) {
            self.lock_root(plan.object.old);
        }
        if !fault!(self, RelocateNoNewLock) {
            self.lock_root(plan.object.new);
        }
    }

    /// Shows each folio that entries of the range name, ascending, most of them once. An entry that
    /// cannot be relocated ends it (JR13).
    fn visit_range(&mut self, plan: &mut Plan, visit: Visit) -> Result<(), Failure> {
        let (pid, (mut at, end)) = (plan.way.pid(), plan.way.source());
        while let Some(block) = self.next_block(pid, at, end) {
            let entry = self.tables.get(block.slot);
            if entry.is_table() {
                let slot = self.pte_slot_in(block.slot, block.start);
                self.visit_ptes(plan, visit, slot, (block.start, block.end - block.start))?;
            } else if entry.is_migration() {
                self.refuse_migration()?;
            } else if entry.names_folio() && !fault!(self, RelocatePmdSkip) {
                if self.config.relocate == RelocateDesign::PmdFail {
                    return Err(Failure::Refused);
                }
                let id = self.folios.of(entry.pfn());
                let page = self.geometry.pte_index(block.start) as u32;
                visit(self, plan, Found { id, vpn: block.start, page, swapped: false })?;
            }
            at = block.end;
        }
        Ok(())
    }

    /// JR7 (a): the folio may come back as it was.
    fn refuse_migration(&self) -> Result<(), Failure> {
        if fault!(self, RelocateSkipsMigrationEntry) { Ok(()) } else { Err(Failure::Refused) }
    }

    /// The same for PTEs of one table; a run of one folio is shown once.
    fn visit_ptes(
        &mut self,
        plan: &mut Plan,
        visit: Visit,
        first: usize,
        (start, len): (u32, u32),
    ) -> Result<(), Failure> {
        let mut at = 0;
        while at < len {
            let (slot, vpn) = (first + at as usize, start + at);
            let entry = self.tables.get(slot);
            let mut step = 1;
            if entry.names_folio() {
                let room = if entry.is_device() { 1 } else { len - at };
                step = self.run_at(slot, room, RUN_BITS);
                let id = self.folios.of(entry.pfn());
                let page = entry.pfn().saturating_sub(self.folios[id].head);
                visit(self, plan, Found { id, vpn, page, swapped: false })?;
            } else if entry.is_migration() {
                self.refuse_migration()?;
            } else if entry.is_swap()
                && let Some(id) = self.swap[entry.swap_slot()].cache
                && !fault!(self, RelocateSkipsSwapcache)
            {
                visit(self, plan, Found { id, vpn, page: 0, swapped: true })?;
            }
            at += step;
        }
        Ok(())
    }

    /// JR13: locks and tests a folio, and notes what it was. One that has no place in an anon_vma that
    /// this entry could name stays as it is.
    fn secure(&mut self, plan: &mut Plan, found: Found) -> Result<(), Failure> {
        let ksm = self.folios[found.id].flags.has(FolioFlags::KSM);
        if ksm && !found.swapped {
            return Ok(());
        }
        // JR13: also if other entries map it, and it is in hand.
        if found.swapped && self.folios[found.id].is_large() {
            return Err(Failure::Refused);
        }
        if !self.try_lock(found.id) {
            // The lock may be this relocation's own, by another entry; mostly one that is near.
            let ours = plan.list.iter().rev().any(|other| other.found.id == found.id);
            return if ours { Ok(()) } else { Err(Failure::Refused) };
        }
        let refused = !found.swapped && self.is_refused(found.id);
        let stays = found.swapped && !self.is_swapped_from(plan, found);
        let pinned = !found.swapped && self.looks_pinned(found.id);
        if refused || stays || pinned {
            self.folios[found.id].set(FolioFlags::LOCKED, false);
            let left = !refused && (stays || fault!(self, RelocateFragment));
            return if left { Ok(()) } else { Err(Failure::Refused) };
        }
        let place = found.vpn.wrapping_sub(found.page);
        let new_index = plan.way.destination_of(place);
        let folio = &mut self.folios[found.id];
        folio.refs += 1;
        let (mapping, index) = (folio.mapping, folio.index);
        plan.list.push(Secured { found, mapping, index, new_index });
        Ok(())
    }

    /// JR7 (b): whether a fault would map the cached folio as what it is. It would not if the folio was
    /// only read ahead, or if KSM made its slot that of several places, and it belongs to another.
    fn is_swapped_from(&self, plan: &Plan, found: Found) -> bool {
        let folio = &self.folios[found.id];
        let index = plan.way.destination_of(found.vpn).wrapping_sub(plan.object.shift);
        !folio.flags.has(FolioFlags::KSM)
            && (folio.mapping, folio.index) == (plan.object.old, index)
            && self.folios.mapcount_of(found.id) == 0
    }

    /// Somebody else may map it: JR2 and JR16 exclude that.
    fn is_refused(&self, id: FolioId) -> bool {
        let shared = if self.folios[id].is_large() {
            self.folios.maybe_shared(id)
        } else {
            self.folios.mapcount_of(id) != 1
        };
        shared && !fault!(self, MoveRmapNonexclusive)
    }

    /// RA-PIN-CHECK.
    fn looks_pinned(&self, id: FolioId) -> bool {
        self.folios[id].maybe_pinned()
            && self.config.relocate != RelocateDesign::PinIgnore
            && !fault!(self, RelocateIgnoresPins)
    }

    /// The one walk of most designs.
    fn secure_and_rewrite(&mut self, plan: &mut Plan, found: Found) -> Result<(), Failure> {
        let known = plan.list.len();
        self.secure(plan, found)?;
        if let Some(secured) = plan.list.get(known).copied() {
            self.rewrite(plan, secured);
        }
        Ok(())
    }

    /// JR3: the folio belongs to its new place, or to both.
    fn rewrite(&mut self, plan: &Plan, secured: Secured) {
        let id = secured.found.id;
        (self.folios[id].mapping, self.folios[id].index) = match self.av_object {
            Some(_) => (AV_OBJECT, secured.index),
            None => (plan.object.new, secured.new_index),
        };
        if fault!(self, AssumeExclusiveSingleMap) && self.folios.mapcount_of(id) == 1 {
            self.folios.exclusive.fill(self.folios[id].head, 1, true);
        }
        self.yield_point(Point::RelocateRewritten);
    }

    /// JR12, step 4, where all folios were changed before.
    fn move_rewritten(&mut self, plan: &mut Plan) -> Result<(), Failure> {
        self.yield_point(Point::RelocateAllRewritten);
        plan.moved = self.move_page_tables(&plan.way);
        self.finish_tables(plan)
    }

    /// The tables are moved, or those that were go back (J11).
    fn finish_tables(&mut self, plan: &Plan) -> Result<(), Failure> {
        if plan.moved < plan.way.pages() {
            self.move_page_tables(&plan.way.back(plan.moved));
            return Err(Failure::NoTables);
        }
        self.yield_point(Point::RelocateMoved);
        Ok(())
    }

    /// RA-COLLECT: a list with references first; then each is locked, and counts if an entry still names
    /// it there.
    fn collect(&mut self, plan: &mut Plan) -> Result<(), Failure> {
        let mut listed = Plan::new(plan.way, (plan.object.old, plan.object.new), plan.object.shift);
        let mut done = self.visit_range(&mut listed, Self::list);
        for Secured { found, .. } in &listed.list {
            if done.is_ok() && self.is_named_still(plan, *found) {
                done = self.secure_and_rewrite(plan, *found);
            }
        }
        for Secured { found, .. } in &listed.list {
            self.put_folio(found.id, 1);
        }
        done
    }

    /// The first pass of RA-COLLECT: a reference keeps the folio, nothing is locked or tested.
    fn list(&mut self, plan: &mut Plan, found: Found) -> Result<(), Failure> {
        let folio = &mut self.folios[found.id];
        folio.refs += 1;
        let (mapping, index) = (folio.mapping, folio.index);
        plan.list.push(Secured { found, mapping, index, new_index: index });
        Ok(())
    }

    fn is_named_still(&self, plan: &Plan, found: Found) -> bool {
        let Some((_, entry)) = self.find_entry(plan.way.pid(), found.vpn) else { return false };
        if found.swapped {
            return entry.is_swap() && self.swap[entry.swap_slot()].cache == Some(found.id);
        }
        entry.names_folio() && self.folios.of(entry.pfn()) == found.id
    }

    /// RA-COMBINED: every folio is in hand; those of a table change with the move of the table.
    fn move_combined(&mut self, plan: &mut Plan) -> Result<(), Failure> {
        let mut next = 0;
        let way = plan.way;
        plan.moved = self.move_page_tables_with(&way, |model, behind| {
            while let Some(secured) = plan.list.get(next).filter(|s| s.found.vpn < behind) {
                model.rewrite(plan, *secured);
                next += 1;
            }
        });
        self.finish_tables(plan)
    }

    /// RA-AV-OBJECT: no walker is under way when a folio begins to have two places, nor when it ceases
    /// to; in between it is found at whichever it is.
    fn move_under_object(&mut self, plan: &mut Plan) -> Result<(), Failure> {
        self.av_object = Some(plan.object);
        self.visit_range(plan, Self::secure_and_rewrite)?;
        self.unlock_roots();
        self.yield_point(Point::RelocateAllRewritten);
        plan.moved = self.move_page_tables(&plan.way);
        if plan.moved < plan.way.pages() {
            self.move_page_tables(&plan.way.back(plan.moved));
        }
        self.lock_both_roots(plan);
        if plan.moved < plan.way.pages() {
            return Err(Failure::NoTables);
        }
        self.yield_point(Point::RelocateMoved);
        for secured in &plan.list {
            let folio = &mut self.folios[secured.found.id];
            (folio.mapping, folio.index) = (plan.object.new, secured.new_index);
        }
        Ok(())
    }

    /// JR14: over the list, without anything that can fail. What was not changed yet stays what it is.
    fn undo(&mut self, plan: &Plan, failure: Failure) {
        if self.forgets_undo(failure) {
            return;
        }
        for secured in &plan.list {
            // An object that is gone can be nobody's place.
            let stops = self.config.relocate != RelocateDesign::AvObject;
            let folio = &mut self.folios[secured.found.id];
            if stops && fault!(self, RelocateUndoFailsOnLatePin) && folio.maybe_pinned() {
                return;
            }
            (folio.mapping, folio.index) = (secured.mapping, secured.index);
        }
    }

    #[cfg(feature = "faults")]
    fn forgets_undo(&self, failure: Failure) -> bool {
        match (self.config.relocate, failure) {
            // An object that is gone can be nobody's place.
            (RelocateDesign::AvObject, _) => false,
            (_, Failure::Refused) => fault!(self, RelocateWithoutUndo),
            (RelocateDesign::Combined, _) => fault!(self, RelocateCombinedUndoEntriesOnly),
            (_, Failure::NoTables) => fault!(self, RelocateNoRevert),
        }
    }

    #[cfg(not(feature = "faults"))]
    const fn forgets_undo(&self, _failure: Failure) -> bool {
        false
    }
}
