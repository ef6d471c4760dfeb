//! The whole internal state of a subject, in a canonical form: two implementations of the same
//! rules produce equal snapshots after every operation, however they allocate and name things.
//!
//! A subject fills the lists in the order their fields document, with its own ("raw") folio and
//! anon_vma numbers, and then calls [`Snapshot::finish`], which renames folios by the first place
//! that names them and anon_vmas by the first VMA that links them. No judgement lives here: the
//! invariants are in `mm-diff`.

use crate::device::{DevMapSnap, DevWordSnap, Device, EventSnap};
use crate::flags::{EntryFlags, FolioFlags, VmaFlags};
use crate::ids::{Handle, Order, PageRange, Pid, Token, Value, Vpn};
use crate::rmap::AnonmmSnap;

/// Marks "no anon_vma" in [`VmaSnap::anon_vma`] and [`FolioSnap::mapping`].
pub const NO_ANON_VMA: u32 = u32::MAX;

/// Which folio: after [`Snapshot::finish`] an index into [`Snapshot::folios`].
pub type FolioId = u32;
/// Which anon_vma: after [`Snapshot::finish`] an index into [`Snapshot::anon_vmas`].
pub type AnonVmaId = u32;

/// A live process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MmSnap {
    /// Which.
    pub pid: Pid,
    /// MMF_HAS_PINNED (S1, D10).
    pub has_pinned: bool,
    /// rss\[ANON\], in pages (INV10).
    pub rss_anon: u32,
    /// rss\[SWAPENTS\], in pages (INV10).
    pub rss_swap: u32,
    /// Deposited page tables (INV28).
    pub deposited: u32,
}

/// A VMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VmaSnap {
    /// Whose.
    pub pid: Pid,
    /// First page.
    pub start: Vpn,
    /// First page behind it.
    pub end: Vpn,
    /// vm_pgoff, in pages: the linear index of the first page.
    pub pgoff: u32,
    /// Flags.
    pub flags: VmaFlags,
    /// vma->anon_vma, or [`NO_ANON_VMA`].
    pub anon_vma: AnonVmaId,
    /// Where its anon_vma chain begins in [`Snapshot::avcs`].
    pub avcs_start: u32,
    /// Length of its anon_vma chain.
    pub avcs_len: u32,
}

/// What an entry is (S4, S5). NONE entries are not listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A PTE that maps a page.
    Page,
    /// A PTE that maps the zero page.
    ZeroPage,
    /// A PTE that is a GUARD marker.
    Guard,
    /// A PMD leaf that maps a whole folio.
    Leaf,
    /// A PMD leaf that maps the huge zero folio.
    HugeZero,
    /// A SWAP PTE (S4e); its slot stands in [`EntrySnap::page`].
    Swap,
    /// A MIGRATION PTE (S4f); it names the folio that is migrated away, or split.
    Migration,
    /// A PMD MIGRATION entry (S5).
    MigrationLeaf,
    /// A HWPOISON PTE (S4i); it names the poisoned page.
    Hwpoison,
    /// A PTE that is a marker with UFFD_WP (S4j).
    UffdMarker,
    /// A PTE that is a marker with POISONED (S4j).
    PoisonMarker,
    /// A DEVPRIV PTE (S4g): the page is in a device's memory.
    DevPrivate,
    /// The same for a whole block, in a PMD (only with `Config::dev_thp`).
    DevPrivateLeaf,
    /// A DEVEXCL PTE (S4h): the page is a device's alone for the moment.
    DevExclusive,
}

impl EntryKind {
    /// Whether the entry stands in a PMD and covers a whole block.
    #[must_use]
    pub const fn is_pmd(self) -> bool {
        matches!(self, Self::Leaf | Self::HugeZero | Self::MigrationLeaf | Self::DevPrivateLeaf)
    }

    /// Whether the entry maps a page of a folio, for the CPU.
    #[must_use]
    pub const fn maps_folio(self) -> bool {
        matches!(self, Self::Page | Self::Leaf)
    }

    /// Whether the entry stands for pages in a device's memory.
    #[must_use]
    pub const fn is_device_private(self) -> bool {
        matches!(self, Self::DevPrivate | Self::DevPrivateLeaf)
    }

