//! The system-wide settings a run depends on: which folio sizes are enabled, and whatever moves
//! pages on its own. They are saved before anything is changed, and put back by the guardian
//! ([`crate::family`]) when the driver is gone, however it went.
//!
//! Only one driver at a time may change them: a lock on the kernel's own settings file (which
//! leaves nothing behind) is held from before the first value is read until the last is put back.

use crate::{cgroup, swap, sys};
use mm_ops::{ORDER_MAX, Order, OrderSet};
use rustix::fd::{AsRawFd, OwnedFd, RawFd};
use rustix::fs::{FlockOperation, Mode, OFlags};
use std::cell::Cell;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Where the settings of transparent huge pages are.
pub(crate) const THP: &str = "/sys/kernel/mm/transparent_hugepage";
/// How long another driver is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(120);

/// What is set during a run so that nothing but the program moves, splits or collapses pages.
/// Files that do not exist, or already hold the value, are left alone.
const QUIET: &[(&str, &str)] = &[
    // khugepaged works as long as PMD THPs are enabled. It is made to find little, see little at a
    // time, and sleep for ever after one look; see [`Decoy`].
    ("/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none", "0"),
    ("/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_shared", "0"),
    ("/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_swap", "0"),
    ("/sys/kernel/mm/transparent_hugepage/khugepaged/pages_to_scan", "1"),
    ("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "4294967295"),
    // Keeps khugepaged alive whatever a program enables: a new one would look around at once.
    ("/sys/kernel/mm/transparent_hugepage/hugepages-2048kB/shmem_enabled", "advise"),
    ("/sys/kernel/mm/transparent_hugepage/shrink_underused", "0"),
    ("/proc/sys/vm/compaction_proactiveness", "0"),
    ("/proc/sys/kernel/numa_balancing", "0"),
    // ksmd scans when a program says so, and then all there is at once.
    ("/sys/kernel/mm/ksm/run", "0"),
    ("/sys/kernel/mm/ksm/sleep_millisecs", "100000"),
    ("/sys/kernel/mm/ksm/pages_to_scan", "1000000"),
    ("/sys/kernel/mm/ksm/smart_scan", "0"),
    ("/sys/kernel/mm/ksm/use_zero_pages", "0"),
    // A swap-in reads its own page and no others (E12), and nobody but MADV_PAGEOUT swaps out.
    ("/proc/sys/vm/page-cluster", "0"),
    ("/proc/sys/vm/swappiness", "0"),
];

/// The value a settings file holds: of `always [madvise] never` the word in brackets.
fn current_value(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let chosen = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    Some(chosen.map_or(text.trim(), |(word, _)| word).to_owned())
}

fn thp_path(order: Order) -> String {
    format!("{THP}/hugepages-{}kB/enabled", 4_u32 << order.0)
}

/// The saved settings, in memory that a copy of this process can use without allocating.
pub(crate) struct Will {
    /// `path NUL value NUL`, again and again, then NUL. A path without value is to go: a swap device is
    /// switched off, a directory removed.
    text: *mut u8,
    used: usize,
    lock: Option<OwnedFd>,
}

/// How often a setting that is busy is tried, ten milliseconds apart.
const BUSY_TRIES: u32 = 300;
/// Bytes a will has room for.
const WILL_BYTES: usize = 16 << 10;

impl Will {
    /// A will that changes nothing.
    pub(crate) fn empty() -> std::io::Result<Self> {
        use rustix::mm::{MapFlags, ProtFlags};
        // SAFETY: a fresh anonymous mapping at a place of the kernel's choice overlaps nothing.
        let text = unsafe {
            rustix::mm::mmap_anonymous(
                std::ptr::null_mut(),
                WILL_BYTES,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )?
        };
        Ok(Self { text: text.cast(), used: 0, lock: None })
    }

    /// Takes the lock and writes down all settings that a run may change.
    pub(crate) fn of_system() -> std::io::Result<Self> {
        let mut will = Self::empty()?;
        will.lock = Some(lock()?);
        for (path, value) in swap::legacies() {
            will.add(path, value)?;
        }
        for path in cgroup::legacies() {
            will.add(&path, "")?;
        }
        let sizes = (2..=ORDER_MAX).map(|order| thp_path(Order(order)));
        let quiet = QUIET.iter().map(|(path, _)| (*path).to_owned());
        let zero = format!("{THP}/use_zero_page");
        // Sizes come last, so that khugepaged is its old self when it is woken by them.
        for path in quiet.chain([zero]).chain(sizes) {
            if let Some(value) = current_value(&path) {
                will.add(&path, &value)?;
            }
        }
        Ok(will)
    }

    fn add(&mut self, path: &str, value: &str) -> std::io::Result<()> {
        let entry: Vec<u8> = [path.as_bytes(), b"\0", value.as_bytes(), b"\0"].concat();
        if self.used + entry.len() >= WILL_BYTES {
            return Err(std::io::Error::other("too many settings to save"));
        }
        // SAFETY: the mapping has WILL_BYTES bytes, the end was checked, and nothing refers to it.
        unsafe {
            std::ptr::copy_nonoverlapping(entry.as_ptr(), self.text.add(self.used), entry.len());
        };
        self.used += entry.len();
        Ok(())
    }

    /// Where the text is, for whoever unmaps everything else.
    pub(crate) fn address(&self) -> u64 {
        self.text as u64
    }

    /// The lock's descriptor; who holds it keeps the lock.
    pub(crate) fn lock_fd(&self) -> Option<RawFd> {
        self.lock.as_ref().map(AsRawFd::as_raw_fd)
    }

    /// Puts the settings back. Allocates nothing; a setting that cannot be written is passed over.
    pub(crate) fn carry_out(&self) {
        let mut at = 0;
        while at < self.used {
            let path = self.text.wrapping_add(at) as u64;
            at += self.length_at(at) + 1;
            let value = self.text.wrapping_add(at) as u64;
            let length = self.length_at(at);
            at += length + 1;
            if length == 0 {
                // SAFETY: the path is a terminated text inside the mapping.
                unsafe { take_away(path) };
                continue;
            }
            // SAFETY: path and value are terminated texts inside the mapping.
            unsafe {
                let flags = (libc::O_WRONLY | libc::O_CLOEXEC) as u64;
                let opened = sys::call(libc::SYS_open, [path, flags]);
                if let Ok(fd) = opened {
                    let fd = fd as u64;
                    // A swap device is busy until the last of a dying driver's files is closed.
                    for _ in 0..BUSY_TRIES {
                        let written = sys::call(libc::SYS_write, [fd, value, length as u64]);
                        if written != Err(libc::EBUSY) {
                            break;
                        }
                        pause();
                    }
                    let _ = sys::call(libc::SYS_close, [fd]);
                }
            }
        }
    }

    /// Bytes from here to the next NUL.
    fn length_at(&self, at: usize) -> usize {
        // SAFETY: `used` bytes of the mapping are initialized, and each entry ends in NUL.
        let rest = unsafe { std::slice::from_raw_parts(self.text.add(at), self.used - at) };
        rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len())
    }
}

