//! khugepaged: a block is collapsed without being asked for, if it is nearly whole, mostly its own and
//! in use (G15). What it shares with MADV_COLLAPSE is in `collapse`; here are its limits alone.

use mm_ops::{Errno, Outcome, Pid, ScanLimits, VmaFlags, Vpn};

use crate::collapse::Failure;
use crate::coverage::rule;
use crate::state::Reference;

/// What a scan has met so far, and how much of it is allowed. MADV_COLLAPSE has no limits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scan {
    limits: Option<ScanLimits>,
    none: u32,
    swap: u32,
    shared: u32,
    young: u32,
}

impl Scan {
    /// The same limits, and nothing met yet.
    pub(crate) fn again(self) -> Self {
        Self { limits: self.limits, ..Self::default() }
    }

    /// Whether one more empty entry or zero page is too many.
    pub(crate) fn too_empty(&mut self) -> bool {
        self.none += 1;
        self.limits.is_some_and(|limits| self.none > u32::from(limits.none))
    }

    /// Whether one more entry that is neither empty nor present is too many.
    pub(crate) fn too_swapped(&mut self) -> bool {
        self.swap += 1;
        self.limits.is_some_and(|limits| self.swap > u32::from(limits.swap))
    }

    /// Whether one more page that may be shared is too many.
    pub(crate) fn too_shared(&mut self) -> bool {
        self.shared += 1;
        self.limits.is_some_and(|limits| self.shared > u32::from(limits.shared))
    }

    /// A page that was used of late.
    pub(crate) fn met_young(&mut self) {
        self.young += 1;
    }

    /// Whether too little of a block of this many pages is in use; much of it must be before anything is
    /// swapped in for it.
    pub(crate) fn too_old(&self, pages: u32) -> bool {
        let lacking = self.young == 0 || (self.swap > 0 && self.young < pages / 2);
        self.limits.is_some() && lacking
    }
}

impl Reference {
    /// `khugepaged`.
    pub(crate) fn op_khugepaged(&mut self, pid: Pid, vpn: Vpn, limits: ScanLimits) -> Outcome {
        if !self.alive(pid) {
            return Outcome::Err(Errno::ESRCH);
        }
        self.drain();
        let Some(vma) = self.vma(pid, vpn) else { return Outcome::Err(Errno::ENOMEM) };
        let start = self.block_start(vpn.0);
        let whole = vma.start <= start && start + self.ptes() <= vma.end;
        if !whole || vma.anon_vma.is_none() || vma.has(VmaFlags::NOHUGEPAGE) {
            rule!(self.coverage, G15, 0);
            return Outcome::Err(Errno::EINVAL);
        }
        let scan = Scan { limits: Some(limits), ..Scan::default() };
        match self.collapse_block(pid, start, scan) {
            Ok(()) => Outcome::Ok,
            Err(Failure::Next(errno) | Failure::Stop(errno)) => Outcome::Err(errno),
        }
    }
}
