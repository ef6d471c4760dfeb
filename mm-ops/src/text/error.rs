//! What a reader of program text is told: where, what was expected, what was found, how to mend it.

use std::fmt::{self, Display, Write as _};

/// Longest piece of a source line that an error shows, in characters.
const SHOWN_MAX: usize = 100;
/// Longest word that is compared with the known ones, in characters.
const WORD_MAX: usize = 32;

/// Program text that cannot be understood. `Display` shows the line with a caret under the word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.render())]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Length of the word in question, in characters; 0 at the end of a line.
    pub width: usize,
    /// The whole line.
    pub source_line: String,
    /// What is wrong.
    pub problem: String,
    /// How to mend it, where that can be guessed.
    pub help: Option<String>,
}

impl ParseError {
    /// The error as several lines of text, without a newline at its end.
    fn render(&self) -> String {
        let Self { line, column, problem, .. } = self;
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        let (shown, caret_at) = self.excerpt();
        let carets = "^".repeat(self.width.clamp(1, SHOWN_MAX));
        let mut out = format!("line {line}, column {column}: {problem}\n");
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "{gutter} |\n{number} | {shown}\n{gutter} | {}{carets}",
            " ".repeat(caret_at)
        );
        if let Some(help) = &self.help {
            let _ = write!(out, "\n{gutter} = help: {help}");
        }
        out
    }

    /// The part of the line around the error, safe for a terminal, and where the caret stands.
    fn excerpt(&self) -> (String, usize) {
        let at = self.column - 1;
        let from = if at + self.width < SHOWN_MAX { 0 } else { at.saturating_sub(SHOWN_MAX / 4) };
        let printable = |c: char| match c {
            '\t' => ' ',
            c if c.is_control() => '\u{FFFD}',
            c => c,
        };
        let shown: String =
            self.source_line.chars().skip(from).take(SHOWN_MAX).map(printable).collect();
        if from == 0 { (shown, at) } else { (format!("…{shown}"), at - from + 1) }
    }
}

/// A list of words for a message: `a, b or c`.
pub(crate) struct OneOf<'a>(pub(crate) &'a [&'a str]);

impl Display for OneOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.0.iter().enumerate() {
            let separator = match self.0.len() - index {
                _ if index == 0 => "",
                1 => " or ",
                _ => ", ",
            };
            write!(f, "{separator}{word}")?;
        }
        Ok(())
    }
}

/// The known word a misspelt one was probably meant to be: the nearest by edit distance, if it is
/// near at all. The first of several equally near ones.
#[must_use]
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let length = word.chars().count();
    if length > WORD_MAX {
        return None;
    }
    let word = word.to_lowercase();
    let near = (length / 3).max(1);
    known
        .iter()
        .map(|&candidate| (edit_distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, candidate)| distance <= near && distance < candidate.chars().count())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Number of characters to insert, delete, replace or swap with their neighbour.
fn edit_distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            if i == 0 || j == 0 {
                rows[i][j] = i + j;
                continue;
            }
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replace.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}
