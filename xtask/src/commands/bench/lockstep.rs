//! What the lockstep costs: against the same operations driven through proptest-state-machine, and in
//! programs a second on all cores.

use super::paired::{Ratio, compare, timed};
use crate::commands::fuzz::cores;
use mm_diff::Rig;
use mm_model::Model;
use mm_ops::generate::{Areas, Profile, random_program, seeded};
use mm_ops::{Config, Mm, Op, OpKind, Outcome, Program, Snapshot};
use mm_reference::Reference;
use proptest::strategy::{BoxedStrategy, Just, Strategy};
use proptest::test_runner::{Config as RunnerConfig, RngAlgorithm, TestRng, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The name of the throughput measurement.
pub const THROUGHPUT: &str = "lockstep programs of 32 operations a second, all cores";
const AGAINST_PROPTEST: &str = "lockstep over proptest-state-machine, one core";

/// Operations of each program.
const OPS: usize = 32;
const PROGRAMS: usize = 400;
const ROUNDS: u32 = 5;
/// How often each worker runs all programs for the throughput.
const THROUGHPUT_TURNS: usize = 50;

/// The same programs, both ways.
pub fn run(wanted: &dyn Fn(&str) -> bool) -> Vec<Ratio> {
    if !wanted(AGAINST_PROPTEST) {
        return Vec::new();
    }
    let mut rig = Rig::new(|| Model::new(&Config::default()));
    vec![compare(AGAINST_PROPTEST, ROUNDS, || by_lockstep(&mut rig), by_proptest)]
}

/// Fully checked programs a second, one worker a core, for as long as a stable figure needs.
pub fn programs_per_second() -> f64 {
    let programs = programs();
    let workers = cores();
    let took = timed(|| {
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    let mut rig = Rig::new(|| Model::new(&Config::default()));
                    (0..THROUGHPUT_TURNS).for_each(|_| {
                        by_lockstep(&mut rig);
                    });
                });
            }
        });
    });
    (workers * THROUGHPUT_TURNS * programs.len()) as f64 / took.as_secs_f64()
}

/// Programs as the engine makes them, cut to equal length. Without failing allocations: the state
/// machine has no way to hand a subject's choice to the reference.
fn programs() -> &'static [Arc<Program>] {
    static PROGRAMS_ONCE: OnceLock<Vec<Arc<Program>>> = OnceLock::new();
    PROGRAMS_ONCE.get_or_init(|| {
        let mut rng = seeded(1, 0);
        let mut programs = Vec::new();
        while programs.len() < PROGRAMS {
            let mut profile = Profile::random(Areas::ALL, &mut rng);
            profile.length = OPS as u16;
            profile.config.access_bits = mm_ops::AccessBits::Exact;
            profile.set_weight(OpKind::FailAlloc, 0);
            programs.push(Arc::new(random_program(&profile, &mut rng)));
        }
        programs
    })
}

fn by_lockstep<F: Fn() -> Model>(rig: &mut Rig<Model, F>) -> Duration {
    let programs = programs();
    timed(|| {
        for program in programs {
            if let Err(failure) = rig.run(program) {
                panic!("a benchmark is no place to find this:\n{}", failure.render(program));
            }
        }
    })
}

/// As one would write it without this toolkit: the reference is the state machine's state, the
/// subject is the system under test, their states are compared after every transition. Neither the
/// ideal layer nor the invariants are checked.
fn by_proptest() -> Duration {
    let config = RunnerConfig {
        cases: PROGRAMS as u32,
        failure_persistence: None,
        ..RunnerConfig::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config.clone(), rng);
    timed(|| {
        let strategy = Machine::sequential_strategy(OPS);
        let result = runner.run(&strategy, |(state, transitions, seen)| {
            UnderTest::test_sequential(config.clone(), state, transitions, seen);
            Ok(())
        });
        assert!(result.is_ok(), "a benchmark is no place to find this: {result:?}");
    })
}

#[derive(Clone, Debug)]
struct State {
    program: Arc<Program>,
    next: usize,
    reference: Reference,
    outcome: Option<Outcome>,
}

struct Machine;

impl ReferenceStateMachine for Machine {
    type State = State;
    type Transition = Op;

    fn init_state() -> BoxedStrategy<State> {
        (0..PROGRAMS)
            .prop_map(|number| {
                let program = Arc::clone(&programs()[number]);
                let reference = Reference::new(&program.config);
                State { program, next: 0, reference, outcome: None }
            })
            .boxed()
    }

    fn transitions(state: &State) -> BoxedStrategy<Op> {
        let index = state.next.min(OPS - 1);
        Just(state.program.steps[index].op.stamped(index)).boxed()
    }

    fn apply(mut state: State, op: &Op) -> State {
        state.outcome = state.reference.apply(op, &[]).ok();
        state.next += 1;
        state
    }
}

struct UnderTest {
    model: Model,
    theirs: Snapshot,
    ours: Snapshot,
}

impl StateMachineTest for UnderTest {
    type SystemUnderTest = Self;
    type Reference = Machine;

    fn init_test(state: &State) -> Self {
        let model = Model::new(&state.program.config);
        Self { model, theirs: Snapshot::default(), ours: Snapshot::default() }
    }

    fn apply(mut test: Self, state: &State, op: Op) -> Self {
        assert_eq!(Some(test.model.apply(&op).outcome), state.outcome);
        test.model.snapshot(&mut test.theirs);
        state.reference.snapshot(&mut test.ours);
        assert_eq!(test.theirs, test.ours);
        test
    }
}
