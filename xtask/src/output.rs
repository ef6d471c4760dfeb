//! How results reach the outside: JSON on stdout, progress on stderr.

use serde::Serialize;

/// Prints a result as one JSON object.
pub fn print_json(result: &impl Serialize) {
    match serde_json::to_string_pretty(result) {
        Ok(json) => println!("{json}"),
        // Our own structs have string keys and finite numbers; nothing else can go wrong.
        Err(error) => eprintln!("error: the result cannot be written as JSON: {error}"),
    }
}
