//! The lockstep: the reference agrees with itself, and whoever deviates is caught, by the right
//! oracle, at the right operation.

use crate::broken::{Broken, Bug};
use mm_diff::{Oracle, Place, Rig, StepView};
use mm_ops::generate::{Areas, Profile, random_program, seeded};
use mm_ops::{Pid, Program, Vpn};
use mm_reference::Reference;

fn parse(text: &str) -> Program {
    text.parse().expect("a program of this test")
}

fn reference() -> Rig<Reference, impl Fn() -> Reference> {
    Rig::new(|| Reference::new(&mm_ops::Config::default()))
}

fn broken(bug: Bug) -> Rig<Broken, impl Fn() -> Broken> {
    Rig::new(move || Broken::new(bug))
}

#[test]
fn the_reference_agrees_with_itself() {
    let mut rig = reference();
    for seed in 0..2000 {
        let mut rng = seeded(seed, 7);
        let profile = Profile::random(Areas::ALL, &mut rng);
        let program = random_program(&profile, &mut rng);
        if let Err(failure) = rig.run(&program) {
            let signature = failure.signature();
            let small = rig.minimize(&program, 20_000).map(|small| small.render());
            panic!("seed {seed}: {signature}\n{}", small.unwrap_or_default());
        }
    }
}

const FORK: &str = "mmap p0 0+8 rw\nwrite p0 3 a\nread p0 0\nfork p0 p1\nread p1 3";

#[test]
fn a_difference_names_operation_place_and_field() {
    let failure = broken(Bug::SharedWritable).run(&parse(FORK)).unwrap_err();
    assert_eq!(failure.oracle, Oracle::Mechanism);
    assert_eq!(failure.step, 3);
    assert_eq!(failure.place(), Place::Entry(Pid(0), Vpn(3)));
    assert_eq!(failure.signature().as_str(), "mechanism entry.flags(W) fork");
    let text = failure.render(&parse(FORK));
    for id in ["INV1", "INV24"] {
        assert!(text.contains(&format!("{id} is broken in the subject")), "{text}");
    }
}

#[test]
fn a_wrong_value_is_told_with_both_writers() {
    let program = parse("mmap p0 0+8 rw\nwrite p0 4 a\npin p0 3+2 rw h0\ndma_read h0 1");
    let failure = broken(Bug::ReadsZero).run(&program).unwrap_err();
    assert_eq!(failure.oracle, Oracle::Value);
    assert_eq!(failure.signature().as_str(), "value answer dma_read");
    assert!(failure.render(&program).contains("a, written by line 2: write p0 4 a"));
}

#[test]
fn a_panic_is_a_failure_and_the_next_program_runs() {
    let mut rig = broken(Bug::Panics);
    let program = parse("fork p0 p2\nexit p2");
    let failure = rig.run(&program).unwrap_err();
    assert_eq!(failure.oracle, Oracle::Panic);
    assert_eq!(failure.step, 1);
    let signature = failure.signature();
    assert_eq!(signature.as_str(), "panic this subject cannot end process # exit");
    assert_eq!(rig.run(&program).unwrap_err().signature(), signature);
    assert!(rig.run(&parse(FORK)).is_ok());
}

#[test]
fn expectations_are_checked_last_and_by_label() {
    let mut rig = reference();
    assert!(rig.run(&parse("mmap p0 0+1 rw -> ok\nwrite p0 0 a\nread p0 0 -> a")).is_ok());
    let failure = rig.run(&parse("mmap p0 0+1 rw\nwrite p0 0 a\nread p0 0 -> b")).unwrap_err();
    assert_eq!((failure.oracle, failure.step), (Oracle::Expectation, 2));
    let wrong = parse("mmap p0 0+1 rw\nwrite p0 0 a\nfork p0 p1 -> ENOMEM");
    let failure = broken(Bug::SharedWritable).run(&wrong).unwrap_err();
    assert_eq!(failure.oracle, Oracle::Mechanism);
}

#[test]
fn an_observer_sees_every_step() {
    let mut steps = Vec::new();
    let mut rules = 0;
    let stats = reference().run_observed(&parse(FORK), &mut |step: &StepView<'_>| {
        steps.push((step.index, step.snapshot.mms.len()));
        rules += step.fired.len();
    });
    assert_eq!(stats.map(|stats| stats.ops), Ok(5));
    assert_eq!(steps, [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2)]);
    assert!(rules >= 3, "{rules} rules fired");
}
