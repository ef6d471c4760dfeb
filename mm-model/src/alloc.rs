//! The one place where an allocation can fail. Every thing that `fail_alloc` can make fail passes
//! through [`Model::allocate`] before it is made; nothing here makes anything.

use crate::model::Model;
use mm_ops::{AllocKind, AllocSite, Choice, Order, Pid, Vpn};
use std::collections::BTreeMap;

/// An allocation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoMemory;

/// Which allocation is to fail, and what the operation allocated so far.
#[derive(Default)]
pub(crate) struct AllocPlan {
    /// Set by `fail_alloc` for the operation after it; 0 is none.
    pub(crate) next: u16,
    /// Allocations until the failing one; 0 when none fails any more.
    left: u16,
    /// How often each kind, process and place was allocated for. Kept only while `left` counts.
    seen: BTreeMap<(AllocKind, Pid, Vpn), u16>,
}

impl AllocPlan {
    /// An operation begins: what `fail_alloc` armed is in force, for this operation only.
    pub(crate) fn begin(&mut self) {
        self.left = std::mem::take(&mut self.next);
        self.seen.clear();
    }

    /// Nothing is armed.
    pub(crate) fn reset(&mut self) {
        self.next = 0;
        self.begin();
    }
}

impl Model {
    /// Asks for one allocation of this kind, for this process and place (see [`AllocKind`]).
    #[inline]
    pub(crate) fn allocate(&mut self, kind: AllocKind, pid: Pid, vpn: u32) -> Result<(), NoMemory> {
        if self.allocs.left == 0 { Ok(()) } else { self.allocate_counted(kind, pid, vpn) }
    }

    /// Asks for a folio of this order, to be mapped first at this place.
    pub(crate) fn allocate_folio(&mut self, order: u8, pid: Pid, vpn: u32) -> Result<(), NoMemory> {
        self.allocate(AllocKind::Folio(Order(order)), pid, vpn)
    }

    #[cold]
    fn allocate_counted(&mut self, kind: AllocKind, pid: Pid, vpn: u32) -> Result<(), NoMemory> {
        let vpn = Vpn(vpn);
        let times = self.allocs.seen.entry((kind, pid, vpn)).or_default();
        let nth = *times;
        *times += 1;
        self.allocs.left -= 1;
        if self.allocs.left > 0 {
            return Ok(());
        }
        self.choices.push(Choice::AllocFailed(AllocSite { kind, pid, vpn, nth }));
        Err(NoMemory)
    }
}
