//! Runs a program on a subject and on the reference side by side and lets every oracle judge after
//! every operation. The first objection ends the run.
//!
//! The order of judgement: answer of the mechanism, ideal layer, whole state, invariants, the
//! program's own expectation. There is no tolerance anywhere: what the rules leave free is a choice
//! that the subject reports and the reference adopts.

use crate::differ::differences;
use crate::failure::{Failure, Oracle, answers, kind_of_choice, kind_of_outcome};
use crate::finding::{Finding, Place, Side};
use crate::invariants::{self, Broken, Checker};
use crate::ledger::Ledger;
use crate::timeline::Timeline;
use crate::{exclusivity, frames, observe, panics, race};
use mm_ops::{
    Actor, ActorEnd, Choice, Config, Effect, Mm, Observation, Op, Outcome, Pid, Program,
    RACE_STEPS, Snapshot, Value, Vpn,
};
use mm_reference::{Ideal, Reference, Rule, Turn, Violation};

/// What happened in one operation on which all agree.
#[derive(Clone, Copy, Debug)]
pub struct StepView<'a> {
    /// Index of the operation in its program.
    pub index: usize,
    /// The operation, stamped.
    pub op: &'a Op,
    /// The answer.
    pub outcome: Outcome,
    /// What the subject was free to choose.
    pub choices: &'a [Choice],
    /// The rules that fired, with their cases.
    pub fired: &'a [(Rule, u8)],
    /// The state after it.
    pub snapshot: &'a Snapshot,
    /// How it went with the actor beside it, if there was one.
    pub timeline: Option<&'a Timeline>,
}

/// Looks on while a program runs.
pub trait Observer {
    /// Called after each operation on which all agree.
    fn step(&mut self, step: &StepView<'_>);
}

impl Observer for () {
    fn step(&mut self, _: &StepView<'_>) {}
}

impl<F: FnMut(&StepView<'_>)> Observer for F {
    fn step(&mut self, step: &StepView<'_>) {
        self(step);
    }
}

/// What a run amounted to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunStats {
    /// Operations executed.
    pub ops: u64,
}

/// Who is at work, so that a panic can be laid at the right door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtWork {
    Subject,
    Reference,
    Oracles,
}

/// The reference and the oracles, with the memory they reuse from run to run.
pub struct Lockstep {
    reference: Reference,
    ideal: Ideal,
    checker: Checker,
    /// State of the subject, of the reference, and the one before.
    theirs: Snapshot,
    ours: Snapshot,
    before: Snapshot,
    seen: Observation,
    expected: Observation,
    /// What was seen and expected before this operation.
    seen_before: Observation,
    expected_before: Observation,
    at: (AtWork, usize),
    /// Whether the subject at hand shows no more than userspace could see.
    by_view: bool,
    ledger: Ledger,
    lie: Option<Lie>,
    /// Armed for the next operation.
    actor: Option<(Actor, [u8; RACE_STEPS])>,
    /// How the last raced operation of the program went.
    timeline: Option<Timeline>,
}

/// A wrong rule: what the reference is made to answer instead.
pub type Lie = fn(&Op, Outcome) -> Outcome;

impl Default for Lockstep {
    fn default() -> Self {
        Self::new()
    }
}

impl Lockstep {
    /// A lockstep that has run nothing.
    #[must_use]
    pub fn new() -> Self {
        let config = Config::default();
        Self {
            reference: Reference::new(&config),
            ideal: Ideal::new(),
            checker: Checker::default(),
            theirs: Snapshot::default(),
            ours: Snapshot::default(),
            before: Snapshot::default(),
            seen: Observation::default(),
            expected: Observation::default(),
            seen_before: Observation::default(),
            expected_before: Observation::default(),
            at: (AtWork::Oracles, 0),
            by_view: false,
            ledger: Ledger::default(),
            lie: None,
            actor: None,
            timeline: None,
        }
    }

    /// A lockstep whose reference has a wrong rule: to test that a subject exposes it.
    #[must_use]
    pub fn with_lie(lie: Option<Lie>) -> Self {
        Self { lie, ..Self::new() }
    }

    /// Where a subject without a snapshot was allowed to differ, and how often.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The same, for somebody who allows what cannot be seen from here.
    pub fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// The rules that fired in the last operation of the last run, with their cases.
    #[must_use]
    pub fn fired(&self) -> &[(Rule, u8)] {
        self.reference.coverage().fired()
    }

