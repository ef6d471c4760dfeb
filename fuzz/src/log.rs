//! The inputs of a process in the order they were run, for whoever wants to run them again elsewhere.

use std::fs::File;
use std::io::{BufWriter, Write};

/// Writes each input into the file that `MMDIFF_LOG` names: its length (four bytes, the lowest first), then
/// its bytes.
pub(crate) struct Log(Option<BufWriter<File>>);

impl Log {
    pub(crate) fn new() -> Self {
        let path = std::env::var_os("MMDIFF_LOG");
        Self(path.map(|path| {
            BufWriter::new(File::create(path).expect("MMDIFF_LOG names a file that can be written"))
        }))
    }

    /// What cannot be written ends the process: half a log would be a wrong measurement.
    pub(crate) fn add(&mut self, input: &[u8]) {
        let Some(file) = &mut self.0 else { return };
        let written = file
            .write_all(&(input.len() as u32).to_le_bytes())
            .and_then(|()| file.write_all(input));
        written.expect("the log can be written");
    }
}
