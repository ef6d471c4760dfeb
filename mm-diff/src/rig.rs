//! A subject under test: the lockstep, a subject, and the means to build a new one when it panics.

use crate::certificate::Certificate;
use crate::failure::{Failure, Oracle, Signature};
use crate::lockstep::{Lockstep, Observer, RunStats};
use crate::minimize::{Minimized, minimize};
use crate::panics;
use mm_ops::{Effect, Mm, Op, Program};

/// Runs any number of programs on subjects that a factory builds.
pub struct Rig<S, F> {
    factory: F,
    subject: S,
    lockstep: Lockstep,
    supports: Supports,
}

/// Which operations a subject implements.
pub type Supports = fn(&Op) -> bool;

/// A subject that implements every operation.
#[must_use]
pub fn supports_all(_: &Op) -> bool {
    true
}

impl<S: Mm, F: Fn() -> S> Rig<S, F> {
    /// A rig with its first subject.
    pub fn new(factory: F) -> Self {
        let subject = factory();
        Self { factory, subject, lockstep: Lockstep::new(), supports: supports_all }
    }

    /// The same for a subject that implements only some operations: a program with others never
    /// counts as a reproducer.
    #[must_use]
    pub fn supporting(mut self, supports: Supports) -> Self {
        self.supports = supports;
        self
    }

    /// Runs a program.
    pub fn run(&mut self, program: &Program) -> Result<RunStats, Box<Failure>> {
        self.run_observed(program, &mut ())
    }

    /// Runs a program while somebody looks on.
    pub fn run_observed(
        &mut self,
        program: &Program,
        observer: &mut impl Observer,
    ) -> Result<RunStats, Box<Failure>> {
        let result = self.lockstep.run(&mut self.subject, program, observer);
        if result.as_ref().is_err_and(|failure| failure.oracle == Oracle::Panic) {
            self.subject = (self.factory)();
        }
        result
    }

    /// Runs a program on the subject alone, while somebody looks on who may have seen enough: answers
    /// whether it came to its end. Nothing is judged.
    pub(crate) fn run_alone(
        &mut self,
        program: &Program,
        look: &mut impl FnMut(usize, &Effect, &S) -> bool,
    ) -> bool {
        let subject = &mut self.subject;
        let ended = panics::catch(|| {
            subject.reset(&program.config.sanitized());
            let mut ops = program.stamped().enumerate();
            ops.all(|(index, op)| {
                let effect = subject.apply(&op);
                look(index, &effect, subject)
            })
        });
        ended.unwrap_or_else(|_| {
            self.subject = (self.factory)();
            false
        })
    }

    /// Whether a program the subject supports fails in this way.
    pub fn fails_with(&mut self, program: &Program, signature: &Signature) -> bool {
        program.steps.iter().all(|step| (self.supports)(&step.op))
            && self.run(program).is_err_and(|failure| failure.signature() == *signature)
    }

    /// Minimizes a failing program with respect to its failure's signature, within `runs_max` runs.
    /// `None` if the program does not fail.
    pub fn minimize(&mut self, program: &Program, runs_max: u64) -> Option<Reproducer> {
        let first = self.run(program).err()?;
        let signature = first.signature();
        let mut start = program.clone();
        // Nothing behind the failing operation matters.
        start.steps.truncate(first.step + 1);
        if first.oracle != Oracle::Expectation {
            start.steps.iter_mut().for_each(|step| step.expect = None);
        }
        let minimized =
            minimize(&start, runs_max, &mut |candidate| self.fails_with(candidate, &signature));
        let Minimized { program, runs, proof } = minimized;
        let failure = *self.run(&program).err()?;
        let certificate = proof.map(|proof| Certificate::new(&program, &signature, proof));
        Some(Reproducer { program, failure, certificate, runs })
    }
}

/// A minimized failure.
#[derive(Clone, Debug)]
pub struct Reproducer {
    /// The smallest program found.
    pub program: Program,
    /// How it fails.
    pub failure: Failure,
    /// The certificate that it is minimal; `None` if the runs allowed did not suffice for one.
    pub certificate: Option<Certificate>,
    /// How many runs the minimization took.
    pub runs: u64,
}

impl Reproducer {
    /// The program as the text of a regression file, headed by its certificate.
    #[must_use]
    pub fn to_text(&self) -> String {
        match &self.certificate {
            Some(certificate) => format!("{certificate}{}", self.program),
            None => format!("# {}\n{}", self.failure.signature(), self.program),
        }
    }

    /// The failure as text, for a human.
    #[must_use]
    pub fn render(&self) -> String {
        self.failure.render(&self.program)
    }
}
