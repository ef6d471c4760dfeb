//! The trait a memory manager implements to be fuzzed. This is the whole interface between the
//! toolkit and a subject: the oracles know nothing else of it.

use crate::config::Config;
use crate::ids::{Pid, Vpn};
use crate::observation::Observation;
use crate::op::Op;
use crate::outcome::Effect;
use crate::race::Moment;
use crate::snapshot::Snapshot;

/// A memory manager that can be driven by a program.
///
/// [`Mm::reset`], [`Mm::apply`] and [`Mm::observe`] are enough for fuzzing, minimization, the ideal
/// oracle and the comparison of what userspace can see. A subject that also fills in
/// [`Mm::snapshot`] gets the invariants and the comparison of its mechanism.
pub trait Mm {
    /// Back to a fresh machine: process `p0` exists with nothing mapped, no handle is open, no
    /// folio exists, no large folio orders are enabled. Called before every program.
    fn reset(&mut self, config: &Config);

    /// Executes one operation. Never panics, whatever the operation; an operation that makes no
    /// sense has a defined errno (see [`Op`]).
    fn apply(&mut self, op: &Op) -> Effect;

    /// Writes what userspace could see now over `out`.
    fn observe(&self, out: &mut Observation);

    /// Writes the whole internal state over `out` and answers `true`; a subject without one leaves
    /// `out` alone and answers `false`.
    fn snapshot(&self, out: &mut Snapshot) -> bool {
        let _ = out;
        false
    }

    /// What happened in the last operation that had an actor beside it ([`Op::Race`]), in order.
    /// Empty from a subject without yield points.
    fn timeline(&self) -> &[Moment] {
        &[]
    }

    /// Finds out by trying, at the end of a program, which pages are mapped exclusively: every page
    /// of a folio, by (pid, vpn). Those of sealed mappings are not compared. May change anything. `None` from a subject that cannot tell; one with a snapshot is never asked.
    fn exclusivity(&mut self) -> Option<Vec<(Pid, Vpn, bool)>> {
        None
    }
}

/// A subject whose type is known at run time only.
impl<M: Mm + ?Sized> Mm for Box<M> {
    fn reset(&mut self, config: &Config) {
        (**self).reset(config);
    }

    fn apply(&mut self, op: &Op) -> Effect {
        (**self).apply(op)
    }

    fn observe(&self, out: &mut Observation) {
        (**self).observe(out);
    }

    fn snapshot(&self, out: &mut Snapshot) -> bool {
        (**self).snapshot(out)
    }

    fn timeline(&self) -> &[Moment] {
        (**self).timeline()
    }

    fn exclusivity(&mut self) -> Option<Vec<(Pid, Vpn, bool)>> {
        (**self).exclusivity()
    }
}
