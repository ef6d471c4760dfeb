//! Drawing what device drivers do.

use super::draw::Draw;
use super::operands::Maker;
use crate::device::{DEVICES_MAX, DevOp, DevSelect, Device};
use crate::kind::OpKind;

impl<D: Draw + ?Sized> Maker<'_, D> {
    /// An operation of this kind.
    pub(super) fn dev_op(&mut self, kind: OpKind) -> DevOp {
        match kind {
            OpKind::DevSetup => DevOp::Setup {
                device: self.device(),
                pid: self.pid(),
                range: self.range(),
                token: self.new_token(),
                select: self.select(),
            },
            OpKind::DevEvict => DevOp::Evict {
                device: self.device(),
                pid: self.pid(),
                range: self.range(),
                token: self.new_token(),
            },
            OpKind::DevPages => {
                DevOp::Pages { token: self.taken_token(), to_device: !self.draw.one_in(3) }
            }
            OpKind::DevFinalize => DevOp::Finalize { token: self.taken_token() },
            OpKind::DevExclusive => DevOp::Exclusive {
                device: self.device(),
                pid: self.pid(),
                vpn: self.page(),
                token: self.new_token(),
            },
            OpKind::DevRead => {
                DevOp::Read { device: self.device(), pid: self.pid(), vpn: self.page() }
            }
            _ => DevOp::Write {
                device: self.device(),
                pid: self.pid(),
                vpn: self.page(),
                value: self.value(),
            },
        }
    }

    /// A device: the first one mostly, so that its operations meet.
    pub(crate) fn device(&mut self) -> Device {
        Device(if self.draw.one_in(6) { self.draw.below(u32::from(DEVICES_MAX)) as u8 } else { 0 })
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
