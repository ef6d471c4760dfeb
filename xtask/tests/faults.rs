//! The planted faults, in the build that has them: each is shown by the program of its name, and the
//! engine finds the canary.
#![cfg(feature = "faults")]

use mm_diff::Rig;
use mm_diff::engine::{self, Budget, EngineConfig};
use mm_model::Model;
use mm_model::faults::Fault;
use mm_ops::{Config, Program};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

fn seed_of(fault: Fault) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the workspace");
    root.join("corpus/seeds/faults").join(fault.name()).with_extension("mm")
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
