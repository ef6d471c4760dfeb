//! The packed page-table entry: kind, flags and frame number in 64 bits, so that a run of entries
//! is recognized and changed with word operations. What an entry *means* for counts and folios is
//! never decided here.

use mm_ops::{EntryFlags, EntryKind};

/// A frame number: the index of a page in the model's physical memory.
pub(crate) type Pfn = u32;

/// One page-table entry at any level (S4, S5). All zero is NONE.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
#[repr(transparent)]
pub(crate) struct Entry(pub(crate) u64);

impl Entry {
    /// Nothing here.
    pub(crate) const NONE: Self = Self(0);
    /// Translates to a page (also the zero page, also protnone).
    pub(crate) const PRESENT: u64 = 1;
    /// The hardware write bit.
    pub(crate) const WRITE: u64 = 1 << 1;
    /// The hardware accessed bit.
    pub(crate) const YOUNG: u64 = 1 << 2;
    /// The hardware dirty bit.
    pub(crate) const DIRTY: u64 = 1 << 3;
    /// The soft-dirty bit.
    pub(crate) const SOFT_DIRTY: u64 = 1 << 4;
    /// Present without access.
    pub(crate) const PROTNONE: u64 = 1 << 5;
    /// The shared zero page, or with `HUGE` the huge zero folio: no frame, never counted.
    const ZERO: u64 = 1 << 6;
    /// A PMD leaf.
    const HUGE: u64 = 1 << 7;
    /// Names a lower table, in the frame field.
    const TABLE: u64 = 1 << 8;
    /// A GUARD marker; nothing else is set.
    const GUARD_BIT: u64 = 1 << 9;
    /// userfaultfd write protection, of an entry of any kind.
    pub(crate) const UFFD_WP: u64 = 1 << 10;
    /// Of a SWAP entry: exclusive (S4e). Of a MIGRATION entry without `WRITE`: kind READ_EXCL (S4f).
    pub(crate) const EXCLUSIVE: u64 = 1 << 11;
    /// A SWAP entry; the slot stands in the frame field.
    const SWAP_BIT: u64 = 1 << 48;
    /// A MIGRATION entry; with `HUGE` one of a PMD. `WRITE` is kind WRITE; the frame is the source's.
    const MIGRATION_BIT: u64 = 1 << 49;
    /// A HWPOISON entry; the frame is the poisoned one.
    const HWPOISON_BIT: u64 = 1 << 50;
    /// A marker of write protection; `UFFD_WP` is set, too.
    const UFFD_MARKER_BIT: u64 = 1 << 51;
    /// A POISONED marker; nothing else is set.
    const POISON_BIT: u64 = 1 << 52;
    /// A DEVPRIV entry, with `HUGE` one of a block; `WRITE` is kind WRITE (S4g).
    const DEVPRIV_BIT: u64 = 1 << 53;
    /// A DEVEXCL entry; `WRITE` is kind WRITABLE, which newer kernels have alone (S4h, O15).
    const DEVEXCL_BIT: u64 = 1 << 54;
    /// Bits by which entries that name a mapped page are told apart.
    const MAPPING_KINDS: u64 = Self::PRESENT | Self::DEVPRIV_BIT | Self::DEVEXCL_BIT;
    /// Where the frame number (or table number) begins.
    const PFN_SHIFT: u32 = 12;
    /// What one page more adds to an entry.
    pub(crate) const PFN_ONE: u64 = 1 << Self::PFN_SHIFT;

    /// The GUARD marker (S4j).
    pub(crate) const GUARD: Self = Self(Self::GUARD_BIT);

    /// The UFFD_WP marker (S4j).
    pub(crate) const UFFD_MARKER: Self = Self(Self::UFFD_MARKER_BIT | Self::UFFD_WP);

    /// The POISONED marker (S4j).
    pub(crate) const POISON_MARKER: Self = Self(Self::POISON_BIT);

    /// A SWAP entry with these of `EXCLUSIVE`, `SOFT_DIRTY` and `UFFD_WP` (S4e).
    pub(crate) const fn swap(slot: u32, bits: u64) -> Self {
        Self((slot as u64) << Self::PFN_SHIFT | Self::SWAP_BIT | bits)
    }

    /// A MIGRATION PTE (S4f): kind by `WRITE` or `EXCLUSIVE` or neither, and `YOUNG`, `DIRTY`,
    /// `SOFT_DIRTY`, `UFFD_WP`.
    pub(crate) const fn migration(pfn: Pfn, bits: u64) -> Self {
        Self((pfn as u64) << Self::PFN_SHIFT | Self::MIGRATION_BIT | bits)
    }

    /// The same of a PMD (S5): the frame is the folio's head.
    pub(crate) const fn migration_leaf(pfn: Pfn, bits: u64) -> Self {
        Self((pfn as u64) << Self::PFN_SHIFT | Self::MIGRATION_BIT | Self::HUGE | bits)
    }

