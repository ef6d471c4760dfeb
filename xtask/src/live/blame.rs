//! Which of model, reference and kernel is alone. The reference is compared with each of the others
//! by what userspace could see, so that what two of them show can be compared, too.

use mm_diff::{Failure, Lie, Lockstep, Oracle, Verdict, exclusivity_of};
use mm_model::Model;
use mm_ops::{Config, Effect, Mm, Observation, Op, Program, Snapshot};

/// The model, showing no more than a kernel would.
struct Outside<'a> {
    model: &'a mut Model,
    ptes: u16,
}

impl Mm for Outside<'_> {
    fn reset(&mut self, config: &Config) {
        self.ptes = config.ptes;
        self.model.reset(config);
    }

    fn apply(&mut self, op: &Op) -> Effect {
        self.model.apply(op)
    }

    fn observe(&self, out: &mut Observation) {
        self.model.observe(out);
    }

    fn exclusivity(&mut self) -> Option<Vec<Verdict>> {
        let mut state = Snapshot::default();
        self.model.snapshot(&mut state).then(|| exclusivity_of(&state, self.ptes))
    }
}

/// How the model fails as seen from outside, if it does.
pub fn outside_of(model: &mut Model, program: &Program, lie: Option<Lie>) -> Option<Box<Failure>> {
    let mut subject = Outside { model, ptes: program.config.ptes };
    Lockstep::with_lie(lie).run(&mut subject, program, &mut ()).err()
}

/// The blame line. `model` and `kernel` are the failures of each against the reference, as seen from
/// outside; `inside` says that the model's own state differs. `None` if nobody differs.
pub fn line(
    model: Option<&Failure>,
    kernel: Option<&Failure>,
    inside: Option<&Failure>,
    rules: &[&str],
) -> Option<String> {
    let (who, failure) = match (model, kernel) {
        (None, None) => ("the model (inside; nothing of it can be seen from outside)", inside?),
        (Some(model), None) => ("the model", model),
        (None, Some(kernel)) => ("the kernel", kernel),
        (Some(model), Some(kernel)) if model.step < kernel.step => ("the model", model),
        (Some(model), Some(kernel)) if kernel.step < model.step => ("the kernel", kernel),
        (Some(model), Some(kernel)) if agree(model, kernel) => ("the reference", kernel),
        (Some(_), Some(kernel)) => ("each of the three", kernel),
    };
    if failure.oracle == Oracle::Expectation {
        return Some("blame: nobody is alone; the program expects otherwise".to_owned());
    }
    let at = format!("operation {} (`{}`)", failure.step + 1, failure.op);
    let field = failure.findings.first().map_or_else(
        || failure.signature().to_string(),
        |f| {
            format!(
                "{}, {}: the reference says {}, the other {}",
                f.place, f.field, f.expected, f.found
            )
        },
    );
    let rules = if rules.is_empty() { "none fired".to_owned() } else { rules.join(" ") };
    Some(format!("blame: {who} is alone, at {at}, in {field}; rules at stake: {rules}"))
}

/// Whether two subjects that both differ from the reference show the same.
fn agree(model: &Failure, kernel: &Failure) -> bool {
    match (model.findings.first(), kernel.findings.first()) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(subject_lie: Lie) -> (Program, Box<Failure>) {
        let program: Program = "mmap p0 0+4 rw\nmunmap p0 0+4".parse().expect("a program");
        let mut model = Model::new(&program.config);
        let failure = outside_of(&mut model, &program, Some(subject_lie)).expect("a lie is found");
        (program, failure)
    }

    fn lie(op: &Op, outcome: mm_ops::Outcome) -> mm_ops::Outcome {
        match op {
            Op::Munmap { .. } => mm_ops::Outcome::Err(mm_ops::Errno::EBUSY),
            _ => outcome,
        }
    }

    #[test]
    fn who_is_alone_is_named() {
        let (_, failure) = failing(lie);
        let blame = |model, kernel| line(model, kernel, None, &["I1"]).expect("somebody differs");
        assert!(blame(Some(&failure), Some(&failure)).starts_with("blame: the reference is alone"));
        assert!(blame(Some(&failure), None).starts_with("blame: the model is alone"));
        assert!(blame(None, Some(&failure)).starts_with("blame: the kernel is alone"));
        let text = blame(None, Some(&failure));
        assert!(text.contains("operation 2 (`munmap p0 0+4`)"), "{text}");
        assert!(text.ends_with("rules at stake: I1"), "{text}");
        assert_eq!(line(None, None, None, &[]), None);
    }
}
