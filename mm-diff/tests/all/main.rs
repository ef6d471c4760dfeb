//! The tests of mm-diff that need a subject. The optimized model is not among them: these subjects
//! are the reference, sound or broken on purpose, so that a failure here is the judge's.

mod broken;
mod engine;
mod lockstep;
mod outside;
mod proptests;
