//! Physical memory: frames with dense per-page arrays, a buddy allocator that hands out
//! order-aligned runs of them, and the folios made of such runs with their counts. Mapping and
//! unmapping is done in `rmap`; which folio is made when is decided by the faults.

use crate::bits::Bits;
use crate::deferred::{Links, Queue};
use crate::entry::Pfn;
use mm_ops::{FolioFlags, NO_ANON_VMA, ORDER_MAX, Pid, Value};

/// The number of a folio in the arena. Reused after the folio is freed; nobody keeps one without a
/// mapping or a reference.
pub(crate) type FolioId = u32;

/// Lowers a count. A count that would pass zero is a mistake that only a fault can make; there it
/// stays at zero, so that the oracles, not a panic, tell of it.
pub(crate) fn lower(count: &mut u32, by: u32) {
    debug_assert!(cfg!(feature = "faults") || *count >= by, "a count never falls below zero");
    *count = count.saturating_sub(by);
}

/// References of one pin of a small folio (S13, GUP_PIN_COUNTING_BIAS).
pub(crate) const PIN_BIAS: u32 = 1024;

/// A folio and its counts, all kept incrementally. One line of the processor's cache holds it: what an operation on
/// a large folio costs is this line.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub(crate) struct Folio {
    /// First frame, aligned to the order.
    pub(crate) head: Pfn,
    pub(crate) order: u8,
    pub(crate) flags: FolioFlags,
    /// Reference count as the kernel counts it (S12, S13).
    pub(crate) refs: u32,
    /// Pins of a large folio (S13).
    pub(crate) pins: u32,
    /// PMD maps (S8).
    pub(crate) entire: u32,
    /// Of a large folio: PTE maps plus PMD maps (S8).
    pub(crate) large_mapcount: u32,
    /// Of a large folio: how many times PTEs map all of its pages, as far as [`Folios::mapcount`] does not say so.
    pub(crate) whole_maps: u32,
    /// Of a large folio: pages whose [`Folios::mapcount`] is not 0.
    pub(crate) counted_pages: u32,
    /// Whose the mm-id slots of a large folio are (S10).
    pub(crate) slot_pids: [Pid; 2],
    /// The counts of these slots; 0 is a free slot.
    pub(crate) slot_counts: [u32; 2],
    /// The anon_vma, set at the first mapping (S7); before it [`NO_ANON_VMA`].
    pub(crate) mapping: u32,
    /// Linear index of the first page (S7).
    pub(crate) index: u32,
    /// In the swap cache: the slot of the first page (S6).
    pub(crate) swap: u32,
    /// Its place in the deferred-split queue, while it is DEFERRED.
    pub(crate) links: Links,
}

impl Folio {
    pub(crate) const fn pages(&self) -> u32 {
        1 << self.order
    }

    pub(crate) const fn is_large(&self) -> bool {
        self.order > 0
    }

    /// References of the swap cache (S12).
    pub(crate) const fn cache_refs(&self) -> u32 {
        if self.flags.has(FolioFlags::SWAPCACHE) { self.pages() } else { 0 }
    }

    /// No mm has an mm-id slot (S10).
    pub(crate) fn clear_slots(&mut self) {
        (self.slot_pids, self.slot_counts) = Default::default();
    }

    /// Of a large folio: pages that some PTE maps.
    pub(crate) const fn mapped_pages(&self) -> u32 {
        if self.whole_maps > 0 { self.pages() } else { self.counted_pages }
    }

    pub(crate) fn set(&mut self, flag: FolioFlags, on: bool) {
        self.flags = if on { self.flags.with(flag) } else { self.flags.without(flag) };
    }

    /// Whether the folio may be pinned (S13); of a small one 1024 references look like a pin.
    pub(crate) const fn maybe_pinned(&self) -> bool {
        if self.is_large() { self.pins > 0 } else { self.refs >= PIN_BIAS }
    }
}

/// In the place of the folio that a block of frames is: it is several, or free.
const IN_PIECES: FolioId = FolioId::MAX;

const _: () = assert!(size_of::<Folio>() == 64, "one cache line");

