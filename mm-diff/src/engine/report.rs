//! What a run amounted to: while it goes on, and at its end. The names of the fields of [`Report`]
//! are the keys of the command line's JSON.

use super::features::FeatureMap;
use super::feedback::Answers;
use crate::rig::Reproducer;
use mm_ops::OpKind;
use mm_reference::Rule;
use serde::Serialize;

/// A run in figures, so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Seconds since the start.
    pub seconds: f64,
    /// Programs run, without those of minimizations.
    pub programs: u64,
    /// Operations executed and judged in them.
    pub ops: u64,
    /// Rules that fired.
    pub rules_hit: usize,
    /// Rules there are.
    pub rules_total: usize,
    /// Features seen.
    pub features: u64,
    /// Programs in the workers' corpora.
    pub corpus: usize,
    /// Distinct failures.
    pub failures: usize,
}

/// One distinct failure.
#[derive(Clone, Debug, Serialize)]
pub struct FailureReport {
    /// Its signature.
    pub signature: String,
    /// Operations of its minimized program.
    pub ops: usize,
    /// Where the command line wrote it, once it has.
    pub file: Option<String>,
    /// The minimized program with all there is to say of it.
    #[serde(skip)]
    pub reproducer: Reproducer,
}

/// How one kind of operation fared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpReport {
    /// Its keyword.
    pub op: &'static str,
    /// How often it was done.
    pub done: u64,
    /// How often it was refused or failed.
    pub refused: u64,
}

/// A whole run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The seed it followed from.
    pub seed: u64,
    /// How long it took.
    pub seconds: f64,
    /// Programs run, without those of minimizations.
    pub programs: u64,
    /// Operations executed and judged in them.
    pub ops: u64,
    /// Programs a second.
    pub programs_per_second: f64,
    /// Rules that fired.
    pub rules_hit: usize,
    /// Rules there are.
    pub rules_total: usize,
    /// Features seen.
    pub features: u64,
    /// Programs in the workers' corpora.
    pub corpus: usize,
    /// Distinct failures, by signature.
    pub failures: Vec<FailureReport>,
    /// Rules that never fired.
    pub rules_missed: Vec<&'static str>,
    /// Every kind of operation.
    pub operations: Vec<OpReport>,
    /// Whether somebody stopped the run before its budget was used up.
    pub stopped: bool,
}

impl Report {
    /// Kinds of operation that were never executed, or never with success.
    pub fn operations_missed(&self) -> impl Iterator<Item = &OpReport> {
        self.operations.iter().filter(|op| op.done == 0)
    }
}

/// The IDs of the rules that did not fire.
pub(super) fn rules_missed(map: &FeatureMap) -> Vec<&'static str> {
    Rule::ALL.iter().filter(|rule| !map.fired(**rule)).map(|rule| rule.id()).collect()
}

/// The kinds of operation with their counts.
pub(super) fn operations(answers: &Answers) -> Vec<OpReport> {
    let kinds = OpKind::ALL.iter().zip(&answers.by_kind);
    let report = |(kind, [done, refused]): (&OpKind, &[u64; 2])| OpReport {
        op: kind.name(),
        done: *done,
        refused: *refused,
    };
    kinds.map(report).collect()
}
