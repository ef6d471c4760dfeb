//! What holds for a whole program: geometry, limits and modes. Everything that can change while a
//! program runs is an operation instead.

use crate::ids::{Order, PROCS_MAX};
use crate::remap::RelocateDesign;
use crate::rmap::RmapScheme;
use serde::{Deserialize, Serialize};

/// How the subject processes runs of page-table entries (rulebook, BATCHING EQUIVALENCE).
/// The reference has no batches and ignores it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum Batching {
    /// Runs as long as the rules allow.
    #[default]
    On,
    /// Every run has one entry.
    Off,
}

/// What a batch does with the young and dirty bits of its entries. Both are permitted (BT4).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum AccessBits {
    /// Each entry keeps its own bits. With it, batching on and off must agree in everything.
    #[default]
    Exact,
    /// Bits are merged over a run of `mprotect`, as the kernel does; each bit so gained is
    /// reported as a [`crate::Choice::Merged`].
    Merged,
}

/// What kind of device the swap slots are on (E12, E24).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum SwapDevice {
    /// A disk: writes take their time, pages come back through the swap cache.
    #[default]
    Plain,
    /// The same, and pages may not change while they are written (E24).
    Stable,
    /// SWP_SYNCHRONOUS_IO: writes end at once, a sole owner's page bypasses the swap cache (E12).
    Sync,
    /// zram: synchronous and stable.
    Zram,
}

impl SwapDevice {
    /// SWP_SYNCHRONOUS_IO.
    #[must_use]
    pub const fn is_sync(self) -> bool {
        matches!(self, Self::Sync | Self::Zram)
    }

    /// SWP_STABLE_WRITES.
    #[must_use]
    pub const fn is_stable(self) -> bool {
        matches!(self, Self::Stable | Self::Zram)
    }
}

/// Features of every userfaultfd context that concern write protection (H7).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum UffdWpMode {
    /// A write fault on a protected page is delivered.
    #[default]
    Sync,
    /// The same, with UFFD_FEATURE_WP_UNPOPULATED: empty places are protected by markers.
    Unpopulated,
    /// UFFD_FEATURE_WP_ASYNC (which implies the former): the fault resolves the protection itself.
    Async,
}

/// How pages are made exclusive to a device, and given back (section O).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum DevExclusiveMode {
    /// DX-618: as the newest kernel does it. Text `618`.
    #[default]
    Current,
    /// DX-FOLIO: by a folio walk that gives the mapping up. Text `folio`.
    Folio,
    /// DX-WALK: by an rmap walk over the whole folio, before that. Text `walk`.
    Walk,
}

/// The fixed setting of one program. Text form: the line `config ptes=8 procs=3 …`; keys at their
/// default are not printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Config {
    /// Entries of each page table, at each of the three levels: a power of two, 4 … 512.
    /// An address space has `ptes³` pages; a PMD maps `ptes` pages.
    pub ptes: u16,
    /// Number of processes a program may use, 1 … [`PROCS_MAX`].
    pub procs: u8,
    /// Run length of the subject.
    pub batching: Batching,
    /// Young and dirty bits over a run of the subject.
    pub access_bits: AccessBits,
    /// Whether the kernel tracks soft-dirty bits (S21). Off on the live kernel at hand.
    pub soft_dirty: bool,
    /// Whether read faults may map the huge zero folio (A7).
    pub huge_zero: bool,
    /// Whether `MADV_DONTNEED` frees a fully zapped page table (I14, switch PT_RECLAIM).
    pub pt_reclaim: bool,
    /// Whether fresh folios wait in per-CPU batches before they are on the LRU (S14, S20).
    pub lru_batch: bool,
    /// Slots of the swap device, 0 … [`SWAP_SLOTS_MAX`]; 0: no device. A folio of order n takes
    /// the lowest free run of slots that is aligned to its size.
    pub swap_slots: u16,
    /// Kind of swap device.
    pub swap_device: SwapDevice,
    /// Write-protect features of every userfaultfd context.
    pub uffd: UffdWpMode,
    /// UFFD_FEATURE_EVENT_FORK of every userfaultfd context: a child keeps the flags (C2, C21).
    pub uffd_fork: bool,
    /// UFFD_FEATURE_EVENT_REMAP of every userfaultfd context: moved memory stays watched (J7, J14).
    pub uffd_remap: bool,
    /// Which algorithm MREMAP_RELOCATE_ANON is (JR15).
    pub relocate: RelocateDesign,
    /// Pages of each device's own memory, 0 … [`DEV_MEM_MAX`]. Any free pages make a large folio.
    pub dev_mem: u16,
    /// How pages are made exclusive to a device (O1 … O4, O8, O13, O15).
    pub dev_exclusive: DevExclusiveMode,
    /// MIGDEV_OLD: device migration as before its fixes (N15). It loses writes by rule (N15 (a)).
    pub migdev_old: bool,
    /// Whole blocks are migrated to a device and back, as kernels after 6.18 do; else they are split (N3).
    pub dev_thp: bool,
    /// SWAP_NOEXCL: swap entries without the exclusive bit, as before the kernel had it (E26, E27).
    pub swap_noexcl: bool,
    /// How the mappings of a page are found. The older scheme has no use for some other keys: see
    /// [`Config::sanitized`].
    pub rmap: RmapScheme,
}

