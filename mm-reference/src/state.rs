//! What the machine is made of: folios, page tables, VMAs, anon_vmas, open handles, circumstances.
//! Only history is stored. Whatever can be counted (mapcounts, references, rss …) is counted by
//! [`crate::counts`], and never kept.

use std::collections::{BTreeMap, BTreeSet};

use mm_ops::{
    AllocSite, Choice, Config, EntryFlags, FolioFlags, Order, OrderSet, PROCS_MAX, Pid, Value,
    VmaFlags, Vpn,
};

use smallvec::SmallVec;

use crate::anonmm::Group;
use crate::counts::Tally;
use crate::coverage::{Coverage, rule};
use crate::device::{DevMigration, Devices};
use crate::lru::Batches;

/// Number of a folio: an index into [`Reference::folios`].
pub(crate) type FolioId = u32;
/// Number of an anon_vma: an index into [`Reference::anon_vmas`].
pub(crate) type AvId = u32;

/// A level-1 entry (S4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pte {
    /// Nothing.
    None,
    /// The shared zero page: no references, no mapcount.
    Zero(EntryFlags),
    /// A page of a folio.
    Page(Mapped),
    /// A slot of the swap device. Flags: EXCLUSIVE, SOFT_DIRTY, UFFD_WP.
    Swap(Swapped),
    /// A page of a folio that is being migrated away, or split: no mapping, no reference. Flags:
    /// WRITE (kind WRITE), EXCLUSIVE (kind READ_EXCL) or neither (kind READ); YOUNG, DIRTY,
    /// SOFT_DIRTY, UFFD_WP.
    Migration(Mapped),
    /// A poisoned page: no mapping, no reference. Flags: UFFD_WP.
    Hwpoison(Mapped),
    /// A GUARD marker.
    Guard,
    /// A POISONED marker.
    Poisoned,
    /// A UFFD_WP marker.
    UffdMarker,
    /// A page in a device's memory. It counts as a mapping. Flags: WRITE (kind WRITE), SOFT_DIRTY,
    /// UFFD_WP.
    DevPrivate(Mapped),
    /// A page that is a device's alone for the moment. Flags: WRITE (but for kind READABLE of older
    /// kernels, O15), SOFT_DIRTY, UFFD_WP.
    DevExclusive(Mapped),
}

/// A SWAP entry (S4e).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Swapped {
    pub(crate) slot: u32,
    pub(crate) flags: EntryFlags,
}

/// A present entry that maps one page of a folio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub(crate) folio: FolioId,
    pub(crate) page: u32,
    pub(crate) flags: EntryFlags,
}

/// A level-2 entry that is not NONE (S5). A leaf's deposited page table has no content and is
/// therefore not represented; it is counted (INV28).
#[derive(Clone, Debug)]
pub(crate) enum Pmd {
    /// A page table.
    Table(Vec<Pte>),
    /// A leaf that maps a whole folio.
    Leaf(Leaf),
    /// A leaf that maps the huge zero folio.
    HugeZero(EntryFlags),
    /// A PMD MIGRATION entry: flags as of a PTE one. It has a deposited table like a leaf.
    Migration(Leaf),
    /// The same as a DEVPRIV PTE, for a whole block. It has a deposited table like a leaf.
    DevPrivate(Leaf),
}

/// A PMD leaf of a folio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) folio: FolioId,
    pub(crate) flags: EntryFlags,
}

/// A level-2 entry as the code asks about it, without the table's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PmdKind {
    None,
    Table,
    Leaf(Leaf),
    HugeZero(EntryFlags),
    Migration(Leaf),
    DevPrivate(Leaf),
}

/// A mapping (S2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vma {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// vm_pgoff: the linear index of the first page. Of new memory its page number; what is moved
    /// keeps its own (J5).
    pub(crate) pgoff: u32,
    pub(crate) flags: VmaFlags,
    pub(crate) anon_vma: Option<AvId>,
    /// The anon_vmas this VMA is linked to, newest first.
    pub(crate) avcs: Vec<AvId>,
    /// When it was last put into their interval trees (L17); see [`Reference::relink`].
    pub(crate) linked: u32,
}

impl Vma {
    pub(crate) fn has(&self, flags: VmaFlags) -> bool {
        self.flags.has(flags)
    }

    /// "accessible VMA" (S21).
    pub(crate) fn accessible(&self) -> bool {
        self.has(VmaFlags::READ) || self.has(VmaFlags::WRITE)
    }

    /// The linear index of a page of the VMA (LI).
    pub(crate) fn index_of(&self, vpn: u32) -> u32 {
        self.pgoff + (vpn - self.start)
    }

