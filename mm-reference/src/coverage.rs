//! Which rules fired. The one list of rule IDs the reference implements, and the one macro that
//! records them. What a rule *says* stands in `docs/rules`; here are names only.

/// Declares [`Rule`] from the list of IDs.
macro_rules! rules {
    ($($id:ident)*) => {
        /// A numbered rule of `docs/rules` that the reference implements.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        #[allow(missing_docs, reason = "each ID is documented in docs/rules, and a test ties them")]
        pub enum Rule { $($id),* }

        impl Rule {
            /// Every rule, in the rulebook's order.
            pub const ALL: &'static [Rule] = &[$(Rule::$id),*];

            /// The ID as written in `docs/rules`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Rule::$id => stringify!($id)),* }
            }
        }
    };
}

rules! {
    A1 A3
}

/// The rules one operation made fire, each with a small number that tells its cases apart (which
/// branch, which kind of folio …; 0 where there is only one).
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    fired: Vec<(Rule, u8)>,
}

impl Coverage {
    /// Forgets what fired; called before every operation.
    pub fn clear(&mut self) {
        self.fired.clear();
    }

    /// Records that a rule fired. Use the [`rule!`] macro.
    pub fn fire(&mut self, rule: Rule, case: u8) {
        if !self.fired.contains(&(rule, case)) {
            self.fired.push((rule, case));
        }
    }

    /// What fired since [`Coverage::clear`], each (rule, case) once, in order of first firing.
    #[must_use]
    pub fn fired(&self) -> &[(Rule, u8)] {
        &self.fired
    }
}

/// Records that a rule fired: `rule!(self.coverage, C4)`, or `rule!(self.coverage, C4, case)` with
/// a `u8` that tells cases of the rule apart.
macro_rules! rule {
    ($coverage:expr, $id:ident) => {
        $coverage.fire($crate::coverage::Rule::$id, 0)
    };
    ($coverage:expr, $id:ident, $case:expr) => {
        $coverage.fire($crate::coverage::Rule::$id, $case)
    };
}
pub(crate) use rule;
