//! The text format: what is read, how it is printed, and what is said of mistakes.

use super::{Document, format, nearest};
use crate::{Op, Outcome, Program, Step};

/// Every operation, in canonical form.
pub(crate) const EVERY_FORM: &str = "\
config ptes=16 procs=3 batching=off access_bits=merged soft_dirty=on huge_zero=off pt_reclaim=off lru_batch=on swap=7 swap_device=zram uffd=async uffd_fork=on uffd_remap=on dev_mem=9 dev_exclusive=walk migdev_old=on dev_thp=on swap_noexcl=on
thp always=2,3 madvise=4
thp madvise=0,9
thp never -> ok
mmap p0 0+8 rw
mmap p3 4294967295+4294967295 none droppable -> EEXIST
munmap p0 0+0
mprotect p0 0+8 r
mprotect p0 0+8 w
madvise p0 0+8 dontneed
madvise p0 0+8 dontneed_locked
madvise p0 0+8 free
madvise p0 0+8 dontfork
madvise p0 0+8 dofork
madvise p0 0+8 wipeonfork
madvise p0 0+8 keeponfork
madvise p0 0+8 hugepage
madvise p0 0+8 nohugepage
madvise p0 0+8 populate_read
madvise p0 0+8 populate_write
madvise p0 0+8 guard_install
madvise p0 0+8 guard_remove
madvise p0 0+8 cold
madvise p0 0+8 pageout
madvise p0 0+8 willneed
madvise p0 0+8 mergeable
madvise p0 0+8 unmergeable
madvise p0 0+8 collapse
mlock p0 0+8
munlock p0 0+8
mseal p0 0+8
fork p0 p1 -> ENOMEM
exit p1 -> ESRCH
read p0 3 -> a
read p0 3 -> 0
read p0 3 -> BLOCKED
write p0 3 z -> SIGSEGV
write p0 3 0 -> SIGBUS
write p0 3 200 -> OOM
pin p0 3+2 rw h0 longterm force fast nofault split -> 2
pin p0 3 r h15 -> EFAULT
get p0 3+0 r h1 nofault -> 0
put h0
put h0 dirty
dma_read h0 7 -> a
dma_write h0 0 c
peek p0 3 -> b
poke p0 3 b
vm_read p0 3 -> EHWPOISON
vm_write p0 3 123 -> ok
fail_alloc 65535
lock p0 3 l0
isolate p0 3 l7
drop l0
numa_hint p0 0+8
clear_refs p0
swap_out p0 3
swap_out p0 3 l0 -> EBUSY
write_done l0
write_done l0 error
bad_slot p0 3
swapoff -> ENOMEM
swapon
race pin p0 3 rw h0 at 1,2,3,4
race get p1 3 r h1 at 0,2,2,end
race read p0 3 at 2
race write p0 3 a at 7
drain
migrate p0 3 l0
migrate p0 3 l0 all -> EACCES
migrate_copy l0
migrate_end l0
split p0 3 order=0
split p0 3 order=2 nonuniform -> EINVAL
deferred_scan 8
khugepaged p0 3 none=7 swap=1 shared=4 -> EBUSY
ksm p0 3 p1 5
ksm_zero p0 3
hwpoison p0 3 -> SIGBUS
soft_offline p0 3
uffd_register p0 0+8 missing
uffd_register p0 0+8 wp
uffd_register p0 0+8 both
uffd_unregister p0 0+8
uffd_wp p0 0+8 on
uffd_wp p0 0+8 off
uffd_copy p0 3 a
uffd_copy p0 3 a wp
uffd_zero p0 3
uffd_poison p0 3 -> EEXIST
mremap p0 0+4 0+6 -> EFAULT
mremap p0 0+4 20+4 maymove fixed dontunmap -> @20
uffd_move p0 0+2 20 -> 2
uffd_move p0 0+2 20 holes -> EBUSY
rmap_walk p0 3 -> p0,p2
rmap_walk p0 3 -> nobody
dev_setup d0 p0 0+8 l0 -> 0
dev_setup d1 p0 0+8 l0 system private -> EINVAL
dev_setup d0 p0 0+8 l7 private
dev_evict d1 p3 0+8 l0 -> 3
dev_pages l0 device -> 8
dev_pages l0 host -> EBADF
dev_finalize l0
dev_exclusive d0 p0 3 l0 -> EBUSY
dev_read d0 p0 3 -> a
dev_write d1 p0 3 z -> EFAULT
";

