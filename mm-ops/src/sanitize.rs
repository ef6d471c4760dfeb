//! Any bits become a program that can be written down: names taken into their bounds, impossible
//! expectations dropped. Knows bounds, and no behaviour.

use crate::call::UffdCall;
use crate::device::DEVICES_MAX;
use crate::ids::{HANDLES_MAX, OPS_MAX, ORDER_MAX, PROCS_MAX, TOKENS_MAX, Value};
use crate::op::Op;
use crate::outcome::Outcome;
use crate::program::{Program, Step};

impl Op {
    /// The nearest operation that the text format can say: names within their bounds, no stamp on
    /// a value. Page numbers are left alone; any of them is legal.
    #[must_use]
    pub fn sanitized(mut self) -> Self {
        let operands = self.operands();
        operands.pid.into_iter().chain(operands.other).for_each(|pid| pid.0 %= PROCS_MAX);
        if let Some(handle) = operands.handle {
            handle.0 %= HANDLES_MAX;
        }
        if let Some(token) = operands.token {
            token.0 %= TOKENS_MAX;
        }
        if let Some(device) = operands.device {
            device.0 %= DEVICES_MAX;
        }
        if let Some(value) = operands.value {
            *value = Value::label(value.label);
        }
        match &mut self {
            Self::Thp { always, madvise } => {
                let legal = (1 << (ORDER_MAX + 1)) - 1;
                always.0 &= legal;
                madvise.0 &= legal;
            }
            Self::Split { order, .. } => order.0 = order.0.min(ORDER_MAX),
            // Steps that an actor does not take cannot be said.
            Self::Race { actor, at } => at[actor.steps()..].fill(0),
            // A registration is for something.
            Self::Uffd { call: UffdCall::Register { missing, wp }, .. } => *missing |= !*wp,
            _ => {}
        }
        self
    }
}

impl Step {
    /// The nearest step that the text format can say.
    #[must_use]
    pub fn sanitized(self) -> Self {
        let op = self.op.sanitized();
        let expect = self.expect.filter(|outcome| outcome.fits(&op)).map(|outcome| match outcome {
            Outcome::Value(value) => Outcome::Value(Value::label(value.label)),
            Outcome::Pids(pids) => Outcome::Pids(pids.sanitized()),
            other => other,
        });
        Self { op, expect }
    }
}

impl Program {
    /// The nearest program that can be printed and read back: legal configuration, at most
    /// [`OPS_MAX`] operations, each of them sanitized.
    #[must_use]
    pub fn sanitized(mut self) -> Self {
        self.config = self.config.sanitized();
        self.steps.truncate(OPS_MAX);
        self.steps.iter_mut().for_each(|step| *step = step.sanitized());
        self
    }

    /// An upper bound of the pages that can be mapped at one time, over all processes. Whoever runs
    /// programs of unknown origin refuses those that are too large for his time and memory.
    #[must_use]
    pub fn footprint_pages(&self) -> u64 {
        let space = u64::from(self.config.space_pages());
        let mapped = self.steps.iter().map(|step| match step.op {
            // A range that does not fit the address space is refused as a whole.
            Op::Mmap { range, .. } if range.end() <= space => u64::from(range.len),
            // Memory can grow by a mremap, and be in two places after one.
            Op::Mremap { to, .. } if to.end() <= space => u64::from(to.len),
            _ => 0,
        });
        // What one process mapped, each of the others can have by a fork.
        mapped.sum::<u64>().min(space) * u64::from(self.config.procs)
    }

    /// An upper bound of what a run costs: operations times [pages](Self::footprint_pages).
    #[must_use]
    pub fn work(&self) -> u64 {
        self.footprint_pages().saturating_mul(self.steps.len() as u64)
    }
}
