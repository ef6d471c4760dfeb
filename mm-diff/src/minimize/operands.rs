//! The operands of an operation, visited one by one, so that the reductions need no list of
//! operations of their own.

use mm_ops::{Handle, Op, PageRange, Pid, Program, Remote, Token, Value, Vpn};

/// An operand, in place.
pub(super) enum Operand<'a> {
    Pid(&'a mut Pid),
    Handle(&'a mut Handle),
    Token(&'a mut Token),
    Page(&'a mut Vpn),
    Range(&'a mut PageRange),
    Value(&'a mut Value),
}

/// Shows every operand of an operation to `visit`.
pub(super) fn visit_operands(op: &mut Op, visit: &mut impl FnMut(Operand<'_>)) {
    match op {
        Op::Mmap { pid, range, .. }
        | Op::Munmap { pid, range }
        | Op::Mprotect { pid, range, .. }
        | Op::Madvise { pid, range, .. }
        | Op::Mlock { pid, range }
        | Op::Munlock { pid, range }
        | Op::Mseal { pid, range }
        | Op::NumaHint { pid, range } => {
            visit(Operand::Pid(pid));
            visit(Operand::Range(range));
        }
        Op::Fork { parent, child } => {
            visit(Operand::Pid(parent));
            visit(Operand::Pid(child));
        }
        Op::Exit { pid } | Op::ClearRefs { pid } => visit(Operand::Pid(pid)),
        Op::Read { pid, vpn } => {
            visit(Operand::Pid(pid));
            visit(Operand::Page(vpn));
        }
        Op::Write { pid, vpn, value } => {
            visit(Operand::Pid(pid));
            visit(Operand::Page(vpn));
            visit(Operand::Value(value));
        }
        Op::Gup { pid, range, handle, .. } => {
            visit(Operand::Pid(pid));
            visit(Operand::Range(range));
            visit(Operand::Handle(handle));
        }
        Op::Put { handle, .. } | Op::DmaRead { handle, .. } => visit(Operand::Handle(handle)),
        Op::DmaWrite { handle, value, .. } => {
            visit(Operand::Handle(handle));
            visit(Operand::Value(value));
        }
        Op::Remote { pid, vpn, access } => {
            visit(Operand::Pid(pid));
            visit(Operand::Page(vpn));
            if let Remote::Poke(value) | Remote::VmWrite(value) = access {
                visit(Operand::Value(value));
            }
        }
        Op::Lock { pid, vpn, token } | Op::Isolate { pid, vpn, token } => {
            visit(Operand::Pid(pid));
            visit(Operand::Page(vpn));
            visit(Operand::Token(token));
        }
        Op::Drop { token } => visit(Operand::Token(token)),
        Op::Thp { .. } | Op::FailAlloc { .. } => {}
    }
}

/// Shows every operand of a program to `visit`.
pub(super) fn visit_program(program: &mut Program, visit: &mut impl FnMut(Operand<'_>)) {
    program.steps.iter_mut().for_each(|step| visit_operands(&mut step.op, visit));
}

/// A name that one operation gives to something and later ones use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Pid(Pid),
    Handle(Handle),
    Token(Token),
}

/// The name an operation gives.
pub(super) fn defined(op: &Op) -> Option<Name> {
    match *op {
        Op::Fork { child, .. } => Some(Name::Pid(child)),
        Op::Gup { handle, .. } => Some(Name::Handle(handle)),
        Op::Lock { token, .. } | Op::Isolate { token, .. } => Some(Name::Token(token)),
        _ => None,
    }
}

/// Whether an operation uses a name, in whatever way.
pub(super) fn uses(op: &Op, name: Name) -> bool {
    let mut used = false;
    let mut copy = *op;
    visit_operands(&mut copy, &mut |operand| {
        used |= match (operand, name) {
            (Operand::Pid(pid), Name::Pid(name)) => *pid == name,
            (Operand::Handle(handle), Name::Handle(name)) => *handle == name,
            (Operand::Token(token), Name::Token(name)) => *token == name,
            _ => false,
        };
    });
    used
}
