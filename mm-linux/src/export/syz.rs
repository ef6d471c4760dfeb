//! A program as a syzkaller program: the system calls of one process, without their answers.

use super::refused;
use crate::ops::advice_number;
use crate::supports::{RELOCATION, Unsupported};
use mm_ops::{MremapFlags, Op, PageRange, Pid, Program, Prot, Remote, Value, Vpn};

/// Where syzkaller's arena begins in the text of its programs, and how many pages it has.
const BASE: u64 = 0x7f00_0000_0000;
const PAGES: u64 = 0x1000;

pub(super) fn export(program: &Program) -> Result<String, Unsupported> {
    let mut out = String::new();
    for (index, step) in program.steps.iter().enumerate() {
        let call = call(&step.op).map_err(|reason| refused(index, reason))?;
        out.push_str(&format!("# {step}\n{call}\n"));
    }
    Ok(out)
}

/// A range as a syzkaller `vma`.
fn vma(range: PageRange) -> Result<String, String> {
    if range.end() > PAGES || range.is_empty() {
        return Err(format!("syzkaller's arena has the pages 0 … {PAGES}"));
    }
    Ok(format!("&({:#x}/{:#x})=nil", address(range.start), u64::from(range.len) * 4096))
}

fn address(vpn: Vpn) -> u64 {
    BASE + u64::from(vpn.0) * 4096
}

fn page(vpn: Vpn) -> PageRange {
    PageRange { start: vpn, len: 1 }
}

fn bytes(range: PageRange) -> String {
    format!("{:#x}", u64::from(range.len) * 4096)
}

fn rights(prot: Prot) -> u8 {
    u8::from(prot.read) | u8::from(prot.write) << 1
}

/// A store: syzkaller puts a call's data in place before the call, which here does nothing.
fn store(vpn: Vpn, value: Value) -> Result<String, String> {
    vma(page(vpn))?;
    let data = format!("{:02x}", value.label).repeat(16);
    Ok(format!("write(0xffffffffffffffff, &({:#x})=\"{data}\", 0x10)", address(vpn)))
}

fn only_p0(pid: Pid) -> Result<(), String> {
    if pid == Pid(0) { Ok(()) } else { Err("a syzkaller program is one process".to_owned()) }
}

fn call(op: &Op) -> Result<String, String> {
    let ranged = |pid: Pid, name: &str, range: PageRange, more: String| {
        only_p0(pid)?;
        Ok(format!("{name}({}, {}{more})", vma(range)?, bytes(range)))
    };
    match *op {
        Op::Mmap { pid, range, prot, droppable } => {
            let kind = if droppable { 0x08 } else { 0x02 };
            // MAP_ANONYMOUS and MAP_FIXED: something may be mapped in the arena when a program starts.
            let flags = 0x30 | kind;
            let more = format!(", {:#x}, {flags:#x}, 0xffffffffffffffff, 0x0", rights(prot));
            ranged(pid, "mmap", range, more)
        }
        Op::Munmap { pid, range } => ranged(pid, "munmap", range, String::new()),
        Op::Mprotect { pid, range, prot } => {
            ranged(pid, "mprotect", range, format!(", {:#x}", rights(prot)))
        }
        Op::Madvise { pid, range, advice } => {
            ranged(pid, "madvise", range, format!(", {:#x}", advice_number(advice)))
        }
        Op::Mlock { pid, range } => ranged(pid, "mlock", range, String::new()),
        Op::Munlock { pid, range } => ranged(pid, "munlock", range, String::new()),
        Op::Mseal { pid, range } => ranged(pid, "mseal", range, ", 0x0".to_owned()),
        Op::Mremap { flags, .. } if flags.relocates() => Err(RELOCATION.to_owned()),
        Op::Mremap { pid, range, to, flags } => {
            let MremapFlags { maymove, fixed, dontunmap, .. } = flags;
            if !fixed && !dontunmap && to.len > range.len && maymove {
                return Err(
                    "a mremap to where the kernel likes: syzkaller's arena is full".to_owned()
                );
            }
            let flags = u8::from(maymove) | u8::from(fixed) << 1 | u8::from(dontunmap) << 2;
            let to_place = vma(to)?;
            ranged(pid, "mremap", range, format!(", {}, {flags:#x}, {to_place}", bytes(to)))
        }
        Op::Exit { pid } => only_p0(pid).map(|()| "exit_group(0x0)".to_owned()),
        // MADV_POPULATE_READ: the nearest call to a load.
        Op::Read { pid, vpn } => ranged(pid, "madvise", page(vpn), ", 0x16".to_owned()),
        Op::Write { pid, vpn, value } => only_p0(pid).and_then(|()| store(vpn, value)),
        Op::Remote { pid, vpn, access: Remote::VmRead } => {
            only_p0(pid)?;
            remote("process_vm_readv", vpn)
        }
        Op::Remote { .. } => Err("/proc/pid/mem and stores from outside: no call".to_owned()),
        Op::Fork { .. } => Err("fork: a syzkaller program is one process".to_owned()),
        Op::Gup { .. } | Op::Put { .. } | Op::DmaRead { .. } | Op::DmaWrite { .. } => {
            Err("GUP handles: no call that answers for one".to_owned())
        }
        Op::Thp { .. } => Err("thp: a setting of the system, not a call".to_owned()),
        Op::ClearRefs { .. }
        | Op::FailAlloc { .. }
        | Op::Lock { .. }
        | Op::Isolate { .. }
        | Op::Drop { .. }
        | Op::NumaHint { .. } => Err("no call does this".to_owned()),
        _ => Err("this area has no export yet".to_owned()),
    }
}

/// A read of one's own memory as another's; the local side is the last page of the arena.
fn remote(name: &str, vpn: Vpn) -> Result<String, String> {
    vma(page(vpn))?;
    let vector = |at: u64, base: u64| format!("&({at:#x})=[{{&({base:#x})=\"\", 0x1000}}], 0x1");
    let last = BASE + (PAGES - 1) * 4096;
    Ok(format!(
        "r0 = getpid()\n{name}(r0, {}, {}, 0x0)",
        vector(last - 4096, last),
        vector(last - 2048, address(vpn))
    ))
}
