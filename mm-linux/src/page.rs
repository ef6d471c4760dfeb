//! How a [`Value`] fills a page of 4 KiB: word 0 holds the value itself, every other word is
//! derived from word 0, so that a page that is partly old and partly new cannot pass for either.
//! Pure arithmetic: both the driver and the simulated processes use it.

use mm_ops::Value;

/// Bytes of a page.
pub(crate) const PAGE_SIZE: u64 = 4096;
/// Words of a page.
pub(crate) const PAGE_WORDS: usize = 512;

/// What a page is reported to hold when its words do not belong together, or when none of our
/// writes made it. No program can write it: its stamp is beyond every operation index.
pub const TORN: Value = Value { label: u8::MAX, stamp: u16::MAX };

/// Marks word 0 of a page that one of our writes filled.
const MAGIC: u64 = 0x6d6d_6469_6666 << 16;
/// Stands for a torn page where one word is all there is room for.
const TORN_WORD: u64 = u64::MAX;
/// Makes every word of a page different (the odd multiplier is 2⁶⁴ divided by the golden ratio).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Word 0 of a page that holds the value: label and stamp laid over the magic number.
pub(crate) const fn word_of(value: Value) -> u64 {
    if value.is_zero() { 0 } else { MAGIC ^ ((value.label as u64) << 48) ^ value.stamp as u64 }
}

/// Word `index` of a page whose word 0 is `first`.
pub(crate) const fn word_at(first: u64, index: usize) -> u64 {
    if first == 0 { 0 } else { first ^ (index as u64).wrapping_mul(SPREAD) }
}

/// The value that word 0 stands for, or [`TORN`].
pub(crate) const fn value_of(first: u64) -> Value {
    if first == 0 {
        return Value::ZERO;
    }
    let value =
        Value { label: ((first ^ MAGIC) >> 48) as u8, stamp: ((first ^ MAGIC) & 0xffff) as u16 };
    if word_of(value) == first { value } else { TORN }
}

/// Word 0 of a page if all its words belong together, else a word that [`value_of`] calls torn.
pub(crate) fn checked_word(page: impl IntoIterator<Item = u64>) -> u64 {
    let mut words = page.into_iter();
    let first = words.next().unwrap_or(TORN_WORD);
    let whole = words.enumerate().all(|(index, word)| word == word_at(first, index + 1));
    if whole { first } else { TORN_WORD }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(value: Value) -> Vec<u64> {
        (0..PAGE_WORDS).map(|index| word_at(word_of(value), index)).collect()
    }

    /// Every label with the smallest and largest stamps comes back as it went in.
    #[test]
    fn a_value_survives_its_page() {
        for label in 0..=u8::MAX {
            for stamp in [1, 2, 4096, 4097] {
                let value = if label == 0 { Value::ZERO } else { Value { label, stamp } };
                assert_eq!(value_of(checked_word(page(value))), value);
            }
        }
    }

    /// One foreign word anywhere makes the page torn, in a zero page too.
    #[test]
    fn one_wrong_word_is_noticed() {
        for value in [Value::ZERO, Value { label: b'a', stamp: 7 }] {
            for index in [0, 1, 255, 511] {
                let mut words = page(value);
                words[index] ^= 1 << 40;
                assert_eq!(value_of(checked_word(words)), TORN);
            }
        }
    }

    /// Memory that no write of ours made is torn, not some value.
    #[test]
    fn foreign_memory_is_torn() {
        assert_eq!(value_of(0xdead_beef), TORN);
        assert_eq!(value_of(TORN_WORD), TORN);
    }
}
