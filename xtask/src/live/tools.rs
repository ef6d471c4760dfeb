//! `linux --probe` and `export`.

use crate::cli::{ExportArgs, Language, LinuxArgs};
use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use mm_linux::{Probe, Target};
use serde::Serialize;

#[derive(Serialize)]
struct ProbeReport {
    kernel: String,
    root: bool,
    features: Vec<FeatureReport>,
}

#[derive(Serialize)]
struct FeatureReport {
    name: &'static str,
    needed_for: &'static str,
    available: bool,
    /// A detail, or the reason why it is missing.
    detail: String,
}

/// Prints what the kernel and the privileges allow.
pub fn probe(args: &LinuxArgs) -> Result<Found, Error> {
    let probe = Probe::new();
    if !args.json {
        crate::output::write(format_args!("{probe}"));
        return Ok(Found::Nothing);
    }
    let features = probe.rows.iter().map(|row| FeatureReport {
        name: row.name,
        needed_for: row.needed_for,
        available: row.finding.is_ok(),
        detail: row.finding.clone().unwrap_or_else(|reason| reason),
    });
    let features = features.collect();
    print_json(&ProbeReport { kernel: probe.kernel.clone(), root: probe.root, features });
    Ok(Found::Nothing)
}

/// Writes a program in another language.
pub fn export(args: &ExportArgs) -> Result<Found, Error> {
    let program = files::program(&args.file)?;
    let target = match args.to {
        Language::Rust => Target::Rust,
        Language::C => Target::C,
        Language::Syz => Target::Syz,
    };
    let text = mm_linux::export(&program, target).map_err(|unsupported| Error::Program {
        path: args.file.clone(),
        message: unsupported.to_string(),
    })?;
    match &args.out {
        Some(out) => files::write(out, &text)?,
        None => crate::output::write(format_args!("{text}")),
    }
    Ok(Found::Nothing)
}
