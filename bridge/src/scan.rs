//! The work list of a snapshot: its live data files, with all that reading one of them needs.

use std::sync::Arc;

use delta_kernel::arrow::array::{Array, AsArray, Int64Array, MapArray, RecordBatch, StructArray};
use delta_kernel::arrow::datatypes::{Int32Type, Int64Type, Schema as ArrowSchema};
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::scan::{Scan, ScanMetadata};
use delta_kernel::schema::{SchemaRef, StructField};
use delta_kernel::table_features::ColumnMappingMode;
use delta_kernel::{CancellationTokenRef, PredicateRef};
use serde_json::Value;

use crate::cancellation::SharedCancellation;
use crate::columns::{declared_schema, Origin};
use crate::engine::TableEngine;
use crate::error::{Class, Failure, Outcome};
use crate::kernel::{self, DeletionVectorDescriptor};
use crate::log;
use crate::snapshot::TableSnapshot;

/// Kept small: a table may have a hundred thousand of them.
pub struct ScannedFile {
    /// As the log has it: relative to the table's root, percent-encoded.
    pub path: Box<str>,
    pub size: u64,
    /// Physical rows, when the log has statistics.
    pub records: Option<u64>,
    /// In the order of TableScan::partition_fields.
    pub partition_values: Box<[Option<Box<str>>]>,
    pub deletion_vector: Option<Box<DeletionVectorDescriptor>>,
    pub deletion_vector_id: Box<str>,
}

pub struct TableScan {
    pub snapshot: Arc<TableSnapshot>,
    pub arrow_schema: Arc<ArrowSchema>,
    pub origins: Vec<Origin>,
    /// The projected columns that are in the files, by physical name.
    pub physical_schema: SchemaRef,
    /// The projected partition columns.
    pub partition_fields: Vec<StructField>,
    pub row_group_predicate: Option<PredicateRef>,
    pub files: Vec<ScannedFile>,
}

impl TableScan {
    /// `columns` empty: all. The result is in table order whatever order the names come in.
    pub fn open(
        snapshot: Arc<TableSnapshot>,
        columns: &[String],
        predicate: Option<PredicateRef>,
        cancellation: SharedCancellation,
    ) -> Outcome<Self> {
        let schema = projected_schema(&snapshot, columns)?;
        let list = |predicate: Option<PredicateRef>| {
            let (held, schema, token) = (snapshot.clone(), schema.clone(), cancellation.clone());
            let work = move || list_files(held, schema, predicate, token);
            snapshot.engine.call(&cancellation, work)
        };
        let listed = match list(predicate.clone()) {
            // The kernel reads some logs less patiently under a predicate, such as partition values
            // that are written without all their digits.
            Err(failure) if predicate.is_some() && !failure.is_of_the_storage() => list(None),
            listed => listed,
        };
        listed.map_err(|failure| {
            let version = snapshot.kernel.version();
            log::explain(&snapshot.engine, Some(version), failure, &cancellation)
        })
    }
}

fn projected_schema(snapshot: &TableSnapshot, columns: &[String]) -> Outcome<SchemaRef> {
    let schema = snapshot.kernel.schema();
    if columns.is_empty() {
        return Ok(schema);
    }
    if let Some(unknown) = columns.iter().find(|name| schema.field(name).is_none()) {
        let message = format!("the table has no column \"{unknown}\"");
        return Err(Failure::new(Class::InvalidArgument, message));
    }
    let ordered: Vec<&String> = schema
        .fields()
        .map(|field| &field.name)
        .filter(|name| columns.contains(name))
        .collect();
    Ok(schema.project(&ordered)?)
}

fn list_files(
    snapshot: Arc<TableSnapshot>,
    schema: SchemaRef,
    predicate: Option<PredicateRef>,
    cancellation: SharedCancellation,
) -> Outcome<TableScan> {
    let scan = snapshot
        .kernel
        .clone()
        .scan_builder()
        .with_schema(schema)
        .with_predicate(predicate)
        .without_row_transforms()
        .with_cancellation_token(cancellation as CancellationTokenRef)
        .build()?;
    let mode = kernel::column_mapping_mode(&snapshot.kernel);
    let mut table_scan = describe(&snapshot, &scan, mode)?;
    let names: Vec<String> = table_scan
        .partition_fields
        .iter()
        .map(|field| kernel::physical_name(field, mode).to_string())
        .collect();
    for metadata in scan.scan_metadata(snapshot.engine.kernel.as_ref())? {
        append_files(metadata?, &names, &mut table_scan.files)?;
    }
    table_scan
        .files
        .iter()
        .try_for_each(|file| confine(&snapshot.engine, file))?;
    Ok(table_scan)
}

/// Refuses paths out of the table before the first file is read. Most paths cannot be such.
fn confine(engine: &TableEngine, file: &ScannedFile) -> Outcome<()> {
    let harmless = !file.path.starts_with('/')
        && !file.path.contains([':', '?', '#', '\\'])
        && !file.path.contains("..")
        && !file.path.contains("%2");
    if !harmless || file.path.is_empty() {
        engine.resolve(&file.path)?;
    }
    match &file.deletion_vector {
        Some(vector) => match vector.absolute_path(&engine.root)? {
            Some(url) => engine.confine(&url),
            None => Ok(()),
        },
        None => Ok(()),
    }
}

