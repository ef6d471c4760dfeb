//! Memory cgroups of the driver's own: the one way to have the kernel reclaim a page that several processes
//! map. A cgroup is reclaimed as a whole, so that every operation that may take memory is executed in
//! the next of several: a page belongs to the one its process was in when it was taken, whatever happens to
//! it later, and /proc/kpagecgroup tells which. What reclaiming one of them would take is so known
//! beforehand; where it is more than the folio in question nothing is reclaimed.
//!
//! Moving a process costs as much as ten operations, so it is done only for programs that can make use of it
//! ([`Linux::prepare`]). The guardian removes the cgroups ([`crate::settings::Will`]).

use crate::folio::{Folio, frames, is_active};
use crate::linux::{Linux, Trouble};
use crate::observe::{read_words, word};
use mm_ops::{Advice, Errno, Observation, Op, Pid, Program};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Which cgroup a page belongs to, by inode number; a word for each frame.
const OF_FRAMES: &str = "/proc/kpagecgroup";
/// How many there are. A program with more operations that take memory comes round to the first.
const GROUPS: usize = 64;
/// What lives in this directory below the root of the hierarchy is the driver's.
const NAME: &str = "mm-linux";
/// How often a cgroup is reclaimed whose page is found active: once to be made so by its first look, once to be
/// deactivated, and once for good measure.
const ROUNDS: u32 = 3;
/// More than a program can have, in bytes.
const EVERYTHING: &str = "1G";

/// The two interfaces of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// `memory.force_empty` and `memory.swappiness`.
    One,
    /// `memory.reclaim`.
    Two,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "1",
            Self::Two => "2",
        })
    }
}

impl Version {
    /// Where the hierarchy is.
    const fn root(self) -> &'static str {
        match self {
            Self::One => "/sys/fs/cgroup/memory",
            Self::Two => "/sys/fs/cgroup",
        }
    }

    fn own(self) -> PathBuf {
        Path::new(self.root()).join(NAME)
    }

    /// Reclaims all that a cgroup has; its anonymous pages only if so wished, else only what
    /// hangs on shrinkers. That something is left is no error.
    fn reclaim(self, group: &Path, anonymous: bool) -> std::io::Result<()> {
        if self == Self::Two {
            let swappiness = if anonymous { "200" } else { "0" };
            let asked = format!("{EVERYTHING} swappiness={swappiness}");
            return match fs::write(group.join("memory.reclaim"), asked) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(()),
                done => done,
            };
        }
        let swappiness = group.join("memory.swappiness");
        fs::write(&swappiness, if anonymous { "100" } else { "0" })?;
        fs::write(group.join("memory.force_empty"), "0")?;
        // Nobody else's need for memory shall find them.
        fs::write(&swappiness, "0")
    }
}

/// Which version can be used here, or why none can.
pub(crate) fn available() -> Result<Version, String> {
    if !rustix::process::geteuid().is_root() {
        return Err("needs root".to_owned());
    }
    if !Path::new(OF_FRAMES).exists() {
        return Err(format!("{OF_FRAMES}: not built into the kernel"));
    }
    let (first, second) = (Path::new(Version::One.root()), Path::new(Version::Two.root()));
    let (version, root) = if first.join("memory.force_empty").exists() {
        (Version::One, first)
    } else {
        let children = fs::read_to_string(second.join("cgroup.subtree_control"));
        if !children.unwrap_or_default().split_whitespace().any(|name| name == "memory") {
            return Err("no hierarchy of cgroups has the memory controller".to_owned());
        }
        (Version::Two, second)
    };
    rustix::fs::access(root, rustix::fs::Access::WRITE_OK)
        .map_err(|error| format!("{}: {error}", root.display()))?;
    Ok(version)
}

/// The directories to be removed, innermost first.
pub(crate) fn legacies() -> impl Iterator<Item = String> {
    let own = available().ok().map(Version::own);
    own.into_iter().flat_map(|own| {
        let groups = (0..GROUPS).map(|index| own.join(index.to_string()));
        let all = groups.chain([own.clone()]).map(|path| path.display().to_string());
        all.collect::<Vec<_>>()
    })
}

/// One cgroup.
struct Group {
    path: PathBuf,
    /// Takes processes.
    procs: File,
    inode: u64,
}

/// The cgroups as they are set up.
pub(crate) struct Groups {
    version: Version,
    groups: Vec<Group>,
    next: usize,
    of_frames: OwnedFd,
}

