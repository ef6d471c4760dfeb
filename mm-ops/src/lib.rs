//! The vocabulary of mmdiff: what a program can say, what a subject answers, how its state is
//! described, and how programs are written down, generated and changed.
//!
//! Nothing here knows how memory behaves: no rule of `docs/rules` is implemented in this crate, and
//! it depends on no other crate of the project. Two independent implementations of the rules
//! (`mm-reference` and `mm-model`) share this vocabulary and nothing else.
#![forbid(unsafe_code)]

#[cfg(feature = "arbitrary")]
mod arbitrary_impl;
mod call;
pub mod codec;
mod config;
mod device;
mod flags;
pub mod generate;
mod ids;
mod kind;
pub mod lower;
mod mm;
pub mod mutate;
mod observation;
mod op;
mod operands;
mod outcome;
mod program;
mod race;
mod remap;
pub mod renumber;
mod rmap;
mod sanitize;
mod snapshot;
#[cfg(feature = "proptest")]
mod strategy;
pub mod text;

pub use call::{Advice, GupFlags, Prot, Remote, ScanLimits, UffdCall, UffdFill};
pub use config::{
    AccessBits, Batching, Config, DEV_MEM_MAX, DevExclusiveMode, PTES_ALLOWED, SWAP_SLOTS_MAX,
    SwapDevice, UffdWpMode,
};
pub use device::{
    DEVICES_MAX, DevFlags, DevMapSnap, DevOp, DevSelect, DevWordSnap, Device, EventKind, EventSnap,
};
pub use flags::{EntryFlags, FolioFlags, VmaFlags};
pub use ids::{
    HANDLES_MAX, Handle, OPS_MAX, ORDER_MAX, Order, OrderSet, PROCS_MAX, PageRange, Pid,
    TOKENS_MAX, Token, Value, Vpn,
};
pub use kind::OpKind;
pub use mm::Mm;
pub use observation::{
    FolioView, NO_FRAME, NO_NAME, Observation, PageState, PageView, Sees, UNSEEN, VmaView,
};
pub use op::{AllocKind, AllocSite, Op};
pub use operands::Operands;
pub use outcome::{Choice, Effect, Errno, Outcome};
pub use program::{Program, Step};
pub use race::{AT_END, Actor, ActorEnd, Moment, RACE_STEPS};
pub use remap::{MremapFlags, PidSet, RelocateDesign};
pub use rmap::{AnonmmSnap, RmapScheme};
pub use snapshot::{
    AnonVmaId, AnonVmaSnap, EntryKind, EntrySnap, FolioId, FolioSnap, FrameNames, HandlePage,
    MmSnap, NO_ANON_VMA, PageSnap, SlotSnap, Snapshot, SnapshotSource, TableSnap, TokenKind,
    TokenSnap, VmaSnap,
};
#[cfg(feature = "proptest")]
pub use strategy::{ProgramStrategy, ProgramTree, program_strategy};
pub use text::{Document, ParseError};