#[test]
fn every_form_is_read_and_printed_back() {
    let program = Program::parse(EVERY_FORM).unwrap();
    assert_eq!(program.to_string(), EVERY_FORM);
    assert_eq!(format(EVERY_FORM).unwrap(), EVERY_FORM);
    assert_eq!(Document::from_program(&program).to_string(), EVERY_FORM);
}

#[test]
fn every_kind_has_a_form() {
    let program = Program::parse(EVERY_FORM).unwrap();
    for kind in crate::OpKind::ALL {
        assert!(program.steps.iter().any(|step| step.op.kind() == *kind), "{kind}");
    }
}

#[test]
fn defaults_and_single_pages_are_left_out() {
    let program = Program::parse("config ptes=8\npin p0 3+1 r h0 split fast").unwrap();
    assert_eq!(program.to_string(), "pin p0 3 r h0 fast split\n");
    assert_eq!("thp madvise=3,2,3".parse::<Op>().unwrap().to_string(), "thp madvise=2,3");
    let step: Step = "read p0 3->a # why".parse().unwrap();
    assert_eq!(step.to_string(), "read p0 3 -> a");
    assert_eq!("write p0 0 97".parse::<Op>().unwrap().to_string(), "write p0 0 a");
}

#[test]
fn a_document_keeps_comments_and_settings() {
    let text = "\u{FEFF}\n\n#first\nconfig  ptes=8 # geometry\n  # of it\r\n\nmmap p0 0+8 rw\n\n\n\
                write p0 3\ta# x\n#alone\nread p0 3  ->  a   #y  \n\n";
    let formatted = "#first\nconfig ptes=8  # geometry\n               # of it\n\n\
                     mmap p0 0+8 rw\n\n\
                     write p0 3 a    # x\n#alone\nread p0 3 -> a  #y\n";
    assert_eq!(format(text).unwrap(), formatted);
    assert_eq!(format(formatted).unwrap(), formatted);
    let document = Document::parse(text).unwrap();
    assert_eq!([document.line_of(0), document.line_of(2)], [Some(7), Some(12)]);
    assert_eq!(document.line_of(3), None);
}

#[test]
fn blessing_changes_expectations_only() {
    let mut document = Document::parse("# why\nread p0 3 -> a # x\nexit p0 -> ok\n").unwrap();
    document.bless(|index, step| {
        assert_eq!(step.expect.is_some(), index < 2);
        // `exit` never answers SIGSEGV: the second one is left out.
        Some(Outcome::Segv)
    });
    document.prepend_comment("one\n\ntwo");
    document.annotate(|index| (index == 1).then(|| "gone\nbad".to_owned()));
    assert_eq!(
        document.to_string(),
        "# one\n#\n# two\n# why\nread p0 3 -> SIGSEGV  # x\nexit p0               # gone bad\n"
    );
}

/// The error a text gives.
#[track_caller]
fn error(text: &str) -> String {
    Program::parse(text).expect_err("this text is wrong").to_string()
}

#[test]
fn an_error_shows_the_place_and_the_way_out() {
    assert_eq!(
        error("mmap p0 0+8 rw\n  frok p0 p1 # child\n"),
        "line 2, column 3: expected an operation, found `frok`\n  |\n2 |   frok p0 p1 # child\n  \
         |   ^^^^\n  = help: did you mean `fork`?"
    );
    assert_eq!(
        error("read p0 -> a"),
        "line 1, column 9: expected a page number, found `->`\n  |\n1 | read p0 -> a\n  \
         |         ^^"
    );
    assert_eq!(
        error("write p0 3   # nothing"),
        "line 1, column 11: expected a value (a … z or 0 … 255), found the end of the line\n  \
         |\n1 | write p0 3   # nothing\n  |           ^"
    );
}

