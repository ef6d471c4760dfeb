//! Crash artifacts of fuzz engines: what kind of file it is, and which program is in it.
//!
//! libFuzzer, AFL++ and bolero leave the very bytes of the input, in the format of their target.
//! proptest prints the failing value: the program as Rust's `Debug` shows it.

use crate::error::Error;
use mm_diff::check::Target;
use mm_ops::{Program, codec};
use std::path::Path;

/// What was recognized.
pub struct Artifact {
    /// The target whose input it is, or whose check is the right one for it.
    pub target: Target,
    /// The program in it, if there is one.
    pub program: Option<Program>,
    /// What kind of file it is, for a human.
    pub kind: &'static str,
}

/// Recognizes an artifact: by the target named, else by its content and the folder it lies in.
pub fn recognize(path: &Path, bytes: &[u8], named: Option<&str>) -> Result<Artifact, Error> {
    let artifact = read(path, bytes, named)?;
    // Only readers have inputs without a program; of any other target this would pass for "no longer
    // fails".
    if artifact.program.is_none() && !artifact.target.reads_anything() {
        let why = codec::decode(bytes).err().map_or_else(String::new, |error| format!(": {error}"));
        let message = format!("no input of the target {}{why}", artifact.target);
        return Err(Error::Program { path: path.to_owned(), message });
    }
    Ok(artifact)
}

fn read(path: &Path, bytes: &[u8], named: Option<&str>) -> Result<Artifact, Error> {
    if let Some(name) = named {
        let target = target(name)?;
        let program = target.program(bytes);
        return Ok(Artifact { target, program, kind: "input of the target named" });
    }
    let in_path = target_in_path(path);
    if bytes.starts_with(&codec::MAGIC) {
        let target = in_path.filter(|target| !matches!(target, Target::Bytes | Target::Text));
        let target = target.unwrap_or(Target::Lockstep);
        let program = target.program(bytes);
        return Ok(Artifact { target, program, kind: "program in binary form" });
    }
    if let Some(target) = in_path {
        return Ok(Artifact { target, program: target.program(bytes), kind: "input of a target" });
    }
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| is_readable(text)) else {
        let program = Target::Bytes.program(bytes);
        return Ok(Artifact { target: Target::Bytes, program, kind: "bytes for `Arbitrary`" });
    };
    let wrong = |message: String| Error::Program { path: path.to_owned(), message };
    if let Some(debug) = debug_program(text) {
        let program = from_debug(debug)
            .map_err(|why| wrong(format!("the printed program cannot be read: {why}")))?;
        let kind = "program as proptest prints it";
        return Ok(Artifact { target: Target::Lockstep, program: Some(program), kind });
    }
    let program = Program::parse(text).map_err(|error| wrong(error.to_string()))?;
    Ok(Artifact { target: Target::Lockstep, program: Some(program), kind: "program as text" })
}

/// The target of this name.
pub fn target(name: &str) -> Result<Target, Error> {
    Target::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Target::ALL.iter().map(|target| target.name()).collect();
        Error::Usage(format!("no target is called {name:?}; there are {}", known.join(", ")))
    })
}

/// The target in a path such as fuzz/artifacts/TARGET/crash-…, or in a name such as
/// clusterfuzz-testcase-minimized-TARGET-….
fn target_in_path(path: &Path) -> Option<Target> {
    let folder = path.parent()?.components().rev().find_map(|part| {
        let name = part.as_os_str().to_str()?;
        Target::from_name(name)
    });
    let name = path.file_name()?.to_str()?;
    let in_name = name
        .strip_prefix("clusterfuzz-testcase-")
        .and_then(|rest| rest.split('-').find_map(Target::from_name));
    in_name.or(folder)
}

/// Whether this is text somebody wrote or a program printed, and no bytes that happen to be UTF-8.
fn is_readable(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().all(|c| !c.is_control() || c.is_whitespace())
}

/// The first program that `Debug` printed, whatever stands around it.
fn debug_program(text: &str) -> Option<&str> {
    let text = &text[text.find("Program {")?..];
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(&text[..=at]),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Reads what `Debug` printed. It is nearly RON: structures have braces for parentheses, and a value
/// is shown as its label, as in `a#3`.
fn from_debug(text: &str) -> Result<Program, String> {
    let mut ron = String::with_capacity(text.len() * 2);
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut rest = bare.as_str();
    // To RON an array of a fixed length is a tuple.
    let mut in_array = false;
    while let Some(c) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '#');
        let (word, after) = rest.split_at(word.unwrap_or(rest.len()));
        if word.is_empty() {
            in_array |= c == '[' && ron.ends_with(",at:");
            ron.push(match c {
                '{' => '(',
                '}' => ')',
                '[' if in_array => '(',
                ']' if std::mem::take(&mut in_array) => ')',
                other => other,
            });
            rest = &rest[c.len_utf8()..];
        } else {
            let a_value = ["value:", "Value(", "Poke(", "VmWrite("];
            if a_value.iter().any(|before| ron.ends_with(before)) {
                ron += &value_from_debug(word)?;
            } else {
                ron += word;
            }
            rest = after;
        }
    }
    let program: Program = ron::from_str(&ron).map_err(|error| error.to_string())?;
    Ok(program.sanitized())
}

