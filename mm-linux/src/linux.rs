//! The driver: [`Linux`] starts the processes, hands every operation to its function in
//! [`crate::ops`], and keeps track of what must be cleaned up. What operations do, and how the
//! result is observed, is elsewhere.

use crate::cgroup::{self, Groups};
use crate::channel::{Shared, Silence, Verb};
use crate::family::Family;
use crate::gup::Handles;
use crate::observe::Eyes;
use crate::probe::{Feature, Probe};
use crate::settings::{self, Decoy, Thp, Will};
use crate::swap::Device;
use crate::{mlocked, ops, sys};
use mm_ops::{
    Choice, Config, Effect, Errno, Mm, Observation, Op, OrderSet, Outcome, PROCS_MAX, Pid, Vpn,
};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::mm::{MapFlags, ProtFlags};
use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long one step of an operation may take before its process counts as hung.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a silent process is looked after.
const LOOK_AFTER_MS: u32 = 200;

/// The live kernel as a subject.
///
/// Value and processes belong to the thread that made it: that thread is pinned to one CPU until
/// the value is dropped, and it must be the one that drops it.
pub struct Linux {
    pub(crate) config: Config,
    pub(crate) probe: Probe,
    pub(crate) procs: [Option<Process>; PROCS_MAX as usize],
    pub(crate) handles: Handles,
    pub(crate) eyes: RefCell<Eyes>,
    /// The folio sizes; `None` for an ordinary user.
    pub(crate) thp: Option<Thp>,
    /// The swap device; `None` where there is none to be had.
    pub(crate) swap: Option<Device>,
    /// The memory cgroups; made for the first program that needs them.
    pub(crate) groups: Option<Groups>,
    /// The program at hand has each page in a cgroup of its own, as far as they go.
    pub(crate) apart: bool,
    /// What the program last asked for; set when the next operation can see it.
    pub(crate) thp_wanted: (OrderSet, OrderSet),
    /// The count of [`Thp::fallbacks`] when this program first enabled a size.
    fallbacks_before: Option<u64>,
    /// The same count after the last operation.
    pub(crate) fallbacks_seen: Option<u64>,
    /// What the operation at hand chose.
    pub(crate) chosen: Vec<Choice>,
    /// What the program has done.
    pub(crate) past: Past,
    /// What the last observation showed.
    pub(crate) last_seen: RefCell<Observation>,
    patience_ms: u32,
    troubles: RefCell<Vec<Trouble>>,
    /// Keeps khugepaged quiet.
    decoy: Option<Decoy>,
    // Dropped in this order: nobody may use the channel when it is unmapped.
    family: Option<Family>,
    pub(crate) shared: Channel,
    idle_page: IdlePage,
    affinity: rustix::thread::CpuSet,
}

/// What a program has done, for operations that mean something else to the kernel after it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Past {
    /// It moved memory.
    pub(crate) moves: bool,
    /// It left memory behind with MREMAP_DONTUNMAP.
    pub(crate) left_behind: bool,
    /// It locked memory.
    pub(crate) locks: bool,
}

/// Something that is neither an outcome nor an observation: the run is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A simulated process ended on its own, by this signal or exit status.
    Died {
        /// Which.
        pid: Pid,
        /// Signal or exit status.
        status: i32,
    },
    /// A simulated process did not answer in time and was killed.
    Hung(Pid),
    /// The server did not answer; all processes are lost until the next reset.
    ServerLost,
    /// The kernel answered with an error number that programs do not know.
    UnknownErrno(i32),
    /// The operation cannot be executed in the state that was reached, for this reason.
    NotDriven(String),
    /// Something around the operation failed: a settings file, a file in /proc.
    Other(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Died { pid, status } => write!(f, "p{} ended by itself ({status})", pid.0),
            Self::Hung(pid) => write!(f, "p{} did not answer and was killed", pid.0),
            Self::ServerLost => f.write_str("the server of the simulated processes is gone"),
            Self::UnknownErrno(errno) => write!(f, "the kernel answered errno {errno}"),
            Self::NotDriven(what) | Self::Other(what) => f.write_str(what),
        }
    }
}

/// Why the kernel cannot be driven at all.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
pub struct LinuxError {
    what: &'static str,
    source: std::io::Error,
}

/// Names the step that failed.
fn step<T, E: Into<std::io::Error>>(
    what: &'static str,
    result: Result<T, E>,
) -> Result<T, LinuxError> {
    result.map_err(|error| LinuxError { what, source: error.into() })
}

