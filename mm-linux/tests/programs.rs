//! Small programs on the live kernel: one for each operation, with the outcome the kernel is known
//! to give. Where the kernel or the privileges leave one out, the test says so in one line.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod common;

use common::{Ran, run};
use mm_linux::Linux;
use mm_ops::{Config, Mm, NO_FRAME, Observation, Op, PageState, PageView, Pid, Vpn};

/// The driver, or a line about why there is none.
fn linux() -> Option<Linux> {
    Linux::new().inspect_err(|error| println!("left out: no live kernel: {error}")).ok()
}

/// Runs a program that must pass where it can run at all.
fn check(text: &str) -> Option<Ran> {
    run(&mut linux()?, text).inspect_err(|reason| println!("left out: {reason}")).ok()
}

fn page(ran: &Ran, pid: u8, vpn: u32) -> PageView {
    let found = ran.seen.pages.iter().find(|page| page.pid == Pid(pid) && page.vpn == Vpn(vpn));
    *found.unwrap_or_else(|| panic!("p{pid}:{vpn} is not mapped"))
}

fn exclusive(ran: &Ran, pid: u8, vpn: u32) -> bool {
    let found = ran.exclusive.iter().find(|(p, v, _)| (*p, *v) == (Pid(pid), Vpn(vpn)));
    found.unwrap_or_else(|| panic!("p{pid}:{vpn} was not probed")).2
}

/// Whether two pages are one physical page; `None` where frames cannot be seen.
fn one_frame(ran: &Ran, a: (u8, u32), b: (u8, u32)) -> Option<bool> {
    let (a, b) = (page(ran, a.0, a.1), page(ran, b.0, b.1));
    (a.frame != NO_FRAME).then_some(a.frame == b.frame)
}

/// mmap, read, write, munmap; holes and rights answer with signals.
#[test]
fn accesses_and_signals() {
    check(
        "config ptes=8\n\
         read p0 3 -> SIGSEGV\n\
         mmap p0 0+8 rw -> ok\n\
         mmap p0 4+8 rw -> EEXIST\n\
         read p0 3 -> 0\n\
         write p0 3 a -> ok\n\
         read p0 3 -> a\n\
         mprotect p0 3+1 r -> ok\n\
         write p0 3 b -> SIGSEGV\n\
         read p0 3 -> a\n\
         mprotect p0 3+1 none -> ok\n\
         read p0 3 -> SIGSEGV\n\
         munmap p0 3+1 -> ok\n\
         mprotect p0 0+8 r -> ENOMEM\n\
         write p0 2 c -> SIGSEGV\n",
    );
}

/// The end of a program's address space is a limit, though the kernel's lies elsewhere.
#[test]
fn the_end_of_the_address_space() {
    check(
        "config ptes=4\n\
         mmap p0 60+8 rw -> ENOMEM\n\
         mmap p0 60+4 rw -> ok\n\
         mmap p0 60+0 rw -> EINVAL\n\
         munmap p0 62+4 -> EINVAL\n\
         munmap p0 60+0 -> EINVAL\n\
         mprotect p0 60+8 r -> ENOMEM\n\
         write p0 61 a -> SIGSEGV\n\
         write p0 64 a -> SIGSEGV\n\
         mprotect p0 60+0 none -> ok\n\
         mmap p0 4294967295+4294967295 rw -> ENOMEM\n\
         pin p0 62+4 rw h0 longterm fast -> EFAULT\n\
         get p0 62+4 r h0 fast -> EFAULT\n",
    );
}

/// Fork shares pages, a write ends it, and only what was never shared or was copied is exclusive.
#[test]
fn fork_shares_until_a_write() {
    let Some(ran) = check(
        "mmap p0 0+8 rw\n\
         write p0 0 a\n\
         write p0 1 b\n\
         fork p0 p1 -> ok\n\
         write p1 1 c -> ok\n\
         write p0 2 d -> ok\n\
         read p0 1 -> b\n\
         read p1 1 -> c\n\
         read p1 2 -> 0\n",
    ) else {
        return;
    };
    assert_ne!(one_frame(&ran, (0, 0), (1, 0)), Some(false));
    assert_ne!(one_frame(&ran, (0, 1), (1, 1)), Some(true));
    if ran.seen.sees.mapcounts {
        assert_eq!([page(&ran, 0, 0).mapcount, page(&ran, 0, 1).mapcount], [2, 1]);
    }
    assert_eq!(page(&ran, 1, 2).state, PageState::ZeroPage);
    assert!(!exclusive(&ran, 0, 0) && !exclusive(&ran, 1, 0));
    assert!(!exclusive(&ran, 0, 1), "the parent did not write since the fork");
    assert!(exclusive(&ran, 1, 1) && exclusive(&ran, 0, 2));
}

