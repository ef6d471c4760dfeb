//! A program as a self-contained C program that prints TAP, in the manner of the kernel's
//! selftests. The parts that do not depend on the program are the files beside this one; what is
//! written here is the list of steps.

use super::refused;
use crate::arena;
use crate::ops::{SYS_MSEAL, advice_number};
use crate::supports::{RELOCATION, Unsupported, legal_orders};
use mm_ops::{
    Config, Errno, GupFlags, HANDLES_MAX, Handle, MremapFlags, Op, Outcome, PROCS_MAX, PageRange,
    Pid, Program, Prot, Remote, UffdCall, UffdFill, Value, Vpn,
};
use std::fmt::Write;

const BASE: &str = include_str!("c/base.c");
const GET: &str = include_str!("c/get.c");
const PIN: &str = include_str!("c/pin.c");
const NO_PIN: &str = include_str!("c/no_pin.c");
const DEVICE: &str = include_str!("c/device.c");
const REMOTE: &str = include_str!("c/remote.c");
const THP: &str = include_str!("c/thp.c");
const UFFD: &str = include_str!("c/uffd.c");
const REMAP: &str = include_str!("c/remap.c");
const MAIN: &str = include_str!("c/main.c");

/// Skips the whole test; in the parts that can find something missing.
const SKIP: &str = "\nstatic UNUSED void skip(const char *why)\n{\n\tprintf(\"1..0 # SKIP %s\\n\", why);\n\texit(4);\n}\n";

/// What the program uses, so that nothing else is written.
struct Parts {
    handles: bool,
    pins: bool,
    remote: bool,
    thp: bool,
    uffd: bool,
    remap: bool,
}

impl Parts {
    fn of(program: &Program) -> Self {
        let any = |uses: fn(&Op) -> bool| program.steps.iter().any(|step| uses(&step.op));
        Self {
            handles: any(|op| {
                matches!(
                    op,
                    Op::Gup { .. } | Op::Put { .. } | Op::DmaRead { .. } | Op::DmaWrite { .. }
                )
            }),
            pins: any(|op| matches!(op, Op::Gup { flags: GupFlags { pin: true, .. }, .. })),
            remote: any(|op| matches!(op, Op::Remote { .. })),
            thp: any(|op| matches!(op, Op::Thp { .. })),
            uffd: any(uses_uffd),
            remap: any(|op| matches!(op, Op::Mremap { .. })),
        }
    }
}

fn uses_uffd(op: &Op) -> bool {
    matches!(op, Op::Uffd { .. } | Op::UffdFill { .. } | Op::UffdMove { .. })
}

pub(super) fn export(program: &Program) -> Result<String, Unsupported> {
    if let Some(index) = program.steps.iter().position(|step| uses_uffd(&step.op))
        && (program.config.uffd_fork || program.config.uffd_remap)
    {
        return Err(refused(index, "events of userfaultfd: nobody reads them in the C program"));
    }
    let steps: Vec<Line> = program
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            line(&program.config, &step.op).map_err(|reason| refused(index, reason))
        })
        .collect::<Result<_, _>>()?;
    let parts = Parts::of(program);
    let mut out = String::from("// SPDX-License-Identifier: MIT OR Apache-2.0\n/*\n");
    out.push_str(" * Written by mmdiff from this program:\n *\n");
    for line in program.to_string().lines() {
        // A comment cannot be ended by what is in it: the text form has neither character.
        let _ = writeln!(out, " *\t{line}");
    }
    let tests = program.steps.iter().filter(|step| step.expect.is_some()).count();
    let _ = writeln!(out, " */\n#define STEPS {}\n#define TESTS {tests}\n", steps.len());
    out.push_str(BASE);
    out.push_str(SKIP);
    if parts.handles {
        out.push_str(GET);
        out.push_str(if parts.pins { PIN } else { NO_PIN });
        out.push_str(DEVICE);
    }
    if parts.uffd {
        let _ = writeln!(
            out,
            "\n#define UFFD_FEATURES {:#x}UL",
            crate::uffd::features(&program.config)
        );
    }
    if parts.remap {
        let _ = writeln!(out, "\n#define SPACE {}UL", program.config.space_pages());
    }
    let used = [(parts.remote, REMOTE), (parts.thp, THP), (parts.uffd, UFFD), (parts.remap, REMAP)];
    for (used, part) in used {
        if used {
            out.push_str(part);
        }
    }
    hooks(&mut out, &parts);
    tables(&mut out, program);
    out.push_str("\nstatic void run(void)\n{\n");
    for (index, step) in steps.iter().enumerate() {
        step.write(&mut out, index);
    }
    out.push_str("}\n");
    out.push_str(MAIN);
    Ok(out)
}

