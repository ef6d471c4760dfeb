//! The operands of an operation by their type, whatever the operation: for tools that rename,
//! move or count them.

use crate::ids::{Handle, PageRange, Pid, Token, Value, Vpn};
use crate::op::{Op, Remote};

/// The operands an operation has. Flags, rights, advice, orders and plain counts are not among
/// them: they mean something different to each operation.
#[derive(Debug, Default)]
pub struct Operands<'a> {
    /// The process.
    pub pid: Option<&'a mut Pid>,
    /// The process a fork makes.
    pub child: Option<&'a mut Pid>,
    /// The range of pages.
    pub range: Option<&'a mut PageRange>,
    /// The single page.
    pub vpn: Option<&'a mut Vpn>,
    /// The GUP handle.
    pub handle: Option<&'a mut Handle>,
    /// The circumstance.
    pub token: Option<&'a mut Token>,
    /// The value stored.
    pub value: Option<&'a mut Value>,
}

impl Op {
    /// The operands. An `Op` is small and `Copy`: to look only, ask a copy.
    pub fn operands(&mut self) -> Operands<'_> {
        let none = Operands::default();
        match self {
            Self::Mmap { pid, range, .. }
            | Self::Munmap { pid, range }
            | Self::Mprotect { pid, range, .. }
            | Self::Madvise { pid, range, .. }
            | Self::Mlock { pid, range }
            | Self::Munlock { pid, range }
            | Self::Mseal { pid, range }
            | Self::NumaHint { pid, range } => {
                Operands { pid: Some(pid), range: Some(range), ..none }
            }
            Self::Fork { parent, child } => {
                Operands { pid: Some(parent), child: Some(child), ..none }
            }
            Self::Exit { pid } | Self::ClearRefs { pid } => Operands { pid: Some(pid), ..none },
            Self::Read { pid, vpn }
            | Self::Remote { pid, vpn, access: Remote::Peek | Remote::VmRead } => {
                Operands { pid: Some(pid), vpn: Some(vpn), ..none }
            }
            Self::Write { pid, vpn, value }
            | Self::Remote { pid, vpn, access: Remote::Poke(value) | Remote::VmWrite(value) } => {
                Operands { pid: Some(pid), vpn: Some(vpn), value: Some(value), ..none }
            }
            Self::Gup { pid, range, handle, .. } => {
                Operands { pid: Some(pid), range: Some(range), handle: Some(handle), ..none }
            }
            Self::Put { handle, .. } | Self::DmaRead { handle, .. } => {
                Operands { handle: Some(handle), ..none }
            }
            Self::DmaWrite { handle, value, .. } => {
                Operands { handle: Some(handle), value: Some(value), ..none }
            }
            Self::Lock { pid, vpn, token } | Self::Isolate { pid, vpn, token } => {
                Operands { pid: Some(pid), vpn: Some(vpn), token: Some(token), ..none }
            }
            Self::Drop { token } => Operands { token: Some(token), ..none },
            Self::Thp { .. } | Self::FailAlloc { .. } => none,
        }
    }
}
