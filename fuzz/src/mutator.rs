//! Mutation and crossover of programs in binary form, by the typed mutators that the embedded engine
//! uses. What is no program is replaced by one; a share of the inputs is left to libFuzzer's own
//! mutations of bytes, which reach what no mutator thought of.
//!
//! Everything follows from the seeds libFuzzer gives.

use crate::known;
use mm_ops::codec::{self, CodecError};
use mm_ops::generate::{Areas, Profile, random_program, seeded};
use mm_ops::{Program, mutate};
use std::sync::LazyLock;

/// One mutation in this many is of bytes.
const BYTES_ONE_IN: u32 = 16;
/// One mutation in this many throws the input away and makes a new program.
const FRESH_ONE_IN: u32 = 2;
/// libFuzzer asks for a crossover as often as for a mutation. One in this many is made, which makes them
/// one in eight of all, as in the embedded engine.
const CROSSOVER_ONE_IN: u32 = 7;

/// `MMDIFF_MUTATOR=off`: nothing but libFuzzer's own mutations.
static OFF: LazyLock<bool> = LazyLock::new(|| crate::is_off("MMDIFF_MUTATOR"));

/// Changes the program in `data[..size]`; answers its new size, at most `max_size`.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    if *OFF {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    known::mutating();
    if seed.is_multiple_of(BYTES_ONE_IN) {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    let mut rng = seeded(u64::from(seed), 1);
    let profile = Profile::random(Areas::ALL, &mut rng);
    let fresh = (seed / BYTES_ONE_IN).is_multiple_of(FRESH_ONE_IN);
    let base = data.get(..size).filter(|_| !fresh).and_then(|input| read(input).ok());
    let program = match base {
        Some(mut program) => {
            mutate::vary(&mut program, &profile, &mut rng);
            program
        }
        None => random_program(&profile, &mut rng),
    };
    put(program, data, max_size)
        .unwrap_or_else(|| libfuzzer_sys::fuzzer_mutate(data, size, max_size))
}

/// Splices a piece of the second program into the first, and changes the result; answers the size of the result in `out`.
/// 0, which libFuzzer takes for "no result", if there are not two programs, or another mutation is wanted.
pub fn crossover(first: &[u8], second: &[u8], out: &mut [u8], seed: u32) -> usize {
    if *OFF || !seed.is_multiple_of(CROSSOVER_ONE_IN) {
        return 0;
    }
    known::mutating();
    let (Ok(mut program), Ok(other)) = (read(first), read(second)) else { return 0 };
    let mut rng = seeded(u64::from(seed), 2);
    let profile = Profile::random(Areas::ALL, &mut rng);
    mutate::splice(&mut program, &other, &profile, &mut rng);
    mutate::vary(&mut program, &profile, &mut rng);
    let room = out.len();
    put(program, out, room).unwrap_or(0)
}

/// The program in an input, without what stands behind the last operation that showed anything new. Of
/// what the counters do not know, all of it.
fn read(input: &[u8]) -> Result<Program, CodecError> {
    let mut program = codec::decode(input)?;
    if let Some(steps) = known::novel_steps(input) {
        program.steps.truncate(steps);
    }
    Ok(program)
}

/// Writes a program to `out`, without its last operations if there is not room for all of it.
/// `None` if there is not even room for the configuration.
fn put(mut program: Program, out: &mut [u8], room: usize) -> Option<usize> {
    let room = room.min(out.len());
    let mut bytes = Vec::new();
    loop {
        codec::encode_into(&program, &mut bytes);
        if bytes.len() <= room {
            out[..bytes.len()].copy_from_slice(&bytes);
            return Some(bytes.len());
        }
        let steps = program.steps.len();
        if steps == 0 {
            return None;
        }
        // In proportion to what is too much, so that a long program takes few rounds.
        let keep = (steps * room / bytes.len()).min(steps - 1);
        program.steps.truncate(keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(seed: u64) -> Program {
        let mut rng = seeded(seed, 0);
        random_program(&Profile::random(Areas::ALL, &mut rng), &mut rng)
    }

    /// A seed that is not left to libFuzzer's mutations, which need libFuzzer around them.
    fn typed_seeds() -> impl Iterator<Item = u32> {
        (0..2000_u32).filter(|seed| !seed.is_multiple_of(BYTES_ONE_IN))
    }

    #[test]
    fn a_mutated_program_is_a_program_within_its_bounds() {
        let mut changed = 0;
        for seed in typed_seeds() {
            let before = codec::encode(&program(u64::from(seed % 7)));
            let max_size = 40 + seed as usize % 400;
            let mut data = before.clone();
            data.resize(before.len().max(max_size), 0);
            let size = mutate(&mut data, before.len(), max_size, seed);
            assert!(size <= max_size);
            codec::decode(&data[..size]).expect("a program");
            changed += usize::from(data[..size] != before);
        }
        assert!(changed > 1500, "{changed}");
    }

    #[test]
    fn what_is_no_program_becomes_one() {
        for seed in typed_seeds() {
            let mut data = vec![b'\n'; 256];
            let size = mutate(&mut data, 1, 256, seed);
            codec::decode(&data[..size]).expect("a program");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_mutation() {
        let once = |seed| {
            let mut data = codec::encode(&program(1));
            let size = data.len();
            data.resize(500, 0);
            let size = mutate(&mut data, size, 500, seed);
            data[..size].to_vec()
        };
        assert!(typed_seeds().all(|seed| once(seed) == once(seed)));
    }

    #[test]
    fn a_known_program_is_gone_on_with_from_its_last_new_event() {
        let before = program(3);
        let input = codec::encode(&before);
        let steps = before.steps.len() / 2;
        assert!(steps > 0);
        assert_eq!(read(&input).expect("a program").steps, before.steps);
        known::note(&input, steps);
        assert_eq!(read(&input).expect("a program").steps, before.steps[..steps]);
    }

    #[test]
    fn a_crossover_is_a_program_within_its_bounds() {
        let (first, second) = (codec::encode(&program(1)), codec::encode(&program(2)));
        for seed in (0..500).map(|n| n * CROSSOVER_ONE_IN) {
            let mut out = vec![0; 10 + seed as usize / 7];
            let size = crossover(&first, &second, &mut out, seed);
            assert!(size <= out.len());
            if size > 0 {
                codec::decode(&out[..size]).expect("a program");
            }
        }
        assert_eq!(crossover(b"no", &second, &mut [0; 99], 0), 0);
    }
}
