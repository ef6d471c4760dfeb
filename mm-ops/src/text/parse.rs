//! Parsing: the grammar of a line, by recursive descent; the words that operations are about are
//! [`super::operands`]'s. Layout and comments are the business of [`Document`].

use super::cursor::{ARROW, Cursor, Word};
use super::device::parse_dev_op;
use super::document::Document;
use super::error::ParseError;
use super::operands::{
    Parsed, more, parse_advice, parse_flags, parse_handle, parse_index, parse_label, parse_limit,
    parse_named, parse_nth, parse_order, parse_orders, parse_pages, parse_pid, parse_pids,
    parse_prot, parse_range, parse_switch, parse_token, parse_value, parse_vpn,
};
use super::print::{
    CONFIG_KEYS, DEV_EXCLUSIVE_MODES, END, GUP_WORDS, MOVE_WORDS, NOBODY, RELOCATE_DESIGNS,
    RMAP_SCHEMES, SWAP_DEVICES, UFFD_MODES,
};
use crate::call::{GupFlags, Remote, ScanLimits, UffdCall, UffdFill};
use crate::config::{AccessBits, Batching, Config, DEV_MEM_MAX, PTES_ALLOWED, SWAP_SLOTS_MAX};
use crate::ids::{OrderSet, PROCS_MAX, Vpn};
use crate::kind::OpKind;
use crate::op::Op;
use crate::outcome::{Answer, Errno, Outcome};
use crate::program::{Program, Step};
use crate::race::{AT_END, Actor, RACE_STEPS};
use crate::remap::{MremapFlags, PidSet};

/// What a line says, its comment aside.
pub(super) enum Code {
    Nothing,
    /// A configuration, and a bit for each key of [`CONFIG_KEYS`] that was written out.
    Config(Config, u32),
    Step(Step),
}

impl Program {
    /// Reads a program.
    ///
    /// # Errors
    /// Where the text is no program, with line, column and what was expected.
    ///
    /// ```
    /// let error = mm_ops::Program::parse("mmap p0 0+8 rw\nfrok p0 p1\n").unwrap_err();
    /// assert_eq!((error.line, error.column), (2, 1));
    /// assert!(error.to_string().contains("did you mean `fork`?"));
    /// ```
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Document::parse(text).map(|document| document.program())
    }
}

impl std::str::FromStr for Program {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// One line, without a newline; a comment is skipped.
impl std::str::FromStr for Step {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(1, text);
        let step = parse_step(&mut cursor)?;
        cursor.finish()?;
        Ok(step)
    }
}

/// One operation without an expectation.
impl std::str::FromStr for Op {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(1, text);
        let op = parse_op(&mut cursor)?;
        cursor.finish()?;
        Ok(op)
    }
}

/// Parses a whole line.
pub(super) fn parse_line(cursor: &mut Cursor<'_>) -> Parsed<Code> {
    let code = match cursor.peek() {
        None => Code::Nothing,
        Some(word) if word.text == "config" => {
            cursor.next();
            let (config, keys) = parse_config(cursor)?;
            Code::Config(config, keys)
        }
        Some(_) => Code::Step(parse_step(cursor)?),
    };
    cursor.finish()?;
    Ok(code)
}

fn parse_config(cursor: &mut Cursor<'_>) -> Parsed<(Config, u32)> {
    let mut config = Config::default();
    let keys = parse_settings(cursor, &mut config)?;
    Ok((config.sanitized(), keys))
}

