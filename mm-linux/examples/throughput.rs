//! How many programs a second the driver runs, observation after every operation included:
//! `cargo run --release -p mm-linux --example throughput -- [SECONDS] [PTES] [OPERATIONS]`.

use mm_linux::Linux;
use mm_ops::generate::{Areas, Profile, random_program, seeded};
use mm_ops::{Mm, Observation, Program};
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<u64> =
        std::env::args().skip(1).map(|arg| arg.parse()).collect::<Result<_, _>>()?;
    let number = |index: usize, default: u64| numbers.get(index).copied().unwrap_or(default);
    let (seconds, ptes, operations) = (number(0, 5), number(1, 8) as u16, number(2, 20));
    let mut linux = Linux::new()?;
    let programs = programs(&linux, ptes, operations as usize);
    let mut seen = Observation::default();
    let (mut ran, mut pages, mut troubles) = (0_u64, 0_u64, 0);
    let start = Instant::now();
    let end = Duration::from_secs(seconds);
    for program in programs.iter().cycle() {
        if start.elapsed() > end {
            break;
        }
        linux.reset(&program.config);
        for op in program.stamped() {
            linux.apply(&op);
            linux.observe(&mut seen);
            pages += seen.pages.len() as u64;
        }
        for trouble in linux.troubles() {
            troubles += 1;
            println!("{trouble}");
            if std::env::var_os("SHOW").is_some() {
                println!("{program}");
                return Ok(());
            }
        }
        ran += 1;
    }
    let rate = ran as f64 / start.elapsed().as_secs_f64();
    let each = pages as f64 / (ran * operations) as f64;
    println!(
        "{rate:.0} programs/s of {operations} operations, {each:.1} pages an observation, {troubles} troubles"
    );
    Ok(())
}

/// Programs of just that many operations, from the generator that the fuzzers use.
fn programs(linux: &Linux, ptes: u16, operations: usize) -> Vec<Program> {
    let mut rng = seeded(1, 0);
    let mut programs = Vec::new();
    while programs.len() < 500 {
        let mut profile = Profile::random(Areas::ALL, &mut rng);
        profile.config.ptes = ptes;
        profile.length = 200;
        let mut program = random_program(&profile, &mut rng);
        linux.adapt(&mut program);
        if program.steps.len() >= operations && linux.supports(&program).is_ok() {
            program.steps.truncate(operations);
            programs.push(program);
        }
    }
    programs
}
