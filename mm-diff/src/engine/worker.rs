//! One worker: makes programs, runs them, keeps what showed something new, minimizes what failed.
//! It shares nothing that decides what it does, so that its run follows from its seed alone.

use super::config::EngineConfig;
use super::corpus::{Corpus, below};
use super::feedback::Feedback;
use super::shared::Shared;
use crate::failure::{Failure, Signature};
use crate::rig::{Reproducer, Rig};
use mm_ops::generate::{Profile, random_program_into, seeded};
use mm_ops::mutate::{mutate, splice};
use mm_ops::{Mm, Program};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// One program in this many is made from nothing although there is a corpus.
const FRESH_ONE_IN: usize = 4;
/// One change in this many is a splice of two programs.
const SPLICE_ONE_IN: usize = 8;
/// Programs between two looks at what all workers share.
const SHARE_PROGRAMS: u64 = 64;

pub(super) struct Worker<'a, S, F> {
    config: &'a EngineConfig,
    shared: &'a Shared<'a>,
    number: usize,
    rng: ChaCha8Rng,
    rig: Rig<S, F>,
    feedback: Feedback,
    corpus: Corpus,
    profile: Profile,
    /// What the programs of this profile cost so far.
    profile_cost: u64,
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
        let mut rng = seeded(config.seed, number as u64);
        Self {
            profile: Profile::random(config.areas, &mut rng),
            config,
            shared,
            number,
            rng,
            rig: Rig::new(factory).supporting(config.supports),
            profile_cost: 0,
            feedback: Feedback::default(),
            corpus: Corpus::default(),
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
        self.shared.profile(self.number, &self.profile);
        for total in 0..budget {
            if self.profile_cost >= self.config.profile_cost {
                self.profile_cost = 0;
                self.profile = Profile::random(self.config.areas, &mut self.rng);
                self.shared.profile(self.number, &self.profile);
            }
            match given.next() {
                Some(program) => self.program.clone_from(program),
                None => self.make_program(),
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
        Harvest { failures: self.failures, feedback: self.feedback, corpus: self.corpus.len() }
    }

    /// This worker's part of a budget of programs.
    fn budget(&self) -> u64 {
        let jobs = self.config.jobs as u64;
        self.config.budget.programs.map_or(u64::MAX, |programs| {
            programs / jobs + u64::from((self.number as u64) < programs % jobs)
        })
    }

    /// Writes the next program over the last one.
    fn make_program(&mut self) {
        let Self { rng, corpus, profile, program, .. } = self;
        let fresh = below(rng, FRESH_ONE_IN) == 0;
        let Some(base) = corpus.pick(rng).filter(|_| !fresh) else {
            return random_program_into(profile, rng, program);
        };
        program.config = base.config;
        program.steps.clone_from(&base.steps);
        if below(rng, SPLICE_ONE_IN) == 0
            && let Some(other) = corpus.pick(rng)
        {
            splice(program, other, profile, rng);
        }
        mutate(program, profile, rng);
    }

    fn run_program(&mut self) {
        self.feedback.start();
        self.programs += 1;
        match self.rig.run_observed(&self.program, &mut self.feedback) {
            Ok(stats) => self.ops += stats.ops,
            Err(failure) => {
                self.ops += failure.step as u64 + 1;
                self.take_failure(&failure);
            }
        }
        self.profile_cost += self.feedback.cost();
        let novel = self.feedback.novel_steps();
        if novel > 0 {
            // What came after the last novelty adds nothing.
            let steps = self.program.steps[..novel].to_vec();
            let kept = Program { config: self.program.config, steps };
            self.corpus.add(kept, self.feedback.cost(), &mut self.rng);
        }
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
        self.shared.add(self.number, programs, ops, &self.feedback.map, self.corpus.len());
        (self.programs, self.ops) = (0, 0);
    }
}
