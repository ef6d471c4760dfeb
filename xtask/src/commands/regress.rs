//! `regress`: a crash artifact of any engine becomes a minimized regression file.

use crate::artifact::{self, Artifact};
use crate::cli::RegressArgs;
use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use crate::subject::Planted;
use mm_diff::check::{Checks, Objection, Target, Verdict};
use mm_diff::{RUNS_MAX, Reproducer, Rig, StepView};
use mm_model::Model;
use mm_ops::text::Document;
use mm_ops::{Batching, Config, Program};
use mm_reference::Reference;
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
pub struct Report {
    /// What the artifact was taken for.
    kind: &'static str,
    target: &'static str,
    /// Whether it fails; if not, nothing else is there.
    pub fails: bool,
    signature: Option<String>,
    /// The rules and invariants that are broken, where the failure names them, and those by which the
    /// reference executes the failing operation.
    rules: Vec<String>,
    ops: Option<usize>,
    minimal: bool,
    file: Option<String>,
}

/// A failing program, minimized.
struct Regression {
    signature: String,
    rules: Vec<String>,
    program: Program,
    /// As it goes into the file, without its head.
    text: String,
    /// For a human.
    shown: String,
    minimal: bool,
}

/// Recognizes, minimizes, writes, and shows.
pub fn run(args: &RegressArgs) -> Result<Found, Error> {
    let (report, shown) = regress(args)?;
    if args.json {
        print_json(&report);
    } else if let Some(file) = &report.file {
        say!("{}", shown.trim_end());
        say!("signature: {}", report.signature.as_deref().unwrap_or_default());
        say!("rules: {}", report.rules.join(" "));
        say!("written: {file} ({} operations)", report.ops.unwrap_or_default());
    } else {
        say!("{}: no longer fails; nothing written", args.artifact.display());
    }
    Ok(Found::something_if(report.fails))
}

/// Recognizes, minimizes and writes; answers the failure for a human, too.
pub fn regress(args: &RegressArgs) -> Result<(Report, String), Error> {
    let path = file_for(args)?;
    let planted = Planted::find(args.fault.as_deref())?;
    let bytes = files::read(&args.artifact)?;
    let artifact = artifact::recognize(&args.artifact, &bytes, args.target.as_deref())?;
    eprintln!("{}: {} ({})", args.artifact.display(), artifact.kind, artifact.target);
    let found = find(&artifact, &bytes, planted)?;
    if let Some(found) = &found {
        files::write(&path, text_of(found, artifact.target)?)?;
    }
    let report = Report {
        kind: artifact.kind,
        target: artifact.target.name(),
        fails: found.is_some(),
        signature: found.as_ref().map(|found| found.signature.clone()),
        rules: found.as_ref().map(|found| found.rules.clone()).unwrap_or_default(),
        ops: found.as_ref().map(|found| found.program.steps.len()),
        minimal: found.as_ref().is_some_and(|found| found.minimal),
        file: found.as_ref().map(|_| path.display().to_string()),
    };
    Ok((report, found.map_or_else(String::new, |found| found.shown)))
}

/// Where the test goes. Its name must be one that every file system and shell takes.
fn file_for(args: &RegressArgs) -> Result<PathBuf, Error> {
    let name = &args.name;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(plain) {
        let mend = "use lower-case letters, digits and hyphens, as in fork-shares-a-pinned-page";
        return Err(Error::Usage(format!("--name {name:?}: {mend}")));
    }
    let path = args.out.join(format!("{name}.mm"));
    if path.exists() && !args.force {
        let mend = "choose another --name, or --force";
        return Err(Error::Usage(format!("{} exists already; {mend}", path.display())));
    }
    Ok(path)
}

/// The artifact's failure, minimized; `None` if it does not fail.
fn find(artifact: &Artifact, bytes: &[u8], planted: Planted) -> Result<Option<Regression>, Error> {
    let factory = planted.factory();
    // Whatever the target: what the lockstep objects to is shown best, and certified.
    if let Some(program) = &artifact.program {
        let mut rig = Rig::new(factory.clone());
        let other = |batching| Program {
            config: Config { batching, ..program.config },
            steps: program.steps.clone(),
        };
        let both = [other(Batching::On), other(Batching::Off)];
        let candidates = match artifact.target {
            Target::Lockstep | Target::Bytes => std::slice::from_ref(program),
            Target::Batching => &both[..],
            Target::Text | Target::Codec | Target::Minimizer => &[],
        };
        for candidate in candidates {
            if let Some(found) = rig.minimize(candidate, RUNS_MAX) {
                return Ok(Some(certified(found)));
            }
        }
    }
    let mut checks = Checks::new(factory);
    // The check itself has bounds that keep a farm quick; what is at hand is tried whatever it costs.
    let objection = match checks.run(artifact.target, bytes, &mut ()) {
        Verdict::Failed(objection) => Some(objection),
        _ => artifact
            .program
            .as_ref()
            .and_then(|program| checks.run_program(artifact.target, program, &mut ()).err()),
    };
    match (objection, &artifact.program) {
        (None, _) => Ok(None),
        (Some(objection), Some(program))
            if fails_alike(&mut checks, artifact.target, program, &objection) =>
        {
            Ok(Some(by_check(&mut checks, artifact.target, program, &objection)))
        }
        (Some(objection), _) => Err(Error::Usage(format!(
            "the {} of these bytes itself is wrong, no program is: keep the artifact as a test of \
             mm-ops\n{objection}",
            if artifact.target == Target::Text { "reading" } else { "decoding" }
        ))),
    }
}

