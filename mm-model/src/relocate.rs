//! MREMAP_RELOCATE_ANON (rulebook JR1 to JR16, a proposal): folios that move get the index and the
//! anon_vma of their new place, so that the VMA can merge there. Here is who may be relocated and
//! what happens around the pages: what does not fit is split, the destination is made, and all of it is
//! unmade where the relocation cannot be done. The pages themselves are in `relocate_pages`, the rest of
//! the move in `mremap`.
//!
//! The review of the proposal doubted many things; each doubt is a fault of the catalogue, but those
//! that nothing beside a mremap could bring about here, see `faults`.

use crate::folio::FolioId;
use crate::model::Model;
use crate::move_tables::{Move, RmapLocks};
use crate::mremap::Remap;
use crate::relocate_pages::{Plan, RUN_BITS};
use crate::rmap::AvcList;
use crate::rmap_walk::{RmapRange, Want};
use crate::split::Caller;
use crate::vma::{Area, Vma};
use mm_ops::{AllocKind, Errno, FolioFlags, NO_ANON_VMA, PageRange, RelocateDesign};

/// Why a relocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It cannot be done; the pages can still be moved as always (JR1).
    Refused,
    /// Memory lacks for a page table: they cannot be moved at all (JR12, step 4).
    NoTables,
}

/// The first entry of a large folio in a range.
#[derive(Clone, Copy)]
struct LargeRun {
    id: FolioId,
    vpn: u32,
    /// Which page of the folio is mapped there.
    page: u32,
    /// Pages mapped from there on.
    len: u32,
    /// By a PMD entry.
    leaf: bool,
}

impl Model {
    /// Moves the pages of a call by relocation, if that is needed and can be done. Answers whether
    /// they were moved; if not, they move as always (JR1). The destination is then a VMA of its own.
    pub(crate) fn relocate(&mut self, area: Area, call: &Remap) -> Result<bool, Errno> {
        if self.needs_no_relocation(area, call) {
            return Ok(false);
        }
        match self.try_relocate(area, call) {
            Ok(()) => Ok(true),
            Err(Failure::Refused) if call.flags.must_relocate => Err(Errno::EFAULT),
            Err(Failure::Refused) => Ok(false),
            Err(Failure::NoTables) => Err(Errno::ENOMEM),
        }
    }

    /// JR1: nothing has an index yet, or what moves as always merges as well.
    fn needs_no_relocation(&self, area: Area, call: &Remap) -> bool {
        let copy = self.copy_of(area, call);
        let index = self.vma_from(call.pid, call.to);
        copy.anon_vma == NO_ANON_VMA
            || self.merge_sides(call.pid, (index, index), &copy) != (false, false)
    }

    fn try_relocate(&mut self, area: Area, call: &Remap) -> Result<(), Failure> {
        if !self.is_relocatable(area) {
            return Err(Failure::Refused);
        }
        self.split_misfits(area, call)?;
        self.make_destination(area, call)?;
        let (pid, addr, to) = (call.pid, call.addr, call.to);
        let areas = (self.area_at(pid, addr), self.area_at(pid, to));
        let (Some(old), Some(new)) = areas else { return Err(Failure::Refused) };
        let locks = match self.config.relocate {
            RelocateDesign::AvObject => RmapLocks::Tables,
            _ => RmapLocks::Held,
        };
        let way = Move::new(old, new, (addr, to, call.old_len), self.config.uffd_remap);
        let shift = to.wrapping_sub(self.vma(old).linear_index(addr));
        let anon_vmas = (self.vma(old).anon_vma, self.vma(new).anon_vma);
        let mut plan = Plan::new(way.locking(locks), anon_vmas, shift);
        let done = self.relocate_pages(&mut plan);
        if fault!(self, RelocateFragment) && done.is_ok() {
            self.link_old_anon_vma(old, new);
        }
        if done.is_err() {
            let undone = self.unmap_range(pid, PageRange::new(to, call.new_len));
            debug_assert!(self.is_faulty() || undone.is_ok(), "a VMA of its own needs no split");
        }
        done
    }

    /// JR2: nobody else can map what this VMA maps.
    fn is_relocatable(&self, area: Area) -> bool {
        if fault!(self, MoveRmapNonexclusive) {
            return true;
        }
        let vma = self.vma(area);
        vma.avcs.len() == 1 && self.anon_vmas[vma.anon_vma].num_children == 1
    }

    /// JR12, step 1: the VMA that the pages will belong to. It merges with nothing yet, but may have
    /// the anon_vma of a neighbour (L1).
    fn make_destination(&mut self, area: Area, call: &Remap) -> Result<(), Failure> {
        let Remap { pid, to, new_len, .. } = *call;
        self.allocate(AllocKind::Vma, pid, to).map_err(|_| Failure::Refused)?;
        let index = self.vma_from(pid, to);
        let flags = area.flags;
        let (anon_vma, avcs) = (NO_ANON_VMA, AvcList::new());
        let new = Vma { start: to, end: to + new_len, pgoff: to, flags, anon_vma, avcs };
        self.mms[pid.index()].vmas.insert(index, new);
        if self.prepare_anon_vma(pid, index).is_err() {
            self.mms[pid.index()].vmas.remove(index);
            return Err(Failure::Refused);
        }
        Ok(())
    }

