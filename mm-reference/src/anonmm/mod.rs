//! The anonmm scheme (rulebook section M): a page is found through the group of processes it may be in,
//! and the one address it has in each of them. What lives here replaces anon_vmas, the reuse test that
//! asks for exclusive pages, the way back from swap, and the moves of page tables. Everything else is
//! the other scheme's, and takes a branch at the few places where it meets what is replaced; nothing
//! here may be reached in the other scheme.
//!
//! `records` has the group, `rmap` what a page notes and the searches that follow it, `fault` the write
//! fault and the fault on a SWAP entry, `mremap` the move of pages, `swap` reclaim and `swapoff`.

mod fault;
mod mremap;
mod records;
mod rmap;
mod swap;

use mm_ops::{Op, RmapScheme};

use crate::coverage::rule;
use crate::state::Reference;

pub(crate) use records::Group;

impl Reference {
    /// Whether pages are found as this module says.
    pub(crate) fn has_anonmm(&self) -> bool {
        self.config.rmap == RmapScheme::Anonmm
    }

    /// M1: whether no kernel of the scheme's time had the operation.
    pub(crate) fn is_unknown(&mut self, op: &Op) -> bool {
        let unknown = !op.exists_in(self.config.rmap);
        if unknown {
            rule!(self.coverage, M1, 4);
        }
        unknown
    }
}
