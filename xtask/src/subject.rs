//! The model under test, with or without a planted fault. A build without the `faults` feature has
//! no fault to plant: it starts the build that has them and leaves the work to that.

use crate::commands::ci::cargo;
use crate::error::Error;
use mm_model::Model;
use mm_ops::Config;
use std::process::ExitCode;

/// A planted fault, or none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Planted(#[cfg(feature = "faults")] Option<mm_model::faults::Fault>);

impl Planted {
    /// The fault of this name.
    pub fn find(name: Option<&str>) -> Result<Self, Error> {
        let Some(name) = name else { return Ok(Self::default()) };
        #[cfg(feature = "faults")]
        {
            use mm_model::faults::Fault;
            Fault::from_name(name).map(|fault| Self(Some(fault))).ok_or_else(|| {
                let known: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
                let hint = mm_ops::text::nearest(name, &known)
                    .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                Error::Usage(format!(
                    "no fault is called {name:?}{hint} (`cargo xtask faults --list`)"
                ))
            })
        }
        #[cfg(not(feature = "faults"))]
        Err(Error::Usage(format!("fault {name:?} is not in this build")))
    }

    /// Builds subjects.
    pub fn factory(self) -> impl Fn() -> Model + Clone + Send + Sync {
        move || self.model(&Config::default())
    }

    #[cfg(feature = "faults")]
    fn model(self, config: &Config) -> Model {
        self.0.map_or_else(|| Model::new(config), |fault| Model::with_fault(config, fault))
    }

    #[cfg(not(feature = "faults"))]
    #[allow(clippy::unused_self, reason = "the other build uses it")]
    fn model(self, config: &Config) -> Model {
        Model::new(config)
    }
}

/// Whether a command that plants faults must be left to the other build.
pub const fn needs_other_build(plants_faults: bool) -> bool {
    plants_faults && !cfg!(feature = "faults")
}

/// Runs the same command line in the build that has the faults; answers its exit status.
pub fn run_other_build() -> Result<ExitCode, Error> {
    let status = cargo()
        .args(["run", "--quiet", "--release", "--package", "xtask", "--features", "faults", "--"])
        .args(std::env::args_os().skip(1))
        .current_dir(std::env::current_dir().unwrap_or_else(|_| ".".into()))
        .status()
        .map_err(|error| Error::Tool { tool: "cargo".into(), message: error.to_string() })?;
    // A signal has no code; a build that failed has one that means nothing here.
    match status.code() {
        Some(code @ 0..=2) => Ok(ExitCode::from(code as u8)),
        _ => Err(Error::Tool {
            tool: "cargo run --features faults".into(),
            message: format!("the build with planted faults did not run ({status})"),
        }),
    }
}
