//! Whether a snapshot is well formed: every number in it names something, every list is sorted as
//! documented. All other invariants rely on it and are not evaluated without it.

use crate::finding::{Finding, Place};
use mm_ops::{
    Config, EntryKind, HANDLES_MAX, NO_ANON_VMA, PROCS_MAX, Snapshot, TOKENS_MAX, TokenKind,
};

/// Every number names something and every list is sorted.
pub(super) fn well_formed(snapshot: &Snapshot, config: &Config) -> Result<(), Finding> {
    let pids = snapshot.mms.iter().map(|mm| mm.pid);
    let pids = pids.chain(snapshot.vmas.iter().map(|vma| vma.pid));
    let pids = pids.chain(snapshot.entries.iter().map(|entry| entry.pid));
    let mut pids = pids.chain(snapshot.tables.iter().map(|table| table.pid));
    ensure(pids.all(|pid| pid.0 < PROCS_MAX), "pids in range")?;
    sorted_lists(snapshot)?;
    numbers_name_something(snapshot)?;
    entries_fit(snapshot, config)
}

fn ensure(holds: bool, what: &'static str) -> Result<(), Finding> {
    if holds { Ok(()) } else { Err(Finding::new(Place::Machine, "shape", what, "otherwise")) }
}

fn sorted_lists(snapshot: &Snapshot) -> Result<(), Finding> {
    ensure(snapshot.mms.is_sorted_by(|a, b| a.pid < b.pid), "processes sorted")?;
    let disjoint = snapshot.vmas.is_sorted_by(|a, b| (a.pid, a.end) <= (b.pid, b.start));
    ensure(disjoint, "VMAs sorted and disjoint")?;
    ensure(snapshot.vmas.iter().all(|vma| vma.start < vma.end), "VMAs not empty")?;
    let entries = snapshot.entries.is_sorted_by(|a, b| (a.pid, a.vpn) < (b.pid, b.vpn));
    ensure(entries, "entries sorted")?;
    let tables = &snapshot.tables;
    let key = |t: &mm_ops::TableSnap| (t.pid, t.level, t.vpn);
    ensure(tables.is_sorted_by(|a, b| key(a) < key(b)), "tables sorted")?;
    let handles = snapshot.handles.is_sorted_by(|a, b| a.handle <= b.handle);
    ensure(handles, "handles sorted")?;
    ensure(snapshot.tokens.is_sorted_by(|a, b| a.token < b.token), "circumstances sorted")?;
    ensure(snapshot.slots.is_sorted_by(|a, b| a.slot < b.slot), "swap slots sorted")?;
    let words = snapshot.dev_words.is_sorted_by(|a, b| (a.token, a.vpn) < (b.token, b.vpn));
    ensure(words, "words of device migrations sorted")?;
    let key = |map: &mm_ops::DevMapSnap| (map.device, map.pid, map.vpn);
    let maps = snapshot.dev_maps.is_sorted_by(|a, b| key(a) < key(b));
    ensure(maps, "translations of devices sorted")
}

fn numbers_name_something(snapshot: &Snapshot) -> Result<(), Finding> {
    let folios = snapshot.folios.len();
    let pages_fit = snapshot.folios.iter().all(|folio| {
        folio.order.0 <= mm_ops::ORDER_MAX
            && folio.first_page as usize + folio.order.pages() as usize <= snapshot.pages.len()
    });
    ensure(pages_fit, "pages of folios listed")?;
    let slots = snapshot.folios.iter().flat_map(|folio| folio.mm_slots);
    ensure(slots.into_iter().all(|(pid, _)| pid.0 < PROCS_MAX), "mm-id slots name processes")?;
    let holds = |folio: Option<u32>, page: u32| match folio {
        None => true,
        Some(folio) => (folio as usize) < folios && page < pages_of(snapshot, folio),
    };
    let entries = snapshot.entries.iter().filter(|entry| entry.kind.names_folio());
    let mut entries = entries.map(|entry| holds(Some(entry.folio), entry.page));
    ensure(entries.all(|holds| holds), "entries name pages of folios")?;
    let mut handles = snapshot.handles.iter();
    ensure(
        handles.all(|h| h.handle.0 < HANDLES_MAX && holds(h.folio, h.page)),
        "handles name pages of folios",
    )?;
    let mut tokens = snapshot.tokens.iter();
    ensure(
        tokens.all(|t| {
            let to = match t.kind {
                TokenKind::Migration { to, .. } => Some(to),
                _ => None,
            };
            t.token.0 < TOKENS_MAX && holds(t.folio, 0) && holds(to, 0)
        }),
        "circumstances name folios",
    )?;
    let mut words = snapshot.dev_words.iter();
    ensure(
        words.all(|word| holds(word.from, 0) && holds(word.to, 0)),
        "device migrations name folios",
    )?;
    let mut maps = snapshot.dev_maps.iter();
    ensure(maps.all(|map| holds(Some(map.folio), map.page)), "devices reach pages of folios")?;
    ensure(snapshot.slots.iter().all(|slot| holds(slot.cache, 0)), "swap slots name folios")?;
    ensure(snapshot.deferred.iter().all(|id| holds(Some(*id), 0)), "the queue names folios")?;
    anon_vmas_exist(snapshot)
}

fn anon_vmas_exist(snapshot: &Snapshot) -> Result<(), Finding> {
    let exists = |id: u32| (id as usize) < snapshot.anon_vmas.len();
    let optional = |id: u32| id == NO_ANON_VMA || exists(id);
    let vmas = snapshot.vmas.iter().all(|vma| {
        let chain_end = vma.avcs_start as usize + vma.avcs_len as usize;
        optional(vma.anon_vma) && chain_end <= snapshot.avcs.len()
    });
    ensure(vmas, "VMAs name anon_vmas")?;
    ensure(snapshot.avcs.iter().all(|id| exists(*id)), "chains name anon_vmas")?;
    let mut folios = snapshot.folios.iter();
    let records = snapshot.anonmms.len();
    let named = |id: u32| optional(id) || (id as usize) < records;
    ensure(folios.all(|folio| named(folio.mapping)), "folios name anon_vmas, or records")?;
    let pids = snapshot.anonmms.iter().filter_map(|record| record.pid);
    ensure(pids.into_iter().all(|pid| pid.0 < PROCS_MAX), "records name processes")?;
    let mut anon_vmas = snapshot.anon_vmas.iter();
    ensure(anon_vmas.all(|av| exists(av.root) && exists(av.parent)), "roots and parents exist")
}

fn pages_of(snapshot: &Snapshot, folio: u32) -> u32 {
    snapshot.folios[folio as usize].order.pages()
}

/// Entries lie inside the address space, and a PMD stands at the start of its block.
fn entries_fit(snapshot: &Snapshot, config: &Config) -> Result<(), Finding> {
    let block = u32::from(config.ptes);
    let fits = snapshot.entries.iter().all(|entry| {
        let aligned = !entry.kind.is_pmd() || entry.vpn.0.is_multiple_of(block);
        entry.vpn.0 < config.space_pages() && aligned
    });
    ensure(fits, "entries inside the address space, PMDs at the start of a block")?;
    let whole = |folio: u32| pages_of(snapshot, folio) >= block;
    let is_whole = |kind| {
        matches!(kind, EntryKind::Leaf | EntryKind::MigrationLeaf | EntryKind::DevPrivateLeaf)
    };
    let leaves = snapshot.entries.iter().filter(|entry| is_whole(entry.kind));
    ensure(leaves.into_iter().all(|leaf| whole(leaf.folio)), "PMD leaves map whole folios")
}
