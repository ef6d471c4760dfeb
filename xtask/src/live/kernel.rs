//! The kernel in lockstep with the reference: what it cannot run is skipped with a reason, what
//! went wrong around it is a trouble, and a difference counts only if it repeats.

use crate::error::Error;
use mm_diff::ledger::FOLIO_FALLBACK;
use mm_diff::{Failure, Lie, Lockstep, Minimized, Observer, Reproducer, Signature, minimize};
use mm_linux::{Linux, Trouble};
use mm_ops::Program;
use serde::Serialize;
use std::collections::BTreeMap;

/// Runs that confirm a difference, and how many of them must show it again.
const CONFIRM_RUNS: usize = 5;
const CONFIRM_NEEDED: usize = 3;
/// Attempts at a program whose run was spoilt.
const ATTEMPTS: usize = 3;
/// Runs one minimization may take, without the repeats.
const MINIMIZE_RUNS: u64 = 4_000;

/// What became of a program.
pub enum Verdict {
    /// The kernel agrees with the reference in all it shows.
    Passed,
    /// The kernel or the privileges do not allow it, for this reason.
    Skipped(String),
    /// It has no result: something around it went wrong, every time.
    Trouble(String),
    /// It differs, again and again.
    Differs(Box<Failure>),
    /// It differed, but too seldom to count.
    Unconfirmed,
}

/// One run.
enum Once {
    Passed,
    /// The state that was reached does not allow an operation.
    Skipped(String),
    Spoilt(String),
    Differs(Box<Failure>),
}

/// How often what happened.
#[derive(Debug, Default, Serialize)]
pub struct Tally {
    /// Programs the kernel executed to a result; an empty one is none.
    pub kernel_programs: u64,
    /// Programs left out, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Programs without a result, by what went wrong.
    pub troubles: BTreeMap<String, u64>,
    /// Differences that did not repeat.
    pub unconfirmed: u64,
}

impl Tally {
    /// A file is left out for this reason.
    pub fn count_skipped(&mut self, reason: &str) {
        *self.skipped.entry(reason.to_owned()).or_default() += 1;
    }

    /// The file was counted already.
    pub fn uncount_skipped(&mut self, reason: &str) {
        if let Some(count) = self.skipped.get_mut(reason) {
            *count -= 1;
        }
        self.skipped.retain(|_, count| *count > 0);
    }
}

/// The uses of one line of the ledger.
#[derive(Debug, Serialize)]
pub struct LedgerUse {
    id: &'static str,
    what: &'static str,
    when: &'static str,
    used: u64,
}

/// The live kernel, beside its reference.
pub struct Kernel {
    lockstep: Lockstep,
    linux: Linux,
    pub tally: Tally,
}

impl Kernel {
    /// Starts the driver on this thread.
    pub fn new(lie: Option<Lie>) -> Result<Self, Error> {
        let linux = Linux::new()
            .map_err(|e| Error::Tool { tool: "live kernel".into(), message: e.to_string() })?;
        Ok(Self { lockstep: Lockstep::with_lie(lie), linux, tally: Tally::default() })
    }

    pub fn linux(&self) -> &Linux {
        &self.linux
    }

    /// Runs a program until it has a result, and counts what became of it.
    pub fn judge(&mut self, program: &Program, observer: &mut impl Observer) -> Verdict {
        let verdict = self.verdict(program, observer);
        let count = |counts: &mut BTreeMap<String, u64>, key: &str| {
            *counts.entry(key.to_owned()).or_default() += 1;
        };
        let executed = u64::from(!program.steps.is_empty());
        match &verdict {
            Verdict::Passed | Verdict::Differs(_) => self.tally.kernel_programs += executed,
            Verdict::Unconfirmed => {
                self.tally.kernel_programs += executed;
                self.tally.unconfirmed += 1;
            }
            Verdict::Skipped(reason) => count(&mut self.tally.skipped, reason),
            Verdict::Trouble(what) => count(&mut self.tally.troubles, what),
        }
        verdict
    }

    fn verdict(&mut self, program: &Program, observer: &mut impl Observer) -> Verdict {
        if let Err(unsupported) = self.linux.supports(program) {
            return Verdict::Skipped(unsupported.reason);
        }
        let mut once = self.once(program, observer);
        for _ in 1..ATTEMPTS {
            if matches!(once, Once::Spoilt(_)) {
                once = self.once(program, &mut ());
            }
        }
        match once {
            Once::Passed => Verdict::Passed,
            Once::Skipped(reason) => Verdict::Skipped(reason),
            Once::Spoilt(what) => Verdict::Trouble(what),
            Once::Differs(failure) if self.confirmed(program, &failure.signature()) => {
                Verdict::Differs(failure)
            }
            Once::Differs(failure) => {
                let at = failure.step + 1;
                eprintln!(
                    "differed once: {} at operation {at}, {}",
                    failure.signature(),
                    failure.op
                );
                Verdict::Unconfirmed
            }
        }
    }

