//! One worker: makes programs, runs them, keeps what showed something new, minimizes what failed.
//! It shares nothing that decides what it does, so that its run follows from its seed alone.

use super::breeder::Breeder;
use super::config::EngineConfig;
use super::feedback::Feedback;
use super::shared::Shared;
use crate::failure::{Failure, Signature};
use crate::rig::{Reproducer, Rig};
use mm_ops::generate::seeded;
use mm_ops::{Mm, Program};
use std::collections::BTreeMap;

/// Programs between two looks at what all workers share.
const SHARE_PROGRAMS: u64 = 64;

pub(super) struct Worker<'a, S, F> {
    config: &'a EngineConfig,
    shared: &'a Shared<'a>,
    number: usize,
    rig: Rig<S, F>,
    breeder: Breeder,
    program: Program,
    failures: BTreeMap<Signature, Reproducer>,
    /// Since the last look at what is shared.
    programs: u64,
    ops: u64,
}

/// What a worker leaves behind.
pub(super) struct Harvest {
    pub(super) failures: BTreeMap<Signature, Reproducer>,
    pub(super) feedback: Feedback,
    pub(super) corpus: usize,
}

impl<'a, S: Mm, F: Fn() -> S> Worker<'a, S, F> {
    pub(super) fn new(
        config: &'a EngineConfig,
        shared: &'a Shared<'a>,
        number: usize,
        factory: F,
    ) -> Self {
        Self {
            breeder: Breeder::new(
                config.areas,
                &config.settings,
                seeded(config.seed, number as u64),
            ),
            config,
            shared,
            number,
            rig: Rig::new(factory).supporting(config.supports),
            program: Program::default(),
            failures: BTreeMap::new(),
            programs: 0,
            ops: 0,
        }
    }

    /// Works until the budget is used up or the run is stopped.
    pub(super) fn work(mut self) -> Harvest {
        let budget = self.budget();
        let mut given = self.config.corpus.iter().skip(self.number).step_by(self.config.jobs);
        self.shared.profile(self.number, &self.breeder.profile);
        for total in 0..budget {
            match given.next() {
                Some(program) => {
                    self.program.clone_from(program);
                    self.config.settings.lay_over(&mut self.program.config);
                }
                None => {
                    self.breeder.make(&mut self.program);
                    // Each has its own: many profiles find more than many programs of one.
                    self.breeder.change_profile(self.config.areas);
                }
            }
            self.program.steps.retain(|step| (self.config.supports)(&step.op));
            self.run_program();
            if (total + 1) % SHARE_PROGRAMS == 0 {
                self.share();
                if self.shared.is_over() {
                    break;
                }
            }
        }
        self.share();
        let corpus = self.breeder.corpus();
        Harvest { failures: self.failures, feedback: self.breeder.feedback, corpus }
    }

    /// This worker's part of a budget of programs.
    fn budget(&self) -> u64 {
        let jobs = self.config.jobs as u64;
        self.config.budget.programs.map_or(u64::MAX, |programs| {
            programs / jobs + u64::from((self.number as u64) < programs % jobs)
        })
    }

    fn run_program(&mut self) {
        self.breeder.feedback.start();
        self.programs += 1;
        match self.rig.run_observed(&self.program, &mut self.breeder.feedback) {
            Ok(stats) => self.ops += stats.ops,
            Err(failure) => {
                self.ops += failure.step as u64 + 1;
                self.take_failure(&failure);
            }
        }
        self.breeder.learn(&self.program);
    }

    /// Minimizes a failure of a new kind.
    fn take_failure(&mut self, failure: &Failure) {
        let signature = failure.signature();
        if self.failures.contains_key(&signature) {
            return;
        }
        let found = self.rig.minimize(&self.program, self.config.minimize_runs);
        if let Some(reproducer) = found {
            self.shared.failure(&signature, &reproducer);
            self.failures.insert(signature, reproducer);
        }
    }

    fn share(&mut self) {
        let (programs, ops) = (self.programs, self.ops);
        let map = &self.breeder.feedback.map;
        self.shared.add(self.number, programs, ops, map, self.breeder.corpus());
        (self.programs, self.ops) = (0, 0);
    }
}
