//! The kinds of operation, one for each keyword of the text format. Printing, parsing, generation
//! and statistics share this one list.

use crate::call::{Remote, UffdCall, UffdFill};
use crate::op::Op;

/// Declares [`OpKind`] from the list of keywords.
macro_rules! kinds {
    ($($kind:ident = $name:literal),* $(,)?) => {
        /// The kind of an operation: its keyword.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "each is the keyword of an operation documented at `Op`")]
        pub enum OpKind { $($kind),* }

        impl OpKind {
            /// Every kind, in the order of [`Op`].
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// The keyword.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),* }
            }
        }
    };
}

kinds! {
    Mmap = "mmap",
    Munmap = "munmap",
    Mprotect = "mprotect",
    Madvise = "madvise",
    Mlock = "mlock",
    Munlock = "munlock",
    Mseal = "mseal",
    Fork = "fork",
    Exit = "exit",
    Read = "read",
    Write = "write",
    Pin = "pin",
    Get = "get",
    Put = "put",
    DmaRead = "dma_read",
    DmaWrite = "dma_write",
    Peek = "peek",
    Poke = "poke",
    VmRead = "vm_read",
    VmWrite = "vm_write",
    Thp = "thp",
    FailAlloc = "fail_alloc",
    Lock = "lock",
    Isolate = "isolate",
    Drop = "drop",
    NumaHint = "numa_hint",
    ClearRefs = "clear_refs",
    SwapOut = "swap_out",
    WriteDone = "write_done",
    BadSlot = "bad_slot",
    Swapoff = "swapoff",
    Swapon = "swapon",
    Race = "race",
    DrainLru = "drain",
    Migrate = "migrate",
    MigrateCopy = "migrate_copy",
    MigrateEnd = "migrate_end",
    Split = "split",
    DeferredScan = "deferred_scan",
    Khugepaged = "khugepaged",
    Ksm = "ksm",
    KsmZero = "ksm_zero",
    Hwpoison = "hwpoison",
    SoftOffline = "soft_offline",
    UffdRegister = "uffd_register",
    UffdUnregister = "uffd_unregister",
    UffdWp = "uffd_wp",
    UffdCopy = "uffd_copy",
    UffdZero = "uffd_zero",
    UffdPoison = "uffd_poison",
    Mremap = "mremap",
    UffdMove = "uffd_move",
    RmapWalk = "rmap_walk",
    DevSetup = "dev_setup",
    DevEvict = "dev_evict",
    DevPages = "dev_pages",
    DevFinalize = "dev_finalize",
    DevExclusive = "dev_exclusive",
    DevRead = "dev_read",
    DevWrite = "dev_write",
}

impl OpKind {
    /// How many kinds there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The kind with this keyword.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The kind as an index into a table of kinds.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for OpKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl Op {
    /// The kind of the operation.
    #[must_use]
    pub const fn kind(&self) -> OpKind {
        match self {
            Self::Mmap { .. } => OpKind::Mmap,
            Self::Munmap { .. } => OpKind::Munmap,
            Self::Mprotect { .. } => OpKind::Mprotect,
            Self::Madvise { .. } => OpKind::Madvise,
            Self::Mlock { .. } => OpKind::Mlock,
            Self::Munlock { .. } => OpKind::Munlock,
            Self::Mseal { .. } => OpKind::Mseal,
            Self::Fork { .. } => OpKind::Fork,
            Self::Exit { .. } => OpKind::Exit,
            Self::Read { .. } => OpKind::Read,
            Self::Write { .. } => OpKind::Write,
            Self::Gup { flags, .. } if flags.pin => OpKind::Pin,
            Self::Gup { .. } => OpKind::Get,
            Self::Put { .. } => OpKind::Put,
            Self::DmaRead { .. } => OpKind::DmaRead,
            Self::DmaWrite { .. } => OpKind::DmaWrite,
            Self::Remote { access: Remote::Peek, .. } => OpKind::Peek,
            Self::Remote { access: Remote::Poke(_), .. } => OpKind::Poke,
            Self::Remote { access: Remote::VmRead, .. } => OpKind::VmRead,
            Self::Remote { access: Remote::VmWrite(_), .. } => OpKind::VmWrite,
            Self::Thp { .. } => OpKind::Thp,
            Self::FailAlloc { .. } => OpKind::FailAlloc,
            Self::Lock { .. } => OpKind::Lock,
            Self::Isolate { .. } => OpKind::Isolate,
            Self::Drop { .. } => OpKind::Drop,
            Self::NumaHint { .. } => OpKind::NumaHint,
            Self::ClearRefs { .. } => OpKind::ClearRefs,
            Self::SwapOut { .. } => OpKind::SwapOut,
            Self::WriteDone { .. } => OpKind::WriteDone,
            Self::BadSlot { .. } => OpKind::BadSlot,
            Self::Swapoff => OpKind::Swapoff,
            Self::Swapon => OpKind::Swapon,
            Self::Race { .. } => OpKind::Race,
            Self::Drain => OpKind::DrainLru,
            Self::Migrate { .. } => OpKind::Migrate,
            Self::MigrateCopy { .. } => OpKind::MigrateCopy,
            Self::MigrateEnd { .. } => OpKind::MigrateEnd,
            Self::Split { .. } => OpKind::Split,
            Self::DeferredScan { .. } => OpKind::DeferredScan,
            Self::Khugepaged { .. } => OpKind::Khugepaged,
            Self::Ksm { .. } => OpKind::Ksm,
            Self::KsmZero { .. } => OpKind::KsmZero,
            Self::Hwpoison { .. } => OpKind::Hwpoison,
            Self::SoftOffline { .. } => OpKind::SoftOffline,
            Self::Uffd { call: UffdCall::Register { .. }, .. } => OpKind::UffdRegister,
            Self::Uffd { call: UffdCall::Unregister, .. } => OpKind::UffdUnregister,
            Self::Uffd { call: UffdCall::Protect(_), .. } => OpKind::UffdWp,
            Self::UffdFill { fill: UffdFill::Copy { .. }, .. } => OpKind::UffdCopy,
            Self::UffdFill { fill: UffdFill::Zero, .. } => OpKind::UffdZero,
            Self::UffdFill { fill: UffdFill::Poison, .. } => OpKind::UffdPoison,
            Self::Mremap { .. } => OpKind::Mremap,
            Self::UffdMove { .. } => OpKind::UffdMove,
            Self::RmapWalk { .. } => OpKind::RmapWalk,
            Self::Dev(op) => op.kind(),
        }
    }
}
