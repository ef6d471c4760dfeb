//! Makes a failing program as small as it gets without losing its failure.
//!
//! The result is a fixpoint: no single operation can be dropped and no single number lowered
//! ([`mm_ops::lower`]) without losing the failure. On the way there larger steps are tried, which
//! understand what a program is: runs of operations, an operation with all that depends on it, two
//! operations at once, two processes as one, the address space without its gaps. Deterministic, and
//! bounded by a number of runs.

mod operands;
mod reductions;

#[cfg(test)]
mod tests;

use mm_ops::{Config, Op, PTES_ALLOWED, Program};

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
        changed |= search.drop_with_dependents();
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
pub fn prove(
    program: &Program,
    fails: &mut dyn FnMut(&Program) -> bool,
) -> Result<Proof, Shorter> {
    for index in 0..program.steps.len() {
        let mut candidate = program.clone();
        candidate.steps.remove(index);
        if fails(&candidate) {
            return Err(Shorter::Deletion(index));
        }
    }
    let mut proof = Proof { deletions: program.steps.len(), lowerings: 0 };
    for candidate in lowerings(program) {
        proof.lowerings += 1;
        if fails(&candidate) {
            return Err(Shorter::Lowering(Box::new(candidate)));
        }
    }
    Ok(proof)
}

/// Every program that differs from this one by one lowering.
fn lowerings(program: &Program) -> impl Iterator<Item = Program> + '_ {
    let of_steps = program.steps.iter().enumerate().flat_map(move |(index, step)| {
        lower_op(&step.op).into_iter().map(move |op| {
            let mut candidate = program.clone();
            candidate.steps[index].op = op;
            candidate
        })
    });
    let of_config = simpler_configs(&program.config).into_iter().map(move |config| {
        let mut candidate = program.clone();
        candidate.config = config;
        candidate
    });
    of_steps.chain(of_config)
}

/// The lowerings of an operation.
fn lower_op(op: &Op) -> Vec<Op> {
    mm_ops::lower(op).into_iter().filter(|lower| lower != op).collect()
}

/// Simpler settings, simplest first: smaller tables, fewer processes, one mode less.
fn simpler_configs(config: &Config) -> Vec<Config> {
    let default = Config::default();
    let smaller = PTES_ALLOWED.into_iter().filter(|ptes| *ptes < config.ptes);
    let mut simpler: Vec<Config> = smaller.map(|ptes| Config { ptes, ..*config }).collect();
    simpler.extend((1..config.procs).map(|procs| Config { procs, ..*config }));
    simpler.extend([
        Config { batching: default.batching, ..*config },
        Config { access_bits: default.access_bits, ..*config },
        Config { soft_dirty: default.soft_dirty, ..*config },
        Config { huge_zero: default.huge_zero, ..*config },
        Config { pt_reclaim: default.pt_reclaim, ..*config },
    ]);
    simpler.retain(|simpler| simpler != config);
    simpler
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

    /// Takes a candidate if it fails as well.
    fn try_program(&mut self, candidate: Program) -> bool {
        if self.exhausted() || candidate == self.best {
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
        let cost = self.best.steps.len() + lowerings(&self.best).count();
        if self.exhausted() {
            return None;
        }
        self.runs += cost as u64;
        let fails = &mut *self.fails;
        prove(&self.best, &mut |program| fails(program)).ok()
    }
}
