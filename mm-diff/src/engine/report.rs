//! What a run amounted to: while it goes on, and at its end. The names of the fields of [`Report`]
//! are the keys of the command line's JSON.

use super::features::FeatureMap;
use super::feedback::{Answers, Feedback};
use crate::failure::Signature;
use crate::rig::Reproducer;
use mm_ops::OpKind;
use mm_reference::Rule;
use serde::Serialize;
use std::collections::BTreeMap;

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
    /// How often each yield point of the subject was passed with an actor beside.
    pub yields: BTreeMap<&'static str, u64>,
    /// Every kind of operation.
    pub operations: Vec<OpReport>,
    /// Whether somebody stopped the run before its budget was used up.
    pub stopped: bool,
}

/// What an engine counts of a run, whichever engine it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// The seed it followed from.
    pub seed: u64,
    /// How long it took.
    pub seconds: f64,
    /// Programs run, without those of minimizations.
    pub programs: u64,
    /// Operations executed and judged in them.
    pub ops: u64,
    /// Programs in its corpus.
    pub corpus: usize,
    /// Whether somebody stopped it before its budget was used up.
    pub stopped: bool,
}

impl Report {
    /// The report of a run: its figures, what it saw, and a program for each kind of failure.
    #[must_use]
    pub fn new(totals: Totals, seen: &Feedback, failures: BTreeMap<Signature, Reproducer>) -> Self {
        let Totals { seed, seconds, programs, ops, corpus, stopped } = totals;
        let rules_missed = rules_missed(&seen.map);
        let failure = |(signature, reproducer): (Signature, Reproducer)| FailureReport {
            signature: signature.to_string(),
            ops: reproducer.program.steps.len(),
            file: None,
            reproducer,
        };
        Self {
            seed,
            seconds,
            programs,
            ops,
            programs_per_second: programs as f64 / seconds.max(1e-9),
            rules_hit: Rule::ALL.len() - rules_missed.len(),
            rules_total: Rule::ALL.len(),
            features: seen.map.features(),
            corpus,
            failures: failures.into_iter().map(failure).collect(),
            rules_missed,
            yields: seen.yields.all().clone(),
            operations: operations(&seen.answers),
            stopped,
        }
    }

    /// Kinds of operation that were never executed, or never with success.
    pub fn operations_missed(&self) -> impl Iterator<Item = &OpReport> {
        self.operations.iter().filter(|op| op.done == 0)
    }
}

/// The IDs of the rules that did not fire.
fn rules_missed(map: &FeatureMap) -> Vec<&'static str> {
    Rule::ALL.iter().filter(|rule| !map.fired(**rule)).map(|rule| rule.id()).collect()
}

/// The kinds of operation with their counts.
fn operations(answers: &Answers) -> Vec<OpReport> {
    let kinds = OpKind::ALL.iter().zip(&answers.by_kind);
    let report = |(kind, [done, refused]): (&OpKind, &[u64; 2])| OpReport {
        op: kind.name(),
        done: *done,
        refused: *refused,
    };
    kinds.map(report).collect()
}
