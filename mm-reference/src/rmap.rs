//! Anonymous VMAs and reverse mapping (rulebook section L), and what a change of mappings does to
//! a large folio: mm-id tracking (S10) and the detection of a partial unmap (G12).

use std::ops::Range;

use mm_ops::{AllocKind, Errno, FolioFlags, Outcome, Pid, VmaFlags, Vpn};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::state::{AvId, FolioId, Pte, Reference, Vma};
use crate::vma::{IGNORED_BY_MERGES, contiguous};

/// anon_vmas.
impl Reference {
    /// L1: gives the VMA of a page an anon_vma if it has none. The anonmm scheme has no such thing.
    pub(crate) fn prepare_anon_vma(&mut self, pid: Pid, vpn: u32) -> Result<(), NoMemory> {
        let index = self.vma_index(pid, vpn).expect("the caller found a VMA");
        let vma = &self.mm(pid).vmas[index];
        if vma.anon_vma.is_some() || self.has_anonmm() {
            return Ok(());
        }
        let place = vma.start;
        self.try_allocate(AllocKind::Avc, pid, place)?;
        let av = match self.neighbours_anon_vma(pid, index) {
            Some(av) => {
                rule!(self.coverage, L1, 1);
                av
            }
            None => {
                self.try_allocate(AllocKind::AnonVma, pid, place)?;
                rule!(self.coverage, L1, 0);
                self.new_anon_vma(None)
            }
        };
        let vma = &mut self.mm_mut(pid).vmas[index];
        vma.anon_vma = Some(av);
        vma.avcs.insert(0, av);
        self.relink(pid, index);
        Ok(())
    }

    /// L17: a VMA that is new, or whose bounds change, goes into the interval trees of its anon_vmas
    /// anew, and so behind those that begin at the same place.
    pub(crate) fn relink(&mut self, pid: Pid, index: usize) {
        self.links += 1;
        self.mms[pid.index()].vmas[index].linked = self.links;
    }

    /// The parts of VMAs that an rmap walk of the folio looks at, in the walk's order (L7, L17): of
    /// each VMA that links its anon_vma, the pages where it would be mapped. Page `i` of the folio
    /// can only be where the linear index is `index + i`. One process may have several such places:
    /// parts of a folio that was moved (S22), or what took the place of a page that was (J13).
    pub(crate) fn walked_parts(&self, folio: FolioId) -> Vec<(Pid, Range<u32>)> {
        let of = self.folio(folio);
        let Some(av) = of.mapping else { return Vec::new() };
        let (first, end) = (of.index, of.index + of.nr_pages());
        let vmas = self.mms.iter().zip((0u8..).map(Pid)).flat_map(|(mm, pid)| {
            mm.vmas.iter().filter(|vma| vma.avcs.contains(&av)).map(move |vma| (pid, vma))
        });
        let mut visited: Vec<_> =
            vmas.filter(|(_, vma)| vma.pgoff < end && first < vma.index_end()).collect();
        visited.sort_by_key(|(_, vma)| (vma.pgoff, vma.linked));
        let address = |vma: &Vma, index: u32| vma.start + (index - vma.pgoff);
        let part =
            |vma: &Vma| address(vma, first.max(vma.pgoff))..address(vma, end.min(vma.index_end()));
        visited.into_iter().map(|(pid, vma)| (pid, part(vma))).collect()
    }

    /// `rmap_walk`: whose entries the walk finds. In the anonmm scheme the walk is page_referenced (M16).
    pub(crate) fn op_rmap_walk(&mut self, pid: Pid, vpn: Vpn) -> Outcome {
        let Some(folio) = self.mapped_folio(pid, vpn.0) else {
            return Outcome::Err(Errno::EFAULT);
        };
        if self.has_anonmm() {
            return Outcome::Pids(self.page_referenced(folio));
        }
        let mut found = self.rmap_walk(folio);
        if self.mapcount(folio) > 0 {
            // A walk that is made at all finds those that gave their mapping up, too (O13).
            let given_up = |machine: &Self, pid, vpn| {
                let pte = machine.pte(pid, vpn);
                matches!(pte, Pte::DevExclusive(entry) if entry.folio == folio)
            };
            found.extend(self.walk_positions(folio, given_up));
        }
        Outcome::Pids(found.into_iter().map(|(pid, _)| pid).collect())
    }

    /// The entries that map the folio, as a walk finds them.
    pub(crate) fn rmap_walk(&mut self, folio: FolioId) -> Vec<(Pid, u32)> {
        self.note_walk(folio);
        self.walk_of_mappings(folio)
    }

