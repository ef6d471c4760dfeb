//! Devices with memory and translations of their own, as the ideal sees them: as if they were threads of the
//! process. Where a page is, and who may reach it, is nobody's concern here.
//!
//! Known exception: before its fixes (`Config::migdev_old`) a device migration forgot that a page had
//! been written (N15 (a)). Until it is written again such a page may show what it held before, or zero, and so
//! may it to those who inherited it: `forgetful`.

use super::{Ideal, Page, Violation};
use mm_ops::{Config, DevOp, Outcome, PageRange, Pid, Value};

impl Ideal {
    /// Back to a fresh machine with this configuration.
    pub fn begin(&mut self, config: &Config) {
        self.reset();
        self.forgets = config.migdev_old;
    }

    /// What a driver's operation means: a store of its device is the process's own.
    pub(super) fn apply_gpu(&mut self, op: DevOp, outcome: Outcome) -> Result<(), Violation> {
        match (op, outcome) {
            (DevOp::Read { pid, vpn, .. }, Outcome::Value(found)) => {
                self.judge_page(pid, vpn, found)
            }
            (DevOp::Write { pid, vpn, value, .. }, Outcome::Ok) => {
                self.store(pid, vpn, value);
                Ok(())
            }
            (DevOp::Setup { pid, range, select, .. }, Outcome::Count(_))
                if self.forgets && select.system =>
            {
                self.forget_writes(pid, range);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Any page of the range may have been collected.
    fn forget_writes(&mut self, pid: Pid, range: PageRange) {
        let Some(space) = self.space(pid) else { return };
        let bounds = super::space::bounds(range);
        let lineages: Vec<u32> = space.pages.range(bounds).map(|(_, page)| page.lineage).collect();
        for page in self.spaces.iter_mut().flatten().flat_map(|space| space.pages.values_mut()) {
            page.forgetful |= lineages.iter().any(|lineage| page.descends_from(*lineage));
        }
    }

    /// What a page held is remembered where it may come back.
    pub(super) fn remember(&mut self, lineage: u32, value: Value) {
        if self.forgets && !self.earlier.contains(&(lineage, value)) {
            self.earlier.push((lineage, value));
        }
    }
}

/// Whether a page may show this because its last writes were forgotten.
pub(super) fn forgotten(page: &Page, earlier: &[(u32, Value)], found: Value) -> bool {
    page.forgetful && (found.is_zero() || page.is_among(earlier, found))
}
