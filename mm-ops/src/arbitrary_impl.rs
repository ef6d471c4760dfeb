//! Programs from the bytes of a byte-level fuzzer (feature `arbitrary`). Any bytes are a program.
//! Each operation has its own bytes at a fixed place, so a change of one byte changes one
//! operation (and what later ones make of it), and operations are inserted and deleted by moving
//! whole pieces.

use crate::generate::{Areas, Draw, Maker, Profile, Sketch};
use crate::ids::OPS_MAX;
use crate::program::{Program, Step};
use arbitrary::{Arbitrary, Result, Unstructured};

/// Bytes of the configuration and of each operation.
const PIECE_BYTES: usize = 16;

/// Decisions taken from a piece, a byte each where a byte is enough; zero when it is used up.
struct Piece {
    bytes: [u8; PIECE_BYTES],
    next: usize,
}

impl Piece {
    fn take(unstructured: &mut Unstructured<'_>) -> Result<Self> {
        let mut bytes = [0; PIECE_BYTES];
        unstructured.fill_buffer(&mut bytes)?;
        Ok(Self { bytes, next: 0 })
    }

    fn byte(&mut self) -> u32 {
        let byte = self.bytes.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        u32::from(byte)
    }
}

impl Draw for Piece {
    fn below(&mut self, bound: u32) -> u32 {
        match bound {
            0 | 1 => 0,
            2..=0x100 => self.byte() % bound,
            0x101..=0x1_0000 => (self.byte() << 8 | self.byte()) % bound,
            _ => (0..4).fold(0, |number, _| number << 8 | self.byte()) % bound,
        }
    }
}

/// Consumes all bytes there are, up to [`OPS_MAX`] operations.
impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(unstructured: &mut Unstructured<'a>) -> Result<Self> {
        let profile = Profile::even_in(Areas::ALL, &mut Piece::take(unstructured)?);
        let mut sketch = Sketch::new();
        let mut program = Self { config: profile.config, steps: Vec::new() };
        program.steps.reserve(unstructured.len().div_ceil(PIECE_BYTES).min(OPS_MAX));
        while !unstructured.is_empty() && program.steps.len() < OPS_MAX {
            let mut piece = Piece::take(unstructured)?;
            let op = Maker::new(&profile, &program.config, &sketch, &mut piece).op();
            sketch.note(&op);
            program.steps.push(Step { op, expect: None });
        }
        Ok(program)
    }

    fn size_hint(_depth: usize) -> (usize, Option<usize>) {
        (0, Some(PIECE_BYTES * (1 + OPS_MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::seeded;
    use rand_core::RngCore;

    fn program(bytes: &[u8]) -> Program {
        Program::arbitrary(&mut Unstructured::new(bytes)).expect("any bytes are a program")
    }

    #[test]
    fn any_bytes_are_a_program() {
        assert!(program(&[]).steps.is_empty());
        let mut rng = seeded(1, 0);
        for len in 0..400 {
            let mut bytes = vec![0; len];
            rng.fill_bytes(&mut bytes);
            let program = program(&bytes);
            assert_eq!(program.steps.len(), len.saturating_sub(PIECE_BYTES).div_ceil(PIECE_BYTES));
            assert_eq!(program.clone().sanitized(), program);
        }
        assert_eq!(program(&vec![7; 1 << 20]).steps.len(), OPS_MAX);
    }

    #[test]
    fn a_byte_changes_its_own_operation_only_at_first() {
        let mut rng = seeded(2, 0);
        let mut bytes = vec![0; PIECE_BYTES * 20];
        rng.fill_bytes(&mut bytes);
        let before = program(&bytes);
        bytes[PIECE_BYTES * 11] ^= 0x55;
        let after = program(&bytes);
        assert_eq!(before.steps[..10], after.steps[..10]);
        assert_ne!(before.steps[10], after.steps[10]);
        assert_eq!(before.steps.len(), after.steps.len());
    }

    #[test]
    fn all_kinds_are_reached() {
        let mut rng = seeded(3, 0);
        let mut bytes = vec![0; 1 << 15];
        rng.fill_bytes(&mut bytes);
        let program = program(&bytes);
        for kind in crate::OpKind::ALL {
            assert!(program.steps.iter().any(|step| step.op.kind() == *kind), "{kind}");
        }
    }
}
