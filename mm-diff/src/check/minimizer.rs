//! The minimizer's own promises, on a subject that is certain to fail: the minimized program fails in
//! the same way, is no longer than it was, and its certificate holds.

use super::Objection;
use super::saboteur::{Flaw, Saboteur};
use crate::certificate::Certificate;
use crate::failure::Signature;
use crate::rig::{Reproducer, Rig};
use mm_ops::{Mm, Program};

/// Runs one minimization may take here. If they do not suffice there is no certificate to check.
const RUNS_MAX: u64 = 3_000;

/// Minimizes a program, if it fails with the flaw that is its own.
pub(super) fn check<S: Mm>(factory: &impl Fn() -> S, program: &Program) -> Result<(), Objection> {
    let flaw = Flaw::of(program);
    let mut rig = Rig::new(|| Saboteur::new(factory(), flaw));
    let Err(first) = rig.run(program) else {
        return Ok(());
    };
    let Some(found) = rig.minimize(program, RUNS_MAX) else {
        let report = format!("it failed with `{}`, and then did not\n{program}", first.signature());
        return Err(Objection::new("minimizer not-repeatable", report));
    };
    if found.program.steps.len() > first.step + 1 {
        return Err(objection("longer", program, &found));
    }
    promises_kept(&first.signature(), &found, &mut rig)
        .map_err(|broken| objection(&broken, program, &found))
}

fn objection(broken: &str, program: &Program, found: &Reproducer) -> Objection {
    let report = format!("{broken}\n--- from\n{program}--- to\n{}", found.to_text());
    let kind = broken.split(':').next().unwrap_or(broken);
    Objection::new(&format!("minimizer {kind}"), report)
}

/// The name of the first promise that is broken, and more behind a colon.
fn promises_kept<S: Mm, F: Fn() -> S>(
    signature: &Signature,
    found: &Reproducer,
    rig: &mut Rig<S, F>,
) -> Result<(), String> {
    if found.failure.signature() != *signature {
        return Err(format!("other-failure: {}", found.failure.signature()));
    }
    let text = found.to_text();
    if Program::parse(&text).as_ref() != Ok(&found.program) {
        return Err("unreadable".to_owned());
    }
    let Some(certificate) = &found.certificate else {
        return Ok(());
    };
    if Certificate::parse(&text).as_ref() != Ok(certificate) {
        return Err("unreadable-certificate".to_owned());
    }
    certificate.verify(&found.program, rig).map_err(|error| format!("certificate: {error}"))?;
    let again = rig.minimize(&found.program, RUNS_MAX);
    if again.is_none_or(|again| again.program != found.program) {
        return Err("not-a-fixpoint".to_owned());
    }
    Ok(())
}