/// What `main` does before and after.
fn hooks(out: &mut String, parts: &Parts) {
    let mut prepare = String::new();
    if parts.thp {
        prepare.push_str("save_sizes(); ");
    }
    if parts.handles {
        prepare.push_str("open_devices(); ");
    }
    let _ = writeln!(out, "\n#define NO_THP {}", u8::from(!parts.thp));
    let _ = writeln!(out, "#define PREPARE() do {{ {prepare}}} while (0)");
    let put_back = if parts.thp { "restore_sizes(); " } else { "" };
    let _ = writeln!(out, "#define PUT_BACK() do {{ {put_back}}} while (0)");
}

/// The text of each step, and the answer it must have.
fn tables(out: &mut String, program: &Program) {
    out.push_str("\nstatic const char *const text[STEPS + 1] = {\n");
    for step in &program.steps {
        let _ = writeln!(out, "\t\"{}\",", step.op);
    }
    out.push_str("};\n\nstatic const long wanted[STEPS + 1] = {\n");
    for step in &program.steps {
        let _ = writeln!(out, "\t{},", step.expect.map_or("ANY".to_owned(), answer));
    }
    out.push_str("};\n");
}

/// An outcome as the C program has it.
fn answer(outcome: Outcome) -> String {
    match outcome {
        Outcome::Ok => "0".to_owned(),
        Outcome::Count(count) => count.to_string(),
        Outcome::At(vpn) => vpn.0.to_string(),
        Outcome::Value(value) => value.label.to_string(),
        Outcome::Err(errno) => format!("-{errno:?}"),
        Outcome::Segv => "SIGNAL(SIGSEGV)".to_owned(),
        Outcome::Bus => "SIGNAL(SIGBUS)".to_owned(),
        // No such thing can be had from the kernel: a test that expects it fails.
        Outcome::Oom | Outcome::Blocked | Outcome::Pids(_) => "LONG_MIN".to_owned(),
    }
}

/// One step: who does it, whom it is about, and the expression that does it.
enum Line {
    /// Somebody's turn.
    Turn { who: Option<Pid>, subject: Option<Pid>, call: String },
    /// A process ends.
    Exit(Pid),
    /// A process forks.
    Fork { parent: Pid, child: Pid, most: u8 },
}

impl Line {
    fn write(&self, out: &mut String, index: usize) {
        let name = |pid: &Option<Pid>| {
            pid.map_or("CONTROLLER".to_owned(), |Pid(number)| number.to_string())
        };
        let _ = match self {
            Self::Turn { who, subject, call } => writeln!(
                out,
                "\tif (turn({index}, {}, {}))\n\t\tdone({index}, {call});",
                name(who),
                name(subject)
            ),
            Self::Exit(Pid(pid)) => writeln!(
                out,
                "\tif (turn({index}, {pid}, {pid}))\n\t\tleave({index});\n\tbury({index}, {pid});"
            ),
            // The child comes out of its fork when the parent is done with the step.
            Self::Fork { parent: Pid(parent), child: Pid(child), most } => writeln!(
                out,
                "\tif (turn({index}, {parent}, {parent})) {{\n\
                 \t\tlong forked = copy_process({index}, {child}, {most});\n\n\
                 \t\tif (me == {parent})\n\t\t\tdone({index}, forked);\n\t}}"
            ),
        };
    }
}

fn place(range: PageRange, config: &Config) -> String {
    let inside = range.end() <= u64::from(config.space_pages());
    if inside { format!("PAGE({}UL)", range.start.0) } else { "BEYOND".to_owned() }
}

