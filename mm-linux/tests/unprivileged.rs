//! An ordinary user drives the kernel, too: values, rights, errors and what is mapped can be seen;
//! frames and folio sizes cannot, and the driver says so.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod common;

use common::run;
use mm_linux::{Feature, Linux, Probe};
use mm_ops::{NO_FRAME, PageState, Pid, Program, Vpn};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The user and group that own nothing.
const NOBODY: u32 = 65534;

/// What an ordinary user has. As root, the test below runs this as somebody else.
#[test]
fn an_ordinary_user_sees_values() {
    if rustix::process::geteuid().is_root() {
        return;
    }
    let mut linux = Linux::new().expect("a driver");
    let text = "mmap p0 0+8 rw\n\
                write p0 3 a -> ok\n\
                madvise p0 0+8 hugepage -> ok\n\
                pin p0 3 rw h0 longterm fast -> 1\n\
                fork p0 p1 -> ok\n\
                write p1 3 b -> ok\n\
                dma_write h0 0 c -> ok\n\
                read p0 3 -> c\n\
                vm_read p1 3 -> b\n\
                read p0 9 -> SIGSEGV\n\
                read p1 5 -> 0\n\
                mlock p1 0+8 -> ok\n";
    let ran = run(&mut linux, text).expect("nothing in it needs privileges");
    assert!(ran.seen.sees.state && !ran.seen.sees.frames && !ran.seen.sees.mapcounts);
    assert!(ran.seen.folios.is_empty());
    let page = ran.seen.pages.iter().find(|page| (page.pid, page.vpn) == (Pid(1), Vpn(3)));
    let page = page.expect("p1 wrote it");
    assert_eq!((page.value.label, page.state, page.frame), (b'b', PageState::Page, NO_FRAME));
    // Page 3 was pinned when the process forked, so each side has its own; the rest is shared or
    // was populated since.
    assert!(ran.exclusive.contains(&(Pid(0), Vpn(3), true)));
    let program: Program = "config ptes=512\nthp always=9\n".parse().expect("a program");
    let refused = linux.supports(&program).expect_err("it needs root");
    assert!(refused.to_string().contains("root"), "{refused}");
    let program: Program = "mmap p0 0+64 rw\nmlock p0 0+64\n".parse().expect("a program");
    let refused = linux.supports(&program).expect_err("the limit is small");
    assert!(refused.to_string().contains("locking"), "{refused}");
    let probe = Probe::new();
    assert!(!probe.root && !probe.has(Feature::Frames) && !probe.has(Feature::FolioSizes));
    assert!(probe.to_string().contains("an ordinary user"));
}

/// Runs the test above as nobody, from a copy that nobody may read.
#[test]
fn root_can_be_an_ordinary_user() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let copy = std::env::temp_dir().join(format!("mm-linux-unprivileged-{}", std::process::id()));
    std::fs::copy(std::env::current_exe().expect("this test"), &copy).expect("a copy");
    let everyone = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&copy, everyone).expect("permissions");
    let output = Command::new(&copy)
        .args(["--exact", "an_ordinary_user_sees_values"])
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .output();
    std::fs::remove_file(&copy).expect("the copy can go");
    let output = output.expect("a process");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