#[test]
fn each_mistake_has_its_message() {
    for (text, part) in [
        ("read p4 0", "expected a process (p0 … p3), found `p4`"),
        ("read q0 0", "expected a process (p0 … p3), found `q0`"),
        ("read p00 0", "expected a process (p0 … p3), found `p00`"),
        ("put h16", "expected a handle (h0 … h15), found `h16`"),
        ("drop l8", "expected a token (l0 … l7), found `l8`"),
        ("thp always=10", "folio order 10 is too large"),
        ("thp always=", "expected a folio order, found ``"),
        ("thp alway=2", "did you mean `always`?"),
        ("thp always=2 always=3", "`always` is given twice"),
        ("thp", "expected `never`, `always=ORDERS` or `madvise=ORDERS`, found the end"),
        ("read p0 4294967296", "page number 4294967296 is too large"),
        ("read p0 99999999999999999999999999", "at most 4294967295"),
        ("read p0 -1", "expected a page number, found `-1`"),
        ("read p0 3+1", "this operation takes a single page"),
        ("munmap p0 3", "expected a range of pages, `start+len`, found `3`"),
        ("munmap p0 3+", "expected a number of pages, found ``"),
        ("mmap p0 0+8 wr", "did you mean `rw`?"),
        ("mmap p0 0+8 rw dropable", "unexpected `dropable`"),
        ("madvise p0 0+8 dontned", "did you mean `dontneed`?"),
        ("madvise p0 0+8 zzz", "one of dontneed, dontneed_locked, free"),
        ("pin p0 3 w h0", "expected `r` or `rw`, found `w`"),
        ("pin p0 3 r h0 fast fast", "`fast` is given twice"),
        ("pin p0 3 r h0 longtrem", "did you mean `longterm`?"),
        ("write p0 3 A", "expected a value (a … z or 0 … 255), found `A`"),
        ("write p0 3 256", "value 256 is too large"),
        ("fail_alloc 65536", "at most 65535"),
        ("read p0 3 -> ", "expected an outcome (a value, a signal"),
        ("read p0 3 -> ok", "`read` never answers `ok`"),
        ("exit p0 -> 5", "expected an outcome (`ok` or an errno), found `5`"),
        ("pin p0 3 r h0 -> a", "expected a number of pages, found `a`"),
        ("exit p0 -> EFALT", "did you mean `EFAULT`?"),
        ("exit p0 -> ok ok", "unexpected `ok`"),
        ("-> ok", "expected an operation, found `->`"),
        ("config ptes=7", "a power of two from 4 to 512"),
        ("config procs=5", "a number of processes, 1 … 4"),
        ("config proc=2", "did you mean `procs`?"),
        ("config ptes", "expected a setting `key=value`, found `ptes`"),
        ("config batching=maybe", "expected `on` or `off`"),
        ("config ptes=8 ptes=8", "`ptes` is set twice"),
        ("config\nconfig", "line 2, column 1: a second `config` line"),
        ("exit p0\nconfig", "line 2, column 1: `config` must stand before the first operation"),
    ] {
        let error = error(text);
        assert!(error.contains(part), "{text}\n{error}");
    }
}

#[test]
fn too_much_is_refused() {
    let many = "exit p0\n".repeat(crate::OPS_MAX);
    assert_eq!(Program::parse(&many).unwrap().steps.len(), crate::OPS_MAX);
    assert!(error(&(many + "exit p0")).contains("line 4097, column 1: more than 4096 operations"));
    assert!(error(&"\n".repeat(super::TEXT_BYTES_MAX + 1)).contains("longer than 4194304 bytes"));
}

#[test]
fn an_error_in_garbage_is_short_and_printable() {
    let error = error(&format!("{}\u{1b}[2J\u{0}é {}", "x".repeat(5000), "y".repeat(5000)));
    assert!(error.chars().count() < 900, "{error}");
    assert!(!error.chars().any(|c| c.is_control() && c != '\n'));
    let error = Program::parse("écrire p0").unwrap_err();
    assert_eq!((error.column, error.width), (1, 6));
}

#[test]
fn suggestions_are_near() {
    assert_eq!(nearest("mprotet", &["mmap", "mprotect"]), Some("mprotect"));
    assert_eq!(nearest("raed", &["read", "write"]), Some("read"));
    assert_eq!(nearest("banana", &["read", "write"]), None);
    assert_eq!(nearest("x", &["r", "rw"]), None);
    assert_eq!(nearest(&"r".repeat(1000), &["r"]), None);
}