fn certified(found: Reproducer) -> Regression {
    let mut rules: Vec<String> = Vec::new();
    let failure = &found.failure;
    let first_word = |text: &String| text.split([' ', '/']).next().map(str::to_owned);
    let named = std::iter::once(&failure.rule).chain(&failure.notes).filter_map(first_word);
    let named = named.filter(|word| is_rule_id(word));
    for id in named.chain(fired_in(&found.program, failure.step)) {
        if !rules.contains(&id) {
            rules.push(id);
        }
    }
    Regression {
        signature: found.failure.signature().to_string(),
        rules,
        text: found.to_text(),
        shown: found.render(),
        minimal: found.certificate.is_some(),
        program: found.program,
    }
}

/// Whether this looks like the ID of a rule or invariant, and not like the kind of an answer.
fn is_rule_id(name: &str) -> bool {
    let digits = name.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = name.len() - digits.len();
    (1..=3).contains(&letters) && !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

/// The rules by which the reference executes an operation of a program.
fn fired_in(program: &Program, step: usize) -> Vec<String> {
    let mut bare = program.clone();
    bare.steps.iter_mut().for_each(|step| step.expect = None);
    let mut fired: Vec<String> = Vec::new();
    let mut rig = Rig::new(|| Reference::new(&Config::default()));
    // If the rules themselves are at fault this ends early, and there is nothing to name.
    let _failed = rig.run_observed(&bare, &mut |view: &StepView<'_>| {
        if view.index == step {
            fired.extend(view.fired.iter().map(|(rule, _)| rule.id().to_owned()));
        }
    });
    fired.sort();
    fired.dedup();
    fired
}

fn fails_alike<F: Fn() -> Model + Clone>(
    checks: &mut Checks<Model, F>,
    target: Target,
    program: &Program,
    objection: &Objection,
) -> bool {
    let found = checks.run_program(target, program, &mut ());
    found.is_err_and(|found| found.signature == objection.signature)
}

/// Minimizes what only a target's own check objects to.
fn by_check<F: Fn() -> Model + Clone>(
    checks: &mut Checks<Model, F>,
    target: Target,
    program: &Program,
    objection: &Objection,
) -> Regression {
    let found = mm_diff::minimize(program, RUNS_MAX, &mut |candidate| {
        fails_alike(checks, target, candidate, objection)
    });
    Regression {
        signature: objection.signature.to_string(),
        rules: Vec::new(),
        text: found.program.to_string(),
        shown: objection.report.clone(),
        minimal: found.proof.is_some(),
        program: found.program,
    }
}

/// The whole file: where it is from, its rules, its certificate, the program.
fn text_of(found: &Regression, target: Target) -> Result<String, Error> {
    let mut document = Document::parse(&found.text)
        .map_err(|error| Error::Usage(format!("the minimized program cannot be read: {error}")))?;
    let mut head = format!("found by the fuzz target {target}: {}\n", found.signature);
    if !found.rules.is_empty() {
        head += &format!("rules: {}\n", found.rules.join(" "));
    }
    document.prepend_comment(&head);
    Ok(document.to_string())
}

/// A file for a failure that an engine outside of this process left in `artifact`.
pub fn reproducer(
    artifact: &Path,
    target: Target,
    planted: Planted,
) -> Result<Option<Reproducer>, Error> {
    let bytes = files::read(artifact)?;
    let program = target.program(&bytes);
    Ok(program.and_then(|program| Rig::new(planted.factory()).minimize(&program, RUNS_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_told_from_answers() {
        for id in ["C4", "INV16", "BT4", "L10"] {
            assert!(is_rule_id(id), "{id}");
        }
        for other in ["ok", "ENOMEM", "count", "", "index out of bounds", "E2BIG2"] {
            assert!(!is_rule_id(other), "{other}");
        }
    }
}
