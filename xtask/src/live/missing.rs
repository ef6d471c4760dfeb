//! Stands in for the live kernel where there is no driver for it.

use crate::cli::{ExportArgs, FuzzArgs, LinuxArgs, ReplayArgs};
use crate::error::{Error, Found};

fn missing() -> Result<Found, Error> {
    Err(Error::Usage("the live kernel is driven on x86-64 Linux only".into()))
}

pub fn probe(_: &LinuxArgs) -> Result<Found, Error> {
    missing()
}

pub fn export(_: &ExportArgs) -> Result<Found, Error> {
    missing()
}

pub fn replay(_: &ReplayArgs) -> Result<Found, Error> {
    missing()
}

pub fn fuzz(_: &FuzzArgs) -> Result<Found, Error> {
    missing()
}