/// A live simulated process, and its files.
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) pagemap: OwnedFd,
    pub(crate) maps: OwnedFd,
    /// Opened when it is first needed.
    mem: OnceCell<OwnedFd>,
    /// Its userfaultfd, made when the first operation is about one, or inherited in a fork.
    pub(crate) uffd: OnceCell<OwnedFd>,
    /// The same, as a descriptor of its own.
    pub(crate) own_uffd: Cell<Option<i64>>,
    /// It ended by itself or was killed, and has been waited for.
    gone: Cell<bool>,
}

impl Process {
    /// /proc/PID/mem.
    pub(crate) fn mem(&self) -> Result<BorrowedFd<'_>, i32> {
        if self.mem.get().is_none() {
            let path = format!("/proc/{}/mem", self.pid);
            let opened = rustix::fs::open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
            let _ = self.mem.set(opened.map_err(rustix::io::Errno::raw_os_error)?);
        }
        self.mem.get().map(AsFd::as_fd).ok_or(libc::EIO)
    }
}

/// The shared memory.
pub(crate) struct Channel(*mut Shared);

impl Channel {
    fn new() -> Result<Self, rustix::io::Errno> {
        let fd = rustix::fs::memfd_create("mm-linux", rustix::fs::MemfdFlags::CLOEXEC)?;
        rustix::fs::ftruncate(&fd, size_of::<Shared>() as u64)?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a fresh mapping at a place of the kernel's choice overlaps nothing; the file has
        // the length that is mapped, and nobody else can shorten it.
        let mapped = unsafe {
            let length = size_of::<Shared>();
            // All of it now, so that none belongs to a cgroup that is reclaimed.
            let kind = MapFlags::SHARED | MapFlags::POPULATE;
            rustix::mm::mmap(std::ptr::null_mut(), length, access, kind, &fd, 0)?
        };
        Ok(Self(mapped.cast()))
    }

    /// The shared memory, for as long as the processes live that this value outlives.
    fn get(&self) -> &'static Shared {
        // SAFETY: mapped until this value is dropped, which `Linux` does last; all-zero bytes and
        // everything other processes write are valid, since all of it is atomic numbers.
        unsafe { &*self.0 }
    }
}

impl std::ops::Deref for Channel {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        self.get()
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own; no reference to it is left (see `Linux`).
        let _ = unsafe { rustix::mm::munmap(self.0.cast(), size_of::<Shared>()) };
    }
}

/// A page that nothing uses, for [`sys::drain_lru`]; mapped in the driver and all its copies.
struct IdlePage(u64);

impl IdlePage {
    fn new() -> Result<Self, rustix::io::Errno> {
        // PROT_READ only, so that it is not taken for memory to be given back.
        // SAFETY: a fresh mapping at a place of the kernel's choice overlaps nothing.
        let mapped = unsafe {
            let flags = MapFlags::PRIVATE;
            rustix::mm::mmap_anonymous(std::ptr::null_mut(), 4096, ProtFlags::READ, flags)?
        };
        Ok(Self(mapped as u64))
    }
}

impl Drop for IdlePage {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own and nothing was ever read from it.
        let _ = unsafe { rustix::mm::munmap(self.0 as *mut _, 4096) };
    }
}

impl Linux {
    /// Starts the processes on the CPU the calling thread runs on, and pins the thread there.
    ///
    /// As root it first waits until no other run holds the system's settings, saves them, and makes
    /// the kernel quiet; dropping the value, or the death of this process, puts them back.
    ///
    /// # Errors
    /// Where a process, a mapping or a file in /proc or /sys is refused.
    pub fn new() -> Result<Self, LinuxError> {
        let affinity = step("reading the CPU affinity", rustix::thread::sched_getaffinity(None))?;
        let mut one = rustix::thread::CpuSet::new();
        one.set(rustix::thread::sched_getcpu());
        step("pinning to one CPU", rustix::thread::sched_setaffinity(None, &one))?;
        let shared = step("mapping shared memory", Channel::new())?;
        let idle_page = step("mapping a page", IdlePage::new())?;
        let mut linux = Self {
            config: Config::default(),
            probe: Probe::new(),
            procs: [const { None }; PROCS_MAX as usize],
            handles: step("preparing handles", Handles::new())?,
            eyes: RefCell::new(Eyes::new()),
            thp: None,
            swap: None,
            groups: None,
            apart: false,
            thp_wanted: (OrderSet::EMPTY, OrderSet::EMPTY),
            fallbacks_before: None,
            fallbacks_seen: None,
            chosen: Vec::new(),
            past: Past::default(),
            last_seen: RefCell::default(),
            patience_ms: PATIENCE.as_millis() as u32,
            troubles: RefCell::default(),
            decoy: None,
            family: None,
            shared,
            idle_page,
            affinity,
        };
        for feature in [Feature::Mappings, Feature::PageStates] {
            let found = linux.probe.need(feature).map_err(std::io::Error::other);
            step("observing (Linux 6.17 or newer can be observed)", found)?;
        }
        linux.start()?;
        Ok(linux)
    }