fn describe(
    snapshot: &Arc<TableSnapshot>,
    scan: &Scan,
    mode: ColumnMappingMode,
) -> Outcome<TableScan> {
    let logical = scan.logical_schema();
    let physical_schema = scan.physical_schema().clone();
    let partition_columns = kernel::table_facts(&snapshot.kernel)
        .partition_columns
        .to_vec();
    let mut origins = Vec::new();
    let mut partition_fields = Vec::new();
    for field in logical.fields() {
        if partition_columns.contains(&field.name) {
            origins.push(Origin::Partition(partition_fields.len()));
            partition_fields.push(field.clone());
            continue;
        }
        let name = kernel::physical_name(field, mode);
        let index = physical_schema
            .field_with_index(name)
            .map(|(index, _)| index);
        let index = index.ok_or_else(|| {
            let message = format!("column \"{}\" has no physical counterpart", field.name);
            Failure::new(Class::LogCorrupt, message)
        })?;
        origins.push(Origin::File(index));
    }
    Ok(TableScan {
        snapshot: snapshot.clone(),
        arrow_schema: declared_schema(logical)?,
        origins,
        physical_schema,
        partition_fields,
        row_group_predicate: match mode {
            ColumnMappingMode::Id => None,
            _ => scan.physical_predicate(),
        },
        files: Vec::new(),
    })
}

/// The columns of the kernel's scan rows that we use (its function `scan_row_schema`).
fn append_files(
    metadata: ScanMetadata,
    partition_names: &[String],
    files: &mut Vec<ScannedFile>,
) -> Outcome<()> {
    let (data, selected) = metadata.scan_files.into_parts();
    let data = ArrowEngineData::try_from_engine_data(data)?;
    let rows = ScanRows::new(data.record_batch())?;
    for row in 0..data.record_batch().num_rows() {
        // Rows behind the end of the selection are selected.
        let is_selected = selected.get(row).copied().unwrap_or(true);
        if is_selected && rows.path.is_valid(row) {
            files.push(rows.file(row, partition_names)?);
        }
    }
    Ok(())
}

type Strings = delta_kernel::arrow::array::StringArray;

struct ScanRows<'a> {
    path: &'a Strings,
    size: &'a Int64Array,
    stats: &'a Strings,
    deletion_vector: &'a StructArray,
    partition_values: &'a MapArray,
}

impl<'a> ScanRows<'a> {
    fn new(batch: &'a RecordBatch) -> Outcome<Self> {
        let missing = || Failure::new(Class::Internal, "the kernel's scan rows have changed");
        let column = |name: &str| batch.column_by_name(name).ok_or_else(missing);
        let constants = column("fileConstantValues")?
            .as_struct_opt()
            .ok_or_else(missing)?;
        let partition_values = constants
            .column_by_name("partitionValues")
            .ok_or_else(missing)?;
        Ok(Self {
            path: column("path")?.as_string_opt().ok_or_else(missing)?,
            size: column("size")?.as_primitive_opt().ok_or_else(missing)?,
            stats: column("stats")?.as_string_opt().ok_or_else(missing)?,
            deletion_vector: column("deletionVector")?
                .as_struct_opt()
                .ok_or_else(missing)?,
            partition_values: partition_values.as_map_opt().ok_or_else(missing)?,
        })
    }

    fn file(&self, row: usize, partition_names: &[String]) -> Outcome<ScannedFile> {
        let path = self.path.value(row);
        let size = u64::try_from(self.size.value(row)).map_err(|_| {
            Failure::new(Class::LogCorrupt, format!("\"{path}\" has a negative size"))
        })?;
        let deletion_vector = self.deletion_vector(row)?;
        let deletion_vector_id = deletion_vector.as_ref().map(|dv| dv.unique_id());
        let stats = self.stats.is_valid(row).then(|| self.stats.value(row));
        Ok(ScannedFile {
            path: path.into(),
            size,
            records: stats.and_then(record_count),
            partition_values: self.partition_values(row, partition_names),
            deletion_vector: deletion_vector.map(Box::new),
            deletion_vector_id: deletion_vector_id.unwrap_or_default().into(),
        })
    }

    fn partition_values(&self, row: usize, names: &[String]) -> Box<[Option<Box<str>>]> {
        if names.is_empty() || self.partition_values.is_null(row) {
            return vec![None; names.len()].into();
        }
        let entries = self.partition_values.value(row);
        let keys = entries.column(0).as_string::<i32>();
        let values = entries.column(1).as_string::<i32>();
        let value = |name: &String| {
            let at = (0..keys.len()).find(|at| keys.value(*at) == name)?;
            values.is_valid(at).then(|| values.value(at).into())
        };
        names.iter().map(value).collect()
    }

    fn deletion_vector(&self, row: usize) -> Outcome<Option<DeletionVectorDescriptor>> {
        let changed = || {
            Failure::new(
                Class::Internal,
                "the kernel's deletion vectors have changed",
            )
        };
        let vector = self.deletion_vector;
        let column = |name: &str| vector.column_by_name(name).ok_or_else(changed);
        let storage = column("storageType")?.as_string::<i32>();
        if vector.is_null(row) || storage.is_null(row) {
            return Ok(None);
        }
        let offset = column("offset")?.as_primitive::<Int32Type>();
        let descriptor = DeletionVectorDescriptor::try_new(
            storage.value(row).parse()?,
            column("pathOrInlineDv")?.as_string::<i32>().value(row),
            offset.is_valid(row).then(|| offset.value(row)),
            column("sizeInBytes")?
                .as_primitive::<Int32Type>()
                .value(row),
            column("cardinality")?
                .as_primitive::<Int64Type>()
                .value(row),
        )?;
        Ok(Some(descriptor))
    }
}

fn record_count(stats: &str) -> Option<u64> {
    let stats: Value = serde_json::from_str(stats).ok()?;
    stats.get("numRecords")?.as_u64()
}
