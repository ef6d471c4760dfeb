//! The minimizer on made-up failures: a predicate on programs stands for a subject.

use super::{Minimized, Proof, Shorter, minimize, prove};
use mm_ops::generate::{Areas, Profile, random_program, seeded};
use mm_ops::{Op, OpKind, Program};

fn parse(text: &str) -> Program {
    text.parse().expect("a program of this test")
}

/// Minimizes and checks what is promised of every result.
fn minimized(program: &Program, mut fails: impl FnMut(&Program) -> bool) -> Program {
    assert!(fails(program));
    let Minimized { program, proof, .. } = minimize(program, 100_000, &mut fails);
    assert!(fails(&program));
    assert_eq!(prove(&program, &mut fails).ok(), proof);
    assert!(proof.is_some());
    let again = minimize(&program, 100_000, &mut fails);
    assert_eq!(again.program, program, "not a fixpoint");
    program
}

/// Whether the kinds occur in this order.
fn has_in_order(program: &Program, kinds: &[OpKind]) -> bool {
    let mut wanted = kinds.iter().peekable();
    for step in &program.steps {
        wanted.next_if(|kind| **kind == step.op.kind());
    }
    wanted.peek().is_none()
}

#[test]
fn what_does_not_matter_goes() {
    let program = parse(
        "config ptes=64 procs=3\nmmap p0 8+8 rw\nwrite p0 9 c\nfork p0 p2\nread p2 9\nexit p2\n\
         write p0 10 d\nfork p0 p1",
    );
    let kinds = [OpKind::Write, OpKind::Fork];
    let small = minimized(&program, |program| has_in_order(program, &kinds));
    assert_eq!(small.steps.len(), 2);
    assert_eq!(small.config.ptes, 4);
}

#[test]
fn random_programs_shrink_to_what_is_asked_for() {
    for seed in 0..20 {
        let mut rng = seeded(seed, 0);
        let profile = Profile::random(Areas::ALL, &mut rng);
        let program = random_program(&profile, &mut rng);
        let kinds: Vec<OpKind> =
            program.steps.iter().step_by(5).take(3).map(|step| step.op.kind()).collect();
        let small = minimized(&program, |program| has_in_order(program, &kinds));
        assert_eq!(small.steps.len(), kinds.len(), "seed {seed}");
    }
}

#[test]
fn two_operations_go_where_one_alone_cannot() {
    let program = parse("mmap p0 0+1 rw\nfork p0 p1\nread p0 0\nexit p1\nwrite p0 0 a");
    let count = |program: &Program, kind| {
        program.steps.iter().filter(|step| step.op.kind() == kind).count()
    };
    let small = minimized(&program, |program| {
        has_in_order(program, &[OpKind::Write])
            && count(program, OpKind::Fork) == count(program, OpKind::Exit)
    });
    assert_eq!(small.steps.len(), 1);
}

/// Whether a write hits a page that its process has mapped and the process exists.
fn writes_what_is_mapped(program: &Program) -> bool {
    let mut alive = vec![0];
    let mut mapped = Vec::new();
    program.steps.iter().any(|step| {
        match step.op {
            Op::Fork { parent, child } if alive.contains(&parent.0) => alive.push(child.0),
            Op::Mmap { pid, range, .. } if alive.contains(&pid.0) => mapped.push((pid, range)),
            Op::Write { pid, vpn, .. } => {
                return mapped.iter().any(|(owner, range)| *owner == pid && range.contains(vpn));
            }
            _ => {}
        }
        false
    })
}

#[test]
fn the_address_space_closes_up() {
    let program = parse("mmap p0 3+2 r\nmmap p0 1000+16 rw\nwrite p0 1010 x");
    let small = minimized(&program, writes_what_is_mapped);
    assert_eq!(small.steps.len(), 2);
    let Op::Mmap { range, .. } = small.steps[0].op else { panic!("no mmap in {small}") };
    assert_eq!((range.start.0, range.len), (0, 1), "{small}");
}