    /// Runs a program. A subject whose failure is [`Oracle::Panic`] may be in any state and should
    /// be built anew.
    pub fn run<S: Mm + ?Sized>(
        &mut self,
        subject: &mut S,
        program: &Program,
        observer: &mut impl Observer,
    ) -> Result<RunStats, Box<Failure>> {
        match panics::catch(|| self.run_steps(subject, program, observer)) {
            Ok(result) => result.map_err(|mut failure| {
                failure.timeline = self.timeline.take();
                failure
            }),
            Err(message) => Err(self.panicked(program, message)),
        }
    }

    fn panicked(&mut self, program: &Program, message: String) -> Box<Failure> {
        let (who, step) = self.at;
        let ledger = std::mem::take(&mut self.ledger);
        *self = Self { ledger, ..Self::with_lie(self.lie) };
        let op = program.stamped().nth(step).unwrap_or(Op::FailAlloc { nth: 0 });
        let mut failure = Failure::new(Oracle::Panic, step, &op);
        failure.rule = panics::kind_of_panic(&message);
        let who = match who {
            AtWork::Subject => "the subject panicked",
            AtWork::Reference => "the REFERENCE panicked",
            AtWork::Oracles => "an ORACLE panicked",
        };
        failure.why = format!("{who}: {message}");
        failure
    }

    fn run_steps<S: Mm + ?Sized>(
        &mut self,
        subject: &mut S,
        program: &Program,
        observer: &mut impl Observer,
    ) -> Result<RunStats, Box<Failure>> {
        let config = program.config.sanitized();
        self.at = (AtWork::Reference, 0);
        self.reference.reset(&config);
        self.ideal.begin(&config);
        self.checker.reset();
        self.before.clear();
        self.seen_before.clear();
        self.expected_before.clear();
        self.ledger.begin();
        self.by_view = false;
        self.actor = None;
        self.timeline = None;
        self.at = (AtWork::Subject, 0);
        subject.reset(&config);
        for (index, op) in program.stamped().enumerate() {
            let expect = program.steps[index].expect;
            self.step(subject, &config, index, &op, expect, observer)?;
        }
        if self.by_view {
            self.judge_exclusivity(subject, &config, program)?;
        }
        Ok(RunStats { ops: program.steps.len() as u64 })
    }

    fn step<S: Mm + ?Sized>(
        &mut self,
        subject: &mut S,
        config: &Config,
        index: usize,
        op: &Op,
        expect: Option<Outcome>,
        observer: &mut impl Observer,
    ) -> Result<(), Box<Failure>> {
        self.at = (AtWork::Subject, index);
        let effect = subject.apply(op);
        self.at.0 = AtWork::Reference;
        // A subject without yield points says nothing of the actor: there was none.
        let raced = effect.choices.iter().any(|choice| matches!(choice, Choice::Raced(_)));
        let outcome = match self.actor.take().filter(|_| raced) {
            Some((actor, at)) => {
                let moments = subject.timeline().to_vec();
                self.timeline = Some(Timeline { step: index, actor, moments });
                self.adopt_race(subject, index, op, (actor, at), &effect)?
            }
            None => {
                let outcome = self
                    .reference
                    .apply(op, &effect.choices)
                    .map_err(|refusal| refused(index, op, &refusal))?;
                let outcome = self.lie.map_or(outcome, |lie| lie(op, outcome));
                if outcome != effect.outcome {
                    return Err(answers_differ(index, op, outcome, effect.outcome));
                }
                self.ideal.apply(op, &outcome).map_err(|v| violated(index, op, &v))?;
                outcome
            }
        };
        if let (Op::Race { actor, at }, Outcome::Ok) = (op, outcome) {
            self.actor = Some((*actor, *at));
        }
        self.reference.snapshot(&mut self.ours);

        self.at.0 = AtWork::Subject;
        let has_snapshot = subject.snapshot(&mut self.theirs);
        self.by_view = !has_snapshot;
        if !has_snapshot {
            subject.observe(&mut self.seen);
        }
        self.at.0 = AtWork::Oracles;
        if has_snapshot {
            self.judge_state(config, index, op)?;
        } else {
            self.judge_view(config, index, op)?;
        }
        let failed = |choice: &Choice| matches!(choice, Choice::AllocFailed(_));
        self.checker.memory_failed(effect.choices.iter().any(failed));
        self.judge_invariants(config, index, op, outcome)?;
        if let Some(expected) = expect.filter(|expected| !agrees(*expected, outcome)) {
            let mut failure = Failure::new(Oracle::Expectation, index, op);
            failure.findings.push(answers(expected, outcome));
            "the subject and the reference agree; the program expects otherwise"
                .clone_into(&mut failure.why);
            return Err(failure);
        }
        observer.step(&StepView {
            index,
            op,
            outcome,
            choices: &effect.choices,
            fired: self.reference.coverage().fired(),
            snapshot: &self.ours,
            timeline: self.timeline.as_ref().filter(|timeline| timeline.step == index),
        });
        std::mem::swap(&mut self.ours, &mut self.before);
        Ok(())
    }