/// Settings up to the end of the line, laid over a configuration; answers which keys.
pub(super) fn parse_settings(cursor: &mut Cursor<'_>, config: &mut Config) -> Parsed<u32> {
    let mut seen = 0;
    while let Some(word) = cursor.next() {
        let (name, value) =
            word.split('=').ok_or_else(|| cursor.expected(word, "a setting `key=value`"))?;
        let key = cursor.keyword(name, "a configuration key", &CONFIG_KEYS)?;
        if seen >> key & 1 == 1 {
            return Err(cursor.error(name, format!("`{}` is set twice", name.text)));
        }
        seen |= 1 << key;
        match key {
            0 => config.ptes = parse_ptes(cursor, value)?,
            1 => config.procs = parse_procs(cursor, value)?,
            2 => {
                let on = parse_switch(cursor, value)?;
                config.batching = if on { Batching::On } else { Batching::Off };
            }
            3 => {
                let merged = cursor.keyword(value, "`exact` or `merged`", &["exact", "merged"])?;
                config.access_bits =
                    if merged == 1 { AccessBits::Merged } else { AccessBits::Exact };
            }
            4 => config.soft_dirty = parse_switch(cursor, value)?,
            5 => config.huge_zero = parse_switch(cursor, value)?,
            6 => config.pt_reclaim = parse_switch(cursor, value)?,
            7 => config.lru_batch = parse_switch(cursor, value)?,
            8 => config.swap_slots = parse_up_to(cursor, value, "slots", SWAP_SLOTS_MAX)?,
            9 => {
                config.swap_device = parse_named(cursor, value, "a kind of device", &SWAP_DEVICES)?;
            }
            10 => config.uffd = parse_named(cursor, value, "a userfaultfd mode", &UFFD_MODES)?,
            11 => config.uffd_fork = parse_switch(cursor, value)?,
            12 => config.uffd_remap = parse_switch(cursor, value)?,
            13 => {
                config.relocate =
                    parse_named(cursor, value, "a design of relocation", &RELOCATE_DESIGNS)?;
            }
            14 => config.dev_mem = parse_up_to(cursor, value, "pages", DEV_MEM_MAX)?,
            15 => {
                let expected = "a way to make pages exclusive";
                config.dev_exclusive = parse_named(cursor, value, expected, &DEV_EXCLUSIVE_MODES)?;
            }
            16 => config.migdev_old = parse_switch(cursor, value)?,
            17 => config.dev_thp = parse_switch(cursor, value)?,
            18 => config.swap_noexcl = parse_switch(cursor, value)?,
            _ => config.rmap = parse_named(cursor, value, "an rmap scheme", &RMAP_SCHEMES)?,
        }
    }
    Ok(seen)
}

fn parse_ptes(cursor: &Cursor<'_>, word: Word<'_>) -> Parsed<u16> {
    let ptes = word.text.parse().ok().filter(|ptes| PTES_ALLOWED.contains(ptes));
    ptes.ok_or_else(|| cursor.expected(word, "entries of a table, a power of two from 4 to 512"))
}

fn parse_procs(cursor: &Cursor<'_>, word: Word<'_>) -> Parsed<u8> {
    let procs = word.text.parse().ok().filter(|procs| (1..=PROCS_MAX).contains(procs));
    procs.ok_or_else(|| cursor.expected(word, &format!("a number of processes, 1 … {PROCS_MAX}")))
}

fn parse_up_to(cursor: &Cursor<'_>, word: Word<'_>, what: &str, max: u16) -> Parsed<u16> {
    let number = word.text.parse().ok().filter(|number| *number <= max);
    number.ok_or_else(|| cursor.expected(word, &format!("a number of {what}, 0 … {max}")))
}

fn parse_step(cursor: &mut Cursor<'_>) -> Parsed<Step> {
    let op = parse_op(cursor)?;
    let expect = if cursor.eat(ARROW) { Some(parse_outcome(cursor, &op)?) } else { None };
    Ok(Step { op, expect })
}