    /// A HWPOISON entry (S4i), perhaps with `UFFD_WP`.
    pub(crate) const fn hwpoison(pfn: Pfn, bits: u64) -> Self {
        Self((pfn as u64) << Self::PFN_SHIFT | Self::HWPOISON_BIT | bits)
    }

    /// A DEVPRIV PTE with these of `WRITE`, `SOFT_DIRTY` and `UFFD_WP` (S4g).
    pub(crate) const fn device_private(pfn: Pfn, bits: u64) -> Self {
        Self((pfn as u64) << Self::PFN_SHIFT | Self::DEVPRIV_BIT | bits)
    }

    /// The same of a PMD: the frame is the folio's head.
    pub(crate) const fn device_private_leaf(pfn: Pfn, bits: u64) -> Self {
        Self((pfn as u64) << Self::PFN_SHIFT | Self::DEVPRIV_BIT | Self::HUGE | bits)
    }

    /// A DEVEXCL PTE with the same bits (S4h).
    pub(crate) const fn device_exclusive(pfn: Pfn, bits: u64) -> Self {
        Self((pfn as u64) << Self::PFN_SHIFT | Self::DEVEXCL_BIT | bits)
    }

    /// A PTE that maps a page with these flag bits.
    pub(crate) const fn page(pfn: Pfn, bits: u64) -> Self {
        Self((pfn as u64) << Self::PFN_SHIFT | Self::PRESENT | bits)
    }

    /// A PMD leaf that maps the folio at this head frame.
    pub(crate) const fn leaf(pfn: Pfn, bits: u64) -> Self {
        Self((pfn as u64) << Self::PFN_SHIFT | Self::PRESENT | Self::HUGE | bits)
    }

    /// A PTE of the zero page.
    pub(crate) const fn zero_page(bits: u64) -> Self {
        Self(Self::PRESENT | Self::ZERO | bits)
    }

    /// A PMD leaf of the huge zero folio.
    pub(crate) const fn huge_zero(bits: u64) -> Self {
        Self(Self::PRESENT | Self::ZERO | Self::HUGE | bits)
    }

    /// An entry that names a lower table.
    pub(crate) const fn table(number: u32) -> Self {
        Self((number as u64) << Self::PFN_SHIFT | Self::TABLE)
    }

    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn is_present(self) -> bool {
        self.0 & Self::PRESENT != 0
    }

    pub(crate) const fn is_guard(self) -> bool {
        self.0 & Self::GUARD_BIT != 0
    }

    pub(crate) const fn is_table(self) -> bool {
        self.0 & Self::TABLE != 0
    }

    pub(crate) const fn is_swap(self) -> bool {
        self.0 & Self::SWAP_BIT != 0
    }

    /// A MIGRATION entry of a PTE or a PMD.
    pub(crate) const fn is_migration(self) -> bool {
        self.0 & Self::MIGRATION_BIT != 0
    }

    pub(crate) const fn is_hwpoison(self) -> bool {
        self.0 & Self::HWPOISON_BIT != 0
    }

    /// A DEVPRIV entry of a PTE or a PMD.
    pub(crate) const fn is_device_private(self) -> bool {
        self.0 & Self::DEVPRIV_BIT != 0
    }

    /// A DEVEXCL entry.
    pub(crate) const fn is_device_exclusive(self) -> bool {
        self.0 & Self::DEVEXCL_BIT != 0
    }

    /// A DEVPRIV or DEVEXCL entry.
    pub(crate) const fn is_device(self) -> bool {
        self.0 & (Self::DEVPRIV_BIT | Self::DEVEXCL_BIT) != 0
    }

    /// Whether it maps a page of a folio for somebody: present, DEVPRIV or DEVEXCL.
    pub(crate) const fn names_folio(self) -> bool {
        self.has_folio() || self.is_device()
    }

    /// Both are present, or DEVPRIV, or DEVEXCL.
    pub(crate) const fn maps_like(self, other: Self) -> bool {
        (self.0 ^ other.0) & Self::MAPPING_KINDS == 0
    }

    /// A UFFD_WP marker.
    pub(crate) const fn is_uffd_marker(self) -> bool {
        self.0 & Self::UFFD_MARKER_BIT != 0
    }

    /// A POISONED marker.
    pub(crate) const fn is_poison_marker(self) -> bool {
        self.0 & Self::POISON_BIT != 0
    }

    /// A marker of any kind (S4j).
    pub(crate) const fn is_marker(self) -> bool {
        self.0 & (Self::UFFD_MARKER_BIT | Self::POISON_BIT | Self::GUARD_BIT) != 0
    }

    /// A PMD entry that stands for the whole block: a leaf of a folio or of the huge zero folio, a
    /// MIGRATION or a DEVPRIV entry. It has a deposited table (S5).
    pub(crate) const fn is_huge(self) -> bool {
        self.0 & Self::HUGE != 0
    }

    /// The zero page or the huge zero folio.
    pub(crate) const fn is_zero(self) -> bool {
        self.0 & Self::ZERO != 0
    }

