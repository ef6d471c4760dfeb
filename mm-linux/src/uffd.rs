//! userfaultfd. Each process has one context, made by the process itself and then taken over by the
//! driver (`pidfd_getfd`), which makes all the calls: they work on the memory the context was made for,
//! whoever makes them. With UFFD_FEATURE_SIGBUS a fault that would be delivered ends in SIGBUS, so
//! nobody has to answer faults.
//!
//! With UFFD_FEATURE_EVENT_FORK a fork waits until its event is read, and reading it makes the
//! child's context a descriptor of whoever reads: the driver. With UFFD_FEATURE_EVENT_REMAP a mremap waits
//! in the same way.
//!
//! UFFDIO_MOVE is only for the process whose memory it is, so that one makes the call.

use crate::arena::{self, KERNEL_PTES};
use crate::channel::Verb;
use crate::linux::{Linux, Trouble};
use crate::ops::{Answer, fields, page_bytes};
use crate::page::PAGE_SIZE;
use crate::sys::{self, Region, SysResult};
use mm_ops::{
    Config, Errno, Op, Outcome, PageRange, Pid, UffdCall, UffdFill, UffdWpMode, Value, VmaView,
};
use rustix::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;

/// Feature: children keep what is watched.
pub(crate) const EVENT_FORK: u64 = 1 << 1;
/// Feature: moved memory stays watched.
const EVENT_REMAP: u64 = 1 << 2;
/// Feature: who touches what is watched gets a signal.
pub(crate) const SIGBUS: u64 = 1 << 7;
/// Feature: empty places can be write-protected.
pub(crate) const WP_UNPOPULATED: u64 = 1 << 13;
/// Feature: UFFDIO_POISON.
pub(crate) const POISON: u64 = 1 << 14;
/// Feature: a write resolves the protection by itself.
pub(crate) const WP_ASYNC: u64 = 1 << 15;

/// Feature: UFFDIO_MOVE.
pub(crate) const MOVE: u64 = 1 << 16;

/// The version of the interface.
const API: u64 = 0xAA;
/// Only faults of userspace are delivered: what an ordinary user may have. With UFFD_FEATURE_SIGBUS
/// it makes no difference, since that is looked at first.
const USER_MODE_ONLY: u64 = 1;
const UFFDIO_API: u64 = 0xc018_aa3f;
const UFFDIO_REGISTER: u64 = 0xc020_aa00;
const UFFDIO_UNREGISTER: u64 = 0x8010_aa01;
const UFFDIO_COPY: u64 = 0xc028_aa03;
const UFFDIO_ZEROPAGE: u64 = 0xc020_aa04;
const UFFDIO_WRITEPROTECT: u64 = 0xc018_aa06;
const UFFDIO_POISON: u64 = 0xc020_aa08;
const UFFDIO_MOVE: u64 = 0xc028_aa05;
/// Bytes of an event.
const MESSAGE_BYTES: usize = 32;
/// The event of a fork, in the first byte of a message.
const EVENT_OF_FORK: u8 = 0x13;
/// How long a process is waited for between two looks for its event.
const LOOK_MS: u32 = 1;

/// Makes a context: the flags for userfaultfd(2).
pub(crate) const FLAGS: u64 = (libc::O_CLOEXEC | libc::O_NONBLOCK) as u64 | USER_MODE_ONLY;

/// What a program's contexts are asked for.
pub(crate) const fn features(config: &Config) -> u64 {
    let wp = match config.uffd {
        UffdWpMode::Sync => 0,
        UffdWpMode::Unpopulated => WP_UNPOPULATED,
        UffdWpMode::Async => WP_UNPOPULATED | WP_ASYNC,
    };
    let fork = if config.uffd_fork { EVENT_FORK } else { 0 };
    let remap = if config.uffd_remap { EVENT_REMAP } else { 0 };
    SIGBUS | wp | fork | remap
}

/// A call on a context. The words are what the call's structure holds.
fn ioctl<const N: usize>(uffd: BorrowedFd<'_>, request: u64, mut words: [u64; N]) -> SysResult {
    let args = [uffd.as_raw_fd() as u64, request, words.as_mut_ptr() as u64];
    // SAFETY: the structure is ours and has the size that the request's number carries; the memory
    // it names is a simulated process's, or is only read.
    unsafe { sys::call(libc::SYS_ioctl, args) }
}

/// Asks a fresh context for features. Answers what the kernel has.
pub(crate) fn agree(uffd: BorrowedFd<'_>, features: u64) -> Result<u64, i32> {
    let mut words = [API, features, 0];
    let args = [uffd.as_raw_fd() as u64, UFFDIO_API, words.as_mut_ptr() as u64];
    // SAFETY: the structure is ours and has the size that the request's number carries.
    unsafe { sys::call(libc::SYS_ioctl, args) }?;
    Ok(words[1])
}

