//! Shows a failure to a human: the program with the offending line marked, and a table of both
//! sides in which every value names the line that wrote it.

use crate::failure::Failure;
use crate::finding::Side;
use comfy_table::{ContentArrangement, Table, presets};
use mm_ops::{Program, Value};
use std::fmt::Write as _;

/// Width of the table, in columns.
const TABLE_WIDTH: u16 = 100;

impl Failure {
    /// The failure as text, for the program in which it happened.
    #[must_use]
    pub fn render(&self, program: &Program) -> String {
        let mut text = format!("{}\n\n", self.signature());
        render_program(&mut text, program, self.step);
        text.push('\n');
        if !self.findings.is_empty() {
            let _ = writeln!(text, "{}", self.table(program));
        }
        for line in [&self.why].into_iter().chain(&self.notes).filter(|line| !line.is_empty()) {
            let _ = writeln!(text, "{line}");
        }
        if let Some(timeline) = &self.timeline {
            text.push('\n');
            text.push_str(&timeline.render(program));
        }
        text
    }

    fn table(&self, program: &Program) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(TABLE_WIDTH);
        table.set_header(["where", "field", "expected", "found"]);
        for finding in &self.findings {
            table.add_row([
                finding.place.to_string(),
                finding.field.to_string(),
                show(&finding.expected, program),
                show(&finding.found, program),
            ]);
        }
        table
    }
}

/// The program with numbered lines; an arrow marks the step that failed.
fn render_program(text: &mut String, program: &Program, failed: usize) {
    let _ = writeln!(text, "        {}", program.config);
    for (index, step) in program.steps.iter().enumerate() {
        let mark = if index == failed { "-->" } else { "   " };
        let _ = writeln!(text, "{mark} {:>3} {step}", index + 1);
    }
}

fn show(side: &Side, program: &Program) -> String {
    match side {
        Side::Value(value) => format!("{value}{}", writer(*value, program)),
        other => other.to_string(),
    }
}

/// Which line wrote a value: its stamp is that line's number.
fn writer(value: Value, program: &Program) -> String {
    let step = usize::from(value.stamp).checked_sub(1).and_then(|at| program.steps.get(at));
    match step {
        Some(step) => format!(", written by line {}: {}", value.stamp, step.op),
        None if value.is_zero() => ", as in a fresh page".to_owned(),
        None => ", written by no line".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::failure::{Failure, Oracle, answers};
    use mm_ops::{Outcome, Program, Value};

    #[test]
    fn a_failure_marks_its_line_and_names_the_writers() {
        let program: Program =
            "mmap p0 0+8 rw\nwrite p0 3 a\nfork p0 p1\nread p1 3".parse().unwrap();
        let op = program.stamped().nth(3).unwrap();
        let mut failure = Failure::new(Oracle::Value, 3, &op);
        let leaked = Value { label: b'a', stamp: 2 };
        failure.findings.push(answers(Outcome::Value(leaked), Outcome::Value(Value::ZERO)));
        failure.notes.push("INV1 is broken in the subject".to_owned());
        let text = failure.render(&program);
        assert!(text.starts_with("value answer read\n"), "{text}");
        assert!(text.contains("-->   4 read p1 3"), "{text}");
        assert!(text.contains("      2 write p0 3 a"), "{text}");
        assert!(text.contains("a, written by line 2: write p0 3 a"), "{text}");
        assert!(text.contains("0, as in a fresh page"), "{text}");
        assert!(text.contains("INV1 is broken in the subject\n"), "{text}");
    }
}
