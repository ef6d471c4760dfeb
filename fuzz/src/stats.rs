//! How many programs and operations a process ran, for whoever started it. libFuzzer tells the first
//! of a process that ends well, and never the second.

use std::path::PathBuf;

/// Programs between two times the file is written: a process that is killed loses no more.
const WRITE_EVERY: u64 = 4096;

/// Counts, and writes them into `MMDIFF_STATS/PID` now and then and at the end of the process.
pub(crate) struct Stats {
    file: Option<PathBuf>,
    programs: u64,
    ops: u64,
}

impl Stats {
    pub(crate) fn new() -> Self {
        let folder = std::env::var_os("MMDIFF_STATS").map(PathBuf::from);
        let file = folder.map(|folder| folder.join(std::process::id().to_string()));
        Self { file, programs: 0, ops: 0 }
    }

    pub(crate) fn add(&mut self, ops: u64) {
        self.programs += 1;
        self.ops += ops;
        if self.programs.is_multiple_of(WRITE_EVERY) {
            self.write();
        }
    }

    /// The figures are a convenience: a folder that is gone stops no fuzzing.
    pub(crate) fn write(&self) {
        if let Some(file) = &self.file {
            let _gone = std::fs::write(file, format!("{} {}\n", self.programs, self.ops));
        }
    }
}

/// libFuzzer ends a process by `exit`, which drops the thread's values.
impl Drop for Stats {
    fn drop(&mut self) {
        self.write();
    }
}