    /// The linear index behind the last page.
    pub(crate) fn index_end(&self) -> u32 {
        self.index_of(self.end)
    }

    /// Whether all pages of `start..end` lie in the VMA.
    pub(crate) fn covers(&self, start: u32, end: u32) -> bool {
        self.start <= start && end <= self.end
    }
}

/// An address space (S1).
#[derive(Clone, Debug, Default)]
pub(crate) struct Mm {
    pub(crate) alive: bool,
    pub(crate) has_pinned: bool,
    /// By start, not overlapping.
    pub(crate) vmas: Vec<Vma>,
    /// The PMD tables that exist, by their number.
    pub(crate) pmd_tables: BTreeSet<u32>,
    /// The PMD entries that are not NONE, by block number.
    pub(crate) pmds: BTreeMap<u32, Pmd>,
}

/// One page of a folio: its content, PG_anon_exclusive (PAE), PG_hwpoison.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Page {
    pub(crate) value: Value,
    pub(crate) exclusive: bool,
    pub(crate) hwpoison: bool,
}

/// A folio (S6). Whether it is locked, in the swap cache, under writeback or queued for splitting,
/// and all its counts, follow from tokens, handles, tables, swap slots and the queue: the flags
/// LOCKED, SWAPCACHE, WRITEBACK and DEFERRED are never set in `flags`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folio {
    pub(crate) live: bool,
    pub(crate) order: Order,
    pub(crate) flags: FolioFlags,
    /// The mm-id slots of a large folio (S10).
    pub(crate) slots: [(Pid, u32); 2],
    /// folio->mapping and folio->index (S7); no mapping before the first rmap. In the anonmm scheme the
    /// record and the address that the page notes (M13); the address means nothing without a record.
    pub(crate) mapping: Option<AvId>,
    pub(crate) index: u32,
    /// Memory failure holds a reference, for good (Q1).
    pub(crate) poison_held: bool,
    /// Most folios have one page.
    pub(crate) pages: SmallVec<[Page; 1]>,
    /// Which physical page the first of `pages` is; the others follow. No number is used twice in a
    /// program.
    pub(crate) first_frame: u32,
}

impl Folio {
    pub(crate) fn large(&self) -> bool {
        self.order.0 > 0
    }

    pub(crate) fn nr_pages(&self) -> u32 {
        self.order.pages()
    }
}

/// An anon_vma (S16). Its interval tree is the set of VMAs that link it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AnonVma {
    pub(crate) live: bool,
    pub(crate) root: AvId,
    pub(crate) parent: AvId,
}

/// Pages somebody holds by GUP: each with its folio and page number, or `None` for a zero page,
/// which is not counted (D7; of the huge zero folio the count is nobody's concern).
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    pub(crate) pin: bool,
    pub(crate) pages: Vec<Option<(FolioId, u32)>>,
}

/// An open GUP handle.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenHandle {
    pub(crate) write: bool,
    pub(crate) held: Held,
}

/// What a token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holding {
    /// Someone holds the folio's lock.
    Lock,
    /// Someone took the folio off the LRU and holds a reference.
    Isolation,
    /// A write to swap in flight: what the folio's pages held when it began.
    Writeback(Vec<Value>),
    /// A migration between its begin and its end: its destination, and whether the copy was made.
    Migration { to: FolioId, copied: bool },
    /// A device migration between its setup and its end.
    DevMigration(DevMigration),
    /// The driver that made a page exclusive holds the folio's lock and a reference (O3).
    DevExclusive,
}

/// A circumstance in force, or an operation between its phases.
#[derive(Clone, Debug)]
pub(crate) struct Circumstance {
    pub(crate) holding: Holding,
    /// `None` when the locked folio was freed.
    pub(crate) folio: Option<FolioId>,
}

/// A slot of the swap device (S15). How many SWAP entries name it is counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slot {
    /// The swap-cache folio that covers it (HAS_CACHE).
    pub(crate) cache: Option<FolioId>,
    /// Known to hold zeroes (zeromap).
    pub(crate) zero: bool,
    /// It cannot be read.
    pub(crate) bad: bool,
    /// What was last written to it since it was taken.
    pub(crate) value: Value,
}

/// What the subject reported for the operation under way; see [`crate::circumstances`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Adopted {
    /// Not yet consumed.
    pub(crate) choices: Vec<Choice>,
    /// The allocation that is to fail, and how many of its kind were made before it.
    pub(crate) failing: Option<AllocSite>,
    pub(crate) seen: u16,
    /// All allocations made: the tests let each fail in turn.
    #[cfg(test)]
    pub(crate) made: Vec<AllocSite>,
}

