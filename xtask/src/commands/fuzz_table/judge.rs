//! Which fault each search would have found, and when. libFuzzer runs on the correct model and writes down
//! every input; here each goes through the models with a fault, in the same order, until it fails on
//! them. Up to the first failure a model with a fault gives the fuzzer the same answers as the correct one,
//! so one search tells of all faults.

use crate::error::Error;
use mm_diff::StepView;
use mm_diff::check::{Checks, Target, Verdict};
use mm_model::Model;
use mm_model::faults::{Fault, Reached};
use mm_ops::Config;
use serde::Serialize;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

/// What it took to find a fault, the program that shows it included.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Effort {
    pub programs: u64,
    pub operations: u64,
}

/// A whole search.
#[derive(Clone, Debug, Serialize)]
pub struct Search {
    pub seed: u32,
    /// All that was run.
    pub total: Effort,
    /// By fault; `None` if nothing that was run shows it.
    pub found: Vec<Option<Effort>>,
}

/// The model with a fault, made when the first program comes to the fault's site.
struct Suspect<F> {
    fault: Fault,
    factory: F,
    subject: Option<Checks<Model, F>>,
    found: Option<Effort>,
}

/// Judges the inputs of a log.
pub fn judge(log: &Path, seed: u32, faults: &[Fault]) -> Result<Search, Error> {
    let file = File::open(log).map_err(Error::file("read", log))?;
    let mut inputs = BufReader::new(file);
    let mut correct = Checks::new(|| Model::new(&Config::default()));
    let mut suspects: Vec<_> = faults.iter().map(|fault| suspect(*fault)).collect();
    let mut total = Effort { programs: 0, operations: 0 };
    let mut input = Vec::new();
    while next(&mut inputs, &mut input).map_err(Error::file("read", log))? {
        total.programs += 1;
        let _those_before = Reached::take();
        let count = &mut |_: &StepView<'_>| total.operations += 1;
        let _verdict = correct.run(Target::Lockstep, &input, count);
        let reached = Reached::take();
        for suspect in &mut suspects {
            suspect.try_one(&input, reached, total);
        }
    }
    let found = suspects.iter().map(|suspect| suspect.found).collect();
    Ok(Search { seed, total, found })
}

/// Reads the next input; whether there was one. The last of a process that was stopped may be cut off.
fn next(log: &mut impl Read, input: &mut Vec<u8>) -> std::io::Result<bool> {
    let mut length = [0; 4];
    let read = log.read_exact(&mut length).and_then(|()| {
        input.resize(u32::from_le_bytes(length) as usize, 0);
        log.read_exact(input)
    });
    match read {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

fn suspect(fault: Fault) -> Suspect<impl Fn() -> Model + Clone> {
    let factory = move || Model::with_fault(&Config::default(), fault);
    Suspect { fault, factory, subject: None, found: None }
}

impl<F: Fn() -> Model + Clone> Suspect<F> {
    /// Runs an input on the model with the fault, if that can make a difference.
    fn try_one(&mut self, input: &[u8], reached: Reached, effort: Effort) {
        if self.found.is_some() || !reached.has(self.fault) {
            return;
        }
        let subject = self.subject.get_or_insert_with(|| Checks::new(self.factory.clone()));
        if matches!(subject.run(Target::Lockstep, input, &mut ()), Verdict::Failed(_)) {
            self.found = Some(effort);
            self.subject = None;
        }
    }
}
