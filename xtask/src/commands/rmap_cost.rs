//! `rmap-cost`: the same programs under both rmap schemes, and what each costs.

use crate::cli::RmapCostArgs;
use crate::error::{Error, Found};
use crate::files;
use crate::output::print_json;
use comfy_table::{CellAlignment, Table, presets};
use mm_diff::cost::{Cost, measure};
use mm_model::Model;
use mm_ops::generate::{Areas, Profile, random_program, seeded};
use mm_ops::{Config, Op, Program, RmapScheme};
use serde::Serialize;

/// Programs of one swarm profile.
const PROFILE_PROGRAMS: u64 = 50;

#[derive(Serialize)]
struct Report {
    programs: u64,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    what: String,
    anon_vma: u64,
    anonmm: u64,
}

/// Measures and prints.
pub fn run(args: &RmapCostArgs) -> Result<Found, Error> {
    let programs = if args.paths.is_empty() {
        generated(args)?
    } else {
        let paths = files::find(&args.paths)?;
        paths.iter().map(|path| files::program(path)).collect::<Result<_, _>>()?
    };
    let mut model = Model::new(&Config::default());
    let mut total = |scheme| {
        let mut sum = Cost::default();
        for program in &programs {
            sum += measure(&mut model, program, scheme).unwrap_or_default();
        }
        sum
    };
    let (new, old) = (total(RmapScheme::AnonVma), total(RmapScheme::Anonmm));
    let rows = new.rows().into_iter().zip(old.rows());
    let rows =
        rows.map(|((what, anon_vma), (_, anonmm))| Row { what: what.into(), anon_vma, anonmm });
    let report = Report { programs: programs.len() as u64, rows: rows.collect() };
    if args.json {
        print_json(&report);
    } else {
        print(&report);
    }
    Ok(Found::Nothing)
}

/// Programs of the area `anonmm`: families that move, swap and look for each other's pages. Nothing fails
/// in them, so that what is counted is the scheme.
fn generated(args: &RmapCostArgs) -> Result<Vec<Program>, Error> {
    let areas: Areas = "anonmm".parse().map_err(|why| Error::Usage(format!("{why}")))?;
    let mut rng = seeded(args.seed, 0);
    let mut profile = Profile::random(areas, &mut rng);
    let programs = (0..args.programs).map(|number| {
        if number % PROFILE_PROGRAMS == 0 {
            profile = Profile::random(areas, &mut rng);
        }
        let mut program = random_program(&profile, &mut rng);
        program.steps.retain(|step| !matches!(step.op, Op::FailAlloc { .. } | Op::Race { .. }));
        program
    });
    Ok(programs.collect())
}

fn print(report: &Report) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(["", "anon_vma", "anonmm"]);
    for Row { what, anon_vma, anonmm } in &report.rows {
        table.add_row([what.clone(), anon_vma.to_string(), anonmm.to_string()]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    say!("{table}");
    say!("{} programs", report.programs);
}
