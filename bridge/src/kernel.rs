//! Every item of the kernel that its authors mark as internal, in one place: they are reachable
//! (the default engine turns the feature on) but may change with any release.

pub use delta_kernel::actions::deletion_vector::DeletionVectorDescriptor;
pub use delta_kernel::engine::arrow_utils::{
    fixup_parquet_read, generate_mask, get_requested_indices, ReorderIndex, RowIndexBuilder,
};
pub use delta_kernel::engine::parquet_row_group_skipping::ParquetRowGroupSkipping;
pub use delta_kernel::engine::reader_options;

use std::collections::HashMap;

use delta_kernel::actions::{Metadata, Protocol};
use delta_kernel::schema::{SchemaRef, StructField};
use delta_kernel::table_configuration::TableConfiguration;
use delta_kernel::table_features::{ColumnMappingMode, Operation};
use delta_kernel::Snapshot;
use serde_json::Value;
use url::Url;

use crate::error::{Class, Failure, Outcome};

/// A table's metadata and protocol at one version, which the kernel can read.
#[derive(Clone)]
pub struct Configuration(TableConfiguration);

/// The table's metadata and protocol actions, as far as we tell of them.
pub struct TableFacts<'a> {
    pub table_id: &'a str,
    pub configuration: &'a HashMap<String, String>,
    pub partition_columns: &'a [String],
    pub reader_version: i32,
    pub writer_version: i32,
    pub reader_features: Vec<String>,
    pub writer_features: Vec<String>,
}

impl Configuration {
    pub fn of(snapshot: &Snapshot) -> Self {
        Self(snapshot.table_configuration().clone())
    }

    /// From the JSON of the actions. Fails with FeatureUnsupported when the table cannot be read.
    pub fn parse(metadata: Value, protocol: Value, root: &Url, version: u64) -> Outcome<Self> {
        let broken = |what: &str, error: serde_json::Error| {
            let message = format!("the {what} action makes no sense: {error}");
            Failure::new(Class::LogCorrupt, message)
        };
        let metadata: Metadata =
            serde_json::from_value(metadata).map_err(|e| broken("metaData", e))?;
        let protocol: Protocol =
            serde_json::from_value(protocol).map_err(|e| broken("protocol", e))?;
        let table = TableConfiguration::try_new(metadata, protocol, root.clone(), version)?;
        table.ensure_operation_supported(Operation::Scan)?;
        if table.is_catalog_managed() {
            let message = "table feature catalogManaged: a catalog keeps the commits, not the log";
            return Err(Failure::new(Class::FeatureUnsupported, message));
        }
        Ok(Self(table))
    }

    /// The metaData and protocol actions as JSON.
    pub fn actions(&self) -> Outcome<(Value, Value)> {
        let internal = |e: serde_json::Error| Failure::new(Class::Internal, e.to_string());
        Ok((
            serde_json::to_value(self.0.metadata()).map_err(internal)?,
            serde_json::to_value(self.0.protocol()).map_err(internal)?,
        ))
    }

    pub fn facts(&self) -> TableFacts<'_> {
        let protocol = self.0.protocol();
        let names = |features: Option<&[_]>| match features {
            Some(features) => features
                .iter()
                .map(delta_kernel::table_features::TableFeature::to_string)
                .collect(),
            None => Vec::new(),
        };
        TableFacts {
            table_id: self.0.metadata().id(),
            configuration: self.0.metadata().configuration(),
            partition_columns: self.0.metadata().partition_columns(),
            reader_version: protocol.min_reader_version(),
            writer_version: protocol.min_writer_version(),
            reader_features: names(protocol.reader_features()),
            writer_features: names(protocol.writer_features()),
        }
    }

    pub fn schema(&self) -> SchemaRef {
        self.0.logical_schema()
    }

    pub fn column_mapping_mode(&self) -> ColumnMappingMode {
        self.0.column_mapping_mode()
    }
}

pub fn physical_name(field: &StructField, mode: ColumnMappingMode) -> &str {
    field.physical_name(mode)
}

/// The field as data files have it.
pub fn physical_field(field: &StructField, mode: ColumnMappingMode) -> Outcome<StructField> {
    Ok(field.make_physical(mode)?)
}
