//! What operations are told besides where and to whom: rights, advice, flags, limits. What they do with it
//! is said at [`crate::Op`].

use crate::ids::Value;
use serde::{Deserialize, Serialize};

/// Access rights of a mapping. Execute permission is not modelled: it has no rule of its own here.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Prot {
    /// PROT_READ. A CPU read needs any of the two bits (x86), a GUP read needs this one (D2).
    pub read: bool,
    /// PROT_WRITE.
    pub write: bool,
}

impl Prot {
    /// PROT_NONE.
    pub const NONE: Self = Self { read: false, write: false };
    /// PROT_READ.
    pub const R: Self = Self { read: true, write: false };
    /// PROT_READ and PROT_WRITE.
    pub const RW: Self = Self { read: true, write: true };

    /// Whether any access is allowed ("accessible VMA", S21).
    #[must_use]
    pub const fn accessible(self) -> bool {
        self.read || self.write
    }
}

/// `madvise` advice, under the kernel's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Advice {
    /// MADV_DONTNEED (I5, I14).
    DontNeed,
    /// MADV_DONTNEED_LOCKED: the same, LOCKED VMAs allowed.
    DontNeedLocked,
    /// MADV_FREE (I6, I7, I10).
    Free,
    /// MADV_DONTFORK (I11).
    DontFork,
    /// MADV_DOFORK (I11).
    DoFork,
    /// MADV_WIPEONFORK (I11).
    WipeOnFork,
    /// MADV_KEEPONFORK (I11).
    KeepOnFork,
    /// MADV_HUGEPAGE: clears NOHUGEPAGE, too.
    HugePage,
    /// MADV_NOHUGEPAGE: clears HUGEPAGE, too.
    NoHugePage,
    /// MADV_POPULATE_READ (A13).
    PopulateRead,
    /// MADV_POPULATE_WRITE (A13).
    PopulateWrite,
    /// MADV_GUARD_INSTALL (I12).
    GuardInstall,
    /// MADV_GUARD_REMOVE (I3): GUARD markers become NONE, everything else stays.
    GuardRemove,
    /// MADV_COLD (I9, I16).
    Cold,
    /// MADV_PAGEOUT (I9, I16, E1 … E11, E25): reclaim with IO that ends at once. Answers ok whatever was
    /// reclaimed.
    PageOut,
    /// MADV_WILLNEED: every SWAP entry of the range has its slot read into the swap cache, if it
    /// is not there, and is not mapped (INV12: a folio without a mapping). A page that cannot be
    /// allocated is passed over.
    WillNeed,
    /// MADV_MERGEABLE (P1): VMA flag MERGEABLE.
    Mergeable,
    /// MADV_UNMERGEABLE (P6): every KSM page of the range is unmerged, then the flag is cleared.
    Unmergeable,
    /// MADV_COLLAPSE (G15 … G19, G24).
    Collapse,
}

/// A call that changes what userfaultfd watches (H6, H7). Each process has one context, with
/// UFFD_FEATURE_SIGBUS: a fault that would be delivered ends in SIGBUS. Its other features are
/// [`crate::Config::uffd`] and [`crate::Config::uffd_fork`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum UffdCall {
    /// UFFDIO_REGISTER, text `uffd_register p0 0+8 missing|wp|both`: sets VMA flags UFFD_MISSING
    /// and UFFD_WP to what is asked for, splitting and merging; a VMA that has all of it already is
    /// left as it is. Length 0, or no VMA in the range → `EINVAL`; a VMA without MAYWRITE does not
    /// occur.
    Register {
        /// UFFDIO_REGISTER_MODE_MISSING. At least one of the two is set.
        missing: bool,
        /// UFFDIO_REGISTER_MODE_WP.
        wp: bool,
    },
    /// UFFDIO_UNREGISTER, text `uffd_unregister p0 0+8`: where UFFD_WP was set, write protection
    /// is resolved first (H7); then both flags are cleared. Errors as for registering.
    Unregister,
    /// UFFDIO_WRITEPROTECT, text `uffd_wp p0 0+8 on|off` (H6, H7). Length 0 → `EINVAL`; no VMA in
    /// the range, or one without UFFD_WP → `ENOENT`, with the VMAs before it done.
    Protect(bool),
}

/// What UFFDIO_COPY and its relatives put into an empty place (Z3, Q7). The place is in no VMA
/// with a userfaultfd flag → `ENOENT`; the entry is occupied → `EEXIST`; no memory → `ENOMEM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum UffdFill {
    /// UFFDIO_COPY, text `uffd_copy p0 3 a [wp]`: a page with this content.
    Copy {
        /// The content.
        value: Value,
        /// UFFDIO_COPY_MODE_WP: write-protected at once; `EINVAL` unless the VMA has UFFD_WP.
        wp: bool,
    },
    /// UFFDIO_ZEROPAGE, text `uffd_zero p0 3`.
    Zero,
    /// UFFDIO_POISON, text `uffd_poison p0 3`: a POISONED marker.
    Poison,
}

/// Flags of a GUP call (D1).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct GupFlags {
    /// FOLL_PIN (text `pin`) instead of FOLL_GET (text `get`).
    pub pin: bool,
    /// FOLL_WRITE (text `rw` instead of `r`).
    pub write: bool,
    /// FOLL_LONGTERM. Without `pin`: illegal (D22).
    pub longterm: bool,
    /// FOLL_FORCE. The lockless walk ignores it.
    pub force: bool,
    /// Start with the lockless walk and finish with the slow one, as `*_user_pages_fast` do (D21,
    /// D15 without interference).
    pub fast: bool,
    /// FOLL_NOFAULT.
    pub nofault: bool,
    /// FOLL_SPLIT_PMD. Illegal together with `fast`.
    pub split_pmd: bool,
}

/// An access to another process's memory by the kernel: GUP, copy, release, in one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Remote {
    /// /proc/pid/mem read: FOLL_GET|FOLL_FORCE, read (D2, D19).
    Peek,
    /// /proc/pid/mem write: FOLL_GET|FOLL_FORCE|FOLL_WRITE (D20). Marks the folio dirty.
    Poke(Value),
    /// process_vm_readv: FOLL_PIN, read; unshares (D5), sets HAS_PINNED.
    VmRead,
    /// process_vm_writev: FOLL_PIN|FOLL_WRITE. Marks the folio dirty on release.
    VmWrite(Value),
}

/// How far a block may be from whole for khugepaged to collapse it (G15), in entries of its table.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct ScanLimits {
    /// max_ptes_none: empty entries, and zero pages.
    pub none: u16,
    /// max_ptes_swap: entries that are neither empty nor present.
    pub swap: u16,
    /// max_ptes_shared: pages that may be mapped by others.
    pub shared: u16,
}