/// `a#3`, `7#1` or `0` as RON.
fn value_from_debug(word: &str) -> Result<String, String> {
    let (label, stamp) = word.split_once('#').unwrap_or((word, "0"));
    let label = match label.as_bytes() {
        [letter @ b'a'..=b'z'] => u32::from(*letter),
        _ => label.parse().map_err(|_| format!("{word:?} is no value"))?,
    };
    Ok(format!("(label:{label},stamp:{stamp})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mm_ops::generate::{Areas, Profile, random_program, seeded};

    fn programs() -> impl Iterator<Item = Program> {
        let mut rng = seeded(11, 0);
        (0..300).map(move |_| random_program(&Profile::random(Areas::ALL, &mut rng), &mut rng))
    }

    fn recognized(path: &str, bytes: &[u8]) -> Artifact {
        recognize(Path::new(path), bytes, None).expect("an artifact")
    }

    #[test]
    fn printed_programs_are_read() {
        for program in programs() {
            for printed in [
                format!("minimal failing input: program = {program:?}\n\tsuccesses: 3\n"),
                format!("cc 01ab # shrinks to program = {program:?}"),
                format!(
                    "thread panicked:\nminimal failing input: program = {program:#?}\nmore {{}}"
                ),
            ] {
                let artifact = recognized("log", printed.as_bytes());
                assert_eq!(artifact.program.as_ref(), Some(&program), "{printed}");
                assert_eq!(artifact.target, Target::Lockstep);
            }
        }
    }

    #[test]
    fn expectations_are_read_from_printed_programs() {
        let text = "mmap p0 0+8 rw -> ok\nread p0 3 -> a\npin p0 3 rw h0 -> 1\nread p0 9 -> SIGSEGV\n\
                    poke p0 3 7 -> EFAULT\nthp always=2 madvise=3 -> ok\n";
        let program = Program::parse(text).expect("a program");
        let artifact = recognized("log", format!("{program:#?}").as_bytes());
        assert_eq!(artifact.program, Some(program));
    }

    #[test]
    fn programs_are_recognized_by_content() {
        for program in programs().take(30) {
            let text = program.to_string();
            assert_eq!(recognized("x.mm", text.as_bytes()).program.as_ref(), Some(&program));
            let bytes = codec::encode(&program);
            let artifact = recognized("crash-1", &bytes);
            assert_eq!((artifact.target, artifact.program), (Target::Lockstep, Some(program)));
        }
    }

    #[test]
    fn targets_are_recognized_by_path() {
        let cases = [
            ("fuzz/artifacts/bytes/crash-1", Target::Bytes),
            ("fuzz/artifacts/text/crash-1", Target::Text),
            ("fuzz/artifacts/codec/crash-1", Target::Codec),
            ("out/default/crashes/id:000000,sig:06", Target::Bytes),
        ];
        for (path, target) in cases {
            assert_eq!(recognized(path, &[0, 159, 146, 150]).target, target, "{path}");
        }
        let program = codec::encode(&Program::default());
        for (path, target) in [
            ("fuzz/artifacts/minimizer/crash-1", Target::Minimizer),
            ("Downloads/clusterfuzz-testcase-minimized-batching-123", Target::Batching),
        ] {
            assert_eq!(recognized(path, &program).target, target, "{path}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (bytes, said) in [
            (&b"mmap p0 nonsense\n"[..], "line 1"),
            (&b"Program { config: Config { ptes: 8 }, steps: [] }"[..], "cannot be read"),
            (&codec::MAGIC[..], "no input of the target lockstep: "),
        ] {
            let error = recognize(Path::new("x"), bytes, None).err().expect("an error").to_string();
            assert!(error.contains(said), "{error}");
        }
        for (named, said) in [
            ("lockstop", "there are lockstep, "),
            ("lockstep", "no input of the target lockstep: "),
        ] {
            let error = recognize(Path::new("x"), b"\0", Some(named)).err().expect("an error");
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
