//! Reverse mapping (rulebook area L, S8 to S11): the anon_vma arena, and the counts that adding
//! and removing mappings of a folio changes. A run of pages of one folio is counted with one call
//! (BT13). Page-table entries are never touched here.

use crate::alloc::NoMemory;
use crate::entry::Pfn;
use crate::folio::{Folio, FolioId, lower};
use crate::model::Model;
use crate::vma::{Area, Vma, mergeable_flags};
use mm_ops::{AllocKind, FolioFlags, NO_ANON_VMA, Pid, VmaFlags};
use smallvec::SmallVec;

/// The number of an anon_vma.
pub(crate) type AnonVmaNr = u32;
/// The anon_vma chain of a VMA, oldest (root side) first.
pub(crate) type AvcList = SmallVec<[AnonVmaNr; 4]>;

/// A VMA in the interval tree of an anon_vma (S16), named by its process and its first page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// Linear index of the VMA's first page: the key of the tree.
    pub(crate) pgoff: u32,
    /// First page of the VMA.
    pub(crate) start: u32,
    pub(crate) pid: Pid,
}

/// An anon_vma (S16). It lives exactly as long as some VMA links it.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnonVma {
    pub(crate) root: AnonVmaNr,
    pub(crate) parent: AnonVmaNr,
    /// anon_vmas whose parent this is; a root counts itself.
    pub(crate) num_children: u32,
    /// VMAs whose anon_vma this is.
    pub(crate) num_active_vmas: u32,
    /// The VMAs that link it: by first linear index, equal ones in the order of insertion (L17).
    tree: Vec<Link>,
}

/// All anon_vmas.
#[derive(Default)]
pub(crate) struct AnonVmas {
    arena: Vec<AnonVma>,
    /// How many places of the arena were given out.
    used: usize,
    /// How many of them are gone. A number is not given out twice: a folio in the swap cache may name one
    /// that is gone (E16).
    gone: usize,
}

impl AnonVmas {
    /// Forgets all; keeps the memory.
    pub(crate) fn reset(&mut self) {
        self.used = 0;
        self.gone = 0;
    }

    /// Number of anon_vmas that exist.
    pub(crate) fn live(&self) -> usize {
        self.used.saturating_sub(self.gone)
    }

    /// Whether any VMA links it.
    pub(crate) fn is_linked(&self, number: AnonVmaNr) -> bool {
        !self[number].tree.is_empty()
    }

    /// A new anon_vma below `parent`, or a root. Nothing links it yet.
    pub(crate) fn create(&mut self, parent: Option<AnonVmaNr>) -> AnonVmaNr {
        self.used += 1;
        if self.arena.len() < self.used {
            self.arena.push(AnonVma::default());
        }
        let number = self.used as u32 - 1;
        let parent = parent.unwrap_or(number);
        let root = if parent == number { number } else { self[parent].root };
        let anon_vma = &mut self[number];
        (anon_vma.root, anon_vma.parent) = (root, parent);
        (anon_vma.num_children, anon_vma.num_active_vmas) = (0, 0);
        anon_vma.tree.clear();
        self[parent].num_children += 1;
        number
    }

    /// Where an anon_vma is. With a fault pages may be in a VMA that has none: any will do then.
    #[inline]
    const fn place(&self, number: AnonVmaNr) -> usize {
        if cfg!(feature = "faults") && number == NO_ANON_VMA { 0 } else { number as usize }
    }

    #[inline]
    fn link(&mut self, number: AnonVmaNr, link: Link) {
        let tree = &mut self[number].tree;
        if tree.last().is_none_or(|last| last.pgoff <= link.pgoff) {
            tree.push(link);
            return;
        }
        let at = tree.partition_point(|other| other.pgoff <= link.pgoff);
        tree.insert(at, link);
    }

    /// A VMA begins elsewhere, or ends elsewhere.
    fn relink(&mut self, number: AnonVmaNr, old: Link, link: Link) {
        let tree = &mut self[number].tree;
        if tree.len() == 1 && tree[0] == old {
            tree[0] = link;
        } else {
            self.cut(number, old);
            self.link(number, link);
        }
    }

