//! KSM pages (rulebook area P): what maps one, and later how pages are merged and unmerged.

use crate::folio::FolioId;
use crate::model::Model;
use crate::rmap_walk::{RmapRange, RmapRanges};
use mm_ops::Pid;

impl Model {
    /// The places where a KSM page may be mapped (L13).
    pub(crate) fn ksm_ranges(&self, id: FolioId) -> RmapRanges {
        let Some(places) = self.ksm.get(&id) else {
            return RmapRanges::new();
        };
        let pids = (0..self.mms.len() as u8).map(Pid);
        let ranges = pids.flat_map(|pid| {
            places.iter().filter_map(move |vpn| {
                let area = self.area_at(pid, *vpn)?;
                Some(RmapRange { area, start: *vpn, page: 0, len: 1 })
            })
        });
        ranges.collect()
    }
}
