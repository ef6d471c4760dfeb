//! The same job as one would write it with proptest-state-machine: the reference is the state machine's
//! state, the model the system under test, operations are drawn by strategies, and after every
//! transition everything is checked that the lockstep checks.
//!
//! It has no way to hand a subject's choice to the reference, so allocations never fail here.

use super::lockstep::{OPS, PROGRAMS};
use mm_diff::contents;
use mm_diff::invariants::Checker;
use mm_model::Model;
use mm_ops::{
    Advice, Config, GupFlags, Handle, Mm, Op, Order, OrderSet, Outcome, PageRange, Pid, Program,
    Prot, Remote, Snapshot, Token, Value, Vpn,
};
use mm_reference::{Ideal, Reference};
use proptest::prelude::*;
use proptest::test_runner::{Config as RunnerConfig, RngAlgorithm, TestRng, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

/// Pages that operands are drawn from.
const PAGES: u32 = 16;

/// Runs [`PROGRAMS`] programs of [`OPS`] operations, always the same ones.
pub fn run() {
    each(|config, state, transitions, seen| {
        UnderTest::test_sequential(config, state, transitions, seen);
    });
}

/// The programs that [`run`] runs.
pub fn record() -> Vec<Program> {
    let recorded = std::cell::RefCell::new(Vec::new());
    each(|_, state, transitions, _| {
        recorded.borrow_mut().push(Program::new(state.config, transitions));
    });
    recorded.into_inner()
}

type Seen = Option<std::sync::Arc<std::sync::atomic::AtomicUsize>>;

fn each(visit: impl Fn(RunnerConfig, State, Vec<Op>, Seen)) {
    let cases = PROGRAMS as u32;
    let config = RunnerConfig { cases, failure_persistence: None, ..RunnerConfig::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config.clone(), rng);
    let result = runner.run(&Machine::sequential_strategy(OPS), |(state, transitions, seen)| {
        visit(config.clone(), state, transitions, seen);
        Ok(())
    });
    assert!(result.is_ok(), "a benchmark is no place to find this: {result:?}");
}

#[derive(Clone, Debug)]
pub struct State {
    config: Config,
    reference: Reference,
    next: usize,
    /// The last operation, stamped, and its answer.
    last: Option<(Op, Outcome)>,
}

struct Machine;

impl ReferenceStateMachine for Machine {
    type State = State;
    type Transition = Op;

    fn init_state() -> BoxedStrategy<State> {
        prop_oneof![Just(4), Just(8), Just(16)]
            .prop_map(|ptes| {
                let config = Config { ptes, ..Config::default() };
                State { config, reference: Reference::new(&config), next: 0, last: None }
            })
            .boxed()
    }

    fn transitions(_: &State) -> BoxedStrategy<Op> {
        let pid = || (0..4_u8).prop_map(Pid);
        let vpn = || (0..PAGES).prop_map(Vpn);
        let range = || (0..PAGES, 1..PAGES).prop_map(|(start, len)| PageRange::new(start, len));
        let value = || (b'a'..=b'z').prop_map(Value::label);
        let handle = || (0..4_u8).prop_map(Handle);
        let token = || (0..4_u8).prop_map(Token);
        let prot = || prop_oneof![3 => Just(Prot::RW), 1 => Just(Prot::R), 1 => Just(Prot::NONE)];
        let orders = || (0..32_u16).prop_map(OrderSet);
        let advice =
            prop::sample::select(Advice::NAMES.iter().map(|name| name.0).collect::<Vec<_>>());
        let flags = any::<(bool, bool, bool, bool)>().prop_map(|(pin, write, longterm, fast)| {
            GupFlags { pin, write, longterm, fast, ..GupFlags::default() }
        });
        prop_oneof![
            10 => (pid(), range(), prot())
                .prop_map(|(pid, range, prot)| Op::Mmap { pid, range, prot, droppable: false }),
            4 => (pid(), range()).prop_map(|(pid, range)| Op::Munmap { pid, range }),
            6 => (pid(), range(), prot()).prop_map(|(pid, range, prot)| Op::Mprotect { pid, range, prot }),
            10 => (pid(), range(), advice).prop_map(|(pid, range, advice)| Op::Madvise { pid, range, advice }),
            2 => (pid(), range()).prop_map(|(pid, range)| Op::Mlock { pid, range }),
            8 => (pid(), pid()).prop_map(|(parent, child)| Op::Fork { parent, child }),
            2 => pid().prop_map(|pid| Op::Exit { pid }),
            12 => (pid(), vpn()).prop_map(|(pid, vpn)| Op::Read { pid, vpn }),
            16 => (pid(), vpn(), value()).prop_map(|(pid, vpn, value)| Op::Write { pid, vpn, value }),
            10 => (pid(), range(), handle(), flags)
                .prop_map(|(pid, range, handle, flags)| Op::Gup { pid, range, handle, flags }),
            6 => (handle(), any::<bool>()).prop_map(|(handle, dirty)| Op::Put { handle, dirty }),
            3 => (handle(), 0..4_u32).prop_map(|(handle, index)| Op::DmaRead { handle, index }),
            3 => (handle(), 0..4_u32, value())
                .prop_map(|(handle, index, value)| Op::DmaWrite { handle, index, value }),
            4 => (pid(), vpn(), value())
                .prop_map(|(pid, vpn, value)| Op::Remote { pid, vpn, access: Remote::Poke(value) }),
            4 => (orders(), orders()).prop_map(|(always, madvise)| Op::Thp {
                always: always.with(Order(2)),
                madvise,
            }),
            3 => (pid(), vpn(), token()).prop_map(|(pid, vpn, token)| Op::Lock { pid, vpn, token }),
            3 => token().prop_map(|token| Op::Drop { token }),
            3 => (pid(), range()).prop_map(|(pid, range)| Op::NumaHint { pid, range }),
        ]
        .boxed()
    }

    fn apply(mut state: State, op: &Op) -> State {
        let op = op.stamped(state.next);
        state.next += 1;
        state.last = state.reference.apply(&op, &[]).ok().map(|outcome| (op, outcome));
        state
    }
}

struct UnderTest {
    model: Model,
    ideal: Ideal,
    checker: Checker,
    theirs: Snapshot,
    ours: Snapshot,
}

impl StateMachineTest for UnderTest {
    type SystemUnderTest = Self;
    type Reference = Machine;

    fn init_test(state: &State) -> Self {
        Self {
            model: Model::new(&state.config),
            ideal: Ideal::new(),
            checker: Checker::default(),
            theirs: Snapshot::default(),
            ours: Snapshot::default(),
        }
    }

    fn apply(mut test: Self, state: &State, _: Op) -> Self {
        let (op, expected) = state.last.expect("the reference refuses nothing here");
        let outcome = test.model.apply(&op).outcome;
        assert_eq!(outcome, expected);
        test.ideal.apply(&op, &outcome).expect("the ideal agrees");
        state.reference.snapshot(&mut test.ours);
        test.model.snapshot(&mut test.theirs);
        assert_eq!(test.theirs, test.ours);
        test.ideal.judge(contents(&test.ours, &state.config)).expect("the ideal agrees");
        test.checker.step(&op, outcome, &test.ours, &state.config).expect("every invariant holds");
        test
    }
}