impl Groups {
    /// Makes them. Call it only with a guardian running.
    fn make() -> std::io::Result<Self> {
        let version = available().map_err(std::io::Error::other)?;
        let own = version.own();
        let make = |path: &Path| match fs::create_dir(path) {
            // Left over from a run whose guardian was killed, too.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            done => done,
        };
        make(&own)?;
        if version == Version::Two {
            fs::write(own.join("cgroup.subtree_control"), "+memory")?;
        }
        let group = |index: usize| {
            let path = own.join(index.to_string());
            make(&path)?;
            let procs = File::options().write(true).open(path.join("cgroup.procs"))?;
            let inode = fs::metadata(&path)?.ino();
            Ok(Group { path, procs, inode })
        };
        let groups = (0..GROUPS).map(group).collect::<std::io::Result<_>>()?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let of_frames = rustix::fs::open(OF_FRAMES, flags, Mode::empty())?;
        Ok(Self { version, groups, next: 0, of_frames })
    }

    /// A program begins.
    pub(crate) fn begin(&mut self) {
        self.next = 0;
    }

    /// The cgroup that a frame belongs to, if it is one of these.
    fn of_frame(&self, frame: u64) -> Result<Option<usize>, i32> {
        let mut words = Vec::new();
        read_words(self.of_frames.as_fd(), frame, 1, &mut words)?;
        let inode = word(&words, 0);
        Ok(self.groups.iter().position(|group| group.inode == inode))
    }
}

impl Linux {
    /// Looks at a program that is to be executed next, before [`mm_ops::Mm::reset`]: whether its pages must be
    /// kept apart. Without it the pages that several processes map cannot be swapped out, and
    /// `deferred_scan` cannot be had.
    pub fn prepare(&mut self, program: &Program) {
        let needs =
            |op: &Op| matches!(op, Op::SwapOut { .. } | Op::Split { .. } | Op::DeferredScan { .. });
        self.apart = program.steps.iter().any(|step| needs(&step.op));
    }

    /// Makes the cgroups, if the program at hand needs them.
    pub(crate) fn keep_apart(&mut self) {
        if !self.apart || !self.probe.has(crate::probe::Feature::MemoryCgroup) {
            return;
        }
        if self.groups.is_none() {
            match Groups::make() {
                Ok(groups) => self.groups = Some(groups),
                Err(error) => self.trouble(Trouble::Other(format!("making cgroups: {error}"))),
            }
        }
        if let Some(groups) = &mut self.groups {
            groups.begin();
        }
    }
}

/// The processes for which an operation may take memory.
fn takers(mut op: Op) -> [Option<Pid>; 2] {
    match op {
        Op::Ksm { pid, with, .. } => [Some(pid), Some(with)],
        Op::Read { .. }
        | Op::Write { .. }
        | Op::Gup { .. }
        | Op::Remote { .. }
        | Op::Mlock { .. }
        | Op::Fork { .. }
        | Op::Mremap { .. }
        | Op::UffdFill { .. }
        | Op::KsmZero { .. }
        | Op::Madvise {
            advice:
                Advice::PopulateRead | Advice::PopulateWrite | Advice::Collapse | Advice::Unmergeable,
            ..
        } => [op.operands().pid.copied(), None],
        _ => [None, None],
    }
}

/// Before an operation: whoever takes memory in it does so in a cgroup of its own.
pub(crate) fn turn(linux: &mut Linux, op: &Op) {
    if !linux.apart {
        return;
    }
    for pid in takers(*op).into_iter().flatten() {
        let Ok(number) = linux.process(pid).map(|process| process.pid.to_string()) else {
            continue;
        };
        let Some(groups) = &mut linux.groups else { return };
        let group = &groups.groups[groups.next % GROUPS];
        groups.next += 1;
        if let Err(error) = (&group.procs).write_all(number.as_bytes()) {
            linux.trouble(Trouble::Other(format!("moving p{} to a cgroup: {error}", pid.0)));
        }
    }
}

/// What stands in the way of a reclaim of certain frames and nothing else.
pub(crate) enum Obstacle {
    /// The program was not prepared for, or there are no cgroups.
    NoGroups,
    /// The cgroup has more of the program's pages than these.
    NotAlone,
    /// The cgroup has lazyfree pages, which are dropped without swap, too.
    Lazyfree,
    /// A file could not be read or written: this error number.
    Failed(i32),
}

