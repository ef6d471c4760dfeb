//! Ties rule IDs together: what is cited is written down, what is written down is shown by a program
//! that cites it, and a program that cites a rule makes it fire.

use crate::root;
use mm_diff::{Rig, StepView, invariants};
use mm_model::Model;
use mm_ops::{Config, Program};
use mm_reference::Rule;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Files below a folder with this ending, sorted, with their text.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("a folder of ours").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, ending, found);
            } else if path.extension().is_some_and(|e| e == ending) {
                let text = std::fs::read_to_string(&path).expect("text");
                found.push((path.display().to_string(), text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), ending, &mut found);
    found.sort();
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

/// Every ID that has a heading `### ID — title` in docs/rules, with its page.
fn written() -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    for (page, text) in files("docs/rules", "md") {
        for line in text.lines().filter_map(|line| line.strip_prefix("### ")) {
            let (id, _) = line.split_once(" — ").unwrap_or_else(|| panic!("{page}: ### {line}"));
            let twice = ids.insert(id.to_owned(), page.clone());
            assert!(twice.is_none(), "{id} is written twice: {page} and {twice:?}");
        }
    }
    ids
}

/// The IDs a program cites in its line `# rules: …`.
fn cited(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("# rules:"))
        .flat_map(|ids| ids.split_whitespace().map(str::to_owned))
        .collect()
}

#[test]
fn every_rule_the_code_names_is_written_down() {
    let written = written();
    let named = Rule::ALL.iter().map(|rule| rule.id());
    for id in named.chain(invariants::ALL.iter().map(|(id, _)| *id)) {
        assert!(written.contains_key(id), "{id} has no heading in docs/rules");
    }
}

#[test]
fn every_seed_cites_rules_that_are_written_down() {
    let written = written();
    for (file, text) in files("corpus/seeds", "mm") {
        let cited = cited(&text);
        assert!(!cited.is_empty(), "{file} cites no rule (`# rules: …`)");
        for id in cited {
            assert!(written.contains_key(&id), "{file} cites {id}, which is not in docs/rules");
        }
    }
}

#[test]
fn the_seeds_named_under_a_rule_cite_it() {
    let seeds: BTreeMap<String, BTreeSet<String>> = files("corpus/seeds", "mm")
        .into_iter()
        .map(|(file, text)| {
            let name = Path::new(&file).strip_prefix(root()).expect("below the root");
            (name.display().to_string(), cited(&text))
        })
        .collect();
    for (page, text) in files("docs/rules", "md") {
        let mut id = "";
        for line in text.lines() {
            if let Some((heading, _)) = line.strip_prefix("### ").and_then(|l| l.split_once(" — "))
            {
                id = heading;
            }
            for seed in line.strip_prefix("Seeds: ").iter().flat_map(|list| list.split(", ")) {
                let cites = seeds.get(seed).is_some_and(|cited| cited.contains(id));
                assert!(cites, "{page}: {id} names {seed}, which does not cite it");
            }
        }
    }
}

#[test]
fn every_rule_written_down_is_shown_by_a_seed_that_makes_it_fire() {
    let mut rig = Rig::new(|| Model::new(&Config::default()));
    let mut shown: BTreeSet<String> = BTreeSet::new();
    let mut idle = Vec::new();
    for (file, text) in files("corpus/seeds", "mm") {
        let program = Program::parse(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut fired: BTreeSet<&str> = BTreeSet::new();
        let mut observer =
            |step: &StepView<'_>| fired.extend(step.fired.iter().map(|(r, _)| r.id()));
        if let Err(failure) = rig.run_observed(&program, &mut observer) {
            panic!("{file}\n{}", failure.render(&program));
        }
        for id in cited(&text) {
            // A rule without a mark is a definition, or an invariant: shown by being checked.
            let marked = Rule::ALL.iter().any(|rule| rule.id() == id);
            if marked && !fired.contains(&*id) {
                idle.push(format!("{file} cites {id}, which does not fire in it"));
            } else {
                shown.insert(id);
            }
        }
    }
    assert!(idle.is_empty(), "{}", idle.join("\n"));
    let missing: Vec<String> = written().into_keys().filter(|id| !shown.contains(id)).collect();
    assert!(missing.is_empty(), "no seed program shows {missing:?}");
}
