//! What a fuzz run is told. Everything else a run does follows from the seed.

use crate::rig::{Supports, supports_all};
use mm_ops::Program;
use mm_ops::generate::Areas;
use mm_ops::text::Settings;
use std::time::Duration;

/// When a run ends by itself. Whatever comes first; neither means: when it is stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// After this time.
    pub time: Option<Duration>,
    /// After this many programs, divided among the workers.
    pub programs: Option<u64>,
}

/// The settings of a run.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Everything random follows from it. With the same number of workers and a budget of programs,
    /// a run repeats exactly.
    pub seed: u64,
    /// Number of workers.
    pub jobs: usize,
    /// When to end.
    pub budget: Budget,
    /// Programs to start from, besides random ones.
    pub corpus: Vec<Program>,
    /// The areas of the rulebook to narrow the choice of operations to.
    pub areas: Areas,
    /// What the configuration of every program is to say, whatever was drawn.
    pub settings: Settings,
    /// Which operations the subject implements; others are left out of every program.
    pub supports: Supports,
    /// Runs one minimization may take.
    pub minimize_runs: u64,
    /// Distinct failures after which a run ends.
    pub failures_max: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            jobs: 1,
            budget: Budget::default(),
            corpus: Vec::new(),
            areas: Areas::ALL,
            settings: Settings::default(),
            supports: supports_all,
            minimize_runs: crate::minimize::RUNS_MAX,
            failures_max: 16,
        }
    }
}
