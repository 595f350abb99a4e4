//! The files of a table's log: which there are, and what a commit holds.

use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use delta_kernel::object_store::path::Path as StorePath;
use delta_kernel::object_store::{ObjectStore as _, ObjectStoreExt as _};
use futures::StreamExt as _;

use crate::cancellation::SharedCancellation;
use crate::engine::{file_path, store_path, TableEngine};
use crate::error::{Class, Failure, Outcome};

/// Readable bytes behind a commit's content, which fast JSON parsers ask for.
pub const COMMIT_PADDING: usize = 64;

/// Versions, ascending.
#[derive(Default)]
pub struct LogFiles {
    pub commits: Vec<u64>,
    pub checkpoints: Vec<u64>,
}

impl LogFiles {
    /// Takes note of a file of the log; others are passed over.
    fn add(&mut self, name: &str) {
        let Some((version, kind)) = name.split_once('.') else {
            return;
        };
        let Some(version) = parse_version(version) else {
            return;
        };
        match kind {
            "json" => self.commits.push(version),
            _ if kind.starts_with("checkpoint.") => self.checkpoints.push(version),
            _ => {}
        }
    }

    fn sort(&mut self) {
        self.commits.sort_unstable();
        self.checkpoints.sort_unstable();
        self.checkpoints.dedup();
    }
}

/// The twenty digits of a log file's name (Delta protocol, "Delta Log Entries").
fn parse_version(digits: &str) -> Option<u64> {
    let well_formed = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    well_formed.then(|| digits.parse().ok())?
}

pub fn log_path(engine: &TableEngine) -> Outcome<StorePath> {
    store_path(&log_url(engine, "_delta_log")?)
}

pub fn commit_path(engine: &TableEngine, version: u64) -> Outcome<StorePath> {
    Ok(log_path(engine)?.join(format!("{version:020}.json")))
}

fn log_url(engine: &TableEngine, below: &str) -> Outcome<url::Url> {
    engine
        .root
        .join(below)
        .map_err(|e| Failure::new(Class::Internal, e.to_string()))
}

/// All files of the log. None when there is no object below _delta_log.
pub fn list(
    engine: &Arc<TableEngine>,
    cancellation: &SharedCancellation,
) -> Outcome<Option<LogFiles>> {
    let prefix = log_path(engine)?;
    let listed = engine.wait(cancellation, async {
        Ok(engine.store.list_with_delimiter(Some(&prefix)).await?)
    });
    let listed = match listed {
        Err(failure) if failure.class == Class::NotFound => return Ok(None),
        other => other?,
    };
    if listed.objects.is_empty() && listed.common_prefixes.is_empty() {
        return Ok(None);
    }
    let mut log = LogFiles::default();
    for object in &listed.objects {
        log.add(object.location.filename().unwrap_or_default());
    }
    log.sort();
    Ok(Some(log))
}

/// The files of the log from version `from` on: empty when there are none, or no log at all.
pub fn list_from(
    engine: &Arc<TableEngine>,
    from: u64,
    cancellation: &SharedCancellation,
) -> Outcome<LogFiles> {
    cancellation.check()?;
    let mut log = match engine.is_local() {
        true => list_folder(engine)?,
        false => list_objects(engine, from, cancellation)?,
    };
    log.commits.retain(|version| *version >= from);
    log.checkpoints.retain(|version| *version >= from);
    log.sort();
    Ok(log)
}

fn list_folder(engine: &TableEngine) -> Outcome<LogFiles> {
    let mut log = LogFiles::default();
    let entries = match std::fs::read_dir(file_path(&log_url(engine, "_delta_log")?)?) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(log),
        other => other?,
    };
    for entry in entries {
        log.add(&entry?.file_name().to_string_lossy());
    }
    Ok(log)
}

fn list_objects(
    engine: &Arc<TableEngine>,
    from: u64,
    cancellation: &SharedCancellation,
) -> Outcome<LogFiles> {
    let prefix = log_path(engine)?;
    let offset = prefix.clone().join(format!("{from:020}"));
    // The one kind of store that lists in no order.
    let is_ordered = !engine
        .root
        .host_str()
        .unwrap_or_default()
        .ends_with("--x-s3");
    engine.wait(cancellation, async {
        let mut log = LogFiles::default();
        let mut objects = engine.store.list_with_offset(Some(&prefix), &offset);
        while let Some(object) = objects.next().await {
            let object = match object {
                Err(delta_kernel::object_store::Error::NotFound { .. }) => break,
                other => other?,
            };
            let below = object.location.prefix_match(&prefix);
            let name = below.and_then(|mut parts| parts.next());
            let name = name.as_ref().map_or("", |part| part.as_ref());
            // Versions sort first: behind them come sidecars and the like, without end.
            if is_ordered && !name.starts_with(|first: char| first.is_ascii_digit()) {
                break;
            }
            log.add(name);
        }
        Ok(log)
    })
}

/// One commit file, followed by COMMIT_PADDING zeros.
pub struct Commit {
    padded: Vec<u8>,
    pub modified_ms: i64,
}

impl Commit {
    fn new(mut content: Vec<u8>, modified_ms: i64) -> Self {
        content.resize(content.len() + COMMIT_PADDING, 0);
        Self {
            padded: content,
            modified_ms,
        }
    }

    pub fn content(&self) -> &[u8] {
        &self.padded[..self.padded.len() - COMMIT_PADDING]
    }
}

/// The commits `first`, `first` + 1 …: one request, or one attempt to open a file, each. None where
/// there is no such commit.
pub fn read_commits(
    engine: &Arc<TableEngine>,
    first: u64,
    count: usize,
    cancellation: &SharedCancellation,
) -> Outcome<Vec<Option<Commit>>> {
    cancellation.check()?;
    let versions = first..first + count as u64;
    let read: Vec<Outcome<Commit>> = match engine.is_local() {
        true => versions
            .map(|version| read_local(engine, version))
            .collect(),
        false => engine.wait(cancellation, async {
            let reads = versions.map(|version| fetch(engine, version));
            Ok(futures::future::join_all(reads).await)
        })?,
    };
    let found = |(index, commit): (usize, Outcome<Commit>)| match commit {
        Ok(commit) => Ok(Some(commit)),
        Err(failure) if failure.class == Class::NotFound => Ok(None),
        Err(failure) => Err(failure.context(&format!("commit {}", first + index as u64))),
    };
    read.into_iter().enumerate().map(found).collect()
}

fn read_local(engine: &TableEngine, version: u64) -> Outcome<Commit> {
    let name = format!("_delta_log/{version:020}.json");
    let mut file = File::open(file_path(&log_url(engine, &name)?)?)?;
    let described = file.metadata()?;
    let since_epoch = described.modified()?.duration_since(UNIX_EPOCH);
    let mut content = Vec::with_capacity(described.len() as usize + COMMIT_PADDING);
    file.read_to_end(&mut content)?;
    let modified_ms = since_epoch.map_or(0, |time| time.as_millis() as i64);
    Ok(Commit::new(content, modified_ms))
}

/// The content of a commit, and when it was written.
pub async fn fetch(engine: &Arc<TableEngine>, version: u64) -> Outcome<Commit> {
    let path = commit_path(engine, version)?;
    let got = engine.store.get(&path).await?;
    let modified_ms = got.meta.last_modified.timestamp_millis();
    Ok(Commit::new(got.bytes().await?.to_vec(), modified_ms))
}