fn parse_op(cursor: &mut Cursor<'_>) -> Parsed<Op> {
    let word = cursor.want("an operation")?;
    let names: Vec<&str> = OpKind::ALL.iter().map(|kind| kind.name()).collect();
    let kind = OpKind::ALL[cursor.keyword(word, "an operation", &names)?];
    Ok(match kind {
        OpKind::Mmap => Op::Mmap {
            pid: parse_pid(cursor)?,
            range: parse_range(cursor)?,
            prot: parse_prot(cursor)?,
            droppable: cursor.eat("droppable"),
        },
        OpKind::Munmap => Op::Munmap { pid: parse_pid(cursor)?, range: parse_range(cursor)? },
        OpKind::Mprotect => Op::Mprotect {
            pid: parse_pid(cursor)?,
            range: parse_range(cursor)?,
            prot: parse_prot(cursor)?,
        },
        OpKind::Madvise => Op::Madvise {
            pid: parse_pid(cursor)?,
            range: parse_range(cursor)?,
            advice: parse_advice(cursor)?,
        },
        OpKind::Mlock => Op::Mlock { pid: parse_pid(cursor)?, range: parse_range(cursor)? },
        OpKind::Munlock => Op::Munlock { pid: parse_pid(cursor)?, range: parse_range(cursor)? },
        OpKind::Mseal => Op::Mseal { pid: parse_pid(cursor)?, range: parse_range(cursor)? },
        OpKind::Fork => Op::Fork { parent: parse_pid(cursor)?, child: parse_pid(cursor)? },
        OpKind::Exit => Op::Exit { pid: parse_pid(cursor)? },
        OpKind::Read => Op::Read { pid: parse_pid(cursor)?, vpn: parse_vpn(cursor)? },
        OpKind::Write => Op::Write {
            pid: parse_pid(cursor)?,
            vpn: parse_vpn(cursor)?,
            value: parse_value(cursor)?,
        },
        OpKind::Pin => parse_gup(cursor, true)?,
        OpKind::Get => parse_gup(cursor, false)?,
        OpKind::Put => Op::Put { handle: parse_handle(cursor)?, dirty: cursor.eat("dirty") },
        OpKind::DmaRead => {
            Op::DmaRead { handle: parse_handle(cursor)?, index: parse_index(cursor)? }
        }
        OpKind::DmaWrite => Op::DmaWrite {
            handle: parse_handle(cursor)?,
            index: parse_index(cursor)?,
            value: parse_value(cursor)?,
        },
        OpKind::Peek | OpKind::Poke | OpKind::VmRead | OpKind::VmWrite => {
            parse_remote(cursor, kind)?
        }
        OpKind::Thp => parse_thp(cursor)?,
        OpKind::FailAlloc => Op::FailAlloc { nth: parse_nth(cursor, "which allocation, from 1")? },
        OpKind::Lock => Op::Lock {
            pid: parse_pid(cursor)?,
            vpn: parse_vpn(cursor)?,
            token: parse_token(cursor)?,
        },
        OpKind::Isolate => Op::Isolate {
            pid: parse_pid(cursor)?,
            vpn: parse_vpn(cursor)?,
            token: parse_token(cursor)?,
        },
        OpKind::Drop => Op::Drop { token: parse_token(cursor)? },
        OpKind::NumaHint => Op::NumaHint { pid: parse_pid(cursor)?, range: parse_range(cursor)? },
        OpKind::ClearRefs => Op::ClearRefs { pid: parse_pid(cursor)? },
        OpKind::SwapOut => Op::SwapOut {
            pid: parse_pid(cursor)?,
            vpn: parse_vpn(cursor)?,
            token: if more(cursor) { Some(parse_token(cursor)?) } else { None },
        },
        OpKind::WriteDone => {
            Op::WriteDone { token: parse_token(cursor)?, error: cursor.eat("error") }
        }
        OpKind::BadSlot => Op::BadSlot { pid: parse_pid(cursor)?, vpn: parse_vpn(cursor)? },
        OpKind::Swapoff => Op::Swapoff,
        OpKind::Swapon => Op::Swapon,
        OpKind::Race => parse_race(cursor)?,
        OpKind::DrainLru => Op::Drain,
        OpKind::Migrate => Op::Migrate {
            pid: parse_pid(cursor)?,
            vpn: parse_vpn(cursor)?,
            token: parse_token(cursor)?,
            all: cursor.eat("all"),
        },
        OpKind::MigrateCopy => Op::MigrateCopy { token: parse_token(cursor)? },
        OpKind::MigrateEnd => Op::MigrateEnd { token: parse_token(cursor)? },
        OpKind::Split => Op::Split {
            pid: parse_pid(cursor)?,
            vpn: parse_vpn(cursor)?,
            order: parse_order(cursor)?,
            nonuniform: cursor.eat("nonuniform"),
        },
        OpKind::DeferredScan => {
            Op::DeferredScan { count: parse_nth(cursor, "a number of folios")? }
        }
        OpKind::Khugepaged => Op::Khugepaged {
            pid: parse_pid(cursor)?,
            vpn: parse_vpn(cursor)?,
            limits: ScanLimits {
                none: parse_limit(cursor, "none")?,
                swap: parse_limit(cursor, "swap")?,
                shared: parse_limit(cursor, "shared")?,
            },
        },
        OpKind::Ksm => Op::Ksm {
            pid: parse_pid(cursor)?,
            vpn: parse_vpn(cursor)?,
            with: parse_pid(cursor)?,
            to: parse_vpn(cursor)?,
        },
        OpKind::KsmZero => Op::KsmZero { pid: parse_pid(cursor)?, vpn: parse_vpn(cursor)? },
        OpKind::Hwpoison => Op::Hwpoison { pid: parse_pid(cursor)?, vpn: parse_vpn(cursor)? },
        OpKind::SoftOffline => Op::SoftOffline { pid: parse_pid(cursor)?, vpn: parse_vpn(cursor)? },
        OpKind::UffdRegister | OpKind::UffdUnregister | OpKind::UffdWp => Op::Uffd {
            pid: parse_pid(cursor)?,
            range: parse_range(cursor)?,
            call: parse_uffd_call(cursor, kind)?,
        },
        OpKind::UffdCopy | OpKind::UffdZero | OpKind::UffdPoison => Op::UffdFill {
            pid: parse_pid(cursor)?,
            vpn: parse_vpn(cursor)?,
            fill: match kind {
                OpKind::UffdCopy => {
                    UffdFill::Copy { value: parse_value(cursor)?, wp: cursor.eat("wp") }
                }
                OpKind::UffdZero => UffdFill::Zero,
                _ => UffdFill::Poison,
            },
        },
        OpKind::Mremap => Op::Mremap {
            pid: parse_pid(cursor)?,
            range: parse_range(cursor)?,
            to: parse_range(cursor)?,
            flags: {
                let mut flags = MremapFlags::default();
                parse_flags(cursor, &MOVE_WORDS, &mut flags)?;
                flags
            },
        },
        OpKind::UffdMove => Op::UffdMove {
            pid: parse_pid(cursor)?,
            range: parse_range(cursor)?,
            to: parse_vpn(cursor)?,
            holes: cursor.eat("holes"),
        },
        OpKind::RmapWalk => Op::RmapWalk { pid: parse_pid(cursor)?, vpn: parse_vpn(cursor)? },
        OpKind::DevSetup
        | OpKind::DevEvict
        | OpKind::DevPages
        | OpKind::DevFinalize
        | OpKind::DevExclusive
        | OpKind::DevRead
        | OpKind::DevWrite => Op::Dev(parse_dev_op(cursor, kind)?),
    })
}

