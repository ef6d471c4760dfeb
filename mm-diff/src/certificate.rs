//! The certificate of a minimized program: what it fails with, and that every single deletion and
//! every single lowering was tried and lost the failure. It stands as a comment at the head of the
//! program's file, and anyone can have it re-checked.

use crate::failure::{Oracle, Signature};
use crate::minimize::{Proof, Shorter, prove};
use crate::rig::Rig;
use mm_ops::{Mm, Program};
use std::fmt;

/// First line of a certificate; the number is that of its format.
const HEAD: &str = "# certificate: mmdiff 1";
const SIGNATURE: &str = "#   signature: ";
const DELETIONS: &str = "#   deletions: ";
const LOWERINGS: &str = "#   lowerings: ";
const CHECKSUM: &str = "#   program: ";
const TRIED: &str = " tried, none keeps the failure";

/// See the module documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// How the program fails.
    pub signature: Signature,
    /// What was tried to make it smaller.
    pub proof: Proof,
    /// Checksum of the configuration and operations; expectations and comments do not count.
    pub checksum: u64,
}

/// Why a certificate does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The text has no certificate.
    #[error("there is no certificate (a line `{HEAD}` and four lines more)")]
    Missing,
    /// The text has one that cannot be read.
    #[error("the certificate is incomplete: no readable line `{0}…`")]
    Unreadable(&'static str),
    /// The program is not the certified one.
    #[error("the program was changed after it was certified (its checksum is {found:016x})")]
    Changed {
        /// Checksum of the program at hand.
        found: u64,
    },
    /// The program does not fail.
    #[error("the program does not fail with this subject")]
    Passes,
    /// The program fails otherwise.
    #[error("the program fails with another signature: {0}")]
    OtherFailure(Signature),
    /// A smaller program keeps the failure.
    #[error("line {} can be dropped without losing the failure", .0 + 1)]
    Deletable(usize),
    /// A lowered program keeps the failure.
    #[error("this smaller program keeps the failure:\n{0}")]
    Lowerable(Box<Program>),
    /// The numbers of attempts are not those certified.
    #[error("{} deletions and {} lowerings are possible, not as certified", .0.deletions, .0.lowerings)]
    Counts(Proof),
}

impl Certificate {
    pub(crate) fn new(program: &Program, signature: &Signature, proof: Proof) -> Self {
        Self { signature: signature.clone(), proof, checksum: checksum(program) }
    }

    /// Reads the certificate in a program's text.
    pub fn parse(text: &str) -> Result<Self, CertificateError> {
        let mut lines = text.lines().map(str::trim).skip_while(|line| *line != HEAD).skip(1);
        let mut field = |name: &'static str| {
            let line = lines.next().and_then(|line| line.strip_prefix(name.trim_end()));
            line.map(str::trim).ok_or(CertificateError::Unreadable(name))
        };
        if !text.lines().any(|line| line.trim() == HEAD) {
            return Err(CertificateError::Missing);
        }
        let signature = Signature::from_text(field(SIGNATURE)?);
        let deletions = tried(field(DELETIONS)?, DELETIONS)?;
        let lowerings = tried(field(LOWERINGS)?, LOWERINGS)?;
        let checksum = u64::from_str_radix(field(CHECKSUM)?, 16);
        let checksum = checksum.map_err(|_| CertificateError::Unreadable(CHECKSUM))?;
        Ok(Self { signature, proof: Proof { deletions, lowerings }, checksum })
    }

    /// Re-checks everything the certificate says of a program, on a subject.
    pub fn verify<S: Mm, F: Fn() -> S>(
        &self,
        program: &Program,
        rig: &mut Rig<S, F>,
    ) -> Result<(), CertificateError> {
        let found = checksum(program);
        if found != self.checksum {
            return Err(CertificateError::Changed { found });
        }
        let program = &self.as_minimized(program);
        match rig.run(program) {
            Ok(_) => return Err(CertificateError::Passes),
            Err(failure) if failure.signature() != self.signature => {
                return Err(CertificateError::OtherFailure(failure.signature()));
            }
            Err(_) => {}
        }
        let tried = prove(program, &mut |candidate| rig.fails_with(candidate, &self.signature));
        match tried {
            Err(Shorter::Deletion(index)) => Err(CertificateError::Deletable(index)),
            Err(Shorter::Lowering(smaller)) => Err(CertificateError::Lowerable(smaller)),
            Ok(proof) if proof != self.proof => Err(CertificateError::Counts(proof)),
            Ok(_) => Ok(()),
        }
    }

    /// The program as it was when it was minimized: expectations that were added since go.
    fn as_minimized(&self, program: &Program) -> Program {
        let mut program = program.clone();
        if !self.signature.as_str().starts_with(Oracle::Expectation.name()) {
            program.steps.iter_mut().for_each(|step| step.expect = None);
        }
        program
    }
}

fn tried(text: &str, name: &'static str) -> Result<usize, CertificateError> {
    let number = text.strip_suffix(TRIED.trim_end()).and_then(|number| number.parse().ok());
    number.ok_or(CertificateError::Unreadable(name))
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        writeln!(f, "{SIGNATURE}{}", self.signature)?;
        writeln!(f, "{DELETIONS}{}{TRIED}", self.proof.deletions)?;
        writeln!(f, "{LOWERINGS}{}{TRIED}", self.proof.lowerings)?;
        writeln!(f, "{CHECKSUM}{:016x}", self.checksum)
    }
}

/// FNV-1a over the canonical text without expectations: it finds accidents, not forgers.
fn checksum(program: &Program) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut bare = program.clone();
    bare.steps.iter_mut().for_each(|step| step.expect = None);
    let text = bare.to_string();
    text.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}
