//! The subject: the model, with a fault if one is asked for.

use mm_model::Model;
use mm_ops::Config;

/// The model, correct.
#[cfg(not(feature = "faults"))]
pub(crate) fn model() -> Model {
    assert!(
        std::env::var_os("MMDIFF_FAULT").is_none(),
        "MMDIFF_FAULT is set, but this build has no faults: build with `--features faults`"
    );
    Model::new(&Config::default())
}

/// The model with the fault that `MMDIFF_FAULT` names.
#[cfg(feature = "faults")]
pub(crate) fn model() -> Model {
    use mm_model::faults::Fault;
    let Ok(name) = std::env::var("MMDIFF_FAULT") else {
        return Model::new(&Config::default());
    };
    let fault = Fault::from_name(&name);
    Model::with_fault(&Config::default(), fault.expect("MMDIFF_FAULT names a fault of the model"))
}
