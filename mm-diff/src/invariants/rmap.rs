//! Invariants of the reverse map: from a folio to every entry that maps it, by way of anon_vmas,
//! their chains and VMAs. The anonmm scheme has its own (`anonmm.rs`).

use super::State;
use super::tally::is_mapping;
use crate::finding::{Finding, Place};
use mm_ops::{
    DevFlags, DevWordSnap, EntryKind, EntrySnap, FolioFlags, FolioSnap, NO_ANON_VMA, TokenKind,
    VmaSnap, Vpn,
};

/// Whether an entry of this kind stands where its folio's index says.
const fn is_there(kind: EntryKind) -> bool {
    kind.maps_folio() || kind.is_device_private() || matches!(kind, EntryKind::DevExclusive)
}

impl<'a> State<'a> {
    /// Every entry that maps a folio, or names a device's, with its folio and the VMA it lies in, if
    /// any.
    fn mapped(&self) -> impl Iterator<Item = (&'a EntrySnap, &'a FolioSnap, Option<&'a VmaSnap>)> {
        let Self { snapshot, tally, .. } = *self;
        let entries = snapshot.entries.iter().zip(&tally.vma_of);
        entries.filter(|(entry, _)| is_there(entry.kind)).map(move |(entry, vma)| {
            let folio = &snapshot.folios[entry.folio as usize];
            (entry, folio, snapshot.vmas.get(*vma as usize))
        })
    }

    fn root_of(&self, anon_vma: u32) -> u32 {
        self.snapshot.anon_vmas.get(anon_vma as usize).map_or(NO_ANON_VMA, |av| av.root)
    }
}

/// INV14: for every mapping, the VMA is linked to the folio's anon_vma, both have the same root,
/// and the linear index of the place is that of the page.
pub(super) fn mapping_reaches_every_vma(state: &State<'_>) -> Result<(), Finding> {
    if state.anonmm() {
        return Ok(());
    }
    for (entry, folio, vma) in state.mapped() {
        let Some(vma) = vma else { continue };
        if folio.flags.has(FolioFlags::KSM) {
            continue;
        }
        let place = Place::Entry(entry.pid, entry.vpn);
        let chain = state.snapshot.avcs_of(vma);
        if !chain.contains(&folio.mapping) {
            let found = format_args!("its chain is {chain:?}").to_string();
            let expected = format!("a chain to the folio's anon_vma {}", folio.mapping);
            return Err(Finding::new(place, "chain", expected, found));
        }
        if state.root_of(folio.mapping) != state.root_of(vma.anon_vma) {
            return Err(Finding::new(
                place,
                "root",
                state.root_of(vma.anon_vma),
                state.root_of(folio.mapping),
            ));
        }
        let linear = u64::from(vma.pgoff) + u64::from(entry.vpn.0 - vma.start.0);
        let index = u64::from(folio.index) + u64::from(entry.page);
        if linear != index {
            return Err(Finding::new(place, "index", linear, index));
        }
    }
    Ok(())
}

/// INV15: a VMA that maps a folio has an anon_vma, and the folio has a mapping; a folio that no
/// entry maps or names, and a KSM page, shows none.
pub(super) fn mapped_vma_has_anon_vma(state: &State<'_>) -> Result<(), Finding> {
    if state.anonmm() {
        return Ok(());
    }
    for (entry, folio, vma) in state.mapped() {
        let ksm = folio.flags.has(FolioFlags::KSM);
        if !ksm && vma.is_some_and(|vma| vma.anon_vma == NO_ANON_VMA) {
            let place = Place::Entry(entry.pid, entry.vpn);
            return Err(Finding::new(place, "anon_vma", "an anon_vma in its VMA", "none"));
        }
    }
    for (id, folio) in state.snapshot.folios.iter().enumerate() {
        let sums = &state.tally.folios[id];
        let ksm = folio.flags.has(FolioFlags::KSM);
        // What was copied has handed its mapping on (F7).
        let copied = state.snapshot.tokens.iter().any(|token| {
            let copied = matches!(token.kind, TokenKind::Migration { copied: true, .. });
            copied && token.folio == Some(id as u32)
        });
        let copied =
            copied || state.snapshot.dev_words.iter().any(|word| handed_on(state, word, id));
        let entries = sums.maps() + sums.away + sums.unmapped_exclusive;
        let mapped = entries > 0 && !ksm && !copied;
        // A cached folio that was never mapped has no mapping yet (INV12).
        if !mapped && !ksm && sums.swapped > 0 {
            continue;
        }
        if mapped != (folio.mapping != NO_ANON_VMA) {
            let place = Place::folio(state.snapshot, id as u32);
            let expected = if mapped { "an anon_vma, because mapped" } else { "no anon_vma" };
            return Err(Finding::new(place, "mapping", expected, "otherwise"));
        }
    }
    Ok(())
}

