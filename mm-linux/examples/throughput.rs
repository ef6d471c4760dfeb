//! How many programs a second the driver runs, and what the time goes into:
//! `cargo run --release -p mm-linux --example throughput -- [SECONDS] [PTES] [OPERATIONS]`.

use mm_linux::Linux;
use mm_ops::generate::{Areas, Profile, random_program, seeded};
use mm_ops::{Mm, Observation, Program};
use std::time::{Duration, Instant};

/// How much of each program is done.
#[derive(Clone, Copy, PartialEq)]
enum Amount {
    /// Processes are made and ended.
    Reset,
    /// Operations are executed, too.
    Apply,
    /// And observed, each one.
    Observe,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<u64> =
        std::env::args().skip(1).map(|arg| arg.parse()).collect::<Result<_, _>>()?;
    let number = |index: usize, default: u64| numbers.get(index).copied().unwrap_or(default);
    let (seconds, ptes, operations) = (number(0, 5), number(1, 8) as u16, number(2, 20));
    let mut linux = Linux::new()?;
    let programs = programs(&linux, ptes, operations as usize);
    println!("{operations} operations each, {ptes} entries a table");
    let time = Duration::from_secs(seconds);
    measure("processes only", Amount::Reset, &mut linux, &programs, time)?;
    measure("and operations", Amount::Apply, &mut linux, &programs, time)?;
    measure("and observations", Amount::Observe, &mut linux, &programs, time)
}

fn measure(
    name: &str,
    amount: Amount,
    linux: &mut Linux,
    programs: &[Program],
    time: Duration,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut seen = Observation::default();
    let (mut ran, mut pages, mut observations) = (0_u64, 0_u64, 0_u64);
    let start = Instant::now();
    for program in programs.iter().cycle() {
        if start.elapsed() > time {
            break;
        }
        linux.reset(&program.config);
        for op in program.stamped().take_while(|_| amount != Amount::Reset) {
            linux.apply(&op);
            if amount == Amount::Observe {
                linux.observe(&mut seen);
                observations += 1;
                pages += seen.pages.len() as u64;
            }
        }
        if let Some(trouble) = linux.troubles().first() {
            return Err(format!("{trouble} in\n{program}").into());
        }
        ran += 1;
    }
    let each = start.elapsed().as_secs_f64() / ran as f64;
    println!(
        "  {name:16}  {:5.0} programs/s, {:6.1} us each, {:.1} pages an observation",
        1.0 / each,
        each * 1e6,
        pages as f64 / observations.max(1) as f64
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
