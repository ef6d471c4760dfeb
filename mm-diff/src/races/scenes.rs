//! The scenes: the product of the tables of operations, states and actors, each as a program whose
//! schedule can be changed.

use super::table::{ACTORS, AFTER, RACED, Raced, STATES};
use mm_ops::{Actor, Op, ParseError, Program, RACE_STEPS, Step};

/// An operation, a state and an actor: all schedules of it are tried.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// The operation.
    pub(super) name: &'static str,
    /// The state of the page.
    pub(super) state: &'static str,
    /// The program; its actor comes at once.
    pub(super) program: Program,
    /// Index of the `race` in it.
    pub(super) race: usize,
}

impl Scene {
    /// How many steps the actor takes.
    pub(super) fn steps(&self) -> usize {
        self.race().map_or(0, |(actor, _)| actor.steps())
    }

    /// The actor, and when it takes its steps.
    pub(super) fn race(&self) -> Option<(Actor, [u8; RACE_STEPS])> {
        match self.program.steps.get(self.race) {
            Some(Step { op: Op::Race { actor, at }, .. }) => Some((*actor, *at)),
            _ => None,
        }
    }

    /// Takes the steps of the actor at these yield points.
    pub(super) fn schedule(&mut self, points: &[u8]) {
        if let Some(Step { op: Op::Race { at, .. }, .. }) = self.program.steps.get_mut(self.race) {
            at[..points.len()].copy_from_slice(points);
        }
    }
}

/// The names of the operations.
pub(super) fn names() -> Vec<&'static str> {
    RACED.iter().map(|raced| raced.name).collect()
}

/// Every operation in every state with every actor, as far as the rmap scheme has them.
///
/// # Errors
/// When a line of the tables is no program; a test makes them all.
pub(super) fn all() -> Result<Vec<Scene>, ParseError> {
    let mut scenes = Vec::new();
    for raced in RACED {
        for (state, made_by) in STATES {
            let children: &[&str] = if made_by.ends_with("p1") && !made_by.contains("exit") {
                &["p0", "p1"]
            } else {
                &["p0"]
            };
            for pid in children {
                for page in raced.pages {
                    for actor in ACTORS {
                        let actor = actor.replace("PID", pid).replace("PAGE", &page.to_string());
                        scenes.extend(scene(raced, (state, made_by), &actor)?);
                    }
                }
            }
        }
    }
    Ok(scenes)
}

/// One of them; `None` where the scheme lacks the state or the actor.
fn scene(
    raced: &Raced,
    (state, made_by): (&'static str, &str),
    actor: &str,
) -> Result<Option<Scene>, ParseError> {
    let before = [raced.before, made_by, raced.then].join("\n");
    let race = before.parse::<Program>()?.steps.len();
    let one_step = actor.starts_with("read") || actor.starts_with("write");
    let at = if one_step { "0" } else { "0,0,0,0" };
    let text = format!("{before}\nrace {actor} at {at}\n{}\n{}\n{AFTER}", raced.op, raced.rest);
    let program: Program = text.parse()?;
    let scheme = program.config.rmap;
    let exists = program.steps[..=race].iter().all(|step| step.op.exists_in(scheme));
    Ok(exists.then_some(Scene { name: raced.name, state, program, race }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scene_is_a_program_with_its_race_in_place() {
        let scenes = all().unwrap();
        assert!(scenes.len() > 1000, "{}", scenes.len());
        for scene in scenes {
            assert!(scene.program.steps[scene.race + 1].op.exists_in(scene.program.config.rmap));
            assert!(scene.steps() == 1 || scene.steps() == 4, "{}", scene.name);
        }
    }
}
