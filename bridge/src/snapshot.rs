//! One version of a table.

use std::sync::Arc;

use delta_kernel::history_manager::{latest_version_as_of, HistoryCommitType};
use delta_kernel::schema::{DataType, MetadataValue, StructField};
use delta_kernel::{Snapshot, SnapshotRef};
use serde_json::{json, Value};

use crate::cancellation::SharedCancellation;
use crate::engine::TableEngine;
use crate::error::{Class, Failure, Outcome};
use crate::{kernel, log};

const CHANGE_FEED_PROPERTY: &str = "delta.enableChangeDataFeed";

pub struct TableSnapshot {
    pub engine: Arc<TableEngine>,
    pub kernel: SnapshotRef,
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
        let details = details(&engine, &kernel, &cancellation)?;
        Ok(Arc::new(Self {
            engine,
            kernel,
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
    let facts = kernel::table_facts(snapshot);
    let feed = facts.configuration.get(CHANGE_FEED_PROPERTY);
    let change_feed = feed.is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let change_feed_since = match change_feed {
        true => log::change_feed_since(engine, snapshot.version(), cancellation)?,
        false => None,
    };
    let columns: Vec<Value> = snapshot.schema().fields().map(column_details).collect();
    let details = json!({
        "location": engine.root.as_str(),
        "version": snapshot.version(),
        "timestamp_ms": timestamp_ms,
        "table_id": facts.table_id,
        "columns": columns,
        "partition_columns": facts.partition_columns,
        "reader_version": facts.reader_version,
        "writer_version": facts.writer_version,
        "reader_features": facts.reader_features,
        "writer_features": facts.writer_features,
        "properties": facts.configuration,
        "change_feed": change_feed,
        "change_feed_since": change_feed_since,
    });
    Ok(details.to_string())
}

fn column_details(field: &StructField) -> Value {
    let mut leaves = Vec::new();
    append_leaves(field, &mut Vec::new(), &mut leaves);
    json!({
        "leaves": leaves,
        "name": field.name,
        "type": field.data_type().to_string(),
        "nullable": field.nullable,
        "variant": holds_variant(field.data_type()),
        "widened_in_container": widened_in_container(field, false),
    })
}

/// The simple values that a path of names reaches.
fn append_leaves(field: &StructField, path: &mut Vec<String>, leaves: &mut Vec<Value>) {
    path.push(field.name.clone());
    match field.data_type() {
        DataType::Primitive(primitive) => {
            leaves.push(json!({"path": path, "type": primitive.to_string()}));
        }
        DataType::Struct(fields) => {
            for child in fields.fields() {
                append_leaves(child, path, leaves);
            }
        }
        _ => {}
    }
    path.pop();
}

fn holds_variant(data_type: &DataType) -> bool {
    match data_type {
        DataType::Variant(_) => true,
        DataType::Struct(fields) => fields.fields().any(|field| holds_variant(&field.data_type)),
        DataType::Array(array) => holds_variant(array.element_type()),
        DataType::Map(map) => holds_variant(map.key_type()) || holds_variant(map.value_type()),
        DataType::Primitive(_) => false,
    }
}

/// Whether a type was widened inside of an array or map, which the kernel does not read. A change
/// carries the path inside its container (Delta protocol, "Type Change Metadata").
fn widened_in_container(field: &StructField, inside: bool) -> bool {
    let here = match field.metadata.get("delta.typeChanges") {
        Some(MetadataValue::Other(Value::Array(changes))) => changes
            .iter()
            .any(|change| inside || change.get("fieldPath").is_some()),
        _ => false,
    };
    here || type_widened_in_container(field.data_type(), inside)
}

fn type_widened_in_container(data_type: &DataType, inside: bool) -> bool {
    match data_type {
        DataType::Struct(fields) => fields
            .fields()
            .any(|field| widened_in_container(field, inside)),
        DataType::Array(array) => type_widened_in_container(array.element_type(), true),
        DataType::Map(map) => {
            type_widened_in_container(map.key_type(), true)
                || type_widened_in_container(map.value_type(), true)
        }
        _ => false,
    }
}
