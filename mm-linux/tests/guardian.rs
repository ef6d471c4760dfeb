//! Whatever ends the driver, the system's settings come back and no process of it stays; whatever
//! ends a simulated process, the driver goes on. Root only: nobody else changes settings.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use mm_linux::{Feature, Linux, Trouble};
use mm_ops::{Errno, Mm, Op, Outcome, Pid, Program};
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::process::{Pid as Process, Signal, kill_process, kill_process_group};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const THP: &str = "/sys/kernel/mm/transparent_hugepage";
/// Tells [`holds_a_driver`] how to end; unset, it ends by itself.
const ENDING: &str = "MM_LINUX_TEST_ENDING";

/// Everything a run may change, read while no driver is at work.
fn settings() -> BTreeMap<String, String> {
    // A driver started meanwhile by another test must not inherit it: it would wait for itself.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let lock = rustix::fs::open(format!("{THP}/enabled"), flags, Mode::empty());
    let lock = lock.expect("the THP settings");
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).expect("the lock of the settings");
    settings_now()
}

fn settings_now() -> BTreeMap<String, String> {
    let mut paths: Vec<String> = (2..=9)
        .map(|order: u32| format!("{THP}/hugepages-{}kB/enabled", 4 << order))
        .chain(["enabled", "use_zero_page", "shrink_underused"].map(|file| format!("{THP}/{file}")))
        .chain(
            ["vm/compaction_proactiveness", "vm/min_free_kbytes"]
                .map(|file| format!("/proc/sys/{file}")),
        )
        .collect();
    let khugepaged = ["max_ptes_none", "max_ptes_shared", "pages_to_scan", "scan_sleep_millisecs"];
    paths.extend(khugepaged.map(|file| format!("{THP}/khugepaged/{file}")));
    let ksm = ["run", "sleep_millisecs", "pages_to_scan", "smart_scan", "use_zero_pages"];
    paths.extend(ksm.map(|file| format!("/sys/kernel/mm/ksm/{file}")));
    paths.extend(["swappiness", "page-cluster"].map(|file| format!("/proc/sys/vm/{file}")));
    // The driver's swap device is off and empty when nobody is at work.
    paths.extend(["/proc/swaps", "/sys/block/zram0/disksize"].map(str::to_owned));
    let read = |path: String| std::fs::read_to_string(&path).ok().map(|text| (path, text));
    let mut settings: BTreeMap<_, _> = paths.into_iter().filter_map(read).collect();
    // Nor are its cgroups left.
    for path in ["/sys/fs/cgroup/memory/mm-linux", "/sys/fs/cgroup/mm-linux"] {
        settings.insert(path.to_owned(), std::path::Path::new(path).exists().to_string());
    }
    settings
}

fn root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("left out: only root changes settings");
    }
    root
}

/// A program that changes settings and makes several processes.
fn run_something(linux: &mut Linux) {
    let mut text = "config ptes=512 swap=4096 swap_device=zram\nthp always=2,9\nmmap p0 0+512 rw\nwrite p0 0 a\n\
                    mmap p0 700+1 rw\nwrite p0 700 c\n\
                    fork p0 p1\nread p1 0 -> a\nmmap p1 600+1 rw\nwrite p1 600 b\nthp never\n\
                    madvise p1 600+1 pageout\n"
        .to_owned();
    if linux.probe().has(Feature::MemoryCgroup) {
        text += "swap_out p1 700\n";
    } else {
        println!("left out: the memory cgroups");
    }
    let mut program: Program = text.parse().expect("a program");
    if linux.supports(&program).is_err() {
        println!("left out: the swap device");
        linux.adapt(&mut program);
    }
    linux.prepare(&program);
    linux.reset(&program.config);
    for (step, op) in program.steps.iter().zip(program.stamped()) {
        let outcome = linux.apply(&op).outcome;
        assert!(!matches!(outcome, Outcome::Err(_)), "{:?}: {outcome:?}", step.op);
    }
    assert_eq!(linux.troubles(), []);
}

/// A driver with changed settings. Run as a process of its own by the tests below, it tells the
/// numbers of its processes and waits to be ended, or panics.
#[test]
fn holds_a_driver() {
    if !root() {
        return;
    }
    let mut linux = Linux::new().expect("a driver");
    run_something(&mut linux);
    match std::env::var(ENDING).as_deref() {
        Ok("wait") => {
            let pids: Vec<String> = linux
                .process_pids()
                .into_iter()
                .chain(linux.guardian_pid())
                .map(|pid| pid.to_string())
                .collect();
            println!("\nready {}", pids.join(" "));
            std::thread::sleep(Duration::from_secs(60));
        }
        Ok("panic") => panic!("on purpose"),
        _ => {}
    }
}

/// Starts [`holds_a_driver`] as a process group of its own.
fn driver(ending: &str) -> Child {
    let this = std::env::current_exe().expect("this test");
    Command::new(this)
        .args(["--exact", "holds_a_driver", "--nocapture"])
        .env(ENDING, ending)
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a copy of this test")
}