    /// Maps a page that is counted: a PTE of a page or a PMD leaf of a folio.
    pub(crate) const fn has_folio(self) -> bool {
        self.0 & (Self::PRESENT | Self::ZERO) == Self::PRESENT
    }

    pub(crate) const fn has(self, bits: u64) -> bool {
        self.0 & bits == bits
    }

    pub(crate) const fn with(self, bits: u64) -> Self {
        Self(self.0 | bits)
    }

    pub(crate) const fn without(self, bits: u64) -> Self {
        Self(self.0 & !bits)
    }

    /// Names a frame: maps a page, or is a MIGRATION, HWPOISON, DEVPRIV or DEVEXCL entry.
    pub(crate) const fn has_frame(self) -> bool {
        self.names_folio() || self.is_migration() || self.is_hwpoison()
    }

    /// The PTE of the first page of a PMD entry that is not present (G1).
    pub(crate) const fn split_nonpresent(self) -> Self {
        self.without(Self::HUGE)
    }

    /// The same entry, for the page or slot this many further on.
    pub(crate) const fn advanced(self, pages: u32) -> Self {
        Self(self.0 + pages as u64 * Self::PFN_ONE)
    }

    /// The same entry, for the page or slot this many before.
    pub(crate) const fn before(self, pages: u32) -> Self {
        Self(self.0 - pages as u64 * Self::PFN_ONE)
    }

    /// The slot of a SWAP entry.
    pub(crate) const fn swap_slot(self) -> u32 {
        (self.0 >> Self::PFN_SHIFT) as u32
    }

    /// A MIGRATION entry made kind READ_EXCL if it is of kind WRITE (H5), or READ (C11).
    pub(crate) const fn migration_downgraded(self, keep_exclusive: bool) -> Self {
        if !keep_exclusive {
            self.without(Self::WRITE | Self::EXCLUSIVE)
        } else if self.has(Self::WRITE) {
            self.without(Self::WRITE).with(Self::EXCLUSIVE)
        } else {
            self
        }
    }

    /// The frame of a page or of a leaf's head; also of any other entry that names one.
    pub(crate) const fn pfn(self) -> Pfn {
        (self.0 >> Self::PFN_SHIFT) as Pfn
    }

    /// The number of the table this entry names.
    pub(crate) const fn table_number(self) -> u32 {
        (self.0 >> Self::PFN_SHIFT) as u32
    }

    /// The flag bits of a present entry alone.
    pub(crate) const fn bits(self) -> u64 {
        let access = Self::WRITE | Self::YOUNG | Self::DIRTY | Self::PROTNONE;
        self.0 & (access | Self::SOFT_DIRTY | Self::UFFD_WP)
    }

    /// The entry as a snapshot shows it; `None` for NONE and for a table.
    pub(crate) const fn kind(self) -> Option<EntryKind> {
        if self.is_none() {
            return None;
        }
        if !self.is_present() {
            return self.nonpresent_kind();
        }
        Some(match (self.is_zero(), self.is_huge()) {
            (false, false) => EntryKind::Page,
            (true, false) => EntryKind::ZeroPage,
            (false, true) => EntryKind::Leaf,
            (true, true) => EntryKind::HugeZero,
        })
    }

    const fn nonpresent_kind(self) -> Option<EntryKind> {
        let kinds = [
            (Self::GUARD_BIT, EntryKind::Guard),
            (Self::SWAP_BIT, EntryKind::Swap),
            (Self::MIGRATION_BIT | Self::HUGE, EntryKind::MigrationLeaf),
            (Self::MIGRATION_BIT, EntryKind::Migration),
            (Self::HWPOISON_BIT, EntryKind::Hwpoison),
            (Self::UFFD_MARKER_BIT, EntryKind::UffdMarker),
            (Self::POISON_BIT, EntryKind::PoisonMarker),
            (Self::DEVPRIV_BIT | Self::HUGE, EntryKind::DevPrivateLeaf),
            (Self::DEVPRIV_BIT, EntryKind::DevPrivate),
            (Self::DEVEXCL_BIT, EntryKind::DevExclusive),
        ];
        let mut at = 0;
        while at < kinds.len() {
            if self.has(kinds[at].0) {
                return Some(kinds[at].1);
            }
            at += 1;
        }
        None
    }

    /// The flags as a snapshot shows them.
    pub(crate) const fn flags(self) -> EntryFlags {
        EntryFlags::NONE
            .with_if(EntryFlags::WRITE, self.has(Self::WRITE))
            .with_if(EntryFlags::DIRTY, self.has(Self::DIRTY))
            .with_if(EntryFlags::YOUNG, self.has(Self::YOUNG))
            .with_if(EntryFlags::SOFT_DIRTY, self.has(Self::SOFT_DIRTY))
            .with_if(EntryFlags::UFFD_WP, self.has(Self::UFFD_WP))
            .with_if(EntryFlags::PROTNONE, self.has(Self::PROTNONE))
            .with_if(EntryFlags::EXCLUSIVE, self.has(Self::EXCLUSIVE))
    }
}
