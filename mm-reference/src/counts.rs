//! What is counted and never stored: mapcounts (S8), references (S12), pins (S13), the counts of
//! anon_vmas (S16). Each is found by looking at everything that could contribute.
//!
//! [`Tally`] is the same for all folios at once; it is taken after every operation, and a folio
//! that nothing refers to is then free (I15). Inside an operation nothing can reach such a folio,
//! so it does not matter that it lives a little longer.

use mm_ops::{DevExclusiveMode, FolioFlags, Pid};

use crate::coverage::rule;
use crate::state::{AvId, Circumstance, FolioId, Holding, Leaf, Mapped, Pmd, Pte, Reference};

/// What a pin adds to the reference count of a small folio (GUP_PIN_COUNTING_BIAS, S13).
pub(crate) const PIN_BIAS: u32 = 1024;

/// An entry that maps something of a folio.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapping {
    pub(crate) pid: Pid,
    pub(crate) vpn: u32,
    /// Which page; of a PMD leaf the head.
    pub(crate) page: u32,
    pub(crate) by_pmd: bool,
}

impl Reference {
    /// Every entry that maps a page of the folio, by process and address.
    pub(crate) fn mappings(&self, folio: FolioId) -> impl Iterator<Item = Mapping> + '_ {
        let ptes = self.ptes();
        let pids = (0u8..).map(Pid);
        pids.zip(&self.mms).flat_map(move |(pid, mm)| {
            mm.pmds.iter().flat_map(move |(block, pmd)| {
                let start = block * ptes;
                let (table, leaf): (&[Pte], _) = match pmd {
                    Pmd::Table(table) => (table, None),
                    Pmd::Leaf(leaf) | Pmd::DevPrivate(leaf) => (&[], Some(leaf)),
                    Pmd::HugeZero(_) | Pmd::Migration(_) => (&[], None),
                };
                let by_pte = table.iter().zip(start..).filter_map(move |(pte, vpn)| {
                    let mapped = self.mapped_by(pte).filter(|mapped| mapped.folio == folio)?;
                    Some(Mapping { pid, vpn, page: mapped.page, by_pmd: false })
                });
                let by_pmd = leaf.filter(|leaf| leaf.folio == folio).map(|_| Mapping {
                    pid,
                    vpn: start,
                    page: 0,
                    by_pmd: true,
                });
                by_pte.chain(by_pmd)
            })
        })
    }

    /// What an entry maps, as far as counts go: a present page, one in a device's memory, and one that is
    /// exclusive to a device where that has not given its mapping up (S12, O3).
    pub(crate) fn mapped_by(&self, pte: &Pte) -> Option<Mapped> {
        match *pte {
            Pte::Page(mapped) | Pte::DevPrivate(mapped) => Some(mapped),
            Pte::DevExclusive(mapped) if self.exclusive_entries_map() => Some(mapped),
            _ => None,
        }
    }

    /// DX-618: DEVEXCL entries count as mappings. In the older modes they only hold a reference (O13).
    pub(crate) fn exclusive_entries_map(&self) -> bool {
        self.config.dev_exclusive == DevExclusiveMode::Current
    }

    /// References of DEVEXCL entries that are no mappings (O13).
    pub(crate) fn unmapped_exclusives(&self, folio: FolioId) -> u32 {
        if self.exclusive_entries_map() {
            return 0;
        }
        let names = |pte: &&Pte| matches!(pte, Pte::DevExclusive(entry) if entry.folio == folio);
        let tables = self.mms.iter().flat_map(|mm| mm.pmds.values()).filter_map(|pmd| match pmd {
            Pmd::Table(table) => Some(table),
            _ => None,
        });
        tables.flatten().filter(names).count() as u32
    }

    /// folio_mapcount: PTE maps plus PMD maps, each PMD counting one (S8).
    pub(crate) fn mapcount(&self, folio: FolioId) -> u32 {
        self.mappings(folio).count() as u32
    }

    /// PMD maps (S8).
    pub(crate) fn entire_mapcount(&self, folio: FolioId) -> u32 {
        self.mappings(folio).filter(|mapping| mapping.by_pmd).count() as u32
    }

    /// Pages held by GUP, with how they are held.
    fn held_pages(&self) -> impl Iterator<Item = (FolioId, bool)> + '_ {
        let open = self.handles.iter().flatten().map(|handle| &handle.held);
        open.chain([&self.in_hand])
            .flat_map(|held| held.pages.iter().flatten().map(|(folio, _)| (*folio, held.pin)))
    }

    /// Pins of the folio (S13).
    pub(crate) fn pins(&self, folio: FolioId) -> u32 {
        self.held_pages().filter(|(held, pin)| *held == folio && *pin).count() as u32
    }

    /// FOLL_GET references of the folio.
    fn gets(&self, folio: FolioId) -> u32 {
        self.held_pages().filter(|(held, pin)| *held == folio && !*pin).count() as u32
    }

    /// References of whoever isolated the folio, or migrates it (S12): source and destination.
    fn isolations(&self, folio: FolioId) -> u32 {
        self.circumstances().map(|token| references_of(token, folio)).sum()
    }

    /// Everything in force: what tokens stand for, and the migration that a fault is in the middle of
    /// (N12).
    pub(crate) fn circumstances(&self) -> impl Iterator<Item = &Circumstance> {
        self.tokens.iter().chain([&self.devices.callback]).flatten()
    }

    /// References that are neither mappings nor the swap cache's nor a migration's.
    pub(crate) fn foreign_references(&self, folio: FolioId) -> u32 {
        let migrates = |token: &&Circumstance| {
            let migration =
                matches!(token.holding, Holding::Migration { .. } | Holding::DevMigration(_));
            migration && references_of(token, folio) > 0
        };
        let migrator = self.circumstances().filter(migrates).count() as u32;
        self.extra_references(folio) - migrator
    }

    /// Pages of the folio that are in the swap cache: all, or none (E2).
    pub(crate) fn cache_references(&self, folio: FolioId) -> u32 {
        self.slots.iter().filter(|slot| slot.cache == Some(folio)).count() as u32
    }

    /// Whether the folio is in the swap cache (E2).
    pub(crate) fn in_swap_cache(&self, folio: FolioId) -> bool {
        self.cache_references(folio) > 0
    }

    /// Whether the folio is being written to swap.
    pub(crate) fn under_writeback(&self, folio: FolioId) -> bool {
        let writes = |token: &Circumstance| {
            matches!(token.holding, Holding::Writeback(_)) && token.folio == Some(folio)
        };
        self.tokens.iter().flatten().any(writes)
    }

    /// References that are neither mappings nor the swap cache's (S12, S13).
    pub(crate) fn extra_references(&self, folio: FolioId) -> u32 {
        let per_pin = if self.folio(folio).large() { 1 } else { PIN_BIAS };
        let poison = u32::from(self.folio(folio).poison_held);
        let held = self.gets(folio) + self.pins(folio) * per_pin;
        let unmapped = self.unmapped_exclusives(folio);
        held + self.isolations(folio) + self.batch_references(folio) + poison + unmapped
    }

    /// folio_ref_count (S12).
    pub(crate) fn refcount(&self, folio: FolioId) -> u32 {
        self.mapcount(folio) + self.cache_references(folio) + self.extra_references(folio)
    }

    /// folio_maybe_dma_pinned (S13): of a small folio 1024 references look like a pin.
    pub(crate) fn maybe_pinned(&self, folio: FolioId) -> bool {
        if self.folio(folio).large() {
            self.pins(folio) > 0
        } else {
            self.refcount(folio) >= PIN_BIAS
        }
    }

    /// folio_maybe_mapped_shared (S11).
    pub(crate) fn maybe_mapped_shared(&mut self, folio: FolioId) -> bool {
        let large = self.folio(folio).large();
        rule!(self.coverage, S11, u8::from(large));
        let flagged = self.folio(folio).flags.has(FolioFlags::MAYBE_SHARED);
        self.mapcount(folio) > 1 && (!large || flagged)
    }

    /// Whether somebody else holds the folio's lock, so that a trylock fails (S21).
    pub(crate) fn locked(&self, folio: FolioId) -> bool {
        self.circumstances().any(|token| match &token.holding {
            Holding::Lock | Holding::DevExclusive => token.folio == Some(folio),
            Holding::Migration { to, .. } => token.folio == Some(folio) || *to == folio,
            Holding::DevMigration(migration) => migration.folios().any(|held| held == folio),
            Holding::Isolation | Holding::Writeback(_) => false,
        })
    }

    /// The copy of a folio that is migrated, once it is made (F7).
    pub(crate) fn copy_of(&self, source: FolioId) -> Option<FolioId> {
        self.tokens.iter().flatten().find_map(|token| match &token.holding {
            Holding::Migration { to, copied: true } if token.folio == Some(source) => Some(*to),
            Holding::DevMigration(migration) => migration.moved_to(source),
            _ => None,
        })
    }

    /// Whether any VMA links the anon_vma: its interval tree is not empty (S16).
    pub(crate) fn linked(&self, av: AvId) -> bool {
        self.mms.iter().flat_map(|mm| &mm.vmas).any(|vma| vma.avcs.contains(&av))
    }

    /// num_children (INV29): a root counts itself.
    pub(crate) fn num_children(&self, av: AvId) -> u32 {
        let children = (0..self.anon_vmas.len() as AvId).filter(|child| {
            let anon_vma = &self.anon_vmas[*child as usize];
            anon_vma.live && anon_vma.parent == av && self.linked(*child)
        });
        children.count() as u32
    }

    /// num_active_vmas (INV29).
    pub(crate) fn num_active_vmas(&self, av: AvId) -> u32 {
        let vmas = self.mms.iter().flat_map(|mm| &mm.vmas);
        vmas.filter(|vma| vma.anon_vma == Some(av)).count() as u32
    }
}

