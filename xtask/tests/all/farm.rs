//! Ties the files of the fuzz farm together: the targets are the same in the fuzz crate, in the build
//! script and in the code, and each has its options.

use crate::root;
use mm_diff::check::Target;
use std::collections::BTreeSet;

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn targets() -> BTreeSet<String> {
    Target::ALL.iter().map(|target| target.name().to_owned()).collect()
}

#[test]
fn the_crate_has_exactly_the_targets() {
    let manifest: toml::Table = text("fuzz/Cargo.toml").parse().expect("TOML");
    let bins = manifest["bin"].as_array().expect("targets");
    let named: BTreeSet<String> =
        bins.iter().map(|bin| bin["name"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(named, targets());
    for bin in bins {
        let (name, path) = (bin["name"].as_str().expect("a name"), bin["path"].as_str());
        assert_eq!(path, Some(&*format!("fuzz_targets/{name}.rs")));
        let source = text(&format!("fuzz/fuzz_targets/{name}.rs"));
        let target = Target::from_name(name).expect("a target");
        assert!(source.contains(&format!("Target::{target:?},")), "{name} runs another target");
        assert!(source.lines().count() < 25, "{name} is not thin");
    }
}

#[test]
fn the_build_script_builds_all_of_them() {
    let script = text("fuzz/oss-fuzz/build.sh");
    let line = script.lines().find_map(|line| line.strip_prefix("ALL_TARGETS=")).expect("a list");
    let built: BTreeSet<String> =
        line.trim_matches('"').split_whitespace().map(str::to_owned).collect();
    assert_eq!(built, targets());
}

#[test]
fn every_target_has_options_that_are_flags() {
    for target in Target::ALL {
        let options = text(&format!("fuzz/oss-fuzz/{target}.options"));
        let (head, settings) = options.split_once('\n').expect("lines");
        assert_eq!(head, "[libfuzzer]");
        for line in settings.lines() {
            let (key, value) = line.split_once(" = ").unwrap_or_else(|| panic!("{target}: {line}"));
            match key {
                "dict" => assert_eq!(value, format!("{target}.dict")),
                "max_len" | "timeout" | "len_control" | "entropic" | "mutate_depth" => {
                    value.parse::<u32>().unwrap_or_else(|_| panic!("{target}: {line}"));
                }
                _ => panic!("{target}: unknown option {key}"),
            }
        }
    }
}

#[test]
fn both_farms_run_the_same_script() {
    let script = "fuzz/oss-fuzz/build.sh";
    assert!(text(".clusterfuzzlite/build.sh").contains(script));
    assert!(text("fuzz/oss-fuzz/Dockerfile").contains(script));
    for farm in [".clusterfuzzlite", "fuzz/oss-fuzz"] {
        let project = text(&format!("{farm}/project.yaml"));
        assert!(project.lines().any(|line| line == "language: rust"), "{farm}");
        assert!(text(&format!("{farm}/Dockerfile")).contains("base-builder-rust"), "{farm}");
    }
}

/// The farm's lock file is not the workspace's: it must be carried along when one of our crates takes a
/// new dependency, or the farms build with whatever is newest that day.
#[test]
fn the_farms_lock_file_knows_what_our_crates_need() {
    let lock: toml::Table = text("fuzz/Cargo.lock").parse().expect("TOML");
    let packages = lock["package"].as_array().expect("packages");
    for name in ["mm-ops", "mm-reference", "mm-model", "mm-diff"] {
        let manifest: toml::Table = text(&format!("{name}/Cargo.toml")).parse().expect("TOML");
        let is_optional = |needed: &toml::Value| {
            needed.get("optional").is_some_and(|optional| optional.as_bool() == Some(true))
        };
        let needed = manifest["dependencies"].as_table().expect("a table").iter();
        let package = packages.iter().find(|package| package["name"].as_str() == Some(name));
        let locked = package.and_then(|package| package["dependencies"].as_array());
        let locked: Vec<&str> =
            locked.expect("locked").iter().filter_map(toml::Value::as_str).collect();
        for (needed, _) in needed.filter(|(_, value)| !is_optional(value)) {
            // A package of which there are two versions is named with its own: "NAME VERSION".
            let is_it = |locked: &&str| locked.split(' ').next() == Some(needed.as_str());
            assert!(
                locked.iter().any(is_it),
                "fuzz/Cargo.lock: {name} lacks {needed}; `cargo fetch --manifest-path fuzz/Cargo.toml`"
            );
        }
    }
}

/// Where a tool is missing the farm's check says so, and only a caller who allowed it goes on.
#[cfg(all(feature = "faults", target_os = "linux"))]
#[test]
fn a_missing_tool_is_never_silent() {
    let out = std::env::temp_dir().join("mmdiff-farm-never-made");
    let check = |flags: &[&str]| {
        let mut command = crate::run::command(&["oss-fuzz", "--out"]);
        let done = crate::run::done(command.arg(&out).args(flags).env("CXX", "no-such-compiler"));
        (done.status, done.shown, done.said)
    };
    let (status, shown, _) = check(&["--skip-if-missing"]);
    assert_eq!(status, Some(0));
    assert!(shown.starts_with("SKIPPED oss-fuzz: "), "{shown}");
    assert!(shown.contains("no-such-compiler"), "{shown}");
    let (status, shown, said) = check(&[]);
    assert_eq!(status, Some(2), "{said}");
    assert!(shown.is_empty() && said.contains("no-such-compiler"), "{shown}{said}");
}
