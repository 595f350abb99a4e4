//! The border to C: pointers become references, outcomes become codes, panics stop here.
//!
//! # Safety
//! Every function relies on the header's contract: pointers are valid for the call, handles come
//! from the matching `_open` and are not freed yet.

use std::any::Any;
use std::cell::RefCell;
use std::os::raw::c_char;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Once};

use delta_kernel::arrow::array::{Array as _, RecordBatch, StructArray};
use delta_kernel::arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};

use crate::cancellation::Cancellation;
use crate::engine::TableEngine;
use crate::error::{Class, Failure, Outcome};
use crate::predicate;
use crate::reader::FileReader;
use crate::scan::TableScan;
use crate::snapshot::{version_at, TableSnapshot};
use crate::store::StoreOption;
use crate::token::{BridgeTokenSource, TokenSource};

const OK: i32 = 0;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct BridgeText {
    data: *const c_char,
    size: usize,
}

#[repr(C)]
pub struct BridgeError {
    code: i32,
    message: BridgeText,
}

#[repr(C)]
pub struct BridgeOption {
    key: BridgeText,
    value: BridgeText,
}

#[repr(C)]
pub struct BridgeFile {
    path: BridgeText,
    deletion_vector_id: BridgeText,
    size: u64,
    records: u64,
    deleted: u64,
    has_records: bool,
    role: i32,
}

#[repr(C)]
pub struct BridgeFileFacts {
    physical_rows: u64,
    live_rows: u64,
    decoded_bytes: u64,
    decoded_bytes_exact: bool,
    held_bytes: u64,
}

#[repr(C)]
pub struct BridgeBatch {
    first_row: u64,
    bytes: u64,
    images: *const u8,
}

pub struct BridgeCancellation(pub Arc<Cancellation>);
pub struct BridgeEngine(pub Arc<TableEngine>);
pub struct BridgeSnapshot(Arc<TableSnapshot>);
pub struct BridgeScan(pub Arc<TableScan>);
pub struct BridgeReader {
    reader: FileReader,
    /// Of the last batch.
    images: Vec<u8>,
}

impl BridgeText {
    pub const EMPTY: Self = Self {
        data: std::ptr::null(),
        size: 0,
    };

    pub fn of(text: &str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self {
            data: bytes.as_ptr().cast(),
            size: bytes.len(),
        }
    }

    /// None where nothing was given.
    pub unsafe fn read_given(&self) -> Outcome<Option<&str>> {
        Ok(Some(self.read()?).filter(|text| !text.is_empty()))
    }

    pub unsafe fn read(&self) -> Outcome<&str> {
        if self.size == 0 {
            return Ok("");
        }
        let bytes = std::slice::from_raw_parts(self.data.cast::<u8>(), self.size);
        std::str::from_utf8(bytes)
            .map_err(|_| Failure::new(Class::InvalidArgument, "a text is not UTF-8"))
    }
}

thread_local! {
    /// Where the last panic of this thread came from.
    static PANIC_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics become errors with their place in them: nothing is printed.
fn catch_panics_quietly() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(|at| {
                // The crate and the file in it, not where it was built.
                let parts: Vec<&str> = at.file().rsplitn(5, '/').take(4).collect();
                let file: Vec<&str> = parts.into_iter().rev().collect();
                format!("{}:{}", file.join("/"), at.line())
            });
            PANIC_PLACE.with_borrow_mut(|last| *last = place.unwrap_or_default());
        }));
    });
}

fn panic_failure(class: Class, panic: Box<dyn Any + Send>) -> Failure {
    let what = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    let place = PANIC_PLACE.with_borrow(Clone::clone);
    Failure::new(
        class,
        format!("a panic in the Delta bridge: {what} ({place})"),
    )
}

/// Runs `work` and turns what comes of it into a code and an error.
pub unsafe fn guarded(error: *mut BridgeError, work: impl FnOnce() -> Outcome<()>) -> i32 {
    guarded_as(Class::Internal, error, work)
}

/// The same; a panic has the class `panicked`.
unsafe fn guarded_as(
    panicked: Class,
    error: *mut BridgeError,
    work: impl FnOnce() -> Outcome<()>,
) -> i32 {
    let outcome = catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(panic_failure(panicked, panic)));
    let Err(failure) = outcome else {
        return OK;
    };
    let code = failure.class as i32;
    if !error.is_null() {
        let message: &mut str = Box::leak(failure.message.into_boxed_str());
        *error = BridgeError {
            code,
            message: BridgeText::of(message),
        };
    }
    code
}

/// For calls that cannot fail but must not unwind either.
fn quietly(work: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(work));
}

pub unsafe fn free<T>(handle: *mut T) {
    if !handle.is_null() {
        quietly(|| drop(Box::from_raw(handle)));
    }
}

pub unsafe fn slice<'a, T>(data: *const T, count: usize) -> &'a [T] {
    match count {
        0 => &[],
        _ => std::slice::from_raw_parts(data, count),
    }
}

