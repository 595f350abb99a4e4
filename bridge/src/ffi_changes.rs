//! The border to C for the log and what it changed; conventions and safety as in ffi.rs.

use std::sync::Arc;

use crate::changes::{between, of_version, ChangedFile};
use crate::definition::TableDefinition;
use crate::error::{Class, Failure, Outcome};
use crate::ffi::{
    borrowed, free, give, guarded, read_texts, slice, BridgeCancellation, BridgeEngine,
    BridgeError, BridgeScan, BridgeText,
};
use crate::log_files::{list_from, read_commits, Commit, LogFiles};
use crate::scan::Role;

pub struct BridgeCommit(Commit);
pub struct BridgeLogFiles(LogFiles);
pub struct BridgeDefinition {
    definition: TableDefinition,
    details: String,
}

#[repr(C)]
pub struct BridgeVersions {
    data: *const u64,
    size: usize,
}

#[repr(C)]
pub struct BridgeChangedFile {
    path: BridgeText,
    partition_values: BridgeText,
    deletion_vector: BridgeText,
    deletion_vector_before: BridgeText,
    size: u64,
    role: i32,
}

impl BridgeVersions {
    fn of(versions: &[u64]) -> Self {
        Self {
            data: versions.as_ptr(),
            size: versions.len(),
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_commits_read(
    engine: *const BridgeEngine,
    first_version: u64,
    count: usize,
    cancellation: *const BridgeCancellation,
    commits: *mut *mut BridgeCommit,
    error: *mut BridgeError,
) -> i32 {
    guarded(error, || {
        let engine = &borrowed(engine)?.0;
        let read = read_commits(engine, first_version, count, &borrowed(cancellation)?.0)?;
        for (index, commit) in read.into_iter().enumerate() {
            *commits.add(index) = match commit {
                Some(commit) => Box::into_raw(Box::new(BridgeCommit(commit))),
                None => std::ptr::null_mut(),
            };
        }
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn bridge_commit_free(commit: *mut BridgeCommit) {
    free(commit);
}

#[no_mangle]
pub unsafe extern "C" fn bridge_commit_content(commit: *const BridgeCommit) -> BridgeText {
    match commit.as_ref() {
        Some(commit) => BridgeText::of_bytes(commit.0.content()),
        None => BridgeText::EMPTY,
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_commit_modified_ms(commit: *const BridgeCommit) -> i64 {
    commit.as_ref().map_or(0, |commit| commit.0.modified_ms)
}

#[no_mangle]
pub unsafe extern "C" fn bridge_log_files_list(
    engine: *const BridgeEngine,
    from_version: u64,
    cancellation: *const BridgeCancellation,
    files: *mut *mut BridgeLogFiles,
    error: *mut BridgeError,
) -> i32 {
    guarded(error, || {
        let engine = &borrowed(engine)?.0;
        let listed = list_from(engine, from_version, &borrowed(cancellation)?.0)?;
        give(files, BridgeLogFiles(listed))
    })
}

#[no_mangle]
pub unsafe extern "C" fn bridge_log_files_free(files: *mut BridgeLogFiles) {
    free(files);
}

#[no_mangle]
pub unsafe extern "C" fn bridge_log_files_commits(files: *const BridgeLogFiles) -> BridgeVersions {
    BridgeVersions::of(files.as_ref().map_or(&[], |files| &files.0.commits))
}

#[no_mangle]
pub unsafe extern "C" fn bridge_log_files_checkpoints(
    files: *const BridgeLogFiles,
) -> BridgeVersions {
    BridgeVersions::of(files.as_ref().map_or(&[], |files| &files.0.checkpoints))
}

#[no_mangle]
pub unsafe extern "C" fn bridge_definition_open(
    engine: *const BridgeEngine,
    metadata: BridgeText,
    protocol: BridgeText,
    version: u64,
    definition: *mut *mut BridgeDefinition,
    error: *mut BridgeError,
) -> i32 {
    guarded(error, || {
        let engine = borrowed(engine)?.0.clone();
        let parsed = TableDefinition::parse(engine, metadata.read()?, protocol.read()?, version)?;
        let details = parsed.details()?.to_string();
        let opened = BridgeDefinition {
            definition: parsed,
            details,
        };
        give(definition, opened)
    })
}

#[no_mangle]
pub unsafe extern "C" fn bridge_definition_free(definition: *mut BridgeDefinition) {
    free(definition);
}

#[no_mangle]
pub unsafe extern "C" fn bridge_definition_details(
    definition: *const BridgeDefinition,
) -> BridgeText {
    match definition.as_ref() {
        Some(definition) => BridgeText::of(&definition.details),
        None => BridgeText::EMPTY,
    }
}

impl BridgeChangedFile {
    unsafe fn read(&self) -> Outcome<ChangedFile<'_>> {
        let role = match self.role {
            0 => Role::Live,
            1 => Role::WasLive,
            2 => Role::BetweenVectors,
            3 => Role::Feed,
            _ => {
                let message = "a changed file has no such role";
                return Err(Failure::new(Class::InvalidArgument, message));
            }
        };
        Ok(ChangedFile {
            path: self.path.read()?,
            size: Some(self.size).filter(|size| *size > 0),
            partition_values: self.partition_values.read_given()?,
            deletion_vector: self.deletion_vector.read_given()?,
            deletion_vector_before: self.deletion_vector_before.read_given()?,
            role,
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_changes_open(
    after: *const BridgeDefinition,
    before: *const BridgeDefinition,
    columns: *const BridgeText,
    column_count: usize,
    files: *const BridgeChangedFile,
    file_count: usize,
    earlier: *const BridgeScan,
    changes: *mut *mut BridgeScan,
    error: *mut BridgeError,
) -> i32 {
    guarded(error, || {
        let columns = read_texts(columns, column_count)?;
        let files = slice(files, file_count).iter().map(|file| file.read());
        let opened = of_version(
            &borrowed(after)?.definition,
            &borrowed(before)?.definition,
            &columns,
            &files.collect::<Outcome<Vec<_>>>()?,
            earlier.as_ref().map(|earlier| &*earlier.0),
        )?;
        give(changes, BridgeScan(Arc::new(opened)))
    })
}

#[no_mangle]
pub unsafe extern "C" fn bridge_changes_between(
    before: *const BridgeScan,
    after: *const BridgeScan,
    columns: *const BridgeText,
    column_count: usize,
    changes: *mut *mut BridgeScan,
    error: *mut BridgeError,
) -> i32 {
    guarded(error, || {
        let columns = read_texts(columns, column_count)?;
        let opened = between(&borrowed(before)?.0, &borrowed(after)?.0, &columns)?;
        give(changes, BridgeScan(Arc::new(opened)))
    })
}
