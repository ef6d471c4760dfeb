//! Printing: operations, outcomes, configurations and programs as text.

use crate::call::{Advice, GupFlags, Prot, Remote, ScanLimits, UffdCall, UffdFill};
use crate::config::{AccessBits, Batching, Config, DevExclusiveMode, SwapDevice, UffdWpMode};
use crate::ids::{Handle, OrderSet, PageRange, Pid, Token, Value, Vpn};
use crate::op::Op;
use crate::outcome::{Errno, Outcome};
use crate::program::{Program, Step};
use crate::race::{AT_END, Actor};
use crate::remap::{MremapFlags, PidSet, RelocateDesign};
use crate::rmap::RmapScheme;
use std::fmt::{Display, Formatter, Result};

/// Rights and their names.
pub(super) const PROTS: [(Prot, &str); 4] = [
    (Prot::RW, "rw"),
    (Prot::R, "r"),
    (Prot { read: false, write: true }, "w"),
    (Prot::NONE, "none"),
];

impl Advice {
    /// Every advice with its name in the text format, which is the kernel's.
    pub const NAMES: [(Self, &'static str); 19] = [
        (Self::DontNeed, "dontneed"),
        (Self::DontNeedLocked, "dontneed_locked"),
        (Self::Free, "free"),
        (Self::DontFork, "dontfork"),
        (Self::DoFork, "dofork"),
        (Self::WipeOnFork, "wipeonfork"),
        (Self::KeepOnFork, "keeponfork"),
        (Self::HugePage, "hugepage"),
        (Self::NoHugePage, "nohugepage"),
        (Self::PopulateRead, "populate_read"),
        (Self::PopulateWrite, "populate_write"),
        (Self::GuardInstall, "guard_install"),
        (Self::GuardRemove, "guard_remove"),
        (Self::Cold, "cold"),
        (Self::PageOut, "pageout"),
        (Self::WillNeed, "willneed"),
        (Self::Mergeable, "mergeable"),
        (Self::Unmergeable, "unmergeable"),
        (Self::Collapse, "collapse"),
    ];
}

/// A flag of a call: its word, and its place among the flags.
pub(super) type FlagWord<F> = (&'static str, fn(&mut F) -> &mut bool);

/// Words behind the handle of `pin` and `get`.
pub(super) const GUP_WORDS: [FlagWord<GupFlags>; 5] = [
    ("longterm", |flags| &mut flags.longterm),
    ("force", |flags| &mut flags.force),
    ("fast", |flags| &mut flags.fast),
    ("nofault", |flags| &mut flags.nofault),
    ("split", |flags| &mut flags.split_pmd),
];

/// The yield point that never comes.
pub(super) const END: &str = "end";
/// Words behind the ranges of `mremap`.
pub(super) const MOVE_WORDS: [FlagWord<MremapFlags>; 5] = [
    ("maymove", |flags| &mut flags.maymove),
    ("fixed", |flags| &mut flags.fixed),
    ("dontunmap", |flags| &mut flags.dontunmap),
    ("relocate", |flags| &mut flags.relocate),
    ("must_relocate", |flags| &mut flags.must_relocate),
];

/// The empty set of processes.
pub(super) const NOBODY: &str = "nobody";

impl Display for Pid {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "p{}", self.0)
    }
}

impl Display for Handle {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "h{}", self.0)
    }
}

impl Display for Token {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "l{}", self.0)
    }
}

impl Display for Vpn {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.0)
    }
}

impl Display for PageRange {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}+{}", self.start, self.len)
    }
}

/// The label only: see [`Value`].
impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.label {
            letter @ b'a'..=b'z' => write!(f, "{}", char::from(letter)),
            number => write!(f, "{number}"),
        }
    }
}

impl Display for Prot {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        PROTS.iter().filter(|(prot, _)| prot == self).try_for_each(|(_, name)| f.write_str(name))
    }
}

impl Display for Advice {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let names = Self::NAMES.iter();
        names.filter(|(advice, _)| advice == self).try_for_each(|(_, name)| f.write_str(name))
    }
}

impl Display for OrderSet {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (index, order) in self.iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { "," }, order.0)?;
        }
        Ok(())
    }
}

impl Display for Errno {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        // The variants are named as errno(3) names them.
        write!(f, "{self:?}")
    }
}

