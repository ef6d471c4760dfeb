//! What is known to be right: the runs of one scene that were judged, as a tree of what the subject
//! showed. Most interleavings of a scene come to one of a few ends, and to judge each of them by every
//! order of the reference is nearly all the work there is.
//!
//! That is no shortcut in what is tried: the subject runs every interleaving from its first operation
//! to its last. The oracles know of a run nothing but its program, the answers, the choices and the states that
//! it showed; so a run that shows the same as one they agreed to is one they agree to. Of the program only
//! the schedule differs within a scene, and of the schedule they know when the actor came in real time.
//! What failed is never kept.

use crate::lockstep::StepView;
use crate::race;
use mm_ops::{Actor, Effect, Mm, RACE_STEPS, Snapshot};

/// See the module documentation.
#[derive(Default)]
pub(super) struct Known {
    /// What followed: the first three are the beginnings, one a time the actor may come at; what a
    /// subject shows next leads on.
    nodes: Vec<Vec<Seen>>,
    /// What the subject shows now.
    state: Snapshot,
}

/// What one operation showed.
struct Seen {
    effect: Effect,
    state: Snapshot,
    /// Where it leads.
    next: Node,
}

/// A place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node(usize);

impl Known {
    /// Where runs of a schedule begin.
    pub(super) fn beginning(&mut self, (actor, at): (Actor, [u8; RACE_STEPS])) -> Node {
        let beginnings = race::RealTime::ALL;
        self.nodes.resize_with(self.nodes.len().max(beginnings.len()), Vec::new);
        Node(race::RealTime::of(actor, at) as usize)
    }

    /// Where it leads that the subject shows this; `None`: nobody judged that yet.
    pub(super) fn follow(
        &mut self,
        Node(node): Node,
        effect: &Effect,
        subject: &impl Mm,
    ) -> Option<Node> {
        if !subject.snapshot(&mut self.state) {
            return None;
        }
        let mut seen = self.nodes.get(node)?.iter();
        let same = |seen: &&Seen| seen.effect == *effect && seen.state == self.state;
        seen.find(same).map(|seen| seen.next)
    }

    /// Keeps what the oracles agreed to; answers where it leads.
    pub(super) fn keep(&mut self, Node(node): Node, step: &StepView<'_>) -> Node {
        let effect = Effect { outcome: step.outcome, choices: step.choices.to_vec() };
        let same = |seen: &&Seen| seen.effect == effect && seen.state == *step.snapshot;
        if let Some(known) = self.nodes[node].iter().find(same) {
            return known.next;
        }
        let next = Node(self.nodes.len());
        self.nodes.push(Vec::new());
        self.nodes[node].push(Seen { effect, state: step.snapshot.clone(), next });
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mm_ops::{AT_END, Config, Observation, Op, Outcome, Pid, TableSnap, Vpn};

    /// A subject in a state.
    struct Shows(Snapshot);

    impl Mm for Shows {
        fn reset(&mut self, _: &Config) {}

        fn apply(&mut self, _: &Op) -> Effect {
            Outcome::Ok.into()
        }

        fn observe(&self, _: &mut Observation) {}

        fn snapshot(&self, out: &mut Snapshot) -> bool {
            out.clone_from(&self.0);
            true
        }
    }

    #[test]
    fn only_what_was_agreed_to_is_known() {
        let (empty, mut other) = (Snapshot::default(), Snapshot::default());
        other.tables.push(TableSnap { pid: Pid(0), level: 1, vpn: Vpn(0) });
        let load = Actor::Load { pid: Pid(0), vpn: Vpn(0) };
        let mut known = Known::default();
        let [early, beside, late] =
            [0, 3, AT_END].map(|at| known.beginning((load, [at; RACE_STEPS])));
        assert!(early != beside && beside != late && late != early);
        assert_eq!(known.beginning((load, [5; RACE_STEPS])), beside);

        let op = Op::Swapoff;
        let (outcome, snapshot) = (Outcome::Ok, &empty);
        let step = StepView {
            index: 0,
            op: &op,
            outcome,
            choices: &[],
            fired: &[],
            snapshot,
            timeline: None,
        };
        let next = known.keep(beside, &step);
        assert_eq!(known.keep(beside, &step), next, "kept once");
        let (shows, differs) = (Shows(empty.clone()), Shows(other));
        let effect = Effect::from(outcome);
        assert_eq!(known.follow(beside, &effect, &shows), Some(next));
        assert_eq!(known.follow(beside, &effect, &differs), None, "another state");
        assert_eq!(known.follow(beside, &Outcome::Segv.into(), &shows), None, "another answer");
        assert_eq!(known.follow(early, &effect, &shows), None, "another time");
        assert_eq!(known.follow(next, &effect, &shows), None, "one operation more");
    }
}