/// All folios and frames.
#[derive(Default)]
pub(crate) struct Folios {
    folios: Vec<Folio>,
    free_ids: Vec<FolioId>,
    buddy: Buddy,
    /// Which folio a block of the largest order is, or [`IN_PIECES`]: so dense that it stays in the cache.
    blocks: Vec<FolioId>,
    /// Which folio a frame of a block in pieces belongs to.
    owner: Vec<FolioId>,
    /// PTE maps of a frame (S8), without the [`Folio::whole_maps`] of its folio.
    mapcount: Vec<u32>,
    /// Content of a frame.
    pub(crate) value: Vec<Value>,
    /// PG_anon_exclusive of a frame (PAE).
    pub(crate) exclusive: Bits,
    /// PG_hwpoison of a frame.
    pub(crate) poisoned: Bits,
    /// Every frame that was ever poisoned.
    ever_poisoned: Vec<Pfn>,
    pub(crate) deferred: Queue,
}

impl Folios {
    /// Forgets every folio; keeps the memory. `order` is the largest there will be.
    pub(crate) fn reset(&mut self, order: u8) {
        self.folios.clear();
        self.free_ids.clear();
        self.buddy.reset(order);
        self.blocks.clear();
        self.owner.clear();
        self.mapcount.clear();
        self.value.clear();
        self.exclusive.reset();
        self.poisoned.reset();
        self.ever_poisoned.clear();
        self.deferred = Queue::default();
    }

    /// A folio with one reference, zero content, on the LRU, mapped nowhere (S18).
    pub(crate) fn create(&mut self, order: u8) -> FolioId {
        let head = self.buddy.take(order);
        self.grow();
        let flags = FolioFlags::LRU;
        let mapping = NO_ANON_VMA;
        let id = self.add(Folio { head, order, refs: 1, flags, mapping, ..Folio::default() });
        self.own(id);
        self.value[head as usize..][..1 << order].fill(Value::ZERO);
        id
    }

    /// Frees a folio without references (I15).
    pub(crate) fn destroy(&mut self, id: FolioId) {
        let Folio { head, order, .. } = self.folios[id as usize];
        debug_assert!(
            cfg!(feature = "faults")
                || self.mapcount[head as usize..][..1 << order].iter().all(|count| *count == 0)
                    && (self[id].entire, self[id].whole_maps) == (0, 0),
            "INV9: a folio without references is not mapped"
        );
        self.exclusive.fill(head, 1 << order, false);
        if cfg!(feature = "faults") {
            self.mapcount[head as usize..][..1 << order].fill(0);
        }
        self.buddy.give(head, order);
        self.free_ids.push(id);
    }

    /// Cuts a folio into pieces with these offsets and orders, ascending; the first one keeps the
    /// number. All other state of the pieces is the whole one's (G9), to be adjusted.
    pub(crate) fn cut(&mut self, id: FolioId, layout: &[(u32, u8)]) -> Vec<FolioId> {
        let whole = self[id];
        let pieces = layout.iter().map(|(offset, order)| {
            let piece = Folio { head: whole.head + offset, order: *order, ..whole };
            let number = if *offset == 0 {
                self[id] = piece;
                id
            } else {
                self.add(piece)
            };
            self.own(number);
            number
        });
        pieces.collect()
    }

    /// The frames of this folio are its own now.
    fn own(&mut self, id: FolioId) {
        let Folio { head, order, .. } = self[id];
        let whole_block = order == self.buddy.order_max;
        self.blocks[(head >> self.buddy.order_max) as usize] =
            if whole_block { id } else { IN_PIECES };
        if !whole_block {
            self.owner[head as usize..][..1 << order].fill(id);
        }
    }

    fn add(&mut self, folio: Folio) -> FolioId {
        let id = self.free_ids.pop().unwrap_or(self.folios.len() as u32);
        if id as usize == self.folios.len() {
            self.folios.push(folio);
        } else {
            self.folios[id as usize] = folio;
        }
        id
    }

    /// The page is poisoned (Q1).
    pub(crate) fn poison(&mut self, pfn: Pfn) {
        self.poisoned.fill(pfn, 1, true);
        if !self.ever_poisoned.contains(&pfn) {
            self.ever_poisoned.push(pfn);
        }
    }

    /// A folio without references and mappings whose pages are poisoned is not freed: each poisoned
    /// page stays as a small folio, with the reference of the poison (Q2). Answers whether it was.
    pub(crate) fn bury(&mut self, id: FolioId) -> bool {
        let Folio { head, order, .. } = self[id];
        if self.ever_poisoned.is_empty() || !self.poisoned.any(head, 1 << order) {
            return false;
        }
        let layout: Vec<(u32, u8)> = (0..1 << order).map(|page| (page, 0)).collect();
        for piece in self.cut(id, &layout) {
            let old = self[piece];
            let kept = FolioFlags::SWAPBACKED.with(FolioFlags::DIRTY);
            let flags = FolioFlags(old.flags.0 & kept.0);
            let (mapping, refs) = (NO_ANON_VMA, 1);
            self[piece] = Folio { head: old.head, flags, refs, mapping, ..Folio::default() };
            if !self.poisoned.get(old.head) {
                self.destroy(piece);
            }
        }
        true
    }

