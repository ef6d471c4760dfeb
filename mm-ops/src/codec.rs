//! The binary format: what fuzzers keep in their corpora. Everything in git is text instead.
//!
//! A program is the magic, the format version, the configuration, and its steps one after the
//! other up to the end of the input: no counts, so no number in the input can ask for memory. The
//! parts are serde data in bincode's standard encoding (little endian, variable-length integers).
//!
//! bincode has no maintainer any more; it is pinned to its last working release. wincode reads the
//! same bytes. All of it is in this module, so that leaving bincode is a change to one file.
//!
//! A change of the vocabulary that changes these bytes must raise [`VERSION`]: the golden test
//! below tells.

use crate::config::Config;
use crate::ids::OPS_MAX;
use crate::program::{Program, Step};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// First bytes of every binary program.
pub const MAGIC: [u8; 4] = *b"mmop";
/// Version of the format, in the byte behind the magic.
pub const VERSION: u8 = 5;

/// Length of magic and version.
const HEADER_BYTES: usize = MAGIC.len() + 1;
/// Most bytes of one encoded step, or of the configuration.
const PART_BYTES_MAX: usize = 48;
/// Fewest bytes of one encoded step: the operation's tag, one operand, no expectation.
const STEP_BYTES_MIN: usize = 3;
/// Longest input that is looked at.
pub const CODED_BYTES_MAX: usize = HEADER_BYTES + PART_BYTES_MAX * (1 + OPS_MAX);

/// Bytes that are no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Longer than any program.
    #[error("{bytes} bytes are more than any program has ({CODED_BYTES_MAX})")]
    TooLong {
        /// Length of the input.
        bytes: usize,
    },
    /// The magic is missing.
    #[error("this is no binary program: it does not start with `mmop`")]
    NotAProgram,
    /// Written by another version.
    #[error("format version {found}; this build reads version {VERSION}")]
    Version {
        /// Version of the input.
        found: u8,
    },
    /// The configuration is malformed.
    #[error("malformed configuration: {why}")]
    Config {
        /// What the decoder said.
        why: String,
    },
    /// A step is malformed.
    #[error("malformed operation {step} (at byte {at}): {why}")]
    Step {
        /// Its index, from 0.
        step: usize,
        /// Where it begins.
        at: usize,
        /// What the decoder said.
        why: String,
    },
    /// More operations than a program may have.
    #[error("more than {OPS_MAX} operations")]
    TooManyOps,
}

/// The program in binary form.
#[must_use]
pub fn encode(program: &Program) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + 8 + 12 * program.steps.len());
    encode_into(program, &mut bytes);
    bytes
}

/// Writes the program in binary form over `bytes`, keeping their memory. Only the first
/// [`OPS_MAX`] steps are written.
pub fn encode_into(program: &Program, bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.extend(MAGIC);
    bytes.push(VERSION);
    write_part(&program.config, bytes);
    program.steps.iter().take(OPS_MAX).for_each(|step| write_part(step, bytes));
}

/// Reads a program. It is sanitized, so whatever comes out can be printed and read back.
///
/// # Errors
/// Where the bytes are no program.
pub fn decode(bytes: &[u8]) -> Result<Program, CodecError> {
    if bytes.len() > CODED_BYTES_MAX {
        return Err(CodecError::TooLong { bytes: bytes.len() });
    }
    let rest = bytes.strip_prefix(&MAGIC).ok_or(CodecError::NotAProgram)?;
    let (&version, rest) = rest.split_first().ok_or(CodecError::NotAProgram)?;
    if version != VERSION {
        return Err(CodecError::Version { found: version });
    }
    let (config, mut rest) = read_part::<Config>(rest).map_err(|why| CodecError::Config { why })?;
    let steps = Vec::with_capacity((rest.len() / STEP_BYTES_MIN).min(OPS_MAX));
    let mut program = Program { config: config.sanitized(), steps };
    while !rest.is_empty() {
        let (at, step) = (bytes.len() - rest.len(), program.steps.len());
        if step == OPS_MAX {
            return Err(CodecError::TooManyOps);
        }
        let (read, behind) =
            read_part::<Step>(rest).map_err(|why| CodecError::Step { step, at, why })?;
        program.steps.push(read.sanitized());
        rest = behind;
    }
    Ok(program)
}

/// The encoding of every part; the limit is on what a part may read and allocate.
const fn encoding() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<PART_BYTES_MAX>()
}

fn write_part(part: &impl Serialize, bytes: &mut Vec<u8>) {
    bincode::serde::encode_into_std_write(part, bytes, encoding())
        .expect("plain numbers are always encoded, and a vector takes all bytes");
}