fn page(vpn: Vpn) -> String {
    format!("PAGE({}UL)", vpn.0)
}

fn bytes(range: PageRange) -> String {
    format!("{}UL * PAGE_SIZE", range.len)
}

fn rights(prot: Prot) -> &'static str {
    match (prot.read, prot.write) {
        (true, true) => "PROT_READ | PROT_WRITE",
        (true, false) => "PROT_READ",
        (false, true) => "PROT_WRITE",
        (false, false) => "PROT_NONE",
    }
}

/// What the C program does for an operation. Its C library may be older than the kernel, so what
/// has no name everywhere is written as a number.
fn line(config: &Config, op: &Op) -> Result<Line, String> {
    let of = |pid: Pid, call: String| Line::Turn { who: Some(pid), subject: Some(pid), call };
    let from_outside = |pid: Pid, call: String| Line::Turn { who: None, subject: Some(pid), call };
    let by_controller = |call: String| Line::Turn { who: None, subject: None, call };
    Ok(match *op {
        Op::Mmap { pid, range, prot, droppable } => {
            let kind = if droppable { "0x08 /* MAP_DROPPABLE */" } else { "MAP_PRIVATE" };
            let (place, rights) = (place(range, config), rights(prot));
            of(pid, format!("map({place}, {}UL, {rights}, {kind})", range.len))
        }
        Op::Munmap { pid, range } => {
            of(pid, format!("result(munmap({}, {}))", place(range, config), bytes(range)))
        }
        Op::Mprotect { pid, range, prot } => {
            let (page, bytes, rights) = (page(range.start), bytes(range), rights(prot));
            of(pid, format!("result(mprotect({page}, {bytes}, {rights}))"))
        }
        Op::Madvise { pid, range, advice } => {
            let (page, bytes, number) = (page(range.start), bytes(range), advice_number(advice));
            of(pid, format!("result(madvise({page}, {bytes}, {number} /* {advice:?} */))"))
        }
        Op::Mlock { pid, range } => {
            of(pid, format!("result(mlock({}, {}))", page(range.start), bytes(range)))
        }
        Op::Munlock { pid, range } => {
            of(pid, format!("result(munlock({}, {}))", page(range.start), bytes(range)))
        }
        Op::Mseal { pid, range } => {
            let (page, bytes) = (page(range.start), bytes(range));
            of(pid, format!("result(syscall({SYS_MSEAL} /* mseal */, {page}, {bytes}, 0))"))
        }
        Op::Fork { parent, child } => {
            known(parent)?;
            Line::Fork { parent, child, most: config.procs }
        }
        Op::Exit { pid } => Line::Exit(known(pid)?),
        Op::Read { pid, vpn } => of(pid, format!("load({})", page(vpn))),
        Op::Write { pid, vpn, value } => of(pid, format!("store({}, {})", page(vpn), label(value))),
        Op::Gup { pid, range, handle, flags } => {
            of(pid, gup(config, range, named(handle)?, flags)?)
        }
        Op::Put { dirty: true, .. } => return Err("put dirty: nothing in userspace does".into()),
        Op::Put { handle, .. } => by_controller(format!("put({})", named(handle)?)),
        Op::DmaRead { handle, index } => {
            by_controller(format!("dma_read({}, {index}L)", named(handle)?))
        }
        Op::DmaWrite { handle, index, value } => {
            let label = label(value);
            by_controller(format!("dma_write({}, {index}L, {label})", named(handle)?))
        }
        Op::Remote { pid, vpn, access } => from_outside(pid, remote(known(pid)?, vpn, access)),
        Op::Thp { always, madvise } => {
            if config.ptes != 512 && always.union(madvise).contains(config.pmd_order()) {
                return Err("THPs of a geometry that is not the kernel's".to_owned());
            }
            let legal = legal_orders(config).0;
            by_controller(format!("set_sizes({:#x}, {:#x})", always.0 & legal, madvise.0 & legal))
        }
        Op::ClearRefs { pid } => from_outside(pid, "-EINVAL".to_owned()),
        Op::Mremap { flags, .. } if flags.relocates() => return Err(RELOCATION.to_owned()),
        Op::Mremap { pid, range, to, flags } => {
            let MremapFlags { maymove, fixed, dontunmap, .. } = flags;
            let flags = u8::from(maymove) | u8::from(fixed) << 1 | u8::from(dontunmap) << 2;
            let (PageRange { start, len }, new) = (range, to);
            of(
                pid,
                format!("remap({}UL, {len}UL, {}UL, {}UL, {flags})", start.0, new.start.0, new.len),
            )
        }
        Op::Uffd { pid, range, call } => {
            let (name, mode) = match call {
                UffdCall::Register { missing, wp } => {
                    ("REGISTER", u8::from(missing) | u8::from(wp) << 1)
                }
                UffdCall::Unregister => ("UNREGISTER", 0),
                UffdCall::Protect(on) => ("WRITEPROTECT", on.into()),
            };
            let (place, bytes) = (place(range, config), bytes(range));
            of(pid, format!("uffd_range(UFFD_{name}, {place}, {bytes}, {mode})"))
        }
        Op::UffdFill { pid, vpn, fill } => {
            let place = place(PageRange { start: vpn, len: 1 }, config);
            of(
                pid,
                match fill {
                    UffdFill::Copy { value, wp } => {
                        format!("uffd_copy({place}, {}, {})", label(value), u8::from(wp) << 1)
                    }
                    UffdFill::Zero => format!("uffd_range(UFFD_ZEROPAGE, {place}, PAGE_SIZE, 0)"),
                    UffdFill::Poison => format!("uffd_range(UFFD_POISON, {place}, PAGE_SIZE, 0)"),
                },
            )
        }
        Op::UffdMove { pid, range, to, holes } => {
            let target = place(PageRange { start: to, len: range.len }, config);
            let (source, bytes) = (place(range, config), bytes(range));
            of(pid, format!("uffd_move({target}, {source}, {bytes}, {})", u8::from(holes) << 1))
        }
        Op::FailAlloc { .. } | Op::Lock { .. } | Op::Isolate { .. } | Op::Drop { .. } => {
            return Err("nothing in userspace can do this".to_owned());
        }
        Op::NumaHint { .. } => return Err("the NUMA scanner cannot be sent to a page".to_owned()),
        _ => return Err("this area has no export yet".to_owned()),
    })
    .and_then(|line| match &line {
        Line::Turn { subject: Some(pid), .. } => known(*pid).map(|_| line),
        _ => Ok(line),
    })
}

