//! Making programs: the profile of a run, and the programs and operations drawn from it. Every
//! engine (the embedded one, libFuzzer, proptest, `arbitrary`) makes its programs here, so that
//! what is learnt about good programs serves all of them. No rule of memory is known here: the
//! operands are *likely* to make sense, never certain.

mod aim;
mod anonmm;
mod areas;
mod device;
mod draw;
mod operands;
mod profile;
mod scenes;
mod sketch;
#[cfg(test)]
mod tests;

pub use areas::{Areas, UnknownArea};
pub use draw::seeded;
pub use profile::{Place, Profile, Window};

pub(crate) use device::{draw_dev_exclusive, draw_dev_mem};
pub(crate) use draw::Draw;
pub(crate) use operands::Maker;
pub(crate) use profile::{
    draw_device, draw_ptes, draw_relocate, draw_slots, draw_uffd, orders_up_to,
};
pub(crate) use sketch::Sketch;

use crate::kind::OpKind;
use crate::program::{Program, Step};
use crate::rmap::RmapScheme;
use rand_core::RngCore;

/// A scene comes about as often as this, in operations; in the anonmm scheme, where little else is
/// special, more often.
const SCENE_EVERY: u32 = 19;
const SCENE_EVERY_ANONMM: u32 = 6;

/// A program of the profile.
///
/// ```
/// use mm_ops::generate::{Areas, Profile, random_program, seeded};
/// let mut rng = seeded(7, 0);
/// let profile = Profile::random(Areas::ALL, &mut rng);
/// let program = random_program(&profile, &mut rng);
/// assert_eq!(program.steps.len(), usize::from(profile.length));
/// ```
#[must_use]
pub fn random_program(profile: &Profile, rng: &mut (impl RngCore + ?Sized)) -> Program {
    let mut program = Program::default();
    random_program_into(profile, rng, &mut program);
    program
}

/// Writes a program of the profile over `program`, keeping its memory.
pub fn random_program_into(
    profile: &Profile,
    rng: &mut (impl RngCore + ?Sized),
    program: &mut Program,
) {
    program.config = profile.config;
    program.steps.clear();
    program.steps.reserve(usize::from(profile.length));
    draw_steps(profile, rng, program, Sketch::new(), usize::from(profile.length));
}

/// Draws operations until the program has this many; the sketch is of those it has.
pub(crate) fn draw_steps(
    profile: &Profile,
    rng: &mut (impl RngCore + ?Sized),
    program: &mut Program,
    mut sketch: Sketch,
    length: usize,
) {
    let scene_every = match program.config.rmap {
        RmapScheme::AnonVma => SCENE_EVERY,
        RmapScheme::Anonmm => SCENE_EVERY_ANONMM,
    };
    while program.steps.len() < length {
        let mut maker = Maker::new(profile, &program.config, &sketch, rng);
        let first = program.steps.is_empty();
        if !first && maker.draw.one_in(scene_every) {
            for op in maker.scene().ops() {
                sketch.note(op);
                program.steps.push(Step { op: *op, expect: None });
            }
            continue;
        }
        // Large folios come to those who enable them before anything is mapped.
        let large = first && profile.weight(OpKind::Thp) > 0 && !maker.draw.one_in(4);
        let op = if large { maker.op_of(OpKind::Thp) } else { maker.op() };
        sketch.note(&op);
        program.steps.push(Step { op, expect: None });
    }
    program.steps.truncate(length);
}
