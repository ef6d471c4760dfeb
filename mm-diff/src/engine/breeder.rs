//! Where programs come from: made up from a swarm profile, or changed from those that showed something
//! new. Whoever runs them gives it the feedback and says what to keep.

use super::corpus::{Corpus, below};
use super::feedback::Feedback;
use mm_ops::Program;
use mm_ops::generate::{Areas, Profile, random_program_into};
use mm_ops::mutate::{mutate, splice};
use mm_ops::text::Settings;
use rand_chacha::ChaCha8Rng;

/// One program in this many is made from nothing although there is a corpus.
const FRESH_ONE_IN: usize = 4;
/// One change in this many is a splice of two programs.
const SPLICE_ONE_IN: usize = 8;

/// A source of programs. Everything it makes follows from its generator of numbers and from what it
/// was told.
#[derive(Debug)]
pub struct Breeder {
    rng: ChaCha8Rng,
    /// What new programs are like.
    pub profile: Profile,
    /// What the programs showed: the observer of every run.
    pub feedback: Feedback,
    corpus: Corpus,
    /// What every program has.
    settings: Settings,
}

impl Breeder {
    /// A source with an empty corpus, of programs that have these settings.
    #[must_use]
    pub fn new(areas: Areas, settings: &Settings, mut rng: ChaCha8Rng) -> Self {
        let profile = Profile::random(areas, &mut rng);
        let (feedback, corpus) = (Feedback::default(), Corpus::default());
        let mut breeder = Self { rng, profile, feedback, corpus, settings: settings.clone() };
        breeder.profile.lay_over(&breeder.settings);
        breeder
    }

    /// Draws another swarm profile.
    pub fn change_profile(&mut self, areas: Areas) {
        self.profile = Profile::random(areas, &mut self.rng);
        self.profile.lay_over(&self.settings);
    }

    /// Number of programs kept.
    #[must_use]
    pub fn corpus(&self) -> usize {
        self.corpus.len()
    }

    /// Writes the next program over the last one.
    pub fn make(&mut self, program: &mut Program) {
        let Self { rng, corpus, profile, .. } = self;
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

    /// Called after the run of a program that was watched by `feedback`: it is kept as far as it
    /// showed anything new.
    pub fn learn(&mut self, program: &Program) {
        let novel = self.feedback.novel_steps();
        if novel > 0 {
            // What came after the last novelty adds nothing.
            let steps = program.steps[..novel].to_vec();
            let kept = Program { config: program.config, steps };
            self.corpus.add(kept, self.feedback.cost(), &mut self.rng);
        }
    }
}
