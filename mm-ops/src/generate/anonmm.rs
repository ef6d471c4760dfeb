//! Programs for the anonmm scheme: what of an operation there was in 2004, and scenes in which a page is
//! shared between relatives and one of them moves it. Like everything here it is about what is likely to
//! make sense; what an operation comes to is said elsewhere.

use super::draw::Draw;
use super::operands::Maker;
use super::scenes::{Scene, Stage};
use crate::call::{Advice, GupFlags, Remote};
use crate::ids::{PageRange, Pid, Vpn};
use crate::kind::OpKind::{self, *};
use crate::op::Op;
use crate::race::Actor;
use crate::remap::MremapFlags;
use crate::rmap::RmapScheme;

/// Kinds of operation there were in 2004, in some form.
const KINDS: [OpKind; 27] = [
    Mmap, Munmap, Mprotect, Madvise, Mlock, Munlock, Fork, Exit, Read, Write, Get, Put, DmaRead,
    DmaWrite, Peek, Poke, FailAlloc, Lock, Isolate, Drop, SwapOut, WriteDone, Swapoff, Swapon,
    Race, Mremap, RmapWalk,
];

/// Whether an operation of this kind can come to anything in this scheme.
pub(super) fn has_kind(scheme: RmapScheme, kind: OpKind) -> bool {
    scheme == RmapScheme::AnonVma || KINDS.contains(&kind)
}

/// The same of an advice.
pub(super) fn has_advice(scheme: RmapScheme, advice: Advice) -> bool {
    scheme == RmapScheme::AnonVma || advice == Advice::DontNeed
}

impl Op {
    /// The nearest operation that this scheme has; none where nothing is near.
    pub(crate) fn fitted(mut self, scheme: RmapScheme) -> Option<Self> {
        if self.exists_in(scheme) {
            return Some(self);
        }
        match &mut self {
            Self::Mmap { droppable, .. } => *droppable = false,
            Self::Madvise { advice, .. } => *advice = Advice::DontNeed,
            Self::Gup { flags, .. } => {
                let GupFlags { write, force, .. } = *flags;
                *flags = GupFlags { write, force, ..GupFlags::default() };
            }
            Self::Remote { access, .. } => match *access {
                Remote::VmWrite(value) => *access = Remote::Poke(value),
                _ => *access = Remote::Peek,
            },
            Self::Mremap { flags, .. } => {
                let MremapFlags { maymove, fixed, .. } = *flags;
                *flags = MremapFlags { maymove, fixed, ..MremapFlags::NONE };
            }
            Self::Race { actor, .. } => {
                *actor = Actor::Load { pid: actor.pid(), vpn: actor.page() };
                self = self.sanitized();
            }
            _ => return None,
        }
        Some(self)
    }
}

impl<D: Draw + ?Sized> Maker<'_, D> {
    /// Relatives share pages; one of them moves mostly, the pages may be in swap meanwhile, and then they come
    /// back, or reclaim looks for them.
    pub(super) fn relatives(&mut self, stage: Stage) -> Scene {
        let Stage { pid, vpn, block, other } = stage;
        if self.draw.one_in(6) {
            return self.lost_page(stage);
        }
        let mut scene = Scene::EMPTY;
        let next = Vpn(vpn.0.saturating_add(1));
        scene.push(Op::Write { pid, vpn, value: self.value() });
        if self.draw.one_in(2) {
            scene.push(Op::Write { pid, vpn: next, value: self.value() });
        }
        let child = self.child();
        scene.push(Op::Fork { parent: pid, child });
        let (mover, stays) = if self.draw.one_in(2) { (child, pid) } else { (pid, child) };
        let token = if self.draw.one_in(4) { Some(self.new_token()) } else { None };
        if self.draw.one_in(2) {
            scene.push(Op::SwapOut { pid, vpn, token });
        }
        if self.draw.one_in(4) {
            scene.push(Op::FailAlloc { nth: self.nth() });
        }
        let range = if self.draw.one_in(2) { block } else { PageRange { start: vpn, len: 2 } };
        let offset = vpn.0 - block.start.0;
        let start = Vpn(other.start.0.saturating_add(range.start.0 - block.start.0));
        let flags = MremapFlags { maymove: true, fixed: true, ..MremapFlags::NONE };
        let moved = if self.draw.one_in(4) {
            vpn
        } else {
            scene.push(Op::Mremap { pid: mover, range, to: PageRange { start, ..range }, flags });
            Vpn(other.start.0.saturating_add(offset))
        };
        self.bring_back(&mut scene, (stays, vpn), (mover, moved));
        scene
    }

    /// A page comes back from swap at two addresses, and there is no memory for the copy of the second
    /// process, which later has the page for itself.
    fn lost_page(&mut self, Stage { pid, vpn, block, other }: Stage) -> Scene {
        let mut scene = Scene::EMPTY;
        let child = self.child();
        let there = Vpn(other.start.0.saturating_add(vpn.0 - block.start.0));
        scene.push(Op::Write { pid, vpn, value: self.value() });
        scene.push(Op::Fork { parent: pid, child });
        scene.push(Op::SwapOut { pid, vpn, token: None });
        let flags = MremapFlags { maymove: true, fixed: true, ..MremapFlags::NONE };
        let one = |start| PageRange { start, len: 1 };
        scene.push(Op::Mremap { pid: child, range: one(vpn), to: one(there), flags });
        scene.push(Op::Read { pid, vpn });
        scene.push(Op::FailAlloc { nth: 1 });
        scene.push(Op::Read { pid: child, vpn: there });
        scene.push(match self.draw.below(3) {
            0 => Op::Exit { pid },
            1 => Op::Madvise { pid, range: one(vpn), advice: Advice::DontNeed },
            _ => Op::Munmap { pid, range: one(vpn) },
        });
        scene.push(match self.draw.below(4) {
            0 => Op::RmapWalk { pid: child, vpn: there },
            1 => Op::SwapOut { pid: child, vpn: there, token: None },
            _ => Op::Write { pid: child, vpn: there, value: self.value() },
        });
        scene
    }

    /// Both places are looked at, in some order and by some means.
    fn bring_back(&mut self, scene: &mut Scene, stays: (Pid, Vpn), moved: (Pid, Vpn)) {
        let (first, second) = if self.draw.one_in(2) { (stays, moved) } else { (moved, stays) };
        let ((pid, vpn), (then, there)) = (first, second);
        if self.draw.one_in(2) {
            scene.push(Op::Read { pid, vpn });
        } else {
            scene.push(Op::Write { pid, vpn, value: self.value() });
        }
        if self.draw.one_in(4) {
            scene.push(Op::FailAlloc { nth: self.nth() });
        }
        match self.draw.below(6) {
            0 => scene.push(Op::Swapoff),
            1 => scene.push(Op::RmapWalk { pid: then, vpn: there }),
            2 => {
                scene.push(Op::Exit { pid });
                scene.push(Op::RmapWalk { pid: then, vpn: there });
            }
            3 => scene.push(Op::SwapOut { pid: then, vpn: there, token: None }),
            _ => scene.push(Op::Read { pid: then, vpn: there }),
        }
        if self.draw.one_in(3) {
            scene.push(Op::RmapWalk { pid: then, vpn: there });
        }
    }
}
