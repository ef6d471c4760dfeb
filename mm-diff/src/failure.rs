//! A failure: which oracle objects, to which operation, to what there; and its signature, by which
//! failures are de-duplicated and which a minimizer preserves. How a failure is shown is in
//! `render.rs`.

use crate::finding::{Finding, Place, Side};
use crate::timeline::Timeline;
use mm_ops::{Choice, Op, Outcome};
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
    /// No order of an operation and the actor beside it explains what the subject did.
    Race,
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
            Self::Race => "race",
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
    /// How the last raced operation went, if there was one.
    pub timeline: Option<Timeline>,
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
            timeline: None,
        })
    }

    /// The kind of failure this is.
    #[must_use]
    pub fn signature(&self) -> Signature {
        let field = self.findings.first().map_or("", |finding| &*finding.field);
        let subject = match self.oracle {
            Oracle::Mechanism | Oracle::Race | Oracle::Observation | Oracle::Value => field,
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
        other => Side::text(other),
    };
    Finding {
        place: Place::Answer,
        field: "answer".into(),
        expected: side(expected),
        found: side(found),
    }
}

/// The name of an answer without its numbers, for signatures: `ok`, `count`, `EFAULT` …
pub(crate) fn kind_of_outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Count(_) => "count".to_owned(),
        Outcome::Value(_) => "value".to_owned(),
        Outcome::At(_) => "at".to_owned(),
        Outcome::Pids(_) => "pids".to_owned(),
        other => other.to_string(),
    }
}

/// The name of a choice without its numbers, for signatures.
pub(crate) fn kind_of_choice(choice: &Choice) -> &'static str {
    match choice {
        Choice::AllocFailed(_) => "AllocFailed",
        Choice::Merged { .. } => "Merged",
        Choice::FolioOrder { .. } => "FolioOrder",
        Choice::Placed(_) => "Placed",
        Choice::Raced(_) => "Raced",
    }
}

/// The kind of an operation, for signatures: its keyword, with what makes it another code path.
#[must_use]
pub fn kind_of_op(op: &Op) -> String {
    let name = op.kind().name();
    match op {
        Op::Madvise { advice, .. } => format!("{name}.{advice}"),
        Op::Gup { flags, .. } if flags.fast => format!("{name}.fast"),
        _ => name.to_owned(),
    }
}