/// The folios a token holds a reference of, once each: an isolation one, so the driver that made a page
/// exclusive; a migration its source and its destination, a device migration all of its words; a lock or
/// a write in flight none.
fn referenced(token: &Circumstance) -> Vec<FolioId> {
    match &token.holding {
        Holding::Isolation | Holding::DevExclusive => token.folio.into_iter().collect(),
        Holding::Migration { to, .. } => token.folio.into_iter().chain([*to]).collect(),
        Holding::DevMigration(migration) => migration.folios().collect(),
        Holding::Lock | Holding::Writeback(_) => Vec::new(),
    }
}

/// The references a token means for a folio.
fn references_of(token: &Circumstance, folio: FolioId) -> u32 {
    referenced(token).iter().filter(|held| **held == folio).count() as u32
}

/// The counts of one folio.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FolioTally {
    pub(crate) mapcount: u32,
    pub(crate) entire_mapcount: u32,
    pub(crate) gets: u32,
    pub(crate) pins: u32,
    pub(crate) isolations: u32,
    /// Pages in the swap cache.
    pub(crate) cached: u32,
    /// Places in per-CPU batches (S14).
    pub(crate) batched: u32,
    /// DEVEXCL entries that are no mappings, but references (O13).
    pub(crate) unmapped_exclusives: u32,
    /// Whether any entry names it without mapping it: as MIGRATION, as such a DEVEXCL entry, or as a SWAP
    /// entry of a slot it is cached for.
    pub(crate) named: bool,
    /// Whether a HWPOISON entry names it.
    pub(crate) poisoned: bool,
    /// Where its pages begin in [`Tally::page_mapcounts`].
    pub(crate) first_page: usize,
}