    /// Whether the entry maps or names a page of a folio.
    #[must_use]
    pub const fn names_folio(self) -> bool {
        matches!(
            self,
            Self::Page
                | Self::Leaf
                | Self::Migration
                | Self::MigrationLeaf
                | Self::Hwpoison
                | Self::DevPrivate
                | Self::DevPrivateLeaf
                | Self::DevExclusive
        )
    }
}

/// A page-table entry that is not NONE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntrySnap {
    /// Whose.
    pub pid: Pid,
    /// The page it maps; of a PMD the first one.
    pub vpn: Vpn,
    /// What it is.
    pub kind: EntryKind,
    /// Flags; none for a GUARD or POISONED marker, UFFD_WP for a uffd-wp marker.
    pub flags: EntryFlags,
    /// The folio the entry maps or names; 0 where there is none.
    pub folio: FolioId,
    /// Which page of the folio (0 for a Leaf), or which swap slot; 0 otherwise.
    pub page: u32,
}

/// A page table that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSnap {
    /// Whose.
    pub pid: Pid,
    /// 1: holds PTEs; 2: holds PMDs.
    pub level: u8,
    /// The first page it spans.
    pub vpn: Vpn,
}

/// A folio that something refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolioSnap {
    /// Its order.
    pub order: Order,
    /// Flags.
    pub flags: FolioFlags,
    /// Reference count as the kernel counts it (S12, S13).
    pub refcount: u32,
    /// Pins of a large folio (S13); 0 for a small one, whose pins are in `refcount`.
    pub pincount: u32,
    /// folio_mapcount: of a small folio its PTE maps, of a large one PTE maps plus PMD maps (S8).
    pub mapcount: u32,
    /// PMD maps.
    pub entire_mapcount: u32,
    /// The two mm-id slots of a large folio (S10): process and count; count 0 is a free slot, whose
    /// process is then 0, too.
    pub mm_slots: [(Pid, u32); 2],
    /// The anon_vma; [`NO_ANON_VMA`] for a KSM page, one that was never mapped, and while no entry
    /// maps the folio, no MIGRATION, DEVPRIV or DEVEXCL entry names it, and no SWAP entry names a slot it is cached
    /// for. In the anonmm scheme the position of the noted record in [`Snapshot::anonmms`] while an entry
    /// maps the page (M13, M14), else [`NO_ANON_VMA`].
    pub mapping: AnonVmaId,
    /// Linear index of its first page, in pages; in the anonmm scheme the page's user address, in pages; 0 where `mapping` is [`NO_ANON_VMA`].
    pub index: u32,
    /// Where its pages begin in [`Snapshot::pages`]; there are `order.pages()` of them.
    pub first_page: u32,
}

impl FolioSnap {
    /// The device in whose memory the folio is, if it is in a device's.
    #[must_use]
    pub const fn device(&self) -> Option<Device> {
        match (self.flags.has(FolioFlags::DEVICE_0), self.flags.has(FolioFlags::DEVICE_1)) {
            (true, _) => Some(Device(0)),
            (_, true) => Some(Device(1)),
            _ => None,
        }
    }
}

/// A page of a folio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSnap {
    /// PTE maps of this page.
    pub mapcount: u32,
    /// PG_anon_exclusive. Reported only where it means something: on a page some PTE maps (DEVPRIV
    /// and DEVEXCL entries do), and on the head of a folio some PMD maps; `false` elsewhere (INV2.X3, INV16).
    pub exclusive: bool,
    /// Its content.
    pub value: Value,
    /// PG_hwpoison.
    pub hwpoison: bool,
}

/// A swap slot in use (S15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotSnap {
    /// Which, from 0.
    pub slot: u32,
    /// SWAP entries that name it.
    pub count: u32,
    /// The swap-cache folio that covers it (HAS_CACHE).
    pub cache: Option<FolioId>,
    /// Recorded as a page of zeros (zeromap).
    pub zero: bool,
    /// It cannot be read.
    pub bad: bool,
    /// What was last written to it since it was taken; zero if nothing was.
    pub value: Value,
}

/// An anon_vma (S16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnonVmaSnap {
    /// Its root.
    pub root: AnonVmaId,
    /// Its parent; a root is its own.
    pub parent: AnonVmaId,
    /// num_children; a root counts itself.
    pub num_children: u32,
    /// num_active_vmas.
    pub num_active_vmas: u32,
}

