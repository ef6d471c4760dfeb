//! The rmap scheme of 2004 (rulebook section M), for `rmap=anonmm`: a page notes one record, that of
//! a process, and one user address, which it must have in every process that maps it. No anon_vma
//! exists here, no PAE, no large folio.
//!
//! One file for each place where the scheme differs: `records` (M1), `rmap` (M13, M14, M16), `fault` (M7,
//! M15), `mremap` (M3 to M6), `swap` (M10, M17). Everything else is the model's other code, which asks
//! [`Model::is_anonmm`] where it must; nothing here runs in the other scheme.

mod fault;
mod mremap;
mod records;
mod rmap;
mod swap;

pub(crate) use records::{Anonmms, RecordNr};

use crate::model::Model;
use mm_ops::RmapScheme;

impl Model {
    /// Whether pages are found by process and address.
    #[inline]
    pub(crate) fn is_anonmm(&self) -> bool {
        self.config.rmap == RmapScheme::Anonmm
    }
}
