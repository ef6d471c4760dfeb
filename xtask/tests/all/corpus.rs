//! Every program in the repository, as a test: it parses, it is formatted, it passes.

use crate::root;
use mm_diff::Rig;
use mm_model::Model;
use mm_ops::{Config, Program, text};
use std::path::{Path, PathBuf};

fn programs() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder of ours").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "mm") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join("corpus"), &mut found);
    found.sort();
    assert!(found.len() > 100, "only {} programs", found.len());
    found
}

#[test]
fn every_program_is_formatted() {
    for path in programs() {
        let text = std::fs::read_to_string(&path).expect("text");
        let formatted =
            text::format(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(text, formatted, "{}: run `cargo xtask fmt-mm corpus`", path.display());
    }
}

#[test]
fn every_program_passes() {
    let mut rig = Rig::new(|| Model::new(&Config::default()));
    for path in programs() {
        let text = std::fs::read_to_string(&path).expect("text");
        let program =
            Program::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Err(failure) = rig.run(&program) {
            panic!("{}\n{}", path.display(), failure.render(&program));
        }
    }
}

/// Batches are an optimization: with every run cut to one entry nothing changes.
#[test]
fn every_program_passes_without_batches() {
    let mut rig = Rig::new(|| Model::new(&Config::default()));
    for path in programs() {
        let text = std::fs::read_to_string(&path).expect("text");
        let mut program =
            Program::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        program.config.batching = mm_ops::Batching::Off;
        if let Err(failure) = rig.run(&program) {
            panic!("{}\n{}", path.display(), failure.render(&program));
        }
    }
}
