//! The engine: it repeats exactly, finds what is wrong, tells kinds of failure apart, and says what
//! it did.

use crate::broken::{Broken, Bug};
use mm_diff::engine::{Budget, EngineConfig, Event, Report, fuzz};
use mm_diff::{Certificate, CertificateError, Rig};
use mm_ops::{Mm, OpKind, Program};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn config(seed: u64, programs: u64) -> EngineConfig {
    let budget = Budget { programs: Some(programs), time: None };
    EngineConfig { seed, budget, ..EngineConfig::default() }
}

fn run(config: &EngineConfig, bug: Bug) -> Report {
    let never = AtomicBool::new(false);
    fuzz(config, &|| Broken::new(bug), &never, &|_| {}).expect("threads can be started")
}

/// A report without the figures that depend on the clock.
fn timeless(mut report: Report) -> String {
    (report.seconds, report.programs_per_second) = (0.0, 0.0);
    let texts: Vec<String> = report.failures.iter().map(|f| f.reproducer.to_text()).collect();
    format!(
        "{}\n{}",
        serde_json::to_string(&report).expect("a report is plain data"),
        texts.join("\n")
    )
}

#[test]
fn a_sound_subject_runs_clean_and_new_states_are_kept() {
    let report = run(&config(3, 3000), Bug::None);
    assert!(report.failures.is_empty(), "{}", report.failures[0].reproducer.render());
    assert_eq!(report.programs, 3000);
    assert!(report.ops > 3000 * 8, "{} operations", report.ops);
    assert!(report.rules_hit > report.rules_total / 2, "{report:?}");
    assert_eq!(report.rules_hit + report.rules_missed.len(), report.rules_total);
    assert!(report.corpus > 100 && report.features > report.corpus as u64, "{report:?}");
    let writes = &report.operations[OpKind::Write.index()];
    assert!(writes.op == "write" && writes.done > 1000 && writes.refused > 0, "{writes:?}");
}

#[test]
fn a_run_repeats_exactly() {
    for jobs in [1, 3] {
        let config = EngineConfig { jobs, ..config(11, 600) };
        assert_eq!(timeless(run(&config, Bug::Two)), timeless(run(&config, Bug::Two)));
    }
    let one = timeless(run(&config(11, 300), Bug::Two));
    assert_ne!(one, timeless(run(&config(12, 300), Bug::Two)));
}

#[test]
fn kinds_of_failure_are_told_apart_and_minimized() {
    let areas = "fork,gup".parse().expect("areas");
    let report = run(&EngineConfig { areas, ..config(5, 8000) }, Bug::Two);
    let signatures: BTreeSet<&str> = report.failures.iter().map(|f| &*f.signature).collect();
    assert_eq!(signatures.len(), report.failures.len(), "a signature is reported twice");
    assert!(signatures.contains("mechanism entry.flags(W) fork"), "{signatures:?}");
    assert!(signatures.contains("value answer dma_read"), "{signatures:?}");
    let fork = report.failures.iter().find(|f| f.signature == "mechanism entry.flags(W) fork");
    let fork = fork.expect("just seen");
    assert_eq!(
        fork.reproducer.program.to_string(),
        "config ptes=4\nmmap p0 0+1 rw\nwrite p0 0 a\nfork p0 p1\n"
    );
    assert_eq!(fork.ops, 3);
}

#[test]
fn a_certificate_can_be_checked_by_anyone() {
    let mut rig = Rig::new(|| Broken::new(Bug::SharedWritable));
    let program: Program =
        "mmap p0 8+8 rw\nwrite p0 11 c\nread p0 9\nfork p0 p2\nexit p2".parse().unwrap();
    let found = rig.minimize(&program, 10_000).expect("it fails");
    let text = found.to_text();
    let certificate = Certificate::parse(&text).expect("it was just written");
    assert_eq!(Some(&certificate), found.certificate.as_ref());
    let minimal: Program = text.parse().expect("a certificate is a comment");
    assert_eq!(certificate.verify(&minimal, &mut rig), Ok(()));

    // Expectations added since do no harm.
    let blessed = text.replace("fork p0 p1", "fork p0 p1 -> ok").parse().unwrap();
    assert_eq!(certificate.verify(&blessed, &mut rig), Ok(()));

    let tampered = text.replace("fork p0 p1", "read p0 0\nfork p0 p1");
    let error = Certificate::parse(&tampered).unwrap().verify(&tampered.parse().unwrap(), &mut rig);
    assert!(matches!(error, Err(CertificateError::Changed { .. })), "{error:?}");

    // With the checksum forged as well, the claims themselves are wrong.
    let Err(CertificateError::Changed { found: checksum }) = error else { return };
    let forged = Certificate { checksum, ..certificate.clone() };
    let error = forged.verify(&tampered.parse().unwrap(), &mut rig);
    assert_eq!(error, Err(CertificateError::Deletable(2)));

    let mut sound = Rig::new(|| Broken::new(Bug::None));
    assert_eq!(certificate.verify(&minimal, &mut sound), Err(CertificateError::Passes));
    assert_eq!(Certificate::parse("read p0 0"), Err(CertificateError::Missing));
    let cut = text.replace("#   lowerings", "#   something");
    assert!(matches!(Certificate::parse(&cut), Err(CertificateError::Unreadable(_))));
    let mut counted = certificate;
    counted.proof.lowerings += 1;
    let error = counted.verify(&minimal, &mut rig);
    assert!(matches!(error, Err(CertificateError::Counts(_))), "{error:?}");
}

#[test]
fn a_run_can_be_stopped_and_tells_what_it_does() {
    let stop = AtomicBool::new(false);
    let events = Mutex::new((0, 0));
    let budget = Budget { programs: None, time: Some(Duration::from_secs(600)) };
    let config = EngineConfig { budget, jobs: 2, ..EngineConfig::default() };
    let factory: fn() -> Box<dyn Mm> = || Box::new(Broken::new(Bug::SharedWritable));
    let report = fuzz(&config, &factory, &stop, &|event| {
        let mut seen = events.lock().unwrap();
        match event {
            Event::Profile { .. } => seen.0 += 1,
            Event::Failure { .. } => {
                seen.1 += 1;
                stop.store(true, Ordering::Relaxed);
            }
            Event::Progress(_) => {}
        }
    });
    let report = report.expect("threads can be started");
    let (profiles, failures) = *events.lock().unwrap();
    assert!(report.stopped && profiles == 2 && failures >= 1, "{report:?}");
}

#[test]
fn only_what_a_subject_supports_is_asked_of_it() {
    let config = EngineConfig {
        supports: |op| matches!(op.kind(), OpKind::Mmap | OpKind::Write),
        ..config(1, 200)
    };
    let report = run(&config, Bug::None);
    for op in report.operations {
        let supported = op.op == "mmap" || op.op == "write";
        assert_eq!(op.done + op.refused > 0, supported, "{op:?}");
    }
}

#[test]
fn the_report_has_the_keys_of_the_command_line() {
    let report = serde_json::to_value(run(&config(5, 300), Bug::SharedWritable)).unwrap();
    for key in [
        "seed",
        "seconds",
        "programs",
        "ops",
        "programs_per_second",
        "rules_hit",
        "rules_total",
        "features",
    ] {
        assert!(report[key].is_number(), "{key} in {report}");
    }
    let failure = &report["failures"][0];
    assert!(failure["signature"].is_string() && failure["ops"].is_number(), "{failure}");
    assert!(failure["file"].is_null());
}
