//! What the lockstep costs: against the same operations driven through proptest-state-machine, and in
//! programs a second on all cores.

use super::paired::{Ratio, compare, timed};
use super::state_machine;
use crate::commands::fuzz::cores;
use mm_diff::Rig;
use mm_model::Model;
use mm_ops::generate::{Areas, Profile, random_program, seeded};
use mm_ops::{Config, Program};
use std::time::{Duration, Instant};

/// The name of the throughput measurement.
pub const THROUGHPUT: &str = "lockstep programs of 32 operations a second, all cores";
const AGAINST_PROPTEST: &str = "engine over proptest-state-machine: the same operations, one core";

/// Operations of each program.
pub const OPS: usize = 32;
/// Programs of each measurement.
pub const PROGRAMS: usize = 400;
/// Profiles that the engine's side draws for them: one for a hundred programs, where the engine draws one for thousands.
const PROFILES: usize = 4;
const ROUNDS: u32 = 9;
/// How often each worker runs all programs for the throughput.
const THROUGHPUT_TURNS: usize = 50;

/// The same programs, both ways. proptest generates them as it goes; our side is given the time to
/// generate as many of its own.
pub fn run(wanted: &dyn Fn(&str) -> bool) -> Vec<Ratio> {
    if !wanted(AGAINST_PROPTEST) {
        return Vec::new();
    }
    let mut rig = Rig::new(|| Model::new(&Config::default()));
    let recorded = state_machine::record();
    let engine = || {
        timed(|| {
            programs(PROFILES);
        }) + by_lockstep(&mut rig, &recorded)
    };
    vec![compare(AGAINST_PROPTEST, ROUNDS, engine, || timed(state_machine::run))]
}

/// Fully checked programs a second, one worker a core, for as long as a stable figure needs.
pub fn programs_per_second() -> f64 {
    let programs = programs(PROGRAMS);
    let workers = cores();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut rig = Rig::new(|| Model::new(&Config::default()));
                (0..THROUGHPUT_TURNS).for_each(|_| {
                    by_lockstep(&mut rig, &programs);
                });
            });
        }
    });
    (workers * THROUGHPUT_TURNS * programs.len()) as f64 / start.elapsed().as_secs_f64()
}

/// Programs as the engine makes them, of so many profiles, cut to equal length.
fn programs(profiles: usize) -> Vec<Program> {
    let mut rng = seeded(1, 0);
    let mut programs = Vec::with_capacity(PROGRAMS);
    for _ in 0..profiles {
        let mut profile = Profile::random(Areas::ALL, &mut rng);
        profile.length = OPS as u16;
        programs.extend((0..PROGRAMS / profiles).map(|_| random_program(&profile, &mut rng)));
    }
    programs
}

fn by_lockstep<F: Fn() -> Model>(rig: &mut Rig<Model, F>, programs: &[Program]) -> Duration {
    timed(|| {
        for program in programs {
            if let Err(failure) = rig.run(program) {
                panic!("a benchmark is no place to find this:\n{}", failure.render(program));
            }
        }
    })
}
