//! The embedded fuzz engine: workers that make programs, run them in lockstep, keep what showed
//! something new, and minimize what failed. Needs nothing but this process.
//!
//! Everything random follows from one seed. Workers share figures only, so a run with a budget of
//! programs repeats exactly whatever the machine does meanwhile.

mod breeder;
mod config;
mod corpus;
mod features;
mod feedback;
mod report;
mod shared;
mod worker;

use crate::failure::Signature;
use crate::rig::Reproducer;
use mm_ops::Mm;
use mm_ops::generate::Profile;
use rayon::ThreadPoolBuilder;
use shared::Shared;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use worker::{Harvest, Worker};

pub use breeder::Breeder;
pub use config::{Budget, EngineConfig};
pub use features::{FACTS, FeatureMap, Happening};
pub use feedback::{Answers, Feedback, Scan, Yields};
pub use report::{FailureReport, OpReport, Progress, Report, Totals};

/// Time between two looks at how far the workers are.
const TICK: Duration = Duration::from_millis(20);
/// Ticks between two reports of progress.
const PROGRESS_TICKS: u32 = 25;

/// What a run tells while it goes on, from whatever thread it happens in.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A worker drew the swarm profile of its first program. Those of the others follow from the seed just as well.
    Profile {
        /// Which worker.
        worker: usize,
        /// What its first program is like.
        profile: &'a Profile,
    },
    /// A failure of a new kind, minimized.
    Failure {
        /// Its kind.
        signature: &'a Signature,
        /// Its program.
        reproducer: &'a Reproducer,
    },
    /// The figures so far.
    Progress(Progress),
}

/// Why a run could not begin.
#[derive(Debug, thiserror::Error)]
#[error("the workers could not be started: {0}")]
pub struct EngineError(#[from] rayon::ThreadPoolBuildError);

/// Fuzzes the subjects a factory builds, until the budget is used up or `stop` is set.
///
/// # Errors
/// When the system refuses the threads.
pub fn fuzz<S: Mm, F: Fn() -> S + Sync>(
    config: &EngineConfig,
    factory: &F,
    stop: &AtomicBool,
    listen: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Report, EngineError> {
    let config = EngineConfig { jobs: config.jobs.max(1), ..config.clone() };
    let shared = Shared::new(&config, listen, stop);
    let pool = ThreadPoolBuilder::new().num_threads(config.jobs).build()?;
    let harvests: Mutex<BTreeMap<usize, Harvest>> = Mutex::default();
    pool.in_place_scope(|scope| {
        for number in 0..config.jobs {
            let (config, shared, harvests) = (&config, &shared, &harvests);
            scope.spawn(move |_| {
                let _done = Done(shared);
                let harvest = Worker::new(config, shared, number, factory).work();
                let mut harvests = harvests.lock().unwrap_or_else(PoisonError::into_inner);
                harvests.insert(number, harvest);
            });
        }
        watch(&shared);
    });
    let harvests = harvests.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(report(&config, &shared, harvests))
}

/// Tells that a worker has ended, however it ends.
struct Done<'s, 'a>(&'s Shared<'a>);

impl Drop for Done<'_, '_> {
    fn drop(&mut self) {
        self.0.worker_done();
    }
}

fn watch(shared: &Shared<'_>) {
    let mut ticks = 0;
    while !shared.all_done() {
        std::thread::sleep(TICK);
        ticks += 1;
        if ticks % PROGRESS_TICKS == 0 {
            shared.tell_progress();
        }
    }
}

fn report(
    config: &EngineConfig,
    shared: &Shared<'_>,
    harvests: BTreeMap<usize, Harvest>,
) -> Report {
    let progress = shared.progress();
    let mut all = Feedback::default();
    let mut failures: BTreeMap<Signature, Reproducer> = BTreeMap::new();
    let mut corpus = 0;
    for harvest in harvests.into_values() {
        all.map.union(&harvest.feedback.map);
        all.answers.add(&harvest.feedback.answers);
        all.yields.add(&harvest.feedback.yields);
        corpus += harvest.corpus;
        for (signature, found) in harvest.failures {
            // Of several reproducers the shortest; of equal ones that of the first worker.
            let known = failures.get(&signature).map(|known| known.program.steps.len());
            if known.is_none_or(|known| found.program.steps.len() < known) {
                failures.insert(signature, found);
            }
        }
    }
    let totals = Totals {
        seed: config.seed,
        seconds: progress.seconds,
        programs: progress.programs,
        ops: progress.ops,
        corpus,
        stopped: shared.is_stopped(),
    };
    Report::new(totals, &all, failures)
}
