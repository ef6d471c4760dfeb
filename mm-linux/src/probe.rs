//! What the running kernel and the privileges of this process allow, each thing found out by trying
//! it. Nothing outside this process is changed by asking.

use crate::cgroup;
use crate::observe::read_words;
use crate::ops::SYS_MSEAL;
use crate::page::PAGE_SIZE;
use crate::settings::THP;
use crate::swap;
use crate::sys::{self, Region};
use crate::uffd;
use rustix::fd::{AsFd, FromRawFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::mm::{MapFlags, ProtFlags};
use std::fmt;

/// Something that may be there or not. What it is for is in [`Row::needed_for`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each variant is described by its row in the table")]
pub enum Feature {
    Mappings,
    PageStates,
    Frames,
    MapCounts,
    PageFlags,
    FolioSizes,
    Pins,
    Gets,
    RemoteAccess,
    ForcedWrites,
    Guards,
    Seals,
    Droppable,
    Locking,
    SoftDirty,
    Collapse,
    Userfaultfd,
    UffdFork,
    UffdMove,
    Moves,
    Ksm,
    Zram,
    MemoryCgroup,
    Compaction,
    FolioSplit,
    MemoryFailure,
    GupTest,
    DeviceMemory,
}

/// What was found: a detail, or why it is not there.
type Finding = Result<String, String>;

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which feature.
    pub feature: Feature,
    /// Its name.
    pub name: &'static str,
    /// What needs it.
    pub needed_for: &'static str,
    /// A detail, or the reason why it is missing.
    pub finding: Finding,
}

/// The answer to everything at once. `Display` prints the table.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Name and version of the kernel.
    pub kernel: String,
    /// Whether this is root.
    pub root: bool,
    /// One row for each feature.
    pub rows: Vec<Row>,
}

/// One feature: how to name it and how to try it.
type Entry = (Feature, &'static str, &'static str, fn() -> Finding);

/// Every feature. What is not driven is told all the same, for whoever comes next.
const TABLE: &[Entry] = &[
    (Feature::Mappings, "PROCMAP_QUERY", "observing mappings", mappings),
    (Feature::PageStates, "PAGEMAP_SCAN", "observing pages", page_states),
    (Feature::Frames, "frame numbers in pagemap", "observing sharing", frames),
    (Feature::MapCounts, "/proc/kpagecount", "observing map counts", || {
        readable("/proc/kpagecount")
    }),
    (Feature::PageFlags, "/proc/kpageflags", "observing folios", || readable("/proc/kpageflags")),
    (Feature::FolioSizes, "folio size settings", "thp", folio_sizes),
    (Feature::Pins, "io_uring buffers", "pin … rw longterm fast", pins),
    (Feature::Gets, "vmsplice", "get … r fast", gets),
    (Feature::RemoteAccess, "process_vm_readv, writev", "vm_read, vm_write", remote_access),
    (Feature::ForcedWrites, "forced writes by /proc/pid/mem", "poke", forced_writes),
    (Feature::Guards, "guard regions", "guard_install, guard_remove", guards),
    (Feature::Seals, "mseal", "mseal", seals),
    (Feature::Droppable, "MAP_DROPPABLE", "mmap … droppable", droppable),
    (Feature::Locking, "locked memory", "mlock", locking),
    (Feature::SoftDirty, "soft-dirty bits", "clear_refs (not driven)", soft_dirty),
    (Feature::Collapse, "MADV_COLLAPSE", "collapse", || advice(25)),
    (Feature::Userfaultfd, "userfaultfd", "uffd_register, uffd_wp, uffd_copy …", || {
        userfaultfd(uffd::SIGBUS | uffd::WP_UNPOPULATED | uffd::POISON | uffd::WP_ASYNC)
    }),
    (Feature::UffdFork, "userfaultfd fork events", "uffd_fork=on", || {
        userfaultfd(uffd::SIGBUS | uffd::EVENT_FORK)
    }),
    (Feature::UffdMove, "UFFDIO_MOVE without known bugs", "uffd_move", || {
        since((6, 18, 20), "before, the kernel makes a mapping of nothing of a huge zero page")?;
        userfaultfd(uffd::SIGBUS | uffd::MOVE)
    }),
    (Feature::Moves, "mremap without known bugs", "mremap", || {
        since((6, 18, 8), "before, memory moved next to an untouched mapping loses its anon_vma")
    }),
    (Feature::Ksm, "KSM settings", "ksm, ksm_zero, unmergeable", || {
        writable("/sys/kernel/mm/ksm/run")
    }),
    (Feature::Zram, "zram", "pageout, swap_out, swapoff, swapon", zram),
    (
        Feature::MemoryCgroup,
        "memory cgroup",
        "swap_out of shared pages, deferred_scan",
        memory_cgroup,
    ),
    (Feature::Compaction, "compact_memory", "migrate (not driven)", || {
        writable("/proc/sys/vm/compact_memory")
    }),
    (
        Feature::FolioSplit,
        "debugfs split_huge_pages",
        "split to orders above 0 (not driven)",
        || in_debugfs("/sys/kernel/debug/split_huge_pages"),
    ),
    (Feature::MemoryFailure, "memory failure", "hwpoison, soft_offline (not driven)", || {
        readable("/proc/sys/vm/memory_failure_recovery")
    }),
    (Feature::GupTest, "debugfs gup_test", "pin … r longterm", || {
        in_debugfs("/sys/kernel/debug/gup_test")
    }),
    (
        Feature::DeviceMemory,
        "device memory test driver",
        "dev_setup, dev_exclusive … (not driven)",
        || {
            // The driver is test_hmm; no kernel that people run has it.
            readable("/dev/hmm_dmirror0")
        },
    ),
];

