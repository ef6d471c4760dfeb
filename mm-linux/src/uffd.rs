//! userfaultfd. Each process has one context, made by the process itself and then taken over by the
//! driver (`pidfd_getfd`), which makes all the calls: they work on the memory the context was made for,
//! whoever makes them. With UFFD_FEATURE_SIGBUS a fault that would be delivered ends in SIGBUS, so
//! nobody has to answer faults.
//!
//! With UFFD_FEATURE_EVENT_FORK a fork waits until its event is read, and reading it makes the
//! child's context a descriptor of whoever reads: the driver.

use crate::arena;
use crate::channel::Verb;
use crate::linux::Linux;
use crate::ops::{Answer, fields, page_bytes};
use crate::sys::{self, SysResult};
use mm_ops::{
    Config, Errno, Op, Outcome, PageRange, Pid, UffdCall, UffdFill, UffdWpMode, Value, VmaView,
};
use rustix::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::fd::AsFd;

/// Feature: children keep what is watched.
pub(crate) const EVENT_FORK: u64 = 1 << 1;
/// Feature: who touches what is watched gets a signal.
pub(crate) const SIGBUS: u64 = 1 << 7;
/// Feature: empty places can be write-protected.
pub(crate) const WP_UNPOPULATED: u64 = 1 << 13;
/// Feature: UFFDIO_POISON.
pub(crate) const POISON: u64 = 1 << 14;
/// Feature: a write resolves the protection by itself.
pub(crate) const WP_ASYNC: u64 = 1 << 15;

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
/// Bytes of an event.
const MESSAGE_BYTES: usize = 32;
/// The event of a fork, in the first byte of a message.
const EVENT_OF_FORK: u8 = 0x13;
/// How long a fork is waited for between two looks for its event.
const FORK_LOOK_MS: u32 = 1;

/// Makes a context: the flags for userfaultfd(2).
pub(crate) const FLAGS: u64 = (libc::O_CLOEXEC | libc::O_NONBLOCK) as u64 | USER_MODE_ONLY;

/// What a program's contexts are asked for.
pub(crate) const fn features(config: &Config) -> u64 {
    let wp = match config.uffd {
        UffdWpMode::Sync => 0,
        UffdWpMode::Unpopulated => WP_UNPOPULATED,
        UffdWpMode::Async => WP_UNPOPULATED | WP_ASYNC,
    };
    SIGBUS | wp | if config.uffd_fork { EVENT_FORK } else { 0 }
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
        linux.syscall(pid, libc::SYS_close, &[made as u64])?;
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
    let slot = &linux.shared.procs[parent.index()];
    let process = linux.process(parent)?;
    slot.post(Verb::Fork, &[child.index() as u64]);
    let mut inherited = None;
    if let (true, Some(uffd)) = (linux.config.uffd_fork, process.uffd.get()) {
        // A fork without anything watched has no event; one that hangs is found out below.
        for _ in 0..linux.patience_in(FORK_LOOK_MS) {
            if slot.answer(FORK_LOOK_MS).is_ok() {
                break;
            }
            inherited = inherited.or_else(|| event_of_fork(uffd.as_fd()));
        }
    }
    Ok((linux.wait_for(parent)?, inherited))
}

/// Reads the event of a fork, if there is one: the child's context.
fn event_of_fork(uffd: BorrowedFd<'_>) -> Option<OwnedFd> {
    let mut message = [0_u8; MESSAGE_BYTES];
    let read = rustix::io::read(uffd, &mut message[..]).ok()?;
    if read != MESSAGE_BYTES || message[0] != EVENT_OF_FORK {
        return None;
    }
    let fd = message[8..12].try_into().map(i32::from_ne_bytes).ok()?;
    // SAFETY: reading the event made this descriptor, and nobody else knows of it.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
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
