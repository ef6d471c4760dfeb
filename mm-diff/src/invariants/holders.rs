//! Invariants of those who hold a folio without mapping it: pins and circumstances.

use super::State;
use super::history::{Protected, held_page, mapping_at};
use crate::finding::{Finding, Place};
use mm_ops::FolioFlags;

/// INV3: a page pinned by FOLL_PIN stays where its owner has it, and stays exclusive, until the pin
/// is dropped or the owner unmaps it. Poison takes a page from its owner, pinned or not (Q4).
pub(super) fn pinned_stays_mapped_and_exclusive(state: &State<'_>) -> Result<(), Finding> {
    for kept in &state.history.pinned {
        let Some(held) = held_page(state.snapshot, kept.handle, kept.index) else {
            return Err(broken(kept, "pinned", "an open handle", "none"));
        };
        if state.snapshot.pages_of(held.0)[held.1 as usize].hwpoison {
            continue;
        }
        let mapped = mapping_at(state.snapshot, kept.pid, kept.vpn);
        match mapped {
            Some((entry, page)) if (entry.folio, page) == held => {
                if !exclusive(state, held.0, entry.page) {
                    return Err(broken(kept, "exclusive", "PAE, because pinned", "no PAE"));
                }
            }
            Some(_) => return Err(broken(kept, "pinned", "the pinned page", "another page")),
            None => return Err(broken(kept, "pinned", "the pinned page", "no page")),
        }
    }
    Ok(())
}

/// INV4: an exclusive page of a folio pinned through the same process does not lose exclusivity
/// while it stays mapped.
pub(super) fn pinned_folio_keeps_exclusive_pages(state: &State<'_>) -> Result<(), Finding> {
    for kept in &state.history.exclusive {
        let Some((folio, _)) = held_page(state.snapshot, kept.handle, kept.index) else {
            continue;
        };
        let Some((entry, page)) = mapping_at(state.snapshot, kept.pid, kept.vpn) else { continue };
        let same = entry.folio == folio && page == kept.page;
        if same && !exclusive(state, folio, entry.page) {
            return Err(broken(kept, "exclusive", "PAE, because its folio is pinned", "no PAE"));
        }
    }
    Ok(())
}

fn exclusive(state: &State<'_>, folio: u32, page: u32) -> bool {
    state.snapshot.pages_of(folio)[page as usize].exclusive
}

fn broken(kept: &Protected, field: &'static str, expected: &str, found: &str) -> Finding {
    let place = Place::Entry(kept.pid, kept.vpn);
    Finding::new(place, field, format_args!("{expected} (h{})", kept.handle.0), found)
}

/// S6 (with S20): a folio is locked exactly while a lock circumstance or a migration names it, and
/// off the LRU exactly while an isolation or a migration does, or a device has it. LRU batches (S14) and poison (Q1)
/// take folios off the LRU on their own.
pub(super) fn circumstances_show(state: &State<'_>) -> Result<(), Finding> {
    for (id, folio) in state.snapshot.folios.iter().enumerate() {
        let sums = &state.tally.folios[id];
        let on_device = folio.device().is_some();
        let taken = if sums.inserted { 0 } else { sums.migrations };
        let expected = FolioFlags::NONE
            .with_if(FolioFlags::LOCKED, sums.locks > 0)
            .with_if(FolioFlags::LRU, sums.isolations + taken == 0 && !on_device);
        let elsewhere = state.config.lru_batch || sums.poisoned > 0;
        let shown = FolioFlags::LOCKED.with_if(FolioFlags::LRU, !elsewhere);
        let expected = FolioFlags(expected.0 & shown.0);
        let found = FolioFlags(folio.flags.0 & shown.0);
        if expected != found || sums.locks > 1 || sums.isolations > 1 {
            let place = Place::folio(state.snapshot, id as u32);
            return Err(Finding::new(
                place,
                "circumstances",
                format_args!("{expected:?}, one lock and one isolation at most"),
                format_args!("{found:?}, {} and {}", sums.locks, sums.isolations),
            ));
        }
    }
    Ok(())
}
