//! One harness of bolero's. `cargo test` runs it with bolero's own engine; `cargo bolero test -p
//! mmdiff-bolero tests::any_bytes_run_in_lockstep --engine libfuzzer` (or afl, honggfuzz) runs the same
//! under others. Its inputs are those of the fuzz target `bytes`, and so are its crashes for `cargo
//! xtask regress --target bytes`.
//!
//! A build with the feature `faults` has the fault that the environment variable `MMDIFF_FAULT` names.
//!
//! A crate of its own, for bolero builds every binary of the harness's crate for the engine.
#![forbid(unsafe_code)]

#[cfg(test)]
mod tests {
    use mm_diff::check::{Checks, Target, Verdict};
    use mm_model::Model;
    use mm_ops::Config;
    use std::cell::RefCell;

    thread_local! {
        static CHECKS: RefCell<Checks<Model, fn() -> Model>> =
            RefCell::new(Checks::new(subject));
    }

    #[cfg(not(feature = "faults"))]
    fn subject() -> Model {
        assert!(
            std::env::var_os("MMDIFF_FAULT").is_none(),
            "MMDIFF_FAULT is set, but this build has no faults: build with `--features faults`"
        );
        Model::new(&Config::default())
    }

    #[cfg(feature = "faults")]
    fn subject() -> Model {
        use mm_model::faults::Fault;
        std::env::var("MMDIFF_FAULT").map_or_else(
            |_| Model::new(&Config::default()),
            |name| {
                let fault = Fault::from_name(&name).expect("MMDIFF_FAULT names a fault");
                Model::with_fault(&Config::default(), fault)
            },
        )
    }

    #[test]
    fn any_bytes_run_in_lockstep() {
        bolero::check!().for_each(|input: &[u8]| {
            CHECKS.with_borrow_mut(|checks| {
                if let Verdict::Failed(objection) = checks.run(Target::Bytes, input, &mut ()) {
                    panic!("{objection}");
                }
            });
        });
    }
}
