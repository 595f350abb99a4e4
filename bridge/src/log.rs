//! Our own look at a table's log: why a table cannot be opened, and since when it keeps a change
//! feed. The kernel says many of these only in words.

use std::sync::Arc;

use delta_kernel::object_store::ObjectStoreExt as _;
use futures::StreamExt as _;
use serde_json::Value;

use crate::cancellation::SharedCancellation;
use crate::engine::{file_path, TableEngine};
use crate::error::{Class, Failure, Outcome};
use crate::log_files::{commit_path, fetch, list, LogFiles};

/// Commits read back in search of the one that turned the change feed on.
const FEED_COMMITS_MAX: u64 = 100;
/// Commits fetched at the same time.
const COMMITS_IN_FLIGHT: usize = 16;

/// Finds out why opening `version` (None: the latest) failed with `failure`, and says it as exactly
/// as the log allows. Failures of the storage stay what they are.
pub fn explain(
    engine: &Arc<TableEngine>,
    version: Option<u64>,
    failure: Failure,
    cancellation: &SharedCancellation,
) -> Failure {
    if failure.is_of_the_storage() || failure.class == Class::InvalidArgument {
        return failure;
    }
    match diagnose(engine, version, cancellation) {
        Ok(None) => failure.not_found_is(Class::LogCorrupt),
        Ok(Some(found)) => match found.class {
            Class::LogCorrupt => found.context_after(&failure),
            _ => found,
        },
        Err(stopped) if stopped.is_of_the_storage() => stopped,
        Err(_) => failure.not_found_is(Class::LogCorrupt),
    }
}

impl Failure {
    /// Keeps the kernel's own words behind ours.
    fn context_after(mut self, cause: &Failure) -> Self {
        self.message = format!("{} (the reader said: {})", self.message, cause.message);
        self
    }
}

fn diagnose(
    engine: &Arc<TableEngine>,
    version: Option<u64>,
    cancellation: &SharedCancellation,
) -> Outcome<Option<Failure>> {
    let Some(log) = list(engine, cancellation)? else {
        return Ok(Some(no_table(engine, cancellation)?));
    };
    let newest = log.commits.iter().chain(&log.checkpoints).max().copied();
    let Some(newest) = newest else {
        let message = format!("the log of {} has no commit", engine.root);
        return Ok(Some(Failure::new(Class::LogEmpty, message)));
    };
    let target = version.unwrap_or(newest);
    if target > newest {
        let message = format!("version {target} is not there: the latest is {newest}");
        return Ok(Some(Failure::new(Class::VersionNotFound, message)));
    }
    let base = log
        .checkpoints
        .iter()
        .copied()
        .rfind(|found| *found <= target);
    if base.is_none() && log.commits.first() != Some(&0) {
        return Ok(Some(no_longer_there(&log, target)));
    }
    if let Some(gap) = first_gap(&log, base.map_or(0, |found| found + 1), target) {
        let message = format!("commit {gap} is missing from the log of {}", engine.root);
        return Ok(Some(Failure::new(Class::LogCorrupt, message)));
    }
    first_broken_commit(
        engine,
        &log,
        base.map_or(0, |found| found + 1),
        target,
        cancellation,
    )
}

fn no_longer_there(log: &LogFiles, target: u64) -> Failure {
    match log.checkpoints.first() {
        Some(earliest) => {
            let message =
                format!("version {target} is no longer there: the log begins at {earliest}");
            Failure::new(Class::VersionNotFound, message)
        }
        None => {
            let message = format!(
                "the log begins at commit {} without a checkpoint",
                log.commits.first().copied().unwrap_or_default()
            );
            Failure::new(Class::LogCorrupt, message)
        }
    }
}

fn first_gap(log: &LogFiles, from: u64, to: u64) -> Option<u64> {
    (from..=to).find(|version| log.commits.binary_search(version).is_err())
}