/// One page of an open GUP handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandlePage {
    /// Which handle.
    pub handle: Handle,
    /// The folio, or `None` for the (uncounted) zero page.
    pub folio: Option<FolioId>,
    /// Which page of the folio.
    pub page: u32,
}

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Someone holds the folio's lock.
    Lock,
    /// Someone took the folio off the LRU and holds a reference.
    Isolation,
    /// A write to swap in flight.
    Writeback,
    /// A migration between its begin and its end.
    Migration {
        /// The destination.
        to: FolioId,
        /// The copy was made (F7).
        copied: bool,
    },
    /// A device migration between its setup and its end; its pages are in [`Snapshot::dev_words`].
    DevMigration {
        /// Whose driver.
        device: Device,
        /// Whose memory.
        pid: Pid,
        /// Which pages.
        range: PageRange,
        /// `dev_pages` was done.
        paged: bool,
    },
    /// The driver that made a page exclusive holds the folio's lock and a reference (O3).
    DevExclusive,
}

/// A circumstance in force, or an operation between its phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenSnap {
    /// Which token.
    pub token: Token,
    /// What it stands for.
    pub kind: TokenKind,
    /// The folio; `None` when it was freed meanwhile (a locked one, or the source of a migration
    /// whose copy was made), and for a device migration.
    pub folio: Option<FolioId>,
}

/// See the module documentation. Lists are sorted as noted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Live processes, by pid.
    pub mms: Vec<MmSnap>,
    /// VMAs, by (pid, start).
    pub vmas: Vec<VmaSnap>,
    /// The anon_vma chains of all VMAs one after the other, each newest first.
    pub avcs: Vec<AnonVmaId>,
    /// Entries, by (pid, vpn).
    pub entries: Vec<EntrySnap>,
    /// Page tables, by (pid, level, vpn); deposited ones are not listed.
    pub tables: Vec<TableSnap>,
    /// Handle pages, by (handle, index).
    pub handles: Vec<HandlePage>,
    /// Circumstances, by token.
    pub tokens: Vec<TokenSnap>,
    /// Words of device migrations that are not 0 on both sides, by (token, vpn).
    pub dev_words: Vec<DevWordSnap>,
    /// Translations of devices, by (device, pid, vpn).
    pub dev_maps: Vec<DevMapSnap>,
    /// Notifier events of the last operation, in order.
    pub events: Vec<EventSnap>,
    /// Swap slots in use, by number.
    pub slots: Vec<SlotSnap>,
    /// The deferred-split queue, from its head (G13).
    pub deferred: Vec<FolioId>,
    /// Folios in order of their first mention in `entries`, `handles`, `tokens` (a migration's
    /// folio before its destination), `dev_words` (source before destination), `dev_maps`, `slots`, `deferred`. Filled by
    /// [`Snapshot::finish`].
    pub folios: Vec<FolioSnap>,
    /// The pages of all folios. Filled by [`Snapshot::finish`].
    pub pages: Vec<PageSnap>,
    /// The physical page of each of `pages`. Filled by [`Snapshot::finish`].
    pub frames: FrameNames,
    /// anon_vmas in order of their first mention in `avcs`, then in folios, then as root or
    /// parent. Filled by [`Snapshot::finish`].
    pub anon_vmas: Vec<AnonVmaSnap>,
    /// The records of the anonmm scheme, in list order from the head (M1); every process descends from
    /// `p0`, so there is one list. Empty in the anon_vma scheme, and when no process is left.
    pub anonmms: Vec<AnonmmSnap>,
    /// How often the last operation's moves met a shared page and broke COW early (M4): the number in the
    /// kernel's warning. Always 0 in the anon_vma scheme.
    pub mremap_cows: u32,
    /// Warnings of the last operation that an rmap walk ended with mappings it had not found (M16). Always 0
    /// in the anon_vma scheme.
    pub rmap_warnings: u32,
    /// Folios that exist, are not retired by hwpoison, and nothing refers to: always 0 in a correct
    /// subject.
    pub leaked_folios: u32,
    /// anon_vmas (in the anonmm scheme: records) that exist and are not listed: always 0 in a correct subject.
    pub leaked_anon_vmas: u32,
    scratch: Scratch,
}