fn parse_race(cursor: &mut Cursor<'_>) -> Parsed<Op> {
    const ACTORS: [&str; 5] = ["pin", "get", "read", "walk", "write"];
    const WANTED: &str = "an actor (pin, get, read, walk or write)";
    let word = cursor.want(WANTED)?;
    let kind = cursor.keyword(word, WANTED, &ACTORS)?;
    let (pid, vpn) = (parse_pid(cursor)?, parse_vpn(cursor)?);
    let actor = match kind {
        0 | 1 => {
            let word = cursor.want("`r` or `rw`")?;
            let write = cursor.keyword(word, "`r` or `rw`", &["r", "rw"])? == 1;
            Actor::Gup { pid, vpn, handle: parse_handle(cursor)?, pin: kind == 0, write }
        }
        2 => Actor::Load { pid, vpn },
        3 => Actor::Walk { pid, vpn },
        _ => Actor::Store { pid, vpn, value: parse_value(cursor)? },
    };
    if !cursor.eat("at") {
        let word = cursor.want("`at` and the yield points")?;
        return Err(cursor.expected(word, "`at` and the yield points"));
    }
    let list = cursor.want("a yield point for each step, `2` or `1,2,3,4`")?;
    let steps = actor.steps();
    if list.list().count() != steps {
        return Err(cursor.expected(list, &format!("{steps} yield points with commas between")));
    }
    let mut at = [0; RACE_STEPS];
    for (word, place) in list.list().zip(&mut at) {
        *place = if word.text == END {
            AT_END
        } else {
            let number = cursor.number(word, "a yield point, or `end`", u32::from(u8::MAX))?;
            u8::try_from(number).unwrap_or(AT_END)
        };
    }
    Ok(Op::Race { actor, at })
}

fn parse_uffd_call(cursor: &mut Cursor<'_>, kind: OpKind) -> Parsed<UffdCall> {
    const MODES: [&str; 3] = ["missing", "wp", "both"];
    match kind {
        OpKind::UffdRegister => {
            let word = cursor.want("`missing`, `wp` or `both`")?;
            let mode = cursor.keyword(word, "`missing`, `wp` or `both`", &MODES)?;
            Ok(UffdCall::Register { missing: mode != 1, wp: mode != 0 })
        }
        OpKind::UffdWp => {
            let word = cursor.want("`on` or `off`")?;
            parse_switch(cursor, word).map(UffdCall::Protect)
        }
        _ => Ok(UffdCall::Unregister),
    }
}