/// Processes come and go under the same names, and a name not in use is ESRCH.
#[test]
fn the_life_of_processes() {
    check(
        "config procs=2\n\
         write p1 0 a -> ESRCH\n\
         fork p0 p0 -> EEXIST\n\
         fork p0 p1 -> ok\n\
         fork p1 p2 -> EAGAIN\n\
         exit p0 -> ok\n\
         exit p0 -> ESRCH\n\
         fork p1 p0 -> ok\n\
         mmap p0 0+1 rw -> ok\n\
         write p0 0 a -> ok\n\
         read p1 0 -> SIGSEGV\n\
         exit p1\n\
         exit p0\n\
         fork p0 p1 -> ESRCH\n",
    );
}

/// A pinned page belongs to its owner, whatever fork does; the pin outlives the mapping and the
/// process.
#[test]
fn a_pin_keeps_its_page() {
    let Some(ran) = check(
        "mmap p0 0+8 rw\n\
         write p0 3 a\n\
         pin p0 3+2 rw h0 longterm fast -> 2\n\
         pin p0 5 rw h0 longterm fast -> EBUSY\n\
         fork p0 p1 -> ok\n\
         write p1 3 b\n\
         dma_write h0 0 c -> ok\n\
         read p0 3 -> c\n\
         read p1 3 -> b\n\
         write p0 4 d\n\
         dma_read h0 1 -> d\n\
         dma_read h0 2 -> EINVAL\n\
         madvise p0 3+1 dontneed\n\
         read p0 3 -> 0\n\
         dma_read h0 0 -> c\n\
         exit p0\n\
         dma_read h0 1 -> d\n\
         put h0 -> ok\n\
         put h0 -> EBADF\n\
         dma_read h0 0 -> EBADF\n",
    ) else {
        return;
    };
    assert!(exclusive(&ran, 1, 3));
}

/// A grab that fails midway keeps what it had, and one that fails at once has an error.
#[test]
fn a_grab_that_fails_midway() {
    check(
        "mmap p0 0+2 rw\n\
         mmap p0 2+2 r\n\
         pin p0 0+4 rw h0 longterm fast -> 2\n\
         pin p0 2+2 rw h1 longterm fast -> EFAULT\n\
         put h1 -> EBADF\n\
         get p0 1+8 r h2 fast -> 3\n\
         dma_write h2 0 a -> EACCES\n\
         dma_read h2 2 -> 0\n\
         get p0 7 r h3 fast -> EFAULT\n\
         pin p0 0+0 rw h4 longterm fast -> 0\n\
         pin p0 0 rw h4 longterm fast -> 1\n",
    );
}

/// FOLL_GET: an exclusive page stays the mapping's, a shared one is left behind by the copy.
#[test]
fn a_get_of_shared_and_exclusive_pages() {
    check(
        "mmap p0 0+2 rw\n\
         write p0 0 a\n\
         write p0 1 b\n\
         get p0 0 r h0 fast -> 1\n\
         write p0 0 c\n\
         dma_read h0 0 -> c\n\
         fork p0 p1\n\
         get p1 1 r h1 fast -> 1\n\
         write p1 1 d\n\
         dma_read h1 0 -> b\n\
         dma_read h1 0 -> b\n\
         put h1 -> ok\n\
         put h0 -> ok\n",
    );
}

/// madvise: what each advice does to contents and to a fork.
#[test]
fn advice() {
    check(
        "mmap p0 0+8 rw\n\
         write p0 0 a\n\
         write p0 1 b\n\
         write p0 2 c\n\
         write p0 3 d\n\
         madvise p0 0+1 dontneed -> ok\n\
         read p0 0 -> 0\n\
         madvise p0 1+1 free -> ok\n\
         write p0 1 e\n\
         madvise p0 2+1 dontfork -> ok\n\
         madvise p0 3+1 wipeonfork -> ok\n\
         madvise p0 5+2 populate_write -> ok\n\
         madvise p0 4+1 populate_read -> ok\n\
         madvise p0 7+1 guard_install -> ok\n\
         read p0 7 -> SIGSEGV\n\
         fork p0 p1\n\
         read p1 1 -> e\n\
         read p1 2 -> SIGSEGV\n\
         read p1 3 -> 0\n\
         read p0 3 -> d\n\
         read p1 7 -> SIGSEGV\n\
         madvise p0 7+1 guard_remove -> ok\n\
         read p0 7 -> 0\n\
         madvise p0 7+2 dontneed -> ENOMEM\n\
         madvise p0 2+1 dofork\n\
         madvise p0 3+1 keeponfork\n\
         madvise p0 0+8 hugepage\n\
         madvise p0 0+8 nohugepage\n\
         mlock p0 0+1 -> ok\n\
         madvise p0 0+1 dontneed -> EINVAL\n\
         madvise p0 0+1 dontneed_locked -> ok\n\
         munlock p0 0+8 -> ok\n",
    );
}

