//! The areas beside the main job on the live kernel, a program each: userfaultfd, collapse, reclaim to
//! zram, KSM. Where the kernel or the privileges leave one out, the test says so in one line.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod common;

use common::{Ran, run};
use mm_linux::Linux;
use mm_ops::{PageState, PageView, Pid, Program, UNSEEN, Vpn};

/// Runs a program that must pass where it can run at all.
fn check(text: &str) -> Option<Ran> {
    let mut linux =
        Linux::new().inspect_err(|error| println!("left out: no live kernel: {error}")).ok()?;
    run(&mut linux, text).inspect_err(|reason| println!("left out: {reason}")).ok()
}

fn page(ran: &Ran, pid: u8, vpn: u32) -> PageView {
    let found = ran.seen.pages.iter().find(|page| page.pid == Pid(pid) && page.vpn == Vpn(vpn));
    *found.unwrap_or_else(|| panic!("p{pid}:{vpn} is not mapped"))
}

#[test]
fn what_is_watched_is_delivered() {
    let Some(ran) = check(
        "mmap p0 0+8 rw\n\
         write p0 6 z\n\
         uffd_register p0 0+8 both -> ok\n\
         read p0 0 -> SIGBUS\n\
         uffd_copy p0 0 a wp -> ok\n\
         uffd_copy p0 0 b -> EEXIST\n\
         read p0 0 -> a\n\
         write p0 0 b -> SIGBUS\n\
         uffd_wp p0 0+1 off -> ok\n\
         write p0 0 b -> ok\n\
         uffd_zero p0 1 -> ok\n\
         read p0 1 -> 0\n\
         uffd_poison p0 2 -> ok\n\
         read p0 2 -> SIGBUS\n\
         uffd_wp p0 6+1 on -> ok\n\
         fork p0 p1 -> ok\n\
         read p1 3 -> 0\n\
         write p1 6 y -> ok\n\
         uffd_copy p0 20 a -> ENOENT\n\
         uffd_register p0 0+0 wp -> EINVAL\n",
    ) else {
        return;
    };
    assert_eq!(page(&ran, 0, 2).state, PageState::Swapped, "the poison");
    assert!(page(&ran, 0, 6).uffd_wp && !page(&ran, 1, 6).uffd_wp && !page(&ran, 0, 0).uffd_wp);
}

#[test]
fn children_inherit_the_watch() {
    let Some(ran) = check(
        "config uffd=unpopulated uffd_fork=on\n\
         mmap p0 0+4 rw\n\
         uffd_register p0 0+4 wp -> ok\n\
         uffd_wp p0 0+4 on -> ok\n\
         fork p0 p1 -> ok\n\
         exit p0 -> ok\n\
         write p1 0 a -> SIGBUS\n\
         uffd_wp p1 0+1 off -> ok\n\
         write p1 0 a -> ok\n\
         fork p1 p2 -> ok\n\
         write p2 1 a -> SIGBUS\n",
    ) else {
        return;
    };
    assert!(page(&ran, 1, 1).uffd_wp && page(&ran, 2, 1).uffd_wp);
}

#[test]
fn protection_may_resolve_itself() {
    check(
        "config uffd=async\n\
         mmap p0 0+4 rw\n\
         uffd_register p0 0+4 wp -> ok\n\
         uffd_wp p0 0+4 on -> ok\n\
         write p0 0 a -> ok\n\
         read p0 0 -> a\n",
    );
}

#[test]
fn a_block_is_collapsed() {
    let Some(ran) = check(
        "config ptes=512\n\
         mmap p0 0+512 rw\n\
         madvise p0 0+512 collapse -> EINVAL\n\
         write p0 0 a\n\
         write p0 77 b\n\
         madvise p0 0+512 cold -> ok\n\
         madvise p0 0+512 collapse -> ok\n\
         read p0 77 -> b\n\
         madvise p0 100+50 collapse -> EINVAL\n",
    ) else {
        return;
    };
    assert_eq!(page(&ran, 0, 511).state, PageState::PageByPmd);
}

