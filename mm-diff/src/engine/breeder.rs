//! Where programs come from: made up from a swarm profile, or changed from those that showed something
//! new. Whoever runs them gives it the feedback and says what to keep.

use super::corpus::{Corpus, below};
use super::feedback::Feedback;
use crate::check::WORK_MAX;
use mm_ops::Program;
use mm_ops::generate::{Areas, Profile, random_program_into};
use mm_ops::mutate::{mutate, splice};
use mm_ops::text::Settings;
use rand_chacha::ChaCha8Rng;

/// So many programs of [`SHARES`] are made from nothing although there is a corpus: most, for those of ever other
/// profiles find a fault in half the time that changed ones take, which come to what few others do.
const FRESH: usize = 3;
const SHARES: usize = 4;
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

    /// Writes the next program over the last one: one of [`WORK_MAX`] at most.
    pub fn make(&mut self, program: &mut Program) {
        self.draw(program);
        // Before it is measured: larger tables have room for what was refused.
        self.settings.lay_over(&mut program.config);
        shorten(program);
    }

    fn draw(&mut self, program: &mut Program) {
        let Self { rng, corpus, profile, .. } = self;
        let fresh = below(rng, SHARES) < FRESH;
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

/// Leaves the first operations of a program that would take all the time of a run. It is rare: a length that was
/// drawn to be refused fits the larger tables of another program.
fn shorten(program: &mut Program) {
    while program.work() > WORK_MAX {
        program.steps.truncate(program.steps.len() / 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_take_for_ever_is_cut_and_nothing_else() {
        let small = Program::parse("mmap p0 0+8 rw\nwrite p0 0 a\n").unwrap();
        let mut program = small.clone();
        shorten(&mut program);
        assert_eq!(program, small);
        let text = "config ptes=512 procs=1\nmmap p0 0+512 rw\nwrite p0 0 a\nmmap p0 512+134217216 rw\nread p0 0\n";
        let mut large = Program::parse(text).unwrap();
        let whole = large.clone();
        shorten(&mut large);
        assert_eq!(large.steps, whole.steps[..2]);
    }
}
