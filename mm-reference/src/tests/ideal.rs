//! Planted faults: what a wrong subject would answer must be judged.

use mm_ops::{Outcome, Pid, Value, Vpn};

use super::*;
use crate::Violation;

/// The ideal alone, fed with what a subject claims.
struct Judge {
    ideal: Ideal,
    ops: usize,
}

impl Judge {
    /// `p0` has 8 pages.
    fn new() -> Self {
        let mut judge = Self { ideal: Ideal::new(), ops: 0 };
        judge.ok(mmap(P0, 0, 8, RW));
        judge
    }

    fn claim(&mut self, op: Op, outcome: Outcome) -> Result<(), Violation> {
        let op = op.stamped(self.ops);
        self.ops += 1;
        self.ideal.apply(&op, &outcome)
    }

    /// An operation that succeeds; the value it stores, if it stores one.
    fn ok(&mut self, op: Op) -> Value {
        let stored = op.stamped(self.ops).stored().unwrap_or_default();
        let outcome = match op {
            Op::Gup { range, .. } => Outcome::Count(range.len),
            _ => Outcome::Ok,
        };
        self.claim(op, outcome).expect("nothing is read");
        stored
    }

    fn reads(&mut self, op: Op, value: Value) -> Result<(), Violation> {
        self.claim(op, Outcome::Value(value))
    }

    fn sees(&mut self, pid: u8, vpn: u32, value: Value) -> Result<(), Violation> {
        self.ideal.judge([(Pid(pid), Vpn(vpn), value)].into_iter())
    }

    #[track_caller]
    fn refuses(&mut self, op: Op, value: Value, rule: &str) {
        assert_eq!(self.reads(op, value).expect_err("a violation").rule, rule);
    }
}

#[test]
fn inv25_a_lost_write_is_judged() {
    let mut judge = Judge::new();
    let a = judge.ok(write(P0, 0, b'a'));
    judge.ok(write(P0, 0, b'b'));
    judge.refuses(read(P0, 0), a, "INV25");
    judge.refuses(read(P0, 0), Value::ZERO, "INV25");
    assert_eq!(judge.sees(P0, 0, a).unwrap_err().vpn, Some(Vpn(0)));
    // Not listed reads zero.
    assert_eq!(judge.ideal.judge(std::iter::empty()).unwrap_err().rule, "INV25");
}

#[test]
fn inv27_a_leak_between_processes_is_judged() {
    let mut judge = Judge::new();
    let a = judge.ok(write(P0, 0, b'a'));
    judge.ok(fork(P0, P1));
    judge.reads(read(P1, 0), a).expect("inherited");
    let b = judge.ok(write(P0, 0, b'b'));
    judge.refuses(read(P1, 0), b, "INV27");
    let c = judge.ok(write(P1, 4, b'c'));
    judge.refuses(read(P0, 4), c, "INV27");
}

#[test]
fn inv26_a_pin_and_its_owner_see_each_other() {
    let mut judge = Judge::new();
    let a = judge.ok(write(P0, 0, b'a'));
    judge.ok(gup(P0, 0, 1, 0, PIN_W));
    let b = judge.ok(dma_write(0, 0, b'b'));
    judge.refuses(read(P0, 0), a, "INV26");
    judge.reads(read(P0, 0), b).expect("coherent");
    let c = judge.ok(write(P0, 0, b'c'));
    judge.refuses(dma_read(0, 0), b, "INV26");
    judge.reads(dma_read(0, 0), c).expect("coherent");
}

#[test]
fn inv27_dma_through_the_parents_pin_does_not_reach_the_child() {
    let mut judge = Judge::new();
    judge.ok(write(P0, 0, b'a'));
    judge.ok(gup(P0, 0, 1, 0, PIN_W));
    judge.ok(fork(P0, P1));
    let b = judge.ok(dma_write(0, 0, b'b'));
    judge.refuses(read(P1, 0), b, "INV27");
}

#[test]
fn inv26_ends_with_the_mapping() {
    let mut judge = Judge::new();
    let a = judge.ok(write(P0, 0, b'a'));
    judge.ok(gup(P0, 0, 1, 0, PIN_W));
    judge.ok(advise(P0, 0, 1, Advice::DontNeed));
    judge.reads(dma_read(0, 0), a).expect("the pin keeps the page");
    let b = judge.ok(dma_write(0, 0, b'b'));
    judge.refuses(read(P0, 0), b, "INV25");
    judge.reads(read(P0, 0), Value::ZERO).expect("fresh");
}

#[test]
fn d7_a_short_read_pin_of_untouched_memory_may_be_on_the_zero_page() {
    let mut judge = Judge::new();
    judge.ok(gup(P0, 0, 1, 0, PIN));
    let a = judge.ok(write(P0, 0, b'a'));
    judge.reads(dma_read(0, 0), Value::ZERO).expect("the zero page");
    judge.refuses(dma_read(0, 0), a, "INV26"); // and it stays there
    judge.ok(gup(P0, 1, 1, 1, PIN));
    let b = judge.ok(write(P0, 1, b'b'));
    judge.reads(dma_read(1, 0), b).expect("a page");
    judge.refuses(dma_read(1, 0), Value::ZERO, "INV26");
}

