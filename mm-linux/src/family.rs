//! The processes behind a driver: driver → guardian → server → simulated processes.
//!
//! * The **guardian** sleeps on a pipe whose other end only the driver holds. When that end closes,
//!   for whatever reason (drop, panic, Ctrl-C, SIGKILL), it ends the server and its children and
//!   puts the system's settings back ([`crate::settings::Will`]). It lives in a session of its own,
//!   so that the terminal's signals do not reach it.
//! * The **server** forks `p0` of every program and is the parent of every simulated process: they
//!   fork with `CLONE_PARENT`. It waits for them, and they die with it.
//!
//! Both are copies of the driver, possibly of a program with many threads, of which only one is
//! left: they may not allocate, take locks or panic. They give the driver's heap and stacks back at
//! once, so that the driver pays for no copies and a fork of the server is cheap.

use crate::channel::{Shared, Verb};
use crate::settings::Will;
use crate::{access, process, sys};
use rustix::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::Ordering;

/// Most file descriptors that the guardian and the server keep open.
pub(crate) const KEEP_MAX: usize = 64;

/// A running guardian. Dropping it ends everything and waits until the settings are back.
pub(crate) struct Family {
    guardian: i32,
    /// Closing it is the sign to end.
    lifeline: Option<OwnedFd>,
    will: Will,
}

impl Family {
    /// Starts guardian and server. `keep` are the descriptors the simulated processes need; with
    /// `small_pages_only` they get no THP, whatever the settings.
    pub(crate) fn start(
        shared: &'static Shared,
        keep: &[RawFd],
        will: Will,
        small_pages_only: bool,
    ) -> std::io::Result<Self> {
        let (end, lifeline) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        // The guardian needs its end, the will's lock (inherited, it holds until all is restored)
        // and stderr.
        let mut all = keep.to_vec();
        all.extend(will.lock_fd());
        all.extend([2, end.as_raw_fd()]);
        all.sort_unstable();
        // Not on the heap: the guardian gives that back.
        let mut kept = [0; KEEP_MAX];
        let count = all.len().min(KEEP_MAX);
        kept[..count].copy_from_slice(&all[..count]);
        // SAFETY: the copy runs `guardian`, which keeps to what a copy may do.
        let pid = match unsafe { sys::fork(false) } {
            Ok(0) => guardian(shared, &kept[..count], end.as_raw_fd(), &will, small_pages_only),
            Ok(pid) => pid as i32,
            Err(errno) => return Err(std::io::Error::from_raw_os_error(errno)),
        };
        Ok(Self { guardian: pid, lifeline: Some(lifeline), will })
    }

    /// Process number of the guardian.
    pub(crate) fn guardian_pid(&self) -> i32 {
        self.guardian
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        self.lifeline = None;
        // If the guardian was killed its will has not been done.
        if sys::wait(self.guardian, false) != Ok((self.guardian, 0)) {
            self.will.carry_out();
        }
    }
}

fn guardian(
    shared: &'static Shared,
    keep: &[RawFd],
    end: RawFd,
    will: &Will,
    small_pages_only: bool,
) -> ! {
    close_all_but(keep);
    ignore_signals();
    // SAFETY: no memory is involved; a session of its own keeps the terminal's signals away.
    let _ = unsafe { sys::call(libc::SYS_setsid, []) };
    // Orphans come to the guardian, so that none is left when it ends.
    let _ = sys::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
    if small_pages_only {
        // Inherited by every fork.
        let _ = sys::prctl(libc::PR_SET_THP_DISABLE, 1);
    }
    no_core_files();
    give_memory_back(shared, will);
    // SAFETY: the copy runs `server`, which keeps to what a copy may do.
    let server_pid = match unsafe { sys::fork(false) } {
        Ok(0) => server(shared),
        Ok(pid) => pid as i32,
        Err(_) => sys::exit(1),
    };
    wait_for_end(end);
    let _ = sys::kill(server_pid);
    while sys::wait(-1, false).is_ok() {}
    will.carry_out();
    sys::exit(0)
}

/// Returns when no process holds the other end of the pipe any more.
fn wait_for_end(end: RawFd) {
    let mut byte = [0_u8; 1];
    loop {
        let args = [end as u64, byte.as_mut_ptr() as u64, 1];
        // SAFETY: reads one byte into a buffer of one byte.
        match unsafe { sys::call(libc::SYS_read, args) } {
            Err(libc::EINTR) => {}
            _ => return,
        }
    }
}

