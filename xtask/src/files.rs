//! Program files: finding, reading and writing them. Text files end in `.mm`, binary ones in `.mmb`, or
//! in nothing where a fuzz engine named them; any other file named on the command line is recognized
//! by its content.

use crate::error::Error;
use mm_ops::Program;
use std::path::{Path, PathBuf};

/// Larger files are not programs; refuse them before reading.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Every program file named or below a folder named, sorted, each once.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for path in paths {
        let kind = std::fs::metadata(path).map_err(Error::file("read", path))?;
        if kind.is_dir() {
            let before = found.len();
            walk(path, &mut found)?;
            if found.len() == before {
                return Err(Error::NoPrograms { path: path.clone() });
            }
        } else {
            found.push(path.clone());
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    for entry in std::fs::read_dir(folder).map_err(Error::file("read", folder))? {
        let entry = entry.map_err(Error::file("read", folder))?;
        let path = entry.path();
        // A link to a folder could lead round in a circle; only real folders are entered.
        let kind = entry.file_type().map_err(Error::file("read", &path))?;
        if kind.is_dir() {
            walk(&path, found)?;
        } else if is_program(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether a file in a folder is taken for a program, by its name.
fn is_program(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_none_or(|e| e == "mm" || e == "mmb")
}

/// Most pages a program may have mapped, over all its processes: what a common machine has the
/// memory and the patience for.
const FOOTPRINT_PAGES_MAX: u64 = 1 << 24;

/// The bytes of a file of a sane size.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let size = std::fs::metadata(path).map_err(Error::file("read", path))?.len();
    if size > FILE_BYTES_MAX {
        return Err(Error::Program {
            path: path.to_owned(),
            message: format!("{size} bytes; a program has at most {FILE_BYTES_MAX}"),
        });
    }
    std::fs::read(path).map_err(Error::file("read", path))
}

/// The text of a text program.
pub fn read_text(path: &Path) -> Result<String, Error> {
    String::from_utf8(read(path)?).map_err(|error| Error::Program {
        path: path.to_owned(),
        message: format!(
            "not a text program: byte {} is not UTF-8",
            error.utf8_error().valid_up_to()
        ),
    })
}

/// A program from its file, text or binary. One that a fuzz engine wrote expects nothing: what its
/// random bytes expect is nobody's opinion, and no target looks at it.
pub fn program(path: &Path) -> Result<Program, Error> {
    let bytes = read(path)?;
    let wrong = |message: String| Error::Program { path: path.to_owned(), message };
    let program = if bytes.starts_with(&mm_ops::codec::MAGIC) {
        let mut program =
            mm_ops::codec::decode(&bytes).map_err(|error| wrong(error.to_string()))?;
        if path.extension().is_none_or(|extension| extension != "mmb") {
            program.steps.iter_mut().for_each(|step| step.expect = None);
        }
        program
    } else {
        Program::parse(&read_text(path)?).map_err(|error| wrong(error.to_string()))?
    };
    let pages = program.footprint_pages();
    if pages > FOOTPRINT_PAGES_MAX {
        return Err(wrong(format!(
            "this could map {pages} pages in its processes; at most {FOOTPRINT_PAGES_MAX} are run \
             (shorten the ranges of mmap, or lower procs in the config line)"
        )));
    }
    Ok(program)
}

/// Writes a file, with the folders above it.
pub fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    }
    std::fs::write(path, text).map_err(Error::file("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_engine_wrote_expects_nothing() {
        let text = "mmap p0 0+8 rw -> ENOMEM\n";
        let expecting = Program::parse(text).expect("a program");
        let folder = std::env::temp_dir().join(format!("mmdiff-files-{}", std::process::id()));
        for (name, expects) in [("program.mmb", true), ("7c27ea66", false)] {
            let path = folder.join(name);
            write(&path, mm_ops::codec::encode(&expecting)).expect("a writable folder");
            let read = program(&path).expect("a program");
            assert_eq!(read.steps[0].op, expecting.steps[0].op);
            assert_eq!(read.steps[0].expect.is_some(), expects, "{name}");
        }
        std::fs::remove_dir_all(&folder).expect("a folder of ours");
    }
}
