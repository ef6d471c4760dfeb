//! Makes a failing program as small as it gets without losing its failure.
//!
//! The result is a fixpoint: no single operation can be dropped and no single number lowered
//! ([`mm_ops::lower::lowerings`]) without losing the failure. On the way there larger steps are tried, which
//! understand what a program is: runs of operations, an operation with all that depends on it, two
//! operations at once, two processes as one, the address space without its gaps. Deterministic, and
//! bounded by a number of runs.

mod reductions;

#[cfg(test)]
mod tests;

use mm_ops::Program;
use mm_ops::lower::{compare, config_lowerings, lowerings};
use std::cmp::Ordering;

/// Runs a minimization may take before it gives up on the fixpoint.
pub const RUNS_MAX: u64 = 50_000;

/// A minimized program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimized {
    /// The program.
    pub program: Program,
    /// How many programs were run to get there.
    pub runs: u64,
    /// How it was proved minimal; `None` if the runs allowed did not suffice.
    pub proof: Option<Proof>,
}

/// What was tried in vain on a minimal program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Single operations left out.
    pub deletions: usize,
    /// Single operands, operations or settings lowered.
    pub lowerings: usize,
}

/// Minimizes `program`, for which `fails` must be true, within `runs_max` runs.
pub fn minimize(
    program: &Program,
    runs_max: u64,
    fails: &mut dyn FnMut(&Program) -> bool,
) -> Minimized {
    let mut search = Search { best: program.clone(), runs: 0, runs_max, fails };
    while !search.exhausted() {
        let mut changed = search.drop_runs();
        changed |= search.drop_names();
        changed |= search.merge_processes();
        changed |= search.drop_singles();
        changed |= search.drop_pairs();
        changed |= search.forget_expectations();
        changed |= search.renumber();
        changed |= search.close_gaps();
        changed |= search.simplify_config();
        changed |= search.lower_operations();
        if !changed {
            break;
        }
    }
    let proof = search.prove();
    Minimized { proof, runs: search.runs, program: search.best }
}

/// Why a program is not minimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shorter {
    /// The operation at this index can be dropped.
    Deletion(usize),
    /// This smaller program fails as well.
    Lowering(Box<Program>),
}

/// Tries every single deletion and every single lowering of a program; answers how many there were,
/// or the first that keeps the failure.
pub fn prove(program: &Program, fails: &mut dyn FnMut(&Program) -> bool) -> Result<Proof, Shorter> {
    for index in 0..program.steps.len() {
        if fails(&without(program, |other| other == index)) {
            return Err(Shorter::Deletion(index));
        }
    }
    let mut proof = Proof { deletions: program.steps.len(), lowerings: 0 };
    for candidate in lowered(program) {
        proof.lowerings += 1;
        if fails(&candidate) {
            return Err(Shorter::Lowering(Box::new(candidate)));
        }
    }
    Ok(proof)
}

/// Every program that differs from this one by one lowering, of an operation or of the
/// configuration.
fn lowered(program: &Program) -> impl Iterator<Item = Program> + '_ {
    let of_steps = program.steps.iter().enumerate().flat_map(move |(index, step)| {
        lowerings(&step.op).into_iter().map(move |op| {
            let mut candidate = program.clone();
            candidate.steps[index].op = op;
            candidate
        })
    });
    let of_config = config_lowerings(&program.config).into_iter();
    of_steps.chain(of_config.map(|config| Program { config, steps: program.steps.clone() }))
}

fn without(program: &Program, doomed: impl Fn(usize) -> bool) -> Program {
    let steps = program.steps.iter().enumerate();
    let steps = steps.filter(|(index, _)| !doomed(*index)).map(|(_, step)| *step).collect();
    Program { config: program.config, steps }
}

/// By the order of [`mm_ops::lower::compare`]; of equal programs that with fewer expectations.
fn is_simpler(candidate: &Program, best: &Program) -> bool {
    let expectations =
        |program: &Program| program.steps.iter().filter(|step| step.expect.is_some()).count();
    match compare(candidate, best) {
        Ordering::Less => true,
        Ordering::Equal => expectations(candidate) < expectations(best),
        Ordering::Greater => false,
    }
}

/// The smallest failing program so far, and the means to try smaller ones.
struct Search<'t> {
    best: Program,
    runs: u64,
    runs_max: u64,
    fails: &'t mut dyn FnMut(&Program) -> bool,
}

impl Search<'_> {
    fn exhausted(&self) -> bool {
        self.runs >= self.runs_max
    }

    /// Takes a candidate if it is simpler and fails as well. There is no endless chain of ever
    /// simpler programs, so the search ends.
    fn try_program(&mut self, candidate: Program) -> bool {
        if self.exhausted() || !is_simpler(&candidate, &self.best) {
            return false;
        }
        self.runs += 1;
        let accepted = (self.fails)(&candidate);
        if accepted {
            self.best = candidate;
        }
        accepted
    }

    /// Checks that the best program is minimal, if the runs left allow.
    fn prove(&mut self) -> Option<Proof> {
        let cost = self.best.steps.len() + lowered(&self.best).count();
        if self.exhausted() {
            return None;
        }
        self.runs += cost as u64;
        let fails = &mut *self.fails;
        prove(&self.best, &mut |program| fails(program)).ok()
    }
}
