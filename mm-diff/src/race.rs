//! Linearizability: an operation with an actor beside it must come to what the reference comes to
//! with the actor before it, after it, between two of its steps, or backing off. Which of these it
//! was is for the oracles to find out; that one of them explains everything is the judgement. The
//! answer of an rmap walker is judged like everything else: who was found must have been there to be
//! found, all of them, at one moment between its first step and its last.

use mm_ops::{
    AT_END, Actor, ActorEnd, Choice, GupFlags, Op, Outcome, PageRange, RACE_STEPS, Snapshot,
};
use mm_reference::{Reference, Turn, Way};

/// What an operation and its actor came to, as one of the orders explains it.
pub(crate) struct Order {
    /// The reference after both.
    pub(crate) reference: Reference,
    /// The answer of the operation.
    pub(crate) outcome: Outcome,
    /// Where the actor ran.
    pub(crate) turn: Turn,
    /// How it ended.
    pub(crate) end: ActorEnd,
    /// Whether answer, actor and state are what the subject has.
    pub(crate) explains: bool,
}

/// When an actor came in real time: what happened before or after the operation did so. All that the
/// judgement of a race takes from the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RealTime {
    Before,
    Beside,
    After,
}

impl RealTime {
    pub(crate) const ALL: [Self; 3] = [Self::Before, Self::Beside, Self::After];

    /// That of an actor which takes its steps at these yield points.
    pub(crate) fn of(actor: Actor, at: [u8; RACE_STEPS]) -> Self {
        let steps_at = &at[..actor.steps()];
        if steps_at.first() == Some(&AT_END) {
            Self::After
        } else if steps_at.iter().all(|at| *at == 0) {
            Self::Before
        } else {
            Self::Beside
        }
    }

    /// The only turn that explains it.
    const fn turn(self) -> Option<Turn> {
        match self {
            Self::Before => Some(Turn::Before),
            Self::Beside => None,
            Self::After => Some(Turn::After),
        }
    }
}

/// The first order that explains what the subject did, or the one that comes nearest. `None`: every
/// order refuses what the subject chose.
pub(crate) fn explain(
    before: &Reference,
    op: &Op,
    (actor, at): (Actor, [u8; RACE_STEPS]),
    found: (Outcome, &[Choice]),
    state: Option<&Snapshot>,
) -> Option<Order> {
    let (outcome, choices) = found;
    let raced = choices.iter().find_map(|choice| match choice {
        Choice::Raced(end) => Some(*end),
        _ => None,
    });
    let ended = raced.unwrap_or(ActorEnd::BackedOff);
    let rest: Vec<Choice> =
        choices.iter().filter(|choice| !matches!(choice, Choice::Raced(_))).copied().collect();
    let mut nearest: Option<(u8, Order)> = None;
    let mut ours = Snapshot::default();
    let mut steps = 0;
    // How many steps there are is known only once the operation has run.
    let mut try_order = |turn: Turn, way: Way, steps: &mut u32| {
        let mut reference = before.clone();
        let done = reference.apply_raced(op, &rest, actor, turn, way);
        *steps = (*steps).max(reference.steps());
        let (answer, end) = done.ok()?;
        let same_state = state.is_none_or(|state| {
            reference.snapshot(&mut ours);
            ours == *state
        });
        let explains = answer == outcome && end == ended && same_state;
        let likeness = 4 * u8::from(answer == outcome) + 2 * u8::from(end == ended);
        let order = Order { reference, outcome: answer, turn, end, explains };
        if explains {
            return Some(order);
        }
        if nearest.as_ref().is_none_or(|(best, _)| likeness > *best) {
            nearest = Some((likeness, order));
        }
        None
    };
    if let Some(turn) = RealTime::of(actor, at).turn() {
        // A walker backs off from a lock that somebody holds, and then nobody does.
        let ways: &[Way] = match actor {
            Actor::Walk { .. } => &[Way::Done],
            _ => &[Way::Done, Way::BacksOff],
        };
        let mut ways = ways.iter().copied();
        let found = ways.find_map(|way| try_order(turn, way, &mut steps));
        return found.or_else(|| nearest.map(|(_, order)| order));
    }
    let ways: &[Way] = match actor {
        Actor::Walk { .. } => &[Way::Done, Way::BacksOff, Way::Late],
        _ => &[Way::Done, Way::BacksOff],
    };
    for way in ways.iter().copied() {
        let first = [Turn::Before, Turn::After];
        let found = first.into_iter().find_map(|turn| try_order(turn, way, &mut steps));
        let mut between = (1..=steps).map(Turn::Between);
        let found = found.or_else(|| between.find_map(|turn| try_order(turn, way, &mut steps)));
        if found.is_some() {
            return found;
        }
    }
    if let (Actor::Gup { .. }, ActorEnd::BackedOff | ActorEnd::Grabbed) = (actor, ended) {
        let keeps = ended == ActorEnd::Grabbed;
        let turn = |step: u32| if step == 0 { Turn::Before } else { Turn::Between(step) };
        // A reference in its way can make the operation longer than it was without.
        let mut step = 0;
        while step <= steps {
            let mut check = step + 1;
            loop {
                let last = if check > steps { Turn::After } else { Turn::Between(check) };
                let way = Way::Slow { take: turn(step), check: last, keeps };
                // The entry was read just before, or when the operation had not begun: what it named
                // in between it names at one of these.
                let reads = [turn(step), Turn::Before].into_iter().take(1 + usize::from(step > 0));
                for read in reads {
                    let found = try_order(read, way, &mut steps);
                    if found.is_some() {
                        return found;
                    }
                }
                match last {
                    Turn::Between(_) => check += 1,
                    _ if check > steps => break,
                    _ => {}
                }
            }
            step += 1;
        }
    }
    nearest.map(|(_, order)| order)
}