/// The mechanism: the rulebook executed page by page.
///
/// ```
/// use mm_ops::{Config, Op, Outcome, PageRange, Pid, Prot, Value, Vpn};
/// let mut reference = mm_reference::Reference::new(&Config::default());
/// let pid = Pid(0);
/// let mmap = Op::Mmap { pid, range: PageRange::new(0, 8), prot: Prot::RW, droppable: false };
/// assert_eq!(reference.apply(&mmap, &[]).unwrap(), Outcome::Ok);
/// let read = Op::Read { pid, vpn: Vpn(3) };
/// assert_eq!(reference.apply(&read, &[]).unwrap(), Outcome::Value(Value::ZERO));
/// ```
#[derive(Clone, Debug)]
pub struct Reference {
    pub(crate) config: Config,
    pub(crate) mms: Vec<Mm>,
    pub(crate) folios: Vec<Folio>,
    /// Folios that are not live: their places are taken first.
    pub(crate) free_folios: Vec<FolioId>,
    /// How many physical pages this program has used so far.
    frames_used: u32,
    pub(crate) anon_vmas: Vec<AnonVma>,
    /// What the anonmm scheme has instead.
    pub(crate) group: Group,
    /// The queue of folios that may be worth splitting, from its head (G12, G13).
    pub(crate) deferred: Vec<FolioId>,
    pub(crate) handles: Vec<Option<OpenHandle>>,
    pub(crate) tokens: Vec<Option<Circumstance>>,
    /// The swap device; its slots are free, or named by a SWAP entry, or cached, or both.
    pub(crate) slots: Vec<Slot>,
    /// Between `swapon` and `swapoff`.
    pub(crate) swap_on: bool,
    /// Pages grabbed by the GUP call under way; they count like those of a handle.
    pub(crate) in_hand: Held,
    /// Folios that wait in per-CPU batches (S14).
    pub(crate) batches: Batches,
    pub(crate) thp_always: OrderSet,
    pub(crate) thp_madvise: OrderSet,
    /// Counts insertions into interval trees (L17).
    pub(crate) links: u32,
    /// Armed by `fail_alloc` for the next operation.
    pub(crate) armed: bool,
    pub(crate) adopted: Adopted,
    pub(crate) race: crate::race::RaceState,
    pub(crate) devices: Devices,
    pub(crate) coverage: Coverage,
    /// All counts after the last operation.
    pub(crate) tally: Tally,
}

impl Reference {
    /// A fresh machine; see [`mm_ops::Mm::reset`].
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let mut new = Self {
            config: *config,
            mms: vec![Mm::default(); usize::from(PROCS_MAX)],
            folios: Vec::new(),
            free_folios: Vec::new(),
            frames_used: 0,
            anon_vmas: Vec::new(),
            group: Group::default(),
            deferred: Vec::new(),
            handles: vec![None; usize::from(mm_ops::HANDLES_MAX)],
            tokens: vec![None; usize::from(mm_ops::TOKENS_MAX)],
            slots: Vec::new(),
            swap_on: false,
            in_hand: Held::default(),
            batches: Batches::default(),
            thp_always: OrderSet::EMPTY,
            thp_madvise: OrderSet::EMPTY,
            links: 0,
            armed: false,
            adopted: Adopted::default(),
            race: crate::race::RaceState::default(),
            devices: Devices::default(),
            coverage: Coverage::default(),
            tally: Tally::default(),
        };
        new.reset(config);
        new
    }

    /// Back to a fresh machine: `p0` lives with nothing mapped, nothing else exists.
    pub fn reset(&mut self, config: &Config) {
        self.config = config.sanitized();
        for mm in &mut self.mms {
            mm.alive = false;
            mm.has_pinned = false;
            mm.vmas.clear();
            mm.pmd_tables.clear();
            mm.pmds.clear();
        }
        self.mms[0].alive = true;
        self.free_folios.clear();
        self.folios.clear();
        self.anon_vmas.clear();
        self.reset_group();
        self.deferred.clear();
        self.handles.fill(None);
        self.tokens.fill(None);
        self.slots.clear();
        self.slots.resize(usize::from(self.config.swap_slots), Slot::default());
        self.swap_on = !self.slots.is_empty();
        self.in_hand.pages.clear();
        self.batches.clear();
        self.frames_used = 0;
        self.thp_always = OrderSet::EMPTY;
        self.thp_madvise = OrderSet::EMPTY;
        self.links = 0;
        self.armed = false;
        self.devices = Devices::default();
        self.adopted.choices.clear();
        self.adopted.failing = None;
        self.coverage.clear();
        self.sweep();
    }

    /// Which rules fired in the last [`Reference::apply`].
    #[must_use]
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    pub(crate) fn mm(&self, pid: Pid) -> &Mm {
        &self.mms[pid.index()]
    }

    pub(crate) fn mm_mut(&mut self, pid: Pid) -> &mut Mm {
        &mut self.mms[pid.index()]
    }

    pub(crate) fn alive(&self, pid: Pid) -> bool {
        pid.0 < self.config.procs && self.mm(pid).alive
    }

    pub(crate) fn folio(&self, id: FolioId) -> &Folio {
        &self.folios[id as usize]
    }

    pub(crate) fn folio_mut(&mut self, id: FolioId) -> &mut Folio {
        &mut self.folios[id as usize]
    }

    pub(crate) fn page(&self, folio: FolioId, page: u32) -> &Page {
        &self.folio(folio).pages[page as usize]
    }

    pub(crate) fn page_mut(&mut self, folio: FolioId, page: u32) -> &mut Page {
        &mut self.folio_mut(folio).pages[page as usize]
    }
}