impl Probe {
    /// Tries everything.
    #[must_use]
    pub fn new() -> Self {
        let system = rustix::system::uname();
        let kernel =
            [system.sysname(), system.release()].map(|part| part.to_string_lossy().into_owned());
        let rows = TABLE.iter().map(|&(feature, name, needed_for, try_it)| Row {
            feature,
            name,
            needed_for,
            finding: try_it(),
        });
        Self {
            kernel: kernel.join(" "),
            root: rustix::process::geteuid().is_root(),
            rows: rows.collect(),
        }
    }

    /// Whether the feature is there.
    #[must_use]
    pub fn has(&self, feature: Feature) -> bool {
        self.need(feature).is_ok()
    }

    /// `Ok` if the feature is there, else what is missing and why.
    ///
    /// # Errors
    /// The feature's name and the reason.
    pub fn need(&self, feature: Feature) -> Result<(), String> {
        match self.rows.iter().find(|row| row.feature == feature) {
            Some(Row { finding: Ok(_), .. }) | None => Ok(()),
            Some(Row { name, finding: Err(reason), .. }) => Err(format!("{name}: {reason}")),
        }
    }
}

impl Default for Probe {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = if self.root { "root" } else { "an ordinary user" };
        writeln!(f, "{}, as {user}", self.kernel)?;
        for row in &self.rows {
            let (mark, text) = match &row.finding {
                Ok(detail) => ("yes", detail),
                Err(reason) => ("NO ", reason),
            };
            writeln!(f, "  {mark}  {:30}  {:40}  {text}", row.name, row.needed_for)?;
        }
        Ok(())
    }
}

fn found(detail: impl Into<String>) -> Finding {
    Ok(detail.into())
}

fn errno(number: i32) -> String {
    std::io::Error::from_raw_os_error(number).to_string()
}

fn open(path: &str, flags: OFlags) -> Result<OwnedFd, String> {
    let opened = rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty());
    opened.map_err(|error| format!("{path}: {error}"))
}

fn readable(path: &str) -> Finding {
    open(path, OFlags::RDONLY).and_then(|_| found(""))
}

fn writable(path: &str) -> Finding {
    open(path, OFlags::WRONLY).and_then(|_| found(""))
}