/// Most pages of a device's memory.
pub const DEV_MEM_MAX: u16 = 4096;

/// Most swap slots of a program.
pub const SWAP_SLOTS_MAX: u16 = 4096;

/// Geometries a program may choose, in entries a table.
pub const PTES_ALLOWED: [u16; 8] = [4, 8, 16, 32, 64, 128, 256, 512];

impl Default for Config {
    fn default() -> Self {
        Self {
            ptes: 8,
            procs: PROCS_MAX,
            batching: Batching::On,
            access_bits: AccessBits::Exact,
            soft_dirty: false,
            huge_zero: true,
            pt_reclaim: true,
            lru_batch: false,
            swap_slots: 64,
            swap_device: SwapDevice::Plain,
            uffd: UffdWpMode::Sync,
            uffd_fork: false,
            uffd_remap: false,
            relocate: RelocateDesign::PinCheck,
            dev_mem: 64,
            dev_exclusive: DevExclusiveMode::Current,
            migdev_old: false,
            dev_thp: false,
            swap_noexcl: false,
            rmap: RmapScheme::AnonVma,
        }
    }
}

impl Config {
    /// The nearest legal configuration: any bits decode to something that can run. With the anonmm
    /// scheme there is one kind of swap device, no batch before the LRU, no soft-dirty bit, and a zap
    /// leaves the tables.
    #[must_use]
    pub fn sanitized(mut self) -> Self {
        if !PTES_ALLOWED.contains(&self.ptes) {
            self.ptes = PTES_ALLOWED[usize::from(self.ptes) % PTES_ALLOWED.len()];
        }
        self.procs = self.procs.clamp(1, PROCS_MAX);
        self.swap_slots = self.swap_slots.min(SWAP_SLOTS_MAX);
        self.dev_mem = self.dev_mem.min(DEV_MEM_MAX);
        if self.rmap == RmapScheme::Anonmm {
            self.swap_device = SwapDevice::Plain;
            (self.soft_dirty, self.lru_batch, self.pt_reclaim) = (false, false, false);
            self.swap_noexcl = false;
        }
        self
    }

    /// The default of a program with this rmap scheme: what it fixes is no setting.
    pub(crate) fn usual(rmap: RmapScheme) -> Self {
        Self { rmap, ..Self::default() }.sanitized()
    }

    /// Order of a folio that a PMD maps: 2 for 4 entries a table, 9 for 512.
    #[must_use]
    pub const fn pmd_order(&self) -> Order {
        Order(self.ptes.trailing_zeros() as u8)
    }

    /// Longest range of one device migration: a driver's arrays are small, and hold a block.
    #[must_use]
    pub const fn dev_range_max(&self) -> u32 {
        if self.ptes > 32 { self.ptes as u32 } else { 32 }
    }

    /// Pages of one address space.
    #[must_use]
    pub const fn space_pages(&self) -> u32 {
        let n = self.ptes as u32;
        n * n * n
    }
}