pub unsafe fn read_texts(data: *const BridgeText, count: usize) -> Outcome<Vec<String>> {
    let texts = slice(data, count).iter();
    texts.map(|text| Ok(text.read()?.to_string())).collect()
}

pub unsafe fn borrowed<'a, T>(handle: *const T) -> Outcome<&'a T> {
    handle
        .as_ref()
        .ok_or_else(|| Failure::new(Class::InvalidArgument, "a handle is null"))
}

pub unsafe fn give<T>(out: *mut *mut T, value: T) -> Outcome<()> {
    let out = out
        .as_mut()
        .ok_or_else(|| Failure::new(Class::InvalidArgument, "an output is null"))?;
    *out = Box::into_raw(Box::new(value));
    Ok(())
}

#[no_mangle]
pub unsafe extern "C" fn bridge_error_free(error: *mut BridgeError) {
    let Some(error) = error.as_mut() else {
        return;
    };
    if !error.message.data.is_null() {
        let data = error.message.data as *mut u8;
        let bytes = std::ptr::slice_from_raw_parts_mut(data, error.message.size);
        drop(Box::from_raw(bytes));
    }
    error.code = OK;
    error.message = BridgeText::EMPTY;
}

#[no_mangle]
pub extern "C" fn bridge_cancellation_new() -> *mut BridgeCancellation {
    Box::into_raw(Box::new(BridgeCancellation(Arc::default())))
}