#[test]
fn pages_go_out_and_come_back() {
    let Some(ran) = check(
        "config swap_device=zram\n\
         mmap p0 0+8 rw\n\
         write p0 0 a\n\
         write p0 1 b\n\
         write p0 2 c\n\
         write p0 3 d\n\
         read p0 4 -> 0\n\
         swap_out p0 4 -> EFAULT\n\
         madvise p0 0+2 pageout -> ok\n\
         swap_out p0 2 -> ok\n\
         read p0 0 -> a\n\
         fork p0 p1 -> ok\n\
         read p1 2 -> c\n\
         write p1 1 e -> ok\n\
         read p0 1 -> b\n\
         madvise p0 2+2 free -> ok\n\
         madvise p0 3+1 pageout -> ok\n\
         get p0 0+1 r h0 fast -> 1\n\
         swapoff -> ok\n\
         swapoff -> EINVAL\n\
         swapon -> ok\n\
         swapon -> EBUSY\n\
         write p0 5 f\n\
         madvise p0 5+1 pageout -> ok\n\
         write p0 6 g\n\
         madvise p0 6+1 pageout -> ok\n\
         madvise p0 6+1 willneed -> ok\n",
    ) else {
        return;
    };
    let out = page(&ran, 0, 5);
    assert_eq!((out.state, out.value.label), (PageState::Swapped, b'f'), "read off the device");
    let cached = page(&ran, 0, 6);
    assert_eq!((cached.state, cached.value), (PageState::SwapCached, UNSEEN));
}

/// A program whose last operation turns out to be none that the driver has.
fn check_not_driven(text: &str) {
    let Ok(mut linux) = Linux::new() else { return };
    let program: Program = text.parse().expect("a program");
    if let Err(reason) = linux.supports(&program) {
        return println!("left out: {reason}");
    }
    linux.prepare(&program);
    mm_ops::Mm::reset(&mut linux, &program.config);
    for op in program.stamped() {
        assert_eq!(linux.troubles(), [], "before `{op}`");
        mm_ops::Mm::apply(&mut linux, &op);
    }
    let troubles = linux.troubles();
    assert!(matches!(&troubles[..], [mm_linux::Trouble::NotDriven(_)]), "{troubles:?}");
}

/// Unlocking a mapping by MREMAP_DONTUNMAP is not unlocking its pages.
#[test]
fn pages_that_stay_mlocked_are_not_reclaimed() {
    let locked = "mmap p0 0+4 rw\nmlock p0 0+4\nmremap p0 0+3 8+3 maymove dontunmap\n";
    check_not_driven(&format!("config swap_device=zram\n{locked}madvise p0 3+1 pageout\n"));
    check_not_driven(&format!("config swap_device=zram\n{locked}swap_out p0 3\n"));
    if mm_linux::Probe::new().has(mm_linux::Feature::PageFlags) {
        check_not_driven(&format!("{locked}madvise p0 3+1 free\n"));
    }
}

/// The kernel's table of the taken page is the source's, too.
#[test]
fn the_end_of_a_small_table_is_not_the_kernels() {
    check_not_driven(
        "config ptes=4\n\
         mmap p0 4+1 rw\n\
         uffd_register p0 4+1 wp\n\
         read p0 4\n\
         mmap p0 0+1 rw\n\
         uffd_move p0 0+1 4\n",
    );
}

#[test]
fn equal_pages_become_one() {
    let Some(ran) = check(
        "mmap p0 0+8 rw\n\
         madvise p0 0+8 mergeable -> ok\n\
         write p0 0 0\n\
         write p0 1 0\n\
         write p0 2 b\n\
         ksm p0 2 p0 0 -> EINVAL\n\
         ksm p0 5 p0 0 -> EFAULT\n\
         ksm p0 1 p0 0 -> ok\n\
         ksm p0 1 p0 0 -> ok\n\
         write p0 4 0\n\
         ksm p0 4 p0 0 -> ok\n\
         write p0 4 c\n\
         fork p0 p1 -> ok\n",
    ) else {
        return;
    };
    assert_eq!(page(&ran, 0, 0).frame, page(&ran, 1, 1).frame);
    assert!(ran.seen.folios[0].ksm && !ran.exclusive.contains(&(Pid(0), Vpn(0), true)));
    assert_eq!(page(&ran, 0, 0).mapcount, 4);
}

