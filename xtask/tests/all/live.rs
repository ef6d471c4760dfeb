//! The command line on the running kernel. Where the probe does not allow it, one line says so.

use crate::run::{Done, xtask};

/// What the probe lacks of what the tests need; prints the one line.
fn lacking(test: &str) -> bool {
    let probe = xtask(&["linux", "--probe", "--json"]);
    let table: serde_json::Value =
        serde_json::from_str(&probe.shown).unwrap_or(serde_json::Value::Null);
    let needed =
        ["PROCMAP_QUERY", "PAGEMAP_SCAN", "frame numbers in pagemap", "folio size settings"];
    let available = |name: &str| {
        let rows = table["features"].as_array().into_iter().flatten();
        rows.into_iter().any(|row| row["name"] == name && row["available"] == true)
    };
    let missing: Vec<&str> = needed.into_iter().filter(|name| !available(name)).collect();
    if !missing.is_empty() {
        eprintln!("left out: {test}: this kernel or these privileges lack {}", missing.join(", "));
    }
    !missing.is_empty()
}

/// Whether another run had the kernel's settings for so long that this one gave up; prints the one
/// line.
fn taken(test: &str, done: &Done) -> bool {
    let taken = done.said.contains("another run has held the kernel's settings");
    if taken {
        eprintln!("left out: {test}: another run of the driver has the kernel's settings");
    }
    taken
}

#[test]
fn the_copy_on_write_programs_pass_three_way() {
    if lacking("the copy-on-write programs three-way") {
        return;
    }
    let done = xtask(&["replay", "corpus/seeds/cow", "--against", "all", "--json"]);
    if taken("the copy-on-write programs three-way", &done) {
        return;
    }
    let Done { status, shown: out, said: err } = done;
    assert_eq!(status, Some(0), "{out}{err}");
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let number = |key: &str| report[key].as_u64().expect("a number");
    assert!(number("passed") >= 70, "{out}");
    assert_eq!(report["failed"].as_array().map(Vec::len), Some(0), "{out}");
    let skipped = report["skipped"].as_object().expect("reasons").values();
    let skipped: u64 = skipped.map(|count| count.as_u64().expect("a count")).sum();
    assert_eq!(number("passed") + skipped, number("files"), "a file is neither: {out}");
}

#[test]
fn a_wrong_rule_of_the_reference_is_exposed_and_blamed() {
    if lacking("a wrong rule of the reference") {
        return;
    }
    let folder = std::env::temp_dir().join(format!("mmdiff-live-{}", std::process::id()));
    let save = folder.display().to_string();
    let fuzz = ["fuzz", "--against", "all", "--time", "60s", "--seed", "1", "--json"];
    let done = xtask(&[&fuzz[..], &["--wrong-reference", "--save", &save]].concat());
    let _ = std::fs::remove_dir_all(&folder);
    if taken("a wrong rule of the reference", &done) {
        return;
    }
    let Done { status, shown: out, said: err } = done;
    assert_eq!(status, Some(1), "{out}{err}");
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let blame = report["blame"][0].as_str().expect("a blame line");
    assert!(blame.starts_with("blame: the reference is alone, at operation "), "{blame}");
    assert!(blame.contains("answer: the reference says ok, the other ENOMEM"), "{blame}");
    assert!(report["failures"][0]["ops"].as_u64().is_some_and(|ops| ops <= 2), "{out}");
}

#[test]
fn a_run_that_executed_nothing_fails() {
    if lacking("a run that executes nothing") {
        return;
    }
    let path = std::env::temp_dir().join(format!("mmdiff-nothing-{}.mm", std::process::id()));
    std::fs::write(&path, "config ptes=512 soft_dirty=on\n").expect("a file");
    let done = xtask(&["replay", &path.display().to_string(), "--against", "linux"]);
    let _ = std::fs::remove_file(&path);
    if taken("a run that executes nothing", &done) {
        return;
    }
    // What is left of the program in part is empty: nothing that counts as having run.
    let err = done.said;
    assert_eq!(done.status, Some(2), "{err}");
    assert!(err.contains("no program was executed on the kernel"), "{err}");
}

#[test]
fn a_program_is_exported_to_each_language() {
    let file = "corpus/seeds/zap/dontneed-errors.mm";
    for (language, word) in [("rust", "fn "), ("c", "int main"), ("syz", "mmap(")] {
        let done = xtask(&["export", file, "--to", language]);
        assert_eq!(done.status, Some(0), "{}", done.said);
        assert!(done.shown.contains(word), "{}", done.shown);
    }
}
