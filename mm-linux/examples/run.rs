//! Runs program files on the live kernel and prints what every operation answered and what could
//! be seen afterwards: `cargo run -p mm-linux --example run -- FILE…`. With `--quiet` only the
//! outcomes that differ from the file's expectations, with `--enlarge` programs of smaller tables
//! in the kernel's geometry.

use mm_linux::{Linux, enlarged};
use mm_ops::{Mm, NO_FRAME, Observation, Outcome, PageState, Program};
use std::process::ExitCode;

fn main() -> ExitCode {
    let (flags, files): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    match run_all(&files, &flags) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run_all(files: &[String], flags: &[String]) -> Result<bool, Box<dyn std::error::Error>> {
    let quiet = flags.iter().any(|flag| flag == "--quiet");
    let mut linux = Linux::new()?;
    let mut good = true;
    for file in files {
        let text = std::fs::read_to_string(file)?;
        let mut program: Program = text.parse().map_err(|error| format!("{file}: {error:?}"))?;
        if flags.iter().any(|flag| flag == "--enlarge") {
            let Some(larger) = enlarged(&program) else {
                println!("{file}: left out: an operand beyond the address space");
                continue;
            };
            program = larger;
        }
        if let Err(unsupported) = linux.supports(&program) {
            println!("{file}: left out: {unsupported}");
            continue;
        }
        println!("{file}");
        good &= run(&mut linux, &program, quiet);
    }
    Ok(good)
}

fn run(linux: &mut Linux, program: &Program, quiet: bool) -> bool {
    let mut good = true;
    let mut seen = Observation::default();
    linux.prepare(program);
    linux.reset(&program.config);
    for (step, op) in program.steps.iter().zip(program.stamped()) {
        let outcome = linux.apply(&op).outcome;
        let expected = step.expect.is_none_or(|expect| same(expect, outcome));
        good &= expected;
        linux.observe(&mut seen);
        if !quiet || !expected {
            let mark = if expected { "" } else { "   EXPECTED OTHERWISE" };
            println!("  {op} -> {outcome:?}{mark}");
        }
        if !quiet {
            print_observation(&seen);
        }
    }
    if !quiet {
        let exclusive: Vec<String> = linux
            .probe_exclusive()
            .iter()
            .map(|(pid, vpn, yes)| format!("p{}:{}{}", pid.0, vpn.0, if *yes { "" } else { "-" }))
            .collect();
        println!("  exclusive: {}", exclusive.join(" "));
    }
    for trouble in linux.troubles() {
        good = false;
        println!("  TROUBLE {trouble}");
    }
    good
}

/// Values are compared by their label: a file says no more.
fn same(expect: Outcome, outcome: Outcome) -> bool {
    match (expect, outcome) {
        (Outcome::Value(a), Outcome::Value(b)) => a.label == b.label,
        (a, b) => a == b,
    }
}

fn print_observation(seen: &Observation) {
    for vma in &seen.vmas {
        let prot = [(vma.prot.read, 'r'), (vma.prot.write, 'w')];
        let prot: String = prot.iter().map(|(on, c)| if *on { *c } else { '-' }).collect();
        println!("      p{} {}..{} {prot}", vma.pid.0, vma.start.0, vma.end.0);
    }
    for (index, page) in seen.pages.iter().enumerate() {
        let state = match page.state {
            PageState::Page => "page",
            PageState::PageByPmd => "PMD page",
            PageState::ZeroPage => "zero",
            PageState::HugeZero => "PMD zero",
            PageState::Guard => "guard",
            PageState::Swapped => "swapped",
            PageState::SwapCached => "cached",
            PageState::Nothing => "?",
        };
        print!("        p{}:{} {state}", page.pid.0, page.vpn.0);
        if page.frame != NO_FRAME {
            print!(" {:?} frame {} mapcount {}", page.value, page.frame, page.mapcount);
        }
        let folio = seen.folios.get(index).copied().unwrap_or_default();
        for (on, name) in [
            (folio.head, "head"),
            (folio.large && !folio.head, "tail"),
            (folio.swapbacked, "swapbacked"),
            (folio.dirty, "dirty"),
            (folio.lru, "lru"),
            (folio.ksm, "ksm"),
            (page.uffd_wp, "uffd-wp"),
        ] {
            print!("{}", if on { format!(" {name}") } else { String::new() });
        }
        println!();
    }
}