#[test]
fn zeroes_become_the_zero_page() {
    let Some(ran) = check(
        "mmap p0 0+8 rw\n\
         madvise p0 0+8 mergeable -> ok\n\
         write p0 4 0\n\
         write p0 5 a\n\
         ksm_zero p0 5 -> EINVAL\n\
         ksm_zero p0 4 -> ok\n",
    ) else {
        return;
    };
    assert_eq!(page(&ran, 0, 4).state, PageState::ZeroPage);
    check(
        "mmap p0 0+8 rw\n\
         madvise p0 0+8 mergeable -> ok\n\
         write p0 4 0\n\
         ksm_zero p0 4 -> ok\n\
         madvise p0 0+8 unmergeable -> ok\n\
         ksm_zero p0 4 -> EFAULT\n",
    );
    // To merge a page of a large folio is to split it, and that leaves no page of zeroes (F9).
    check(
        "config\n\
         thp always=2\n\
         mmap p0 0+4 rw\n\
         madvise p0 0+1 populate_write\n\
         madvise p0 0+1 mergeable -> ok\n\
         ksm_zero p0 0 -> EAGAIN\n\
         read p0 0 -> 0\n",
    );
}

#[test]
fn memory_moves_with_its_pages() {
    let Some(ran) = check(
        "mmap p0 0+4 rw\n\
         write p0 0 a\n\
         write p0 1 b\n\
         pin p0 1 rw h0 longterm fast -> 1\n\
         fork p0 p1 -> ok\n\
         mremap p1 0+4 16+4 maymove fixed -> @16\n\
         read p1 0 -> SIGSEGV\n\
         read p1 17 -> b\n\
         mremap p0 0+2 8+2 maymove dontunmap -> @8\n\
         read p0 0 -> 0\n\
         dma_write h0 0 c -> ok\n\
         read p0 9 -> c\n\
         read p1 17 -> b\n",
    ) else {
        return;
    };
    assert_eq!(page(&ran, 0, 8).frame, page(&ran, 1, 16).frame);
    assert_eq!(page(&ran, 0, 0).state, PageState::ZeroPage);
}

/// What the kernel would place anywhere stays in the program's memory, and errors are those of the call.
#[test]
fn moves_stay_in_the_arena() {
    let Some(ran) = check(
        "config ptes=4\n\
         mmap p0 0+2 rw\n\
         write p0 1 a\n\
         mmap p0 4+2 rw\n\
         mremap p0 0+2 0+4 -> @0\n\
         mremap p0 0+6 0+8 -> @0\n\
         mmap p0 9+1 rw\n\
         mremap p0 9+1 0+2 -> @9\n\
         mremap p0 0+8 0+12 -> ENOMEM\n\
         mremap p0 0+8 0+12 maymove -> @11\n\
         read p0 12 -> a\n\
         mremap p0 11+12 0+64 maymove -> ENOMEM\n\
         mremap p0 11+12 0+65 maymove -> EINVAL\n\
         mremap p0 30+1 0+64 maymove -> EFAULT\n\
         mremap p0 11+12 60+12 maymove fixed -> EINVAL\n\
         mremap p0 11+12 52+12 maymove fixed -> @52\n\
         mremap p0 52+12 0+13 -> ENOMEM\n\
         mremap p0 52+13 0+13 -> @52\n\
         mremap p0 52+13 0+12 -> EINVAL\n\
         mremap p0 52+12 8+12 maymove dontunmap -> @11\n\
         mremap p0 52+13 8+13 maymove dontunmap -> EFAULT\n\
         mseal p0 52+12 -> ok\n\
         mremap p0 52+12 8+12 maymove dontunmap -> EPERM\n\
         mremap p0 11+12 52+12 maymove fixed -> EPERM\n",
    ) else {
        return;
    };
    assert_eq!(page(&ran, 0, 12).value.label, b'a');
}

