//! A program text with its comments and blank lines, for tools that rewrite a file.

use super::TEXT_BYTES_MAX;
use super::cursor::Cursor;
use super::error::ParseError;
use super::parse::{Code, parse_line};
use crate::config::Config;
use crate::ids::OPS_MAX;
use crate::outcome::Outcome;
use crate::program::{Program, Step};
use std::fmt::{Display, Formatter, Result as FmtResult};

/// One line of a document.
struct Line {
    code: Code,
    /// With its `#`.
    comment: Option<String>,
    /// The line's comment had space before it: a comment alone on its line then stays in the
    /// column of the comments around it, as it may continue one of them.
    indented: bool,
    /// Line number in the text it was read from, from 1; 0 for a line made by a tool.
    number: usize,
}

impl Line {
    fn is_blank(&self) -> bool {
        matches!(self.code, Code::Nothing) && self.comment.is_none()
    }

    /// The line's code in its canonical form.
    fn code(&self) -> String {
        match &self.code {
            Code::Nothing => String::new(),
            Code::Config(config, keep) => config.line(*keep),
            Code::Step(step) => step.to_string(),
        }
    }
}

/// A program with everything its author wrote around it.
pub struct Document {
    lines: Vec<Line>,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// Where the text is no program.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut document = Self { lines: Vec::new() };
        let mut steps = 0;
        if text.len() > TEXT_BYTES_MAX {
            let problem = format!("the text is longer than {TEXT_BYTES_MAX} bytes");
            return Err(whole_text(problem));
        }
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        for (index, text) in text.lines().enumerate() {
            let mut cursor = Cursor::new(index + 1, text);
            let first = cursor.peek();
            let code = parse_line(&mut cursor)?;
            match (&code, first) {
                (Code::Config(..), Some(word)) if document.config_line().is_some() => {
                    return Err(cursor.error(word, "a second `config` line".to_owned()));
                }
                (Code::Config(..), Some(word)) if steps > 0 => {
                    let problem = "`config` must stand before the first operation".to_owned();
                    return Err(cursor.error(word, problem));
                }
                (Code::Step(_), Some(word)) if steps == OPS_MAX => {
                    let problem = format!("more than {OPS_MAX} operations");
                    return Err(cursor.error(word, problem));
                }
                (Code::Step(_), _) => steps += 1,
                _ => {}
            }
            document.lines.push(Line {
                code,
                comment: cursor.comment().map(str::to_owned),
                indented: text.starts_with([' ', '\t']),
                number: index + 1,
            });
        }
        Ok(document)
    }

    /// A document without comments.
    #[must_use]
    pub fn from_program(program: &Program) -> Self {
        let line = |code| Line { code, comment: None, indented: false, number: 0 };
        let mut lines = Vec::with_capacity(program.steps.len() + 1);
        if program.config != Config::default() {
            lines.push(line(Code::Config(program.config, 0)));
        }
        lines.extend(program.steps.iter().map(|step| line(Code::Step(*step))));
        Self { lines }
    }

    /// The program itself.
    #[must_use]
    pub fn program(&self) -> Program {
        let config = self.config_line().unwrap_or_default();
        let steps = self.lines.iter().filter_map(|line| match line.code {
            Code::Step(step) => Some(step),
            _ => None,
        });
        Program { config, steps: steps.collect() }
    }

    /// The number of the line a step was read from, from 1; `None` if there is no such step, or it
    /// was not read from a text.
    #[must_use]
    pub fn line_of(&self, step: usize) -> Option<usize> {
        let mut steps = self.lines.iter().filter(|line| matches!(line.code, Code::Step(_)));
        steps.nth(step).map(|line| line.number).filter(|number| *number > 0)
    }

    /// Writes a comment of one or more lines before everything else.
    pub fn prepend_comment(&mut self, text: &str) {
        let comment = |text: &str| Line {
            code: Code::Nothing,
            comment: Some(format!("# {text}").trim_end().to_owned()),
            indented: false,
            number: 0,
        };
        self.lines.splice(0..0, text.lines().map(comment));
    }

    /// Gives each step the comment that `comment` has for it; a step it has none for keeps its own.
    pub fn annotate(&mut self, mut comment: impl FnMut(usize) -> Option<String>) {
        let steps = self.lines.iter_mut().filter(|line| matches!(line.code, Code::Step(_)));
        for (index, line) in steps.enumerate() {
            if let Some(text) = comment(index) {
                // A comment ends with its line, whatever the tool put into it.
                line.comment = Some(format!("# {}", text.replace(['\n', '\r'], " ")));
            }
        }
    }

    /// Replaces the expectations: `outcome(index, step)` says what the step is to expect from now
    /// on. An outcome the operation can never have is left out.
    pub fn bless(&mut self, mut outcome: impl FnMut(usize, &Step) -> Option<Outcome>) {
        let steps = self.lines.iter_mut().filter_map(|line| match &mut line.code {
            Code::Step(step) => Some(step),
            _ => None,
        });
        for (index, step) in steps.enumerate() {
            step.expect = outcome(index, step).filter(|outcome| outcome.fits(&step.op));
        }
    }

    fn config_line(&self) -> Option<Config> {
        self.lines.iter().find_map(|line| match line.code {
            Code::Config(config, _) => Some(config),
            _ => None,
        })
    }
}

/// An error about no line in particular.
fn whole_text(problem: String) -> ParseError {
    ParseError { line: 1, column: 1, width: 0, source_line: String::new(), problem, help: None }
}

/// The canonical layout: single spaces, comments of a paragraph in one column, at most one blank
/// line in a row.
impl Display for Document {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        let paragraphs = self.lines.split(Line::is_blank).filter(|lines| !lines.is_empty());
        for (index, lines) in paragraphs.enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            print_paragraph(f, lines)?;
        }
        Ok(())
    }
}

fn print_paragraph(f: &mut Formatter<'_>, lines: &[Line]) -> FmtResult {
    let codes: Vec<String> = lines.iter().map(Line::code).collect();
    let widest = codes.iter().map(String::len).max().unwrap_or(0);
    for (line, code) in lines.iter().zip(&codes) {
        match &line.comment {
            None => writeln!(f, "{code}")?,
            Some(comment) if code.is_empty() && !line.indented => writeln!(f, "{comment}")?,
            Some(comment) => writeln!(f, "{code:widest$}  {comment}")?,
        }
    }
    Ok(())
}
