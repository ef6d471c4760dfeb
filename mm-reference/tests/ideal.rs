//! The ideal layer by itself: what it accepts, and what it calls a leak or a lost write. Each test
//! plays a subject by hand: operations, the answers it would give, and the contents it would show.

use mm_ops::{
    Advice, Config, DevOp, DevSelect, Device, GupFlags, Handle, Op, Outcome, PageRange, Pid, Prot,
    Token, Value, Vpn,
};
use mm_reference::{Ideal, Violation};

const P0: Pid = Pid(0);
const P1: Pid = Pid(1);
const H0: Handle = Handle(0);
const ALL: PageRange = PageRange::new(0, 8);
const A: Value = Value { label: b'a', stamp: 1 };
const B: Value = Value { label: b'b', stamp: 2 };
const PIN_RW: GupFlags = GupFlags {
    pin: true,
    write: true,
    longterm: true,
    force: false,
    fast: false,
    nofault: false,
    split_pmd: false,
};
const PIN_R: GupFlags = GupFlags { write: false, longterm: false, ..PIN_RW };
const GET_R: GupFlags = GupFlags { pin: false, ..PIN_R };
const GET_W: GupFlags = GupFlags { pin: false, longterm: false, ..PIN_RW };

struct Play(Ideal);

impl Play {
    fn new() -> Self {
        let mut play = Self(Ideal::new());
        play.does(Op::Mmap { pid: P0, range: ALL, prot: Prot::RW, droppable: false });
        play
    }

    fn answers(&mut self, op: Op, outcome: Outcome) -> Result<(), Violation> {
        self.0.apply(&op, &outcome)
    }

    fn does(&mut self, op: Op) -> &mut Self {
        self.answers(op, Outcome::Ok).expect("nothing was read");
        self
    }

    fn writes(&mut self, pid: Pid, vpn: u32, value: Value) -> &mut Self {
        self.does(Op::Write { pid, vpn: Vpn(vpn), value })
    }

    fn grabs(&mut self, pid: Pid, vpn: u32, flags: GupFlags) -> &mut Self {
        let range = PageRange::new(vpn, 1);
        let op = Op::Gup { pid, range, handle: H0, flags };
        self.answers(op, Outcome::Count(1)).expect("nothing was read");
        self
    }

    fn device_reads(&mut self, value: Value) -> Result<(), Violation> {
        self.answers(Op::DmaRead { handle: H0, index: 0 }, Outcome::Value(value))
    }

    fn shows(&mut self, pages: &[(Pid, u32, Value)]) -> Result<(), Violation> {
        self.0.judge(pages.iter().map(|(pid, vpn, value)| (*pid, Vpn(*vpn), *value)))
    }
}

fn rule(result: Result<(), Violation>) -> &'static str {
    result.expect_err("a violation").rule
}

#[test]
fn a_process_reads_its_last_write() {
    let mut play = Play::new();
    play.writes(P0, 3, A).shows(&[(P0, 2, Value::ZERO), (P0, 3, A)]).expect("as written");
    let read = Op::Read { pid: P0, vpn: Vpn(3) };
    play.answers(read, Outcome::Value(A)).expect("as written");
    assert_eq!(rule(play.answers(read, Outcome::Value(B))), "INV25");
    assert_eq!(rule(play.shows(&[])), "INV25", "a lost write");
}

#[test]
fn untouched_memory_reads_zero() {
    let mut play = Play::new();
    assert_eq!(rule(play.shows(&[(P0, 5, B)])), "INV25");
}

#[test]
fn fork_is_a_snapshot() {
    let mut play = Play::new();
    play.writes(P0, 0, A).does(Op::Fork { parent: P0, child: P1 }).writes(P0, 0, B);
    play.shows(&[(P0, 0, B), (P1, 0, A)]).expect("each its own");
    assert_eq!(rule(play.shows(&[(P0, 0, B), (P1, 0, B)])), "INV25", "the parent's secret");
}