    fn once(&mut self, program: &Program, observer: &mut impl Observer) -> Once {
        self.linux.prepare(program);
        let result = self.lockstep.run(&mut self.linux, program, observer);
        match self.linux.troubles().first() {
            None => {}
            Some(Trouble::NotDriven(reason)) => return Once::Skipped(reason.clone()),
            Some(trouble) => return Once::Spoilt(trouble.to_string()),
        }
        match result {
            Ok(_) => Once::Passed,
            Err(_) if self.linux.folio_fallbacks() > 0 => {
                self.lockstep.ledger_mut().count(FOLIO_FALLBACK);
                Once::Spoilt("no memory for a large folio, again and again".into())
            }
            Err(failure) => Once::Differs(failure),
        }
    }

    fn confirmed(&mut self, program: &Program, signature: &Signature) -> bool {
        let shown = (0..CONFIRM_RUNS).filter(|_| self.fails_with(program, signature)).count();
        shown >= CONFIRM_NEEDED
    }

    fn fails_with(&mut self, program: &Program, signature: &Signature) -> bool {
        self.linux.supports(program).is_ok()
            && matches!(self.once(program, &mut ()),
                Once::Differs(failure) if failure.signature() == *signature)
    }

    /// Shortens a failing program. A step counts only if the shorter program fails twice.
    pub fn minimize(&mut self, program: &Program, first: &Failure) -> Option<Reproducer> {
        let signature = first.signature();
        let mut start = program.clone();
        start.steps.truncate(first.step + 1);
        if first.oracle != mm_diff::Oracle::Expectation {
            start.steps.iter_mut().for_each(|step| step.expect = None);
        }
        let Minimized { program, runs, .. } = minimize(&start, MINIMIZE_RUNS, &mut |candidate| {
            self.fails_with(candidate, &signature) && self.fails_with(candidate, &signature)
        });
        // What a live kernel did cannot be certified: the certificate promises that it repeats.
        let failure = (0..CONFIRM_RUNS).find_map(|_| match self.once(&program, &mut ()) {
            Once::Differs(failure) if failure.signature() == signature => Some(*failure),
            _ => None,
        })?;
        Some(Reproducer { program, failure, certificate: None, runs })
    }

    /// The rules that fired in the last operation that was run.
    pub fn rules(&self) -> Vec<&'static str> {
        let mut rules: Vec<_> = self.lockstep.fired().iter().map(|(rule, _)| rule.id()).collect();
        rules.dedup();
        rules
    }

    /// The ledger with the number of its uses.
    pub fn ledger(&self) -> Vec<LedgerUse> {
        let uses = self.lockstep.ledger().uses().map(|(allowance, used)| LedgerUse {
            id: allowance.id,
            what: allowance.what,
            when: allowance.when,
            used,
        });
        uses.collect()
    }

    /// A run in which the kernel executed nothing is no run.
    pub fn must_have_run(&self) -> Result<(), Error> {
        if self.tally.kernel_programs > 0 {
            return Ok(());
        }
        let reasons = self.tally.skipped.keys().chain(self.tally.troubles.keys());
        let reasons: Vec<&str> = reasons.map(String::as_str).collect();
        Err(Error::Usage(format!(
            "no program was executed on the kernel: {}",
            if reasons.is_empty() { "none was given".to_owned() } else { reasons.join("; ") }
        )))
    }

    /// The figures of the run, for people.
    pub fn print(&self) {
        say!("{} programs on the kernel", self.tally.kernel_programs);
        for (reason, count) in &self.tally.skipped {
            say!("left out: {count} × {reason}");
        }
        for (what, count) in &self.tally.troubles {
            say!("without a result: {count} × {what}");
        }
        if self.tally.unconfirmed > 0 {
            say!("differed once and not again: {}", self.tally.unconfirmed);
        }
        for line in self.ledger() {
            say!(
                "ledger: {} used {} times ({}, when {})",
                line.id,
                line.used,
                line.what,
                line.when
            );
        }
    }
}

/// What this kernel and these privileges do not allow of what is driven and observed, with the
/// reasons.
pub fn missing(linux: &Linux) -> Vec<String> {
    let rows = linux.probe().rows.iter().filter_map(|row| {
        let reason = row.finding.as_ref().err()?;
        let built = !row.needed_for.contains("not driven");
        built.then(|| format!("{} ({}): {reason}", row.needed_for, row.name))
    });
    rows.collect()
}