    /// RA-FRAGMENT: what kept its anon_vma shall be found through the new VMA.
    #[cfg(feature = "faults")]
    fn link_old_anon_vma(&mut self, old: Area, new: Area) {
        let (chain, link) = (self.vma(old).avcs.clone(), self.vma(new).link(new.pid));
        let Ok(mut avcs) = self.clone_avcs(&chain, new.start, link) else { return };
        avcs.extend(self.vma(new).avcs.iter().copied());
        self.vma_mut(new.pid, new.index).avcs = avcs;
    }

    #[cfg(not(feature = "faults"))]
    const fn link_old_anon_vma(&self, _old: Area, _new: Area) {}

    /// JR12, step 0: large folios that cannot be relocated whole (JR16) are split, ascending.
    fn split_misfits(&mut self, area: Area, call: &Remap) -> Result<(), Failure> {
        if fault!(self, RelocatePartiallyMappedFolio) {
            return Ok(());
        }
        let end = call.addr + call.old_len;
        let mut at = call.addr;
        let mut fitting = None;
        while let Some(run) = self.next_large(area, at, end) {
            if fitting != Some(run.id) {
                if self.lies_inside(area, &run, (call.addr, end)) {
                    fitting = Some(run.id);
                } else {
                    self.split_folio(run.id, 0, None, Caller::HEAD)
                        .map_err(|_| Failure::Refused)?;
                }
            }
            at = run.vpn + run.len;
        }
        Ok(())
    }

    /// The first large folio mapped at or behind `at`.
    fn next_large(&self, area: Area, mut at: u32, end: u32) -> Option<LargeRun> {
        while let Some(block) = self.next_block(area.pid, at, end) {
            let leaf = self.tables.get(block.slot);
            if leaf.is_huge() && leaf.names_folio() {
                let id = self.folios.of(leaf.pfn());
                let page = self.geometry.pte_index(block.start) as u32;
                let len = block.end - block.start;
                return Some(LargeRun { id, vpn: block.start, page, len, leaf: true });
            }
            if leaf.is_table() {
                let first = self.pte_slot_in(block.slot, block.start);
                let entries = self.tables.run(first, (block.end - block.start) as usize);
                let is_large = |pfn: u32| self.folios[self.folios.of(pfn)].is_large();
                let found =
                    entries.iter().position(|entry| entry.names_folio() && is_large(entry.pfn()));
                if let Some(skip) = found {
                    let pfn = entries[skip].pfn();
                    let id = self.folios.of(pfn);
                    let (vpn, page) = (block.start + skip as u32, pfn - self.folios[id].head);
                    let len = self.run_at(first + skip, block.end - vpn, RUN_BITS);
                    return Some(LargeRun { id, vpn, page, len, leaf: false });
                }
            }
            at = block.end;
        }
        None
    }

    /// Whether SWAP entries name slots that the folio is cached for.
    fn is_partly_away(&self, id: FolioId) -> bool {
        let folio = &self.folios[id];
        let mut slots = folio.swap..folio.swap + folio.pages();
        folio.flags.has(FolioFlags::SWAPCACHE) && slots.any(|slot| self.swap[slot].count > 0)
    }

    /// Whether DEVEXCL entries that gave their mapping up are anywhere but in this range: they get it back (O8).
    fn is_exclusive_elsewhere(&self, id: FolioId, range: &RmapRange) -> bool {
        let head = self.folios[id].head;
        let given_up = |range: &RmapRange| {
            self.pages_in(head, range, Want::Reached) - self.pages_in(head, range, Want::Mapped)
        };
        !self.exclusive_maps()
            && self.rmap_ranges(id).iter().map(given_up).sum::<u32>() != given_up(range)
    }

    /// JR16: all pages of the folio have their place in the range, mapped or not, nothing maps it
    /// but the entries there, nor did before a device had its page, and no SWAP entry finds one of its pages in
    /// the swap cache.
    fn lies_inside(&self, area: Area, run: &LargeRun, (start, end): (u32, u32)) -> bool {
        let folio = &self.folios[run.id];
        let Some(first) = run.vpn.checked_sub(run.page).filter(|first| *first >= start) else {
            return false;
        };
        if first + folio.pages() > end {
            return false;
        }
        let range = RmapRange { area, start: first, page: 0, len: folio.pages() };
        let entries = if run.leaf { 1 } else { self.pages_in(folio.head, &range, Want::Mapped) };
        entries == self.folios.mapcount_of(run.id)
            && (!(self.is_partly_away(run.id) || self.is_exclusive_elsewhere(run.id, &range))
                || fault!(self, RelocateCountsMappingsAlone))
    }
}