/// Whether this folio was the source of a device migration that took place (N7).
fn handed_on(state: &State<'_>, word: &DevWordSnap, id: usize) -> bool {
    let paged = |token: &mm_ops::TokenSnap| {
        let done = matches!(token.kind, TokenKind::DevMigration { paged: true, .. });
        token.token == word.token && done
    };
    let migrated = word.src.has(DevFlags::VALID.with(DevFlags::MIGRATE));
    word.from == Some(id as u32) && migrated && state.snapshot.tokens.iter().any(paged)
}

/// INV29: an anon_vma counts the VMAs that use it as theirs, and its children in use.
pub(super) fn anon_vma_counts_add_up(state: &State<'_>) -> Result<(), Finding> {
    for (id, anon_vma) in state.snapshot.anon_vmas.iter().enumerate() {
        let place = Place::AnonVma(id as u32);
        let sums = &state.tally.anon_vmas[id];
        if anon_vma.num_active_vmas != sums.active {
            let found = anon_vma.num_active_vmas;
            return Err(Finding::new(place, "num_active_vmas", sums.active, found));
        }
        if anon_vma.num_children != sums.children {
            let found = anon_vma.num_children;
            return Err(Finding::new(place, "num_children", sums.children, found));
        }
        // A folio in the swap cache that nothing maps may have lost its anon_vma, if KSM made its slot that
        // of several places: it will be copied (E16).
        let mapped = |folio: &FolioSnap| folio.mapping == id as u32 && folio.mapcount > 0;
        let needed = sums.active > 0 || state.snapshot.folios.iter().any(mapped);
        if sums.links == 0 && needed {
            return Err(Finding::new(place, "links", "a VMA linked to it", "none"));
        }
    }
    Ok(())
}

/// INV30: a VMA with an anon_vma is linked to it and once to each of its chain; a chain has one
/// root; a VMA without an anon_vma has no chain.
pub(super) fn chains_are_consistent(state: &State<'_>) -> Result<(), Finding> {
    for vma in &state.snapshot.vmas {
        let chain = state.snapshot.avcs_of(vma);
        let root = state.root_of(vma.anon_vma);
        let linked = match vma.anon_vma {
            NO_ANON_VMA => chain.is_empty(),
            own => chain.contains(&own),
        };
        let same_root = chain.iter().all(|av| state.root_of(*av) == root);
        let distinct = chain.iter().enumerate().all(|(at, av)| !chain[..at].contains(av));
        if !(linked && same_root && distinct) {
            return Err(Finding::new(
                Place::Vma(vma.pid, vma.start),
                "chain",
                "linked to its own anon_vma, once to each, all of one root",
                format_args!("anon_vma {}, chain {chain:?}", vma.anon_vma as i32),
            ));
        }
    }
    Ok(())
}

/// INV34: a walk from a folio over its anon_vma's VMAs finds as many entries as map it.
pub(super) fn walk_finds_every_mapping(state: &State<'_>) -> Result<(), Finding> {
    if state.anonmm() {
        return Ok(());
    }
    for (id, folio) in state.snapshot.folios.iter().enumerate() {
        let expected = state.tally.folios[id].maps();
        if expected == 0 || folio.flags.has(FolioFlags::KSM) {
            continue;
        }
        let linked = state.snapshot.vmas.iter();
        let linked = linked.filter(|vma| state.snapshot.avcs_of(vma).contains(&folio.mapping));
        let found: u32 = linked.map(|vma| walk_vma(state, vma, id as u32)).sum();
        if found != expected {
            let place = Place::folio(state.snapshot, id as u32);
            return Err(Finding::new(place, "rmap", expected, found));
        }
    }
    Ok(())
}

/// One VMA of a walk (L7): the entries that map the folio at the places its index gives.
fn walk_vma(state: &State<'_>, vma: &VmaSnap, id: u32) -> u32 {
    let folio = &state.snapshot.folios[id as usize];
    let vma_end = u64::from(vma.pgoff) + u64::from(vma.end.0 - vma.start.0);
    let first = folio.index.max(vma.pgoff);
    let end = (u64::from(folio.index) + u64::from(folio.order.pages())).min(vma_end);
    if u64::from(first) >= end {
        return 0;
    }
    let start = Vpn(vma.start.0 + (first - vma.pgoff));
    let behind = Vpn(vma.start.0 + (end - u64::from(vma.pgoff)) as u32);
    let entries = &state.snapshot.entries;
    let from = entries.partition_point(|entry| (entry.pid, entry.vpn) < (vma.pid, start));
    let inside = entries[from..].iter().take_while(|e| (e.pid, e.vpn) < (vma.pid, behind));
    let maps_here = |entry: &&EntrySnap| {
        let page = u64::from(vma.pgoff) + u64::from(entry.vpn.0 - vma.start.0);
        let page = page - u64::from(folio.index);
        let here = if entry.kind.is_pmd() { page == 0 } else { u64::from(entry.page) == page };
        is_mapping(entry.kind, state.config) && entry.folio == id && here
    };
    inside.filter(maps_here).count() as u32
}