#[no_mangle]
pub unsafe extern "C" fn bridge_cancellation_request(cancellation: *const BridgeCancellation) {
    if let Some(cancellation) = cancellation.as_ref() {
        quietly(|| cancellation.0.request());
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_cancellation_free(cancellation: *mut BridgeCancellation) {
    free(cancellation);
}

#[no_mangle]
pub unsafe extern "C" fn bridge_engine_open(
    location: BridgeText,
    options: *const BridgeOption,
    option_count: usize,
    tokens: *const BridgeTokenSource,
    engine: *mut *mut BridgeEngine,
    error: *mut BridgeError,
) -> i32 {
    catch_panics_quietly();
    let tokens = TokenSource::of(tokens);
    guarded(error, || {
        let read = |option: &BridgeOption| {
            Ok(StoreOption {
                key: option.key.read()?.to_string(),
                value: option.value.read()?.to_string(),
            })
        };
        let options = slice(options, option_count).iter().map(read);
        let options = options.collect::<Outcome<Vec<_>>>()?;
        let opened = TableEngine::open(location.read()?, &options, tokens)?;
        give(engine, BridgeEngine(opened))
    })
}

#[no_mangle]
pub unsafe extern "C" fn bridge_engine_free(engine: *mut BridgeEngine) {
    free(engine);
}

#[no_mangle]
pub unsafe extern "C" fn bridge_version_at(
    engine: *const BridgeEngine,
    timestamp_ms: i64,
    cancellation: *const BridgeCancellation,
    version: *mut u64,
    error: *mut BridgeError,
) -> i32 {
    guarded(error, || {
        let engine = borrowed(engine)?;
        *version = version_at(&engine.0, timestamp_ms, &borrowed(cancellation)?.0)?;
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn bridge_snapshot_open(
    engine: *const BridgeEngine,
    version: i64,
    cancellation: *const BridgeCancellation,
    snapshot: *mut *mut BridgeSnapshot,
    error: *mut BridgeError,
) -> i32 {
    guarded(error, || {
        let engine = borrowed(engine)?.0.clone();
        let version = u64::try_from(version).ok();
        let opened = TableSnapshot::open(engine, version, borrowed(cancellation)?.0.clone())?;
        give(snapshot, BridgeSnapshot(opened))
    })
}

#[no_mangle]
pub unsafe extern "C" fn bridge_snapshot_free(snapshot: *mut BridgeSnapshot) {
    free(snapshot);
}

#[no_mangle]
pub unsafe extern "C" fn bridge_snapshot_details(snapshot: *const BridgeSnapshot) -> BridgeText {
    match snapshot.as_ref() {
        Some(snapshot) => BridgeText::of(&snapshot.0.details),
        None => BridgeText::EMPTY,
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_scan_open(
    snapshot: *const BridgeSnapshot,
    columns: *const BridgeText,
    column_count: usize,
    predicate: BridgeText,
    cancellation: *const BridgeCancellation,
    scan: *mut *mut BridgeScan,
    error: *mut BridgeError,
) -> i32 {
    guarded(error, || {
        let snapshot = borrowed(snapshot)?.0.clone();
        let columns = read_texts(columns, column_count)?;
        let predicate = match predicate.read()? {
            "" => None,
            text => Some(predicate::parse(text)?),
        };
        let cancellation = borrowed(cancellation)?.0.clone();
        let opened = TableScan::open(snapshot, &columns, predicate, cancellation)?;
        give(scan, BridgeScan(Arc::new(opened)))
    })
}

#[no_mangle]
pub unsafe extern "C" fn bridge_scan_free(scan: *mut BridgeScan) {
    free(scan);
}

#[no_mangle]
pub unsafe extern "C" fn bridge_scan_schema(
    scan: *const BridgeScan,
    schema: *mut FFI_ArrowSchema,
    error: *mut BridgeError,
) -> i32 {
    guarded(error, || {
        let exported = FFI_ArrowSchema::try_from(borrowed(scan)?.0.arrow_schema.as_ref())?;
        std::ptr::write(schema, exported);
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn bridge_scan_file_count(scan: *const BridgeScan) -> usize {
    scan.as_ref().map_or(0, |scan| scan.0.files.len())
}

#[no_mangle]
pub unsafe extern "C" fn bridge_scan_file(
    scan: *const BridgeScan,
    index: usize,
    file: *mut BridgeFile,
) {
    let Some(found) = scan.as_ref().and_then(|scan| scan.0.files.get(index)) else {
        return;
    };
    let deleted = found
        .deletion_vector
        .as_ref()
        .map_or(0, |dv| dv.cardinality);
    *file = BridgeFile {
        path: BridgeText::of(&found.path),
        deletion_vector_id: BridgeText::of(&found.deletion_vector_id),
        size: found.size.unwrap_or_default(),
        records: found.records.unwrap_or_default(),
        deleted: u64::try_from(deleted).unwrap_or_default(),
        has_records: found.records.is_some(),
        role: found.role as i32,
    };
}

#[no_mangle]
pub unsafe extern "C" fn bridge_reader_open(
    scan: *const BridgeScan,
    index: usize,
    cancellation: *const BridgeCancellation,
    reader: *mut *mut BridgeReader,
    error: *mut BridgeError,
) -> i32 {
    // Decoders panic on some damaged files.
    guarded_as(Class::FileCorrupt, error, || {
        let scan = borrowed(scan)?.0.clone();
        if index >= scan.files.len() {
            return Err(Failure::new(
                Class::InvalidArgument,
                "no file of that index",
            ));
        }
        let opened = FileReader::open(scan, index, borrowed(cancellation)?.0.clone())?;
        let images = Vec::new();
        let opened = BridgeReader {
            reader: opened,
            images,
        };
        give(reader, opened)
    })
}

#[no_mangle]
pub unsafe extern "C" fn bridge_reader_free(reader: *mut BridgeReader) {
    free(reader);
}

#[no_mangle]
pub unsafe extern "C" fn bridge_reader_facts(
    reader: *const BridgeReader,
    facts: *mut BridgeFileFacts,
) {
    let Some(reader) = reader.as_ref() else {
        return;
    };
    quietly(|| {
        let known = reader.reader.facts();
        *facts = BridgeFileFacts {
            physical_rows: known.physical_rows,
            live_rows: known.live_rows,
            decoded_bytes: known.decoded_bytes,
            decoded_bytes_exact: known.decoded_bytes_exact,
            held_bytes: known.held_bytes,
        };
    });
}

#[no_mangle]
pub unsafe extern "C" fn bridge_reader_seek(
    reader: *mut BridgeReader,
    first_row: u64,
    batch_rows: u64,
) {
    if let Some(reader) = reader.as_mut() {
        quietly(|| reader.reader.seek(first_row, batch_rows.max(1) as usize));
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_reader_select(
    reader: *mut BridgeReader,
    rows: *const u64,
    count: usize,
) {
    if let Some(reader) = reader.as_mut() {
        let rows = match count {
            0 => &[],
            _ => std::slice::from_raw_parts(rows, count),
        };
        quietly(|| reader.reader.select(rows));
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_reader_next(
    reader: *mut BridgeReader,
    array: *mut FFI_ArrowArray,
    batch: *mut BridgeBatch,
    error: *mut BridgeError,
) -> i32 {
    guarded_as(Class::FileCorrupt, error, || {
        let reader = reader
            .as_mut()
            .ok_or_else(|| Failure::new(Class::InvalidArgument, "a handle is null"))?;
        let Some(next) = reader.reader.next()? else {
            std::ptr::write(array, FFI_ArrowArray::empty());
            return Ok(());
        };
        reader.images = next.images;
        *batch = BridgeBatch {
            first_row: next.first_row,
            bytes: decoded_bytes(&next.batch),
            images: reader.images.as_ptr(),
        };
        std::ptr::write(array, export(next.batch));
        Ok(())
    })
}

fn decoded_bytes(batch: &RecordBatch) -> u64 {
    let bytes = |column: &Arc<dyn delta_kernel::arrow::array::Array>| {
        column.to_data().get_slice_memory_size().unwrap_or_default() as u64
    };
    batch.columns().iter().map(bytes).sum()
}

/// A batch without columns still has its rows.
fn export(batch: RecordBatch) -> FFI_ArrowArray {
    FFI_ArrowArray::new(&StructArray::from(batch).into_data())
}
