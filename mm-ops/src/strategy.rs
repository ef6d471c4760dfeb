//! Programs for proptest (feature `proptest`).

use crate::generate::{Areas, Profile, random_program, seeded};
use crate::program::Program;
use proptest::num::u64::ANY;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// Programs of random profiles. They shrink by dropping operations only, ever smaller runs of
/// them; what is worth reading is made by the project's minimizer.
///
/// ```
/// use proptest::prelude::*;
/// proptest!(|(program in mm_ops::program_strategy())| {
///     prop_assert_eq!(mm_ops::Program::parse(&program.to_string()).unwrap(), program);
/// });
/// ```
#[must_use]
pub fn program_strategy() -> ProgramStrategy {
    ProgramStrategy { areas: Areas::ALL }
}

/// See [`program_strategy`].
#[derive(Clone, Copy, Debug)]
pub struct ProgramStrategy {
    /// The areas programs are narrowed to.
    pub areas: Areas,
}

impl Strategy for ProgramStrategy {
    type Tree = ProgramTree;
    type Value = Program;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let mut rng = seeded(ANY.new_tree(runner)?.current(), 0);
        let profile = Profile::random(self.areas, &mut rng);
        let program = random_program(&profile, &mut rng);
        let run = program.steps.len();
        Ok(ProgramTree { program, undo: None, at: 0, run })
    }
}

/// A program and where its shrinking stands.
#[derive(Clone, Debug)]
pub struct ProgramTree {
    program: Program,
    /// The program before the last simplification.
    undo: Option<Program>,
    /// Where the next run to be dropped begins.
    at: usize,
    /// How long it is; 0 when all has been tried.
    run: usize,
}

impl ValueTree for ProgramTree {
    type Value = Program;

    fn current(&self) -> Program {
        self.program.clone()
    }

    fn simplify(&mut self) -> bool {
        if self.at >= self.program.steps.len() {
            self.at = 0;
            self.run = (self.run / 2).min(self.program.steps.len());
        }
        if self.run == 0 {
            return false;
        }
        self.undo = Some(self.program.clone());
        let end = (self.at + self.run).min(self.program.steps.len());
        self.program.steps.drain(self.at..end);
        true
    }

    fn complicate(&mut self) -> bool {
        let Some(program) = self.undo.take() else {
            return false;
        };
        self.program = program;
        self.at += self.run;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OpKind;

    #[test]
    fn shrinking_leaves_what_is_needed() {
        let mut runner = TestRunner::deterministic();
        let needs = |program: &Program, kind| {
            program.steps.iter().filter(|step| step.op.kind() == kind).count() >= 2
        };
        let mut shrunk = 0;
        for _ in 0..120 {
            let mut tree = program_strategy().new_tree(&mut runner).unwrap();
            if !needs(&tree.current(), OpKind::Write) {
                continue;
            }
            while tree.simplify() {
                if !needs(&tree.current(), OpKind::Write) {
                    assert!(tree.complicate());
                    assert!(needs(&tree.current(), OpKind::Write));
                }
            }
            assert_eq!(tree.current().steps.len(), 2);
            shrunk += 1;
        }
        assert!(shrunk > 50, "{shrunk}");
    }
}
