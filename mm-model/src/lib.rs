//! to be filled
#![forbid(unsafe_code)]
