//! What an operation answers, and what a subject was free to choose.

use crate::call::Remote;
use crate::device::DevOp;
use crate::ids::{Order, Pid, Value, Vpn};
use crate::op::{AllocSite, Op};
use crate::race::ActorEnd;
use crate::remap::PidSet;
use serde::{Deserialize, Serialize};

/// Error numbers, under the kernel's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the kernel's and mean what errno(3) says")]
pub enum Errno {
    EPERM,
    ENOENT,
    ESRCH,
    EINTR,
    EIO,
    EBADF,
    EAGAIN,
    ENOMEM,
    EACCES,
    EFAULT,
    EBUSY,
    EEXIST,
    EINVAL,
    ENOSPC,
    EOPNOTSUPP,
    EOVERFLOW,
    EHWPOISON,
    ENOSYS,
}

impl Errno {
    /// Every error number a program can expect.
    pub const ALL: [Self; 18] = [
        Self::EPERM,
        Self::ENOENT,
        Self::ESRCH,
        Self::EINTR,
        Self::EIO,
        Self::EBADF,
        Self::EAGAIN,
        Self::ENOMEM,
        Self::EACCES,
        Self::EFAULT,
        Self::EBUSY,
        Self::EEXIST,
        Self::EINVAL,
        Self::ENOSPC,
        Self::EOPNOTSUPP,
        Self::EOVERFLOW,
        Self::EHWPOISON,
        Self::ENOSYS,
    ];
}

/// The answer of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// Done; text `ok`.
    Ok,
    /// Done, with the number of pages grabbed; text: the number.
    Count(u32),
    /// Done, with the value read; text: the label.
    Value(Value),
    /// Refused or failed; text: the error's name.
    Err(Errno),
    /// Done, with the page where the memory is now; text: `@` and the number.
    At(Vpn),
    /// Done, with the processes found; text: `p0,p2`, or `nobody`.
    Pids(PidSet),
    /// A CPU access ended in SIGSEGV.
    Segv,
    /// A CPU access ended in SIGBUS.
    Bus,
    /// A CPU access's fault ran out of memory (the kernel would call the OOM killer); text `OOM`.
    Oom,
    /// A CPU access sleeps on a folio lock nobody releases; text `BLOCKED`.
    Blocked,
}

/// What an operation can answer, errors aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Ok.
    Done,
    /// Ok, or what may become of a CPU access.
    Stored,
    /// A value, or what may become of a CPU access.
    Loaded,
    /// A value.
    Value,
    /// A number of pages.
    Count,
    /// A place.
    Place,
    /// Processes.
    Pids,
}

impl Op {
    /// What this operation can answer.
    pub(crate) const fn answer(&self) -> Answer {
        match self {
            Self::Read { .. } => Answer::Loaded,
            Self::Write { .. } | Self::Hwpoison { .. } => Answer::Stored,
            Self::DmaRead { .. }
            | Self::Remote { access: Remote::Peek | Remote::VmRead, .. }
            | Self::Dev(DevOp::Read { .. }) => Answer::Value,
            Self::Gup { .. }
            | Self::UffdMove { .. }
            | Self::Dev(DevOp::Setup { .. } | DevOp::Evict { .. } | DevOp::Pages { .. }) => {
                Answer::Count
            }
            Self::Mremap { .. } => Answer::Place,
            Self::RmapWalk { .. } => Answer::Pids,
            _ => Answer::Done,
        }
    }
}

impl Outcome {
    /// Whether this operation can ever have this outcome, in any state. An expectation that does
    /// not fit has no place in a program: it could only fail.
    #[must_use]
    pub const fn fits(&self, op: &Op) -> bool {
        let answer = op.answer();
        match self {
            Self::Err(_) => true,
            Self::Ok => matches!(answer, Answer::Done | Answer::Stored),
            Self::Value(_) => matches!(answer, Answer::Loaded | Answer::Value),
            Self::Count(_) => matches!(answer, Answer::Count),
            Self::At(_) => matches!(answer, Answer::Place),
            Self::Pids(_) => matches!(answer, Answer::Pids),
            Self::Segv | Self::Bus | Self::Oom | Self::Blocked => {
                matches!(answer, Answer::Stored | Answer::Loaded)
            }
        }
    }
}

/// Something the rules leave to the subject, and what the subject did. The reference accepts it
/// only if the rules permit it, adopts it, and must then agree on everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Choice {
    /// This allocation failed. Permitted after `fail_alloc`, once, at an allocation the operation
    /// really makes; in a fork also the page that C22 allocates where a run is refused.
    AllocFailed(AllocSite),
    /// A run of `mprotect` set bits on this entry that another entry of the run had (H9, BT4).
    Merged {
        /// Whose entry.
        pid: Pid,
        /// Where.
        vpn: Vpn,
        /// The young bit was gained.
        young: bool,
        /// The dirty bit was gained (and the soft-dirty bit with it, if tracked).
        dirty: bool,
    },
    /// A fault at this place took a folio of this order where the rules allow several (A6).
    FolioOrder {
        /// Who faulted.
        pid: Pid,
        /// The first page the folio was mapped at.
        vpn: Vpn,
        /// The order taken.
        order: Order,
    },
    /// A move that may go anywhere went here (J3, J16): any range free at that moment, long enough.
    Placed(Vpn),
    /// How the actor that was armed for this operation ended.
    Raced(ActorEnd),
}

/// All an operation tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The answer.
    pub outcome: Outcome,
    /// What was chosen on the way, in the order it happened.
    pub choices: Vec<Choice>,
}

impl From<Outcome> for Effect {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, choices: Vec::new() }
    }
}
