//! Drawing what device drivers do: migrations that go through all their phases mostly, accesses to
//! pages that the device has.

use super::draw::Draw;
use super::operands::Maker;
use super::scenes::{Scene, Stage};
use crate::call::{Advice, Prot, UffdCall};
use crate::config::{Config, DevExclusiveMode};
use crate::device::{DEVICES_MAX, DevOp, DevSelect, Device};
use crate::ids::{Order, OrderSet, PageRange, Token, Vpn};
use crate::kind::OpKind;
use crate::op::Op;

impl<D: Draw + ?Sized> Maker<'_, D> {
    /// The phase that a migration under way comes to next, now and then.
    pub(super) fn phase(&mut self) -> Option<OpKind> {
        let under_way = self.sketch.migrating != 0 && self.profile.weight(OpKind::DevPages) > 0;
        if !under_way || !self.draw.one_in(3) {
            return None;
        }
        let paged = self.sketch.migrating & !self.sketch.paged == 0;
        Some(if paged { OpKind::DevFinalize } else { OpKind::DevPages })
    }

    /// An operation of this kind.
    pub(super) fn dev_op(&mut self, kind: OpKind) -> DevOp {
        match kind {
            OpKind::DevSetup => DevOp::Setup {
                device: self.device(),
                pid: self.pid(),
                range: self.short_range(),
                token: self.new_token(),
                select: self.select(),
            },
            OpKind::DevEvict => {
                let (device, vpn) = self.held();
                let range = self.range_around(vpn);
                DevOp::Evict { device, pid: self.pid(), range, token: self.new_token() }
            }
            OpKind::DevPages => {
                let token = self.migration(self.sketch.migrating & !self.sketch.paged);
                DevOp::Pages { token, to_device: !self.draw.one_in(3) }
            }
            OpKind::DevFinalize => {
                let done = self.draw.one_in(8);
                let of = if done { self.sketch.migrating } else { self.sketch.paged };
                DevOp::Finalize { token: self.migration(of) }
            }
            OpKind::DevExclusive => DevOp::Exclusive {
                device: self.device(),
                pid: self.pid(),
                vpn: self.page(),
                token: self.new_token(),
            },
            OpKind::DevRead => {
                let (device, vpn) = self.held();
                DevOp::Read { device, pid: self.pid(), vpn }
            }
            _ => {
                let (device, vpn) = self.held();
                DevOp::Write { device, pid: self.pid(), vpn, value: self.value() }
            }
        }
    }

    /// Whether pages can get to a device.
    pub(super) fn has_device_migrations(&self) -> bool {
        [OpKind::DevSetup, OpKind::DevPages, OpKind::DevFinalize].iter().all(|kind| self.has(*kind))
    }

    /// A block goes to a device while a relative has other pages in its place; then something looks
    /// for those, or for what the device has.
    pub(super) fn on_a_device(&mut self, stage: Stage) -> Scene {
        let Stage { pid, vpn, block, .. } = stage;
        let mut scene = Scene::EMPTY;
        if self.has(OpKind::Thp) && !self.draw.one_in(4) {
            let always = OrderSet::EMPTY.with(Order(self.config.pmd_order().0));
            scene.push(Op::Thp { always, madvise: OrderSet::EMPTY });
        }
        scene.push(Op::Mmap { pid, range: block, prot: Prot::RW, droppable: false });
        scene.push(Op::Write { pid, vpn, value: self.value() });
        let (mut goes, mut stays) = (pid, pid);
        if self.has(OpKind::Fork) && !self.draw.one_in(3) {
            let child = self.relative(&mut scene, pid);
            (goes, stays) = if self.draw.one_in(2) { (pid, child) } else { (child, pid) };
            if self.says(Advice::DontNeed) && !self.draw.one_in(6) {
                scene.push(Op::Madvise { pid: goes, range: block, advice: Advice::DontNeed });
            }
            scene.push(Op::Write { pid: goes, vpn, value: self.value() });
        }
        let there = Stage { pid: goes, ..stage };
        if self.draw.one_in(4) {
            self.perhaps_more(&mut scene, there);
        }
        self.migrate_to_device(&mut scene, there);
        if self.draw.one_in(6) {
            self.change_rights(&mut scene, there);
            return scene;
        }
        if self.draw.one_in(2) {
            self.perhaps_race(&mut scene, there);
        }
        scene.push(match self.draw.below(5) {
            0 => self.op_at(goes, vpn),
            1 => self.look_for(there),
            _ => self.look_for(Stage { pid: stays, ..stage }),
        });
        scene
    }

    /// All the phases of a migration to a device.
    fn migrate_to_device(&mut self, scene: &mut Scene, Stage { pid, block, .. }: Stage) {
        let range = PageRange { len: block.len.min(self.config.dev_range_max()), ..block };
        let (device, token) = (self.device(), self.new_token());
        let select = DevSelect { system: true, private: false };
        scene.push(Op::Dev(DevOp::Setup { device, pid, range, token, select }));
        scene.push(Op::Dev(DevOp::Pages { token, to_device: true }));
        scene.push(Op::Dev(DevOp::Finalize { token }));
    }

    /// What the device has is watched, and its rights change.
    fn change_rights(&mut self, scene: &mut Scene, Stage { pid, block, .. }: Stage) {
        if self.has(OpKind::UffdRegister) && self.has(OpKind::UffdWp) {
            let call = UffdCall::Register { missing: false, wp: true };
            scene.push(Op::Uffd { pid, range: block, call });
            scene.push(Op::Uffd { pid, range: block, call: UffdCall::Protect(true) });
        }
        if self.has(OpKind::Mprotect) {
            let range = if self.draw.one_in(4) { self.part_of(block) } else { block };
            scene.push(Op::Mprotect { pid, range, prot: self.prot() });
        }
    }

    /// Something that follows the reverse map of a page.
    fn look_for(&mut self, Stage { pid, vpn, .. }: Stage) -> Op {
        let kinds = [OpKind::RmapWalk, OpKind::SwapOut, OpKind::Migrate, OpKind::Split];
        let profile = self.profile;
        let known = kinds.iter().filter(|kind| profile.weight(**kind) > 0);
        let count = known.clone().count() as u32;
        if count == 0 {
            return self.op();
        }
        match known.clone().nth(self.draw.below(count) as usize) {
            Some(OpKind::SwapOut) => Op::SwapOut { pid, vpn, token: None },
            Some(OpKind::Migrate) => Op::Migrate { pid, vpn, token: self.new_token(), all: true },
            Some(OpKind::Split) => {
                Op::Split { pid, vpn, order: self.split_order(), nonuniform: false }
            }
            _ => Op::RmapWalk { pid, vpn },
        }
    }

    /// A device: the first one mostly, so that its operations meet.
    pub(crate) fn device(&mut self) -> Device {
        Device(if self.draw.one_in(6) { self.draw.below(u32::from(DEVICES_MAX)) as u8 } else { 0 })
    }

    /// A page that a device has, if possible, or one beside it.
    fn held(&mut self) -> (Device, Vpn) {
        let held = self.sketch.held.as_slice();
        if held.is_empty() || self.draw.one_in(8) {
            return (self.device(), self.page());
        }
        let (device, Vpn(vpn)) = self.draw.pick(held);
        let beside = if self.draw.one_in(4) { self.draw.below(4) } else { 0 };
        (device, Vpn(vpn.saturating_add(beside)))
    }

    /// One of these migrations, if there is one.
    fn migration(&mut self, tokens: u8) -> Token {
        if tokens == 0 { self.taken_token() } else { Token(self.draw.bit(u32::from(tokens))) }
    }

    /// A range for a driver: around a page that was touched mostly, and not too long.
    fn short_range(&mut self) -> PageRange {
        let range = if self.draw.one_in(3) {
            self.range()
        } else {
            let vpn = self.page();
            self.range_around(vpn)
        };
        let longest = self.config.dev_range_max();
        if self.draw.one_in(32) {
            range
        } else {
            PageRange { len: range.len.min(longest), ..range }
        }
    }

    /// What is taken: ordinary pages mostly.
    pub(crate) fn select(&mut self) -> DevSelect {
        match self.draw.below(8) {
            0 => DevSelect::default(),
            1 | 2 => DevSelect { system: false, private: true },
            3 => DevSelect { system: true, private: true },
            _ => DevSelect { system: true, private: false },
        }
    }
}

/// A device's memory: enough mostly, sometimes little, rarely none.
pub(crate) fn draw_dev_mem(draw: &mut (impl Draw + ?Sized)) -> u16 {
    match draw.below(8) {
        0..5 => Config::default().dev_mem,
        5 => 16,
        6 => draw.between(1, 8) as u16,
        _ => 0,
    }
}

/// How pages become exclusive: as the newest kernel does it mostly.
pub(crate) fn draw_dev_exclusive(draw: &mut (impl Draw + ?Sized)) -> DevExclusiveMode {
    match draw.below(8) {
        0 => DevExclusiveMode::Folio,
        1 => DevExclusiveMode::Walk,
        _ => DevExclusiveMode::Current,
    }
}