    /// What the kernel and the privileges allow.
    #[must_use]
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    /// Starts guardian and server, the settings first.
    fn start(&mut self) -> Result<(), LinuxError> {
        // The guardian empties the swap device, which must not be open then.
        self.eyes.get_mut().close_device();
        self.family = None;
        self.thp = None;
        self.swap = None;
        self.groups = None;
        let shared = self.shared.get();
        shared.idle_page.store(self.idle_page.0, Ordering::Relaxed);
        shared.server.clear();
        let may_change = settings::may_change();
        let will = if may_change { Will::of_system() } else { Will::empty() };
        let will = step("saving the system's settings", will)?;
        if may_change {
            // What another driver had until now is there again.
            self.probe = Probe::new();
        }
        // Who cannot set folio sizes has small pages only, whatever the system's settings.
        let family = Family::start(shared, &self.handles.inherited(), will, !may_change);
        self.family = Some(step("starting the guardian", family)?);
        if may_change {
            self.decoy = Some(step("making the kernel quiet", settings::quieten())?);
            self.thp = Some(step("opening the THP settings", Thp::open())?);
            if self.probe.has(Feature::Zram) {
                self.swap = Some(step("preparing a swap device", Device::prepare())?);
            }
        }
        Ok(())
    }

    /// How long a process may take for one operation before it counts as hung; ten seconds if not
    /// set.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience_ms = patience.as_millis().try_into().unwrap_or(u32::MAX);
    }

    /// How often a wait of so many milliseconds fits into the time that a process may take.
    pub(crate) const fn patience_in(&self, milliseconds: u32) -> u32 {
        self.patience_ms / milliseconds
    }

    /// What went wrong since the last reset. A program with troubles has no result.
    #[must_use]
    pub fn troubles(&self) -> Vec<Trouble> {
        self.troubles.borrow().clone()
    }

    pub(crate) fn trouble(&self, trouble: Trouble) {
        self.troubles.borrow_mut().push(trouble);
    }

    /// The state that was reached does not allow the operation: the program has no result from here on.
    pub(crate) fn not_driven(&self, why: impl Into<String>) -> Errno {
        self.trouble(Trouble::NotDriven(why.into()));
        Errno::EOPNOTSUPP
    }

    /// How often in this program a fault wanted a folio of an enabled size and the kernel had no
    /// memory for it. Taking a smaller one is a choice of the kernel (A6), and the reason to run the
    /// program again if anything differs. Faults of other processes of the system count, too.
    #[must_use]
    pub fn folio_fallbacks(&self) -> u64 {
        match (&self.thp, self.fallbacks_before) {
            (Some(thp), Some(before)) => thp.fallbacks() - before,
            _ => 0,
        }
    }

    /// Process number of the guardian, which puts the system's settings back.
    #[must_use]
    pub fn guardian_pid(&self) -> Option<u32> {
        self.family.as_ref().map(|family| family.guardian_pid() as u32)
    }

    /// Process numbers of the live simulated processes.
    #[must_use]
    pub fn process_pids(&self) -> Vec<u32> {
        self.live().map(|process| process.pid as u32).collect()
    }

    fn live(&self) -> impl Iterator<Item = &Process> {
        self.procs.iter().flatten().filter(|process| !process.gone.get())
    }

    /// The live process.
    pub(crate) fn process(&self, pid: Pid) -> Result<&Process, Errno> {
        let process = self.procs.get(pid.index()).and_then(Option::as_ref);
        process.filter(|process| !process.gone.get()).ok_or(Errno::ESRCH)
    }

    /// Asks a live process. A process that dies or hangs over it is a trouble, and gone.
    pub(crate) fn ask(&self, pid: Pid, verb: Verb, args: &[u64]) -> Result<i64, Errno> {
        self.process(pid)?;
        self.shared.procs[pid.index()].post(verb, args);
        self.wait_for(pid)
    }

    /// Waits for the answer of a live process that was asked.
    pub(crate) fn wait_for(&self, pid: Pid) -> Result<i64, Errno> {
        let process = self.process(pid)?;
        let slot = &self.shared.procs[pid.index()];
        let mut waited = 0;
        loop {
            if let Ok(answer) = slot.answer(LOOK_AFTER_MS) {
                return Ok(answer);
            }
            waited += LOOK_AFTER_MS;
            match self.ask_server(Verb::Ended, &[process.pid as u64]) {
                Ok(0) => {}
                Ok(_) => {
                    let status = self.ask_server(Verb::Reap, &[process.pid as u64]).unwrap_or(-1);
                    process.gone.set(true);
                    self.trouble(Trouble::Died { pid, status: status as i32 });
                    return Err(Errno::EIO);
                }
                Err(Silence) => return Err(Errno::EIO),
            }
            if waited >= self.patience_ms {
                let _ = self.ask_server(Verb::Kill, &[process.pid as u64]);
                process.gone.set(true);
                self.trouble(Trouble::Hung(pid));
                return Err(Errno::EIO);
            }
        }
    }

    /// Asks the server.
    pub(crate) fn ask_server(&self, verb: Verb, args: &[u64]) -> Result<i64, Silence> {
        let slot = &self.shared.server;
        slot.post(verb, args);
        for _ in 0..=self.patience_ms / LOOK_AFTER_MS {
            if let Ok(answer) = slot.answer(LOOK_AFTER_MS) {
                return Ok(answer);
            }
            let guardian = self.family.as_ref().map_or(-1, Family::guardian_pid);
            if !matches!(sys::wait(guardian, true), Ok((0, _))) {
                break;
            }
        }
        self.trouble(Trouble::ServerLost);
        Err(Silence)
    }

    /// Lets a process make a system call.
    pub(crate) fn syscall(&self, pid: Pid, number: i64, args: &[u64]) -> Result<i64, Errno> {
        self.post_syscall(pid, number, args)?;
        self.answer_of_syscall(pid)
    }

    /// Lets a process begin with a system call.
    pub(crate) fn post_syscall(&self, pid: Pid, number: i64, args: &[u64]) -> Result<(), Errno> {
        self.process(pid)?;
        let mut all = [0; 7];
        all[0] = number as u64;
        all[1..=args.len()].copy_from_slice(args);
        self.shared.procs[pid.index()].post(Verb::Syscall, &all);
        Ok(())
    }

    /// Waits for the end of a system call.
    pub(crate) fn answer_of_syscall(&self, pid: Pid) -> Result<i64, Errno> {
        let answer = self.wait_for(pid)?;
        if answer < 0 { Err(self.errno(-answer as i32)) } else { Ok(answer) }
    }

    /// The error number as programs know it.
    pub(crate) fn errno(&self, errno: i32) -> Errno {
        match errno {
            libc::EPERM => Errno::EPERM,
            libc::ENOENT => Errno::ENOENT,
            libc::ESRCH => Errno::ESRCH,
            libc::EINTR => Errno::EINTR,
            libc::EIO => Errno::EIO,
            libc::EBADF => Errno::EBADF,
            libc::EAGAIN => Errno::EAGAIN,
            libc::ENOMEM => Errno::ENOMEM,
            libc::EACCES => Errno::EACCES,
            libc::EFAULT => Errno::EFAULT,
            libc::EBUSY => Errno::EBUSY,
            libc::EEXIST => Errno::EEXIST,
            libc::EINVAL => Errno::EINVAL,
            libc::ENOSPC => Errno::ENOSPC,
            libc::EOPNOTSUPP => Errno::EOPNOTSUPP,
            libc::EOVERFLOW => Errno::EOVERFLOW,
            libc::EHWPOISON => Errno::EHWPOISON,
            _ => {
                self.trouble(Trouble::UnknownErrno(errno));
                Errno::EIO
            }
        }
    }

    /// Takes up a process that was just made; one whose files cannot be opened is ended again.
    pub(crate) fn adopt(&mut self, pid: Pid, number: i64) -> Result<(), Errno> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let open = |file: &str, flags: OFlags| {
            rustix::fs::open(format!("/proc/{number}/{file}"), flags, Mode::empty())
        };
        let opened = (|| {
            Ok(Process {
                pid: number as i32,
                pagemap: open("pagemap", flags)?,
                maps: open("maps", flags)?,
                mem: OnceCell::new(),
                uffd: OnceCell::new(),
                own_uffd: Cell::new(None),
                gone: Cell::new(false),
            })
        })();
        match opened {
            Ok(process) => {
                self.procs[pid.index()] = Some(process);
                Ok(())
            }
            Err(error) => {
                let error: rustix::io::Errno = error;
                let _ = self.ask_server(Verb::Kill, &[number as u64]);
                self.trouble(Trouble::Other(format!("opening files of /proc/{number}: {error}")));
                Err(Errno::EIO)
            }
        }
    }

    /// Ends all processes and makes a new `p0`.
    fn make_p0(&mut self) -> bool {
        let mut args = vec![0];
        args.extend(self.live().map(|process| process.pid as u64));
        args[0] = args.len() as u64 - 1;
        self.procs = [const { None }; PROCS_MAX as usize];
        self.shared.procs[0].clear();
        match self.ask_server(Verb::Reset, &args) {
            Ok(number) if number > 0 => self.adopt(Pid(0), number).is_ok(),
            _ => false,
        }
    }

    /// Sets the folio sizes the program asked for, if that was not done yet.
    fn settle_thp(&mut self) {
        if let Some(thp) = &mut self.thp {
            let (always, madvise) = self.thp_wanted;
            if always.union(madvise) != OrderSet::EMPTY && self.fallbacks_before.is_none() {
                self.fallbacks_before = Some(thp.fallbacks());
                self.fallbacks_seen = self.fallbacks_before;
            }
            if let Err(error) = thp.set(always, madvise) {
                self.trouble(Trouble::Other(format!("setting folio sizes: {error}")));
            }
        }
    }

    /// Empties this CPU's LRU batches after the driver itself touched a process's memory.
    pub(crate) fn drain_lru(&self) {
        sys::drain_lru(self.idle_page.0);
    }
}

