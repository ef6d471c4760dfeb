//! Scenes: a few operations about one block that only come to something together, such as a page of
//! zeros, another one, and KSM. Drawn one by one they hardly ever meet. A scene is made of kinds that
//! the profile has; nothing here says what its operations come to.

use super::draw::Draw;
use super::operands::Maker;
use crate::call::{Advice, Prot, UffdCall, UffdFill};
use crate::ids::{Order, OrderSet, PROCS_MAX, PageRange, Pid, Value, Vpn};
use crate::kind::OpKind;
use crate::op::Op;
use crate::race::{Actor, RACE_STEPS};
use crate::remap::MremapFlags;
use crate::rmap::RmapScheme;

/// Most operations of a scene.
pub(crate) const SCENE_MAX: usize = 16;

/// The operations of a scene.
#[derive(Clone, Copy)]
pub(crate) struct Scene {
    ops: [Op; SCENE_MAX],
    len: usize,
}

impl Scene {
    pub(super) const EMPTY: Self = Self { ops: [Op::Drain; SCENE_MAX], len: 0 };

    /// The operations.
    pub(crate) fn ops(&self) -> &[Op] {
        &self.ops[..self.len]
    }

    pub(super) fn push(&mut self, op: Op) {
        if let Some(place) = self.ops.get_mut(self.len) {
            *place = op;
            self.len += 1;
        }
    }
}

/// Where a scene plays: a page, its block, and another block.
#[derive(Clone, Copy)]
pub(super) struct Stage {
    pub(super) pid: Pid,
    pub(super) vpn: Vpn,
    pub(super) block: PageRange,
    pub(super) other: PageRange,
}

