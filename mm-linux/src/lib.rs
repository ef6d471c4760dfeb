//! Runs programs of mmdiff on the live Linux kernel and observes what userspace can see: the fourth
//! oracle, to which the reference itself is held. See docs/linux.md.
//!
//! Nothing here knows what memory *should* do: no rule of docs/rules is implemented, and no other
//! crate of the project but the vocabulary is used. This is the only crate with `unsafe` code; the
//! modules that have it are marked below, and each block says why it holds.
#![warn(clippy::undocumented_unsafe_blocks)]
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[allow(unsafe_code, reason = "the instruction that may fault, and its signal handler")]
mod access;
mod arena;
mod away;
mod cgroup;
mod channel;
mod enlarge;
mod exclusive;
mod export;
#[allow(unsafe_code, reason = "forks, and gives memory back in the copies")]
mod family;
mod figures;
mod folio;
#[allow(unsafe_code, reason = "io_uring submissions name memory by address")]
mod gup;
mod ksm;
mod lazyfree;
#[allow(unsafe_code, reason = "maps and unmaps the shared memory")]
mod linux;
mod mlocked;
mod observe;
mod ops;
mod orders;
mod page;
#[allow(unsafe_code, reason = "tries things on pages of its own")]
mod probe;
#[allow(unsafe_code, reason = "executes whatever the driver asks for")]
mod process;
mod remap;
#[allow(unsafe_code, reason = "keeps the saved settings in memory of their own")]
mod settings;
mod slots;
mod smaps;
mod split;
mod supports;
#[allow(unsafe_code, reason = "switches the swap device")]
mod swap;
mod swapout;
#[allow(unsafe_code, reason = "system calls")]
mod sys;
#[allow(unsafe_code, reason = "userfaultfd's calls name memory by address")]
mod uffd;

pub use arena::KERNEL_PTES;
pub use enlarge::enlarged;
pub use export::{Target, export};
pub use linux::{Linux, LinuxError, Trouble};
pub use page::TORN;
pub use probe::{Feature, Probe, Row};
pub use supports::{Unsupported, retold};