    /// Which rules a walk of the folio follows (L7, L13, L17, L20).
    pub(crate) fn note_walk(&mut self, folio: FolioId) {
        if self.folio(folio).flags.has(FolioFlags::KSM) {
            rule!(self.coverage, L13);
            return;
        }
        rule!(self.coverage, L7, u8::from(self.folio(folio).large()));
        let parts = self.walked_parts(folio);
        if parts.len() > 1 {
            rule!(self.coverage, L17);
        }
        let crosses = |part: &Range<u32>| self.block(part.start) != self.block(part.end - 1);
        if parts.iter().any(|(_, part)| crosses(part)) {
            rule!(self.coverage, L20);
        }
    }

    /// L1: the anon_vma of a neighbour that could share it, the next VMA first.
    pub(crate) fn neighbours_anon_vma(&self, pid: Pid, index: usize) -> Option<AvId> {
        let vmas = &self.mm(pid).vmas;
        let vma = &vmas[index];
        let next = vmas.get(index + 1).filter(|next| could_share(vma, next));
        let prev = index.checked_sub(1).map(|i| &vmas[i]).filter(|prev| could_share(prev, vma));
        let singular = |of: &Vma| of.anon_vma.filter(|_| of.avcs.len() == 1);
        next.and_then(singular).or_else(|| prev.and_then(singular))
    }

    /// L2: allocates the chain elements to link one more VMA to `count` anon_vmas. The caller then
    /// copies the chain; on failure nothing has happened.
    pub(crate) fn allocate_chain(
        &mut self,
        pid: Pid,
        place: u32,
        count: usize,
    ) -> Result<(), NoMemory> {
        for _ in 0..count {
            rule!(self.coverage, L2);
            self.try_allocate(AllocKind::Avc, pid, place)?;
        }
        Ok(())
    }

    /// L3: the anon_vma and chain of a child's copy of a parent's VMA.
    pub(crate) fn fork_anon_vma(
        &mut self,
        child: Pid,
        parent: &Vma,
    ) -> Result<(Option<AvId>, Vec<AvId>), NoMemory> {
        let Some(parent_av) = parent.anon_vma else { return Ok((None, Vec::new())) };
        let mut reused = None;
        // Oldest first: the root's side.
        for av in parent.avcs.iter().rev() {
            self.try_allocate(AllocKind::Avc, child, parent.start)?;
            if reused.is_none() && self.num_children(*av) < 2 && self.num_active_vmas(*av) == 0 {
                rule!(self.coverage, L3, 1);
                reused = Some(*av);
            } else if self.anon_vmas[*av as usize].root == *av {
                rule!(self.coverage, L4);
            }
        }
        let mut chain = parent.avcs.clone();
        if reused.is_none() {
            self.try_allocate(AllocKind::AnonVma, child, parent.start)?;
            self.try_allocate(AllocKind::Avc, child, parent.start)?;
            rule!(self.coverage, L3, 0);
            let root = self.anon_vmas[parent_av as usize].root;
            let new = self.new_anon_vma(Some((root, parent_av)));
            chain.insert(0, new);
            reused = Some(new);
        }
        Ok((reused, chain))
    }
}

/// Whether two adjacent VMAs could share an anon_vma (L1): rights may differ, and what does not keep
/// VMAs from merging.
fn could_share(low: &Vma, high: &Vma) -> bool {
    let ignored = IGNORED_BY_MERGES.with(VmaFlags::READ).with(VmaFlags::WRITE);
    contiguous(low, high) && low.flags.without(ignored) == high.flags.without(ignored)
}

/// Mappings of folios.
impl Reference {
    /// A fresh folio gets its first mapping (L6, S7): `count` maps by `pid`, of page 0 at `vpn`. In the
    /// anonmm scheme the page notes this place (M2).
    pub(crate) fn first_mapping(&mut self, folio: FolioId, pid: Pid, vpn: u32, count: u32) {
        if self.has_anonmm() {
            rule!(self.coverage, M2, 0);
            return self.page_to_be_mapped(folio, pid, vpn);
        }
        rule!(self.coverage, L6);
        let vma = self.vma(pid, Vpn(vpn)).expect("a folio is mapped inside a VMA");
        let index = vma.index_of(vpn);
        let mapping = vma.anon_vma.expect("the anon_vma was prepared before (INV15)");
        let Self { folios, coverage, .. } = self;
        let folio = &mut folios[folio as usize];
        folio.mapping = Some(mapping);
        folio.index = index;
        if folio.large() {
            rule!(coverage, S10, 0);
            folio.slots[0] = (pid, count);
        }
    }

