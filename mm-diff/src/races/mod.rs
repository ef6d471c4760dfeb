//! Every interleaving, exhaustively: each operation that takes a page away, on a page in each state,
//! beside each actor without locks, the actor's steps at every yield point they could be taken at
//! ([`mm_ops::Op::Race`]). What is random elsewhere is complete here: a run that finds nothing says
//! of how many interleavings.
//!
//! Which interleavings there are is found out by running: a subject tells its timeline
//! ([`mm_ops::Mm::timeline`]), and a schedule exists for every non-descending choice of its yield
//! points. A subject without yield points has one interleaving a scene.

mod known;
mod scenes;
mod table;

use crate::engine::{EngineError, FailureReport, Yields};
use crate::failure::{Failure, Signature};
use crate::lockstep::StepView;
use crate::rig::{Reproducer, Rig};
use known::Known;
use mm_ops::text::Settings;
use mm_ops::{AT_END, Choice, Mm, Moment};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use scenes::Scene;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Most yield points at which steps are taken one by one: of an operation that has more, those
/// beyond are not tried, and the report says so.
pub const YIELDS_MAX: usize = 40;

/// What the interleavings of one operation with one kind of page came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SceneReport {
    /// The operation.
    pub operation: &'static str,
    /// The state of the page.
    pub state: &'static str,
    /// Interleavings tried.
    pub interleavings: u64,
    /// Those that failed.
    pub failed: u64,
}

/// A whole run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Interleavings tried.
    pub interleavings: u64,
    /// Distinct failures, minimized.
    pub failures: Vec<FailureReport>,
    /// The same by operation and state.
    pub scenes: Vec<SceneReport>,
    /// How often each yield point was passed with an actor beside.
    pub yields: BTreeMap<&'static str, u64>,
    /// Whether some operation had more than [`YIELDS_MAX`] yield points.
    pub truncated: bool,
    /// Whether somebody stopped the run before its end.
    pub stopped: bool,
}

/// Why a run could not begin.
#[derive(Debug, thiserror::Error)]
pub enum RacesError {
    /// The threads were refused.
    #[error(transparent)]
    Threads(#[from] EngineError),
    /// The table of scenes has a line that is no program.
    #[error("a scene is no program: {0}")]
    Scene(#[from] mm_ops::ParseError),
}

/// What one scene came to.
#[derive(Default)]
struct Tally {
    known: Known,
    /// What happened in the raced operation of the last run.
    moments: Vec<Moment>,
    interleavings: u64,
    failed: u64,
    yields: Yields,
    /// The first failure of each kind.
    failures: BTreeMap<Signature, Reproducer>,
    truncated: bool,
}

/// Runs every interleaving of the operations `wanted` by name, with these settings, on the subjects a
/// factory builds, with so many threads. `listen` is told how many were done, now and then, from any thread.
///
/// # Errors
/// When the system refuses the threads.
pub fn exhaust<S: Mm, F: Fn() -> S + Sync>(
    jobs: usize,
    wanted: &dyn Fn(&str) -> bool,
    settings: &Settings,
    factory: &F,
    stop: &AtomicBool,
    listen: &(dyn Fn(u64) + Sync),
) -> Result<Report, RacesError> {
    let mut scenes = scenes::all()?;
    scenes.retain(|scene| wanted(scene.name));
    scenes.iter_mut().for_each(|scene| settings.lay_over(&mut scene.program.config));
    let pool =
        ThreadPoolBuilder::new().num_threads(jobs.max(1)).build().map_err(EngineError::from)?;
    let done = AtomicU64::new(0);
    let tallies: Vec<Tally> = pool.install(|| {
        let run = |scene: &Scene| {
            let tally = try_all(scene.clone(), factory, stop);
            let before = done.fetch_add(tally.interleavings, Ordering::Relaxed);
            listen(before + tally.interleavings);
            tally
        };
        // A few scenes take as long as all the others: whoever is free takes the next one.
        scenes.par_iter().with_max_len(1).map(run).collect()
    });
    Ok(report(&scenes, tallies, stop.load(Ordering::Relaxed)))
}

/// The names of all operations that are raced.
#[must_use]
pub fn operations() -> Vec<&'static str> {
    scenes::names()
}

/// Tries every schedule of a scene.
fn try_all<S: Mm, F: Fn() -> S>(mut scene: Scene, factory: &F, stop: &AtomicBool) -> Tally {
    let mut rig = Rig::new(factory);
    let mut tally = Tally::default();
    let mut points = vec![AT_END; scene.steps()];
    // An actor that waits until the operation is over does not change how far that goes.
    let mut yields = tally.run(&mut rig, &mut scene, &points);
    tally.begin_again(yields);
    points.fill(0);
    while !stop.load(Ordering::Relaxed) {
        // One more than there are yield points is after the operation.
        let behind = yields.min(YIELDS_MAX) as u8 + 1;
        let schedule: Vec<u8> =
            points.iter().map(|at| if *at == behind { AT_END } else { *at }).collect();
        let more = tally.run(&mut rig, &mut scene, &schedule);
        if more > yields {
            // The actor made the operation longer than it is alone: there are more schedules.
            yields = more;
            tally.begin_again(yields);
            points.fill(0);
            continue;
        }
        if !advance(&mut points, behind) {
            break;
        }
    }
    tally
}

impl Tally {
    /// Runs a scene by a schedule; answers how many yield points its operation came to.
    fn run<S: Mm, F: Fn() -> S>(
        &mut self,
        rig: &mut Rig<S, F>,
        scene: &mut Scene,
        points: &[u8],
    ) -> usize {
        scene.schedule(points);
        self.interleavings += 1;
        if !self.is_known(rig, scene)
            && let Some(failure) = self.judge(rig, scene)
        {
            self.failed += 1;
            self.yields.count(&self.moments);
            let signature = failure.signature();
            if !self.failures.contains_key(&signature)
                && let Some(found) = rig.minimize(&scene.program, crate::minimize::RUNS_MAX)
            {
                self.failures.insert(signature, found);
            }
            return failure.timeline.map_or(0, |timeline| timeline.yields());
        }
        self.yields.count(&self.moments);
        self.moments.iter().filter(|moment| matches!(moment, Moment::Yield(_))).count()
    }