#[test]
fn watched_memory_moves_with_or_without_its_watch() {
    for (config, store) in [("off", "ok"), ("on", "SIGBUS")] {
        check(&format!(
            "config uffd_remap={config} uffd_fork=on\n\
             mmap p0 0+4 rw\n\
             write p0 0 a\n\
             uffd_register p0 0+4 wp -> ok\n\
             uffd_wp p0 0+4 on -> ok\n\
             fork p0 p1 -> ok\n\
             mremap p0 0+4 8+4 maymove fixed -> @8\n\
             write p0 8 b -> {store}\n\
             mremap p1 0+4 8+4 maymove dontunmap -> @8\n\
             write p1 8 b -> {store}\n\
             mmap p1 12+1 rw\n\
             mremap p1 8+4 0+6 maymove -> @13\n"
        ));
    }
}

#[test]
fn single_pages_move() {
    let Some(ran) = check(
        "mmap p0 0+4 rw\n\
         write p0 0 a\n\
         write p0 1 b\n\
         read p0 2 -> 0\n\
         mmap p0 8+8 rw\n\
         uffd_move p0 0+1 8 -> EINVAL\n\
         uffd_register p0 8+8 missing -> ok\n\
         uffd_move p0 0+4 8 -> 3\n\
         uffd_move p0 3+1 11 -> ENOENT\n\
         uffd_move p0 3+1 11 holes -> 1\n\
         uffd_move p0 20+1 11 -> ENOENT\n\
         uffd_move p0 0+1 20 -> ENOENT\n\
         uffd_move p0 0+0 8 -> EINVAL\n\
         uffd_move p0 0+600 8 -> EINVAL\n\
         write p0 0 c\n\
         uffd_move p0 0+1 8 -> EEXIST\n\
         pin p0 0 rw h0 longterm fast -> 1\n\
         uffd_move p0 0+1 12 -> EBUSY\n\
         put h0\n\
         fork p0 p1 -> ok\n\
         uffd_move p0 0+1 12 -> EBUSY\n\
         exit p1 -> ok\n\
         write p0 0 d\n\
         uffd_move p0 0+1 12 -> 1\n\
         read p0 0 -> 0\n",
    ) else {
        return;
    };
    let moved = [8, 9, 12].map(|vpn| page(&ran, 0, vpn).value.label);
    assert_eq!(moved, [b'a', b'b', b'd']);
    assert_eq!(page(&ran, 0, 10).state, PageState::ZeroPage);
}

/// A context that came with a fork is the driver's only, until the process needs it.
#[test]
fn an_inherited_watch_lets_pages_move() {
    check(
        "config uffd_fork=on\n\
         mmap p0 0+8 rw\n\
         uffd_register p0 4+4 missing -> ok\n\
         fork p0 p1 -> ok\n\
         write p1 0 a\n\
         uffd_move p1 0+1 4 -> 1\n\
         read p1 4 -> a\n\
         read p0 4 -> SIGBUS\n",
    );
}

#[test]
fn a_huge_page_moves_whole_or_in_parts() {
    let Some(ran) = check(
        "config ptes=512\n\
         thp always=9\n\
         mmap p0 0+1024 rw\n\
         write p0 5 a\n\
         write p0 600 b\n\
         mmap p0 4096+1024 rw\n\
         uffd_register p0 4096+1024 missing -> ok\n\
         uffd_move p0 0+512 4096 -> 512\n\
         mremap p0 512+512 8192+512 maymove fixed -> @8192\n\
         mremap p0 8192+512 10001+512 maymove fixed -> @10001\n",
    ) else {
        return;
    };
    assert_eq!(page(&ran, 0, 4101).state, PageState::PageByPmd);
    let apart = page(&ran, 0, 10001 + 88);
    assert_eq!((apart.state, apart.value.label), (PageState::Page, b'b'));
}
