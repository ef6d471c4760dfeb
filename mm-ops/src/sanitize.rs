//! Any bits become a program that can be written down: names taken into their bounds, impossible
//! expectations dropped. Knows bounds, and no behaviour.

use crate::ids::{HANDLES_MAX, Handle, OPS_MAX, ORDER_MAX, OrderSet, PROCS_MAX, TOKENS_MAX, Token};
use crate::ids::{Pid, Value};
use crate::op::{Op, Remote};
use crate::outcome::Outcome;
use crate::program::{Program, Step};

impl Op {
    /// The nearest operation that the text format can say: names within their bounds, no stamp on
    /// a value. Page numbers are left alone; any of them is legal.
    #[must_use]
    pub fn sanitized(mut self) -> Self {
        match &mut self {
            Self::Mmap { pid, .. }
            | Self::Munmap { pid, .. }
            | Self::Mprotect { pid, .. }
            | Self::Madvise { pid, .. }
            | Self::Mlock { pid, .. }
            | Self::Munlock { pid, .. }
            | Self::Mseal { pid, .. }
            | Self::Exit { pid }
            | Self::Read { pid, .. }
            | Self::Remote { pid, access: Remote::Peek | Remote::VmRead, .. }
            | Self::NumaHint { pid, .. }
            | Self::ClearRefs { pid } => wrap_pid(pid),
            Self::Fork { parent, child } => {
                wrap_pid(parent);
                wrap_pid(child);
            }
            Self::Write { pid, value, .. }
            | Self::Remote { pid, access: Remote::Poke(value) | Remote::VmWrite(value), .. } => {
                wrap_pid(pid);
                *value = Value::label(value.label);
            }
            Self::Gup { pid, handle, .. } => {
                wrap_pid(pid);
                wrap_handle(handle);
            }
            Self::Put { handle, .. } | Self::DmaRead { handle, .. } => wrap_handle(handle),
            Self::DmaWrite { handle, value, .. } => {
                wrap_handle(handle);
                *value = Value::label(value.label);
            }
            Self::Lock { pid, token, .. } | Self::Isolate { pid, token, .. } => {
                wrap_pid(pid);
                wrap_token(token);
            }
            Self::Drop { token } => wrap_token(token),
            Self::Thp { always, madvise } => {
                let legal = (1 << (ORDER_MAX + 1)) - 1;
                *always = OrderSet(always.0 & legal);
                *madvise = OrderSet(madvise.0 & legal);
            }
            Self::FailAlloc { .. } => {}
        }
        self
    }
}

fn wrap_pid(pid: &mut Pid) {
    pid.0 %= PROCS_MAX;
}

fn wrap_handle(handle: &mut Handle) {
    handle.0 %= HANDLES_MAX;
}

fn wrap_token(token: &mut Token) {
    token.0 %= TOKENS_MAX;
}

impl Step {
    /// The nearest step that the text format can say.
    #[must_use]
    pub fn sanitized(self) -> Self {
        let op = self.op.sanitized();
        let expect = self.expect.filter(|outcome| outcome.fits(&op)).map(|outcome| match outcome {
            Outcome::Value(value) => Outcome::Value(Value::label(value.label)),
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
            _ => 0,
        });
        // What one process mapped, each of the others can have by a fork.
        mapped.sum::<u64>().min(space) * u64::from(self.config.procs)
    }
}
