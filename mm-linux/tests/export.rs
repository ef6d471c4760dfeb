//! Exported programs: the C ones are compiled and run where there is a compiler, and must agree
//! with the expectations they were exported with.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use mm_linux::{Target, export};
use mm_ops::Program;
use std::path::PathBuf;
use std::process::Command;

fn parse(text: &str) -> Program {
    text.parse().unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}

/// A place of its own for one test, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mm-linux-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Compiles and runs a program; answers its TAP, or `None` where there is no compiler.
fn tap(name: &str, text: &str) -> Option<String> {
    let place = Place::new(name);
    let (source, binary) = (place.0.join("test.c"), place.0.join("test"));
    std::fs::write(&source, export(&parse(text), Target::C).expect("C has words for it"))
        .expect("a file");
    let compiler = Command::new("gcc")
        .args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .args([&binary, &source])
        .output();
    let Ok(compiled) = compiler.inspect_err(|error| println!("left out: gcc: {error}")) else {
        return None;
    };
    let errors = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{errors}");
    let output = Command::new(&binary).output().expect("the compiled program");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Every expectation is met; or the program skips itself for a reason.
fn passes(name: &str, text: &str) {
    let Some(tap) = tap(name, text) else { return };
    if let Some(reason) = tap.lines().find(|line| line.contains("# SKIP")) {
        println!("left out: {reason}");
        return;
    }
    let tests = text.matches("->").count();
    assert!(tap.starts_with("TAP version 13\n"), "{tap}");
    assert!(tap.contains(&format!("\n1..{tests}\n")), "{tap}");
    assert!(tap.contains(&format!("pass:{tests} fail:0")), "{tap}");
}

#[test]
fn c_of_processes_and_signals() {
    passes(
        "processes",
        "config procs=3\n\
         mmap p0 0+8 rw -> ok\n\
         write p0 0 a -> ok\n\
         fork p0 p1 -> ok\n\
         fork p0 p1 -> EEXIST\n\
         fork p1 p2 -> ok\n\
         fork p1 p3 -> EAGAIN\n\
         write p1 0 b -> ok\n\
         read p2 0 -> a\n\
         mprotect p2 0+8 r -> ok\n\
         write p2 0 c -> SIGSEGV\n\
         mmap p2 4+8 rw -> EEXIST\n\
         mmap p2 510+8 rw -> ENOMEM\n\
         exit p0 -> ok\n\
         read p0 0 -> ESRCH\n\
         exit p0 -> ESRCH\n\
         fork p2 p0 -> ok\n\
         read p0 0 -> a\n\
         read p1 0 -> b\n\
         madvise p1 0+8 dontneed -> ok\n\
         read p1 0 -> 0\n\
         munmap p1 0+8 -> ok\n\
         read p1 0 -> SIGSEGV\n",
    );
}

#[test]
fn c_of_handles() {
    passes(
        "handles",
        "mmap p0 0+8 rw\n\
         write p0 3 a\n\
         pin p0 3+2 rw h0 longterm fast -> 2\n\
         get p0 3 r h1 fast -> 1\n\
         fork p0 p1\n\
         write p1 3 b\n\
         dma_write h0 0 c -> ok\n\
         dma_write h1 0 c -> EACCES\n\
         dma_read h0 2 -> EINVAL\n\
         dma_read h2 0 -> EBADF\n\
         pin p0 3 rw h0 longterm fast -> EBUSY\n\
         read p0 3 -> c\n\
         read p1 3 -> b\n\
         madvise p0 3+1 dontneed\n\
         dma_read h0 0 -> c\n\
         exit p0\n\
         dma_read h0 0 -> c\n\
         dma_read h1 0 -> c\n\
         put h0 -> ok\n\
         put h0 -> EBADF\n\
         put h1 -> ok\n",
    );
}

#[test]
fn c_of_remote_accesses_and_seals() {
    passes(
        "remote",
        "mmap p0 0+4 r -> ok\n\
         poke p0 0 a -> ok\n\
         peek p0 0 -> a\n\
         vm_read p0 0 -> a\n\
         vm_write p0 0 b -> EFAULT\n\
         peek p0 9 -> EFAULT\n\
         peek p1 0 -> ESRCH\n\
         madvise p0 3+1 guard_install -> ok\n\
         read p0 3 -> SIGSEGV\n\
         mseal p0 0+1 -> ok\n\
         mprotect p0 0+1 rw -> EPERM\n",
    );
}

#[test]
fn c_of_folio_sizes() {
    passes(
        "sizes",
        "config ptes=512\n\
         thp always=2,9 -> ok\n\
         mmap p0 0+512 rw -> ok\n\
         write p0 7 a -> ok\n\
         fork p0 p1 -> ok\n\
         write p1 7 b -> ok\n\
         read p0 7 -> a\n",
    );
}

#[test]
fn c_of_moves() {
    passes(
        "moves",
        "config ptes=4\n\
         mmap p0 0+2 rw\n\
         write p0 0 a\n\
         mremap p0 0+2 0+0 -> EINVAL\n\
         mremap p0 0+2 0+65 -> EINVAL\n\
         mremap p0 8+2 0+4 -> EFAULT\n\
         mremap p0 0+2 0+4 -> @0\n\
         mmap p0 4+2 r\n\
         mremap p0 0+4 0+6 -> ENOMEM\n\
         mremap p0 0+4 0+6 maymove -> @6\n\
         read p0 6 -> a\n\
         read p0 0 -> SIGSEGV\n\
         mremap p0 6+6 62+6 maymove fixed -> EINVAL\n\
         mremap p0 6+6 20+6 maymove fixed -> @20\n\
         mremap p0 20+6 4+6 maymove dontunmap -> @6\n\
         read p0 6 -> a\n\
         read p0 20 -> 0\n\
         mremap p0 6+6 0+60 maymove -> ENOMEM\n\
         mremap p0 6+6 0+1 -> @6\n",
    );
}

#[test]
fn c_of_userfaultfd() {
    passes(
        "uffd",
        "mmap p0 0+4 rw\n\
         write p0 0 a\n\
         mmap p0 8+4 rw\n\
         uffd_move p0 0+1 8 -> EINVAL\n\
         uffd_register p0 8+4 both -> ok\n\
         read p0 8 -> SIGBUS\n\
         uffd_move p0 0+2 8 -> 1\n\
         read p0 8 -> a\n\
         read p0 0 -> 0\n\
         uffd_move p0 1+2 9 -> ENOENT\n\
         uffd_move p0 1+2 9 holes -> 2\n\
         uffd_copy p0 9 c wp -> ok\n\
         write p0 9 d -> SIGBUS\n\
         uffd_wp p0 9+1 off -> ok\n\
         uffd_zero p0 10 -> ok\n\
         uffd_poison p0 11 -> ok\n\
         read p0 11 -> SIGBUS\n\
         fork p0 p1\n\
         uffd_move p0 9+1 11 -> EEXIST\n\
         uffd_register p1 8+4 missing -> ok\n\
         uffd_unregister p0 8+4 -> ok\n",
    );
}

/// An expectation that is wrong fails its line, and only that.
#[test]
fn c_tells_a_wrong_expectation() {
    let Some(tap) = tap("wrong", "mmap p0 0+1 rw -> ok\nread p0 0 -> a\nread p0 0 -> 0\n") else {
        return;
    };
    assert!(tap.contains("\nok 1 mmap p0 0+1 rw\nnot ok 2 read p0 0\n"), "{tap}");
    assert!(tap.contains("# got 0, expected 97\nok 3 read p0 0\n"), "{tap}");
}

#[test]
fn c_of_nothing() {
    passes("nothing", "config ptes=8\n");
}

/// What a language has no words for is refused with the operation and the reason.
#[test]
fn refusals() {
    for (target, text, step, word) in [
        (Target::C, "mmap p0 0+1 rw\nfail_alloc 1", 1, "userspace"),
        (Target::C, "numa_hint p0 0+1", 0, "NUMA"),
        (Target::C, "pin p0 0 r h0", 0, "GUP"),
        (Target::C, "put h0 dirty", 0, "dirty"),
        (Target::C, "config ptes=8\nthp always=3", 0, "geometry"),
        (Target::C, "config uffd_remap=on\nuffd_wp p0 0+1 on", 0, "events"),
        (Target::Syz, "mremap p0 0+1 0+2 maymove", 0, "arena"),
        (Target::Syz, "mmap p0 0+1 rw\nfork p0 p1", 1, "one process"),
        (Target::Syz, "mmap p0 4096+1 rw", 0, "arena"),
        (Target::Syz, "read p1 0", 0, "one process"),
        (Target::Syz, "pin p0 0 rw h0 longterm fast", 0, "handles"),
    ] {
        let refused = export(&parse(text), target).expect_err(text);
        assert_eq!(refused.step, Some(step), "{text}");
        assert!(refused.reason.contains(word), "{text}: {refused}");
    }
}

/// A syzkaller program, call by call.
#[test]
fn syz_calls() {
    let text = "mmap p0 0+8 rw -> ok\nwrite p0 1 a\nmadvise p0 0+2 free\nread p0 1\nmprotect p0 1+1 r\n\
                munmap p0 0+8\nexit p0\n";
    let calls = export(&parse(text), Target::Syz).expect("it has words for it");
    let calls: Vec<&str> = calls.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        calls,
        [
            "mmap(&(0x7f0000000000/0x8000)=nil, 0x8000, 0x3, 0x32, 0xffffffffffffffff, 0x0)",
            "write(0xffffffffffffffff, &(0x7f0000001000)=\"61616161616161616161616161616161\", 0x10)",
            "madvise(&(0x7f0000000000/0x2000)=nil, 0x2000, 0x8)",
            "madvise(&(0x7f0000001000/0x1000)=nil, 0x1000, 0x16)",
            "mprotect(&(0x7f0000001000/0x1000)=nil, 0x1000, 0x1)",
            "munmap(&(0x7f0000000000/0x8000)=nil, 0x8000)",
            "exit_group(0x0)",
        ]
    );
}

/// The Rust test holds the program as it is written.
#[test]
fn rust_holds_the_program() {
    let program = parse("config ptes=16\nmmap p0 0+8 rw -> ok\nread p0 1 -> 0\n");
    let test = export(&program, Target::Rust).expect("Rust has words for it");
    let (_, rest) = test.split_once("r#\"\n").expect("a raw string");
    let (text, _) = rest.split_once("\"#").expect("its end");
    assert_eq!(parse(text), program);
}