/// The subject's own names of physical pages. A page keeps its name while anything refers to it;
/// then the name may be given to another. Names of different subjects have nothing in common, so
/// they are never compared: equal they always are.
#[derive(Clone, Debug, Default)]
pub struct FrameNames(pub Vec<u32>);

impl PartialEq for FrameNames {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for FrameNames {}

/// Raw number to canonical number, kept between snapshots to spare allocations. Never compared.
#[derive(Clone, Debug, Default)]
struct Scratch {
    folios: Vec<u32>,
    anon_vmas: Vec<u32>,
}

impl PartialEq for Scratch {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Scratch {}

/// What [`Snapshot::finish`] asks a subject about its own numbers.
pub trait SnapshotSource {
    /// Describes a folio; pushes its pages. `mapping` is a raw number, `first_page` is ignored.
    fn folio(&self, raw: u32, pages: &mut Vec<PageSnap>) -> FolioSnap;
    /// Pushes the names of a folio's pages (see [`FrameNames`]).
    fn frames(&self, raw: u32, names: &mut Vec<u32>);
    /// Describes an anon_vma; `root` and `parent` are raw numbers.
    fn anon_vma(&self, raw: u32) -> AnonVmaSnap;
    /// How many folios exist that are not retired by hwpoison without an entry or handle naming
    /// them.
    fn live_folios(&self) -> usize;
    /// How many anon_vmas exist; in the anonmm scheme, how many records.
    fn live_anon_vmas(&self) -> usize;
}

impl Snapshot {
    /// Empties every list, keeping their memory.
    pub fn clear(&mut self) {
        self.mms.clear();
        self.vmas.clear();
        self.avcs.clear();
        self.entries.clear();
        self.tables.clear();
        self.handles.clear();
        self.tokens.clear();
        self.dev_words.clear();
        self.dev_maps.clear();
        self.events.clear();
        self.slots.clear();
        self.deferred.clear();
        self.folios.clear();
        self.pages.clear();
        self.frames.0.clear();
        self.anon_vmas.clear();
        self.anonmms.clear();
        (self.mremap_cows, self.rmap_warnings) = (0, 0);
        self.leaked_folios = 0;
        self.leaked_anon_vmas = 0;
        self.scratch.folios.clear();
        self.scratch.anon_vmas.clear();
    }

    /// Replaces raw numbers by canonical ones and fills `folios`, `pages` and `anon_vmas`.
    pub fn finish(&mut self, source: &impl SnapshotSource) {
        let Self { folios, pages, frames, scratch, .. } = self;
        let mut name_folio = |raw: &mut u32| {
            *raw = rename(&mut scratch.folios, *raw, folios.len(), || {
                let first_page = pages.len() as u32;
                folios.push(FolioSnap { first_page, ..source.folio(*raw, pages) });
                source.frames(*raw, &mut frames.0);
            });
        };
        self.entries
            .iter_mut()
            .filter(|e| e.kind.names_folio())
            .for_each(|e| name_folio(&mut e.folio));
        self.handles.iter_mut().filter_map(|h| h.folio.as_mut()).for_each(&mut name_folio);
        for token in &mut self.tokens {
            token.folio.iter_mut().for_each(&mut name_folio);
            if let TokenKind::Migration { to, .. } = &mut token.kind {
                name_folio(to);
            }
        }
        let words = self.dev_words.iter_mut();
        words.flat_map(|word| word.from.iter_mut().chain(&mut word.to)).for_each(&mut name_folio);
        self.dev_maps.iter_mut().for_each(|map| name_folio(&mut map.folio));
        self.slots.iter_mut().filter_map(|s| s.cache.as_mut()).for_each(&mut name_folio);
        self.deferred.iter_mut().for_each(&mut name_folio);
        self.leaked_folios = source.live_folios().saturating_sub(self.folios.len()) as u32;
        if self.anonmms.is_empty() {
            self.finish_anon_vmas(source);
        } else {
            // Records are named by their place in the list already.
            let listed = self.anonmms.len();
            self.leaked_anon_vmas = source.live_anon_vmas().saturating_sub(listed) as u32;
        }
    }

