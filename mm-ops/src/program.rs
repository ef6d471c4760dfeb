//! A program: a configuration and the operations, each with the outcome its author expects.

use crate::config::Config;
use crate::ids::OPS_MAX;
use crate::op::Op;
use crate::outcome::Outcome;
use serde::{Deserialize, Serialize};

/// One line of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Step {
    /// What is done.
    pub op: Op,
    /// What it must answer; `None` where the author does not care. A value is compared by its
    /// label.
    pub expect: Option<Outcome>,
}

/// A configuration and a sequence of operations. Every program is valid.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Program {
    /// What holds throughout.
    pub config: Config,
    /// What is done, at most [`OPS_MAX`] of it.
    pub steps: Vec<Step>,
}

impl Program {
    /// A program without expectations.
    #[must_use]
    pub fn new(config: Config, ops: impl IntoIterator<Item = Op>) -> Self {
        let steps = ops.into_iter().take(OPS_MAX).map(|op| Step { op, expect: None }).collect();
        Self { config, steps }
    }

    /// The operations as they are executed: stored values stamped with their operation's index
    /// (see [`crate::Value`]).
    pub fn stamped(&self) -> impl Iterator<Item = Op> + '_ {
        self.steps.iter().enumerate().map(|(index, step)| step.op.stamped(index))
    }
}
