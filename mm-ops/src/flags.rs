//! Sets of flags: of entries, VMAs and folios, as a snapshot shows them. What a flag means for an operation is said
//! where the operation is.

/// A set of flags of one kind. The kinds are told apart by their constants' names.
macro_rules! flag_set {
    ($(#[$meta:meta])* $name:ident: $bits:ty { $($(#[$doc:meta])* $flag:ident = $bit:expr, $text:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $bits);
        impl $name {
            /// No flag.
            pub const NONE: Self = Self(0);
            $($(#[$doc])* pub const $flag: Self = Self(1 << $bit);)*
            /// Every flag with its name, in bit order.
            pub const NAMES: &'static [(Self, &'static str)] = &[$((Self::$flag, $text)),*];
            /// Whether all flags of `other` are set.
            #[must_use]
            pub const fn has(self, other: Self) -> bool { self.0 & other.0 == other.0 }
            /// These flags and those of `other`.
            #[must_use]
            pub const fn with(self, other: Self) -> Self { Self(self.0 | other.0) }
            /// These flags without those of `other`.
            #[must_use]
            pub const fn without(self, other: Self) -> Self { Self(self.0 & !other.0) }
            /// These flags, and those of `other` if `on`.
            #[must_use]
            pub const fn with_if(self, other: Self, on: bool) -> Self {
                if on { self.with(other) } else { self }
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let names: Vec<&str> =
                    Self::NAMES.iter().filter(|(flag, _)| self.has(*flag)).map(|(_, n)| *n).collect();
                if names.is_empty() { f.write_str("-") } else { f.write_str(&names.join("|")) }
            }
        }
    };
}
pub(crate) use flag_set;

flag_set! {
    /// Flags of an entry (S4, S5). A MIGRATION entry of kind WRITE has WRITE, one of kind READ
    /// neither that nor EXCLUSIVE. A DEVPRIV entry of kind WRITE has WRITE; so has a DEVEXCL entry,
    /// but for the kind READABLE of older kernels (O15).
    EntryFlags: u8 {
        /// The hardware write bit.
        WRITE = 0, "W";
        /// The hardware dirty bit.
        DIRTY = 1, "dirty";
        /// The hardware accessed bit.
        YOUNG = 2, "young";
        /// The soft-dirty bit; always clear unless the config tracks soft-dirty.
        SOFT_DIRTY = 3, "sd";
        /// userfaultfd write protection.
        UFFD_WP = 4, "uwp";
        /// Present without access: PROT_NONE or a NUMA hint.
        PROTNONE = 5, "protnone";
        /// Of a SWAP entry: its exclusive bit (S4e). Of a MIGRATION entry: kind READ_EXCL (S4f).
        EXCLUSIVE = 6, "excl";
    }
}

flag_set! {
    /// Flags of a VMA (S2). SHARED and the special kinds do not occur.
    VmaFlags: u16 {
        /// Readable.
        READ = 0, "read";
        /// Writable.
        WRITE = 1, "write";
        /// mlocked.
        LOCKED = 2, "locked";
        /// MADV_DONTFORK.
        DONTFORK = 3, "dontfork";
        /// MADV_WIPEONFORK (and every DROPPABLE VMA).
        WIPEONFORK = 4, "wipeonfork";
        /// MADV_HUGEPAGE.
        HUGEPAGE = 5, "hugepage";
        /// MADV_NOHUGEPAGE.
        NOHUGEPAGE = 6, "nohugepage";
        /// mseal.
        SEALED = 7, "sealed";
        /// Soft-dirty tracking is OFF in this VMA (S21). Set on every VMA that is created; ignored
        /// by merging. Set without meaning when the config does not track soft-dirty.
        SOFTDIRTY = 8, "softdirty";
        /// MAP_DROPPABLE.
        DROPPABLE = 9, "droppable";
        /// Counted against the commit limit: set when the VMA becomes writable (not for
        /// DROPPABLE), and cleared by an `mprotect` to non-writable only while no anon_vma is
        /// there. It decides merging, nothing else.
        ACCOUNT = 10, "account";
        /// Guard regions were installed here at some time (I12), or in a VMA that was merged into
        /// this one. It decides whether fork copies the tables (C3), nothing else.
        MAYBE_GUARD = 11, "maybe_guard";
        /// MADV_MERGEABLE.
        MERGEABLE = 12, "mergeable";
        /// Missing pages are userfaultfd's.
        UFFD_MISSING = 13, "uffd_missing";
        /// Write protection is userfaultfd's.
        UFFD_WP = 14, "uffd_wp";
    }
}

flag_set! {
    /// Flags of a folio (S6).
    FolioFlags: u16 {
        /// Clear means lazyfree (or DROPPABLE).
        SWAPBACKED = 0, "swapbacked";
        /// The folio's own dirty flag.
        DIRTY = 1, "dirty";
        /// On an LRU list.
        LRU = 2, "lru";
        /// Locked by a token, a migration or a device migration.
        LOCKED = 3, "locked";
        /// partially_mapped (G12).
        PARTIALLY_MAPPED = 4, "partially_mapped";
        /// On the deferred-split queue (INV32).
        DEFERRED = 5, "deferred";
        /// May be shared by several mms (S10), large folios only.
        MAYBE_SHARED = 6, "maybe_shared";
        /// Of the memory of `d0`. A device's folio has no other LRU flag, ever.
        DEVICE_0 = 7, "d0";
        /// In the swap cache (E2).
        SWAPCACHE = 8, "swapcache";
        /// Being written to swap.
        WRITEBACK = 9, "writeback";
        /// A KSM page (section P).
        KSM = 10, "ksm";
        /// Not uptodate: its content could not be read (E12), or is no longer to be trusted (Q1).
        NOT_UPTODATE = 11, "not_uptodate";
        /// Of the memory of `d1`.
        DEVICE_1 = 12, "d1";
    }
}