    /// The poisoned small folios that nothing but the poison refers to.
    pub(crate) fn retired(&self) -> impl Iterator<Item = FolioId> {
        self.ever_poisoned.iter().filter(|pfn| self.poisoned.get(**pfn)).filter_map(|pfn| {
            let id = self.of(*pfn);
            let folio = &self[id];
            let alone = folio.refs == 1 && self.mapcount_of(id) == 0;
            (folio.head == *pfn && !folio.is_large() && alone).then_some(id)
        })
    }

    /// The folio a frame belongs to.
    #[inline]
    pub(crate) fn of(&self, pfn: Pfn) -> FolioId {
        let block = self.blocks[(pfn >> self.buddy.order_max) as usize];
        if block == IN_PIECES { self.owner[pfn as usize] } else { block }
    }

    /// Number of frames that there are.
    pub(crate) fn frames(&self) -> usize {
        self.buddy.frames()
    }

    /// Number of folios that exist.
    pub(crate) fn live(&self) -> usize {
        self.folios.len().saturating_sub(self.free_ids.len())
    }

    /// folio_mapcount (S8).
    pub(crate) fn mapcount_of(&self, id: FolioId) -> u32 {
        let folio = &self[id];
        if folio.is_large() { folio.large_mapcount } else { self.mapcount[folio.head as usize] }
    }

    /// PTE maps of a page of this folio (S8).
    pub(crate) fn page_mapcount(&self, id: FolioId, pfn: Pfn) -> u32 {
        self.mapcount[pfn as usize] + self[id].whole_maps
    }

    /// The same of all its pages.
    pub(crate) fn page_mapcounts(&self, id: FolioId) -> impl Iterator<Item = u32> {
        let Folio { head, order, whole_maps, .. } = self[id];
        self.mapcount[head as usize..][..1 << order].iter().map(move |count| count + whole_maps)
    }

    /// `len` PTEs more map a page of a small folio, or the pages from `pfn` of a large one, each once.
    pub(crate) fn count_maps(&mut self, id: FolioId, pfn: Pfn, len: u32) {
        let folio = &mut self.folios[id as usize];
        if !folio.is_large() {
            self.mapcount[pfn as usize] += len;
            return;
        }
        if len == folio.pages() {
            folio.whole_maps += 1;
            return;
        }
        // Wrapping, so that several pages are counted at a time; a count cannot get that far.
        let mut newly_counted = 0u32;
        for count in &mut self.mapcount[pfn as usize..][..len as usize] {
            newly_counted = newly_counted.wrapping_add(u32::from(*count == 0));
            *count = count.wrapping_add(1);
        }
        folio.counted_pages += newly_counted;
    }

    /// So many fewer. Answers how many of the pages no PTE maps any more.
    pub(crate) fn uncount_maps(&mut self, id: FolioId, pfn: Pfn, len: u32) -> u32 {
        let folio = &mut self.folios[id as usize];
        if !folio.is_large() {
            let count = &mut self.mapcount[pfn as usize];
            lower(count, len);
            return u32::from(*count == 0);
        }
        if folio.whole_maps > 0 {
            if len == folio.pages() {
                folio.whole_maps -= 1;
                return folio.pages() - folio.mapped_pages();
            }
            self.count_by_page(id);
        }
        let mut unmapped = 0u32;
        for count in &mut self.mapcount[pfn as usize..][..len as usize] {
            *count = count.wrapping_sub(1);
            unmapped = unmapped.wrapping_add(u32::from(*count == 0));
        }
        lower(&mut self.folios[id as usize].counted_pages, unmapped);
        unmapped
    }

    /// Maps of the whole folio become maps of each page.
    fn count_by_page(&mut self, id: FolioId) {
        let folio = &mut self.folios[id as usize];
        let whole = std::mem::take(&mut folio.whole_maps);
        folio.counted_pages = folio.pages();
        let pages = folio.head as usize..(folio.head + folio.pages()) as usize;
        self.mapcount[pages].iter_mut().for_each(|count| *count += whole);
    }