fn gup(config: &Config, range: PageRange, handle: u8, flags: GupFlags) -> Result<String, String> {
    let plain = GupFlags { fast: true, ..GupFlags::default() };
    let function = match flags {
        flags if flags == (GupFlags { pin: true, write: true, longterm: true, ..plain }) => "pin",
        flags if flags == plain && range.len <= crate::gup::GET_PAGES_MAX => "get",
        _ => return Err("a GUP call that userspace cannot have".to_owned()),
    };
    Ok(format!("{function}({handle}, {}, {}UL)", place(range, config), range.len))
}

fn remote(Pid(pid): Pid, vpn: Vpn, access: Remote) -> String {
    let page = page(vpn);
    match access {
        Remote::Peek => format!("peek({pid}, {page})"),
        Remote::Poke(value) => format!("poke({pid}, {page}, {})", label(value)),
        Remote::VmRead => format!("vm_read({pid}, {page})"),
        Remote::VmWrite(value) => format!("vm_write({pid}, {page}, {})", label(value)),
    }
}

fn label(value: Value) -> u8 {
    value.label
}

/// The tables of the C program have a place for it.
fn known(pid: Pid) -> Result<Pid, String> {
    if pid.0 < PROCS_MAX { Ok(pid) } else { Err(format!("there is no process p{}", pid.0)) }
}

/// The tables of the C program have a place for it.
fn named(handle: Handle) -> Result<u8, String> {
    if handle.0 < HANDLES_MAX { Ok(handle.0) } else { Err(format!("{:?}", Errno::EINVAL)) }
}

/// Both programs place page 0 at the same address.
const _: () = assert!(arena::address(Vpn(0)) == 1 << 45);