impl Display for PidSet {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if *self == Self::EMPTY {
            return f.write_str(NOBODY);
        }
        for (index, pid) in self.iter().enumerate() {
            write!(f, "{}{pid}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Count(count) => write!(f, "{count}"),
            Self::Value(value) => write!(f, "{value}"),
            Self::At(vpn) => write!(f, "@{vpn}"),
            Self::Pids(pids) => write!(f, "{pids}"),
            Self::Err(errno) => write!(f, "{errno}"),
            Self::Segv => f.write_str("SIGSEGV"),
            Self::Bus => f.write_str("SIGBUS"),
            Self::Oom => f.write_str("OOM"),
            Self::Blocked => f.write_str("BLOCKED"),
        }
    }
}

impl Display for Op {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let kind = self.kind();
        match self {
            Self::Mmap { pid, range, prot, droppable } => {
                write!(f, "{kind} {pid} {range} {prot}{}", word(" droppable", *droppable))
            }
            Self::Mprotect { pid, range, prot } => write!(f, "{kind} {pid} {range} {prot}"),
            Self::Madvise { pid, range, advice } => write!(f, "{kind} {pid} {range} {advice}"),
            Self::Munmap { pid, range }
            | Self::Mlock { pid, range }
            | Self::Munlock { pid, range }
            | Self::Mseal { pid, range }
            | Self::NumaHint { pid, range } => write!(f, "{kind} {pid} {range}"),
            Self::Fork { parent, child } => write!(f, "{kind} {parent} {child}"),
            Self::Exit { pid } | Self::ClearRefs { pid } => write!(f, "{kind} {pid}"),
            Self::Read { pid, vpn } => write!(f, "{kind} {pid} {vpn}"),
            Self::Write { pid, vpn, value } => write!(f, "{kind} {pid} {vpn} {value}"),
            Self::Gup { pid, range, handle, flags } => {
                write!(f, "{kind} {pid} ")?;
                match range.len {
                    1 => write!(f, "{}", range.start)?,
                    _ => write!(f, "{range}")?,
                }
                write!(f, " {} {handle}", if flags.write { "rw" } else { "r" })?;
                print_flags(f, &GUP_WORDS, *flags)
            }
            Self::Put { handle, dirty } => write!(f, "{kind} {handle}{}", word(" dirty", *dirty)),
            Self::DmaRead { handle, index } => write!(f, "{kind} {handle} {index}"),
            Self::DmaWrite { handle, index, value } => {
                write!(f, "{kind} {handle} {index} {value}")
            }
            Self::Remote { pid, vpn, access: Remote::Peek | Remote::VmRead } => {
                write!(f, "{kind} {pid} {vpn}")
            }
            Self::Remote { pid, vpn, access: Remote::Poke(value) | Remote::VmWrite(value) } => {
                write!(f, "{kind} {pid} {vpn} {value}")
            }
            Self::Thp { always, madvise } => print_thp(f, *always, *madvise),
            Self::FailAlloc { nth } => write!(f, "{kind} {nth}"),
            Self::Lock { pid, vpn, token } | Self::Isolate { pid, vpn, token } => {
                write!(f, "{kind} {pid} {vpn} {token}")
            }
            Self::Drop { token } | Self::MigrateCopy { token } | Self::MigrateEnd { token } => {
                write!(f, "{kind} {token}")
            }
            Self::SwapOut { pid, vpn, token: Some(token) } => {
                write!(f, "{kind} {pid} {vpn} {token}")
            }
            Self::WriteDone { token, error } => {
                write!(f, "{kind} {token}{}", word(" error", *error))
            }
            Self::SwapOut { pid, vpn, token: None }
            | Self::BadSlot { pid, vpn }
            | Self::KsmZero { pid, vpn }
            | Self::Hwpoison { pid, vpn }
            | Self::SoftOffline { pid, vpn } => write!(f, "{kind} {pid} {vpn}"),
            Self::Race { actor, at } => {
                match actor {
                    Actor::Gup { pid, vpn, handle, pin, write } => {
                        let what = if *pin { "pin" } else { "get" };
                        let rights = if *write { "rw" } else { "r" };
                        write!(f, "{kind} {what} {pid} {vpn} {rights} {handle} at ")?;
                    }
                    Actor::Load { pid, vpn } => write!(f, "{kind} read {pid} {vpn} at ")?,
                    Actor::Walk { pid, vpn } => write!(f, "{kind} walk {pid} {vpn} at ")?,
                    Actor::Store { pid, vpn, value } => {
                        write!(f, "{kind} write {pid} {vpn} {value} at ")?;
                    }
                }
                let place = |at: &u8| if *at == AT_END { END.to_owned() } else { at.to_string() };
                let steps = at.iter().take(actor.steps()).map(place);
                f.write_str(&steps.collect::<Vec<_>>().join(","))
            }
            Self::Swapoff | Self::Swapon | Self::Drain => write!(f, "{kind}"),
            Self::Migrate { pid, vpn, token, all } => {
                write!(f, "{kind} {pid} {vpn} {token}{}", word(" all", *all))
            }
            Self::Split { pid, vpn, order, nonuniform } => {
                let nonuniform = word(" nonuniform", *nonuniform);
                write!(f, "{kind} {pid} {vpn} order={}{nonuniform}", order.0)
            }
            Self::DeferredScan { count } => write!(f, "{kind} {count}"),
            Self::Khugepaged { pid, vpn, limits: ScanLimits { none, swap, shared } } => {
                write!(f, "{kind} {pid} {vpn} none={none} swap={swap} shared={shared}")
            }
            Self::Ksm { pid, vpn, with, to } => write!(f, "{kind} {pid} {vpn} {with} {to}"),
            Self::Uffd { pid, range, call } => {
                write!(f, "{kind} {pid} {range}{}", uffd_word(*call))
            }
            Self::UffdFill { pid, vpn, fill: UffdFill::Copy { value, wp } } => {
                write!(f, "{kind} {pid} {vpn} {value}{}", word(" wp", *wp))
            }
            Self::UffdFill { pid, vpn, fill: UffdFill::Zero | UffdFill::Poison }
            | Self::RmapWalk { pid, vpn } => write!(f, "{kind} {pid} {vpn}"),
            Self::Mremap { pid, range, to, flags } => {
                write!(f, "{kind} {pid} {range} {to}")?;
                print_flags(f, &MOVE_WORDS, *flags)
            }
            Self::Dev(op) => write!(f, "{op}"),
            Self::UffdMove { pid, range, to, holes } => {
                write!(f, "{kind} {pid} {range} {to}{}", word(" holes", *holes))
            }
        }
    }
}

