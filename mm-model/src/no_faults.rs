//! The normal build: no fault exists, and every question for one is the constant `false`.

/// Whether the named fault is switched on: never.
macro_rules! fault {
    ($model:expr, $name:ident) => {
        false
    };
}