#[test]
fn d7_a_written_page_or_a_longterm_pin_is_no_zero_page() {
    let mut judge = Judge::new();
    judge.ok(gup(P0, 0, 1, 0, LONGTERM));
    judge.ok(write(P0, 0, b'a'));
    judge.refuses(dma_read(0, 0), Value::ZERO, "INV26");
    judge.ok(write(P0, 1, 0));
    judge.ok(gup(P0, 1, 1, 1, PIN));
    judge.ok(write(P0, 1, b'b'));
    judge.refuses(dma_read(1, 0), Value::ZERO, "INV26");
}

#[test]
fn f9_madv_free_may_bring_the_zero_page_back() {
    let mut judge = Judge::new();
    judge.ok(write(P0, 1, 0));
    judge.ok(advise(P0, 0, 1, Advice::Free));
    judge.ok(gup(P0, 1, 1, 0, PIN));
    judge.ok(write(P0, 1, b'b'));
    judge.reads(dma_read(0, 0), Value::ZERO).expect("the zero page");
}

#[test]
fn d6_a_get_handle_may_be_out_of_date_but_sees_nothing_older_and_nobody_elses() {
    let mut judge = Judge::new();
    let a = judge.ok(write(P0, 0, b'a'));
    let b = judge.ok(write(P0, 0, b'b'));
    judge.ok(fork(P0, P1));
    judge.ok(gup(P0, 0, 1, 0, GET));
    let c = judge.ok(write(P0, 0, b'c'));
    let x = judge.ok(write(P1, 0, b'x'));
    judge.refuses(dma_read(0, 0), a, "D6");
    judge.refuses(dma_read(0, 0), x, "D6");
    judge.reads(dma_read(0, 0), b).expect("out of date");
    judge.refuses(dma_read(0, 0), c, "D6"); // once out of date, always
}

#[test]
fn r13_a_get_write_may_reach_whoever_shared_the_page_and_nobody_else() {
    let mut judge = Judge::new();
    judge.ok(gup(P0, 0, 1, 0, GET_W));
    judge.ok(fork(P0, P1));
    judge.ok(fork(P0, P2));
    let own = judge.ok(write(P2, 0, b'o')); // p2 has its own page now
    let a = judge.ok(dma_write(0, 0, b'a'));
    judge.refuses(read(P2, 0), a, "INV27");
    judge.reads(read(P2, 0), own).expect("its own");
    judge.reads(read(P1, 0), a).expect("still shared");
    judge.refuses(read(P1, 0), Value::ZERO, "INV25"); // settled
    judge.reads(read(P0, 0), Value::ZERO).expect("the owner has been copied");
    judge.refuses(read(P0, 0), a, "INV25");
}

#[test]
fn c2_what_is_not_inherited_is_not_seen() {
    let mut judge = Judge::new();
    let a = judge.ok(write(P0, 0, b'a'));
    judge.ok(write(P0, 1, b'b'));
    judge.ok(advise(P0, 0, 1, Advice::WipeOnFork));
    judge.ok(advise(P0, 1, 1, Advice::DontFork));
    judge.ok(fork(P0, P1));
    judge.refuses(read(P1, 0), a, "INV27");
    judge.ok(mmap(P1, 1, 1, RW));
    judge.reads(read(P1, 1), Value::ZERO).expect("fresh");
}

#[test]
fn i17_dontneed_with_a_hole_zaps_the_rest() {
    let mut judge = Judge::new();
    let a = judge.ok(write(P0, 6, b'a'));
    judge.ok(munmap(P0, 2, 2));
    let enomem = Outcome::Err(mm_ops::Errno::ENOMEM);
    judge.claim(advise(P0, 0, 8, Advice::DontNeed), enomem).expect("nothing is read");
    judge.refuses(read(P0, 6), a, "INV25");
}

#[test]
fn i5_dontneed_stops_at_locked_memory() {
    let mut judge = Judge::new();
    judge.ok(write(P0, 0, b'a'));
    let b = judge.ok(write(P0, 4, b'b'));
    judge.ok(mlock(P0, 4, 1));
    let einval = Outcome::Err(mm_ops::Errno::EINVAL);
    judge.claim(advise(P0, 0, 8, Advice::DontNeed), einval).expect("nothing is read");
    judge.reads(read(P0, 0), Value::ZERO).expect("zapped");
    judge.reads(read(P0, 4), b).expect("kept");
}

#[test]
fn z8_after_a_failed_flag_change_both_outcomes_are_possible() {
    let mut judge = Judge::new();
    let a = judge.ok(write(P0, 0, b'a'));
    judge.ok(Op::FailAlloc { nth: 1 });
    let eagain = Outcome::Err(mm_ops::Errno::EAGAIN);
    judge.claim(advise(P0, 0, 1, Advice::WipeOnFork), eagain).expect("nothing is read");
    judge.ok(fork(P0, P1));
    judge.ok(fork(P0, P2));
    judge.reads(read(P1, 0), a).expect("not wiped");
    judge.refuses(read(P1, 0), Value::ZERO, "INV25");
    judge.reads(read(P2, 0), Value::ZERO).expect("wiped");
}

#[test]
fn a_failed_operation_changes_nothing() {
    let mut judge = Judge::new();
    let a = judge.ok(write(P0, 0, b'a'));
    judge.claim(write(P0, 0, b'b'), Outcome::Oom).expect("nothing is read");
    judge.claim(munmap(P0, 0, 8), Outcome::Err(mm_ops::Errno::EPERM)).expect("nothing");
    judge.claim(fork(P0, P1), Outcome::Err(mm_ops::Errno::ENOMEM)).expect("nothing");
    judge.reads(read(P0, 0), a).expect("as before");
    judge.sees(P0, 0, a).expect("as before");
}
