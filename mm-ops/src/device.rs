//! Device memory and device-exclusive access: the operations, whose documentation is their contract,
//! and what a snapshot tells of them. Rule IDs lead to `docs/rules/device.md`. No behaviour is
//! implemented here.
//!
//! # Devices
//!
//! There are [`DEVICES_MAX`] devices. Each has [`crate::Config::dev_mem`] pages of memory of its own
//! (device-private: the CPU cannot reach it), is the owner (`pgmap_owner`) of its migrations and
//! exclusive pages, and listens to the notifier of every process.
//!
//! # What a device may touch
//!
//! A device reaches memory through its own translations only ([`DevMapSnap`]), of a page of a process:
//!
//! * `dev_exclusive` makes one, writable, of the page it made exclusive;
//! * an access without one is a *device fault*: a DEVPRIV entry of the device's own memory, in a VMA with
//!   READ, is translated, for writing if the entry's kind is WRITE. Of anything else the device
//!   holds nothing: `EFAULT`.
//!
//! A translation is lost at the start of any event ([`EventSnap`]) whose range holds its page, but for
//! an EXCLUSIVE or MIGRATE event of the device's own (O6, O11, O12); and the driver takes it away itself
//! before it copies the page elsewhere (`dev_pages`, and the callback of a CPU fault, N12).
//!
//! # What is left out
//!
//! Device-coherent memory, and with it `migrate_device_coherent_folio` (N13): its entries are ordinary
//! present ones, so it adds nothing but a pin's detour. The kernel stops (BUG) of N7 and O4 are refusals.

use crate::flags::flag_set;
use crate::ids::{PageRange, Pid, Token, Value, Vpn};
use crate::kind::OpKind;
use crate::operands::Operands;
use crate::snapshot::FolioId;
use serde::{Deserialize, Serialize};

/// Number of devices (`d0`, `d1`).
pub const DEVICES_MAX: u8 = 2;

/// A device, `d0` or `d1`: the owner of device memory.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Device(pub u8);

impl Device {
    /// The device as an index into a table of devices.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a migration takes (`migrate_vma.flags`), each a word of its own in the text.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct DevSelect {
    /// MIGRATE_VMA_SELECT_SYSTEM: ordinary pages and zero pages.
    pub system: bool,
    /// MIGRATE_VMA_SELECT_DEVICE_PRIVATE: the device's own pages.
    pub private: bool,
}

/// What drivers do. Checks come in this order: the process is not alive → `ESRCH`; the token is in
/// use, or stands for something else; then what is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DevOp {
    /// `dev_setup d0 p0 0+8 l0 [system] [private] -> 8`: `migrate_vma_setup` (N2 … N6) by the device's
    /// driver. A token in use → `EBUSY`. Length 0, longer than [`crate::Config::dev_range_max`], a range
    /// that does not lie in one VMA → `EINVAL`, and nothing was done. Else the token stands for the
    /// migration, whatever was collected, and the answer is `cpages`.
    ///
    /// The driver does not keep the mmap lock between the phases (the kernel's caller does): whatever
    /// the process does meanwhile meets MIGRATION entries, as with N13 or from another process.
    Setup {
        /// Whose driver.
        device: Device,
        /// Whose memory.
        pid: Pid,
        /// Which pages.
        range: PageRange,
        /// The name of the migration.
        token: Token,
        /// What is taken.
        select: DevSelect,
    },
    /// `dev_evict d0 p0 0+8 l0 -> 2`: `migrate_device_pfns` (N13) of the device's pages that DEVPRIV
    /// entries of this range of the process name: one word a page of the range, 0 for any other
    /// entry. No VMA is looked at. A token in use → `EBUSY`; length 0, longer than
    /// [`crate::Config::dev_range_max`] or beyond the address space → `EINVAL`. The token stands for the
    /// migration; the answer is the number of words that have MIGRATE in the end.
    Evict {
        /// Whose memory is emptied.
        device: Device,
        /// Whose entries name the pages.
        pid: Pid,
        /// Which of them.
        range: PageRange,
        /// The name of the migration.
        token: Token,
    },
    /// `dev_pages l0 device|host -> 8`: the driver allocates a destination for every word with
    /// MIGRATE, in the device's memory (AllocKind::DevicePage) or an ordinary folio
    /// (AllocKind::Folio), ascending, passing over what cannot be allocated; copies what is there, having
    /// taken its own translation of that page away; then `migrate_vma_pages` (N7, N8). Answers the
    /// number of words that still have MIGRATE. Not a device migration → `EBADF`; done already →
    /// `EINVAL`. The VMA of an empty word is looked up anew; none, or the process ended meanwhile → the
    /// word loses MIGRATE.
    Pages {
        /// The migration.
        token: Token,
        /// Into the device's memory; else into ordinary memory.
        to_device: bool,
    },
    /// `dev_finalize l0`: `migrate_vma_finalize` (N9). Before `dev_pages` the driver gave up: all goes back.
    /// Not a device migration → `EBADF`.
    Finalize {
        /// The migration.
        token: Token,
    },
    /// `dev_exclusive d0 p0 3 l0`: `make_device_exclusive` (O1 … O5), as [`crate::Config::dev_exclusive`]
    /// says. A token in use → `EBUSY`; then the error of the GUP call (D12); the folio's lock is
    /// taken → `EINTR` (DX-618), else `EBUSY`; the walk of DX-WALK fails → `EBUSY`, what it converted stays (O4).
    /// Ok: the folio is locked and has a reference under the token until `drop`, and the device has a
    /// writable translation.
    Exclusive {
        /// Which device.
        device: Device,
        /// Whose memory.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
        /// The name of the lock and reference.
        token: Token,
    },
    /// `dev_read d0 p0 3 -> a`: the device reads. See the module documentation; nothing it may touch →
    /// `EFAULT`. Leaves no trace but the translation.
    Read {
        /// Which device.
        device: Device,
        /// Whose memory.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
    },
    /// `dev_write d0 p0 3 a`: the device writes, and the driver marks the folio dirty. Nothing it may
    /// write → `EFAULT`, its translation for reading stays.
    Write {
        /// Which device.
        device: Device,
        /// Whose memory.
        pid: Pid,
        /// Which page.
        vpn: Vpn,
        /// What is stored.
        value: Value,
    },
}