/// Reclaims the cgroup of a folio, which must have all of it and nothing else that is mapped. If not
/// `anonymous`, only the shrinkers look at it. A live process takes part.
pub(crate) fn reclaim(
    linux: &Linux,
    taker: Pid,
    seen: &Observation,
    folio: &Folio,
    anonymous: bool,
) -> Result<(), Obstacle> {
    let groups = linux.groups.as_ref().filter(|_| linux.apart).ok_or(Obstacle::NoGroups)?;
    let of = |frame: u64| groups.of_frame(frame).map_err(Obstacle::Failed);
    let place = of(folio.first)?.ok_or(Obstacle::NotAlone)?;
    for frame in folio.frames() {
        if of(frame)? != Some(place) {
            return Err(Obstacle::NotAlone);
        }
    }
    for (_, frame) in frames(seen).filter(|(_, frame)| !folio.has_frame(*frame)) {
        if of(frame)? == Some(place) {
            return Err(Obstacle::NotAlone);
        }
    }
    if !anonymous {
        return groups.run(place, false);
    }
    for _ in 0..ROUNDS {
        groups.count(linux, taker).map_err(Obstacle::Failed)?;
        groups.run(place, true)?;
        if !is_active(folio.first) {
            break;
        }
    }
    Ok(())
}

/// Lets the shrinkers look at what the cgroups of these frames have, and reclaims no page; none of these is there.
pub(crate) fn shrink(linux: &Linux, frames: &[u64], lazyfree: &[u64]) -> Result<(), Obstacle> {
    let groups = linux.groups.as_ref().filter(|_| linux.apart).ok_or(Obstacle::NoGroups)?;
    let mut places = Vec::new();
    for frame in frames {
        places.push(groups.of_frame(*frame).map_err(Obstacle::Failed)?.ok_or(Obstacle::NotAlone)?);
    }
    places.sort_unstable();
    places.dedup();
    for frame in lazyfree {
        if groups.of_frame(*frame).map_err(Obstacle::Failed)?.is_some_and(|of| places.contains(&of))
        {
            return Err(Obstacle::Lazyfree);
        }
    }
    places.into_iter().try_for_each(|place| groups.run(place, false))
}

impl Groups {
    /// Makes the kernel count what is on which list. Of active pages (that many entries referred to, or ksmd merged)
    /// alone it deactivates none unless by its
    /// statistics there are more of these than of others, and the statistics may lie two seconds behind. They
    /// are brought up to date for a reader if enough has happened in the meantime: a process takes some memory, and
    /// gives it back.
    fn count(&self, linux: &Linux, taker: Pid) -> Result<(), i32> {
        const BYTES: u64 = 1 << 20;
        let rights = (libc::PROT_READ | libc::PROT_WRITE) as u64;
        let kind = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_POPULATE) as u64;
        let failed = |_| libc::EIO;
        let args = [0, BYTES, rights, kind, u64::MAX, 0];
        let place = linux.syscall(taker, libc::SYS_mmap, &args).map_err(failed)?;
        linux.syscall(taker, libc::SYS_munmap, &[place as u64, BYTES]).map_err(failed)?;
        let read = fs::read(self.version.own().join("memory.stat"));
        read.map(|_| ()).map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))
    }

    fn run(&self, place: usize, anonymous: bool) -> Result<(), Obstacle> {
        let done = self.version.reclaim(&self.groups[place].path, anonymous);
        crate::sys::drain_lru_everywhere();
        done.map_err(|error| Obstacle::Failed(error.raw_os_error().unwrap_or(libc::EIO)))
    }
}

/// Turns an obstacle into the answer of an operation that could not be driven.
pub(crate) fn not_driven(linux: &Linux, what: &str, obstacle: &Obstacle) -> Errno {
    let why = match obstacle {
        Obstacle::NoGroups => "there is no memory cgroup for it",
        Obstacle::Lazyfree => "there are lazyfree pages, which would be dropped",
        Obstacle::NotAlone => "its memory cgroup has other pages of the program",
        Obstacle::Failed(errno) => {
            linux.trouble(Trouble::Other(format!("reclaiming a memory cgroup: errno {errno}")));
            return Errno::EIO;
        }
    };
    linux.not_driven(format!("{what}: {why}"))
}