/// Switches a swap device off, or removes a directory; which of the two it is, the kernel knows.
///
/// # Safety
/// The path is the address of a terminated text.
unsafe fn take_away(path: u64) {
    // SAFETY: as above.
    unsafe {
        if sys::call(libc::SYS_swapoff, [path]).is_ok() {
            return;
        }
        // A cgroup is busy until the last process in it has been waited for.
        for _ in 0..BUSY_TRIES {
            if sys::call(libc::SYS_rmdir, [path]) != Err(libc::EBUSY) {
                return;
            }
            pause();
        }
    }
}

/// A short sleep, without anything of the library.
fn pause() {
    let time = libc::timespec { tv_sec: 0, tv_nsec: 10_000_000 };
    // SAFETY: the kernel reads a time, which is ours.
    let _ = unsafe { sys::call(libc::SYS_nanosleep, [&raw const time as u64, 0]) };
}

impl Drop for Will {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and no reference to it is left.
        let _ = unsafe { rustix::mm::munmap(self.text.cast(), WILL_BYTES) };
    }
}

/// Takes the lock that makes this the only driver that changes settings.
fn lock() -> std::io::Result<OwnedFd> {
    let path = format!("{THP}/enabled");
    let fd = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let deadline = Instant::now() + LOCK_WAIT;
    while let Err(error) = rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive) {
        if error != rustix::io::Errno::WOULDBLOCK {
            return Err(error.into());
        }
        if Instant::now() > deadline {
            return Err(std::io::Error::other(
                "another run has held the kernel's settings for two minutes",
            ));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(fd)
}

/// Whether this process may change the settings.
pub(crate) fn may_change() -> bool {
    fs::File::options().write(true).open(format!("{THP}/enabled")).is_ok()
}

/// Makes everything quiet that could move pages on its own. Call it only with a guardian running.
pub(crate) fn quieten() -> std::io::Result<Decoy> {
    for (path, value) in QUIET {
        if current_value(path).is_some_and(|current| current != *value) {
            fs::write(path, value)?;
        }
    }
    Decoy::new()
}

/// Memory that khugepaged has on its list of things to look at. As long as the list is not empty,
/// khugepaged sleeps for the time it is told to; it is woken when the list gets its first entry,
/// which would else be a simulated process.
pub(crate) struct Decoy(*mut std::ffi::c_void);

impl Decoy {
    /// Enough for an aligned PMD, wherever it begins.
    const BYTES: usize = 4 << 20;

    fn new() -> std::io::Result<Self> {
        use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};
        // Only with the size enabled is the advice passed on to khugepaged.
        fs::write(thp_path(Order(ORDER_MAX)), Enabled::Madvise.text())?;
        // SAFETY: a fresh anonymous mapping at a place of the kernel's choice overlaps nothing, and
        // the advice concerns it alone.
        unsafe {
            let (rights, kind) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
            let decoy = Self(mmap_anonymous(std::ptr::null_mut(), Self::BYTES, rights, kind)?);
            madvise(decoy.0, Self::BYTES, Advice::LinuxHugepage)?;
            Ok(decoy)
        }
    }
}

