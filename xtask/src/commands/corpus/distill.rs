//! `corpus distill`: a minimal set of a corpus that shows the same features.

use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use crate::subject::Planted;
use mm_diff::Rig;
use mm_diff::engine::Feedback;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct Report {
    files: usize,
    kept: usize,
    features: usize,
    /// Files that fail: they belong to `regress`, not to a corpus.
    failing: Vec<String>,
}

/// A program that passes, and what it shows.
struct Entry {
    path: PathBuf,
    ops: usize,
    features: Vec<usize>,
}

/// Distills, and copies the files that are kept.
pub fn run(paths: &[PathBuf], out: &Path, json: bool) -> Result<Found, Error> {
    let paths = files::find(paths)?;
    let mut rig = Rig::new(Planted::default().factory());
    let mut entries = Vec::new();
    let mut failing = Vec::new();
    for path in &paths {
        let program = files::program(path)?;
        let mut seen = Feedback::default();
        match rig.run_observed(&program, &mut seen) {
            Ok(_) => entries.push(Entry {
                path: path.clone(),
                ops: program.steps.len(),
                features: seen.map.numbers().collect(),
            }),
            Err(_) => failing.push(path.display().to_string()),
        }
    }
    // Short programs are preferred; of equal ones those with more to show.
    entries.sort_by_key(|entry| (entry.ops, usize::MAX - entry.features.len()));
    let features: Vec<&[usize]> = entries.iter().map(|entry| entry.features.as_slice()).collect();
    let kept = minimal_cover(&features);
    for index in &kept {
        let from = &entries[*index].path;
        let name = from.file_name().unwrap_or(from.as_os_str());
        files::write(&free_path(out, Path::new(name)), files::read(from)?)?;
    }
    let all: std::collections::BTreeSet<usize> =
        features.iter().flat_map(|numbers| numbers.iter().copied()).collect();
    let report = Report { files: paths.len(), kept: kept.len(), features: all.len(), failing };
    if json {
        print_json(&report);
    } else {
        say!("{} of {} files show all {} features", report.kept, report.files, report.features);
        for file in &report.failing {
            say!("{file}: fails, left out (`cargo xtask regress` makes a test of it)");
        }
    }
    Ok(Found::something_if(!report.failing.is_empty()))
}

/// Files of different folders may have one name.
fn free_path(folder: &Path, name: &Path) -> PathBuf {
    let extension = name.extension().map(|e| format!(".{}", e.display())).unwrap_or_default();
    let stem = name.with_extension("").display().to_string();
    let numbered = (2..).map(|n| folder.join(format!("{stem}-{n}{extension}")));
    std::iter::once(folder.join(name))
        .chain(numbered)
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join(name))
}

/// Indices of sets that together have everything, none of which can be left out. Earlier ones are
/// preferred.
fn minimal_cover(sets: &[&[usize]]) -> Vec<usize> {
    let mut covered: BTreeMap<usize, usize> = BTreeMap::new();
    let mut kept: Vec<usize> = Vec::new();
    for (index, set) in sets.iter().enumerate() {
        if set.iter().any(|feature| !covered.contains_key(feature)) {
            kept.push(index);
            set.iter().for_each(|feature| *covered.entry(*feature).or_default() += 1);
        }
    }
    // What was new when it came may since be shown by others.
    let mut at = 0;
    while let Some(index) = kept.get(at).copied() {
        if sets[index].iter().all(|feature| covered[feature] > 1) {
            sets[index].iter().for_each(|feature| *covered.entry(*feature).or_default() -= 1);
            kept.remove(at);
        } else {
            at += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cover_is_complete_and_minimal() {
        let sets: [&[usize]; 5] = [&[1], &[2], &[1, 2, 3], &[4, 3], &[]];
        let kept = minimal_cover(&sets);
        assert_eq!(kept, [2, 3]);
        assert!(minimal_cover(&[]).is_empty());
        assert_eq!(minimal_cover(&[&[7], &[7], &[7, 8]]), [2]);
    }
}
