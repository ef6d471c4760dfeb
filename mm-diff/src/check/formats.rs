//! The two formats: whatever is read can be written and read again, and comes back the same.

use super::Objection;
use mm_ops::{Program, codec, text};

/// Any text: parser, printer and formatter agree on it, or it is refused with a message.
pub(super) fn text(text: &str) -> Result<(), Objection> {
    let program = match Program::parse(text) {
        Ok(program) => program,
        // The message quotes the line; making it must not panic.
        Err(error) if error.to_string().is_empty() => {
            return Err(Objection::new("text no-message", "refused without a message"));
        }
        Err(_) => return Ok(()),
    };
    let formatted = text::format(text)
        .map_err(|error| Objection::new("text format-refuses", error.to_string()))?;
    if Program::parse(&formatted).as_ref() != Ok(&program) {
        return Err(Objection::new("text format-changes", formatted));
    }
    if text::format(&formatted).as_ref() != Ok(&formatted) {
        return Err(Objection::new("text format-not-idempotent", formatted));
    }
    Ok(())
}

/// Any bytes: what the decoder accepts is a legal program, else it is refused with a message.
pub(super) fn binary(bytes: &[u8]) -> Result<(), Objection> {
    match codec::decode(bytes) {
        Ok(program) if program.clone().sanitized() != program => {
            Err(Objection::new("codec illegal-program", program.to_string()))
        }
        Err(error) if error.to_string().is_empty() => {
            Err(Objection::new("codec no-message", "refused without a message"))
        }
        _ => Ok(()),
    }
}

/// A program survives being written and read, in both formats.
pub(super) fn program(program: &Program) -> Result<(), Objection> {
    let printed = program.to_string();
    if Program::parse(&printed).as_ref() != Ok(program) {
        return Err(Objection::new("text round-trip", printed));
    }
    if codec::decode(&codec::encode(program)).as_ref() != Ok(program) {
        return Err(Objection::new("codec round-trip", printed));
    }
    Ok(())
}
