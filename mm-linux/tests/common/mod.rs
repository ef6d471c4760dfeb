//! What the tests share: running a program and comparing it with its own expectations.

use mm_linux::{Linux, Unsupported};
use mm_ops::{Mm, Observation, Outcome, Pid, Program, Vpn};

/// What a program left.
pub(crate) struct Ran {
    /// The last observation.
    pub(crate) seen: Observation,
    /// The verdict on every page, asked for last.
    pub(crate) exclusive: Vec<(Pid, Vpn, bool)>,
}

/// Runs a program; every expectation in it must be met, and the driver must have no troubles.
///
/// # Errors
/// Where the kernel or the privileges do not allow the program.
///
/// # Panics
/// Where the program went otherwise.
pub(crate) fn run(linux: &mut Linux, text: &str) -> Result<Ran, Unsupported> {
    let program: Program = text.parse().unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    linux.supports(&program)?;
    let mut seen = Observation::default();
    linux.prepare(&program);
    linux.reset(&program.config);
    for (step, op) in program.steps.iter().zip(program.stamped()) {
        let outcome = linux.apply(&op).outcome;
        if let Some(expect) = step.expect {
            assert!(
                same(expect, outcome),
                "`{op}` answered {outcome:?}, not {expect:?}, in\n{text}"
            );
        }
        linux.observe(&mut seen);
        assert_eq!(linux.troubles(), [], "after `{op}` in\n{text}");
    }
    let exclusive = linux.probe_exclusive();
    assert_eq!(linux.troubles(), [], "at the end of\n{text}");
    Ok(Ran { seen, exclusive })
}

/// Values are compared by their label: a file says no more.
fn same(expect: Outcome, outcome: Outcome) -> bool {
    match (expect, outcome) {
        (Outcome::Value(a), Outcome::Value(b)) => a.label == b.label,
        (a, b) => a == b,
    }
}