/// A file of debugfs, which is not mounted for a probe's sake: a kernel that is locked down denies its
/// files to root, too.
fn in_debugfs(path: &str) -> Finding {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    if mounts.lines().any(|line| line.split(' ').nth(2) == Some("debugfs")) {
        writable(path)
    } else {
        Err("debugfs is not mounted".to_owned())
    }
}

/// A page of one's own to try things on.
struct Page(u64);

impl Page {
    fn new(kind: MapFlags) -> Result<Self, String> {
        let rights = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a fresh anonymous mapping at a place of the kernel's choice overlaps nothing.
        let mapped = unsafe {
            rustix::mm::mmap_anonymous(std::ptr::null_mut(), PAGE_SIZE as usize, rights, kind)
        };
        mapped.map(|address| Self(address as u64)).map_err(|error| error.to_string())
    }

    fn call<const N: usize>(&self, number: i64, more: [u64; N]) -> Result<i64, String> {
        let mut args = [self.0, PAGE_SIZE, 0, 0, 0, 0];
        args[2..2 + N].copy_from_slice(&more);
        // SAFETY: the calls made with a page concern that page alone, which is this value's own
        // and to which there is no reference.
        unsafe { sys::call(number, args) }.map_err(errno)
    }

    fn populate(&self) -> Result<(), String> {
        self.call(libc::SYS_madvise, [23]).map(|_| ())
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.call(libc::SYS_munmap, []);
    }
}

fn private_page() -> Result<Page, String> {
    Page::new(MapFlags::PRIVATE)
}

fn advice(number: u64) -> Finding {
    private_page()?.call(libc::SYS_madvise, [number]).map(|_| String::new()).or_else(|error| {
        // MADV_COLLAPSE of less than a huge page is refused after the advice was understood.
        if number == 25 && error.contains("Invalid") { found("") } else { Err(error) }
    })
}

fn mappings() -> Finding {
    let maps = open("/proc/self/maps", OFlags::RDONLY)?;
    sys::mapping_from(maps.as_fd(), 0).map_err(errno)?;
    found("")
}

fn page_states() -> Finding {
    let page = private_page()?;
    page.populate()?;
    let pagemap = open("/proc/self/pagemap", OFlags::RDONLY)?;
    let mut regions = [Region::default(); 1];
    sys::scan_pagemap(pagemap.as_fd(), page.0, page.0 + PAGE_SIZE, &mut regions).map_err(errno)?;
    found("")
}

fn frames() -> Finding {
    let page = private_page()?;
    page.populate()?;
    let pagemap = open("/proc/self/pagemap", OFlags::RDONLY)?;
    let mut bytes = Vec::new();
    read_words(pagemap.as_fd(), page.0 / PAGE_SIZE, 1, &mut bytes).map_err(errno)?;
    // The frame number is the lower part of the entry, and 0 to those who may not see it.
    if bytes[..6].iter().any(|byte| *byte != 0) {
        found("")
    } else {
        Err("shown as 0 without CAP_SYS_ADMIN".to_owned())
    }
}

fn folio_sizes() -> Finding {
    writable(&format!("{THP}/hugepages-2048kB/enabled"))?;
    let exists = |order: &u32| {
        std::path::Path::new(&format!("{THP}/hugepages-{}kB/enabled", 4 << order)).exists()
    };
    let orders: Vec<String> = (2..=9).filter(exists).map(|order: u32| order.to_string()).collect();
    found(format!("orders {}", orders.join(",")))
}

fn pins() -> Finding {
    let ring = io_uring::IoUring::new(2).map_err(|error| error.to_string())?;
    let page = private_page()?;
    let iovec = libc::iovec { iov_base: page.0 as *mut _, iov_len: PAGE_SIZE as usize };
    // SAFETY: the pages stay mapped until after the ring is gone, which drops first below.
    let pinned = unsafe { ring.submitter().register_buffers(&[iovec]) };
    drop(ring);
    pinned.map_err(|error| error.to_string())?;
    found("")
}

