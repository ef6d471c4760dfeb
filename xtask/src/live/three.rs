//! Programs against the kernel, or against model and kernel at once: runs, blames, minimizes.

use super::blame;
use super::kernel::{Kernel, Verdict};
use crate::error::Error;
use mm_diff::{Failure, Lie, Lockstep, Observer, Reproducer, Rig};
use mm_model::Model;
use mm_ops::{Errno, Op, Outcome, Program};

/// The planted wrong rule: advice for a range with holes in it is taken without complaint.
fn wrong_rule(op: &Op, outcome: Outcome) -> Outcome {
    match (op, outcome) {
        (Op::Madvise { .. }, Outcome::Err(Errno::ENOMEM)) => Outcome::Ok,
        _ => outcome,
    }
}

/// Kernel and, for `all`, the model.
pub struct Parties<F> {
    pub kernel: Kernel,
    model: Option<(Lockstep, Model, F)>,
    lie: Option<Lie>,
}

/// A difference, and who is alone.
pub struct Difference {
    pub failure: Box<Failure>,
    pub blame: String,
    /// The kernel differs, not the model only.
    by_kernel: bool,
}

/// What became of a program.
pub enum Judgement {
    Passed,
    /// The kernel did not run it, for this reason; the model, if asked, agrees with the reference.
    Skipped(String),
    /// No result on the kernel.
    Trouble(String),
    Differs(Difference),
}

impl<F: Fn() -> Model + Clone> Parties<F> {
    /// The kernel alone, or with the models of this factory.
    pub fn new(factory: Option<F>, wrong_reference: bool) -> Result<Self, Error> {
        let lie: Option<Lie> = if wrong_reference { Some(wrong_rule) } else { None };
        let model = factory.map(|factory| (Lockstep::with_lie(lie), factory(), factory));
        Ok(Self { kernel: Kernel::new(lie)?, model, lie })
    }

    /// Runs a program on everybody; the observer looks on at the kernel's first run.
    pub fn judge(&mut self, program: &Program, observer: &mut impl Observer) -> Judgement {
        let inside = self.run_model(program);
        let verdict = self.kernel.judge(program, observer);
        let by_kernel = matches!(verdict, Verdict::Differs(_));
        match (verdict, inside) {
            (Verdict::Differs(failure), inside) => {
                let blame = self.blame(program, Some(&failure), inside.as_deref());
                Judgement::Differs(Difference { failure, blame, by_kernel })
            }
            (_, Some(failure)) => {
                let blame = self.blame(program, None, Some(&failure));
                Judgement::Differs(Difference { failure, blame, by_kernel })
            }
            (Verdict::Skipped(reason), None) => Judgement::Skipped(reason),
            (Verdict::Trouble(what), None) => Judgement::Trouble(what),
            (Verdict::Passed | Verdict::Unconfirmed, None) => Judgement::Passed,
        }
    }

    fn run_model(&mut self, program: &Program) -> Option<Box<Failure>> {
        let (lockstep, model, factory) = self.model.as_mut()?;
        let failure = lockstep.run(model, program, &mut ()).err();
        if failure.as_ref().is_some_and(|failure| failure.oracle == mm_diff::Oracle::Panic) {
            *model = factory();
        }
        failure
    }

    fn blame(
        &mut self,
        program: &Program,
        kernel: Option<&Failure>,
        inside: Option<&Failure>,
    ) -> String {
        let rules = match (&self.model, inside) {
            (Some((lockstep, ..)), Some(_)) => {
                lockstep.fired().iter().map(|(r, _)| r.id()).collect()
            }
            _ => self.kernel.rules(),
        };
        let Some((_, _, factory)) = &self.model else {
            let line = blame::line(None, kernel, None, &rules);
            return line.map_or_else(String::new, |line| {
                line.replace("the kernel is alone", "kernel and reference differ")
            });
        };
        let outside = blame::outside_of(&mut factory(), program, self.lie);
        blame::line(outside.as_deref(), kernel, inside, &rules).unwrap_or_default()
    }

    /// Shortens what differs. The blame is found anew for the shorter program.
    pub fn minimize(&mut self, program: &Program, found: Difference) -> (Reproducer, String) {
        let shorter = if found.by_kernel {
            self.kernel.minimize(program, &found.failure)
        } else {
            let factory = self.model.as_ref().map(|(_, _, factory)| factory.clone());
            factory.and_then(|factory| Rig::new(factory).minimize(program, mm_diff::RUNS_MAX))
        };
        let Some(mut reproducer) = shorter else {
            let (program, failure) = (program.clone(), *found.failure);
            return (Reproducer { program, failure, certificate: None, runs: 0 }, found.blame);
        };
        let inside = self.run_model(&reproducer.program);
        let kernel = found.by_kernel.then(|| reproducer.failure.clone());
        let blame = self.blame(&reproducer.program, kernel.as_ref(), inside.as_deref());
        reproducer.failure.notes.push(blame.clone());
        (reproducer, blame)
    }
}