fn server(shared: &'static Shared) -> ! {
    let guardian = sys::parent();
    let _ = sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as u64);
    if guardian == 1 || sys::parent() != guardian {
        sys::exit(1);
    }
    access::install_handler();
    shared.server_pid.store(sys::own_pid(), Ordering::Relaxed);
    let slot = &shared.server;
    loop {
        let answer = match slot.wait() {
            Some(Verb::Reset) => reset(shared),
            Some(Verb::Reap) => reap(slot.arg(0) as i32),
            Some(Verb::Kill) => {
                let _ = sys::kill(slot.arg(0) as i32);
                reap(slot.arg(0) as i32)
            }
            Some(Verb::Ended) => match sys::wait(slot.arg(0) as i32, true) {
                Ok((ended, _)) => i64::from(ended != 0),
                Err(errno) => -i64::from(errno),
            },
            _ => sys::exit(1),
        };
        slot.reply(answer);
    }
}

fn reap(pid: i32) -> i64 {
    match sys::wait(pid, false) {
        Ok((_, status)) => i64::from(status),
        Err(errno) => -i64::from(errno),
    }
}

/// Ends every simulated process the driver knows of, waits for all, and makes a new `p0`.
fn reset(shared: &'static Shared) -> i64 {
    for index in 0..shared.server.arg(0) as usize {
        let _ = sys::kill(shared.server.arg(index + 1) as i32);
    }
    while sys::wait(-1, false).is_ok() {}
    // SAFETY: the copy runs `process::run`, which keeps to what a copy may do.
    match unsafe { sys::fork(false) } {
        Ok(0) => process::run(shared, 0),
        Ok(pid) => pid,
        Err(errno) => -i64::from(errno),
    }
}

/// Closes every descriptor that is not in the sorted list.
fn close_all_but(keep: &[RawFd]) {
    let mut next: u64 = 0;
    for fd in keep.iter().map(|fd| *fd as u64).chain([1 << 31]) {
        if next < fd {
            // SAFETY: no Rust value that owns one of these descriptors is used in this process.
            let _ = unsafe { sys::call(libc::SYS_close_range, [next, fd - 1]) };
        }
        next = fd + 1;
    }
}

/// A simulated process that crashes is reported, not written to a file.
fn no_core_files() {
    let none = [0_u64; 2];
    let args = [0, libc::RLIMIT_CORE.into(), &raw const none as u64, 0];
    // SAFETY: the kernel reads a limit of two words, which is ours.
    let _ = unsafe { sys::call(libc::SYS_prlimit64, args) };
}

fn ignore_signals() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGPIPE] {
        // SAFETY: ignoring a signal needs no handler.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    // The thread that made this copy may have blocked signals that children must get.
    let empty = 0_u64;
    let args = [libc::SIG_SETMASK as u64, &raw const empty as u64, 0, 8];
    // SAFETY: the kernel reads a mask of eight bytes, which is ours.
    let _ = unsafe { sys::call(libc::SYS_rt_sigprocmask, args) };
}

/// Unmaps the driver's heap, other threads' stacks, and what it shares with others: everything
/// anonymous or shared that is written to, but for this stack, the thread's storage, the programs'
/// data segments, and the channel. Where the kernel cannot list mappings, nothing is given back.
fn give_memory_back(shared: &Shared, will: &Will) {
    let path = c"/proc/self/maps".as_ptr() as u64;
    // SAFETY: opens a file by a constant, terminated path.
    let opened = unsafe { sys::call(libc::SYS_open, [path]) };
    let Ok(fd) = opened else { return };
    // SAFETY: just opened, and closed below after its last use.
    let maps = unsafe { rustix::fd::BorrowedFd::borrow_raw(fd as RawFd) };
    let here = 0_u8;
    let needed = [
        std::ptr::from_ref(&here) as u64,
        thread_pointer(),
        std::ptr::from_ref(shared) as u64,
        std::ptr::from_ref(will) as u64,
        will.address(),
    ];
    let mut address = 0;
    let mut behind_data = 0;
    while let Ok(Some(found)) = sys::mapping_from(maps, address) {
        address = found.end;
        let file = found.inode != 0 && !found.shared();
        if file && found.writable() {
            // What follows without a gap is the same program's zero-filled data.
            behind_data = found.end;
            continue;
        }
        let spare = !file
            && !found.executable()
            && (found.writable() || !found.readable())
            && found.start != behind_data
            && !needed.iter().any(|needed| (found.start..found.end).contains(needed));
        if spare {
            let args = [found.start, found.end - found.start];
            // SAFETY: nothing that runs in this process from here on uses this memory: it holds
            // neither code, nor constants, nor this stack, nor anything named in `needed`.
            let _ = unsafe { sys::call(libc::SYS_munmap, args) };
        }
    }
    // SAFETY: the descriptor is this function's own.
    let _ = unsafe { sys::call(libc::SYS_close, [fd as u64]) };
}

/// Address of this thread's storage, which holds errno among others.
fn thread_pointer() -> u64 {
    // SAFETY: errno lies in the thread's storage, which is valid for as long as the thread lives.
    unsafe { libc::__errno_location() as u64 }
}