    fn finish_anon_vmas(&mut self, source: &impl SnapshotSource) {
        let Self { anon_vmas, scratch, .. } = self;
        let mut name = |raw: &mut u32, anon_vmas: &mut Vec<AnonVmaSnap>| {
            if *raw != NO_ANON_VMA {
                *raw = rename(&mut scratch.anon_vmas, *raw, anon_vmas.len(), || {
                    anon_vmas.push(source.anon_vma(*raw));
                });
            }
        };
        self.avcs.iter_mut().for_each(|av| name(av, anon_vmas));
        self.vmas.iter_mut().for_each(|vma| name(&mut vma.anon_vma, anon_vmas));
        self.folios.iter_mut().for_each(|folio| name(&mut folio.mapping, anon_vmas));
        // Roots and parents name further anon_vmas, which are appended and visited in turn.
        let mut next = 0;
        while next < anon_vmas.len() {
            let mut snap = anon_vmas[next];
            name(&mut snap.root, anon_vmas);
            name(&mut snap.parent, anon_vmas);
            anon_vmas[next] = snap;
            next += 1;
        }
        self.leaked_anon_vmas = source.live_anon_vmas().saturating_sub(anon_vmas.len()) as u32;
    }

    /// The pages of a folio.
    #[must_use]
    pub fn pages_of(&self, folio: FolioId) -> &[PageSnap] {
        let folio = &self.folios[folio as usize];
        &self.pages[folio.first_page as usize..][..folio.order.pages() as usize]
    }

    /// The anon_vma chain of a VMA, newest first.
    #[must_use]
    pub fn avcs_of(&self, vma: &VmaSnap) -> &[AnonVmaId] {
        &self.avcs[vma.avcs_start as usize..][..vma.avcs_len as usize]
    }

    /// What a read of a page would return in the end: of an entry, the page `offset` pages into
    /// it. Zero where a read would fail or give zero.
    #[must_use]
    pub fn value_behind(&self, entry: &EntrySnap, offset: u32) -> Value {
        let page_of = |folio: FolioId, page: u32| self.pages_of(folio)[page as usize].value;
        match entry.kind {
            EntryKind::Page
            | EntryKind::Leaf
            | EntryKind::Migration
            | EntryKind::MigrationLeaf
            | EntryKind::DevPrivate
            | EntryKind::DevPrivateLeaf
            | EntryKind::DevExclusive => page_of(entry.folio, entry.page + offset),
            EntryKind::Swap => {
                let found = self.slots.binary_search_by_key(&entry.page, |slot| slot.slot);
                let Some(slot) = found.ok().map(|at| &self.slots[at]) else {
                    return Value::ZERO;
                };
                // The pages of a cached folio stand for consecutive slots, aligned to its size.
                slot.cache.map_or(slot.value, |folio| {
                    let pages = self.folios[folio as usize].order.pages();
                    page_of(folio, slot.slot % pages)
                })
            }
            EntryKind::ZeroPage
            | EntryKind::HugeZero
            | EntryKind::Guard
            | EntryKind::Hwpoison
            | EntryKind::UffdMarker
            | EntryKind::PoisonMarker => Value::ZERO,
        }
    }

    /// Whether a slot is in the swap cache.
    #[must_use]
    pub fn is_cached(&self, slot: u32) -> bool {
        let found = self.slots.binary_search_by_key(&slot, |slot| slot.slot);
        found.is_ok_and(|at| self.slots[at].cache.is_some())
    }

    /// The VMA that holds a page.
    #[must_use]
    pub fn vma_at(&self, pid: Pid, vpn: Vpn) -> Option<&VmaSnap> {
        let behind = self.vmas.partition_point(|vma| (vma.pid, vma.start) <= (pid, vpn));
        let vma = self.vmas[..behind].last()?;
        (vma.pid == pid && vpn < vma.end).then_some(vma)
    }
}

/// Looks a raw number up; at its first mention gives it the number `next` and calls `mention`.
fn rename(names: &mut Vec<u32>, raw: u32, next: usize, mention: impl FnOnce()) -> u32 {
    const UNNAMED: u32 = u32::MAX;
    let at = raw as usize;
    if names.len() <= at {
        names.resize(at + 1, UNNAMED);
    }
    if names[at] == UNNAMED {
        names[at] = next as u32;
        mention();
    }
    names[at]
}
