//! A program as a Rust test.

use mm_ops::Program;

/// The test reads the program's own text form: that is what people edit.
pub(super) fn export(program: &Program) -> String {
    let text = program.to_string();
    let lines: Vec<String> = text.lines().map(|line| format!("        {line}\n")).collect();
    format!(
        r##"//! Written by mmdiff. Put it into `tests/` of a crate that depends on `mm-ops` and `mm-linux`.

use mm_ops::{{Mm, Outcome, Program}};

/// Any memory manager that implements `Mm` can stand here in place of the live kernel.
fn subject() -> impl Mm {{
    mm_linux::Linux::new().expect("the kernel can be driven")
}}

#[test]
fn exported_program() {{
    let program: Program = r#"
{}    "#
    .parse()
    .expect("a program");
    let mut subject = subject();
    subject.reset(&program.config);
    for (step, op) in program.steps.iter().zip(program.stamped()) {{
        let outcome = subject.apply(&op).outcome;
        let as_expected = match (step.expect, outcome) {{
            (None, _) => true,
            // Values are compared by their label.
            (Some(Outcome::Value(a)), Outcome::Value(b)) => a.label == b.label,
            (Some(expect), outcome) => expect == outcome,
        }};
        assert!(as_expected, "`{{op}}` answered {{outcome:?}}, not {{:?}}", step.expect);
    }}
}}
"##,
        lines.concat()
    )
}
