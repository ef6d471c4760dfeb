//! System calls that no library wraps, each behind the narrowest signature that fits. No policy.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::AtomicU32;

/// Result of a system call as the kernel returns it: an error number instead of a negative result.
pub(crate) type SysResult = Result<i64, i32>;

fn result(returned: i64) -> SysResult {
    if returned < 0 { Err(last_errno()) } else { Ok(returned) }
}

fn last_errno() -> i32 {
    // SAFETY: the C library gives every thread its own errno and never takes it away.
    unsafe { *libc::__errno_location() }
}

/// Sleeps until the word is woken, changes, or the time is over. May end early.
pub(crate) fn futex_wait(word: &AtomicU32, expected: u32, milliseconds: Option<u32>) {
    let time = milliseconds.map(|ms| libc::timespec {
        tv_sec: i64::from(ms / 1000),
        tv_nsec: i64::from(ms % 1000) * 1_000_000,
    });
    let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the word and the time are valid for the length of the call, and the kernel only
    // reads them.
    let _ = unsafe {
        let args = [word.as_ptr() as u64, libc::FUTEX_WAIT as u64, expected.into(), time as u64];
        call(libc::SYS_futex, args)
    };
}

/// Wakes whoever sleeps on the word.
pub(crate) fn futex_wake(word: &AtomicU32) {
    // SAFETY: the kernel uses the address of the word as a name only.
    let _ = unsafe {
        let args = [word.as_ptr() as u64, libc::FUTEX_WAKE as u64, i32::MAX as u64];
        call(libc::SYS_futex, args)
    };
}

/// Any system call, with up to six arguments.
///
/// # Safety
/// What the call does to the memory of this process must not break what Rust relies on: it may
/// touch only memory that the arguments name for it, or that no Rust reference stands for.
pub(crate) unsafe fn call<const N: usize>(number: i64, args: [u64; N]) -> SysResult {
    let mut all = [0; 6];
    all[..N].copy_from_slice(&args);
    let [a, b, c, d, e, f] = all;
    // SAFETY: the caller vouches for the call. All arguments have the width of a register, as the
    // variadic function needs.
    result(unsafe { libc::syscall(number, a, b, c, d, e, f) })
}

/// A signed argument.
const fn signed(number: i32) -> u64 {
    number as i64 as u64
}

/// Makes a copy of this process that holds the calling thread only: a child (`sibling` false), or
/// a child of this process's parent. `Ok(0)` in the copy. Nothing registered with the C library for
/// forks is run.
///
/// # Safety
/// In the copy other threads' locks are held for ever: it must not allocate, print, or call
/// anything else that takes a lock.
pub(crate) unsafe fn fork(sibling: bool) -> SysResult {
    let flags = libc::SIGCHLD | if sibling { libc::CLONE_PARENT } else { 0 };
    // SAFETY: without CLONE_VM the copy has its own memory, stack included; a null stack pointer
    // means "where it is". The caller keeps to what a copy may do.
    unsafe { call(libc::SYS_clone, [flags as u64, 0, 0, 0, 0]) }
}

/// Ends this process at once.
pub(crate) fn exit(status: i32) -> ! {
    loop {
        // SAFETY: ends the process; nothing of it is used again.
        let _ = unsafe { call(libc::SYS_exit_group, [signed(status)]) };
    }
}

/// `prctl` with one argument.
pub(crate) fn prctl(option: i32, argument: u64) -> SysResult {
    // SAFETY: the options used here (parent-death signal, subreaper, THP) take plain numbers.
    unsafe { call(libc::SYS_prctl, [signed(option), argument, 0, 0, 0]) }
}

/// Process number of the parent.
pub(crate) fn parent() -> i32 {
    // SAFETY: no arguments, cannot fail.
    unsafe { call(libc::SYS_getppid, []) }.unwrap_or(0) as i32
}

/// Process number.
pub(crate) fn own_pid() -> i32 {
    // SAFETY: no arguments, cannot fail.
    unsafe { call(libc::SYS_getpid, []) }.unwrap_or(0) as i32
}

