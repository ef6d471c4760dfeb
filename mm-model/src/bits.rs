//! A bit per frame, with the word-level operations that runs need.

/// A growable set of bits.
#[derive(Default)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// All bits clear, at least `len` of them.
    pub(crate) fn reset(&mut self) {
        self.0.clear();
    }

    /// Makes room for `len` bits; new ones are clear.
    pub(crate) fn grow(&mut self, len: usize) {
        self.0.resize(len.div_ceil(64), 0);
    }

    pub(crate) fn get(&self, at: u32) -> bool {
        self.0[at as usize / 64] >> (at % 64) & 1 == 1
    }

    /// Sets or clears `len` bits from `at`.
    #[inline]
    pub(crate) fn fill(&mut self, at: u32, len: u32, on: bool) {
        if let Some((word, mask)) = one_word(at, len) {
            let word = &mut self.0[word];
            *word = if on { *word | mask } else { *word & !mask };
            return;
        }
        if at.is_multiple_of(64) && len.is_multiple_of(64) {
            let first = at as usize / 64;
            self.0[first..first + len as usize / 64].fill(if on { u64::MAX } else { 0 });
            return;
        }
        for (word, mask) in words(at, len) {
            let word = &mut self.0[word];
            *word = if on { *word | mask } else { *word & !mask };
        }
    }

    /// Whether any of `len` bits from `at` is set.
    #[inline]
    pub(crate) fn any(&self, at: u32, len: u32) -> bool {
        if let Some((word, mask)) = one_word(at, len) {
            return self.0[word] & mask != 0;
        }
        words(at, len).any(|(word, mask)| self.0[word] & mask != 0)
    }

    /// How many bits from `at`, at most `len`, equal the first one; and that one.
    #[inline]
    pub(crate) fn equal_run(&self, at: u32, len: u32) -> (bool, u32) {
        let first = self.get(at);
        let Some((word, mask)) = one_word(at, len) else {
            return self.equal_words(first, at, len);
        };
        let differing = (if first { !self.0[word] } else { self.0[word] }) & mask;
        let run = if differing == 0 { len } else { differing.trailing_zeros() - at % 64 };
        (first, run)
    }

    fn equal_words(&self, first: bool, at: u32, len: u32) -> (bool, u32) {
        let mut run = 0;
        for (word, mask) in words(at, len) {
            let differing = (if first { !self.0[word] } else { self.0[word] }) & mask;
            if differing != 0 {
                return (first, run + (differing.trailing_zeros() - mask.trailing_zeros()));
            }
            run += mask.count_ones();
        }
        (first, run)
    }
}

/// The word that holds all of `len` bits from `at`, if one does, with the mask of those bits.
#[inline]
const fn one_word(at: u32, len: u32) -> Option<(usize, u64)> {
    let bit = at % 64;
    if len == 0 || bit + len > 64 {
        return None;
    }
    Some((at as usize / 64, (u64::MAX >> (64 - len)) << bit))
}

/// The words that hold `len` bits from `at`, each with the mask of those bits.
fn words(at: u32, len: u32) -> impl Iterator<Item = (usize, u64)> {
    let (mut at, end) = (at, at + len);
    std::iter::from_fn(move || {
        if at == end {
            return None;
        }
        let bit = at % 64;
        let count = (64 - bit).min(end - at);
        let mask = (u64::MAX >> (64 - count)) << bit;
        let word = at as usize / 64;
        at += count;
        Some((word, mask))
    })
}

#[cfg(test)]
mod tests {
    use super::Bits;

    fn bits(set: &[u32]) -> Bits {
        let mut bits = Bits::default();
        bits.grow(256);
        set.iter().for_each(|at| bits.fill(*at, 1, true));
        bits
    }

    #[test]
    fn equal_run_crosses_words() {
        let mut b = bits(&[]);
        b.fill(60, 80, true);
        assert_eq!(b.equal_run(60, 196), (true, 80));
        assert_eq!(b.equal_run(0, 256), (false, 60));
        assert_eq!(b.equal_run(61, 10), (true, 10));
    }

    #[test]
    fn fill_touches_nothing_else() {
        let mut b = bits(&[3, 70, 200]);
        b.fill(4, 66, true);
        b.fill(4, 66, false);
        assert!(b.get(3) && b.get(70) && b.get(200));
        assert!(!b.any(4, 66) && !b.any(71, 129));
    }
}
