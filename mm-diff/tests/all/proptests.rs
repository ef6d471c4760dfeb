//! The lockstep under proptest: programs of its own, judged by every oracle, and shrunk by the
//! project's minimizer instead of proptest's, which knows nothing of programs.

use crate::broken::{Broken, Bug};
use mm_diff::{Certificate, RUNS_MAX, Rig};
use mm_ops::program_strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// Runs the lockstep on proptest's programs; a failure comes back minimized.
fn lockstep_under_proptest(bug: Bug) -> Result<(), String> {
    let config = Config {
        cases: 500,
        // A program is shrunk below, by those who understand it.
        max_shrink_iters: 0,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let rig = std::cell::RefCell::new(Rig::new(|| Broken::new(bug)));
    let result = TestRunner::new_with_rng(config, rng).run(&program_strategy(), |program| {
        let result = rig.borrow_mut().run(&program);
        result.map(|_| ()).map_err(|failure| TestCaseError::fail(failure.signature().to_string()))
    });
    match result {
        Ok(()) => Ok(()),
        Err(TestError::Abort(reason)) => Err(reason.to_string()),
        Err(TestError::Fail(_, program)) => {
            let small = rig.borrow_mut().minimize(&program, RUNS_MAX);
            Err(small.map_or_else(|| "a failure that does not repeat".to_owned(), |s| s.to_text()))
        }
    }
}

#[test]
fn the_reference_passes() {
    assert_eq!(lockstep_under_proptest(Bug::None), Ok(()));
}

#[test]
fn a_broken_subject_is_caught_and_shrunk() {
    let text = lockstep_under_proptest(Bug::SharedWritable).unwrap_err();
    let program: mm_ops::Program = text.parse().expect("a reproducer is a program");
    assert!(program.steps.len() <= 8, "{text}");
    let certificate = Certificate::parse(&text).expect("a reproducer is certified");
    let mut rig = Rig::new(|| Broken::new(Bug::SharedWritable));
    assert_eq!(certificate.verify(&program, &mut rig), Ok(()), "{text}");
}
