//! The text format: one operation a line, the outcome expected behind `->`, comments behind `#`.
//!
//! ```text
//! config ptes=8 procs=3
//! mmap p0 0+8 rw
//! pin p0 3 rw h0          # FOLL_PIN|FOLL_WRITE
//! fork p0 p1
//! dma_write h0 0 c
//! read p0 3 -> c
//! ```
//!
//! [`crate::Program`] prints and parses itself; a [`Document`] is the same with comments and blank
//! lines, for tools that rewrite a file. The syntax of each operation stands at [`crate::Op`].
//! Nothing here knows what an operation does.

mod cursor;
mod device;
mod document;
mod error;
mod operands;
mod parse;
mod print;
mod settings;
#[cfg(test)]
mod tests;

pub use document::Document;
pub use error::{ParseError, nearest};
pub use settings::Settings;
#[cfg(test)]
pub(crate) use tests::EVERY_FORM;

/// Most bytes of a program text; anything longer is refused unread.
pub const TEXT_BYTES_MAX: usize = 4 << 20;

/// The same program in its canonical layout. Every comment stays; formatting twice changes nothing
/// more.
///
/// # Errors
/// Where the text is no program.
///
/// ```
/// let text = "mmap  p0 0+8   rw#all\n\n\nread p0 3->0";
/// assert_eq!(mm_ops::text::format(text).unwrap(), "mmap p0 0+8 rw  #all\n\nread p0 3 -> 0\n");
/// ```
pub fn format(text: &str) -> Result<String, ParseError> {
    Ok(Document::parse(text)?.to_string())
}
