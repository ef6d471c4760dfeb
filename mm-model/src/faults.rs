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

pub(crate) use harm::Remembered;
pub use list::Fault;

/// Whether the named fault is switched on.
macro_rules! fault {
    ($model:expr, $name:ident) => {
        $model.fault == Some(crate::faults::Fault::$name)
    };
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
    use super::Fault;

    #[test]
    fn names_are_unique_and_found() {
        for fault in Fault::ALL {
            assert_eq!(Fault::from_name(fault.name()), Some(*fault));
            assert!(!fault.about().is_empty() && !fault.origin().is_empty());
        }
    }
}