impl<D: Draw + ?Sized> Maker<'_, D> {
    /// A scene; an empty one where the profile lacks what it takes.
    pub(crate) fn scene(&mut self) -> Scene {
        let stage = self.stage();
        let scene = self.any_scene(stage);
        let mut fitted = Scene::EMPTY;
        let ops = scene.ops().iter().filter_map(|op| op.fitted(self.config.rmap));
        ops.for_each(|op| fitted.push(op));
        fitted
    }

    fn any_scene(&mut self, stage: Stage) -> Scene {
        let relatives = self.config.rmap == RmapScheme::Anonmm && self.has(OpKind::Fork);
        if relatives && !self.draw.one_in(4) {
            return self.relatives(stage);
        }
        match self.draw.below(10) {
            9 if self.has(OpKind::Thp) && self.can_share_some() => self.mixed(stage),
            8 if self.has_device_migrations() => self.on_a_device(stage),
            7 if self.has(OpKind::Swapoff) && self.draw.one_in(4) => self.switch_off(stage),
            7 if self.has(OpKind::Thp) => self.large(stage),
            6 if self.can_part() && self.draw.one_in(4) => self.part(stage),
            5 | 6 if self.has(OpKind::Mremap) => self.move_away(stage),
            0 if self.says(Advice::Collapse) => self.collapse(stage),
            1 if self.says(Advice::Mergeable) && self.has(OpKind::Ksm) => self.merge(stage),
            2 | 3 if self.has(OpKind::UffdMove) && self.has(OpKind::UffdRegister) => {
                self.move_to_watched(stage)
            }
            4 if self.gives_up() && self.draw.one_in(2) => self.give_up(stage),
            _ => self.take_away(stage),
        }
    }

    /// Whether the profile has what it takes to give a page up under somebody's eyes.
    fn gives_up(&self) -> bool {
        self.says(Advice::Free) && self.has(OpKind::SwapOut) && self.has(OpKind::Race)
    }

    pub(super) fn has(&self, kind: OpKind) -> bool {
        self.profile.weight(kind) > 0
    }

    pub(super) fn says(&self, advice: Advice) -> bool {
        self.has(OpKind::Madvise) && self.profile.advice_weight(advice) > 0
    }

    fn stage(&mut self) -> Stage {
        let (pid, vpn) = (self.pid(), self.page());
        let ptes = u32::from(self.config.ptes);
        let block = PageRange::new(vpn.0 / ptes * ptes, ptes);
        let other = self.page_of(self.window) / ptes * ptes;
        let other = if other == block.start.0 { other.saturating_add(ptes) } else { other };
        Stage { pid, vpn, block, other: PageRange::new(other, ptes) }
    }

    /// Pages of a block, and a larger one in their place.
    fn collapse(&mut self, stage: Stage) -> Scene {
        let Stage { pid, vpn, block, .. } = stage;
        let mut scene = Scene::EMPTY;
        if self.draw.one_in(2) {
            scene.push(Op::Mmap { pid, range: block, prot: Prot::RW, droppable: false });
        }
        scene.push(Op::Write { pid, vpn, value: self.value() });
        self.perhaps_more(&mut scene, stage);
        self.perhaps_race(&mut scene, stage);
        scene.push(if self.profile.weight(OpKind::Khugepaged) > 0 && self.draw.one_in(3) {
            Op::Khugepaged { pid, vpn, limits: self.scan_limits() }
        } else {
            Op::Madvise { pid, range: block, advice: Advice::Collapse }
        });
        scene
    }

    /// Two pages of the same content, and KSM.
    fn merge(&mut self, stage: Stage) -> Scene {
        let Stage { pid, vpn, block, .. } = stage;
        let mut scene = Scene::EMPTY;
        let next = (vpn.0 - block.start.0 + 1) % block.len.max(1);
        let to = Vpn(block.start.0.saturating_add(next));
        scene.push(Op::Madvise { pid, range: block, advice: Advice::Mergeable });
        scene.push(Op::Write { pid, vpn, value: Value::ZERO });
        scene.push(Op::Write { pid, vpn: to, value: Value::ZERO });
        self.perhaps_race(&mut scene, stage);
        scene.push(Op::Ksm { pid, vpn, with: pid, to });
        match self.draw.below(4) {
            0 if self.has(OpKind::Mremap) || self.has(OpKind::UffdMove) => {
                self.moves(&mut scene, stage);
            }
            _ => self.perhaps_race(&mut scene, stage),
        }
        scene
    }

    /// Something that is mapped, on its way out or gone, and UFFDIO_MOVE to a block that is watched and
    /// empty.
    fn move_to_watched(&mut self, stage: Stage) -> Scene {
        let Stage { pid, vpn, block, .. } = stage;
        let mut scene = Scene::EMPTY;
        let whole = self.draw.one_in(3) && self.has(OpKind::Thp);
        if whole {
            let always = OrderSet::EMPTY.with(Order(self.config.pmd_order().0));
            scene.push(Op::Thp { always, madvise: OrderSet::EMPTY });
            scene.push(Op::Madvise { pid, range: block, advice: Advice::DontNeed });
        }
        scene.push(if whole && self.draw.one_in(3) {
            Op::Read { pid, vpn }
        } else {
            Op::Write { pid, vpn, value: self.value() }
        });
        self.perhaps_more(&mut scene, stage);
        if self.draw.one_in(2) {
            self.perhaps_more(&mut scene, stage);
        }
        self.moves(&mut scene, stage);
        scene
    }

    /// The move itself.
    fn moves(&mut self, scene: &mut Scene, stage: Stage) {
        let Stage { pid, vpn, block, other } = stage;
        if self.draw.one_in(2) {
            scene.push(Op::Munmap { pid, range: other });
        }
        scene.push(Op::Mmap { pid, range: other, prot: Prot::RW, droppable: false });
        let call = UffdCall::Register { missing: true, wp: self.draw.one_in(8) };
        scene.push(Op::Uffd { pid, range: other, call });
        let (range, to) = match self.draw.below(4) {
            0 | 1 => (block, other.start),
            2 => (PageRange { start: vpn, len: 1 }, other.start),
            _ => {
                let offset = vpn.0 - block.start.0;
                (PageRange { start: vpn, len: 1 }, Vpn(other.start.0.saturating_add(offset)))
            }
        };
        self.perhaps_race(scene, stage);
        scene.push(Op::UffdMove { pid, range, to, holes: !self.draw.one_in(3) });
    }

    /// Some pages, not all of them ordinary, that mremap moves, mostly to be relocated.
    fn move_away(&mut self, stage: Stage) -> Scene {
        let Stage { pid, vpn, block, other } = stage;
        let mut scene = Scene::EMPTY;
        // At the end of the table at times: the next page is in another one.
        let last = Vpn((block.end() - 1) as u32);
        let vpn = if self.draw.one_in(4) { last } else { vpn };
        let stage = Stage { vpn, ..stage };
        if self.has(OpKind::Thp) && self.draw.one_in(3) {
            let always = self.some_orders(self.profile.orders);
            scene.push(Op::Thp { always, madvise: OrderSet::EMPTY });
            scene.push(Op::Madvise { pid, range: block, advice: Advice::DontNeed });
        }
        scene.push(Op::Write { pid, vpn, value: self.value() });
        let next = Vpn(vpn.0.saturating_add(1));
        scene.push(Op::Write { pid, vpn: next, value: self.value() });
        self.trouble(&mut scene, stage, next, vpn == last);
        let two = vpn == last || self.draw.one_in(3);
        let range = if two { PageRange { start: vpn, len: 2 } } else { block };
        let start = Vpn(other.start.0.saturating_add(range.start.0 - block.start.0));
        let mut flags = MremapFlags { maymove: true, fixed: true, ..self.move_flags() };
        if flags.relocates() || !self.draw.one_in(3) {
            flags.dontunmap = false;
            flags.must_relocate = !flags.relocate;
        }
        scene.push(Op::Mremap { pid, range, to: PageRange { start, ..range }, flags });
        scene
    }

    /// Whether the profile has what it takes to have a folio in two places.
    fn can_part(&self) -> bool {
        [OpKind::Thp, OpKind::Mremap, OpKind::SwapOut].into_iter().all(|kind| self.has(kind))
    }

    /// A large folio of which one page lives elsewhere is written out, and comes back at that place, which then
    /// moves with room for all of it.
    fn part(&mut self, stage: Stage) -> Scene {
        let Stage { pid, block, other, .. } = stage;
        let mut scene = self.large_folio(stage);
        let page = PageRange { len: 1, ..block };
        let flags = MremapFlags { maymove: true, fixed: true, ..MremapFlags::NONE };
        scene.push(Op::Mremap { pid, range: page, to: other, flags });
        scene.push(Op::SwapOut { pid, vpn: other.start, token: Some(self.new_token()) });
        scene.push(Op::Read { pid, vpn: other.start });
        let start = Vpn(other.start.0.saturating_add(block.len));
        let relocate = self.draw.one_in(2);
        let flags = MremapFlags { relocate, must_relocate: !relocate, ..flags };
        scene.push(Op::Mremap { pid, range: other, to: PageRange { start, ..other }, flags });
        scene
    }

    /// Something about one of the two pages that move, and something during the move; `apart` if they are
    /// in two tables.
    fn trouble(&mut self, scene: &mut Scene, stage: Stage, next: Vpn, apart: bool) {
        let second = Stage { vpn: next, ..stage };
        let what = self.draw.below(4);
        match what {
            0 => self.perhaps_more(scene, stage),
            1 => self.perhaps_more(scene, second),
            2 => self.hold(scene, second),
            _ => {}
        }
        if what == 2 && self.has(OpKind::Race) && self.draw.one_in(2) {
            // While the second page holds up the move of both, somebody quick takes the first.
            scene.push(self.quick_pin_of(stage));
        } else if self.has(OpKind::FailAlloc) && self.draw.one_in(if apart { 3 } else { 6 }) {
            // VMAs and what belongs to them come first, then the tables.
            scene.push(Op::FailAlloc { nth: 1 + self.draw.below(8) as u16 });
        } else if self.has(OpKind::Race) && self.draw.one_in(4) {
            scene.push(self.walk_of(stage));
        } else {
            self.perhaps_race(scene, stage);
        }
    }

    /// Somebody keeps the page as it is: whoever wants to change it must give up, perhaps midway.
    fn hold(&mut self, scene: &mut Scene, stage: Stage) {
        let Stage { pid, vpn, .. } = stage;
        match self.draw.pick(&[OpKind::Lock, OpKind::Lock, OpKind::Pin, OpKind::Migrate]) {
            kind if !self.has(kind) => {}
            OpKind::Lock => scene.push(Op::Lock { pid, vpn, token: self.new_token() }),
            OpKind::Pin => scene.push(self.pin_of(stage)),
            _ => scene.push(Op::Migrate { pid, vpn, token: self.new_token(), all: true }),
        }
    }

    /// A pin of this very page.
    fn pin_of(&mut self, stage: Stage) -> Op {
        let range = PageRange { start: stage.vpn, len: 1 };
        let flags = self.gup_flags(true);
        Op::Gup { pid: stage.pid, range, handle: self.new_handle(), flags }
    }

    /// GUP-fast that pins this very page at one moment, early in the next operation.
    fn quick_pin_of(&mut self, stage: Stage) -> Op {
        let Stage { pid, vpn, .. } = stage;
        let (handle, write) = (self.new_handle(), self.draw.one_in(2));
        let at = [1 + self.draw.below(4) as u8; RACE_STEPS];
        Op::Race { actor: Actor::Gup { pid, vpn, handle, pin: true, write }, at }
    }

    /// A page that somebody looks at is taken away.
    fn take_away(&mut self, stage: Stage) -> Scene {
        let Stage { pid, vpn, .. } = stage;
        let mut scene = Scene::EMPTY;
        scene.push(Op::Write { pid, vpn, value: self.value() });
        self.perhaps_more(&mut scene, stage);
        if self.has(OpKind::Race) {
            let op = if self.draw.one_in(3) { self.op() } else { self.op_at(pid, vpn) };
            let looked_at = if self.draw.one_in(3) { op } else { Op::Read { pid, vpn } };
            scene.push(self.race_before(&looked_at));
            scene.push(op);
        }
        scene
    }

    /// A page whose content nobody wants any more, but for somebody who is quick, and reclaim.
    fn give_up(&mut self, stage: Stage) -> Scene {
        let Stage { pid, vpn, block, .. } = stage;
        let mut scene = Scene::EMPTY;
        scene.push(Op::Write { pid, vpn, value: self.value() });
        scene.push(self.race_before(&Op::Read { pid, vpn }));
        let range = if self.draw.one_in(2) { PageRange { start: vpn, len: 1 } } else { block };
        scene.push(Op::Madvise { pid, range, advice: Advice::Free });
        scene.push(Op::SwapOut { pid, vpn, token: None });
        scene
    }

    /// A page on a device that is switched off.
    fn switch_off(&mut self, stage: Stage) -> Scene {
        let Stage { pid, vpn, .. } = stage;
        let mut scene = Scene::EMPTY;
        scene.push(Op::Write { pid, vpn, value: self.value() });
        scene.push(Op::SwapOut { pid, vpn, token: None });
        if self.has(OpKind::Fork) && self.draw.one_in(2) {
            scene.push(self.op_of(OpKind::Fork));
        }
        if self.has(OpKind::BadSlot) && self.draw.one_in(2) {
            scene.push(Op::BadSlot { pid, vpn });
        }
        scene.push(Op::Swapoff);
        scene
    }

    /// A large folio, and something that happens to the whole of it, or beside it.
    fn large(&mut self, stage: Stage) -> Scene {
        let Stage { pid, vpn, block, .. } = stage;
        let mut scene = self.large_folio(stage);
        let (migrates, swaps) = (self.has(OpKind::Migrate), self.has(OpKind::SwapOut));
        let splits = self.has(OpKind::Split);
        match self.draw.below(5) {
            0 if swaps && splits => self.cached_and_split(&mut scene, stage),
            1 if migrates && splits && self.has(OpKind::Fork) => self.part_ways(&mut scene, stage),
            2 if swaps && self.has(OpKind::Hwpoison) => {
                scene.push(self.op_of(OpKind::Get));
                scene.push(Op::Hwpoison { pid, vpn });
                scene.push(Op::SwapOut { pid, vpn, token: None });
            }
            3 if migrates && self.has(OpKind::UffdRegister) => {
                let call = UffdCall::Register { missing: true, wp: false };
                scene.push(Op::Uffd { pid, range: block, call });
                scene.push(Op::Migrate { pid, vpn, token: self.new_token(), all: true });
                let fill = UffdFill::Copy { value: self.value(), wp: false };
                scene.push(Op::UffdFill { pid, vpn, fill });
            }
            _ if self.has(OpKind::NumaHint) => {
                self.perhaps_race(&mut scene, stage);
                scene.push(Op::NumaHint { pid, range: block });
            }
            _ => self.perhaps_more(&mut scene, stage),
        }
        scene
    }

    /// The folio.
    fn large_folio(&mut self, stage: Stage) -> Scene {
        let Stage { pid, vpn, block, .. } = stage;
        let mut scene = Scene::EMPTY;
        let always = if self.draw.one_in(2) {
            OrderSet::EMPTY.with(Order(self.config.pmd_order().0))
        } else {
            self.some_orders(self.profile.orders)
        };
        scene.push(Op::Thp { always, madvise: OrderSet::EMPTY });
        scene.push(if self.draw.one_in(2) {
            Op::Mmap { pid, range: block, prot: Prot::RW, droppable: false }
        } else {
            Op::Madvise { pid, range: block, advice: Advice::DontNeed }
        });
        scene.push(Op::Write { pid, vpn, value: self.value() });
        scene
    }

    /// A child; another process makes room for it where all there may be are alive.
    pub(super) fn relative(&mut self, scene: &mut Scene, parent: Pid) -> Pid {
        let mut child = self.child();
        while child == parent {
            child = Pid((child.0 + 1) % PROCS_MAX);
        }
        if self.is_alive(child) && self.has(OpKind::Exit) {
            scene.push(Op::Exit { pid: child });
        }
        scene.push(Op::Fork { parent, child });
        child
    }

    /// The folio is written to swap, mapped again from the swap cache, and split.
    fn cached_and_split(&mut self, scene: &mut Scene, stage: Stage) {
        let Stage { pid, vpn, .. } = stage;
        let token = self.new_token();
        scene.push(Op::SwapOut { pid, vpn, token: Some(token) });
        scene.push(Op::Read { pid, vpn });
        scene.push(Op::WriteDone { token, error: false });
        let order = self.split_order();
        scene.push(Op::Split { pid, vpn, order, nonuniform: self.draw.one_in(4) });
    }

    /// Whether a part of a folio can be shared, or have been shared.
    fn can_share_some(&self) -> bool {
        self.has(OpKind::Fork) && (self.has(OpKind::Exit) || self.says(Advice::DontFork))
    }

    /// Some pages of a folio are writable, the others are not; then the run that they were is changed,
    /// or moved, mostly entry by entry.
    fn mixed(&mut self, stage: Stage) -> Scene {
        let Stage { pid, block, other, .. } = stage;
        let mut scene = self.large_folio(stage);
        if self.says(Advice::DontFork) && (self.draw.one_in(2) || !self.has(OpKind::Exit)) {
            // What the child does not get stays writable.
            let range = self.part_of(block);
            scene.push(Op::Madvise { pid, range, advice: Advice::DontFork });
            self.relative(&mut scene, pid);
            scene.push(Op::Madvise { pid, range, advice: Advice::DoFork });
        } else {
            let child = self.relative(&mut scene, pid);
            scene.push(Op::Exit { pid: child });
            let vpn = Vpn(self.page_of(block));
            scene.push(Op::Write { pid, vpn, value: self.value() });
        }
        if self.draw.one_in(3) {
            self.perhaps_race(&mut scene, stage);
        }
        if self.has(OpKind::Mremap) && !self.draw.one_in(3) {
            let range = if self.draw.one_in(3) { block } else { self.part_of(block) };
            let start = Vpn(other.start.0.saturating_add(range.start.0 - block.start.0));
            let flags = MremapFlags { maymove: true, fixed: true, ..MremapFlags::default() };
            scene.push(Op::Mremap { pid, range, to: PageRange { start, ..range }, flags });
        } else if self.has(OpKind::Mprotect) {
            scene.push(Op::Mprotect { pid, range: block, prot: Prot::R });
            scene.push(Op::Mprotect { pid, range: block, prot: Prot::RW });
        }
        scene
    }

    /// Parent and child share the folio, then the parent has another one in its place, under
    /// migration when the old one is split.
    fn part_ways(&mut self, scene: &mut Scene, stage: Stage) {
        let Stage { pid, vpn, block, .. } = stage;
        let child = self.relative(scene, pid);
        scene.push(Op::Madvise { pid, range: block, advice: Advice::DontNeed });
        scene.push(Op::Write { pid, vpn, value: self.value() });
        scene.push(Op::Migrate { pid, vpn, token: self.new_token(), all: true });
        scene.push(Op::Split { pid: child, vpn, order: Order(0), nonuniform: false });
    }

    /// Something that makes a page less ordinary.
    pub(super) fn perhaps_more(&mut self, scene: &mut Scene, stage: Stage) {
        let Stage { pid, vpn, block, .. } = stage;
        let kind = self.draw.pick(&[
            OpKind::SwapOut,
            OpKind::SwapOut,
            OpKind::Migrate,
            OpKind::Fork,
            OpKind::UffdWp,
            OpKind::Mprotect,
            OpKind::Pin,
        ]);
        if !self.has(kind) || self.draw.one_in(3) {
            return;
        }
        match kind {
            OpKind::SwapOut => {
                let token = if self.draw.one_in(2) { Some(self.new_token()) } else { None };
                scene.push(Op::SwapOut { pid, vpn, token });
                match self.draw.below(4) {
                    0 => scene.push(Op::Read { pid, vpn }),
                    1 if self.says(Advice::WillNeed) => {
                        scene.push(Op::Madvise { pid, range: block, advice: Advice::WillNeed });
                    }
                    _ => {}
                }
            }
            OpKind::Migrate => {
                scene.push(Op::Migrate { pid, vpn, token: self.new_token(), all: true });
            }
            OpKind::UffdWp if self.has(OpKind::UffdRegister) => {
                let call = UffdCall::Register { missing: false, wp: true };
                scene.push(Op::Uffd { pid, range: block, call });
                self.perhaps_race(scene, stage);
                scene.push(Op::Uffd { pid, range: block, call: UffdCall::Protect(true) });
            }
            OpKind::Mprotect => scene.push(Op::Mprotect { pid, range: block, prot: Prot::R }),
            OpKind::Pin => scene.push(self.pin_of(stage)),
            _ => scene.push(self.op_of(kind)),
        }
    }

    /// Somebody without locks looks at the page while the next operation runs.
    pub(super) fn perhaps_race(&mut self, scene: &mut Scene, stage: Stage) {
        if self.has(OpKind::Race) && self.draw.one_in(2) {
            let Stage { pid, vpn, .. } = stage;
            scene.push(if self.draw.one_in(3) {
                self.walk_of(stage)
            } else {
                self.race_before(&Op::Read { pid, vpn })
            });
        }
    }

    /// Somebody follows the reverse map of the page while the next operation runs.
    fn walk_of(&mut self, Stage { pid, vpn, .. }: Stage) -> Op {
        // It has the lock when the operation begins, or comes at one moment, or at any.
        let soon = 1 + self.draw.below(4) as u8;
        let at = match self.draw.below(4) {
            0 | 1 => [0, 0, 0, soon],
            2 => [soon; RACE_STEPS],
            _ => self.yields(),
        };
        Op::Race { actor: Actor::Walk { pid, vpn }, at }
    }
}
