//! Folios for which there is no memory: in a memory cgroup with room for none of PMD order the kernel takes
//! smaller ones, and the driver tells which.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use mm_linux::Linux;
use mm_ops::{Choice, Mm, Observation, Order, Pid, Program, Vpn};
use std::fs;
use std::path::{Path, PathBuf};

/// A memory cgroup that this process is in, until it is dropped.
struct Cgroup {
    parent: PathBuf,
    own: PathBuf,
    /// The files of usage and limit, which the two versions name differently.
    usage: &'static str,
    limit: &'static str,
}

impl Cgroup {
    /// `None` where there is none to be had, with a line that says so.
    fn enter() -> Option<Self> {
        let (first, second) = (Path::new("/sys/fs/cgroup/memory"), Path::new("/sys/fs/cgroup"));
        let (parent, usage, limit) = if first.join("cgroup.procs").exists() {
            (first, "memory.usage_in_bytes", "memory.limit_in_bytes")
        } else {
            (second, "memory.current", "memory.max")
        };
        let own = parent.join(format!("mm-linux-{}", std::process::id()));
        let made = fs::create_dir(&own).and_then(|()| {
            let cgroup = Self { parent: parent.to_owned(), own, usage, limit };
            fs::metadata(cgroup.own.join(limit))?;
            fs::write(cgroup.own.join("cgroup.procs"), std::process::id().to_string())?;
            Ok(cgroup)
        });
        made.inspect_err(|error| println!("left out: no memory cgroup: {error}")).ok()
    }

    /// Leaves room for this much more.
    fn limit_to(&self, room: u64) {
        let used = fs::read_to_string(self.own.join(self.usage)).expect("the cgroup counts");
        let used: u64 = used.trim().parse().expect("a number");
        fs::write(self.own.join(self.limit), (used + room).to_string()).expect("a limit");
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::write(self.parent.join("cgroup.procs"), std::process::id().to_string());
        let _ = fs::remove_dir(&self.own);
    }
}

#[test]
fn a_smaller_folio_than_is_due_is_told_as_a_choice() {
    let Some(cgroup) = Cgroup::enter() else { return };
    let linux = Linux::new().inspect_err(|error| println!("left out: no live kernel: {error}"));
    let Ok(mut linux) = linux else { return };
    let text = "config ptes=512\nthp always=4,9\nmmap p0 0+1024 rw\nread p0 1000\nwrite p0 3 a";
    let program: Program = text.parse().expect("a program");
    if let Err(reason) = linux.supports(&program) {
        return println!("left out: {reason}");
    }
    linux.reset(&program.config);
    let mut seen = Observation::default();
    let mut choices = Vec::new();
    for op in program.stamped() {
        cgroup.limit_to(1 << 20);
        choices = linux.apply(&op).choices;
        linux.observe(&mut seen);
    }
    assert_eq!(linux.troubles(), []);
    assert_eq!(choices, [Choice::FolioOrder { pid: Pid(0), vpn: Vpn(0), order: Order(4) }]);
    drop(linux);
}