/// There is no object below _delta_log. Says what there is instead.
fn no_table(engine: &Arc<TableEngine>, cancellation: &SharedCancellation) -> Outcome<Failure> {
    let url = engine
        .root
        .join("_delta_log/")
        .map_err(|e| internal(&e.to_string()))?;
    if engine.is_local() && file_path(&url)?.is_dir() {
        let message = format!("the log of {} is empty", engine.root);
        return Ok(Failure::new(Class::LogEmpty, message));
    }
    let head = engine.wait(cancellation, async {
        Ok(engine.store.head(&commit_path(engine, 0)?).await?)
    });
    if head.is_ok() {
        let message = format!(
            "listing {} returns nothing although its first commit is there: name the workspace and \
             the lakehouse by their GUIDs in the location",
            engine.root
        );
        return Ok(Failure::new(Class::Unavailable, message));
    }
    let message = format!("there is no Delta table at {} (no _delta_log)", engine.root);
    Ok(Failure::new(Class::TableNotFound, message))
}

fn internal(why: &str) -> Failure {
    Failure::new(Class::Internal, why)
}

fn first_broken_commit(
    engine: &Arc<TableEngine>,
    log: &LogFiles,
    from: u64,
    to: u64,
    cancellation: &SharedCancellation,
) -> Outcome<Option<Failure>> {
    let versions: Vec<u64> = log
        .commits
        .iter()
        .copied()
        .filter(|v| (from..=to).contains(v))
        .collect();
    engine.wait(cancellation, async {
        let mut commits = futures::stream::iter(versions)
            .map(|version| {
                let engine = engine.clone();
                async move { (version, fetch(&engine, version).await) }
            })
            .buffered(COMMITS_IN_FLIGHT);
        while let Some((version, content)) = commits.next().await {
            if let Some((line, why)) = first_broken_line(content?.content()) {
                let message = format!("commit {version} is corrupt at line {line}: {why}");
                return Ok(Some(Failure::new(Class::LogCorrupt, message)));
            }
        }
        Ok(None)
    })
}

/// A commit is one JSON object per line.
fn first_broken_line(content: &[u8]) -> Option<(usize, String)> {
    for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<Value>(line) {
            Ok(Value::Object(_)) => {}
            Ok(_) => return Some((index + 1, "not an object".to_string())),
            Err(error) => return Some((index + 1, error.to_string())),
        }
    }
    None
}

/// The version from which on the feed has been on without a break until `version`, where it is on.
/// None when the log does not tell, or not within the newest commits.
pub fn change_feed_since(
    engine: &Arc<TableEngine>,
    version: u64,
    cancellation: &SharedCancellation,
) -> Outcome<Option<u64>> {
    let oldest = version.saturating_sub(FEED_COMMITS_MAX - 1);
    engine.wait(cancellation, async {
        let mut commits = futures::stream::iter((oldest..=version).rev())
            .map(|version| {
                let engine = engine.clone();
                async move { (version, fetch(&engine, version).await) }
            })
            .buffered(COMMITS_IN_FLIGHT);
        let mut since = None;
        while let Some((version, content)) = commits.next().await {
            let content = match content {
                Err(failure) if failure.class == Class::NotFound => return Ok(None),
                other => other?,
            };
            match feed_after(content.content()) {
                Some(true) => since = Some(version),
                Some(false) => return Ok(since),
                None => {}
            }
            if version == 0 {
                return Ok(since);
            }
        }
        Ok(None)
    })
}

/// Whether the feed is on after a commit; None when the commit leaves the metadata alone.
fn feed_after(content: &[u8]) -> Option<bool> {
    const KEY: &[u8] = b"\"metaData\"";
    let lines = content.split(|byte| *byte == b'\n');
    let mut with_metadata = lines.filter(|line| line.windows(KEY.len()).any(|found| found == KEY));
    with_metadata.find_map(|line| {
        let action: Value = serde_json::from_slice(line).ok()?;
        let configuration = action.get("metaData")?.get("configuration");
        let on = configuration.and_then(|found| found.get("delta.enableChangeDataFeed"));
        let on = on.and_then(Value::as_str).unwrap_or_default();
        Some(on.eq_ignore_ascii_case("true"))
    })
}