/// Sends SIGKILL.
pub(crate) fn kill(pid: i32) -> SysResult {
    // SAFETY: a number in, a number out.
    unsafe { call(libc::SYS_kill, [signed(pid), libc::SIGKILL as u64]) }
}

/// Waits for a child (any, if `pid` is -1). With `poll`, answers pid 0 if it has not ended, and
/// leaves it to be waited for if it has. Answers the child and its wait status.
pub(crate) fn wait(pid: i32, poll: bool) -> Result<(i32, i32), i32> {
    // SAFETY: an all-zero siginfo is valid, and the kernel fills it.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let (kind, id) = if pid < 0 { (libc::P_ALL, 0) } else { (libc::P_PID, pid) };
    let flags = libc::WEXITED | if poll { libc::WNOHANG | libc::WNOWAIT } else { 0 };
    loop {
        let args = [kind.into(), signed(id), &raw mut info as u64, signed(flags), 0];
        // SAFETY: `info` is ours and valid for the call.
        match unsafe { call(libc::SYS_waitid, args) } {
            // SAFETY: waitid fills the fields of a child's end, or leaves them zero.
            Ok(_) => return Ok(unsafe { (info.si_pid(), info.si_status()) }),
            Err(libc::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Minor faults this thread has taken.
pub(crate) fn minor_faults() -> i64 {
    // SAFETY: an all-zero rusage is valid, and the kernel fills it.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        let _ = call(libc::SYS_getrusage, [libc::RUSAGE_THREAD as u64, &raw mut usage as u64]);
        usage.ru_minflt
    }
}

/// Empties this CPU's LRU batches (S14): `MADV_COLD` does so before it looks at the range, and
/// there is nothing in the page it is given.
pub(crate) fn drain_lru(idle_page: u64) {
    const MADV_COLD: u64 = 20;
    // SAFETY: the advice never changes contents, and the page is mapped for this purpose alone.
    let _ = unsafe { call(libc::SYS_madvise, [idle_page, 4096, MADV_COLD]) };
}

/// Empties every CPU's LRU batches: whoever moves pages does so first, even where there are none.
pub(crate) fn drain_lru_everywhere() {
    let (addresses, nodes, status) = ([0_u64], [0_i32], [0_i32]);
    let place = |of: *const i32| of as u64;
    let (nodes, status) = (place(nodes.as_ptr()), place(status.as_ptr()));
    // SAFETY: of arrays of no elements nothing is read or written.
    let _ =
        unsafe { call(libc::SYS_move_pages, [0, 0, addresses.as_ptr() as u64, nodes, status, 0]) };
}

/// A mapping of a process, as PROCMAP_QUERY tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapping {
    /// First byte.
    pub(crate) start: u64,
    /// First byte behind it.
    pub(crate) end: u64,
    /// PROCMAP_QUERY_VMA_* flags.
    flags: u64,
    /// The mapped file's inode, 0 for none.
    pub(crate) inode: u64,
}

impl Mapping {
    /// Whether PROT_READ is set.
    pub(crate) const fn readable(&self) -> bool {
        self.flags & 1 != 0
    }
    /// Whether PROT_WRITE is set.
    pub(crate) const fn writable(&self) -> bool {
        self.flags & 2 != 0
    }
    /// Whether PROT_EXEC is set.
    pub(crate) const fn executable(&self) -> bool {
        self.flags & 4 != 0
    }
    /// Whether MAP_SHARED is set.
    pub(crate) const fn shared(&self) -> bool {
        self.flags & 8 != 0
    }
}

#[repr(C)]
#[derive(Default)]
struct MapQuery {
    size: u64,
    query_flags: u64,
    query_addr: u64,
    start: u64,
    end: u64,
    flags: u64,
    page_size: u64,
    offset: u64,
    inode: u64,
    device: [u32; 2],
    name_size: u32,
    build_id_size: u32,
    name_addr: u64,
    build_id_addr: u64,
}

/// The mapping at `address` or the next one above it, asked of an open /proc/PID/maps.
pub(crate) fn mapping_from(maps: BorrowedFd<'_>, address: u64) -> Result<Option<Mapping>, i32> {
    const COVERING_OR_NEXT: u64 = 0x10;
    const PROCMAP_QUERY: u64 = 0xc068_6611;
    let mut query = MapQuery {
        size: size_of::<MapQuery>() as u64,
        query_flags: COVERING_OR_NEXT,
        query_addr: address,
        ..MapQuery::default()
    };
    // SAFETY: the request number carries the size of the structure, which is ours.
    let done = unsafe { libc::ioctl(maps.as_raw_fd(), PROCMAP_QUERY, &raw mut query) };
    match result(i64::from(done)) {
        Ok(_) => Ok(Some(Mapping {
            start: query.start,
            end: query.end,
            flags: query.flags,
            inode: query.inode,
        })),
        Err(libc::ENOENT | libc::ESRCH) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Pages in a row that are in the same categories (PAGE_IS_*).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Region {
    /// First byte.
    pub(crate) start: u64,
    /// First byte behind it.
    pub(crate) end: u64,
    /// Categories.
    pub(crate) categories: u64,
}

/// Category: not write-protected by userfaultfd.
pub(crate) const PAGE_IS_WRITTEN: u64 = 1 << 1;
/// Category: something is mapped.
pub(crate) const PAGE_IS_PRESENT: u64 = 1 << 3;
/// Category: an entry that maps nothing (a guard, or swapped out).
pub(crate) const PAGE_IS_SWAPPED: u64 = 1 << 4;
/// Category: the zero page, or the huge zero folio.
pub(crate) const PAGE_IS_PFNZERO: u64 = 1 << 5;
/// Category: mapped by a PMD.
pub(crate) const PAGE_IS_HUGE: u64 = 1 << 6;
/// Category: a guard region.
pub(crate) const PAGE_IS_GUARD: u64 = 1 << 8;

#[repr(C)]
#[derive(Default)]
struct Scan {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

/// Fills `regions` with the pages of `start..end` that have an entry, asked of an open
/// /proc/PID/pagemap. Answers how many there are, and where the walk ended.
pub(crate) fn scan_pagemap(
    pagemap: BorrowedFd<'_>,
    start: u64,
    end: u64,
    regions: &mut [Region],
) -> Result<(usize, u64), i32> {
    const PAGEMAP_SCAN: u64 = 0xc060_6610;
    const OF_INTEREST: u64 = PAGE_IS_PRESENT | PAGE_IS_SWAPPED;
    let mut scan = Scan {
        size: size_of::<Scan>() as u64,
        start,
        end,
        vec: regions.as_mut_ptr() as u64,
        vec_len: regions.len() as u64,
        category_anyof_mask: OF_INTEREST,
        return_mask: OF_INTEREST | PAGE_IS_WRITTEN | PAGE_IS_PFNZERO | PAGE_IS_HUGE | PAGE_IS_GUARD,
        ..Scan::default()
    };
    // SAFETY: the structure is ours, and names `regions` with its true length.
    let done = unsafe { libc::ioctl(pagemap.as_raw_fd(), PAGEMAP_SCAN, &raw mut scan) };
    result(i64::from(done)).map(|count| (count as usize, scan.walk_end))
}

/// `process_vm_readv` or, with `write`, `process_vm_writev` of one stretch of bytes.
pub(crate) fn vm_transfer(pid: i32, address: u64, bytes: &mut [u8], write: bool) -> SysResult {
    let local = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    let remote = libc::iovec { iov_base: address as *mut _, iov_len: bytes.len() };
    let number = if write { libc::SYS_process_vm_writev } else { libc::SYS_process_vm_readv };
    // SAFETY: the local vector is `bytes`, borrowed mutably; the remote one is another process's
    // memory, of which Rust knows nothing here.
    unsafe {
        let (local, remote) = (&raw const local as u64, &raw const remote as u64);
        call(number, [signed(pid), local, 1, remote, 1, 0])
    }
}