fn read_part<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), String> {
    let (part, read) =
        bincode::serde::decode_from_slice(bytes, encoding()).map_err(|error| error.to_string())?;
    Ok((part, &bytes[read..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        DevOp, DevSelect, Device, GupFlags, Handle, MremapFlags, Op, PageRange, Pid, Token, Value,
        Vpn,
    };
    use proptest::prelude::*;

    const GOLDEN: &str = "\
config ptes=4 procs=2 access_bits=merged
thp always=2
mmap p0 0+300 rw -> ok
write p0 3 a
pin p0 3 rw h0 longterm -> 1
fork p0 p1 -> ENOMEM
read p1 70000 -> a
";

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_bytes_stay_what_they_are() {
        let program = Program::parse(GOLDEN).unwrap();
        let bytes = encode(&program);
        assert_eq!(
            hex(&bytes),
            "6d6d6f7005040200010001010040000000000040000000000010040000000000fb2c01010100\
             01000a00036100000b00030100010101000000000101010700010103070901fc701101000102\
             6100"
        );
        assert_eq!(decode(&bytes).unwrap(), program);
    }

    #[test]
    fn the_largest_step_fits() {
        let flags = GupFlags { pin: true, write: true, ..GupFlags::default() };
        let range = PageRange { start: Vpn(u32::MAX), len: u32::MAX };
        let (pid, handle) = (Pid(u8::MAX), Handle(u8::MAX));
        let value = Value { label: u8::MAX, stamp: u16::MAX };
        for op in [
            Op::Gup { pid, range, handle, flags },
            Op::DmaWrite { handle, index: u32::MAX, value },
            Op::Mremap { pid, range, to: range, flags: MremapFlags::default() },
            Op::Dev(DevOp::Setup {
                device: Device(u8::MAX),
                pid,
                range,
                token: Token(u8::MAX),
                select: DevSelect { system: true, private: true },
            }),
        ] {
            let step = Step { op, expect: Some(crate::Outcome::Count(u32::MAX)) };
            let mut bytes = Vec::new();
            write_part(&step, &mut bytes);
            assert!(bytes.len() <= PART_BYTES_MAX, "{}", bytes.len());
        }
        let mut bytes = Vec::new();
        write_part(&Config { ptes: u16::MAX, ..Config::default() }, &mut bytes);
        assert!(bytes.len() <= PART_BYTES_MAX);
        write_part(&Step { op: Op::FailAlloc { nth: 0 }, expect: None }, &mut bytes);
        assert!(bytes.len() >= STEP_BYTES_MIN);
    }

    #[test]
    fn each_wrong_input_is_told_apart() {
        let good = encode(&Program::parse(GOLDEN).unwrap());
        assert_eq!(decode(b""), Err(CodecError::NotAProgram));
        assert_eq!(decode(b"mmop"), Err(CodecError::NotAProgram));
        assert_eq!(decode(b"mmop\x01"), Err(CodecError::Version { found: 1 }));
        assert!(matches!(decode(b"mmop\x05"), Err(CodecError::Config { .. })));
        let bytes = CODED_BYTES_MAX + 1;
        assert_eq!(decode(&vec![0; bytes]), Err(CodecError::TooLong { bytes }));
        let cut = decode(&good[..good.len() - 1]);
        assert!(matches!(cut, Err(CodecError::Step { step: 5, .. })), "{cut:?}");
        let mut many = encode(&Program::new(Config::default(), []));
        for _ in 0..=OPS_MAX {
            write_part(&Step { op: Op::Exit { pid: Pid(0) }, expect: None }, &mut many);
        }
        assert_eq!(decode(&many), Err(CodecError::TooManyOps));
    }

    proptest! {
        /// Bytes that look like a program are one that can be printed, read and encoded again, or
        /// are refused; whatever they are, the decoder comes back.
        #[test]
        fn any_bytes_are_read_or_refused(
            tail in prop::collection::vec(prop_oneof![0_u8..32, any::<u8>()], 0..400),
        ) {
            let mut bytes = encode(&Program::default());
            bytes.extend(&tail);
            if let Ok(program) = decode(&bytes) {
                prop_assert!(program.steps.capacity() <= bytes.len());
                prop_assert_eq!(&Program::parse(&program.to_string()).unwrap(), &program);
                prop_assert_eq!(&decode(&encode(&program)).unwrap(), &program);
            }
            prop_assert!(decode(&tail).is_err());
        }

        /// Every form of every operation, with one byte changed.
        #[test]
        fn a_changed_byte_leaves_a_program_or_none(at in 5_usize..400, byte in any::<u8>()) {
            let mut bytes = encode(&Program::parse(crate::text::EVERY_FORM).unwrap());
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(program) = decode(&bytes) {
                prop_assert_eq!(&Program::parse(&program.to_string()).unwrap(), &program);
                prop_assert_eq!(&decode(&encode(&program)).unwrap(), &program);
            }
        }
    }
}
