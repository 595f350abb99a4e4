//! What a version says of its table: columns, partitioning, properties, features. It comes with a
//! snapshot, or from the actions of the log alone.

use std::sync::Arc;

use delta_kernel::schema::{DataType, MetadataValue, StructField};
use serde_json::{json, Value};

use crate::engine::TableEngine;
use crate::error::{Class, Failure, Outcome};
use crate::kernel::Configuration;

const CHANGE_FEED_PROPERTY: &str = "delta.enableChangeDataFeed";

#[derive(Clone)]
pub struct TableDefinition {
    pub engine: Arc<TableEngine>,
    pub configuration: Configuration,
}

impl TableDefinition {
    pub fn new(engine: Arc<TableEngine>, configuration: Configuration) -> Self {
        Self {
            engine,
            configuration,
        }
    }

    /// From the log's metaData and protocol actions, as JSON objects.
    pub fn parse(
        engine: Arc<TableEngine>,
        metadata: &str,
        protocol: &str,
        version: u64,
    ) -> Outcome<Self> {
        let metadata = complete_metadata(parse_object("metaData", metadata)?);
        let protocol = parse_object("protocol", protocol)?;
        let configuration = Configuration::parse(metadata, protocol, &engine.root, version)?;
        Ok(Self::new(engine, configuration))
    }

    pub fn has_change_feed(&self) -> bool {
        let facts = self.configuration.facts();
        let feed = facts.configuration.get(CHANGE_FEED_PROPERTY);
        feed.is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The description that the C header promises.
    pub fn details(&self) -> Outcome<Value> {
        let facts = self.configuration.facts();
        let schema = self.configuration.schema();
        let columns: Vec<Value> = schema.fields().map(column_details).collect();
        let (metadata, protocol) = self.configuration.actions()?;
        Ok(json!({
            "location": self.engine.root.as_str(),
            "table_id": facts.table_id,
            "columns": columns,
            "partition_columns": facts.partition_columns,
            "reader_version": facts.reader_version,
            "writer_version": facts.writer_version,
            "reader_features": facts.reader_features,
            "writer_features": facts.writer_features,
            "properties": facts.configuration,
            "change_feed": self.has_change_feed(),
            "metadata": metadata,
            "protocol": protocol,
        }))
    }
}

fn parse_object(what: &str, text: &str) -> Outcome<Value> {
    match serde_json::from_str(text) {
        Ok(object @ Value::Object(_)) => Ok(object),
        _ => {
            let message = format!("the {what} action is not a JSON object");
            Err(Failure::new(Class::LogCorrupt, message))
        }
    }
}

/// What writers leave out because it is empty; NULL among the properties is as good as absent.
fn complete_metadata(mut metadata: Value) -> Value {
    let defaults = [
        ("format", json!({})),
        ("partitionColumns", json!([])),
        ("configuration", json!({})),
    ];
    for (key, default) in defaults {
        if metadata[key].is_null() {
            metadata[key] = default;
        }
    }
    for (key, default) in [("provider", json!("parquet")), ("options", json!({}))] {
        if metadata["format"].is_object() && metadata["format"][key].is_null() {
            metadata["format"][key] = default;
        }
    }
    if let Some(properties) = metadata["configuration"].as_object_mut() {
        properties.retain(|_, value| !value.is_null());
    }
    metadata
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
