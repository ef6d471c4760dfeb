//! What the machine is made of: folios, page tables, VMAs, anon_vmas, open handles, circumstances.
//! Only history is stored. Whatever can be counted (mapcounts, references, rss …) is counted by
//! [`crate::counts`], and never kept.

use std::collections::{BTreeMap, BTreeSet};

use mm_ops::{
    AllocSite, Choice, Config, EntryFlags, FolioFlags, Order, OrderSet, PROCS_MAX, Pid, Value,
    VmaFlags, Vpn,
};

use crate::counts::Tally;
use crate::coverage::{Coverage, rule};

/// Number of a folio: an index into [`Reference::folios`].
pub(crate) type FolioId = u32;
/// Number of an anon_vma: an index into [`Reference::anon_vmas`].
pub(crate) type AvId = u32;

/// A level-1 entry (S4). Entries of kinds that no operation of this vocabulary makes do not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pte {
    /// Nothing.
    None,
    /// The shared zero page: no references, no mapcount.
    Zero(EntryFlags),
    /// A page of a folio.
    Page(Mapped),
    /// A GUARD marker.
    Guard,
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
}

/// A mapping (S2). `vm_pgoff` always equals the first page number: nothing here ever moves a VMA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vma {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) flags: VmaFlags,
    pub(crate) anon_vma: Option<AvId>,
    /// The anon_vmas this VMA is linked to, newest first.
    pub(crate) avcs: Vec<AvId>,
}

impl Vma {
    pub(crate) fn has(&self, flags: VmaFlags) -> bool {
        self.flags.has(flags)
    }

    /// "accessible VMA" (S21).
    pub(crate) fn accessible(&self) -> bool {
        self.has(VmaFlags::READ) || self.has(VmaFlags::WRITE)
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

/// One page of a folio: its content, and PG_anon_exclusive (PAE).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Page {
    pub(crate) value: Value,
    pub(crate) exclusive: bool,
}

/// A folio (S6). Whether it is locked, and all its counts, follow from tokens, handles and tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folio {
    pub(crate) live: bool,
    pub(crate) order: Order,
    pub(crate) flags: FolioFlags,
    /// The mm-id slots of a large folio (S10).
    pub(crate) slots: [(Pid, u32); 2],
    /// folio->mapping and folio->index (S7).
    pub(crate) mapping: AvId,
    pub(crate) index: u32,
    pub(crate) pages: Vec<Page>,
    /// Which physical page each of `pages` is. No number is used twice in a program.
    pub(crate) frames: Vec<u32>,
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

/// A circumstance in force: a folio lock, or an isolation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstance {
    pub(crate) isolation: bool,
    /// `None` when the locked folio was freed.
    pub(crate) folio: Option<FolioId>,
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
    pub(crate) handles: Vec<Option<OpenHandle>>,
    pub(crate) tokens: Vec<Option<Circumstance>>,
    /// Pages grabbed by the GUP call under way; they count like those of a handle.
    pub(crate) in_hand: Held,
    pub(crate) thp_always: OrderSet,
    pub(crate) thp_madvise: OrderSet,
    /// Armed by `fail_alloc` for the next operation.
    pub(crate) armed: bool,
    pub(crate) adopted: Adopted,
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
            handles: vec![None; usize::from(mm_ops::HANDLES_MAX)],
            tokens: vec![None; usize::from(mm_ops::TOKENS_MAX)],
            in_hand: Held::default(),
            thp_always: OrderSet::EMPTY,
            thp_madvise: OrderSet::EMPTY,
            armed: false,
            adopted: Adopted::default(),
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
        // Their memory is kept.
        self.free_folios.clear();
        self.free_folios.extend(0..self.folios.len() as FolioId);
        for folio in &mut self.folios {
            folio.live = false;
        }
        for anon_vma in &mut self.anon_vmas {
            anon_vma.live = false;
        }
        self.handles.fill(None);
        self.tokens.fill(None);
        self.in_hand.pages.clear();
        self.frames_used = 0;
        self.thp_always = OrderSet::EMPTY;
        self.thp_madvise = OrderSet::EMPTY;
        self.armed = false;
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

    /// Changes the flags of a PMD leaf of either kind.
    pub(crate) fn set_leaf_flags(&mut self, pid: Pid, vpn: u32, new: EntryFlags) {
        let block = self.block(vpn);
        match self.mm_mut(pid).pmds.get_mut(&block) {
            Some(Pmd::Leaf(Leaf { flags, .. }) | Pmd::HugeZero(flags)) => *flags = new,
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

    /// Changes the flags of a present entry.
    pub(crate) fn set_pte_flags(&mut self, pid: Pid, vpn: u32, flags: EntryFlags) {
        let pte = match self.pte(pid, vpn) {
            Pte::Page(mapped) => Pte::Page(Mapped { flags, ..mapped }),
            Pte::Zero(_) => Pte::Zero(flags),
            other => other,
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
    /// A fresh folio for a VMA with these flags (S18, Z6): nothing maps it yet.
    pub(crate) fn new_folio(&mut self, order: Order, vma: VmaFlags) -> FolioId {
        let id = self.free_folios.pop().unwrap_or_else(|| {
            self.folios.push(Folio::default());
            self.folios.len() as FolioId - 1
        });
        if vma.has(VmaFlags::DROPPABLE) {
            rule!(self.coverage, Z6);
        }
        let flags = FolioFlags::LRU.with_if(FolioFlags::SWAPBACKED, !vma.has(VmaFlags::DROPPABLE));
        let folio = &mut self.folios[id as usize];
        folio.live = true;
        folio.order = order;
        folio.flags = flags;
        folio.slots = [(Pid(0), 0); 2];
        folio.mapping = 0;
        folio.index = 0;
        folio.pages.clear();
        folio.pages.resize(order.pages() as usize, Page::default());
        folio.frames.clear();
        folio.frames.extend(self.frames_used..self.frames_used + order.pages());
        self.frames_used += order.pages();
        id
    }

    /// A fresh anon_vma; its own root unless one is given.
    pub(crate) fn new_anon_vma(&mut self, family: Option<(AvId, AvId)>) -> AvId {
        let id = match self.anon_vmas.iter().position(|av| !av.live) {
            Some(id) => id,
            None => {
                self.anon_vmas.push(AnonVma::default());
                self.anon_vmas.len() - 1
            }
        };
        let (root, parent) = family.unwrap_or((id as AvId, id as AvId));
        self.anon_vmas[id] = AnonVma { live: true, root, parent };
        id as AvId
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