/// Geometry.
impl Reference {
    /// Entries of a table, and pages of a block (what a PMD entry spans).
    pub(crate) fn ptes(&self) -> u32 {
        u32::from(self.config.ptes)
    }

    /// The block of a page.
    pub(crate) fn block(&self, vpn: u32) -> u32 {
        vpn / self.ptes()
    }

    /// The first page of a page's block.
    pub(crate) fn block_start(&self, vpn: u32) -> u32 {
        self.block(vpn) * self.ptes()
    }

    /// The end of a page's block, or `end` if that comes first.
    pub(crate) fn block_end(&self, vpn: u32, end: u32) -> u32 {
        end.min(self.block_start(vpn) + self.ptes())
    }

    /// Pages spanned by a PMD table.
    pub(crate) fn pmd_table_span(&self) -> u32 {
        self.ptes() * self.ptes()
    }
}

/// Page tables.
impl Reference {
    pub(crate) fn pmd(&self, pid: Pid, vpn: u32) -> PmdKind {
        match self.mm(pid).pmds.get(&self.block(vpn)) {
            None => PmdKind::None,
            Some(Pmd::Table(_)) => PmdKind::Table,
            Some(Pmd::Leaf(leaf)) => PmdKind::Leaf(*leaf),
            Some(Pmd::HugeZero(flags)) => PmdKind::HugeZero(*flags),
            Some(Pmd::Migration(leaf)) => PmdKind::Migration(*leaf),
            Some(Pmd::DevPrivate(leaf)) => PmdKind::DevPrivate(*leaf),
        }
    }

    pub(crate) fn set_pmd(&mut self, pid: Pid, vpn: u32, pmd: Pmd) {
        let block = self.block(vpn);
        self.mm_mut(pid).pmds.insert(block, pmd);
    }

    pub(crate) fn clear_pmd(&mut self, pid: Pid, vpn: u32) {
        let block = self.block(vpn);
        self.mm_mut(pid).pmds.remove(&block);
    }

    /// Changes the flags of a PMD leaf of any kind.
    pub(crate) fn set_leaf_flags(&mut self, pid: Pid, vpn: u32, new: EntryFlags) {
        let block = self.block(vpn);
        match self.mm_mut(pid).pmds.get_mut(&block) {
            Some(
                Pmd::Leaf(Leaf { flags, .. })
                | Pmd::Migration(Leaf { flags, .. })
                | Pmd::DevPrivate(Leaf { flags, .. })
                | Pmd::HugeZero(flags),
            ) => *flags = new,
            _ => unreachable!("only called for a leaf"),
        }
    }

    /// The entry of a page; NONE where there is no page table.
    pub(crate) fn pte(&self, pid: Pid, vpn: u32) -> Pte {
        match self.mm(pid).pmds.get(&self.block(vpn)) {
            Some(Pmd::Table(table)) => table[(vpn % self.ptes()) as usize],
            _ => Pte::None,
        }
    }

    /// Writes an entry; its page table exists.
    pub(crate) fn set_pte(&mut self, pid: Pid, vpn: u32, pte: Pte) {
        let (block, at) = (self.block(vpn), vpn % self.ptes());
        match self.mm_mut(pid).pmds.get_mut(&block) {
            Some(Pmd::Table(table)) => table[at as usize] = pte,
            _ => unreachable!("the page table was allocated before"),
        }
    }