impl Mm for Linux {
    fn reset(&mut self, config: &Config) {
        self.config = *config;
        self.handles.close_all();
        self.thp_wanted = (OrderSet::EMPTY, OrderSet::EMPTY);
        self.fallbacks_before = None;
        self.fallbacks_seen = None;
        self.past = Past::default();
        self.last_seen.get_mut().clear();
        if let Some(device) = &mut self.swap {
            device.begin();
        }
        if !self.make_p0() {
            // A new family, once: the server may have been killed from outside.
            if let Err(error) = self.start() {
                self.trouble(Trouble::Other(error.to_string()));
            }
            self.make_p0();
        }
        self.troubles.borrow_mut().clear();
        self.keep_apart();
        if self.procs[0].is_none() {
            self.trouble(Trouble::ServerLost);
        }
        let huge_zero = config.huge_zero;
        if let Some(Err(error)) = self.thp.as_mut().map(|thp| thp.use_zero_page(huge_zero)) {
            self.trouble(Trouble::Other(format!("setting use_zero_page: {error}")));
        }
    }

    fn apply(&mut self, op: &Op) -> Effect {
        // Resetting the sizes is put off to here: most programs begin by setting them anew.
        if !matches!(op, Op::Thp { .. }) {
            self.settle_thp();
        }
        cgroup::turn(self, op);
        let row = ops::row(op);
        let answer = (row.run)(self, op);
        let outcome = mlocked::none_is_cached_unmarked(self).and(answer);
        let outcome = outcome.unwrap_or_else(Outcome::Err);
        let mut choices = std::mem::take(&mut self.chosen);
        choices.extend(self.folio_orders(op));
        Effect { outcome, choices }
    }

    fn observe(&self, out: &mut Observation) {
        self.eyes.borrow_mut().observe(self, out);
        let mut last = self.last_seen.borrow_mut();
        last.pages.clone_from(&out.pages);
        last.names.clone_from(&out.names);
    }

    fn exclusivity(&mut self) -> Option<Vec<(Pid, Vpn, bool)>> {
        Some(self.probe_exclusive())
    }
}

impl Drop for Linux {
    fn drop(&mut self) {
        self.handles.close_all();
        self.eyes.get_mut().close_device();
        self.family = None;
        let _ = rustix::thread::sched_setaffinity(None, &self.affinity);
    }
}

/// Puts a page's words into a slot.
pub(crate) fn fill_page(page: &[AtomicU64], word: impl Fn(usize) -> u64) {
    for (index, to) in page.iter().enumerate() {
        to.store(word(index), Ordering::Relaxed);
    }
}
