//! The command line of crash artifacts and corpora: what is not there or no program is said, with
//! status 2, and never taken for "nothing found".

use crate::run::xtask;
use mm_ops::{Program, codec};
use std::path::{Path, PathBuf};

/// A folder of a test's own.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("mmdiff-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.0.join(name), bytes).expect("a file of ours");
        self.path(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn bad_artifacts_are_refused() {
    let folder = Folder::new("bad-artifacts");
    let out = folder.path("out");
    let cut = &codec::encode(&Program::default())[..4];
    for (artifact, target, complaint) in [
        (folder.path("missing"), None, "cannot read"),
        (folder.path(""), None, "cannot read"),
        (folder.file("garbage", b"\0\x9f\x92\x96"), Some("lockstep"), "no input of the target"),
        (folder.file("cut", cut), None, "no input of the target"),
        (folder.file("nonsense.mm", b"mmap p0 everything\n"), None, "line 1"),
        (folder.file("empty", b""), Some("nowhere"), "no target is called"),
    ] {
        let mut args = vec!["regress", &artifact, "--name", "never-made", "--out", &out];
        target.iter().for_each(|target| args.extend(["--target", target]));
        let done = xtask(&args);
        assert_eq!(done.status, Some(2), "{artifact}: {}", done.said);
        assert!(
            done.said.contains(complaint) && done.shown.is_empty(),
            "{artifact}: {}",
            done.said
        );
    }
    assert!(!Path::new(&out).exists());
}

#[test]
fn an_artifact_that_no_longer_fails_is_reported_as_such() {
    let folder = Folder::new("no-longer-fails");
    let program = Program::parse("mmap p0 0+8 rw\nwrite p0 3 a\nread p0 3\n").expect("a program");
    for artifact in [
        folder.file("crash-1", &codec::encode(&program)),
        folder.file("program.mm", program.to_string().as_bytes()),
        folder.file("printed", format!("minimal failing input: program = {program:?}").as_bytes()),
        folder.file("bytes", &[0, 0x9f, 0x92, 0x96]),
    ] {
        let out = folder.path("out");
        let done = xtask(&["regress", &artifact, "--name", "never-made", "--out", &out]);
        assert_eq!(done.status, Some(0), "{artifact}: {}", done.said);
        assert!(done.shown.contains("no longer fails; nothing written"), "{}", done.shown);
        assert!(!Path::new(&out).exists());
    }
}

#[test]
fn bad_corpora_are_refused() {
    let folder = Folder::new("bad-corpora");
    let (missing, out) = (folder.path("missing"), folder.path("out"));
    let garbage = folder.file("garbage.mm", b"\0\x9f\x92\x96");
    let cut = folder.file("cut.mmb", &codec::MAGIC);
    std::fs::create_dir(folder.0.join("empty")).expect("a folder");
    let empty = folder.path("empty");
    for input in [&missing, &garbage, &cut, &empty] {
        for args in [
            &["corpus", "distill", input, "--out", &out][..],
            &["corpus", "stats", input][..],
            &["minimize", input][..],
            &["replay", input][..],
        ] {
            let done = xtask(args);
            assert_eq!(done.status, Some(2), "{args:?}: {}", done.said);
            assert!(done.said.contains(input.as_str()), "{args:?}: {}", done.said);
        }
    }
    // A check goes through all files, and what is wrong with them is what it finds.
    for (input, status) in [(&missing, 2), (&empty, 2), (&garbage, 1), (&cut, 1)] {
        let done = xtask(&["corpus", "check", input]);
        assert_eq!(done.status, Some(status), "{input}: {}{}", done.shown, done.said);
    }
    let done = xtask(&["corpus", "build", "--out", &garbage]);
    assert_eq!(done.status, Some(2), "{}", done.said);
    assert!(done.said.contains("garbage.mm"), "{}", done.said);
    assert!(!Path::new(&out).exists());
}

/// What one engine does not know is refused, not passed over.
#[test]
fn options_of_another_engine_are_refused() {
    for args in [
        &["fuzz", "--engine", "libfuzzer", "--programs", "9"][..],
        &["fuzz", "--engine", "libfuzzer", "--areas", "fork"][..],
        &["fuzz", "--engine", "libfuzzer", "--config", "lru_batch=on"][..],
    ] {
        let done = xtask(args);
        assert_eq!(done.status, Some(2), "{args:?}: {}", done.said);
        assert!(done.said.contains("--engine libfuzzer"), "{args:?}: {}", done.said);
    }
}

/// From every kind of artifact comes a file that tells the faulty model from the correct one.
#[cfg(feature = "faults")]
#[test]
fn every_kind_of_artifact_becomes_a_file_that_tells_the_models_apart() {
    let folder = Folder::new("kinds");
    let text = "mmap p0 0+8 rw\nwrite p0 3 a\nmmap p0 9+2 rw\nwrite p0 3 b\nread p0 3\n";
    let program = Program::parse(text).expect("a program");
    for (kind, artifact) in [
        ("binary", folder.file("crash-1", &codec::encode(&program))),
        ("text", folder.file("program.mm", text.as_bytes())),
        ("printed", folder.file("printed", format!("program = {program:#?}").as_bytes())),
    ] {
        let (out, file) = (folder.path("out"), folder.path(&format!("out/{kind}.mm")));
        let args = ["regress", &artifact, "--name", kind, "--out", &out, "--fault", "canary"];
        let done = xtask(&args);
        assert_eq!(done.status, Some(1), "{kind}: {}", done.said);
        assert!(done.shown.contains("signature: mechanism page.value write"), "{}", done.shown);
        assert!(done.shown.contains("rules: INV25"), "{}", done.shown);
        assert!(done.shown.contains("(3 operations)"), "{}", done.shown);
        assert_eq!(xtask(&["replay", &file, "--fault", "canary"]).status, Some(1));
        assert_eq!(xtask(&["replay", &file]).status, Some(0));
        // An older file of that name is somebody's test.
        assert_eq!(xtask(&args).status, Some(2));
    }
}