    /// Whether the subject shows what was judged before.
    fn is_known<S: Mm, F: Fn() -> S>(&mut self, rig: &mut Rig<S, F>, scene: &Scene) -> bool {
        let Some(race) = scene.race() else { return false };
        let Self { known, moments, .. } = self;
        let mut node = known.beginning(race);
        rig.run_alone(&scene.program, &mut |index, effect, subject| {
            if index == scene.race + 1 {
                let raced = effect.choices.iter().any(|choice| matches!(choice, Choice::Raced(_)));
                moments.clear();
                moments.extend_from_slice(if raced { subject.timeline() } else { &[] });
            }
            // What comes before the race is the same in every run.
            if index > scene.race {
                let Some(next) = known.follow(node, effect, subject) else { return false };
                node = next;
            }
            true
        })
    }

    /// Runs the scene in lockstep.
    fn judge<S: Mm, F: Fn() -> S>(
        &mut self,
        rig: &mut Rig<S, F>,
        scene: &Scene,
    ) -> Option<Box<Failure>> {
        let Self { known, moments, .. } = self;
        let mut node = scene.race().map(|race| known.beginning(race));
        moments.clear();
        let mut observer = |step: &StepView<'_>| {
            if let Some(timeline) = step.timeline {
                moments.clone_from(&timeline.moments);
            }
            if step.index > scene.race {
                node = node.map(|node| known.keep(node, step));
            }
        };
        rig.run_observed(&scene.program, &mut observer).err()
    }

    /// Forgets the counts, as the schedules come again with so many yield points.
    fn begin_again(&mut self, yields: usize) {
        (self.interleavings, self.failed) = (0, 0);
        self.yields = Yields::default();
        self.truncated = yields > YIELDS_MAX;
    }
}

/// The next non-descending choice of numbers up to `last`; `false` after the last one.
fn advance(points: &mut [u8], last: u8) -> bool {
    let Some(at) = points.iter().rposition(|point| *point < last) else { return false };
    let next = points[at] + 1;
    points[at..].fill(next);
    true
}

fn report(scenes: &[Scene], tallies: Vec<Tally>, stopped: bool) -> Report {
    let mut rows: Vec<SceneReport> = Vec::new();
    let mut yields = Yields::default();
    let mut failures: BTreeMap<Signature, Reproducer> = BTreeMap::new();
    let mut truncated = false;
    for (scene, tally) in scenes.iter().zip(tallies) {
        let same = |row: &SceneReport| (row.operation, row.state) == (scene.name, scene.state);
        if !rows.last().is_some_and(same) {
            let (operation, state) = (scene.name, scene.state);
            rows.push(SceneReport { operation, state, interleavings: 0, failed: 0 });
        }
        if let Some(row) = rows.last_mut() {
            row.interleavings += tally.interleavings;
            row.failed += tally.failed;
        }
        yields.add(&tally.yields);
        for (signature, reproducer) in tally.failures {
            failures.entry(signature).or_insert(reproducer);
        }
        truncated |= tally.truncated;
    }
    let failure = |(signature, reproducer): (Signature, Reproducer)| FailureReport {
        signature: signature.to_string(),
        ops: reproducer.program.steps.len(),
        file: None,
        reproducer,
    };
    Report {
        interleavings: rows.iter().map(|row| row.interleavings).sum(),
        failures: failures.into_iter().map(failure).collect(),
        scenes: rows,
        yields: yields.all().clone(),
        truncated,
        stopped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_non_descending_choice_comes_once() {
        let mut points = [0; 4];
        let mut seen = vec![points];
        while advance(&mut points, 3) {
            seen.push(points);
        }
        // Multisets of 4 out of 4 numbers.
        assert_eq!(seen.len(), 35);
        assert!(seen.iter().all(|points| points.is_sorted()));
        seen.dedup();
        assert_eq!(seen.len(), 35);
    }
}
