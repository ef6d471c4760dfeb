//! Tests of the model, one file for each area: one fact a test, citing its rule.

mod equality;
mod fault;
mod support;
