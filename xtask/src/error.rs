//! Bad usage and bad input: what is wrong, where, and how to mend it. Exit status 2.

use std::path::{Path, PathBuf};

/// Something the person at the keyboard can mend.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot {verb} {}: {source}", path.display())]
    File {
        /// What was tried.
        verb: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A program file is not a program.
    #[error("{}: {message}", path.display())]
    Program {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, with line and column where it is text.
        message: String,
    },
    /// A folder holds nothing to work on.
    #[error(
        "{}: no program there; expected files ending in .mm (text) or .mmb (binary)",
        path.display()
    )]
    NoPrograms {
        /// Which folder.
        path: PathBuf,
    },
    /// Anything else, said in full.
    #[error("{0}")]
    Usage(String),
    /// A tool that the command needs failed or is missing.
    #[error("{tool}: {message}")]
    Tool {
        /// Which.
        tool: String,
        /// What happened.
        message: String,
    },
}

impl Error {
    /// For `map_err`: reading or writing `path` failed.
    pub fn file(verb: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { verb, path, source }
    }
}

/// What a command found, for the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// All is well: status 0.
    Nothing,
    /// A difference, a failed file, a missed fault: status 1.
    Something,
}

impl Found {
    /// `Something` if the condition holds.
    pub fn something_if(found: bool) -> Self {
        if found { Self::Something } else { Self::Nothing }
    }
}
