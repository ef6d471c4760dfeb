//! Guard regions (I12, I3): markers in place of whatever is mapped.

use crate::entry::Entry;
use crate::model::Model;
use crate::vma::Area;
use crate::zap::Guards;
use mm_ops::{Errno, EventKind};

impl Model {
    /// MADV_GUARD_INSTALL in one VMA: markers are set as far as the range is empty; where it is
    /// not, the whole range is zapped and the walk begins anew.
    pub(crate) fn guard_install(&mut self, area: Area, start: u32, end: u32) -> Result<(), Errno> {
        self.mark_maybe_guard(area);
        self.prepare_anon_vma(area.pid, area.index)?;
        while !self.install_markers(area, start, end)? {
            self.notify(EventKind::Clear, area.pid, start, end);
            self.zap_range(area, start, end, Guards::Keep);
        }
        Ok(())
    }

    /// Answers `false` at the first entry that is neither NONE nor a marker.
    fn install_markers(&mut self, area: Area, start: u32, end: u32) -> Result<bool, Errno> {
        let mut at = start;
        while at < end {
            let behind = self.geometry.block_end(at).min(end);
            let pmd = self.pmd_slot_alloc(area.pid, at)?;
            let entry = self.tables.get(pmd);
            if entry.is_huge() && entry.is_present() {
                return Ok(false);
            }
            if entry.is_huge() {
                // The walk installs in tables alone: a MIGRATION PMD is split on the way.
                self.split_leaf(area, pmd);
            }
            let slot = self.pte_slot_alloc(area.pid, pmd, at)?;
            for entry in self.tables.run_mut(slot, (behind - at) as usize) {
                if entry.is_none() {
                    *entry = Entry::GUARD;
                } else if !entry.is_guard() {
                    return Ok(false);
                }
            }
            at = behind;
        }
        Ok(true)
    }

    /// MADV_GUARD_REMOVE in one VMA.
    pub(crate) fn guard_remove(&mut self, area: Area, start: u32, end: u32) {
        let mut at = start;
        while let Some(block) = self.next_block(area.pid, at, end) {
            let entry = self.tables.get(block.slot);
            if entry.is_huge() && !entry.is_present() {
                // As above; of the PTEs there is none to take away.
                self.split_leaf(area, block.slot);
            } else if entry.is_table() {
                let slot = self.pte_slot_in(block.slot, block.start);
                for entry in self.tables.run_mut(slot, (block.end - block.start) as usize) {
                    if entry.is_guard() {
                        *entry = Entry::NONE;
                    }
                }
            }
            at = block.end;
        }
    }
}