/// Waits until the driver is at work; answers the numbers of its processes.
fn pids(driver: &mut Child) -> Vec<u32> {
    let mut lines = BufReader::new(driver.stdout.as_mut().expect("piped")).lines();
    let ready = lines.find_map(|line| line.ok()?.strip_prefix("ready ").map(str::to_owned));
    let ready = ready.expect("the driver says when it is ready");
    ready.split(' ').map(|pid| pid.parse().expect("a number")).collect()
}

/// Ends a driver in the middle of a program, and checks that nothing of it is left.
fn ended_by(end: impl FnOnce(&Child)) {
    if !root() {
        return;
    }
    let before = settings();
    let mut driver = driver("wait");
    let pids = pids(&mut driver);
    assert_eq!(pids.len(), 3, "p0, p1, guardian");
    assert_ne!(before, settings_now(), "the run changes settings");
    end(&driver);
    driver.wait().expect("its end");
    // The guardian holds the lock until it is done.
    assert_eq!(before, settings());
    for pid in &pids[..2] {
        assert!(!alive(*pid), "process {pid} is left");
    }
}

/// Whether a process exists that has not ended.
fn alive(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

fn process(pid: u32) -> Process {
    Process::from_raw(pid as i32).expect("a process number")
}

#[test]
fn settings_come_back_after_a_run() {
    if !root() {
        return;
    }
    let before = settings();
    let mut linux = Linux::new().expect("a driver");
    run_something(&mut linux);
    assert_ne!(before, settings_now(), "the run changes settings");
    drop(linux);
    assert_eq!(before, settings());
}

#[test]
fn settings_come_back_after_sigkill() {
    ended_by(|driver| kill_process(process(driver.id()), Signal::KILL).expect("a kill"));
}

/// Ctrl-C goes to every process of the terminal's foreground group.
#[test]
fn settings_come_back_after_ctrl_c() {
    ended_by(|driver| kill_process_group(process(driver.id()), Signal::INT).expect("a kill"));
}

#[test]
fn settings_come_back_after_a_panic() {
    if !root() {
        return;
    }
    let before = settings();
    let status = driver("panic").wait().expect("its end");
    assert!(!status.success());
    assert_eq!(before, settings());
}

/// Without a guardian the driver restores the settings itself, and a new program gets new
/// processes.
#[test]
fn settings_come_back_after_the_guardian_was_killed() {
    if !root() {
        return;
    }
    let before = settings();
    let mut linux = Linux::new().expect("a driver");
    run_something(&mut linux);
    let guardian = linux.guardian_pid().expect("a guardian");
    kill_process(process(guardian), Signal::KILL).expect("a kill");
    let read: Op = "read p0 0".parse().expect("an operation");
    // The signal takes its time to reach the guardian, the server and the processes in turn.
    let mut outcome = linux.apply(&read).outcome;
    for _ in 0..1000 {
        if matches!(outcome, Outcome::Err(_)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
        outcome = linux.apply(&read).outcome;
    }
    assert_eq!(outcome, Outcome::Err(Errno::EIO));
    assert_eq!(linux.troubles(), [Trouble::ServerLost]);
    run_something(&mut linux);
    assert_ne!(linux.guardian_pid(), Some(guardian));
    drop(linux);
    assert_eq!(before, settings());
}

/// The death of a simulated process is noticed at the next operation of its own, and ends with the
/// program.
#[test]
fn a_killed_process_is_a_trouble_not_an_end() {
    let Ok(mut linux) = Linux::new() else { return };
    let program: Program = "mmap p0 0+1 rw\nfork p0 p1".parse().expect("a program");
    linux.reset(&program.config);
    for op in program.stamped() {
        linux.apply(&op);
    }
    let victim = linux.process_pids()[1];
    kill_process(process(victim), Signal::KILL).expect("a kill");
    let [read_0, read_1] = ["read p0 0", "read p1 0"].map(|op| op.parse::<Op>().expect("a read"));
    assert!(matches!(linux.apply(&read_0).outcome, Outcome::Value(_)));
    assert_eq!(linux.apply(&read_1).outcome, Outcome::Err(Errno::EIO));
    let died = Trouble::Died { pid: Pid(1), status: Signal::KILL.as_raw() };
    assert_eq!(linux.troubles(), [died]);
    assert_eq!(linux.apply(&read_1).outcome, Outcome::Err(Errno::ESRCH));
    linux.reset(&program.config);
    for op in program.stamped() {
        assert_eq!(linux.apply(&op).outcome, Outcome::Ok);
    }
    assert_eq!(linux.troubles(), []);
}

/// A process that does not answer is killed after the patience the driver has.
#[test]
fn a_hung_process_is_killed() {
    let Ok(mut linux) = Linux::new() else { return };
    linux.set_patience(Duration::from_millis(300));
    let program: Program = "mmap p0 0+1 rw".parse().expect("a program");
    linux.reset(&program.config);
    kill_process(process(linux.process_pids()[0]), Signal::STOP).expect("a stop");
    for op in program.stamped() {
        assert_eq!(linux.apply(&op).outcome, Outcome::Err(Errno::EIO));
    }
    assert_eq!(linux.troubles(), [Trouble::Hung(Pid(0))]);
    linux.reset(&program.config);
    for op in program.stamped() {
        assert_eq!(linux.apply(&op).outcome, Outcome::Ok);
    }
}
