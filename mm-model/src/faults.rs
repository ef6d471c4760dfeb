//! The fault catalogue of the model: each fault is a known bug, or a rule left out, by stable name.
//! They are the yardstick of the fuzzer, which must find every one.
//!
//! Only builds with the cargo feature `faults` hold them. At each site stands one short line,
//! `if fault!(self, Name) { … }`. `list` says what each leaves out and where the catalogue's own
//! injection or trigger does not fit the model, what stands in for it; `harm` is what some do beyond
//! leaving something out.
//!
//! Some doubts about relocation (JR15) are no faults here, because nothing in this world can show them:
//! RA-UNLOCK-EARLY (folio locks dropped before the undo) and RA-COLLECT without its second look need
//! someone who locks a folio or replaces an entry beside a mremap, and no actor does; RA-LATE-SPLIT is a
//! task that waits for itself, and has no state to compare.
//!
//! Nor is one of the catalogue: fork-torn-snapshot is what the kernel of the rules does. Until fork flushes, a CPU
//! with a stale translation writes to pages that the child shares, and no more to those that were copied for it
//! (R17 allows that, and the reference offers it).

use crate::model::Model;
use mm_ops::Config;
use std::cell::Cell;

pub(crate) use harm::Remembered;
pub use list::Fault;

/// Whether the named fault is switched on.
macro_rules! fault {
    ($model:expr, $name:ident) => {
        crate::faults::Reached::note(crate::faults::Fault::$name)
            && $model.fault == Some(crate::faults::Fault::$name)
    };
}

thread_local! {
    static REACHED: Cell<Reached> = const { Cell::new(Reached([0; WORDS])) };
}

/// Words of a set of faults.
const WORDS: usize = Fault::ALL.len().div_ceil(u64::BITS as usize);

/// Faults whose sites this thread's models came to. A program that does not come to a fault's site on the
/// correct model does the same with the fault: whoever has many faults to try need not try that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached([u64; WORDS]);

impl Reached {
    /// Those since the last call.
    #[must_use]
    pub fn take() -> Self {
        REACHED.replace(Self([0; WORDS]))
    }

    /// Whether this fault's site is among them.
    #[must_use]
    pub const fn has(self, fault: Fault) -> bool {
        let number = fault as usize;
        self.0[number / u64::BITS as usize] >> (number % u64::BITS as usize) & 1 == 1
    }

    /// Adds one; always true, to stand in a condition.
    #[inline]
    pub(crate) fn note(fault: Fault) -> bool {
        let number = fault as usize;
        let mut reached = REACHED.get();
        reached.0[number / u64::BITS as usize] |= 1 << (number % u64::BITS as usize);
        REACHED.set(reached);
        true
    }
}

macro_rules! catalogue {
    ($($variant:ident, $name:literal, $origin:literal, $leaves_out:literal, $note:literal;)*) => {
        /// A switchable fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $(#[doc = $leaves_out] $variant,)*
        }

        impl Fault {
            /// Every fault, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Where the bug was real, or which rule it leaves out.
            #[must_use]
            pub const fn origin(self) -> &'static str {
                match self { $(Self::$variant => $origin,)* }
            }

            /// What the model with this fault does wrong.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $leaves_out,)* }
            }

            /// How the variant built differs from the catalogue's, and what shows it; may be empty.
            #[must_use]
            pub const fn note(self) -> &'static str {
                match self { $(Self::$variant => $note,)* }
            }
        }
    };
}

mod harm;
mod list;

impl Fault {
    /// The fault of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }
}

impl Model {
    /// A model with a fault. The fault stays through every reset.
    #[must_use]
    pub fn with_fault(config: &Config, fault: Fault) -> Self {
        let mut model = Self::new(config);
        model.fault = Some(fault);
        model
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Reached};
    use crate::Model;
    use mm_ops::{Config, Mm, Program};

    #[test]
    fn names_are_unique_and_found() {
        for fault in Fault::ALL {
            assert_eq!(Fault::from_name(fault.name()), Some(*fault));
            assert!(!fault.about().is_empty() && !fault.origin().is_empty());
        }
    }

    #[test]
    fn a_program_reaches_the_sites_it_comes_to_and_no_others() {
        let mut model = Model::new(&Config::default());
        let text = "mmap p0 0+8 rw\nwrite p0 0 a\n";
        let program = Program::parse(text).expect("a program");
        let _before = Reached::take();
        model.reset(&program.config);
        program.stamped().for_each(|op| {
            let _effect = model.apply(&op);
        });
        let reached = Reached::take();
        assert!(reached.has(Fault::FreshAnonNotExclusive));
        assert!(!reached.has(Fault::KsmNoFlush));
        assert_eq!(Reached::take(), Reached([0; super::WORDS]));
    }
}
