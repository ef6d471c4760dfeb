//! `corpus build`: the programs of corpus/ as inputs of each fuzz target.

use crate::commands::ci::root;
use crate::error::{Error, Found};
use crate::files;
use mm_diff::check::Target;
use mm_ops::generate::seeded;
use mm_ops::{OpKind, Program, codec};
use rand_core::RngCore;
use std::collections::BTreeSet;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Seeds of the target `bytes`: random, for no bytes can be computed that `Arbitrary` makes a given
/// program of.
const RANDOM_SEEDS: usize = 64;
/// Longest of them.
const RANDOM_BYTES_MAX: u32 = 1024;

/// Writes a folder, or an archive, for each target.
pub fn run(out: &Path, zip: bool) -> Result<Found, Error> {
    for target in Target::ALL {
        let inputs = seed_inputs(target)?;
        if let Some(words) = dictionary(target)? {
            files::write(&out.join(format!("{target}.dict")), words)?;
        }
        if zip {
            let path = out.join(format!("{target}_seed_corpus.zip"));
            let archive = archive(&inputs)
                .map_err(|error| Error::Tool { tool: "zip".into(), message: error.to_string() })?;
            files::write(&path, archive)?;
            say!("{}: {} inputs", path.display(), inputs.len());
        } else {
            let folder = out.join(target.name());
            for (name, bytes) in &inputs {
                files::write(&folder.join(name), bytes)?;
            }
            say!("{}: {} inputs", folder.display(), inputs.len());
        }
    }
    Ok(Found::Nothing)
}

/// A target's seeds by name.
pub fn seed_inputs(target: Target) -> Result<Vec<(String, Vec<u8>)>, Error> {
    if target == Target::Bytes {
        return Ok(random_inputs());
    }
    let corpus = root().join("corpus");
    let mut inputs = Vec::new();
    for path in files::find(std::slice::from_ref(&corpus))? {
        let name = path.strip_prefix(&corpus).unwrap_or(&path).with_extension("");
        let name = name.display().to_string().replace(['/', '\\'], "-");
        inputs.push((name, input(target, &path)?));
    }
    Ok(inputs)
}

fn input(target: Target, path: &Path) -> Result<Vec<u8>, Error> {
    if target == Target::Text {
        return files::read(path);
    }
    let mut program: Program = files::program(path)?;
    if target != Target::Codec {
        program.steps.iter_mut().for_each(|step| step.expect = None);
    }
    Ok(codec::encode(&program))
}

/// The dictionary of a target whose inputs are mutated as bytes and have words: libFuzzer's format, a
/// word a line. The words of the text format are taken from the corpus, which shows them all.
fn dictionary(target: Target) -> Result<Option<String>, Error> {
    let mut words: BTreeSet<String> = BTreeSet::new();
    match target {
        Target::Codec => {
            let magic = codec::MAGIC.iter().chain([&codec::VERSION]);
            words.insert(magic.map(|byte| format!("\\x{byte:02x}")).collect());
        }
        Target::Text => {
            words.extend(OpKind::ALL.iter().map(|kind| kind.name().to_owned()));
            for (_, text) in seed_inputs(target)? {
                let text = String::from_utf8_lossy(&text).into_owned();
                let code = text.lines().filter_map(|line| line.split('#').next());
                let found = code.flat_map(|code| {
                    code.split(|c: char| !c.is_ascii_alphabetic() && c != '_').map(str::to_owned)
                });
                words.extend(found.filter(|word| word.len() > 1));
            }
            words.extend(["->", "config ", "\\x0a"].map(str::to_owned));
        }
        _ => return Ok(None),
    }
    Ok(Some(words.into_iter().map(|word| format!("\"{word}\"\n")).collect()))
}

fn random_inputs() -> Vec<(String, Vec<u8>)> {
    let mut rng = seeded(1, 0);
    let input = |number| {
        let mut bytes = vec![0; (rng.next_u32() % RANDOM_BYTES_MAX) as usize];
        rng.fill_bytes(&mut bytes);
        (format!("random-{number}"), bytes)
    };
    (0..RANDOM_SEEDS).map(input).collect()
}

/// Stored, not compressed: they are small, and libFuzzer's corpora are compressed by the farm.
fn archive(inputs: &[(String, Vec<u8>)]) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in inputs {
        archive.start_file(name.as_str(), options)?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mm_diff::check::{Checks, Verdict};
    use mm_model::Model;
    use mm_ops::Config;
    use std::io::Read;

    #[test]
    fn every_target_takes_its_seeds() {
        let mut checks = Checks::new(|| Model::new(&Config::default()));
        for target in [Target::Lockstep, Target::Bytes, Target::Text, Target::Codec] {
            let inputs = seed_inputs(target).expect("a corpus");
            assert!(inputs.len() >= RANDOM_SEEDS, "{target}: {}", inputs.len());
            let mut passed = 0;
            for (name, bytes) in &inputs {
                match checks.run(target, bytes, &mut ()) {
                    Verdict::Passed => passed += 1,
                    Verdict::Rejected => {}
                    Verdict::Failed(objection) => panic!("{target} {name}: {objection}"),
                }
            }
            assert!(passed * 10 > inputs.len() * 9, "{target}: {passed} of {}", inputs.len());
        }
    }

    #[test]
    fn a_dictionary_has_the_words_of_its_format() {
        let words = dictionary(Target::Text).expect("a corpus").expect("a dictionary");
        for word in ["mmap", "dontneed", "longterm", "always", "SIGSEGV", "->"] {
            assert!(words.contains(&format!("\"{word}\"\n")), "{word} is not in\n{words}");
        }
        let magic = dictionary(Target::Codec).expect("constant").expect("a dictionary");
        assert_eq!(magic, "\"\\x6d\\x6d\\x6f\\x70\\x05\"\n");
        assert!(dictionary(Target::Lockstep).expect("none").is_none());
    }

    #[test]
    fn an_archive_holds_what_was_put_in() {
        let inputs = seed_inputs(Target::Lockstep).expect("a corpus");
        let bytes = archive(&inputs).expect("an archive");
        let mut read = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
        assert_eq!(read.len(), inputs.len());
        for (name, bytes) in &inputs {
            let mut found = Vec::new();
            read.by_name(name).expect("there").read_to_end(&mut found).expect("readable");
            assert_eq!(&found, bytes);
        }
    }
}
