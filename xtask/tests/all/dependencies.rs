//! The arrows of ARCHITECTURE.md: which crate may depend on which. A new arrow is a decision; it is
//! made there and here, in one change.

use crate::root;
use std::collections::BTreeSet;

/// Each crate with the crates of this project it may depend on (dev-dependencies included).
const ARROWS: &[(&str, &[&str])] = &[
    ("mm-ops", &[]),
    ("mm-reference", &["mm-ops"]),
    ("mm-model", &["mm-ops"]),
    ("mm-diff", &["mm-ops", "mm-reference"]),
    ("xtask", &["mm-ops", "mm-reference", "mm-model", "mm-diff", "mm-linux"]),
    ("mm-linux", &["mm-ops"]),
    ("fuzz", &["mm-ops", "mm-diff", "mm-model"]),
    ("fuzz/bolero", &["mm-ops", "mm-diff", "mm-model"]),
];

fn manifest(folder: &str) -> toml::Table {
    let path = root().join(folder).join("Cargo.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The names under every table whose name ends in `dependencies`, at any depth (targets too).
fn dependencies(table: &toml::Table, found: &mut BTreeSet<String>) {
    for (key, value) in table {
        let Some(inner) = value.as_table() else { continue };
        if key.ends_with("dependencies") {
            found.extend(inner.keys().cloned());
        } else {
            dependencies(inner, found);
        }
    }
}

fn ours() -> Vec<String> {
    let mut names: Vec<String> = manifest(".")["workspace"]["members"]
        .as_array()
        .expect("the workspace lists its members")
        .iter()
        .map(|member| member.as_str().expect("a member is a string").to_owned())
        .collect();
    if root().join("fuzz/Cargo.toml").exists() {
        names.push("fuzz".into());
    }
    names
}

#[test]
fn every_crate_depends_only_where_the_map_allows() {
    let ours = ours();
    for name in &ours {
        let (_, allowed) = ARROWS
            .iter()
            .find(|(crate_, _)| crate_ == name)
            .unwrap_or_else(|| panic!("{name} is not on the map; add it to ARROWS"));
        let mut found = BTreeSet::new();
        dependencies(&manifest(name), &mut found);
        for dependency in found.iter().filter(|d| ours.contains(d)) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{name} depends on {dependency}; it may depend on {allowed:?} only"
            );
        }
    }
}

#[test]
fn the_two_implementations_are_strangers() {
    for (a, b) in [("mm-model", "mm-reference"), ("mm-reference", "mm-model")] {
        let mut found = BTreeSet::new();
        dependencies(&manifest(a), &mut found);
        assert!(!found.contains(b), "{a} must not know {b}, not even in its tests");
    }
}
