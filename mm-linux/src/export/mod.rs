//! Programs in other people's languages: a Rust test, a self-contained C program in the manner of
//! the kernel's selftests, a syzkaller program. Pure text; no kernel is asked.

mod c;
mod rust;
mod syz;

use crate::supports::{ANONMM, Unsupported};
use mm_ops::{Program, RmapScheme};

/// What a program is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A Rust test that runs the program on the live kernel, or on any other subject.
    Rust,
    /// A C program that needs nothing but a C compiler, and prints TAP.
    C,
    /// A syzkaller program: what one process does, for the operations that are system calls.
    Syz,
}

/// Writes a program in the target's language.
///
/// # Errors
/// The first operation that the language has no words for, or the rmap scheme, if no kernel has it.
pub fn export(program: &Program, target: Target) -> Result<String, Unsupported> {
    if target != Target::Rust && program.config.rmap == RmapScheme::Anonmm {
        return Err(Unsupported { step: None, reason: ANONMM.to_owned() });
    }
    match target {
        Target::Rust => Ok(rust::export(program)),
        Target::C => c::export(program),
        Target::Syz => syz::export(program),
    }
}

/// An operation that cannot be written.
fn refused(step: usize, reason: impl Into<String>) -> Unsupported {
    Unsupported { step: Some(step), reason: reason.into() }
}
