//! userfaultfd (H6, H7, Z3): what is watched, how faults on it end, and the calls that fill and
//! protect.

use mm_ops::{EntryFlags, VmaFlags};

use crate::state::Reference;

impl Reference {
    /// userfaultfd_pte_wp: whether a write to the entry is userfaultfd's.
    pub(crate) fn uffd_protected(&self, vma: VmaFlags, flags: EntryFlags) -> bool {
        vma.has(VmaFlags::UFFD_WP) && flags.has(EntryFlags::UFFD_WP)
    }
}