impl FolioTally {
    /// Whether nothing refers to it. A poisoned page stays as long as a HWPOISON entry names it.
    fn unused(&self) -> bool {
        self.forgotten() && self.batched == 0
    }

    /// Whether nothing but HWPOISON entries refers to it.
    fn only_poisoned(&self) -> bool {
        self.poisoned && Self { poisoned: false, ..*self }.unused()
    }

    /// The same, but for batches: what only waits there is nobody's any more.
    pub(crate) fn forgotten(&self) -> bool {
        self.mapcount + self.gets + self.pins + self.isolations + self.cached == 0
            && !(self.named || self.poisoned)
    }
}

/// The counts of one process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MmTally {
    /// rss\[ANON\] (INV10).
    pub(crate) rss_anon: u32,
    /// rss\[SWAPENTS\] (INV10).
    pub(crate) rss_swap: u32,
    /// Deposited page tables (INV28).
    pub(crate) deposited: u32,
}

/// All counts of the machine, from one look at everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) folios: Vec<FolioTally>,
    pub(crate) page_mapcounts: Vec<u32>,
    /// Pages that a DEVEXCL entry names without mapping them (O13), by the same numbers.
    pub(crate) unmapped_exclusives: Vec<bool>,
    pub(crate) mms: Vec<MmTally>,
    /// SWAP entries of each slot (S15).
    pub(crate) slot_counts: Vec<u32>,
    /// Folios that HWPOISON entries name, once an entry.
    poisoned: Vec<FolioId>,
    anon_vma_linked: Vec<bool>,
}

