//! One line of text, taken word by word. Knows words, numbers and positions; no operation.

use super::error::{OneOf, ParseError, nearest};

/// The arrow before an expected outcome.
pub(super) const ARROW: &str = "->";

/// A word and the byte it starts at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    at: usize,
}

impl<'a> Word<'a> {
    /// The word without its first `bytes` bytes.
    pub(super) fn skip(self, bytes: usize) -> Self {
        Self { text: &self.text[bytes..], at: self.at + bytes }
    }

    /// The word up to a separator, and what stands behind it.
    pub(super) fn split(self, separator: char) -> Option<(Self, Self)> {
        let (before, _) = self.text.split_once(separator)?;
        let behind = self.skip(before.len() + separator.len_utf8());
        Some((Self { text: before, at: self.at }, behind))
    }

    /// The words of a list with commas between.
    pub(super) fn list(self) -> impl Iterator<Item = Self> {
        let mut rest = Some(self);
        std::iter::from_fn(move || {
            let list = rest.take()?;
            let (word, behind) = list.split(',').map_or((list, None), |(w, b)| (w, Some(b)));
            rest = behind;
            Some(word)
        })
    }
}

/// A reader of one line.
pub(super) struct Cursor<'a> {
    number: usize,
    line: &'a str,
    /// Where the comment starts, or the line ends.
    code_end: usize,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// A reader of line `number` (from 1), which holds no newline.
    pub(super) fn new(number: usize, line: &'a str) -> Self {
        Self { number, line, code_end: line.find('#').unwrap_or(line.len()), at: 0 }
    }

    /// The comment with its `#`, if the line has one.
    pub(super) fn comment(&self) -> Option<&'a str> {
        (self.code_end < self.line.len()).then(|| self.line[self.code_end..].trim_end())
    }

    /// The next word; `None` at the end of the code.
    pub(super) fn next(&mut self) -> Option<Word<'a>> {
        let word = self.peek()?;
        self.at = word.at + word.text.len();
        Some(word)
    }

    /// The next word, left where it is.
    pub(super) fn peek(&self) -> Option<Word<'a>> {
        let code = &self.line[..self.code_end];
        let rest = code[self.at..].trim_start();
        let at = self.code_end - rest.len();
        let len = match rest.find(ARROW) {
            Some(0) => ARROW.len(),
            arrow => rest
                .find(char::is_whitespace)
                .unwrap_or(rest.len())
                .min(arrow.unwrap_or(rest.len())),
        };
        (len > 0).then(|| Word { text: &rest[..len], at })
    }

    /// Takes the next word if it is this one.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.peek().is_some_and(|word| word.text == text);
        if found {
            self.next();
        }
        found
    }

    /// The next word, which must be there.
    pub(super) fn want(&mut self, expected: &str) -> Result<Word<'a>, ParseError> {
        match self.peek() {
            Some(word) if word.text != ARROW => {
                self.next();
                Ok(word)
            }
            _ => Err(self.missing(expected)),
        }
    }

    /// Checks that nothing is left.
    pub(super) fn finish(&mut self) -> Result<(), ParseError> {
        match self.peek() {
            Some(word) => Err(self.error(word, format!("unexpected `{}`", clip(word.text)))),
            None => Ok(()),
        }
    }

    /// A number from 0 to `max`.
    pub(super) fn number(&self, word: Word<'_>, what: &str, max: u32) -> Result<u32, ParseError> {
        let digits = !word.text.is_empty() && word.text.bytes().all(|b| b.is_ascii_digit());
        match word.text.parse::<u32>() {
            Ok(number) if digits && number <= max => Ok(number),
            _ if digits => {
                let noun = what.trim_start_matches("a ");
                let problem = format!("{noun} {} is too large", clip(word.text));
                Err(ParseError {
                    help: Some(format!("at most {max}")),
                    ..self.error(word, problem)
                })
            }
            _ => Err(self.expected(word, what)),
        }
    }

    /// A prefixed number from 0 to `max`: `p0`, `h15`.
    pub(super) fn name(&mut self, what: &str, prefix: char, max: u8) -> Result<u8, ParseError> {
        let word = self.want(&format!("{what} ({prefix}0 … {prefix}{max})"))?;
        self.name_in(word, what, prefix, max)
    }

    /// The same in a word already taken.
    pub(super) fn name_in(
        &self,
        word: Word<'_>,
        what: &str,
        prefix: char,
        max: u8,
    ) -> Result<u8, ParseError> {
        let digits = word.text.strip_prefix(prefix).unwrap_or("");
        // One spelling only, so that text and number go with each other one to one.
        match digits.parse::<u8>() {
            Ok(number) if number <= max && digits == number.to_string() => Ok(number),
            _ => Err(self.expected(word, &format!("{what} ({prefix}0 … {prefix}{max})"))),
        }
    }

    /// One of several words, by its place in the list.
    pub(super) fn keyword(
        &self,
        word: Word<'_>,
        what: &str,
        known: &[&str],
    ) -> Result<usize, ParseError> {
        if let Some(index) = known.iter().position(|known| *known == word.text) {
            return Ok(index);
        }
        let problem = format!("expected {what}, found `{}`", clip(word.text));
        let help = match nearest(word.text, known) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("one of {}", OneOf(known)),
        };
        Err(ParseError { help: Some(help), ..self.error(word, problem) })
    }

    /// This word is not what must stand here.
    pub(super) fn expected(&self, word: Word<'_>, what: &str) -> ParseError {
        self.error(word, format!("expected {what}, found `{}`", clip(word.text)))
    }

    /// Something must stand here, and the line (or what precedes the arrow) ends.
    fn missing(&self, expected: &str) -> ParseError {
        let found = match self.peek() {
            Some(word) => format!("`{}`", word.text),
            None => "the end of the line".to_owned(),
        };
        let end = self.line[..self.code_end].trim_end().len();
        let word = self.peek().unwrap_or(Word { text: "", at: end });
        self.error(word, format!("expected {expected}, found {found}"))
    }

    /// An error about a word.
    pub(super) fn error(&self, word: Word<'_>, problem: String) -> ParseError {
        ParseError {
            line: self.number,
            column: self.line[..word.at].chars().count() + 1,
            width: word.text.chars().count(),
            source_line: self.line.to_owned(),
            problem,
            help: None,
        }
    }
}

/// A word short enough for a message.
pub(super) fn clip(text: &str) -> String {
    const CLIPPED: usize = 40;
    let mut out: String =
        text.chars().take(CLIPPED).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
    if text.chars().nth(CLIPPED).is_some() {
        out.push('…');
    }
    out
}
