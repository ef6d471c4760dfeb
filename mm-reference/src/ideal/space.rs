//! The ideal's address spaces: what is mapped, and what fork does with it. What pages hold is not judged
//! here.

use super::Page;
use mm_ops::{Advice, PageRange, Vpn};
use std::collections::BTreeMap;

/// A run of mapped pages that fork treats alike.
#[derive(Clone, Copy)]
pub(super) struct Region {
    pub(super) end: u64,
    /// MADV_DONTFORK: the child does not get it.
    pub(super) skip: bool,
    /// MADV_WIPEONFORK, MAP_DROPPABLE: the child gets zeroes.
    pub(super) wipe: bool,
    /// MAP_DROPPABLE: its pages fade.
    pub(super) droppable: bool,
    /// An operation that would have changed one of these failed midway.
    pub(super) unsure: bool,
    /// An operation that would have unmapped it may have failed.
    pub(super) maybe: bool,
}

#[derive(Clone, Default)]
pub(super) struct Space {
    /// By first page.
    pub(super) regions: BTreeMap<u64, Region>,
    pub(super) pages: BTreeMap<u32, Page>,
}

impl Space {
    /// Whether the page was mapped with MAP_DROPPABLE.
    pub(super) fn droppable(&self, vpn: Vpn) -> bool {
        let before = self.regions.range(..=u64::from(vpn.0)).next_back();
        before.is_some_and(|(_, region)| u64::from(vpn.0) < region.end && region.droppable)
    }

    /// Nothing is known of the range any more.
    pub(super) fn forget_regions(&mut self, range: PageRange) {
        self.cut(range);
        self.regions.retain(|start, region| !range.covers(*start, region.end));
    }

    /// Perhaps the range is not mapped any more.
    pub(super) fn doubt_regions(&mut self, range: PageRange) {
        self.cut(range);
        for (start, region) in &mut self.regions {
            region.maybe |= range.covers(*start, region.end);
        }
    }

    /// Makes both ends of the range region boundaries.
    pub(super) fn cut(&mut self, range: PageRange) {
        for at in [u64::from(range.start.0), range.end()] {
            let Some((_, left)) = self.regions.range_mut(..at).next_back() else { continue };
            if left.end > at {
                let right = *left;
                left.end = at;
                self.regions.insert(at, right);
            }
        }
    }
}

impl Region {
    pub(super) fn advise(&mut self, advice: Advice, done: bool) {
        self.unsure |= !done;
        match advice {
            Advice::DontFork if done => self.skip = true,
            Advice::DoFork if done => self.skip = false,
            Advice::WipeOnFork if done => self.wipe = true,
            Advice::KeepOnFork if done => self.wipe = false,
            _ => {}
        }
    }
}

pub(super) fn bounds(range: PageRange) -> std::ops::Range<u32> {
    range.start.0..u32::try_from(range.end()).unwrap_or(u32::MAX)
}

/// Small geometry on ranges.
pub(super) trait Covers {
    /// Whether `start..end` lies inside.
    fn covers(&self, start: u64, end: u64) -> bool;
}

impl Covers for PageRange {
    fn covers(&self, start: u64, end: u64) -> bool {
        u64::from(self.start.0) <= start && end <= self.end()
    }
}