impl DevOp {
    /// The kind of the operation.
    pub(crate) const fn kind(&self) -> OpKind {
        match self {
            Self::Setup { .. } => OpKind::DevSetup,
            Self::Evict { .. } => OpKind::DevEvict,
            Self::Pages { .. } => OpKind::DevPages,
            Self::Finalize { .. } => OpKind::DevFinalize,
            Self::Exclusive { .. } => OpKind::DevExclusive,
            Self::Read { .. } => OpKind::DevRead,
            Self::Write { .. } => OpKind::DevWrite,
        }
    }

    /// The operands.
    #[must_use]
    pub fn operands(&mut self) -> Operands<'_> {
        let none = Operands::default();
        match self {
            Self::Setup { device, pid, range, token, .. }
            | Self::Evict { device, pid, range, token } => {
                let (pid, range) = (Some(pid), Some(range));
                Operands { pid, range, device: Some(device), token: Some(token), ..none }
            }
            Self::Pages { token, .. } | Self::Finalize { token } => {
                Operands { token: Some(token), ..none }
            }
            Self::Exclusive { device, pid, vpn, token } => {
                let (pid, vpn) = (Some(pid), Some(vpn));
                Operands { pid, vpn, device: Some(device), token: Some(token), ..none }
            }
            Self::Read { device, pid, vpn } => {
                Operands { pid: Some(pid), vpn: Some(vpn), device: Some(device), ..none }
            }
            Self::Write { device, pid, vpn, value } => {
                let (pid, vpn) = (Some(pid), Some(vpn));
                Operands { pid, vpn, device: Some(device), value: Some(value), ..none }
            }
        }
    }
}

flag_set! {
    /// Bits of a source or destination word (N1).
    DevFlags: u8 {
        /// It names a page.
        VALID = 0, "valid";
        /// It is to be migrated, or was.
        MIGRATE = 1, "migrate";
        /// The page was mapped writable.
        WRITE = 3, "write";
        /// It stands for a whole block (only with `Config::dev_thp`).
        COMPOUND = 4, "compound";
    }
}

/// A page of a device migration between its setup and its end: a word of `src` and one of `dst`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DevWordSnap {
    /// The migration.
    pub token: Token,
    /// The page, in the address space of the process named.
    pub vpn: Vpn,
    /// The source word's flags.
    pub src: DevFlags,
    /// The source word's folio: always of order 0, but for a COMPOUND one.
    pub from: Option<FolioId>,
    /// The destination word's flags: VALID or none, with COMPOUND where the folio is large.
    pub dst: DevFlags,
    /// The destination word's folio.
    pub to: Option<FolioId>,
}

/// A translation that a device has: a page of a process that it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DevMapSnap {
    /// Which device.
    pub device: Device,
    /// Whose memory.
    pub pid: Pid,
    /// Which page.
    pub vpn: Vpn,
    /// The folio it reaches.
    pub folio: FolioId,
    /// Which page of it.
    pub page: u32,
    /// It may be written.
    pub write: bool,
}

/// What a notifier event is about (`MMU_NOTIFY_…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// Memory goes away, or elsewhere: `munmap`, `mremap`.
    Unmap,
    /// Entries are replaced or removed.
    Clear,
    /// The rights of a VMA change: `mprotect`, userfaultfd write protection, NUMA hints.
    ProtectionVma,
    /// Entries are write-protected: fork.
    ProtectionPage,
    /// Soft-dirty bits are cleared.
    SoftDirty,
    /// The process ends.
    Release,
    /// A device migration (N2, N8), with its owner.
    Migrate,
    /// A page becomes exclusive to a device (O2), with its owner.
    Exclusive,
}

/// A notifier event of the last operation, as devices are told of it.
///
/// EXCLUSIVE and MIGRATE events are recorded always, with their whole range. Of any other event each
/// page is recorded, by itself and ascending, of which some device has a translation at that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventSnap {
    /// What it is about.
    pub kind: EventKind,
    /// Whose memory.
    pub pid: Pid,
    /// Which pages.
    pub range: PageRange,
    /// The device that caused it, and ignores it.
    pub owner: Option<Device>,
}
