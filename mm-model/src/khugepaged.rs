//! khugepaged (rulebook G15): which block it goes to, and how much a block may lack, have swapped out or
//! share for it to be worth a huge page. The collapse itself is in `collapse`.

use crate::model::{Model, answer};
use mm_ops::{Errno, Outcome, Pid, ScanLimits, Vpn};

/// What khugepaged counts while it scans a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Met {
    /// NONE, or the zero page.
    Empty,
    /// Neither NONE nor present.
    Swapped,
    /// A page that others may map, too.
    Shared,
}

/// What one scan has met so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    /// Those of khugepaged; MADV_COLLAPSE has none, and takes old pages, too.
    limits: Option<ScanLimits>,
    empty: u32,
    swapped: u32,
    shared: u32,
    young: u32,
}

impl Tally {
    pub(crate) const fn new(limits: Option<ScanLimits>) -> Self {
        Self { limits, empty: 0, swapped: 0, shared: 0, young: 0 }
    }

    /// Counts one more; whether it is one too many.
    pub(crate) fn exceeds(&mut self, met: Met) -> bool {
        let count = match met {
            Met::Empty => &mut self.empty,
            Met::Swapped => &mut self.swapped,
            Met::Shared => &mut self.shared,
        };
        *count += 1;
        self.limits.is_some_and(|limits| {
            let limit = match met {
                Met::Empty => limits.none,
                Met::Swapped => limits.swap,
                Met::Shared => limits.shared,
            };
            *count > u32::from(limit)
        })
    }

    /// A page passed all tests.
    pub(crate) fn passed(&mut self, young: bool) {
        self.young += u32::from(young);
    }

    /// Whether khugepaged finds the block too little used: no page is young, or pages would have to be
    /// read for it, and not even half of its pages are young.
    pub(crate) const fn is_idle(&self, ptes: u32) -> bool {
        self.limits.is_some() && (self.young == 0 || self.swapped > 0 && self.young < ptes / 2)
    }
}

impl Model {
    /// The operation `khugepaged`.
    pub(crate) fn khugepaged(&mut self, pid: Pid, vpn: Vpn, limits: ScanLimits) -> Outcome {
        self.drain_lru();
        let Some(area) = self.area_at(pid, vpn.0) else {
            return Outcome::Err(Errno::ENOMEM);
        };
        let start = self.geometry.block_start(vpn.0);
        let inside = area.start <= start && self.geometry.block_end(vpn.0) <= area.end;
        if !inside || !self.may_collapse(area) {
            return Outcome::Err(Errno::EINVAL);
        }
        answer(self.collapse_block(area, start, Some(limits)).map_err(Errno::from))
    }
}
