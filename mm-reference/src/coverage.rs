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
    S1 S10 S11 S12 S14 S15
    A1 A2 A3 A5 A6 A7 A8 A10 A11 A12 A13 A14 A15 A16
    B1 B3 B4 B5 B6 B7 B8 B9 B10 B11 B12 B13 B14 B15
    C1 C2 C3 C4 C5 C6 C7 C8 C9 C10 C11 C12 C13 C14 C15 C16 C18 C21 C22
    D2 D3 D4 D5 D6 D7 D8 D9 D10 D12 D13 D14 D15 D16 D17 D19 D20 D21 D22
    E1 E2 E3 E4 E5 E6 E7 E9 E11 E12 E13 E14 E15 E16 E17 E18 E19 E21 E22 E24 E25
    F1 F2 F3 F4 F6 F7 F8 F9 F15
    G1 G2 G3 G4 G5 G7 G8 G9 G10 G12 G13 G15 G16 G17 G18 G22 G23 G24
    H1 H2 H3 H4 H5 H6 H7 H8 H9 H11 H12
    I1 I2 I3 I4 I5 I6 I7 I8 I9 I10 I11 I12 I13 I14 I15 I16 I17 I18
    J1 J2 J3 J4 J5 J6 J7 J9 J11 J12 J13 J14 J15 J16
    JR1 JR2 JR3 JR4 JR6 JR7 JR8 JR9 JR10 JR12 JR13 JR14 JR15 JR16
    K1 K2 K3 K4 K5 K7 K8 K9 K10 K12
    L1 L2 L3 L4 L5 L6 L7 L8 L9 L10 L11 L13 L17 L18 L19 L20
    M1 M2 M3 M4 M5 M6 M7 M8 M9 M10 M11 M12 M13 M14 M15 M16 M17
    N1 N2 N3 N4 N5 N6 N7 N8 N9 N10 N11 N12 N13 N14 N15 N16 N17
    O1 O2 O3 O4 O5 O6 O7 O8 O9 O10 O11 O12 O13 O14 O15
    P1 P2 P3 P4 P6 P7
    Q1 Q2 Q3 Q4 Q6 Q7
    R2 R17 R31
    BT4
    Z2 Z3 Z4 Z6 Z8
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
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

    /// Records that a rule fired. Use the macro `rule!`.
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
