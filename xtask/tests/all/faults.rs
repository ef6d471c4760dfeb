//! The planted faults, in the build that has them: each is shown by the program of its name, and the
//! engine finds the canary.
#![cfg(feature = "faults")]

use crate::root;
use mm_diff::engine::{self, Budget, EngineConfig};
use mm_diff::{Rig, races};
use mm_model::Model;
use mm_model::faults::Fault;
use mm_ops::text::Settings;
use mm_ops::{Config, Program};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

fn seed_of(fault: Fault) -> PathBuf {
    root().join("corpus/seeds/faults").join(fault.name()).with_extension("mm")
}

#[test]
fn each_fault_is_shown_by_the_program_of_its_name() {
    for fault in Fault::ALL.iter().copied() {
        let path = seed_of(fault);
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{} has no program: {error}", fault.name()));
        let program = Program::parse(&text).unwrap_or_else(|error| panic!("{error}"));
        let mut rig = Rig::new(move || Model::with_fault(&Config::default(), fault));
        assert!(rig.run(&program).is_err(), "{}: its program passes on it", fault.name());
    }
}

/// A fuzzer that finds nothing may be broken itself; this one must be found, always.
#[test]
fn the_canary_is_always_found() {
    let canary = Fault::from_name("canary").expect("there is a canary");
    for seed in 0..8 {
        let config = EngineConfig {
            seed,
            budget: Budget { time: None, programs: Some(2_000) },
            failures_max: 1,
            ..EngineConfig::default()
        };
        let factory = || Model::with_fault(&Config::default(), canary);
        let report = engine::fuzz(&config, &factory, &AtomicBool::new(false), &|_| {})
            .expect("one thread can be had");
        let first = report.failures.first().unwrap_or_else(|| panic!("seed {seed}: not found"));
        assert!(first.ops <= 5, "seed {seed}: {} operations are not minimal", first.ops);
    }
}

/// The exhaustive run finds what leaves a step of D17 out, a flush, or the second look of GUP-fast.
#[test]
fn every_interleaving_shows_what_is_left_out() {
    let raced = [
        ("race-II-migration-gupfast", "migration"),
        ("race-III-swapout-gupfast", "swapout"),
        ("ksm-compare-before-protect", "KSM"),
        ("collapse-vs-gupfast", "collapse"),
        ("gupfast-no-fork-seq", "fork"),
        ("gupfast-no-pte-recheck", "munmap"),
        ("fork-no-flush", "fork"),
        ("swapout-no-flush", "swapout"),
        ("migrate-no-flush", "migration"),
        ("ksm-no-flush", "KSM"),
        ("collapse-no-flush", "collapse"),
        ("cow-no-flush", "write"),
        ("zap-no-flush", "DONTNEED"),
        ("mprotect-no-flush", "mprotect"),
        ("madvfree-no-flush", "FREE"),
        ("hwpoison-no-flush", "memory failure"),
        ("mremap-flush-after-unlock", "mremap"),
        ("uffdmove-no-flush", "UFFDIO_MOVE"),
        ("uffdmove-no-second-pin-test", "UFFDIO_MOVE"),
    ];
    for (name, operation) in raced {
        let fault = Fault::from_name(name).unwrap_or_else(|| panic!("there is no {name}"));
        let factory = || Model::with_fault(&Config::default(), fault);
        let stop = AtomicBool::new(false);
        let report = races::exhaust(
            2,
            &|wanted| wanted == operation,
            &Settings::default(),
            &factory,
            &stop,
            &|_| {},
        )
        .expect("two threads can be had");
        assert!(!report.failures.is_empty(), "{name}: no interleaving of {operation} shows it");
    }
}
