//! Every item of the kernel that its authors mark as internal, in one place: they are reachable
//! (the default engine turns the feature on) but may change with any release.

pub use delta_kernel::actions::deletion_vector::DeletionVectorDescriptor;
pub use delta_kernel::engine::arrow_utils::{
    fixup_parquet_read, generate_mask, get_requested_indices, ReorderIndex, RowIndexBuilder,
};
pub use delta_kernel::engine::parquet_row_group_skipping::ParquetRowGroupSkipping;
pub use delta_kernel::engine::reader_options;

use delta_kernel::schema::StructField;
use delta_kernel::table_features::ColumnMappingMode;
use delta_kernel::Snapshot;
use std::collections::HashMap;

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

pub fn table_facts(snapshot: &Snapshot) -> TableFacts<'_> {
    let table = snapshot.table_configuration();
    let protocol = table.protocol();
    let names = |features: Option<&[_]>| match features {
        Some(features) => features
            .iter()
            .map(delta_kernel::table_features::TableFeature::to_string)
            .collect(),
        None => Vec::new(),
    };
    TableFacts {
        table_id: table.metadata().id(),
        configuration: table.metadata().configuration(),
        partition_columns: table.metadata().partition_columns(),
        reader_version: protocol.min_reader_version(),
        writer_version: protocol.min_writer_version(),
        reader_features: names(protocol.reader_features()),
        writer_features: names(protocol.writer_features()),
    }
}

pub fn column_mapping_mode(snapshot: &Snapshot) -> ColumnMappingMode {
    snapshot.table_configuration().column_mapping_mode()
}

pub fn physical_name(field: &StructField, mode: ColumnMappingMode) -> &str {
    field.physical_name(mode)
}