    /// Takes a VMA out of the tree.
    fn cut(&mut self, number: AnonVmaNr, link: Link) {
        let tree = &mut self[number].tree;
        if tree.last() == Some(&link) {
            tree.pop();
            return;
        }
        let at = tree.iter().position(|other| *other == link);
        debug_assert!(cfg!(feature = "faults") || at.is_some(), "L5: a VMA leaves what it linked");
        if let Some(at) = at {
            tree.remove(at);
        }
    }

    /// One VMA less links it; the last one frees it (L5).
    fn unlink(&mut self, number: AnonVmaNr, link: Link) {
        let linked = !self[number].tree.is_empty();
        self.cut(number, link);
        if linked && self[number].tree.is_empty() {
            let parent = self[number].parent;
            lower(&mut self[parent].num_children, 1);
            self.gone += 1;
        }
    }
}

impl std::ops::Index<AnonVmaNr> for AnonVmas {
    type Output = AnonVma;
    fn index(&self, number: AnonVmaNr) -> &AnonVma {
        &self.arena[self.place(number)]
    }
}

impl std::ops::IndexMut<AnonVmaNr> for AnonVmas {
    fn index_mut(&mut self, number: AnonVmaNr) -> &mut AnonVma {
        let place = self.place(number);
        &mut self.arena[place]
    }
}

impl Model {
    /// Gives the VMA an anon_vma if it has none (L1): a compatible neighbour's, else a new one.
    pub(crate) fn prepare_anon_vma(&mut self, pid: Pid, index: usize) -> Result<(), NoMemory> {
        let vma = &self.mms[pid.index()].vmas[index];
        if vma.anon_vma != NO_ANON_VMA || self.is_anonmm() {
            return Ok(());
        }
        let (start, link) = (vma.start, vma.link(pid));
        self.allocate(AllocKind::Avc, pid, start)?;
        let number = match self.mergeable_anon_vma(pid, index) {
            Some(number) => {
                self.let_walkers_finish(number);
                number
            }
            None => {
                self.allocate(AllocKind::AnonVma, pid, start)?;
                self.anon_vmas.create(None)
            }
        };
        self.anon_vmas.link(number, link);
        self.anon_vmas[number].num_active_vmas += 1;
        let vma = &mut self.mms[pid.index()].vmas[index];
        vma.anon_vma = number;
        vma.avcs.push(number);
        Ok(())
    }

    /// The anon_vma of a neighbour that differs at most in access rights and goes on where the other
    /// ends, in linear indices, too; next first (L1).
    fn mergeable_anon_vma(&self, pid: Pid, index: usize) -> Option<AnonVmaNr> {
        let vmas = &self.mms[pid.index()].vmas;
        let rights = VmaFlags::READ.with(VmaFlags::WRITE);
        let fixed = |vma: &Vma| mergeable_flags(vma.flags).without(rights);
        let reusable = |old: &Vma, low: &Vma, high: &Vma| {
            let compatible = low.goes_on_in(high) && fixed(low) == fixed(high);
            (compatible && old.anon_vma != NO_ANON_VMA && old.avcs.len() == 1)
                .then_some(old.anon_vma)
        };
        let vma = &vmas[index];
        let next = vmas.get(index + 1).and_then(|next| reusable(next, vma, next));
        next.or_else(|| {
            let prev = &vmas[index.checked_sub(1)?];
            reusable(prev, prev, vma)
        })
    }

    /// Links every anon_vma of a chain once more (L2), for the VMA that `link` names. A failed
    /// allocation, which is for `place`, unlinks what was linked.
    pub(crate) fn clone_avcs(
        &mut self,
        chain: &AvcList,
        place: u32,
        link: Link,
    ) -> Result<AvcList, NoMemory> {
        let mut linked = AvcList::new();
        for number in chain {
            self.let_walkers_finish(*number);
            if self.allocate(AllocKind::Avc, link.pid, place).is_err() {
                self.unlink_avcs(&linked, link);
                return Err(NoMemory);
            }
            self.anon_vmas.link(*number, link);
            linked.push(*number);
        }
        Ok(linked)
    }

    fn unlink_avcs(&mut self, chain: &AvcList, link: Link) {
        chain.iter().rev().for_each(|number| self.anon_vmas.unlink(*number, link));
    }