#[test]
fn a_fork_goes_with_its_process() {
    let program =
        parse("fork p0 p2\nfork p2 p3\nmmap p3 8+8 rw\nread p2 0\nread p3 9\nwrite p3 9 q");
    let small = minimized(&program, writes_what_is_mapped);
    assert_eq!(small.steps.len(), 2, "{small}");
    assert!(small.to_string().contains("write p0 0 a"), "{small}");
}

/// Neither the fork nor the end of the parent can go alone.
#[test]
fn a_child_that_goes_on_is_its_parent() {
    let program =
        parse("mmap p0 0+1 rw\nfork p0 p1\nwrite p1 0 a\nexit p0\nfork p1 p0\nwrite p0 0 b");
    // Somebody writes where he, or whoever he was forked from, has written.
    let writes_again = |program: &Program| {
        let mut written = [Some(false), None, None, None];
        program.steps.iter().any(|step| {
            match step.op {
                Op::Fork { parent, child } if written[child.index()].is_none() => {
                    written[child.index()] = written[parent.index()];
                }
                Op::Exit { pid } => written[pid.index()] = None,
                Op::Write { pid, .. } => {
                    let before = &mut written[pid.index()];
                    let again = *before == Some(true);
                    *before = before.map(|_| true);
                    return again;
                }
                _ => {}
            }
            false
        })
    };
    let small = minimized(&program, writes_again);
    assert_eq!(small.steps.len(), 2, "{small}");
}

#[test]
fn a_handle_goes_with_its_uses() {
    let program = parse("pin p0 0 rw h3\nread p0 0\ndma_read h3 0\nput h3\npin p0 1 rw h5\nput h5");
    let balanced = |program: &Program| {
        let mut open: u32 = 0;
        let mut good = has_in_order(program, &[OpKind::Read]);
        for step in &program.steps {
            match step.op.kind() {
                OpKind::Pin => open |= 1 << step.op_handle(),
                OpKind::Put | OpKind::DmaRead => good &= open >> step.op_handle() & 1 == 1,
                _ => {}
            }
        }
        good
    };
    let small = minimized(&program, balanced);
    assert_eq!(small.steps.len(), 1, "{small}");
}

trait OpHandle {
    fn op_handle(&self) -> u8;
}

impl OpHandle for mm_ops::Step {
    fn op_handle(&self) -> u8 {
        match self.op {
            Op::Gup { handle, .. } | Op::Put { handle, .. } | Op::DmaRead { handle, .. } => {
                handle.0
            }
            _ => 0,
        }
    }
}

#[test]
fn expectations_go_unless_they_are_the_failure() {
    let program = parse("mmap p0 0+1 rw -> ok\nread p0 0 -> a");
    let small = minimized(&program, |program| has_in_order(program, &[OpKind::Read]));
    assert!(small.steps.iter().all(|step| step.expect.is_none()));
    let kept = minimized(&program, |program| {
        program.steps.last().is_some_and(|step| step.expect.is_some())
    });
    assert!(kept.steps[0].expect.is_some());
}

#[test]
fn a_tight_budget_gives_no_proof() {
    let program = parse("mmap p0 0+8 rw\nwrite p0 1 a\nfork p0 p1\nread p1 1\nread p0 1");
    let mut runs = 0;
    let result = minimize(&program, 3, &mut |program| {
        runs += 1;
        has_in_order(program, &[OpKind::Write])
    });
    assert_eq!((result.proof, result.runs, runs), (None, 3, 3));
}

#[test]
fn a_proof_fails_where_something_can_go() {
    let program = parse("read p0 0\nwrite p0 0 a");
    let mut fails = |program: &Program| has_in_order(program, &[OpKind::Write]);
    assert_eq!(prove(&program, &mut fails), Err(Shorter::Deletion(0)));
    let minimal = minimized(&program, fails);
    let Ok(Proof { deletions, .. }) = prove(&minimal, &mut fails) else { panic!("not minimal") };
    assert_eq!(deletions, 1);
}
