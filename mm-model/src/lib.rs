//! The optimized model of Linux anonymous memory, written in the kernel's way of doing it: packed
//! page-table entries, PMD leaves, runs of entries processed in batches, counts kept
//! incrementally. It is the subject that the toolkit fuzzes; `mm-reference` says the same things
//! slowly, and neither is written by reading the other.
//!
//! One file for each area of the rules, under the same names as in the reference where it has one:
//! `fault` (A), `cow` (B), `fork` (C), `gup` (D), `swap`, `swapin` and `reclaim` (E), `migrate` (F),
//! `thp`, `split`, `deferred`, `collapse` and `khugepaged` (G), `protect` and `uffd` (H), `zap`, `lazyfree` and
//! `guard` (I), `mremap`, `move_tables`, `relocate` and `relocate_pages` (J), `uffd_move` (K), `rmap`, `rmap_walk` and `vma` (L), `ksm` (P), `race` and `walker` (R), `hwpoison` (Q), `device` (N, O), `anonmm` (M), `lru` (S14); entries that
//! map nothing are in `nonpresent`. Below them lie `entry`, `table`, `bits` and `folio` (data), `batch`
//! (runs) and `alloc` (what can fail).
//!
//! No judgement lives here: whether a state is right is for the oracles to say. With the cargo
//! feature `faults` the model can be built wrong on purpose, see `src/faults.rs`.
#![forbid(unsafe_code)]

#[macro_use]
#[cfg(feature = "faults")]
pub mod faults;
#[macro_use]
#[cfg(not(feature = "faults"))]
mod no_faults;

mod alloc;
mod anonmm;
mod batch;
mod bits;
mod circumstances;
mod collapse;
mod cow;
mod deferred;
mod device;
mod entry;
mod fault;
mod folio;
mod fork;
mod guard;
mod gup;
mod hwpoison;
mod khugepaged;
mod ksm;
mod lazyfree;
mod lru;
mod madvise;
mod migrate;
mod model;
mod move_tables;
mod mremap;
mod nonpresent;
mod protect;
mod race;
mod reclaim;
mod relocate;
mod relocate_pages;
mod rmap;
mod rmap_walk;
mod snapshot;
mod split;
mod swap;
mod swapin;
mod table;
mod thp;
mod uffd;
mod uffd_move;
mod vma;
mod walk;
mod walker;
mod zap;

#[cfg(test)]
mod tests;

pub use model::Model;