fn gets() -> Finding {
    let (_read, write) = rustix::pipe::pipe().map_err(|error| error.to_string())?;
    let page = private_page()?;
    let iovec = [page.0, PAGE_SIZE];
    let fd = std::os::fd::AsRawFd::as_raw_fd(&write) as u64;
    // SAFETY: the kernel reads one iovec, which is alive, and takes a reference to the page.
    unsafe { sys::call(libc::SYS_vmsplice, [fd, iovec.as_ptr() as u64, 1, 0]) }.map_err(errno)?;
    found("")
}

fn remote_access() -> Finding {
    let page = private_page()?;
    sys::vm_transfer(sys::own_pid(), page.0, &mut [0; 8], false).map_err(errno)?;
    found("")
}

fn forced_writes() -> Finding {
    let page = private_page()?;
    page.call(libc::SYS_mprotect, [libc::PROT_READ as u64])?;
    let mem = open("/proc/self/mem", OFlags::RDWR)?;
    rustix::io::pwrite(&mem, &[1], page.0).map_err(|error| error.to_string())?;
    found("")
}

fn guards() -> Finding {
    advice(102)
}

fn seals() -> Finding {
    // Nothing is sealed: the range is empty.
    // SAFETY: no memory is involved.
    unsafe { sys::call(SYS_MSEAL, [0, 0, 0]) }.map_err(errno)?;
    found("")
}

fn droppable() -> Finding {
    // In place of MAP_PRIVATE; the library does not know it.
    const MAP_DROPPABLE: u32 = 8;
    Page::new(MapFlags::from_bits_retain(MAP_DROPPABLE)).and_then(|_| found(""))
}

fn locking() -> Finding {
    private_page()?.call(libc::SYS_mlock, [])?;
    let limit = rustix::process::getrlimit(rustix::process::Resource::Memlock).current;
    found(match limit {
        _ if rustix::process::geteuid().is_root() => "unlimited".to_owned(),
        Some(bytes) => format!("up to {} pages", bytes / PAGE_SIZE),
        None => "unlimited".to_owned(),
    })
}

fn soft_dirty() -> Finding {
    let page = private_page()?;
    page.populate()?;
    let pagemap = open("/proc/self/pagemap", OFlags::RDONLY)?;
    let mut bytes = Vec::new();
    read_words(pagemap.as_fd(), page.0 / PAGE_SIZE, 1, &mut bytes).map_err(errno)?;
    if bytes[6] & 0x80 != 0 { found("") } else { Err("not built into the kernel".to_owned()) }
}

/// Makes a context with these features.
fn userfaultfd(features: u64) -> Finding {
    // SAFETY: numbers in, a descriptor out.
    let fd = unsafe { sys::call(libc::SYS_userfaultfd, [uffd::FLAGS]) }.map_err(errno)?;
    // SAFETY: just made, and nobody else has it.
    let fd = unsafe { OwnedFd::from_raw_fd(fd as i32) };
    let all = uffd::agree(fd.as_fd(), features).map_err(errno)?;
    found(format!("features {all:#x}"))
}

/// Whether the kernel is of this version or newer; the version is what is asked for because trying it out
/// would do the damage.
fn since(wanted: (u32, u32, u32), why: &str) -> Finding {
    let system = rustix::system::uname();
    let release = system.release().to_string_lossy();
    let mut numbers = release.split(['.', '-']).map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    if (next(), next(), next()) >= wanted {
        return found(&*release);
    }
    Err(format!("needs Linux {}.{}.{}: {why}", wanted.0, wanted.1, wanted.2))
}

fn zram() -> Finding {
    if !rustix::process::geteuid().is_root() {
        return Err("needs root".to_owned());
    }
    swap::available().and_then(|()| found(swap::DEVICE))
}

fn memory_cgroup() -> Finding {
    cgroup::available().and_then(|version| found(format!("version {version}")))
}