    /// The bounds of a VMA change: it leaves its trees and is inserted anew, behind the VMAs that
    /// begin where it begins now (L17).
    pub(crate) fn relink(&mut self, pid: Pid, index: usize, old: Link) {
        let vma = &self.mms[pid.index()].vmas[index];
        for number in &vma.avcs {
            self.anon_vmas.relink(*number, old, vma.link(pid));
        }
    }

    /// The VMA goes: it leaves all its anon_vmas, newest first (L5).
    pub(crate) fn unlink_anon_vmas(&mut self, pid: Pid, vma: &Vma) {
        if vma.anon_vma != NO_ANON_VMA {
            lower(&mut self.anon_vmas[vma.anon_vma].num_active_vmas, 1);
        }
        self.unlink_avcs(&vma.avcs, vma.link(pid));
    }

    /// The anon_vma chain of a child's VMA (L3): the parent's chain, then an anon_vma of its own
    /// unless one of the chain has lost its users and can be reused.
    pub(crate) fn fork_anon_vma(
        &mut self,
        parent: &Vma,
        child: Pid,
    ) -> Result<(AnonVmaNr, AvcList), NoMemory> {
        if parent.anon_vma == NO_ANON_VMA {
            return Ok((NO_ANON_VMA, AvcList::new()));
        }
        let link = parent.link(child);
        let mut chain = self.clone_avcs(&parent.avcs, parent.start, link)?;
        let reused = chain.iter().copied().find(|number| self.is_reusable(*number));
        if let Some(number) = reused {
            self.anon_vmas[number].num_active_vmas += 1;
            return Ok((number, chain));
        }
        let fresh = self
            .allocate(AllocKind::AnonVma, child, parent.start)
            .and_then(|()| self.allocate(AllocKind::Avc, child, parent.start));
        if fresh.is_err() {
            self.unlink_avcs(&chain, link);
            return Err(NoMemory);
        }
        let number = self.anon_vmas.create(Some(parent.anon_vma));
        if fault!(self, AnonVmaRootNotInherited) {
            self.anon_vmas[number].root = number;
        }
        self.anon_vmas.link(number, link);
        self.anon_vmas[number].num_active_vmas += 1;
        chain.push(number);
        Ok((number, chain))
    }

    /// Whether a fork may make this anon_vma the child's own (L3, L4).
    fn is_reusable(&self, number: AnonVmaNr) -> bool {
        let anon_vma = &self.anon_vmas[number];
        if fault!(self, AnonVmaDoubleReuse) {
            return anon_vma.num_children + anon_vma.num_active_vmas < 2;
        }
        anon_vma.num_children < 2 && anon_vma.num_active_vmas == 0
    }

    /// A fresh folio is about to be mapped for the first time, at this page of this VMA: it gets
    /// the VMA's anon_vma and its place in it (S7, L6), and the flag that the VMA decides (A3, Z6).
    pub(crate) fn adopt_fresh(&mut self, area: Area, id: FolioId, vpn: u32) {
        if self.is_anonmm() {
            self.note_mapping(id, area.pid, vpn);
            self.folios[id].set(FolioFlags::SWAPBACKED, true);
            return;
        }
        let vma = self.vma(area);
        let (mut mapping, index) = (vma.anon_vma, vma.linear_index(vpn));
        if fault!(self, ForkChildPageParentAnonVma) {
            mapping = self.anon_vmas[mapping].parent;
        }
        let folio = &mut self.folios[id];
        folio.mapping = mapping;
        folio.index = index;
        folio.set(FolioFlags::SWAPBACKED, !area.has(VmaFlags::DROPPABLE));
    }

    /// `len` PTEs now map the pages from `pfn`, all of one folio.
    pub(crate) fn add_rmap_ptes(&mut self, id: FolioId, pfn: Pfn, len: u32, pid: Pid) {
        self.folios.count_maps(id, pfn, len);
        let folio = &mut self.folios[id];
        if folio.is_large() {
            add_large_mapcount(folio, len, pid);
        }
    }