#[test]
fn fork_leaves_out_and_wipes_what_was_advised() {
    let mut play = Play::new();
    play.writes(P0, 0, A).writes(P0, 1, A).writes(P0, 2, A);
    let advise = |start, advice| Op::Madvise { pid: P0, range: PageRange::new(start, 1), advice };
    play.does(advise(0, Advice::DontFork)).does(advise(1, Advice::WipeOnFork));
    play.does(Op::Fork { parent: P0, child: P1 });
    let parent = [(P0, 0, A), (P0, 1, A), (P0, 2, A)];
    play.shows(&[parent[0], parent[1], parent[2], (P1, 2, A)]).expect("only page 2 is inherited");
    assert_eq!(
        rule(play.shows(&[parent[0], parent[1], parent[2], (P1, 1, A), (P1, 2, A)])),
        "INV25"
    );
}

#[test]
fn dontneed_zeroes_and_a_failed_one_may() {
    let zap = Op::Madvise { pid: P0, range: ALL, advice: Advice::DontNeed };
    let mut play = Play::new();
    play.writes(P0, 0, A).does(zap);
    assert_eq!(rule(play.shows(&[(P0, 0, A)])), "INV25");
    let mut play = Play::new();
    play.writes(P0, 0, A).writes(P0, 1, B);
    play.answers(zap, Outcome::Err(mm_ops::Errno::ENOMEM)).expect("nothing was read");
    play.shows(&[(P0, 1, B)]).expect("one page reached, the other not");
    assert_eq!(rule(play.shows(&[(P0, 0, A), (P0, 1, B)])), "INV25", "settled by then");
}

#[test]
fn a_pin_is_an_alias_both_ways() {
    let mut play = Play::new();
    play.writes(P0, 0, A).grabs(P0, 0, PIN_RW).does(Op::Fork { parent: P0, child: P1 });
    play.writes(P0, 0, B).device_reads(B).expect("the pin sees its owner");
    assert_eq!(rule(play.device_reads(A)), "INV26", "the pin lost its owner");
    play.does(Op::DmaWrite { handle: H0, index: 0, value: A });
    play.shows(&[(P0, 0, A), (P1, 0, A)])
        .expect("the child still has the old one, equal by chance");
    let c = Value { label: b'c', stamp: 9 };
    play.does(Op::DmaWrite { handle: H0, index: 0, value: c });
    play.shows(&[(P0, 0, c), (P1, 0, A)]).expect("the owner sees its pin");
    assert_eq!(rule(play.shows(&[(P0, 0, A), (P1, 0, A)])), "INV25", "a lost device write");
}

#[test]
fn a_pin_keeps_the_page_its_owner_gave_up() {
    let mut play = Play::new();
    play.writes(P0, 0, A).grabs(P0, 0, PIN_RW);
    play.does(Op::Munmap { pid: P0, range: ALL });
    play.device_reads(A).expect("the pin has it alone");
    play.does(Op::Mmap { pid: P0, range: ALL, prot: Prot::RW, droppable: false });
    play.writes(P0, 0, B).device_reads(A).expect("another page");
    assert_eq!(rule(play.device_reads(B)), "INV26");
}

#[test]
fn a_short_read_pin_may_hold_the_zero_page() {
    let mut play = Play::new();
    play.grabs(P0, 0, PIN_R).writes(P0, 0, A);
    play.device_reads(Value::ZERO).expect("the zero page");
    play.device_reads(A).expect("or a zero-filled page");
    assert_eq!(rule(play.device_reads(Value::ZERO)), "INV26", "it cannot be both");
    let mut play = Play::new();
    play.grabs(P0, 0, GupFlags { longterm: true, ..PIN_R }).writes(P0, 0, A);
    assert_eq!(rule(play.device_reads(Value::ZERO)), "INV26", "LONGTERM is coherent");
}

#[test]
fn a_reference_shows_only_what_its_owner_had() {
    let mut play = Play::new();
    play.writes(P0, 0, A).does(Op::Fork { parent: P0, child: P1 });
    play.grabs(P1, 0, GET_R);
    play.does(Op::Madvise { pid: P1, range: ALL, advice: Advice::DontNeed }).writes(P0, 0, B);
    play.device_reads(A).expect("what the child had");
    assert_eq!(
        rule(play.device_reads(B)),
        "INV27",
        "the parent's secret through a stale reference"
    );
    let c = Value { label: b'c', stamp: 9 };
    play.writes(P1, 0, c);
    assert_eq!(rule(play.device_reads(c)), "INV27", "the owner gave that page up");
}

