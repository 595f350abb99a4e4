//! The Delta kernel behind a C ABI. The contract is include/spillway_bridge.h.
//!
//! `ffi` is the border; everything below it is safe Rust that returns `error::Outcome`.

mod cancellation;
mod changes;
mod columns;
mod data_file;
mod definition;
mod engine;
mod error;
mod ffi;
mod ffi_changes;
mod images;
mod kernel;
mod log;
mod log_files;
mod predicate;
mod reader;
mod row_set;
mod scan;
mod snapshot;
mod store;
mod token;
