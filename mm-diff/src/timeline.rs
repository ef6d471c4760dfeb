//! What an operation and the actor beside it did, moment by moment, for a human to follow.

use comfy_table::{Table, presets};
use mm_ops::{Actor, ActorEnd, Moment, Op, Program};
use std::fmt::Write as _;

/// The last raced operation of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// Index of the operation that was raced.
    pub step: usize,
    /// Who ran beside it.
    pub actor: Actor,
    /// What happened, in order.
    pub moments: Vec<Moment>,
}

impl Timeline {
    /// How many yield points the operation came to.
    #[must_use]
    pub fn yields(&self) -> usize {
        self.moments.iter().filter(|moment| matches!(moment, Moment::Yield(_))).count()
    }

    /// Two columns, the operation's yield points and the actor's steps, time running down.
    #[must_use]
    pub fn render(&self, program: &Program) -> String {
        let op = program.stamped().nth(self.step);
        let op = op.map_or_else(String::new, |op: Op| op.to_string());
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY);
        table.set_header([format!("line {}: {op}", self.step + 1), who(self.actor)]);
        let mut passed = 0;
        for moment in &self.moments {
            match moment {
                Moment::Yield(point) => {
                    passed += 1;
                    table.add_row([format!("{passed}. {point}"), String::new()]);
                }
                Moment::Step(step) => {
                    table.add_row([String::new(), (*step).to_owned()]);
                }
                Moment::Ended(end) => {
                    table.add_row([String::new(), ended(*end)]);
                }
            }
        }
        let mut text = String::new();
        let _ = writeln!(text, "{table}");
        text
    }
}

fn who(actor: Actor) -> String {
    match actor {
        Actor::Gup { pid, vpn, pin, write, .. } => format!(
            "GUP-fast of {pid}, page {vpn}: {} to {}",
            if pin { "pin" } else { "get" },
            if write { "write" } else { "read" }
        ),
        Actor::Walk { pid, vpn } => format!("an rmap walk for the folio at {pid} page {vpn}"),
        Actor::Load { pid, vpn } => format!("a CPU in {pid} reads page {vpn}"),
        Actor::Store { pid, vpn, value } => format!("a CPU in {pid} writes {value} to page {vpn}"),
    }
}

fn ended(end: ActorEnd) -> String {
    match end {
        ActorEnd::BackedOff => "(backed off)".to_owned(),
        ActorEnd::Grabbed => "(has the page)".to_owned(),
        ActorEnd::Loaded(value) => format!("(read {value})"),
        ActorEnd::Stored => "(wrote)".to_owned(),
        ActorEnd::Walked(pids) => format!("(found {pids})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mm_ops::{Handle, Pid, Vpn};

    #[test]
    fn both_sides_stand_in_their_columns() {
        let program: Program =
            "mmap p0 0+1 rw\nrace pin p0 0 rw h0 at 0,1,1,1\nfork p0 p1".parse().unwrap();
        let actor =
            Actor::Gup { pid: Pid(0), vpn: Vpn(0), handle: Handle(0), pin: true, write: true };
        let moments = vec![
            Moment::Step("reads the entry"),
            Moment::Yield("fork: begun"),
            Moment::Ended(ActorEnd::BackedOff),
        ];
        let timeline = Timeline { step: 2, actor, moments };
        assert_eq!(timeline.yields(), 1);
        let text = timeline.render(&program);
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        assert!(lines[1].contains("line 3: fork p0 p1"), "{text}");
        assert!(lines[1].ends_with("GUP-fast of p0, page 0: pin to write"), "{text}");
        assert!(lines[3].ends_with("  reads the entry"), "{text}");
        assert!(lines.contains(&" 1. fork: begun"), "{text}");
        assert!(text.contains("(backed off)"), "{text}");
    }
}
