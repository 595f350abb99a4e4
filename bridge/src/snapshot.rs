//! One version of a table.

use std::sync::Arc;

use delta_kernel::history_manager::{latest_version_as_of, HistoryCommitType};
use delta_kernel::{Snapshot, SnapshotRef};

use crate::cancellation::SharedCancellation;
use crate::definition::TableDefinition;
use crate::engine::TableEngine;
use crate::error::{Class, Failure, Outcome};
use crate::kernel::Configuration;
use crate::log;

pub struct TableSnapshot {
    pub kernel: SnapshotRef,
    pub definition: TableDefinition,
    pub details: String,
}

impl TableSnapshot {
    /// The latest version when none is given.
    pub fn open(
        engine: Arc<TableEngine>,
        version: Option<u64>,
        cancellation: SharedCancellation,
    ) -> Outcome<Arc<Self>> {
        let kernel = build(&engine, version, &cancellation)?;
        let configuration = Configuration::of(&kernel);
        let definition = TableDefinition::new(engine.clone(), configuration);
        let details = details(&engine, &kernel, &definition, &cancellation)?;
        Ok(Arc::new(Self {
            kernel,
            definition,
            details,
        }))
    }
}

fn build(
    engine: &Arc<TableEngine>,
    version: Option<u64>,
    cancellation: &SharedCancellation,
) -> Outcome<SnapshotRef> {
    let held = engine.clone();
    let built = engine.call(cancellation, move || {
        let mut builder = Snapshot::builder_for(held.root.as_str());
        if let Some(version) = version {
            builder = builder.at_version(version);
        }
        Ok(builder.build(held.kernel.as_ref())?)
    });
    built.map_err(|failure| log::explain(engine, version, failure, cancellation))
}

/// The last version at or before `timestamp_ms`, by in-commit timestamps where the table has them.
pub fn version_at(
    engine: &Arc<TableEngine>,
    timestamp_ms: i64,
    cancellation: &SharedCancellation,
) -> Outcome<u64> {
    let latest = build(engine, None, cancellation)?;
    let held = engine.clone();
    engine.call(cancellation, move || {
        let kind = HistoryCommitType::Recreatable;
        let found = latest_version_as_of(&latest, held.kernel.as_ref(), timestamp_ms, kind);
        match found {
            Ok(commit) => Ok(commit.version),
            Err(delta_kernel::Error::LogHistory(error)) => {
                Err(Failure::new(Class::VersionNotFound, error.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    })
}

/// The description that the C header promises, as JSON.
fn details(
    engine: &Arc<TableEngine>,
    snapshot: &SnapshotRef,
    definition: &TableDefinition,
    cancellation: &SharedCancellation,
) -> Outcome<String> {
    let (held, of) = (engine.clone(), snapshot.clone());
    let timestamp_ms = engine.call(cancellation, move || {
        Ok(of.get_timestamp(held.kernel.as_ref())?)
    });
    let timestamp_ms = match timestamp_ms {
        Ok(timestamp_ms) => Some(timestamp_ms),
        // The commit file of a version that only a checkpoint keeps is gone, and its time with it.
        Err(failure) if failure.is_of_the_storage() => return Err(failure),
        Err(_) => None,
    };
    let change_feed_since = match definition.has_change_feed() {
        true => log::change_feed_since(engine, snapshot.version(), cancellation)?,
        false => None,
    };
    let mut details = definition.details()?;
    details["version"] = snapshot.version().into();
    details["timestamp_ms"] = timestamp_ms.into();
    details["change_feed_since"] = change_feed_since.into();
    Ok(details.to_string())
}