/// Accesses by the kernel on another's behalf: forced ones ignore the mapping's rights.
#[test]
fn remote_accesses() {
    check(
        "mmap p0 0+4 rw\n\
         write p0 0 a\n\
         fork p0 p1\n\
         peek p1 0 -> a\n\
         vm_write p1 0 b -> ok\n\
         vm_read p0 0 -> a\n\
         vm_read p1 0 -> b\n\
         mprotect p0 0+4 none\n\
         peek p0 0 -> a\n\
         vm_read p0 0 -> EFAULT\n\
         vm_write p0 0 c -> EFAULT\n\
         poke p0 0 c -> ok\n\
         peek p0 0 -> c\n\
         peek p0 9 -> EFAULT\n\
         vm_read p0 9 -> EFAULT\n\
         peek p2 0 -> ESRCH\n",
    );
}

/// A sealed mapping refuses, and goes away with its process all the same.
#[test]
fn seals_do_not_outlive_the_program() {
    let Some(mut linux) = linux() else { return };
    let text = "mmap p0 0+4 r\n\
                mseal p0 0+2 -> ok\n\
                munmap p0 0+4 -> EPERM\n\
                mprotect p0 1+1 rw -> EPERM\n\
                madvise p0 1+1 dontneed -> EPERM\n\
                munmap p0 2+2 -> ok\n\
                mseal p0 1+4 -> ENOMEM\n";
    for _ in 0..2 {
        if let Err(reason) = run(&mut linux, text) {
            println!("left out: {reason}");
        }
    }
}

/// Droppable memory is wiped in a fork.
#[test]
fn droppable_memory() {
    check(
        "mmap p0 0+4 rw droppable\n\
         write p0 0 a\n\
         madvise p0 0+4 keeponfork -> EINVAL\n\
         fork p0 p1\n\
         read p1 0 -> 0\n\
         read p0 0 -> a\n",
    );
}

/// Every folio order below a PMD: one write maps the whole folio, a fork shares it, and a write
/// copies one page of it.
#[test]
fn large_folios_of_every_order() {
    for order in 2..=8 {
        let text = format!(
            "config ptes=512\n\
             thp madvise={order}\n\
             mmap p0 0+512 rw\n\
             madvise p0 0+512 hugepage\n\
             write p0 1 a\n\
             fork p0 p1\n\
             write p1 0 b\n\
             read p0 1 -> a\n"
        );
        let Some(ran) = check(&text) else { return };
        let of = |pid| ran.seen.pages.iter().filter(move |page| page.pid == Pid(pid)).count();
        assert_eq!([of(0), of(1)], [1 << order; 2], "order {order}");
        assert_eq!(one_frame(&ran, (0, 1), (1, 1)), Some(true));
        assert_eq!(one_frame(&ran, (0, 0), (1, 0)), Some(false));
    }
}

/// A PMD maps 512 pages at once; what touches only a part of them splits it.
#[test]
fn pmd_mappings_and_their_split() {
    let whole = "config ptes=512\n\
                 thp always=9\n\
                 mmap p0 512+1024 rw\n\
                 write p0 700 a\n\
                 fork p0 p1\n\
                 read p0 1024 -> 0\n";
    let Some(ran) = check(whole) else { return };
    assert_eq!(page(&ran, 0, 512).state, PageState::PageByPmd);
    assert_eq!(page(&ran, 1, 1023).state, PageState::PageByPmd);
    assert_eq!(page(&ran, 0, 1535).state, PageState::HugeZero);
    assert_eq!(page(&ran, 0, 700).mapcount, 2);
    assert!(!exclusive(&ran, 0, 700) && !exclusive(&ran, 1, 512));
    let split = format!("{whole}mprotect p1 600+1 r\n");
    let Some(ran) = check(&split) else { return };
    assert_eq!(page(&ran, 0, 700).state, PageState::PageByPmd);
    assert_eq!(page(&ran, 1, 700).state, PageState::Page);
    assert_eq!(one_frame(&ran, (0, 700), (1, 700)), Some(true));
    let alone = "config ptes=512\nthp always=9\nmmap p0 0+512 rw\nwrite p0 5 a\n";
    let Some(ran) = check(alone) else { return };
    assert!(exclusive(&ran, 0, 0) && exclusive(&ran, 0, 511));
}

