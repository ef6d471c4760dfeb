//! `fmt-mm`: formats program files in place, keeping every comment.

use crate::cli::FmtArgs;
use crate::error::{Error, Found};
use crate::files;

/// Formats, or with `--check` only looks.
pub fn run(args: &FmtArgs) -> Result<Found, Error> {
    let mut unformatted = 0;
    for path in files::find(&args.paths)? {
        if path.extension().is_some_and(|e| e == "mmb") {
            continue;
        }
        let text = files::read_text(&path)?;
        let formatted = mm_ops::text::format(&text)
            .map_err(|error| Error::Program { path: path.clone(), message: error.to_string() })?;
        if formatted == text {
            continue;
        }
        unformatted += 1;
        if args.check {
            say!("{}: not formatted", path.display());
        } else {
            files::write(&path, &formatted)?;
            say!("{}: formatted", path.display());
        }
    }
    Ok(Found::something_if(args.check && unformatted > 0))
}
