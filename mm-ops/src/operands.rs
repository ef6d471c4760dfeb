//! The operands of an operation by their type, whatever the operation: for tools that rename,
//! move or count them.

use crate::call::{Remote, UffdFill};
use crate::device::Device;
use crate::ids::{Handle, PageRange, Pid, Token, Value, Vpn};
use crate::op::Op;
use crate::race::Actor;

/// The operands an operation has. Flags, rights, advice, orders and plain counts are not among
/// them: they mean something different to each operation.
#[derive(Debug, Default)]
pub struct Operands<'a> {
    /// The process.
    pub pid: Option<&'a mut Pid>,
    /// The second process: the one a fork makes, or that of the second page of a KSM merge.
    pub other: Option<&'a mut Pid>,
    /// The range of pages.
    pub range: Option<&'a mut PageRange>,
    /// The single page.
    pub vpn: Option<&'a mut Vpn>,
    /// The second page of a KSM merge; the destination of a UFFDIO_MOVE.
    pub to: Option<&'a mut Vpn>,
    /// The new address and length of a mremap.
    pub new_range: Option<&'a mut PageRange>,
    /// The GUP handle.
    pub handle: Option<&'a mut Handle>,
    /// The circumstance.
    pub token: Option<&'a mut Token>,
    /// The value stored.
    pub value: Option<&'a mut Value>,
    /// The device.
    pub device: Option<&'a mut Device>,
}

impl Op {
    /// The process the operation is about: it must be alive (`ESRCH`). Of a fork the parent.
    #[must_use]
    pub fn actor(mut self) -> Option<Pid> {
        self.operands().pid.copied()
    }

    /// The processes it names.
    pub fn pids(&mut self) -> impl Iterator<Item = &mut Pid> {
        let operands = self.operands();
        operands.pid.into_iter().chain(operands.other)
    }

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
            | Self::NumaHint { pid, range }
            | Self::Uffd { pid, range, .. } => {
                Operands { pid: Some(pid), range: Some(range), ..none }
            }
            Self::Fork { parent, child } => {
                Operands { pid: Some(parent), other: Some(child), ..none }
            }
            Self::Exit { pid } | Self::ClearRefs { pid } => Operands { pid: Some(pid), ..none },
            Self::Mremap { pid, range, to, .. } => {
                let (pid, new_range) = (Some(pid), Some(to));
                Operands { pid, range: Some(range), new_range, ..none }
            }
            Self::UffdMove { pid, range, to, .. } => {
                Operands { pid: Some(pid), range: Some(range), to: Some(to), ..none }
            }
            Self::Read { pid, vpn }
            | Self::RmapWalk { pid, vpn }
            | Self::BadSlot { pid, vpn }
            | Self::Split { pid, vpn, .. }
            | Self::KsmZero { pid, vpn }
            | Self::Khugepaged { pid, vpn, .. }
            | Self::Hwpoison { pid, vpn }
            | Self::SoftOffline { pid, vpn }
            | Self::UffdFill { pid, vpn, fill: UffdFill::Zero | UffdFill::Poison }
            | Self::Remote { pid, vpn, access: Remote::Peek | Remote::VmRead } => {
                Operands { pid: Some(pid), vpn: Some(vpn), ..none }
            }
            Self::Write { pid, vpn, value }
            | Self::UffdFill { pid, vpn, fill: UffdFill::Copy { value, .. } }
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
            Self::Lock { pid, vpn, token }
            | Self::Isolate { pid, vpn, token }
            | Self::Migrate { pid, vpn, token, .. } => {
                Operands { pid: Some(pid), vpn: Some(vpn), token: Some(token), ..none }
            }
            Self::SwapOut { pid, vpn, token } => {
                Operands { pid: Some(pid), vpn: Some(vpn), token: token.as_mut(), ..none }
            }
            Self::Race { actor, .. } => match actor {
                Actor::Gup { pid, vpn, handle, .. } => {
                    Operands { pid: Some(pid), vpn: Some(vpn), handle: Some(handle), ..none }
                }
                Actor::Load { pid, vpn } | Actor::Walk { pid, vpn } => {
                    Operands { pid: Some(pid), vpn: Some(vpn), ..none }
                }
                Actor::Store { pid, vpn, value } => {
                    Operands { pid: Some(pid), vpn: Some(vpn), value: Some(value), ..none }
                }
            },
            Self::Drop { token }
            | Self::WriteDone { token, .. }
            | Self::MigrateCopy { token }
            | Self::MigrateEnd { token } => Operands { token: Some(token), ..none },
            Self::Ksm { pid, vpn, with, to } => {
                let (pid, other) = (Some(pid), Some(with));
                Operands { pid, other, vpn: Some(vpn), to: Some(to), ..none }
            }
            Self::Dev(op) => op.operands(),
            Self::Thp { .. }
            | Self::FailAlloc { .. }
            | Self::Swapoff
            | Self::Swapon
            | Self::Drain
            | Self::DeferredScan { .. } => none,
        }
    }
}