    /// An operation with an actor beside it: the reference goes on from the order that explains
    /// what the subject did.
    fn adopt_race<S: Mm + ?Sized>(
        &mut self,
        subject: &S,
        index: usize,
        op: &Op,
        (actor, at): (Actor, [u8; RACE_STEPS]),
        effect: &Effect,
    ) -> Result<Outcome, Box<Failure>> {
        let state = subject.snapshot(&mut self.theirs).then_some(&self.theirs);
        let found = (effect.outcome, &*effect.choices);
        let Some(order) = race::explain(&self.reference, op, (actor, at), found, state) else {
            let mut failure = Failure::new(Oracle::Race, index, op);
            "no order of the two permits what the subject chose".clone_into(&mut failure.why);
            return Err(failure);
        };
        let race::Order { reference, outcome, turn, end, explains } = order;
        self.reference = reference;
        self.reference.snapshot(&mut self.ours);
        if !explains {
            return Err(self.unexplained(index, op, (turn, end), outcome, effect));
        }
        let actor = race::as_operation(actor, end);
        let mut both = [Some((*op, outcome)), actor];
        if turn != Turn::After {
            both.reverse();
        }
        let mut both = both.into_iter().flatten();
        if let Some((op, outcome)) = both.next() {
            self.ideal.apply(&op, &outcome).map_err(|v| violated(index, &op, &v))?;
        }
        if let Some((op, outcome)) = both.next() {
            self.ideal.apply_beside(&op, &outcome).map_err(|v| violated(index, &op, &v))?;
        }
        if let Some((op, outcome)) = actor {
            self.checker.note(&op, outcome);
        }
        Ok(outcome)
    }

    /// No order explains what an operation and its actor came to; this one comes nearest.
    fn unexplained(
        &self,
        index: usize,
        op: &Op,
        (turn, end): (Turn, ActorEnd),
        outcome: Outcome,
        effect: &Effect,
    ) -> Box<Failure> {
        let mut failure = Failure::new(Oracle::Race, index, op);
        if outcome == effect.outcome {
            failure.findings = differences(&self.ours, &self.theirs);
        } else {
            failure.findings.push(answers(outcome, effect.outcome));
        }
        "no order of the operation and its actor explains this".clone_into(&mut failure.why);
        failure.notes.push(format!("nearest: the actor {turn:?}, ending as {end:?}"));
        let ended = effect.choices.iter().filter(|choice| matches!(choice, Choice::Raced(_)));
        failure.notes.extend(ended.map(|end| format!("the subject's actor: {end:?}")));
        failure
    }

    /// The whole state of a subject that shows it.
    fn judge_state(&mut self, config: &Config, index: usize, op: &Op) -> Result<(), Box<Failure>> {
        let judged = self.ideal.judge(contents(&self.ours, config));
        if self.theirs != self.ours {
            let mut failure = Failure::new(Oracle::Mechanism, index, op);
            failure.findings = differences(&self.ours, &self.theirs);
            let broken = self.checker.check_all(&self.theirs, config);
            failure.notes.extend(
                broken.iter().map(|Broken { id, finding }| {
                    format!("{id} is broken in the subject: {finding}")
                }),
            );
            let well_formed = broken.iter().all(|broken| broken.id != invariants::SHAPE);
            if well_formed && let Err(v) = self.ideal.judge(contents(&self.theirs, config)) {
                failure.notes.push(format!("{} of the ideal is broken: {}", v.rule, v.why));
            }
            return Err(failure);
        }
        judged.map_err(|v| violated(index, op, &v))
    }

    /// What userspace could see of a subject that shows no more.
    fn judge_view(&mut self, config: &Config, index: usize, op: &Op) -> Result<(), Box<Failure>> {
        self.expected.fill_from(&self.ours, config.ptes);
        self.ledger.note(op, &self.before);
        let (state, ledger) = (&self.ours, &mut self.ledger);
        let permits = &mut |pid, vpn, field: &str| ledger.permits(state, pid, vpn, field);
        let finding = observe::difference(&self.expected, &self.seen, permits).or_else(|| {
            let expected = (&self.expected_before, &self.expected);
            let found = (&self.seen_before, &self.seen);
            let anew = frames::mapped_anew(op, &self.seen_before);
            frames::difference(expected, found, &anew)
        });
        if let Some(finding) = finding {
            let mut failure = Failure::new(Oracle::Observation, index, op);
            failure.findings.push(finding);
            return Err(failure);
        }
        std::mem::swap(&mut self.seen, &mut self.seen_before);
        std::mem::swap(&mut self.expected, &mut self.expected_before);
        let judged = self.ideal.judge(contents(&self.ours, config));
        judged.map_err(|v| violated(index, op, &v))
    }

