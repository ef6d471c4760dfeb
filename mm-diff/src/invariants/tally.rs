//! What the invariants count with: one pass over a snapshot adds up, per folio, page, process and
//! anon_vma, what the entries, handles and circumstances amount to. The invariants then compare
//! these sums with what the snapshot claims. Judges nothing itself.

use super::history::History;
use mm_ops::{
    Config, DevExclusiveMode, DevFlags, EntryFlags, EntryKind, EntrySnap, NO_ANON_VMA, PROCS_MAX,
    Snapshot, TokenKind,
};

/// Marks an entry that lies in no VMA.
pub const NO_VMA: u32 = u32::MAX;

/// Whether an entry of this kind counts as a mapping of its folio (S12): present ones, DEVPRIV, and
/// DEVEXCL but for older kernels (O13).
#[must_use]
pub(super) const fn is_mapping(kind: EntryKind, config: &Config) -> bool {
    match kind {
        EntryKind::DevPrivate | EntryKind::DevPrivateLeaf => true,
        EntryKind::DevExclusive => matches!(config.dev_exclusive, DevExclusiveMode::Current),
        _ => kind.maps_folio(),
    }
}

/// Sums over the mappings and holders of a folio.
#[derive(Clone, Copy, Debug, Default)]
pub struct FolioTally {
    /// Entries of PTE tables that map one of its pages.
    pub pte_maps: u32,
    /// PMD leaves that map it.
    pub pmd_maps: u32,
    /// Of both kinds, by process.
    pub maps_of: [u32; PROCS_MAX as usize],
    /// References of GET handles.
    pub gets: u32,
    /// Pins of PIN handles.
    pub pins: u32,
    /// Isolations in force.
    pub isolations: u32,
    /// Lock circumstances in force, drivers that made a page of it exclusive, and migrations, of
    /// devices, too, it is the source or destination of.
    pub locks: u32,
    /// Migrations, of devices, too, it is the source or destination of.
    pub migrations: u32,
    /// A device migration mapped it in an empty place, and its driver has not let go of it.
    pub inserted: bool,
    /// Drivers that made a page of it exclusive and have not let go of it.
    pub drivers: u32,
    /// DEVEXCL entries that hold a reference and are no mapping (O13).
    pub unmapped_exclusive: u32,
    /// MIGRATION entries that name it.
    pub away: u32,
    /// SWAP entries of slots it is cached for.
    pub swapped: u32,
    /// Slots it is cached for.
    pub slots: u32,
    /// Poisoned pages.
    pub poisoned: u32,
    /// Some VMA that maps it is DROPPABLE.
    pub droppable: bool,
}

impl FolioTally {
    /// Entries that map it.
    #[must_use]
    pub const fn maps(&self) -> u32 {
        self.pte_maps + self.pmd_maps
    }

    /// How many processes map it.
    #[must_use]
    pub fn processes(&self) -> usize {
        self.maps_of.iter().filter(|maps| **maps > 0).count()
    }
}

/// Sums over the PTE mappings of one page.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageTally {
    /// Entries of PTE tables that map it.
    pub pte_maps: u32,
    /// Writable ones, of either level (a PMD leaf counts at the head).
    pub writable: u32,
    /// MIGRATION entries that name it (a PMD counts at the head).
    pub away: u32,
    /// DEVEXCL entries that name it, mappings or not.
    pub exclusive: u32,
}

/// Sums over a process.
#[derive(Clone, Copy, Debug, Default)]
pub struct MmTally {
    /// Pages of folios mapped, or under migration (INV10).
    pub anon_pages: u32,
    /// SWAP entries (INV10).
    pub swap_entries: u32,
    /// PMD leaves of either kind (INV28).
    pub leaves: u32,
}

/// Sums over an anon_vma.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnonVmaTally {
    /// VMAs whose anon_vma it is.
    pub active: u32,
    /// anon_vma_chains that link a VMA to it.
    pub links: u32,
    /// anon_vmas in use whose parent it is (a root is its own child).
    pub children: u32,
}

/// All sums of one snapshot. Kept from operation to operation to spare allocations.
#[derive(Debug, Default)]
pub struct Tally {
    /// For each entry the VMA that holds it, or [`NO_VMA`].
    pub vma_of: Vec<u32>,
    /// Per folio.
    pub folios: Vec<FolioTally>,
    /// Per page, parallel to [`Snapshot::pages`].
    pub pages: Vec<PageTally>,
    /// Per process.
    pub mms: [MmTally; PROCS_MAX as usize],
    /// Per anon_vma.
    pub anon_vmas: Vec<AnonVmaTally>,
    /// SWAP entries of each slot in use, parallel to [`Snapshot::slots`].
    pub slots: Vec<u32>,
    /// SWAP entries of slots that are not in use: there must be none.
    pub lost_swap_entries: u32,
}

impl Tally {
    /// Adds everything up. The snapshot must be well formed (`shape.rs`).
    pub fn count(&mut self, snapshot: &Snapshot, config: &Config, history: &History) {
        renew(&mut self.folios, snapshot.folios.len());
        renew(&mut self.pages, snapshot.pages.len());
        renew(&mut self.anon_vmas, snapshot.anon_vmas.len());
        renew(&mut self.slots, snapshot.slots.len());
        self.lost_swap_entries = 0;
        self.mms = Default::default();
        self.count_slots(snapshot);
        self.count_entries(snapshot, config);
        self.count_holders(snapshot, history);
        self.count_anon_vmas(snapshot);
    }

