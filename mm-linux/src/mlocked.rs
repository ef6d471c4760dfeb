//! Where the kernel takes other memory for locked than the rules do. By Z2 a folio is mlocked if a locked mapping has all
//! of it; in the kernel it is a mark, set and cleared when a folio is mapped, unmapped, or found by mlock and munlock.
//! A program that comes to where the two say different things, and asks, ends as not driven.

use crate::folio::{Folio, frames, look};
use crate::linux::{Linux, Trouble};
use crate::smaps;
use crate::swap::Device;
use mm_ops::{Errno, Observation, PageRange, Pid};

/// MREMAP_DONTUNMAP unlocks the mapping that it leaves, and not the pages that stay in it: reclaim and MADV_FREE
/// pass them over from then on, while the rules know of locked mappings only (Z2). Such a program ends here. To be
/// asked of memory some of which no locked mapping has.
pub(crate) fn none_stays(linux: &Linux, pid: Pid, range: PageRange) -> Result<(), Errno> {
    if !linux.past.left_behind {
        return Ok(());
    }
    if unevictable(linux, pid, range) {
        let why = "reclaim or MADV_FREE of pages that were locked when MREMAP_DONTUNMAP unlocked their \
                   mapping: the kernel still takes them for locked";
        linux.trouble(Trouble::NotDriven(why.to_owned()));
    }
    Ok(())
}

/// What a fault reads into the swap cache, and maps in a locked mapping, is not marked. So a fault of somebody who shares
/// the page does not take it out of the cache, as it does with memory that is mlocked (E14). Such a program ends here.
pub(crate) fn none_is_cached_unmarked(linux: &Linux) -> Result<(), Errno> {
    if !linux.past.locks || !linux.swap.as_ref().is_some_and(Device::is_used) {
        return Ok(());
    }
    let seen = look(linux);
    let small =
        frames(&seen).filter(|(at, _)| seen.folios.get(*at).is_some_and(|view| !view.large));
    for (place, _) in small {
        let Some(folio) = Folio::at(&seen, place) else { return Ok(()) };
        if folio.cached && !folio.unevictable && has_any(linux, &seen, &folio)? {
            let why = "what was read from swap into a locked mapping is in the swap cache, and the \
                       kernel does not take it for locked";
            return Err(linux.not_driven(why));
        }
    }
    Ok(())
}

/// Whether a locked mapping has any of the folio.
pub(crate) fn has_any(linux: &Linux, seen: &Observation, folio: &Folio) -> Result<bool, Errno> {
    let places = folio.places.iter().copied();
    Ok(!smaps::places_with(linux, seen, places, smaps::LOCKED)?.is_empty())
}

/// Whether some page of the range is of a folio that reclaim may not have. Seen by root only.
fn unevictable(linux: &Linux, pid: Pid, range: PageRange) -> bool {
    let seen = look(linux);
    let mut own = frames(&seen).filter(|(at, _)| {
        let page = &seen.pages[*at];
        page.pid == pid && range.contains(page.vpn)
    });
    own.any(|(at, _)| Folio::at(&seen, at).is_some_and(|folio| folio.unevictable))
}