    /// folio_maybe_mapped_shared (S11).
    pub(crate) fn maybe_shared(&self, id: FolioId) -> bool {
        let folio = &self[id];
        self.mapcount_of(id) > 1 && (!folio.is_large() || folio.flags.has(FolioFlags::MAYBE_SHARED))
    }

    fn grow(&mut self) {
        let frames = self.frames();
        if self.owner.len() < frames {
            self.blocks.resize(frames >> self.buddy.order_max, IN_PIECES);
            self.owner.resize(frames, 0);
            self.mapcount.resize(frames, 0);
            self.value.resize(frames, Value::ZERO);
            self.exclusive.grow(frames);
            self.poisoned.grow(frames);
        }
    }
}

impl std::ops::Index<FolioId> for Folios {
    type Output = Folio;
    fn index(&self, id: FolioId) -> &Folio {
        &self.folios[id as usize]
    }
}

impl std::ops::IndexMut<FolioId> for Folios {
    fn index_mut(&mut self, id: FolioId) -> &mut Folio {
        &mut self.folios[id as usize]
    }
}

/// A buddy allocator of frames. Blocks split low half first and merge when freed, so that folios
/// allocated one after the other are neighbours in physical memory.
#[derive(Default)]
struct Buddy {
    /// Of a frame at which a free block begins that could merge: one plus its order; else 0.
    free_order: Vec<u8>,
    /// Free blocks of each order; an element counts only if `free_order` agrees. A block of the largest order
    /// merges with nothing, so it stays until it is taken.
    lists: [Vec<Pfn>; ORDER_MAX as usize + 1],
    order_max: u8,
}

impl Buddy {
    fn reset(&mut self, order_max: u8) {
        self.free_order.clear();
        self.lists.iter_mut().for_each(Vec::clear);
        self.order_max = order_max;
    }

    /// Number of frames there are.
    fn frames(&self) -> usize {
        self.free_order.len()
    }

    fn take(&mut self, order: u8) -> Pfn {
        let (pfn, mut found) = self.pop(order).unwrap_or_else(|| {
            let pfn = self.frames() as Pfn;
            self.free_order.resize(self.frames() + (1 << self.order_max), 0);
            (pfn, self.order_max)
        });
        while found > order {
            found -= 1;
            self.push(pfn + (1 << found), found);
        }
        pfn
    }

    fn give(&mut self, mut pfn: Pfn, mut order: u8) {
        while order < self.order_max {
            let buddy = pfn ^ 1 << order;
            if self.free_order[buddy as usize] != order + 1 {
                break;
            }
            self.free_order[buddy as usize] = 0;
            pfn = pfn.min(buddy);
            order += 1;
        }
        self.push(pfn, order);
    }

    fn push(&mut self, pfn: Pfn, order: u8) {
        if order < self.order_max {
            self.free_order[pfn as usize] = order + 1;
        }
        self.lists[usize::from(order)].push(pfn);
    }

    /// The smallest free block of at least this order.
    fn pop(&mut self, order: u8) -> Option<(Pfn, u8)> {
        for order in order..=self.order_max {
            while let Some(pfn) = self.lists[usize::from(order)].pop() {
                if order == self.order_max {
                    return Some((pfn, order));
                }
                if self.free_order[pfn as usize] == order + 1 {
                    self.free_order[pfn as usize] = 0;
                    return Some((pfn, order));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Folios;

    fn folios() -> Folios {
        let mut folios = Folios::default();
        folios.reset(3);
        folios
    }

    #[test]
    fn folios_are_aligned_and_neighbours() {
        let mut folios = folios();
        let (a, b) = (folios.create(2), folios.create(2));
        assert_eq!(folios[a].head % 4, 0);
        assert_eq!(folios[b].head, folios[a].head + 4);
    }

    #[test]
    fn freed_frames_merge() {
        let mut folios = folios();
        let small: Vec<_> = (0..8).map(|_| folios.create(0)).collect();
        small.into_iter().for_each(|id| folios.destroy(id));
        assert_eq!(folios.live(), 0);
        let whole = folios.create(3);
        assert_eq!(folios[whole].head, 0, "the eight frames became one block again");
    }

    #[test]
    fn pieces_are_freed_one_by_one() {
        let mut folios = folios();
        let id = folios.create(2);
        let parts = folios.cut(id, &[(0, 0), (1, 0), (2, 0), (3, 0)]);
        assert_eq!((folios.live(), parts[0]), (4, id));
        parts.into_iter().for_each(|id| folios.destroy(id));
        assert_eq!(folios.live(), 0);
    }
}