    fn count_entries(&mut self, snapshot: &Snapshot, config: &Config) {
        let block_pages = u32::from(config.ptes);
        self.vma_of.clear();
        let mut next = 0;
        for entry in &snapshot.entries {
            // Entries and VMAs are both sorted by process and page: one walk serves all.
            while let Some(vma) = snapshot.vmas.get(next)
                && (vma.pid, vma.end) <= (entry.pid, entry.vpn)
            {
                next += 1;
            }
            let vma = snapshot.vmas.get(next);
            let vma = vma.filter(|vma| vma.pid == entry.pid && vma.start <= entry.vpn);
            self.vma_of.push(if vma.is_some() { next as u32 } else { NO_VMA });

            let mm = &mut self.mms[entry.pid.index()];
            mm.leaves += u32::from(entry.kind.is_pmd());
            if !is_mapping(entry.kind, config) {
                self.count_away(snapshot, entry, block_pages);
                continue;
            }
            let folio = &mut self.folios[entry.folio as usize];
            let page = snapshot.folios[entry.folio as usize].first_page + entry.page;
            let page = &mut self.pages[page as usize];
            page.exclusive += u32::from(entry.kind == EntryKind::DevExclusive);
            if entry.kind.is_pmd() {
                folio.pmd_maps += 1;
                mm.anon_pages += block_pages;
            } else {
                folio.pte_maps += 1;
                page.pte_maps += 1;
                mm.anon_pages += 1;
            }
            folio.maps_of[entry.pid.index()] += 1;
            folio.droppable |= vma.is_some_and(|vma| vma.flags.has(mm_ops::VmaFlags::DROPPABLE));
            page.writable += u32::from(entry.flags.has(EntryFlags::WRITE));
        }
    }

    /// An entry whose page is away.
    fn count_away(&mut self, snapshot: &Snapshot, entry: &EntrySnap, block_pages: u32) {
        let mm = &mut self.mms[entry.pid.index()];
        match entry.kind {
            EntryKind::Swap => {
                mm.swap_entries += 1;
                match snapshot.slots.binary_search_by_key(&entry.page, |slot| slot.slot) {
                    Ok(at) => {
                        self.slots[at] += 1;
                        if let Some(folio) = snapshot.slots[at].cache {
                            self.folios[folio as usize].swapped += 1;
                        }
                    }
                    Err(_) => self.lost_swap_entries += 1,
                }
            }
            EntryKind::Migration | EntryKind::MigrationLeaf => {
                mm.anon_pages += if entry.kind.is_pmd() { block_pages } else { 1 };
                self.folios[entry.folio as usize].away += 1;
                let page = snapshot.folios[entry.folio as usize].first_page + entry.page;
                self.pages[page as usize].away += 1;
            }
            EntryKind::DevExclusive => {
                mm.anon_pages += 1;
                self.folios[entry.folio as usize].unmapped_exclusive += 1;
                let page = snapshot.folios[entry.folio as usize].first_page + entry.page;
                self.pages[page as usize].exclusive += 1;
            }
            _ => {}
        }
    }

    fn count_slots(&mut self, snapshot: &Snapshot) {
        for folio in snapshot.slots.iter().filter_map(|slot| slot.cache) {
            self.folios[folio as usize].slots += 1;
        }
        for (folio, sums) in snapshot.folios.iter().zip(&mut self.folios) {
            let pages = &snapshot.pages[folio.first_page as usize..];
            let pages = pages.iter().take(folio.order.pages() as usize);
            sums.poisoned = pages.filter(|page| page.hwpoison).count() as u32;
        }
    }

    fn count_holders(&mut self, snapshot: &Snapshot, history: &History) {
        for held in &snapshot.handles {
            let Some(folio) = held.folio else { continue };
            let folio = &mut self.folios[folio as usize];
            if history.is_pin(held.handle) {
                folio.pins += 1;
            } else {
                folio.gets += 1;
            }
        }
        let mut note = |folio: u32, note: fn(&mut FolioTally)| {
            note(&mut self.folios[folio as usize]);
        };
        let moves: fn(&mut FolioTally) = |folio| {
            folio.locks += 1;
            folio.migrations += 1;
        };
        for word in &snapshot.dev_words {
            word.from.into_iter().chain(word.to).for_each(|folio| note(folio, moves));
            // An empty place that got its page keeps MIGRATE (N8), and loses it otherwise.
            if word.src == DevFlags::MIGRATE
                && let Some(folio) = word.to
            {
                note(folio, |folio| folio.inserted = true);
            }
        }
        for token in &snapshot.tokens {
            match (token.kind, token.folio) {
                (TokenKind::Isolation, Some(folio)) => note(folio, |folio| folio.isolations += 1),
                (TokenKind::Lock, Some(folio)) => note(folio, |folio| folio.locks += 1),
                (TokenKind::Migration { to, .. }, from) => {
                    from.into_iter().chain([to]).for_each(|folio| note(folio, moves));
                }
                (TokenKind::DevExclusive, Some(folio)) => note(folio, |folio| {
                    folio.locks += 1;
                    folio.drivers += 1;
                }),
                (_, None) | (TokenKind::Writeback | TokenKind::DevMigration { .. }, _) => {}
            }
        }
    }

    fn count_anon_vmas(&mut self, snapshot: &Snapshot) {
        for vma in &snapshot.vmas {
            if vma.anon_vma != NO_ANON_VMA {
                self.anon_vmas[vma.anon_vma as usize].active += 1;
            }
        }
        for link in &snapshot.avcs {
            self.anon_vmas[*link as usize].links += 1;
        }
        for (id, anon_vma) in snapshot.anon_vmas.iter().enumerate() {
            if self.anon_vmas[id].links > 0 {
                self.anon_vmas[anon_vma.parent as usize].children += 1;
            }
        }
    }
}

/// Empties a list and fills it with zeroes, keeping its memory.
fn renew<T: Default + Clone>(list: &mut Vec<T>, len: usize) {
    list.clear();
    list.resize(len, T::default());
}