/// What stands behind the range of a userfaultfd call.
fn uffd_word(call: UffdCall) -> &'static str {
    match call {
        UffdCall::Register { missing: true, wp: true } => " both",
        UffdCall::Register { wp: true, .. } => " wp",
        UffdCall::Register { .. } => " missing",
        UffdCall::Unregister => "",
        UffdCall::Protect(true) => " on",
        UffdCall::Protect(false) => " off",
    }
}

/// The words of the flags that are set, each behind a space.
pub(super) fn print_flags<F>(f: &mut Formatter<'_>, words: &[FlagWord<F>], mut flags: F) -> Result {
    let mut set = words.iter().filter(|(_, flag)| *flag(&mut flags));
    set.try_for_each(|(name, _)| write!(f, " {name}"))
}

/// A word, if it is to be there.
fn word(word: &'static str, present: bool) -> &'static str {
    if present { word } else { "" }
}

fn print_thp(f: &mut Formatter<'_>, always: OrderSet, madvise: OrderSet) -> Result {
    f.write_str("thp")?;
    if always == OrderSet::EMPTY && madvise == OrderSet::EMPTY {
        return f.write_str(" never");
    }
    for (key, orders) in [("always", always), ("madvise", madvise)] {
        if orders != OrderSet::EMPTY {
            write!(f, " {key}={orders}")?;
        }
    }
    Ok(())
}

/// The keys of a `config` line, in the order they are printed.
pub(super) const CONFIG_KEYS: [&str; 20] = [
    "ptes",
    "procs",
    "batching",
    "access_bits",
    "soft_dirty",
    "huge_zero",
    "pt_reclaim",
    "lru_batch",
    "swap",
    "swap_device",
    "uffd",
    "uffd_fork",
    "uffd_remap",
    "relocate",
    "dev_mem",
    "dev_exclusive",
    "migdev_old",
    "dev_thp",
    "swap_noexcl",
    "rmap",
];

/// Kinds of swap device and their names.
pub(super) const SWAP_DEVICES: [(SwapDevice, &str); 4] = [
    (SwapDevice::Plain, "plain"),
    (SwapDevice::Stable, "stable"),
    (SwapDevice::Sync, "sync"),
    (SwapDevice::Zram, "zram"),
];

/// Ways to make a page exclusive and their names.
pub(super) const DEV_EXCLUSIVE_MODES: [(DevExclusiveMode, &str); 3] = [
    (DevExclusiveMode::Current, "618"),
    (DevExclusiveMode::Folio, "folio"),
    (DevExclusiveMode::Walk, "walk"),
];

/// Write-protect features of userfaultfd and their names.
pub(super) const UFFD_MODES: [(UffdWpMode, &str); 3] = [
    (UffdWpMode::Sync, "sync"),
    (UffdWpMode::Unpopulated, "unpopulated"),
    (UffdWpMode::Async, "async"),
];

/// Designs of MREMAP_RELOCATE_ANON and their names.
pub(super) const RELOCATE_DESIGNS: [(RelocateDesign, &str); 6] = [
    (RelocateDesign::PinCheck, "pin_check"),
    (RelocateDesign::PinIgnore, "pin_ignore"),
    (RelocateDesign::PmdFail, "pmd_fail"),
    (RelocateDesign::Collect, "collect"),
    (RelocateDesign::AvObject, "av_object"),
    (RelocateDesign::Combined, "combined"),
];

/// Rmap schemes and their names.
pub(super) const RMAP_SCHEMES: [(RmapScheme, &str); 2] =
    [(RmapScheme::AnonVma, "anon_vma"), (RmapScheme::Anonmm, "anonmm")];

/// The name of a thing in a list of names.
fn name_of<T: Copy + PartialEq>(names: &[(T, &'static str)], thing: T) -> String {
    let found = names.iter().find(|(named, _)| *named == thing);
    found.map_or_else(String::new, |(_, name)| (*name).to_owned())
}

impl Config {
    /// The value of the key at this place of [`CONFIG_KEYS`], as text.
    fn setting(&self, key: usize) -> String {
        let on_off = |on| if on { "on" } else { "off" }.to_owned();
        match key {
            0 => self.ptes.to_string(),
            1 => self.procs.to_string(),
            2 => on_off(self.batching == Batching::On),
            3 => match self.access_bits {
                AccessBits::Exact => "exact".to_owned(),
                AccessBits::Merged => "merged".to_owned(),
            },
            4 => on_off(self.soft_dirty),
            5 => on_off(self.huge_zero),
            6 => on_off(self.pt_reclaim),
            7 => on_off(self.lru_batch),
            8 => self.swap_slots.to_string(),
            9 => name_of(&SWAP_DEVICES, self.swap_device),
            10 => name_of(&UFFD_MODES, self.uffd),
            11 => on_off(self.uffd_fork),
            12 => on_off(self.uffd_remap),
            13 => name_of(&RELOCATE_DESIGNS, self.relocate),
            14 => self.dev_mem.to_string(),
            15 => name_of(&DEV_EXCLUSIVE_MODES, self.dev_exclusive),
            16 => on_off(self.migdev_old),
            17 => on_off(self.dev_thp),
            18 => on_off(self.swap_noexcl),
            _ => name_of(&RMAP_SCHEMES, self.rmap),
        }
    }

    /// The `config` line. Keys at their default are left out, unless `keep` has their bit.
    pub(super) fn line(&self, keep: u32) -> String {
        // What the rmap scheme fixes is not told; the scheme itself is.
        let default = Self { rmap: RmapScheme::default(), ..Self::usual(self.rmap) };
        let mut line = "config".to_owned();
        for (key, name) in CONFIG_KEYS.iter().enumerate() {
            let setting = self.setting(key);
            if keep >> key & 1 == 1 || setting != default.setting(key) {
                line.extend([" ", name, "=", &setting]);
            }
        }
        line
    }

    /// All settings, those at their default, too: `ptes=8 procs=4 …`.
    #[must_use]
    pub fn explicit(&self) -> String {
        let line = self.line(u32::MAX);
        line.strip_prefix("config ").unwrap_or(&line).to_owned()
    }
}

/// The `config` line, without the keys that have their default.
impl Display for Config {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(&self.line(0))
    }
}

/// A line without its newline.
impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.expect {
            Some(outcome) => write!(f, "{} -> {outcome}", self.op),
            None => write!(f, "{}", self.op),
        }
    }
}

/// One line for each step; a `config` line before them unless all of it is default.
impl Display for Program {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if self.config != Config::default() {
            writeln!(f, "{}", self.config)?;
        }
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}