/// What the actor did, as an operation of its own and its answer.
pub(crate) fn as_operation(actor: Actor, end: ActorEnd) -> Option<(Op, Outcome)> {
    match (actor, end) {
        (Actor::Gup { pid, vpn, handle, pin, write }, ActorEnd::Grabbed) => {
            let flags = GupFlags { pin, write, fast: true, ..GupFlags::default() };
            let range = PageRange { start: vpn, len: 1 };
            Some((Op::Gup { pid, range, handle, flags }, Outcome::Count(1)))
        }
        (Actor::Load { pid, vpn }, ActorEnd::Loaded(value)) => {
            Some((Op::Read { pid, vpn }, Outcome::Value(value)))
        }
        (Actor::Store { pid, vpn, value }, ActorEnd::Stored) => {
            Some((Op::Write { pid, vpn, value }, Outcome::Ok))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mm_ops::{Config, Pid, PidSet, Program, Vpn};

    /// Whether what a walker for p0's page 1 answers is explained: after a few operations, beside
    /// one more.
    fn explained(before: &str, op: &str, at: [u8; RACE_STEPS], end: ActorEnd) -> bool {
        let program: Program = format!("{before}\n{op}").parse().expect("a program");
        let mut reference = Reference::new(&Config { ptes: 4, ..Config::default() });
        let (last, first) = program.steps.split_last().expect("an operation");
        for step in first {
            reference.apply(&step.op, &[]).expect("no choice, so none refused");
        }
        let outcome = reference.clone().apply(&last.op, &[]).expect("likewise");
        let actor = Actor::Walk { pid: Pid(0), vpn: Vpn(1) };
        let found = (outcome, &[Choice::Raced(end)][..]);
        explain(&reference, &last.op, (actor, at), found, None).is_some_and(|order| order.explains)
    }

    const MEMORY: &str = "mmap p0 0+4 rw\nwrite p0 1 a\nfork p0 p1";
    const MIDWAY: [u8; RACE_STEPS] = [1, 2, 3, 4];

    fn found(pids: &[u8]) -> ActorEnd {
        ActorEnd::Walked(pids.iter().map(|pid| Pid(*pid)).collect())
    }

    #[test]
    fn a_walker_finds_who_is_there_at_one_moment() {
        let exit = "exit p1";
        assert!(explained(MEMORY, exit, MIDWAY, found(&[0, 1])));
        assert!(explained(MEMORY, exit, MIDWAY, found(&[0])));
        assert!(explained(MEMORY, exit, MIDWAY, ActorEnd::BackedOff), "a contended root");
        assert!(!explained(MEMORY, exit, MIDWAY, found(&[1])));
        assert!(!explained(MEMORY, exit, MIDWAY, found(&[])));
    }

    #[test]
    fn a_walker_whose_time_is_known_finds_who_is_there_then() {
        let exit = "exit p1";
        for (at, who) in [([0; RACE_STEPS], &[0, 1][..]), ([AT_END; RACE_STEPS], &[0])] {
            for pids in [&[0, 1][..], &[0]] {
                assert_eq!(explained(MEMORY, exit, at, found(pids)), pids == who);
            }
            // Nobody holds the root before the operation, or after it.
            assert!(!explained(MEMORY, exit, at, ActorEnd::BackedOff));
        }
        let gone = explained(MEMORY, "munmap p0 1+1\nexit p1", MIDWAY, ActorEnd::BackedOff);
        assert!(gone, "no folio to begin with");
    }

    #[test]
    fn a_walker_that_comes_late_may_find_nobody() {
        let alone = "mmap p0 0+4 rw\nwrite p0 1 a";
        assert!(explained(alone, "munmap p0 1+1", MIDWAY, ActorEnd::Walked(PidSet::EMPTY)));
        assert!(explained(alone, "munmap p0 1+1", [AT_END; RACE_STEPS], ActorEnd::BackedOff));
        let moved = "mremap p0 0+4 21+4 maymove fixed";
        assert!(
            !explained(alone, moved, MIDWAY, ActorEnd::Walked(PidSet::EMPTY)),
            "never zero times"
        );
        let relocated = "mremap p0 0+4 21+4 maymove fixed must_relocate";
        assert!(!explained(alone, relocated, MIDWAY, ActorEnd::Walked(PidSet::EMPTY)));
        assert!(explained(alone, relocated, MIDWAY, found(&[0])));
    }
}
