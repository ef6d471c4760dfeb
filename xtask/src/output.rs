//! How results reach the outside: results on stdout, progress on stderr. Whoever reads our stdout may have
//! seen enough (`| head`): that ends the program, and is no failure of it.

use serde::Serialize;
use std::fmt;
use std::io::Write;

/// The exit status of a program whose reader is gone, as if by SIGPIPE.
const READER_GONE: i32 = 128 + 13;

/// Prints a line to stdout.
macro_rules! say {
    ($($text:tt)*) => {
        crate::output::write(format_args!("{}\n", format_args!($($text)*)))
    };
}

/// Writes to stdout.
pub fn write(text: fmt::Arguments<'_>) {
    if let Err(error) = std::io::stdout().write_fmt(text) {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            std::process::exit(READER_GONE);
        }
        eprintln!("error: the result cannot be written: {error}");
        std::process::exit(2);
    }
}

/// Prints a result as one JSON object.
pub fn print_json(result: &impl Serialize) {
    match serde_json::to_string_pretty(result) {
        Ok(json) => say!("{json}"),
        // Our own structs have string keys and finite numbers; nothing else can go wrong.
        Err(error) => eprintln!("error: the result cannot be written as JSON: {error}"),
    }
}
