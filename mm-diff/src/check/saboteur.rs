//! A subject with a flaw of its own, so that the minimizer has something to minimize whatever the
//! subject is worth. Each flaw needs several operations to show and objects through another oracle.

use mm_ops::{Config, Effect, Mm, Observation, Op, Outcome, Program, Snapshot, Value};

/// What a [`Saboteur`] does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// From the second fork on, a store that worked is said to have run out of memory.
    FalseAnswer,
    /// After a GUP call that took something, a load reads another label.
    WrongValue,
    /// While two processes have memory, the last folio seems to have a reference too many.
    ForgedCount,
    /// `mprotect` panics once something was unmapped.
    Panic,
}

impl Flaw {
    pub(super) const ALL: [Self; 4] =
        [Self::FalseAnswer, Self::WrongValue, Self::ForgedCount, Self::Panic];

    /// The flaw to try a program with: any will do, if it is always the same.
    pub(super) fn of(program: &Program) -> Self {
        Self::ALL[program.steps.len() % Self::ALL.len()]
    }
}

/// A subject that is right but for one flaw.
pub(super) struct Saboteur<S> {
    subject: S,
    flaw: Flaw,
    /// Operations that worked since the reset.
    forks: u32,
    grabs: u32,
    unmaps: u32,
}

impl<S> Saboteur<S> {
    pub(super) fn new(subject: S, flaw: Flaw) -> Self {
        Self { subject, flaw, forks: 0, grabs: 0, unmaps: 0 }
    }
}

impl<S: Mm> Mm for Saboteur<S> {
    fn reset(&mut self, config: &Config) {
        (self.forks, self.grabs, self.unmaps) = (0, 0, 0);
        self.subject.reset(config);
    }

    fn apply(&mut self, op: &Op) -> Effect {
        let mut effect = self.subject.apply(op);
        match (op, effect.outcome) {
            (Op::Fork { .. }, Outcome::Ok) => self.forks += 1,
            (Op::Gup { .. }, Outcome::Count(1..)) => self.grabs += 1,
            (Op::Munmap { .. }, Outcome::Ok) => self.unmaps += 1,
            _ => {}
        }
        match (self.flaw, op, &mut effect.outcome) {
            (Flaw::FalseAnswer, Op::Write { .. }, outcome @ Outcome::Ok) if self.forks > 1 => {
                *outcome = Outcome::Oom;
            }
            (Flaw::WrongValue, Op::Read { .. }, Outcome::Value(value)) if self.grabs > 0 => {
                *value = Value { label: value.label ^ 1, stamp: 1 };
            }
            (Flaw::Panic, Op::Mprotect { .. }, _) => {
                assert!(self.unmaps == 0, "a planted panic");
            }
            _ => {}
        }
        effect
    }

    fn observe(&self, out: &mut Observation) {
        self.subject.observe(out);
    }

    fn snapshot(&self, out: &mut Snapshot) -> bool {
        let has_snapshot = self.subject.snapshot(out);
        let two_have_memory =
            out.entries.first().map(|entry| entry.pid) != out.entries.last().map(|entry| entry.pid);
        if self.flaw == Flaw::ForgedCount
            && two_have_memory
            && let Some(folio) = out.folios.last_mut()
        {
            folio.refcount += 1;
        }
        has_snapshot
    }
}
