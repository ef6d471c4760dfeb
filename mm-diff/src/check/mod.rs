//! What the targets of the fuzz engines check, without the engines: each target reads a program from
//! its bytes in its own way and lets it be judged. An engine's harness calls [`Checks::run`] and
//! reports an [`Objection`] in the engine's way (libFuzzer: it panics); whoever turns a crash
//! artifact into a regression test runs the same check again.
//!
//! No engine is known here, and nothing is printed.

mod batching;
mod formats;
mod minimizer;
mod saboteur;

use crate::failure::{Failure, Signature};
use crate::lockstep::Observer;
use crate::panics;
use crate::rig::Rig;
use arbitrary::{Arbitrary, Unstructured};
use mm_ops::{Mm, Program};
use std::fmt;

/// Most [work](Program::work) one program may mean. More is not run by an engine: a farm would report it as
/// a timeout and learn nothing.
pub const WORK_MAX: u64 = 1 << 20;

/// Most work of a program that is run thousands of times.
const WORK_MINIMIZED_MAX: u64 = 1 << 13;

/// One kind of input, and what is checked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A program in binary form, in lockstep with the reference.
    Lockstep,
    /// Any bytes, taken for a program by `Arbitrary`, in lockstep with the reference.
    Bytes,
    /// A program text: parser, printer and formatter agree.
    Text,
    /// A program in binary form: decoder, encoder and printer agree.
    Codec,
    /// A program in binary form: the subject does the same with batches and without.
    Batching,
    /// A program in binary form: a failure of it is minimized, and the certificate holds.
    Minimizer,
}

impl Target {
    /// Every target, the main one first.
    pub const ALL: [Self; 6] =
        [Self::Lockstep, Self::Bytes, Self::Text, Self::Codec, Self::Batching, Self::Minimizer];

    /// The name of the target's binary.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lockstep => "lockstep",
            Self::Bytes => "bytes",
            Self::Text => "text",
            Self::Codec => "codec",
            Self::Batching => "batching",
            Self::Minimizer => "minimizer",
        }
    }

    /// The target of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// The program in an input, if this target finds one there.
    #[must_use]
    pub fn program(self, input: &[u8]) -> Option<Program> {
        match self {
            Self::Bytes => Program::arbitrary(&mut Unstructured::new(input)).ok(),
            Self::Text => Program::parse(std::str::from_utf8(input).ok()?).ok(),
            Self::Codec => mm_ops::codec::decode(input).ok(),
            Self::Lockstep | Self::Batching | Self::Minimizer => {
                let mut program = mm_ops::codec::decode(input).ok()?;
                // What an engine's bytes expect is nobody's opinion.
                program.steps.iter_mut().for_each(|step| step.expect = None);
                Some(program)
            }
        }
    }

    /// Whether an input is worth keeping that no program is found in. Readers must cope with any
    /// bytes; to everything else only programs are of use.
    #[must_use]
    pub const fn reads_anything(self) -> bool {
        matches!(self, Self::Text | Self::Codec)
    }

    /// Whether this target runs a program: it may be too much work.
    fn runs(self, program: &Program) -> bool {
        match self {
            Self::Text | Self::Codec => true,
            Self::Minimizer => program.work() <= WORK_MINIMIZED_MAX,
            Self::Lockstep | Self::Bytes | Self::Batching => program.work() <= WORK_MAX,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What became of an input.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is no program, or too large a one.
    Rejected,
    /// Nothing to object to.
    Passed,
    /// A check failed.
    Failed(Objection),
}

/// A failed check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The kind of failure.
    pub signature: Signature,
    /// All of it, for a human.
    pub report: String,
}

impl Objection {
    fn new(signature: &str, report: impl Into<String>) -> Self {
        Self { signature: Signature::from_text(signature), report: report.into() }
    }

    fn of(failure: &Failure, program: &Program) -> Self {
        Self { signature: failure.signature(), report: failure.render(program) }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.signature, self.report)
    }
}

/// Runs the checks of all targets on subjects that a factory builds.
pub struct Checks<S, F> {
    factory: F,
    rig: Rig<S, F>,
    pair: batching::Pair<S>,
}

impl<S: Mm, F: Fn() -> S + Clone> Checks<S, F> {
    /// Checks with their first subjects.
    pub fn new(factory: F) -> Self {
        let pair = batching::Pair::new(&factory);
        Self { rig: Rig::new(factory.clone()), factory, pair }
    }

    /// Checks an input of a target. The observer looks on where a program runs in lockstep.
    pub fn run(&mut self, target: Target, input: &[u8], observer: &mut impl Observer) -> Verdict {
        let read = match target {
            Target::Text => std::str::from_utf8(input).map_or(Ok(()), formats::text),
            Target::Codec => formats::binary(input),
            _ => Ok(()),
        };
        if let Err(objection) = read {
            return Verdict::Failed(objection);
        }
        match target.program(input) {
            Some(program) if target.runs(&program) => {
                match self.run_program(target, &program, observer) {
                    Ok(()) => Verdict::Passed,
                    Err(objection) => Verdict::Failed(objection),
                }
            }
            None if target.reads_anything() => Verdict::Passed,
            _ => Verdict::Rejected,
        }
    }

    /// Checks a program in the way of a target.
    ///
    /// # Errors
    /// What there is to object to.
    pub fn run_program(
        &mut self,
        target: Target,
        program: &Program,
        observer: &mut impl Observer,
    ) -> Result<(), Objection> {
        match target {
            Target::Lockstep | Target::Bytes => match self.rig.run_observed(program, observer) {
                Ok(_) => Ok(()),
                Err(failure) => Err(Objection::of(&failure, program)),
            },
            Target::Text | Target::Codec => formats::program(program),
            Target::Batching => {
                let result = panics::catch(|| self.pair.run(program));
                result.unwrap_or_else(|message| {
                    self.pair = batching::Pair::new(&self.factory);
                    let kind = panics::kind_of_panic(&message);
                    Err(Objection::new(&format!("batching panic {kind}"), message))
                })
            }
            Target::Minimizer => minimizer::check(&self.factory, program),
        }
    }
}

#[cfg(test)]
mod tests;