impl Tally {
    /// Counts everything anew.
    fn take(&mut self, machine: &Reference) {
        self.clear(machine);
        for (mm, tally) in machine.mms.iter().zip(&mut self.mms) {
            for pmd in mm.pmds.values() {
                match pmd {
                    Pmd::Table(table) => {
                        for pte in table {
                            if let Some(Mapped { folio, page, .. }) = machine.mapped_by(pte) {
                                let of = &mut self.folios[folio as usize];
                                of.mapcount += 1;
                                self.page_mapcounts[of.first_page + page as usize] += 1;
                                tally.rss_anon += 1;
                                continue;
                            }
                            match pte {
                                Pte::DevExclusive(Mapped { folio, page, .. }) => {
                                    let of = &mut self.folios[*folio as usize];
                                    of.unmapped_exclusives += 1;
                                    of.named = true;
                                    let at = of.first_page + *page as usize;
                                    self.unmapped_exclusives[at] = true;
                                    tally.rss_anon += 1;
                                }
                                Pte::Migration(Mapped { folio, .. }) => {
                                    self.folios[*folio as usize].named = true;
                                    tally.rss_anon += 1;
                                }
                                Pte::Hwpoison(Mapped { folio, .. }) => {
                                    self.folios[*folio as usize].poisoned = true;
                                    self.poisoned.push(*folio);
                                }
                                Pte::Swap(swapped) => {
                                    self.slot_counts[swapped.slot as usize] += 1;
                                    tally.rss_swap += 1;
                                    let cache = machine.slots[swapped.slot as usize].cache;
                                    if let Some(folio) = cache {
                                        self.folios[folio as usize].named = true;
                                    }
                                }
                                Pte::None
                                | Pte::Zero(_)
                                | Pte::Page(_)
                                | Pte::DevPrivate(_)
                                | Pte::Guard
                                | Pte::Poisoned
                                | Pte::UffdMarker => {}
                            }
                        }
                    }
                    Pmd::Leaf(Leaf { folio, .. }) | Pmd::DevPrivate(Leaf { folio, .. }) => {
                        let of = &mut self.folios[*folio as usize];
                        of.mapcount += 1;
                        of.entire_mapcount += 1;
                        tally.rss_anon += machine.ptes();
                        tally.deposited += 1;
                    }
                    Pmd::Migration(Leaf { folio, .. }) => {
                        self.folios[*folio as usize].named = true;
                        tally.rss_anon += machine.ptes();
                        tally.deposited += 1;
                    }
                    Pmd::HugeZero(_) => tally.deposited += 1,
                }
            }
            for av in mm.vmas.iter().flat_map(|vma| &vma.avcs) {
                self.anon_vma_linked[*av as usize] = true;
            }
        }
        for (folio, pin) in machine.held_pages() {
            let of = &mut self.folios[folio as usize];
            if pin {
                of.pins += 1;
            } else {
                of.gets += 1;
            }
        }
        for token in machine.circumstances() {
            for folio in referenced(token) {
                self.folios[folio as usize].isolations += 1;
            }
        }
        for folio in machine.slots.iter().filter_map(|slot| slot.cache) {
            self.folios[folio as usize].cached += 1;
        }
        for folio in machine.batches.all() {
            self.folios[folio as usize].batched += 1;
        }
    }

    fn clear(&mut self, machine: &Reference) {
        self.folios.clear();
        let mut first_page = 0;
        for folio in &machine.folios {
            self.folios.push(FolioTally { first_page, ..FolioTally::default() });
            first_page += if folio.live { folio.nr_pages() as usize } else { 0 };
        }
        self.page_mapcounts.clear();
        self.page_mapcounts.resize(first_page, 0);
        self.unmapped_exclusives.clear();
        self.unmapped_exclusives.resize(first_page, false);
        self.mms.clear();
        self.mms.resize(machine.mms.len(), MmTally::default());
        self.poisoned.clear();
        self.slot_counts.clear();
        self.slot_counts.resize(machine.slots.len(), 0);
        self.anon_vma_linked.clear();
        self.anon_vma_linked.resize(machine.anon_vmas.len(), false);
    }
}

impl Reference {
    /// Ends an operation: counts everything, and frees what nothing refers to (I15, L5).
    pub(crate) fn sweep(&mut self) {
        let mut tally = std::mem::take(&mut self.tally);
        tally.take(self);
        let mut poisoned = std::mem::take(&mut tally.poisoned);
        poisoned.sort_unstable();
        poisoned.dedup();
        poisoned.retain(|id| {
            tally.folios[*id as usize].only_poisoned() && !self.folio(*id).poison_held
        });
        if !poisoned.is_empty() {
            poisoned.iter().for_each(|folio| self.retire(*folio));
            tally.take(self);
        }
        for (id, counts) in (0..).zip(&tally.folios) {
            let folio = &mut self.folios[id as usize];
            // A page that memory failure has a reference of is never free again (Q1).
            if folio.live && counts.unused() && !folio.poison_held {
                rule!(self.coverage, I15);
                folio.live = false;
                self.free_folios.push(id);
            }
        }
        let Self { folios, deferred, .. } = self;
        deferred.retain(|folio| folios[*folio as usize].live);
        for (anon_vma, linked) in self.anon_vmas.iter_mut().zip(&tally.anon_vma_linked) {
            anon_vma.live = anon_vma.live && *linked;
        }
        self.free_records();
        for token in self.tokens.iter_mut().flatten() {
            // The lock of a folio dies with it.
            token.folio = token.folio.filter(|folio| self.folios[*folio as usize].live);
        }
        self.tally = tally;
    }
}