    /// S10: `count` mappings by `pid` are about to be added.
    pub(crate) fn mappings_to_add(&mut self, folio: FolioId, pid: Pid, count: u32) {
        if !self.folio(folio).large() {
            return;
        }
        let owned = |slot: &&mut (Pid, u32)| slot.1 > 0 && slot.0 == pid;
        if let Some(slot) = self.folio_mut(folio).slots.iter_mut().find(owned) {
            slot.1 += count;
            rule!(self.coverage, S10, 1);
            return;
        }
        let mapped = self.mapcount(folio) > 0;
        let Self { folios, coverage, .. } = self;
        let folio = &mut folios[folio as usize];
        if folio.slots[0].1 == 0 {
            rule!(coverage, S10, 2);
            folio.slots[0] = (pid, count);
            folio.flags = folio.flags.with_if(FolioFlags::MAYBE_SHARED, mapped);
        } else if folio.slots[1].1 == 0 {
            rule!(coverage, S10, 3);
            folio.slots[1] = (pid, count);
            folio.flags = folio.flags.with(FolioFlags::MAYBE_SHARED);
        } else {
            rule!(coverage, S10, 4);
        }
    }

    /// S10: `count` mappings by `pid` have been removed.
    fn mappings_removed(&mut self, folio: FolioId, pid: Pid, count: u32) {
        let total = self.mapcount(folio);
        let Self { folios, coverage, .. } = self;
        let folio = &mut folios[folio as usize];
        if let Some(slot) = folio.slots.iter_mut().find(|slot| slot.1 > 0 && slot.0 == pid) {
            if slot.1 > count {
                rule!(coverage, S10, 5);
                slot.1 -= count;
                return;
            }
            rule!(coverage, S10, 6);
            *slot = (Pid(0), 0);
        } else {
            rule!(coverage, S10, 7);
        }
        if folio.slots.iter().any(|slot| slot.1 == total) {
            rule!(coverage, S10, 8);
            folio.flags = folio.flags.without(FolioFlags::MAYBE_SHARED);
        }
    }

    /// PTEs of a run of pages of one folio have been removed from the tables of `pid`. All that the anonmm
    /// scheme asks is whether the page is mapped still (M14).
    pub(crate) fn ptes_removed(&mut self, folio: FolioId, pid: Pid, pages: Range<u32>) {
        if self.has_anonmm() {
            return self.page_unmapped(folio);
        }
        if !self.folio(folio).large() {
            return;
        }
        self.mappings_removed(folio, pid, pages.len() as u32);
        let mapped = self.pte_mapped(folio);
        let page_gone = mapped[pages.start as usize..pages.end as usize].contains(&false);
        if page_gone && self.entire_mapcount(folio) == 0 && mapped.contains(&true) {
            rule!(self.coverage, G12, 0);
            self.mark_partially_mapped(folio);
        }
    }

    /// A PMD leaf of the folio has been removed from the tables of `pid`.
    pub(crate) fn pmd_removed(&mut self, folio: FolioId, pid: Pid) {
        self.mappings_removed(folio, pid, 1);
        let mapped = self.pte_mapped(folio);
        let partly = mapped.contains(&true) && mapped.contains(&false);
        if partly && self.entire_mapcount(folio) == 0 {
            rule!(self.coverage, G12, 1);
            self.mark_partially_mapped(folio);
        }
    }

    /// Which pages of the folio have a PTE map.
    fn pte_mapped(&self, folio: FolioId) -> Vec<bool> {
        let mut mapped = vec![false; self.folio(folio).nr_pages() as usize];
        for mapping in self.mappings(folio).filter(|mapping| !mapping.by_pmd) {
            mapped[mapping.page as usize] = true;
        }
        mapped
    }

    /// deferred_split_folio(partially = true): sticky until the folio is split, migrated or freed.
    fn mark_partially_mapped(&mut self, folio: FolioId) {
        if self.in_swap_cache(folio) || self.is_device_folio(folio) {
            rule!(self.coverage, G12, 2);
            return;
        }
        let flags = &mut self.folio_mut(folio).flags;
        *flags = flags.with(FolioFlags::PARTIALLY_MAPPED);
        self.queue_for_splitting(folio);
    }

    /// To the tail of the queue, unless it is there already.
    pub(crate) fn queue_for_splitting(&mut self, folio: FolioId) {
        if !self.deferred.contains(&folio) {
            self.deferred.push(folio);
        }
    }

    /// folio_unqueue_deferred_split: off the queue, and not partially mapped any more.
    pub(crate) fn unqueue(&mut self, folio: FolioId) {
        self.deferred.retain(|queued| *queued != folio);
        let flags = &mut self.folio_mut(folio).flags;
        *flags = flags.without(FolioFlags::PARTIALLY_MAPPED);
    }

    /// folio_move_anon_rmap: the folio now belongs to the VMA's own anon_vma (B6, B13, K12).
    pub(crate) fn move_to_own_anon_vma(&mut self, folio: FolioId, pid: Pid, vpn: u32) {
        let vma = self.vma(pid, Vpn(vpn)).expect("the entry is inside a VMA");
        let own = vma.anon_vma.expect("it maps an anonymous page (INV15)");
        self.folio_mut(folio).mapping = Some(own);
    }
}
