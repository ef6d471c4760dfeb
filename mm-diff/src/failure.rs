//! A failure: which oracle objects, to which operation, to what there; and its signature, by which
//! failures are de-duplicated and which a minimizer preserves. How a failure is shown is in
//! `render.rs`.

use crate::finding::{Finding, Place, Side};
use mm_ops::{Advice, Choice, Op, Outcome, Remote};
use std::fmt;

/// Who objects. In the order in which a step is judged: the first objection is the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oracle {
    /// The subject or the reference panicked.
    Panic,
    /// The reference refused a choice of the subject's: the rules do not permit it.
    Refusal,
    /// The subject answered otherwise than the reference.
    Outcome,
    /// The subject read another value than the reference.
    Value,
    /// The ideal layer: an answer or a content breaks the meaning of memory.
    Ideal,
    /// The subject's snapshot differs from the reference's.
    Mechanism,
    /// What userspace could see differs (for a subject without a snapshot).
    Observation,
    /// An invariant is broken.
    Invariant,
    /// The program's own expectation is not met.
    Expectation,
}

impl Oracle {
    /// The name used in signatures.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Refusal => "refusal",
            Self::Outcome => "outcome",
            Self::Value => "value",
            Self::Ideal => "ideal",
            Self::Mechanism => "mechanism",
            Self::Observation => "observation",
            Self::Invariant => "invariant",
            Self::Expectation => "expectation",
        }
    }
}

/// Names a kind of failure: oracle, invariant or field, kind of operation. Two failures with equal
/// signatures are taken for the same bug.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature(String);

impl Signature {
    /// A signature as it was written down.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What went wrong, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Who objects.
    pub oracle: Oracle,
    /// The rule or invariant that is broken, where the oracle names one; else the kind of answer or
    /// the message.
    pub rule: String,
    /// Index of the operation after which the oracle objected.
    pub step: usize,
    /// That operation, stamped.
    pub op: Op,
    /// What it objects to; the first one is the most telling.
    pub findings: Vec<Finding>,
    /// One sentence more, if there is something to add.
    pub why: String,
    /// What other oracles say of the same state.
    pub notes: Vec<String>,
}

impl Failure {
    pub(crate) fn new(oracle: Oracle, step: usize, op: &Op) -> Box<Self> {
        Box::new(Self {
            oracle,
            rule: String::new(),
            step,
            op: *op,
            findings: Vec::new(),
            why: String::new(),
            notes: Vec::new(),
        })
    }

    /// The kind of failure this is.
    #[must_use]
    pub fn signature(&self) -> Signature {
        let field = self.findings.first().map_or("", |finding| &*finding.field);
        let subject = match self.oracle {
            Oracle::Mechanism | Oracle::Observation | Oracle::Value => field,
            _ if self.rule.is_empty() => field,
            _ => &self.rule,
        };
        Signature(format!("{} {subject} {}", self.oracle.name(), kind_of_op(&self.op)))
    }

    /// The place it objects to.
    #[must_use]
    pub fn place(&self) -> Place {
        self.findings.first().map_or(Place::Machine, |finding| finding.place)
    }
}

/// The two answers as a finding; two values read differ as values.
pub(crate) fn answers(expected: Outcome, found: Outcome) -> Finding {
    let side = |outcome| match outcome {
        Outcome::Value(value) => Side::Value(value),
        other => Side::text(format_args!("{other:?}")),
    };
    Finding {
        place: Place::Answer,
        field: "answer".into(),
        expected: side(expected),
        found: side(found),
    }
}

/// The name of an answer without its numbers, for signatures: `Ok`, `Count`, `EFAULT` …
pub(crate) fn kind_of_outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Count(_) => "Count".to_owned(),
        Outcome::Value(_) => "Value".to_owned(),
        Outcome::Err(errno) => format!("{errno:?}"),
        other => format!("{other:?}"),
    }
}

/// The name of a choice without its numbers, for signatures.
pub(crate) fn kind_of_choice(choice: &Choice) -> &'static str {
    match choice {
        Choice::AllocFailed(_) => "AllocFailed",
        Choice::Merged { .. } => "Merged",
        Choice::FolioOrder { .. } => "FolioOrder",
    }
}

/// The kind of an operation, for signatures: its keyword, with what makes it another code path.
#[must_use]
pub fn kind_of_op(op: &Op) -> &'static str {
    match op {
        Op::Mmap { .. } => "mmap",
        Op::Munmap { .. } => "munmap",
        Op::Mprotect { .. } => "mprotect",
        Op::Madvise { advice, .. } => kind_of_advice(*advice),
        Op::Mlock { .. } => "mlock",
        Op::Munlock { .. } => "munlock",
        Op::Mseal { .. } => "mseal",
        Op::Fork { .. } => "fork",
        Op::Exit { .. } => "exit",
        Op::Read { .. } => "read",
        Op::Write { .. } => "write",
        Op::Gup { flags, .. } if flags.pin && flags.fast => "pin.fast",
        Op::Gup { flags, .. } if flags.pin => "pin",
        Op::Gup { flags, .. } if flags.fast => "get.fast",
        Op::Gup { .. } => "get",
        Op::Put { .. } => "put",
        Op::DmaRead { .. } => "dma_read",
        Op::DmaWrite { .. } => "dma_write",
        Op::Remote { access: Remote::Peek, .. } => "peek",
        Op::Remote { access: Remote::Poke(_), .. } => "poke",
        Op::Remote { access: Remote::VmRead, .. } => "vm_read",
        Op::Remote { access: Remote::VmWrite(_), .. } => "vm_write",
        Op::Thp { .. } => "thp",
        Op::FailAlloc { .. } => "fail_alloc",
        Op::Lock { .. } => "lock",
        Op::Isolate { .. } => "isolate",
        Op::Drop { .. } => "drop",
        Op::NumaHint { .. } => "numa_hint",
        Op::ClearRefs { .. } => "clear_refs",
    }
}

const fn kind_of_advice(advice: Advice) -> &'static str {
    match advice {
        Advice::DontNeed => "madvise.dontneed",
        Advice::DontNeedLocked => "madvise.dontneed_locked",
        Advice::Free => "madvise.free",
        Advice::DontFork => "madvise.dontfork",
        Advice::DoFork => "madvise.dofork",
        Advice::WipeOnFork => "madvise.wipeonfork",
        Advice::KeepOnFork => "madvise.keeponfork",
        Advice::HugePage => "madvise.hugepage",
        Advice::NoHugePage => "madvise.nohugepage",
        Advice::PopulateRead => "madvise.populate_read",
        Advice::PopulateWrite => "madvise.populate_write",
        Advice::GuardInstall => "madvise.guard_install",
        Advice::GuardRemove => "madvise.guard_remove",
    }
}
