//! Where the pages of a program are in the address space of its processes.
//!
//! The arena is a stretch that neither the kernel nor a loader ever chooses, with nothing near it:
//! no foreign mapping can merge with a program's or share a page table with it. Page 0 of a program
//! is aligned to everything a page table can span, as in the model.

use crate::page::PAGE_SIZE;
use mm_ops::{Config, PageRange, Vpn};

/// Entries of the kernel's page tables.
pub const KERNEL_PTES: u16 = 512;
/// Address of page 0. Page numbers have 32 bits, so the arena ends 32 TiB above at most (a range
/// that begins at the last page), still below where executables are loaded.
const BASE: u64 = 1 << 45;
/// An address no process can have anything at; the kernel itself refuses it as out of range.
const BEYOND: u64 = 1 << 60;

/// Address of a page.
pub(crate) const fn address(vpn: Vpn) -> u64 {
    BASE + vpn.0 as u64 * PAGE_SIZE
}

/// The page at an address of the arena.
pub(crate) const fn vpn(address: u64) -> Vpn {
    Vpn(((address - BASE) / PAGE_SIZE) as u32)
}

/// Bytes of so many pages.
pub(crate) const fn bytes(pages: u32) -> u64 {
    pages as u64 * PAGE_SIZE
}

/// First byte and first byte behind the address space of a program.
pub(crate) const fn bounds(config: &Config) -> (u64, u64) {
    (BASE, BASE + bytes(config.space_pages()))
}

/// Address and length of a range. For calls to which the end of the address space is a limit: a
/// range that goes beyond it is put where the real limit is exceeded.
pub(crate) const fn limited(range: PageRange, config: &Config) -> (u64, u64) {
    let fits = range.end() <= config.space_pages() as u64;
    (if fits { address(range.start) } else { BEYOND }, bytes(range.len))
}