/// Takes over a descriptor of another process.
fn take_over(pid: i32, fd: i64) -> Result<OwnedFd, i32> {
    let owned = |fd: i64| {
        // SAFETY: a descriptor that the kernel just made for this call, and nobody else has.
        unsafe { OwnedFd::from_raw_fd(fd as i32) }
    };
    // SAFETY: numbers in, a descriptor out.
    let process = owned(unsafe { sys::call(libc::SYS_pidfd_open, [pid as u64, 0]) }?);
    let args = [process.as_raw_fd() as u64, fd as u64, 0];
    // SAFETY: as above.
    unsafe { sys::call(libc::SYS_pidfd_getfd, args) }.map(owned)
}

/// The context of a process.
fn context(linux: &Linux, pid: Pid) -> Result<BorrowedFd<'_>, Errno> {
    let process = linux.process(pid)?;
    if process.uffd.get().is_none() {
        let made = linux.syscall(pid, libc::SYS_userfaultfd, &[FLAGS])?;
        let taken = take_over(process.pid, made).and_then(|uffd| {
            agree(uffd.as_fd(), features(&linux.config))?;
            Ok(uffd)
        });
        process.own_uffd.set(Some(made));
        let _ = process.uffd.set(taken.map_err(|errno| linux.errno(errno))?);
    }
    process.uffd.get().map(AsFd::as_fd).ok_or(Errno::EIO)
}

/// Makes a call on the context of a process. What it put into LRU batches is drained.
fn on_context<const N: usize>(linux: &Linux, pid: Pid, request: u64, words: [u64; N]) -> Answer {
    let done = ioctl(context(linux, pid)?, request, words);
    linux.drain_lru();
    done.map(|_| Outcome::Ok).map_err(|errno| linux.errno(errno))
}

/// `uffd_register`, `uffd_unregister`, `uffd_wp`.
pub(crate) fn call(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, range, call) = fields!(*op, Op::Uffd { pid, range, call } => (pid, range, call));
    linux.process(pid)?;
    let (start, length) = arena::limited(range, &linux.config);
    match call {
        UffdCall::Register { missing, wp } => {
            let mode = u64::from(missing) | u64::from(wp) << 1;
            on_context(linux, pid, UFFDIO_REGISTER, [start, length, mode, 0])
        }
        UffdCall::Unregister => on_context(linux, pid, UFFDIO_UNREGISTER, [start, length]),
        UffdCall::Protect(on) => {
            on_context(linux, pid, UFFDIO_WRITEPROTECT, [start, length, on.into()])
        }
    }
}

/// `uffd_copy`, `uffd_zero`, `uffd_poison`.
pub(crate) fn fill(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, vpn, fill) = fields!(*op, Op::UffdFill { pid, vpn, fill } => (pid, vpn, fill));
    linux.process(pid)?;
    let (at, length) = arena::limited(PageRange::new(vpn.0, 1), &linux.config);
    match fill {
        UffdFill::Copy { value, wp } => copy(linux, pid, (at, length), value, wp),
        UffdFill::Zero => on_context(linux, pid, UFFDIO_ZEROPAGE, [at, length, 0, 0]),
        UffdFill::Poison => on_context(linux, pid, UFFDIO_POISON, [at, length, 0, 0]),
    }
}

/// The kernel reads the page from the caller, which is the driver.
fn copy(linux: &Linux, pid: Pid, (to, length): (u64, u64), value: Value, wp: bool) -> Answer {
    let page = page_bytes(value);
    let mode = u64::from(wp) << 1;
    on_context(linux, pid, UFFDIO_COPY, [to, page.as_ptr() as u64, length, mode, 0])
}

/// Lets a process fork, and reads the event that the fork waits for. Answers the process's answer and
/// the child's context, if it inherited one.
pub(crate) fn fork(
    linux: &Linux,
    parent: Pid,
    child: Pid,
) -> Result<(i64, Option<OwnedFd>), Errno> {
    linux.process(parent)?;
    linux.shared.procs[parent.index()].post(Verb::Fork, &[child.index() as u64]);
    let mut inherited = None;
    if linux.config.uffd_fork {
        read_events(linux, parent, |message| {
            inherited = inherited.take().or_else(|| context_of_child(message));
        })?;
    }
    Ok((linux.wait_for(parent)?, inherited))
}

/// Makes a system call for which somebody may have to read an event.
pub(crate) fn syscall_with_events(
    linux: &Linux,
    pid: Pid,
    number: i64,
    args: &[u64],
) -> Result<i64, Errno> {
    if !linux.config.uffd_remap || linux.process(pid)?.uffd.get().is_none() {
        return linux.syscall(pid, number, args);
    }
    linux.post_syscall(pid, number, args)?;
    read_events(linux, pid, |_| {})?;
    linux.answer_of_syscall(pid)
}

