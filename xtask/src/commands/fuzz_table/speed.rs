//! The speeds of both engines on the correct model, side by side.

use super::{Bench, libfuzzer};
use crate::cargo_fuzz;
use crate::cli::FuzzTableArgs;
use crate::error::Error;
use crate::subject::Planted;
use mm_diff::engine::{self, Budget, EngineConfig};
use serde::Serialize;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// How often each engine's speed is measured.
const SPEED_TURNS: usize = 3;

/// What an engine did in a second.
#[derive(Serialize)]
pub(super) struct Speed {
    pub(super) engine: &'static str,
    pub(super) programs_per_second: f64,
    pub(super) ops_per_second: f64,
}

impl Bench {
    /// Both engines on the correct model, each on one core, in turns, so that whatever else the machine
    /// does falls on all; the median turn counts.
    pub(super) fn speed(&self, binary: &Path, args: &FuzzTableArgs) -> Result<Vec<Speed>, Error> {
        let (mut both, mut without, mut ours) = (Vec::new(), Vec::new(), Vec::new());
        for turn in 0..SPEED_TURNS {
            both.push(self.speed_of_libfuzzer(binary, args.time, turn, true)?);
            without.push(self.speed_of_libfuzzer(binary, args.time, turn, false)?);
            ours.push(speed_of_embedded(args.time, turn)?);
            let (both, without, ours) = (both[turn].0, without[turn].0, ours[turn].0);
            eprintln!(
                "programs/s: libFuzzer {both:.0}, no counters {without:.0}, embedded {ours:.0}"
            );
        }
        Ok(vec![
            median("libFuzzer, target `lockstep`", both),
            median("the same, no counters", without),
            median("embedded", ours),
        ])
    }

    /// Programs and operations per second.
    fn speed_of_libfuzzer(
        &self,
        binary: &Path,
        time: Duration,
        turn: usize,
        counters: bool,
    ) -> Result<(f64, f64), Error> {
        let folder = self.folder(&format!("speed-{turn}-{counters}"))?;
        let stats = self.folder(&format!("speed-{turn}-{counters}/stats"))?;
        let mut command = libfuzzer(binary, &folder);
        command.arg(format!("-seed={}", turn + 1));
        command.arg(format!("-max_total_time={}", time.as_secs().max(1)));
        command.args([self.folder(&format!("speed-{turn}-{counters}/corpus"))?, self.seed.clone()]);
        command.env("MMDIFF_STATS", &stats);
        if !counters {
            command.env("MMDIFF_COUNTERS", "off");
        }
        let start = Instant::now();
        cargo_fuzz::run_quietly(&mut command, "libFuzzer")?;
        let seconds = start.elapsed().as_secs_f64();
        let (programs, ops) = cargo_fuzz::totals(&stats)?;
        Ok((programs as f64 / seconds, ops as f64 / seconds))
    }
}

/// Programs and operations per second.
fn speed_of_embedded(time: Duration, turn: usize) -> Result<(f64, f64), Error> {
    let config = EngineConfig {
        seed: turn as u64 + 1,
        jobs: 1,
        budget: Budget { time: Some(time), programs: None },
        ..EngineConfig::default()
    };
    let report =
        engine::fuzz(&config, &Planted::default().factory(), &AtomicBool::new(false), &|_| {})
            .map_err(|error| Error::Tool { tool: "fuzz".into(), message: error.to_string() })?;
    Ok((report.programs_per_second, report.ops as f64 / report.seconds))
}

/// The turn with the median of programs per second.
fn median(engine: &'static str, mut turns: Vec<(f64, f64)>) -> Speed {
    turns.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (programs_per_second, ops_per_second) = turns[turns.len() / 2];
    Speed { engine, programs_per_second, ops_per_second }
}
