//! What the workers of a run share: figures for display, and when to end. Nothing here decides what
//! a worker does next.

use super::Event;
use super::config::EngineConfig;
use super::features::FeatureMap;
use super::report::Progress;
use crate::failure::Signature;
use crate::rig::Reproducer;
use mm_ops::generate::Profile;
use mm_reference::Rule;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

pub(super) struct Shared<'a> {
    config: &'a EngineConfig,
    listen: &'a (dyn Fn(Event<'_>) + Sync),
    stop: &'a AtomicBool,
    start: Instant,
    programs: AtomicU64,
    ops: AtomicU64,
    workers_done: AtomicU64,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    map: FeatureMap,
    corpus: Vec<usize>,
    failures: BTreeSet<Signature>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(
        config: &'a EngineConfig,
        listen: &'a (dyn Fn(Event<'_>) + Sync),
        stop: &'a AtomicBool,
    ) -> Self {
        let tables = Tables { corpus: vec![0; config.jobs], ..Tables::default() };
        Self {
            config,
            listen,
            stop,
            start: Instant::now(),
            programs: AtomicU64::new(0),
            ops: AtomicU64::new(0),
            workers_done: AtomicU64::new(0),
            tables: Mutex::new(tables),
        }
    }

    /// The tables hold figures only: a worker that panicked while it had them did no harm.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(
        &self,
        worker: usize,
        programs: u64,
        ops: u64,
        map: &FeatureMap,
        corpus: usize,
    ) {
        self.programs.fetch_add(programs, Ordering::Relaxed);
        self.ops.fetch_add(ops, Ordering::Relaxed);
        let mut tables = self.tables();
        tables.map.union(map);
        if let Some(size) = tables.corpus.get_mut(worker) {
            *size = corpus;
        }
    }

    pub(super) fn profile(&self, worker: usize, profile: &Profile) {
        (self.listen)(Event::Profile { worker, profile });
    }

    /// Tells of a failure that no worker has told of.
    pub(super) fn failure(&self, signature: &Signature, reproducer: &Reproducer) {
        let new = self.tables().failures.insert(signature.clone());
        if new {
            (self.listen)(Event::Failure { signature, reproducer });
        }
    }

    /// Whether to end before the budget of programs is used up.
    pub(super) fn is_over(&self) -> bool {
        let time_over = self.config.budget.time.is_some_and(|time| self.start.elapsed() >= time);
        let enough = self.tables().failures.len() >= self.config.failures_max.max(1);
        time_over || enough || self.is_stopped()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(super) fn worker_done(&self) {
        self.workers_done.fetch_add(1, Ordering::Release);
    }

    pub(super) fn all_done(&self) -> bool {
        self.workers_done.load(Ordering::Acquire) >= self.config.jobs as u64
    }

    pub(super) fn tell_progress(&self) {
        (self.listen)(Event::Progress(self.progress()));
    }

    pub(super) fn progress(&self) -> Progress {
        let tables = self.tables();
        Progress {
            seconds: self.start.elapsed().as_secs_f64(),
            programs: self.programs.load(Ordering::Relaxed),
            ops: self.ops.load(Ordering::Relaxed),
            rules_hit: Rule::ALL.iter().filter(|rule| tables.map.fired(**rule)).count(),
            rules_total: Rule::ALL.len(),
            features: tables.map.features(),
            corpus: tables.corpus.iter().sum(),
            failures: tables.failures.len(),
        }
    }
}