#[test]
fn a_write_through_a_reference_reaches_heirs_only() {
    let mut play = Play::new();
    play.writes(P0, 0, A).writes(P0, 1, A).grabs(P0, 0, GET_W);
    play.does(Op::Fork { parent: P0, child: P1 });
    play.does(Op::DmaWrite { handle: H0, index: 0, value: B });
    let rest = [(P0, 1, A), (P1, 1, A)];
    play.shows(&[(P0, 0, A), rest[0], (P1, 0, B), rest[1]]).expect("R13");
    assert_eq!(rule(play.shows(&[(P0, 0, B), rest[0], (P1, 0, B), rest[1]])), "INV25", "settled");
    play.does(Op::DmaWrite { handle: H0, index: 0, value: B });
    let other = [(P0, 0, A), (P0, 1, B), (P1, 0, B), rest[1]];
    assert_eq!(rule(play.shows(&other)), "INV25", "another page");
}

#[test]
fn a_device_store_that_nobody_told_of_may_be_undone_once_the_pin_is_gone() {
    let device_wrote = |dirty: bool| {
        let mut play = Play::new();
        play.does(Op::Write { pid: P0, vpn: Vpn(0), value: A });
        let range = PageRange::new(0, 1);
        let pin = Op::Gup { pid: P0, range, handle: H0, flags: PIN_RW };
        play.answers(pin, Outcome::Count(1)).expect("nothing was read");
        play.does(Op::DmaWrite { handle: H0, index: 0, value: B });
        let pinned = play.0.clone().judge([(P0, Vpn(0), A)].into_iter());
        play.does(Op::Put { handle: H0, dirty });
        (pinned.is_ok(), play.0.judge([(P0, Vpn(0), A)].into_iter()).is_ok())
    };
    assert_eq!(device_wrote(false), (false, true));
    assert_eq!(device_wrote(true), (false, false));
}

const D0: Device = Device(0);

fn device_writes(value: Value) -> Op {
    Op::Dev(DevOp::Write { device: D0, pid: P0, vpn: Vpn(0), value })
}

/// A driver collects page 0, whatever it is.
const SETUP: Op = Op::Dev(DevOp::Setup {
    device: D0,
    pid: P0,
    range: PageRange::new(0, 1),
    token: Token(0),
    select: DevSelect { system: true, private: false },
});

#[test]
fn a_device_is_like_a_thread_of_the_process() {
    let read = Op::Dev(DevOp::Read { device: D0, pid: P0, vpn: Vpn(0) });
    let mut play = Play::new();
    play.writes(P0, 0, A).answers(read, Outcome::Value(A)).expect("what its owner wrote");
    assert_eq!(rule(play.answers(read, Outcome::Value(B))), "INV25");
    play.does(Op::Fork { parent: P0, child: P1 }).does(device_writes(B));
    play.shows(&[(P0, 0, B), (P1, 0, A)]).expect("the owner sees it, the child does not");
    let mut play = Play::new();
    play.writes(P0, 0, A).does(device_writes(B));
    assert_eq!(rule(play.shows(&[(P0, 0, A)])), "INV25", "a CPU access that misses the store");
}

#[test]
fn older_device_migrations_may_forget_a_write_until_the_next() {
    let play = |migdev_old: bool| {
        let mut play = Play::new();
        play.0.begin(&Config { migdev_old, ..Config::default() });
        play.does(Op::Mmap { pid: P0, range: ALL, prot: Prot::RW, droppable: false });
        play.writes(P0, 0, A).writes(P0, 1, A).writes(P0, 0, B);
        play.answers(SETUP, Outcome::Count(1)).expect("nothing was read");
        play
    };
    assert_eq!(rule(play(false).shows(&[(P0, 1, A)])), "INV25");
    play(true).shows(&[(P0, 1, A)]).expect("zero");
    play(true).shows(&[(P0, 0, A), (P0, 1, A)]).expect("what was there before");
    assert_eq!(rule(play(true).shows(&[(P0, 0, B)])), "INV25", "page 1 was not collected");
    let mut again = play(true);
    again.writes(P0, 0, B);
    assert_eq!(rule(again.shows(&[(P0, 0, A), (P0, 1, A)])), "INV25", "it was written again");
}
