//! Batches are an optimization: with every run cut to one entry, a subject that keeps the access bits
//! of each entry must do exactly the same (BT4, C17). The reference has no part in it.

use super::Objection;
use crate::differ::differences;
use crate::failure::{answers, kind_of_op};
use crate::finding::Finding;
use mm_ops::{AccessBits, Batching, Config, Mm, Observation, Op, Program, Snapshot};

/// A subject with batches and one without, and what they are compared by.
pub(super) struct Pair<S> {
    batched: S,
    single: S,
    states: [Snapshot; 2],
    views: [Observation; 2],
}

impl<S: Mm> Pair<S> {
    pub(super) fn new(factory: &impl Fn() -> S) -> Self {
        Self {
            batched: factory(),
            single: factory(),
            states: Default::default(),
            views: Default::default(),
        }
    }

    /// Runs a program on both, and compares after every operation.
    pub(super) fn run(&mut self, program: &Program) -> Result<(), Objection> {
        let config = Config { access_bits: AccessBits::Exact, ..program.config.sanitized() };
        self.batched.reset(&Config { batching: Batching::On, ..config });
        self.single.reset(&Config { batching: Batching::Off, ..config });
        for (index, op) in program.stamped().enumerate() {
            // How many allocations an operation makes may depend on its runs (C22), so "the second
            // one" need not be the same one.
            if matches!(op, Op::FailAlloc { .. }) {
                continue;
            }
            if let Some((field, why)) = self.step(&op) {
                let signature = format!("batching {field} {}", kind_of_op(&op));
                let report = format!("operation {}, `{op}`: {why}\n{program}", index + 1);
                return Err(Objection::new(&signature, report));
            }
        }
        Ok(())
    }

    /// Applies an operation to both; what differs then: its name, and all of it.
    fn step(&mut self, op: &Op) -> Option<(String, String)> {
        let (batched, single) = (self.batched.apply(op), self.single.apply(op));
        if batched.outcome != single.outcome {
            let finding = answers(single.outcome, batched.outcome);
            return Some((finding.field.to_string(), described(&[finding])));
        }
        if batched.choices != single.choices {
            let why = format!("without batches {:?}, with {:?}", single.choices, batched.choices);
            return Some(("choices".to_owned(), why));
        }
        let [state, state_single] = &mut self.states;
        if self.batched.snapshot(state) && self.single.snapshot(state_single) {
            if state == state_single {
                return None;
            }
            let findings = differences(state_single, state);
            let field = findings.first().map_or("state", |finding| &*finding.field).to_owned();
            return Some((field, described(&findings)));
        }
        let [view, view_single] = &mut self.views;
        self.batched.observe(view);
        self.single.observe(view_single);
        (view != view_single)
            .then(|| ("view".to_owned(), format!("without batches {view_single:?}, with {view:?}")))
    }
}

fn described(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| format!("\n  {finding}"));
    format!("with batches it differs from without:{}", lines.collect::<String>())
}
