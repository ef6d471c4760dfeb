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
    /// Where the frame number (or table number) begins.
    const PFN_SHIFT: u32 = 12;
    /// What one page more adds to an entry.
    pub(crate) const PFN_ONE: u64 = 1 << Self::PFN_SHIFT;

    /// The GUARD marker (S4j).
    pub(crate) const GUARD: Self = Self(Self::GUARD_BIT);

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

    /// A PMD leaf, of a folio or of the huge zero folio.
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

    /// The frame of a page or of a leaf's head.
    pub(crate) const fn pfn(self) -> Pfn {
        (self.0 >> Self::PFN_SHIFT) as Pfn
    }

    /// The number of the table this entry names.
    pub(crate) const fn table_number(self) -> u32 {
        (self.0 >> Self::PFN_SHIFT) as u32
    }

    /// The flag bits alone.
    pub(crate) const fn bits(self) -> u64 {
        self.0 & (Self::WRITE | Self::YOUNG | Self::DIRTY | Self::SOFT_DIRTY | Self::PROTNONE)
    }

    /// The entry as a snapshot shows it; `None` for NONE and for a table.
    pub(crate) const fn kind(self) -> Option<EntryKind> {
        if self.is_guard() {
            return Some(EntryKind::Guard);
        }
        if !self.is_present() {
            return None;
        }
        Some(match (self.is_zero(), self.is_huge()) {
            (false, false) => EntryKind::Page,
            (true, false) => EntryKind::ZeroPage,
            (false, true) => EntryKind::Leaf,
            (true, true) => EntryKind::HugeZero,
        })
    }

    /// The flags as a snapshot shows them.
    pub(crate) const fn flags(self) -> EntryFlags {
        EntryFlags::NONE
            .with_if(EntryFlags::WRITE, self.has(Self::WRITE))
            .with_if(EntryFlags::DIRTY, self.has(Self::DIRTY))
            .with_if(EntryFlags::YOUNG, self.has(Self::YOUNG))
            .with_if(EntryFlags::SOFT_DIRTY, self.has(Self::SOFT_DIRTY))
            .with_if(EntryFlags::PROTNONE, self.has(Self::PROTNONE))
    }
}
