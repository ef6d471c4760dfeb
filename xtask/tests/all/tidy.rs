//! What a reader of the repository would trip over, as tests: leftovers, files that hold too much,
//! text that belongs to one machine, files nobody can compile.

use crate::root;
use std::path::Path;

/// A file that grows past this holds two things; 600 is the aim, this is the wall.
const LINES_MAX: usize = 700;

/// Every file of the repository that is ours to read, as (path from the root, text).
fn files() -> Vec<(String, String)> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<(String, String)>) {
        let mut entries: Vec<_> =
            std::fs::read_dir(folder).expect("a folder of ours").flatten().collect();
        entries.sort_by_key(std::fs::DirEntry::path);
        for entry in entries {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                let generated = ["target", "artifacts", "coverage", ".git"]
                    .contains(&name.as_str())
                    || path == root.join("fuzz/corpus");
                if !generated {
                    walk(&path, root, found);
                }
            } else if name != ".git"
                && let Ok(text) = std::fs::read_to_string(&path)
            {
                let name = path.strip_prefix(root).expect("below the root").display().to_string();
                found.push((name, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(root(), root(), &mut found);
    assert!(found.len() > 20, "the walk found only {} files", found.len());
    found
}

/// None of the files that `looks_at` accepts by name has any of the words.
fn none_contains(banned: &[&str], looks_at: impl Fn(&str) -> bool) {
    for (name, text) in files().iter().filter(|(name, _)| looks_at(name)) {
        for word in banned {
            assert!(!text.contains(word), "{name} contains `{word}`");
        }
    }
}

#[test]
fn no_source_file_holds_too_much() {
    for (name, text) in files().iter().filter(|(name, _)| name.ends_with(".rs")) {
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{name} has {lines} lines; what two things does it hold?");
    }
}

#[test]
fn no_leftovers() {
    // Spelled in halves, so that this file does not find itself.
    let banned = [
        concat!("tod", "o!("),
        concat!("unimple", "mented!("),
        concat!("#[ign", "ore"),
        concat!("FIX", "ME"),
        concat!("db", "g!("),
    ];
    none_contains(&banned, |name| name.ends_with(".rs"));
}

#[test]
fn every_module_says_what_lives_there() {
    for (name, text) in files().iter().filter(|(name, _)| name.ends_with(".rs")) {
        assert!(text.starts_with("//!"), "{name} does not begin with a module comment");
    }
}

#[test]
fn unsafe_code_is_forbidden_outside_the_live_driver() {
    let roots = files().into_iter().filter(|(name, _)| {
        let is_root = name.ends_with("src/lib.rs") || name.ends_with("src/main.rs");
        is_root && !name.starts_with("mm-linux/") && !name.starts_with("fuzz/")
    });
    for (name, text) in roots {
        assert!(text.contains("#![forbid(unsafe_code)]"), "{name} does not forbid unsafe code");
    }
}

#[test]
fn nothing_names_one_machine_or_a_registry() {
    let banned = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("crates", ".io"),
        concat!("pypi", ".org"),
        concat!("deb.", "debian"),
    ];
    none_contains(&banned, |name| !name.ends_with("Cargo.lock"));
}
