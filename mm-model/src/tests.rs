//! Tests of the model, one file for each area: one fact a test, citing its rule.

mod alloc;
mod anonmm;
mod anonmm_moves;
mod circumstances;
mod collapse;
mod cow;
mod device;
mod equality;
mod fault;
#[cfg(feature = "faults")]
mod faults;
mod fork;
mod gup;
mod hwpoison;
mod ksm;
mod lru;
mod migrate;
mod mremap;
mod protect;
mod random;
mod random_anonmm;
mod random_device;
mod random_folios;
mod random_moves;
mod random_swap;
mod relocate;
mod rmap;
mod split;
mod support;
mod swap;
mod swap_noexcl;
mod thp;
mod uffd;
mod uffd_move;
mod walker;
mod zap;