    /// `len` PTEs no longer map the pages from `pfn`. Answers how many pages no PTE maps any more;
    /// [`Model::note_partial_unmap`] wants to know once the whole run is done (G12).
    pub(crate) fn remove_rmap_ptes(&mut self, id: FolioId, pfn: Pfn, len: u32, pid: Pid) -> u32 {
        let unmapped = self.folios.uncount_maps(id, pfn, len);
        let folio = &mut self.folios[id];
        if folio.is_large() {
            sub_large_mapcount(folio, len, pid);
        } else if unmapped > 0 && self.is_anonmm() {
            self.forget_mapping(id);
        }
        unmapped
    }

    /// A PMD now maps the folio.
    pub(crate) fn add_rmap_pmd(&mut self, id: FolioId, pid: Pid) {
        let folio = &mut self.folios[id];
        folio.entire += 1;
        add_large_mapcount(folio, 1, pid);
    }

    /// A PMD no longer maps the folio (G12, PMD removal).
    pub(crate) fn remove_rmap_pmd(&mut self, id: FolioId, pid: Pid) {
        let folio = &mut self.folios[id];
        lower(&mut folio.entire, 1);
        sub_large_mapcount(folio, 1, pid);
        let mapped = folio.mapped_pages();
        let partially = folio.entire == 0 && mapped > 0 && mapped < folio.pages();
        if partially {
            self.queue_deferred(id, true);
        }
    }

    /// G12 at the end of a run of PTE removals, of which `unmapped` pages lost their last PTE.
    pub(crate) fn note_partial_unmap(&mut self, id: FolioId, unmapped: u32) {
        let folio = &self.folios[id];
        if unmapped > 0 && folio.is_large() && folio.entire == 0 && folio.mapped_pages() > 0 {
            self.queue_deferred(id, true);
        }
    }

    /// The VMAs in which pages of a folio may be mapped (L7, L17): those in the tree of its
    /// anon_vma that overlap its place, linear indices from `first` on.
    pub(crate) fn rmap_areas(
        &self,
        mapping: AnonVmaNr,
        first: u32,
        behind: u32,
    ) -> impl Iterator<Item = Area> + '_ {
        let mapping = (mapping != NO_ANON_VMA).then_some(mapping);
        let tree = mapping.map_or(&[][..], |mapping| &self.anon_vmas[mapping].tree[..]);
        tree.iter()
            .take_while(move |link| link.pgoff < behind)
            .filter_map(|link| Some((link, self.area_at(link.pid, link.start)?)))
            .filter(move |(link, area)| link.pgoff + (area.end - area.start) > first)
            .map(|(_, area)| area)
    }
}

/// One mm maps the large folio `diff` times more (S10).
fn add_large_mapcount(folio: &mut Folio, diff: u32, pid: Pid) {
    let mapped_before = folio.large_mapcount > 0;
    folio.large_mapcount += diff;
    if let Some(slot) = slot_of(folio, pid) {
        folio.slot_counts[slot] += diff;
        return;
    }
    let Some(slot) = folio.slot_counts.iter().position(|count| *count == 0) else {
        return;
    };
    (folio.slot_pids[slot], folio.slot_counts[slot]) = (pid, diff);
    if mapped_before {
        folio.set(FolioFlags::MAYBE_SHARED, true);
    }
}

/// One mm maps the large folio `diff` times less (S10).
fn sub_large_mapcount(folio: &mut Folio, diff: u32, pid: Pid) {
    lower(&mut folio.large_mapcount, diff);
    let total = folio.large_mapcount;
    if let Some(slot) = slot_of(folio, pid) {
        // A slot may under-count its mm: mappings made while both slots were taken.
        let left = folio.slot_counts[slot].saturating_sub(diff);
        folio.slot_counts[slot] = left;
        if left > 0 {
            return;
        }
        folio.slot_pids[slot] = Pid::default();
    }
    if total == 0 {
        folio.clear_slots();
    }
    if folio.slot_counts.contains(&total) {
        folio.set(FolioFlags::MAYBE_SHARED, false);
    }
}

fn slot_of(folio: &Folio, pid: Pid) -> Option<usize> {
    (0..2).find(|slot| folio.slot_counts[*slot] > 0 && folio.slot_pids[*slot] == pid)
}