/// With `huge_zero=off` a read fault takes small zero pages.
#[test]
fn without_the_huge_zero_folio() {
    let text = "config ptes=512 huge_zero=off\nthp always=9\nmmap p0 0+512 rw\nread p0 5 -> 0\n";
    let Some(ran) = check(text) else { return };
    assert_ne!(page(&ran, 0, 5).state, PageState::HugeZero);
}

/// What cannot be driven is refused with a reason, and executes as an error if asked for all the
/// same.
#[test]
fn refusals_have_reasons() {
    let Some(mut linux) = linux() else { return };
    for (text, word) in [
        ("fail_alloc 1", "fail_alloc"),
        ("lock p0 0 l0", "folio lock"),
        ("isolate p0 0 l0", "isolation"),
        ("numa_hint p0 0+8", "NUMA"),
        ("put h0 dirty", "dirty"),
        ("pin p0 0 r h0 longterm", "io_uring"),
        ("get p0 0+17 r h0 fast", "pipe"),
        ("mprotect p0 0+1 w\nget p0 0+2 r h0 fast", "write-only"),
        ("thp always=3", "512"),
        ("config soft_dirty=on", "soft-dirty"),
        ("config ptes=512 pt_reclaim=off\nthp always=9", "pt_reclaim"),
        ("mmap p0 0+65537 rw", "65537"),
    ] {
        let program = text.parse().unwrap_or_else(|error| panic!("{error:?}"));
        let refused = linux.supports(&program).expect_err(text).to_string();
        assert!(refused.contains(word), "{text}: {refused}");
    }
    linux.reset(&Config::default());
    let op: Op = "fail_alloc 1".parse().expect("an operation");
    assert_eq!(linux.apply(&op).outcome, mm_ops::Outcome::Err(mm_ops::Errno::EOPNOTSUPP));
}

/// The kernel's answer does not depend on what ran before: the same program twice, with others in
/// between, is observed the same.
#[test]
fn programs_do_not_touch_each_other() {
    let Some(mut linux) = linux() else { return };
    let text = "mmap p0 0+8 rw\nwrite p0 0 a\nfork p0 p1\nwrite p0 0 b\nwrite p1 1 c\n\
                fork p1 p2\nexit p1\nwrite p2 1 d\n";
    let other = "mmap p0 0+64 rw\nmadvise p0 0+64 populate_write\npin p0 0+64 rw h0 longterm fast\n\
                 fork p0 p3\nget p3 0+16 r h1 fast\nmprotect p3 0+64 none\n";
    let run = |linux: &mut Linux, text| {
        let mut ran = run(linux, text).expect("nothing in it needs privileges");
        // Which frames there are is another matter each time.
        ran.seen.names.clear();
        ran
    };
    let first = run(&mut linux, text);
    for _ in 0..20 {
        run(&mut linux, other);
        let again = run(&mut linux, text);
        assert_eq!(first.seen, again.seen);
        assert_eq!(first.exclusive, again.exclusive);
    }
}

/// A page that no write of a program made is told apart from every value.
#[test]
fn foreign_contents_are_torn() {
    let Some(mut linux) = linux() else { return };
    let program: mm_ops::Program = "mmap p0 0+1 rw\nwrite p0 0 a\n".parse().expect("a program");
    linux.reset(&program.config);
    for op in program.stamped() {
        linux.apply(&op);
    }
    let pid = linux.process_pids()[0];
    let mem = std::fs::File::options().write(true).open(format!("/proc/{pid}/mem"));
    let mem = mem.expect("the memory of a child");
    // In the middle of page 0 of the arena.
    std::os::unix::fs::FileExt::write_all_at(&mem, b"x", (1 << 45) + 2048).expect("a write");
    let mut seen = Observation::default();
    linux.observe(&mut seen);
    assert_eq!(seen.pages[0].value, mm_linux::TORN);
}