    /// The flags of an entry; none where it has none.
    pub(crate) fn pte_flags(&self, pid: Pid, vpn: u32) -> EntryFlags {
        match self.pte(pid, vpn) {
            Pte::Zero(flags) => flags,
            Pte::Swap(swapped) => swapped.flags,
            Pte::Page(mapped)
            | Pte::Migration(mapped)
            | Pte::Hwpoison(mapped)
            | Pte::DevPrivate(mapped)
            | Pte::DevExclusive(mapped) => mapped.flags,
            Pte::None | Pte::Guard | Pte::Poisoned | Pte::UffdMarker => EntryFlags::NONE,
        }
    }

    /// Changes the flags of an entry that has some.
    pub(crate) fn set_pte_flags(&mut self, pid: Pid, vpn: u32, flags: EntryFlags) {
        let pte = match self.pte(pid, vpn) {
            Pte::Page(mapped) => Pte::Page(Mapped { flags, ..mapped }),
            Pte::Zero(_) => Pte::Zero(flags),
            Pte::Swap(swapped) => Pte::Swap(Swapped { flags, ..swapped }),
            Pte::Migration(mapped) => Pte::Migration(Mapped { flags, ..mapped }),
            Pte::Hwpoison(mapped) => Pte::Hwpoison(Mapped { flags, ..mapped }),
            Pte::DevPrivate(mapped) => Pte::DevPrivate(Mapped { flags, ..mapped }),
            Pte::DevExclusive(mapped) => Pte::DevExclusive(Mapped { flags, ..mapped }),
            Pte::None | Pte::Guard | Pte::Poisoned | Pte::UffdMarker => return,
        };
        self.set_pte(pid, vpn, pte);
    }

    pub(crate) fn set_table(&mut self, pid: Pid, vpn: u32) {
        let table = Pmd::Table(vec![Pte::None; self.ptes() as usize]);
        self.set_pmd(pid, vpn, table);
    }
}

/// Making things.
impl Reference {
    /// A fresh folio for a VMA with these flags (S18, Z6): nothing maps it yet. It goes to the LRU.
    pub(crate) fn new_folio(&mut self, order: Order, vma: VmaFlags) -> FolioId {
        if vma.has(VmaFlags::DROPPABLE) {
            rule!(self.coverage, Z6);
        }
        let id = self.bare_folio(order);
        let swapbacked = !vma.has(VmaFlags::DROPPABLE);
        self.folio_mut(id).flags = FolioFlags::NONE.with_if(FolioFlags::SWAPBACKED, swapbacked);
        self.lru_add(id, vma);
        id
    }

    /// A folio without flags.
    pub(crate) fn bare_folio(&mut self, order: Order) -> FolioId {
        let id = self.free_folios.pop().unwrap_or_else(|| {
            self.folios.push(Folio::default());
            self.folios.len() as FolioId - 1
        });
        let folio = &mut self.folios[id as usize];
        folio.live = true;
        folio.order = order;
        folio.flags = FolioFlags::NONE;
        folio.slots = [(Pid(0), 0); 2];
        folio.mapping = None;
        folio.index = 0;
        folio.poison_held = false;
        folio.pages.clear();
        folio.pages.resize(order.pages() as usize, Page::default());
        folio.first_frame = self.frames_used;
        self.frames_used += order.pages();
        id
    }

    /// A fresh anon_vma; its own root unless one is given.
    pub(crate) fn new_anon_vma(&mut self, family: Option<(AvId, AvId)>) -> AvId {
        // A number is not given out twice: a folio in the swap cache may name one that is gone (E16).
        let id = self.anon_vmas.len() as AvId;
        let (root, parent) = family.unwrap_or((id, id));
        self.anon_vmas.push(AnonVma { live: true, root, parent });
        id
    }
}

/// VMAs.
impl Reference {
    /// The place of the VMA that holds a page in the list of VMAs.
    pub(crate) fn vma_index(&self, pid: Pid, vpn: u32) -> Option<usize> {
        let vmas = &self.mm(pid).vmas;
        let behind = vmas.partition_point(|vma| vma.start <= vpn);
        let index = behind.checked_sub(1)?;
        (vpn < vmas[index].end).then_some(index)
    }

    /// The VMA that holds a page.
    pub(crate) fn vma(&self, pid: Pid, vpn: Vpn) -> Option<&Vma> {
        self.vma_index(pid, vpn.0).map(|index| &self.mm(pid).vmas[index])
    }

    /// The first VMA that ends behind a page (which it may hold or not).
    pub(crate) fn find_vma(&self, pid: Pid, vpn: u32) -> Option<&Vma> {
        let vmas = &self.mm(pid).vmas;
        vmas.get(vmas.partition_point(|vma| vma.end <= vpn))
    }
}