impl Drop for Decoy {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and nothing was ever put into it.
        let _ = unsafe { rustix::mm::munmap(self.0, Self::BYTES) };
    }
}

/// How often a collapse found no memory for its folio, since the kernel was started.
pub(crate) fn collapse_failures() -> Option<u64> {
    let counters = fs::read_to_string("/proc/vmstat").ok()?;
    let line = counters.lines().find_map(|line| line.strip_prefix("thp_collapse_alloc_failed "))?;
    line.parse().ok()
}

/// How one folio size is enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Enabled {
    Never,
    Madvise,
    Always,
}

impl Enabled {
    fn of(order: Order, always: OrderSet, madvise: OrderSet) -> Self {
        if always.contains(order) {
            Self::Always
        } else if madvise.contains(order) {
            Self::Madvise
        } else {
            Self::Never
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Madvise => "madvise",
            Self::Always => "always",
        }
    }
}

/// One folio size.
struct Size {
    order: Order,
    enabled: fs::File,
    /// As it was set last.
    state: Option<Enabled>,
    /// Counts the faults that could not get such a folio; not every kernel has it.
    fallbacks: Option<fs::File>,
    /// What it said when it was last read.
    fallbacks_seen: Cell<u64>,
}

impl Size {
    fn read_fallbacks(&self) -> Option<u64> {
        let mut text = [0; 24];
        let read = self.fallbacks.as_ref()?.read_at(&mut text, 0).ok()?;
        std::str::from_utf8(&text[..read]).ok()?.trim().parse().ok()
    }
}

/// The folio sizes as they are set, so that only what differs is written.
pub(crate) struct Thp {
    sizes: Vec<Size>,
    zero_file: fs::File,
    zero: Option<bool>,
    /// See [`Thp::fallbacks`].
    fallbacks: Cell<u64>,
}

impl Thp {
    /// Opens the settings.
    pub(crate) fn open() -> std::io::Result<Self> {
        let open = |path: &str| fs::File::options().write(true).open(path);
        let mut sizes = Vec::new();
        for order in (2..=ORDER_MAX).map(Order) {
            let path = thp_path(order);
            if Path::new(&path).exists() {
                let counter = path.replace("/enabled", "/stats/anon_fault_fallback");
                sizes.push(Size {
                    order,
                    enabled: open(&path)?,
                    state: None,
                    fallbacks: fs::File::open(counter).ok(),
                    fallbacks_seen: Cell::new(0),
                });
            }
        }
        Ok(Self {
            sizes,
            zero_file: open(&format!("{THP}/use_zero_page"))?,
            zero: None,
            fallbacks: Cell::new(0),
        })
    }

    /// Enables exactly these orders. Orders the kernel has no setting for are ignored.
    pub(crate) fn set(&mut self, always: OrderSet, madvise: OrderSet) -> std::io::Result<()> {
        for size in &mut self.sizes {
            let wanted = Enabled::of(size.order, always, madvise);
            if size.state != Some(wanted) {
                // What others did while it was off is none of the program's.
                if let (Enabled::Always | Enabled::Madvise, Some(count)) =
                    (wanted, size.read_fallbacks())
                {
                    size.fallbacks_seen.set(count);
                }
                size.enabled.write_all_at(wanted.text().as_bytes(), 0)?;
                size.state = Some(wanted);
            }
        }
        Ok(())
    }

    /// How many faults could not get a folio of a size while it was enabled.
    pub(crate) fn fallbacks(&self) -> u64 {
        let on = |size: &&Size| size.state.is_some_and(|state| state != Enabled::Never);
        for size in self.sizes.iter().filter(on) {
            if let Some(count) = size.read_fallbacks() {
                let more = count.saturating_sub(size.fallbacks_seen.replace(count));
                self.fallbacks.set(self.fallbacks.get() + more);
            }
        }
        self.fallbacks.get()
    }

    /// Whether read faults may map the huge zero folio (A7).
    pub(crate) fn use_zero_page(&mut self, on: bool) -> std::io::Result<()> {
        if self.zero != Some(on) {
            self.zero_file.write_all_at(if on { b"1" } else { b"0" }, 0)?;
            self.zero = Some(on);
        }
        Ok(())
    }

    /// The orders the kernel has settings for.
    pub(crate) fn orders(&self) -> OrderSet {
        self.sizes.iter().fold(OrderSet::EMPTY, |set, size| set.with(size.order))
    }
}
