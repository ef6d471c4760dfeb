//! The checks pass on a right subject, and object to a wrong one.

use super::saboteur::{Flaw, Saboteur};
use super::{Checks, Target, Verdict, WORK_MAX};
use mm_ops::generate::{Areas, Profile, random_program, seeded};
use mm_ops::{Batching, Config, Effect, Mm, Observation, Op, Outcome, Program, Snapshot, codec};
use mm_reference::Reference;

fn right() -> Reference {
    Reference::new(&Config::default())
}

/// Random programs that are not much work.
fn programs(count: usize) -> impl Iterator<Item = Program> {
    let mut rng = seeded(5, 0);
    std::iter::repeat_with(move || random_program(&Profile::random(Areas::ALL, &mut rng), &mut rng))
        .filter(|program| program.work() < 1 << 12)
        .take(count)
}

fn input(target: Target, program: &Program) -> Vec<u8> {
    match target {
        Target::Text => program.to_string().into_bytes(),
        _ => codec::encode(program),
    }
}

#[test]
fn every_target_passes_a_right_subject() {
    let mut checks = Checks::new(right);
    for target in Target::ALL {
        assert_eq!(Target::from_name(target.name()), Some(target));
        let mut passed = 0;
        for program in programs(20) {
            match checks.run(target, &input(target, &program), &mut ()) {
                Verdict::Passed => passed += 1,
                Verdict::Rejected => {}
                Verdict::Failed(objection) => panic!("{target}: {objection}"),
            }
        }
        assert!(passed > 5, "{target}: only {passed} programs were not rejected");
    }
}

#[test]
fn lockstep_objects_to_a_flaw_and_batching_does_not() {
    let mut objections = 0;
    for flaw in Flaw::ALL {
        let mut checks = Checks::new(move || Saboteur::new(right(), flaw));
        for program in programs(60) {
            let lockstep = checks.run_program(Target::Lockstep, &program, &mut ());
            objections += usize::from(lockstep.is_err());
            let batching = checks.run_program(Target::Batching, &program, &mut ());
            // Both of the pair have the flaw; only a panic can be told without the reference.
            let panicked = batching.is_err_and(|objection| {
                !objection.signature.as_str().starts_with("batching panic")
            });
            assert!(!panicked, "{flaw:?}\n{program}");
        }
    }
    assert!(objections > 20, "{objections}");
}

/// A subject whose batches skip something.
struct Batched {
    inner: Reference,
    batching: Batching,
}

impl Mm for Batched {
    fn reset(&mut self, config: &Config) {
        self.batching = config.batching;
        self.inner.reset(config);
    }
    fn apply(&mut self, op: &Op) -> Effect {
        match op {
            Op::Mprotect { .. } if self.batching == Batching::On => Effect::from(Outcome::Ok),
            _ => Mm::apply(&mut self.inner, op),
        }
    }
    fn observe(&self, out: &mut Observation) {
        Mm::observe(&self.inner, out);
    }
    fn snapshot(&self, out: &mut Snapshot) -> bool {
        Mm::snapshot(&self.inner, out)
    }
}

#[test]
fn batching_objects_to_batches_that_change_something() {
    let mut checks = Checks::new(|| Batched { inner: right(), batching: Batching::On });
    let program = Program::parse("mmap p0 0+2 rw\nwrite p0 0 a\nmprotect p0 0+2 r\n").unwrap();
    let objection = checks.run_program(Target::Batching, &program, &mut ()).unwrap_err();
    assert!(objection.signature.as_str().starts_with("batching "), "{objection}");
    assert!(objection.signature.as_str().ends_with(" mprotect"), "{objection}");
}

#[test]
fn what_is_no_program_is_kept_by_readers_only() {
    let mut checks = Checks::new(right);
    for target in Target::ALL {
        let verdict = checks.run(target, b"no program", &mut ());
        let expected = match target {
            Target::Text | Target::Codec | Target::Bytes => Verdict::Passed,
            _ => Verdict::Rejected,
        };
        assert_eq!(verdict, expected, "{target}");
    }
}

#[test]
fn too_much_work_is_rejected() {
    let text = "config ptes=512\nmmap p0 0+134217728 rw\n";
    let program = Program::parse(text).unwrap();
    assert!(program.work() > WORK_MAX);
    let mut checks = Checks::new(right);
    for target in [Target::Lockstep, Target::Batching, Target::Minimizer] {
        let verdict = checks.run(target, &codec::encode(&program), &mut ());
        assert_eq!(verdict, Verdict::Rejected, "{target}");
    }
}