/// Reads the events that a process waits for, until it has answered. One that does neither is found out by
/// who waits for the answer.
fn read_events(
    linux: &Linux,
    pid: Pid,
    mut tell: impl FnMut(&[u8; MESSAGE_BYTES]),
) -> Result<(), Errno> {
    let slot = &linux.shared.procs[pid.index()];
    let Some(uffd) = linux.process(pid)?.uffd.get() else { return Ok(()) };
    for _ in 0..linux.patience_in(LOOK_MS) {
        if slot.answer(LOOK_MS).is_ok() {
            break;
        }
        let mut message = [0_u8; MESSAGE_BYTES];
        if rustix::io::read(uffd, &mut message[..]) == Ok(MESSAGE_BYTES) {
            tell(&message);
        }
    }
    Ok(())
}

/// The event of a fork brings the child's context.
fn context_of_child(message: &[u8; MESSAGE_BYTES]) -> Option<OwnedFd> {
    if message[0] != EVENT_OF_FORK {
        return None;
    }
    let fd = message[8..12].try_into().map(i32::from_ne_bytes).ok()?;
    // SAFETY: reading the event made this descriptor, and nobody else knows of it.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The context as a descriptor of the process. One it inherited is the driver's only, and copied from there.
fn own_context(linux: &Linux, pid: Pid) -> Result<u64, Errno> {
    let fd = context(linux, pid)?.as_raw_fd();
    let process = linux.process(pid)?;
    if process.own_uffd.get().is_none() {
        let driver = linux.syscall(pid, libc::SYS_pidfd_open, &[std::process::id().into(), 0])?;
        let copied = linux.syscall(pid, libc::SYS_pidfd_getfd, &[driver as u64, fd as u64, 0]);
        linux.syscall(pid, libc::SYS_close, &[driver as u64])?;
        process.own_uffd.set(Some(copied?));
    }
    process.own_uffd.get().map(|fd| fd as u64).ok_or(Errno::EIO)
}

/// `uffd_move`.
pub(crate) fn move_pages(linux: &mut Linux, op: &Op) -> Answer {
    let (pid, range, to, holes) =
        fields!(*op, Op::UffdMove { pid, range, to, holes } => (pid, range, to, holes));
    linux.process(pid)?;
    let (from, length) = arena::limited(range, &linux.config);
    let (to, _) = arena::limited(PageRange { start: to, len: range.len }, &linux.config);
    let fd = own_context(linux, pid)?;
    let slot = &linux.shared.procs[pid.index()];
    let words = slot.scratch(&[to, from, length, u64::from(holes) << 1, 0]);
    let done = linux.syscall(pid, libc::SYS_ioctl, &[fd, UFFDIO_MOVE, words]);
    // Bytes, or an error; of a call that ended early the kernel says EAGAIN, and how far it came.
    let moved = slot.scratch[4].load(Ordering::Relaxed) as i64;
    match done {
        Ok(_) | Err(Errno::EAGAIN) if moved > 0 => {
            Ok(Outcome::Count((moved as u64 / PAGE_SIZE) as u32))
        }
        Ok(_) => Err(Errno::EIO),
        Err(errno) => {
            let smaller = linux.config.ptes < KERNEL_PTES;
            if errno == Errno::EEXIST && smaller && !holes && is_empty(linux, pid, from)? {
                let why = "uffd_move from an empty place to one that is taken: which error it is depends on \
                           where a page table ends, and the kernel's have 512 entries";
                linux.trouble(Trouble::NotDriven(why.to_owned()));
            }
            Err(errno)
        }
    }
}

/// Whether a page has no entry.
fn is_empty(linux: &Linux, pid: Pid, at: u64) -> Result<bool, Errno> {
    let pagemap = linux.process(pid)?.pagemap.as_fd();
    let mut found = [Region::default()];
    let scanned = sys::scan_pagemap(pagemap, at, at + PAGE_SIZE, &mut found);
    scanned.map(|(count, _)| count == 0).map_err(|errno| linux.errno(errno))
}

/// Gives a child the context it inherited.
pub(crate) fn inherit(linux: &Linux, child: Pid, context: Option<OwnedFd>) {
    if let (Ok(process), Some(context)) = (linux.process(child), context) {
        let _ = process.uffd.set(context);
    }
}

/// Ends all watching of a mapping, so that stores there are the process's own again.
pub(crate) fn stop_watching(linux: &Linux, vma: &VmaView) {
    let watched = linux.process(vma.pid).ok().and_then(|process| process.uffd.get());
    if let Some(uffd) = watched {
        let start = arena::address(vma.start);
        // What cannot be watched is refused, and was not.
        let _ = ioctl(uffd.as_fd(), UFFDIO_UNREGISTER, [start, arena::address(vma.end) - start]);
    }
}
