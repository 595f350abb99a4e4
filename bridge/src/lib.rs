//! The Delta kernel behind a C ABI. The contract is include/spillway_bridge.h.
//!
//! `ffi` is the border; everything below it is safe Rust that returns `error::Outcome`.

mod cancellation;
mod columns;
mod data_file;
mod engine;
mod error;
mod ffi;
mod kernel;
mod log;
mod predicate;
mod reader;
mod scan;
mod snapshot;
mod store;
