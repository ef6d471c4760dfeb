//! Bring your own memory manager: a toy with copy-on-write frames and a planted bug, fuzzed, caught
//! and minimized. It implements `reset`, `apply` and `observe` only.
//!
//! `cargo run --release --example bring_your_own`

use mm_diff::engine::{Budget, EngineConfig, fuzz};
use mm_ops::{Config, Effect, Errno, Mm, Observation, Op, Outcome, Value, Vpn};
use mm_ops::{PageView, Pid, Prot, VmaView};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

/// A page of a process: its rights, its frame, and whether the process made the frame itself.
type Page = (Prot, usize, bool);

#[derive(Default)]
struct Toy {
    config: Config,
    processes: BTreeMap<u8, BTreeMap<u32, Page>>,
    frames: Vec<Value>,
}

impl Toy {
    fn mmap(&mut self, pid: u8, range: mm_ops::PageRange, prot: Prot) -> Outcome {
        let pages = self.processes.get_mut(&pid).expect("checked");
        if range.is_empty() {
            return Outcome::Err(Errno::EINVAL);
        } else if range.end() > u64::from(self.config.space_pages()) {
            return Outcome::Err(Errno::ENOMEM);
        } else if pages.keys().any(|vpn| range.contains(Vpn(*vpn))) {
            return Outcome::Err(Errno::EEXIST);
        }
        for vpn in range.start.0..range.end() as u32 {
            pages.insert(vpn, (prot, self.frames.len(), true));
            self.frames.push(Value::ZERO);
        }
        Outcome::Ok
    }

    fn fork(&mut self, parent: u8, child: u8) -> Outcome {
        if child >= self.config.procs {
            return Outcome::Err(Errno::EAGAIN);
        } else if self.processes.contains_key(&child) {
            return Outcome::Err(Errno::EEXIST);
        }
        let shared = self.processes[&parent].iter();
        let shared = shared.map(|(vpn, (prot, frame, _))| (*vpn, (*prot, *frame, false)));
        self.processes.insert(child, shared.collect());
        Outcome::Ok
    }

    fn write(&mut self, pid: u8, vpn: u32, value: Value) -> Outcome {
        match self.processes.get_mut(&pid).and_then(|pages| pages.get_mut(&vpn)) {
            // THE BUG: whoever made the frame writes in place, though a child may share it.
            Some((prot, frame, true)) if prot.write => self.frames[*frame] = value,
            Some(page) if page.0.write => {
                *page = (page.0, self.frames.len(), true);
                self.frames.push(value);
            }
            _ => return Outcome::Segv,
        }
        Outcome::Ok
    }

    fn read(&self, pid: u8, vpn: u32) -> Outcome {
        match self.processes[&pid].get(&vpn) {
            Some((prot, frame, _)) if prot.accessible() => Outcome::Value(self.frames[*frame]),
            _ => Outcome::Segv,
        }
    }
}

/// What the toy implements; the engine leaves everything else out.
fn supported(op: &Op) -> bool {
    matches!(
        op,
        Op::Mmap { droppable: false, .. } | Op::Fork { .. } | Op::Read { .. } | Op::Write { .. }
    )
}

impl Mm for Toy {
    fn reset(&mut self, config: &Config) {
        *self = Self { config: *config, ..Self::default() };
        self.processes.insert(0, BTreeMap::new());
    }

    fn apply(&mut self, op: &Op) -> Effect {
        let alive = |pid: &Pid| self.processes.contains_key(&pid.0);
        let outcome = match *op {
            Op::Mmap { pid, .. } | Op::Read { pid, .. } | Op::Write { pid, .. } if !alive(&pid) => {
                Outcome::Err(Errno::ESRCH)
            }
            Op::Fork { parent, .. } if !alive(&parent) => Outcome::Err(Errno::ESRCH),
            Op::Mmap { pid, range, prot, .. } => self.mmap(pid.0, range, prot),
            Op::Fork { parent, child } => self.fork(parent.0, child.0),
            Op::Read { pid, vpn } => self.read(pid.0, vpn.0),
            Op::Write { pid, vpn, value } => self.write(pid.0, vpn.0, value),
            _ => Outcome::Err(Errno::EOPNOTSUPP),
        };
        outcome.into()
    }

    fn observe(&self, out: &mut Observation) {
        out.clear();
        for (pid, pages) in &self.processes {
            for (vpn, (prot, frame, _)) in pages {
                let (pid, vpn) = (Pid(*pid), Vpn(*vpn));
                out.vmas.push(VmaView { pid, start: vpn, end: Vpn(vpn.0 + 1), prot: *prot });
                out.pages.push(PageView::of_value(pid, vpn, self.frames[*frame]));
            }
        }
    }
}

fn main() {
    let config = EngineConfig {
        seed: 1,
        budget: Budget { programs: Some(20_000), time: None },
        supports: supported,
        failures_max: 1,
        ..EngineConfig::default()
    };
    let report = fuzz(&config, &Toy::default, &AtomicBool::new(false), &|_| {});
    let report = report.expect("one thread can be started");
    println!("{} programs run", report.programs);
    for failure in &report.failures {
        println!(
            "\n{}\nas a file:\n\n{}",
            failure.reproducer.render(),
            failure.reproducer.to_text()
        );
    }
    assert_eq!(report.failures.len(), 1, "the planted bug must be found");
}

#[test]
fn the_planted_bug_is_found() {
    main();
}