fn parse_gup(cursor: &mut Cursor<'_>, pin: bool) -> Parsed<Op> {
    let pid = parse_pid(cursor)?;
    let range = parse_pages(cursor)?;
    let word = cursor.want("`r` or `rw`")?;
    let write = cursor.keyword(word, "`r` or `rw`", &["r", "rw"])? == 1;
    let handle = parse_handle(cursor)?;
    let mut flags = GupFlags { pin, write, ..GupFlags::default() };
    parse_flags(cursor, &GUP_WORDS, &mut flags)?;
    Ok(Op::Gup { pid, range, handle, flags })
}

fn parse_remote(cursor: &mut Cursor<'_>, kind: OpKind) -> Parsed<Op> {
    let pid = parse_pid(cursor)?;
    let vpn = parse_vpn(cursor)?;
    let access = match kind {
        OpKind::Peek => Remote::Peek,
        OpKind::Poke => Remote::Poke(parse_value(cursor)?),
        OpKind::VmRead => Remote::VmRead,
        _ => Remote::VmWrite(parse_value(cursor)?),
    };
    Ok(Op::Remote { pid, vpn, access })
}

fn parse_thp(cursor: &mut Cursor<'_>) -> Parsed<Op> {
    const EXPECTED: &str = "`never`, `always=ORDERS` or `madvise=ORDERS`";
    let mut sets = [OrderSet::EMPTY; 2];
    let mut seen = [false; 2];
    if cursor.eat("never") {
        return Ok(Op::Thp { always: sets[0], madvise: sets[1] });
    }
    loop {
        let word = cursor.want(EXPECTED)?;
        let Some((key, orders)) = word.split('=') else {
            return Err(cursor.expected(word, EXPECTED));
        };
        let place = cursor.keyword(key, EXPECTED, &["always", "madvise"])?;
        if std::mem::replace(&mut seen[place], true) {
            return Err(cursor.error(key, format!("`{}` is given twice", key.text)));
        }
        sets[place] = parse_orders(cursor, orders)?;
        if cursor.peek().is_none_or(|word| word.text == ARROW) {
            return Ok(Op::Thp { always: sets[0], madvise: sets[1] });
        }
    }
}

/// An outcome this operation can have; one it can never have is a mistake of the author's.
fn parse_outcome(cursor: &mut Cursor<'_>, op: &Op) -> Parsed<Outcome> {
    let answer = op.answer();
    let expected = match answer {
        Answer::Done => "an outcome (`ok` or an errno)",
        Answer::Stored => "an outcome (`ok`, a signal, `OOM`, `BLOCKED` or an errno)",
        Answer::Loaded => "an outcome (a value, a signal, `OOM`, `BLOCKED` or an errno)",
        Answer::Value => "an outcome (a value or an errno)",
        Answer::Count => "an outcome (a number of pages or an errno)",
        Answer::Place => "an outcome (a place, `@20`, or an errno)",
        Answer::Pids => "an outcome (processes, `p0,p2`, `nobody`, or an errno)",
    };
    let word = cursor.want(expected)?;
    let numeric = word.text.starts_with(|c: char| c.is_ascii_digit()) || word.text.len() == 1;
    let outcome = match answer {
        Answer::Loaded | Answer::Value if numeric => {
            Outcome::Value(parse_label(cursor, word, expected)?)
        }
        Answer::Count if numeric => {
            Outcome::Count(cursor.number(word, "a number of pages", u32::MAX)?)
        }
        Answer::Place if word.text.starts_with('@') => {
            let (_, number) = word.split('@').unwrap_or((word, word));
            Outcome::At(Vpn(cursor.number(number, "a page number", u32::MAX)?))
        }
        Answer::Pids if word.text == NOBODY => Outcome::Pids(PidSet::EMPTY),
        Answer::Pids if word.text.starts_with('p') => Outcome::Pids(parse_pids(cursor, word)?),
        _ => parse_outcome_name(cursor, word, expected)?,
    };
    if !outcome.fits(op) {
        let problem = format!("`{}` never answers `{}`", op.kind(), word.text);
        let help = format!("expected {expected}; leave `->` out if any will do");
        return Err(ParseError { help: Some(help), ..cursor.error(word, problem) });
    }
    Ok(outcome)
}

fn parse_outcome_name(cursor: &Cursor<'_>, word: Word<'_>, expected: &str) -> Parsed<Outcome> {
    let others =
        [Outcome::Ok, Outcome::Segv, Outcome::Bus, Outcome::Oom, Outcome::Blocked].into_iter();
    let all: Vec<Outcome> = others.chain(Errno::ALL.map(Outcome::Err)).collect();
    let names: Vec<String> = all.iter().map(Outcome::to_string).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Ok(all[cursor.keyword(word, expected, &names)?])
}
