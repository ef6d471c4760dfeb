//! A part of a configuration: what a run wants of every program, whatever else it draws.

use super::cursor::Cursor;
use super::error::ParseError;
use super::parse::parse_settings;
use crate::config::Config;
use std::fmt::{Display, Formatter, Result as FmtResult};
use std::str::FromStr;

/// Settings of a `config` line, none by default. Text form: `relocate=collect ptes=8`.
///
/// ```
/// let settings: mm_ops::text::Settings = "relocate=collect".parse().unwrap();
/// let mut config = mm_ops::Config { ptes: 8, ..Default::default() };
/// settings.lay_over(&mut config);
/// assert_eq!((config.relocate, config.ptes), (mm_ops::RelocateDesign::Collect, 8));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(String);

impl Settings {
    /// Makes them in a configuration; what they do not name stays.
    pub fn lay_over(&self, config: &mut Config) {
        // The text was parsed when it was given, and parses again: there is no error to tell.
        let _ = parse_settings(&mut Cursor::new(1, &self.0), config);
        *config = config.sanitized();
    }

    /// Whether they name nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Settings {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(1, text);
        parse_settings(&mut cursor, &mut Config::default())?;
        cursor.finish()?;
        Ok(Self(text.trim().to_owned()))
    }
}

impl Display for Settings {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        f.write_str(&self.0)
    }
}