    /// Who is exclusive at the end, of a subject that can find out by trying.
    fn judge_exclusivity<S: Mm + ?Sized>(
        &mut self,
        subject: &mut S,
        config: &Config,
        program: &Program,
    ) -> Result<(), Box<Failure>> {
        let Some((last, op)) = program.stamped().enumerate().last() else { return Ok(()) };
        self.at.0 = AtWork::Subject;
        let Some(mut found) = subject.exclusivity() else { return Ok(()) };
        self.at.0 = AtWork::Oracles;
        found.retain(|(pid, vpn, _)| !exclusivity::is_sealed(&self.before, *pid, *vpn));
        let expected = exclusivity::exclusivity_of(&self.before, config.ptes);
        let Some(finding) = exclusivity::difference(&expected, &found) else { return Ok(()) };
        let mut failure = Failure::new(Oracle::Observation, last, &op);
        failure.findings.push(finding);
        "found at the end of the program, by taking the right to write and giving it back: only \
         exclusive pages get their write bit with it (H3)"
            .clone_into(&mut failure.why);
        Err(failure)
    }

    /// The invariants, on a state that is the same on both sides by now.
    fn judge_invariants(
        &mut self,
        config: &Config,
        index: usize,
        op: &Op,
        outcome: Outcome,
    ) -> Result<(), Box<Failure>> {
        // The past matters only through the state: what did not change stays judged.
        if self.ours == self.before {
            return Ok(());
        }
        self.checker.step(op, outcome, &self.ours, config).map_err(|broken| {
            let mut failure = Failure::new(Oracle::Invariant, index, op);
            broken.id.clone_into(&mut failure.rule);
            failure.findings.push(broken.finding);
            failure
        })
    }
}

/// What every process would read at every page where something stands.
pub fn contents(snapshot: &Snapshot, config: &Config) -> impl Iterator<Item = (Pid, Vpn, Value)> {
    let block = u32::from(config.ptes);
    snapshot.entries.iter().flat_map(move |entry| {
        let pages = if entry.kind.is_pmd() { block } else { 1 };
        (0..pages).map(move |offset| {
            let value = snapshot.value_behind(entry, offset);
            (entry.pid, Vpn(entry.vpn.0 + offset), value)
        })
    })
}

/// Whether an answer is the expected one; values are compared by their labels.
fn agrees(expected: Outcome, found: Outcome) -> bool {
    match (expected, found) {
        (Outcome::Value(a), Outcome::Value(b)) => a.label == b.label,
        (a, b) => a == b,
    }
}

fn violated(index: usize, op: &Op, violation: &Violation) -> Box<Failure> {
    let mut failure = Failure::new(Oracle::Ideal, index, op);
    violation.rule.clone_into(&mut failure.rule);
    violation.why.clone_into(&mut failure.why);
    failure.findings.push(Finding {
        place: match (violation.pid, violation.vpn) {
            (Some(pid), Some(vpn)) => Place::Page(pid, vpn),
            _ => Place::Answer,
        },
        field: if violation.handle.is_some() { "content of a pin" } else { "content" }.into(),
        expected: Side::Value(violation.expected),
        found: Side::Value(violation.found),
    });
    failure
}

fn refused(index: usize, op: &Op, refusal: &mm_reference::Refusal) -> Box<Failure> {
    let mut failure = Failure::new(Oracle::Refusal, index, op);
    failure.rule = format!("{}/{}", refusal.rule.id(), kind_of_choice(&refusal.choice));
    failure.why = refusal.to_string();
    failure
}

fn answers_differ(index: usize, op: &Op, expected: Outcome, found: Outcome) -> Box<Failure> {
    let both_values = matches!((expected, found), (Outcome::Value(_), Outcome::Value(_)));
    let oracle = if both_values { Oracle::Value } else { Oracle::Outcome };
    let mut failure = Failure::new(oracle, index, op);
    failure.rule = format!("{}/{}", kind_of_outcome(expected), kind_of_outcome(found));
    failure.findings.push(answers(expected, found));
    failure
}
