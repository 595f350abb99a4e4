//! A work list: the data files of a snapshot, or of a change (changes.rs), with all that reading
//! one of them needs.

use std::sync::Arc;

use delta_kernel::arrow::array::{Array, AsArray, Int64Array, MapArray, RecordBatch, StructArray};
use delta_kernel::arrow::datatypes::{Int32Type, Int64Type, Schema as ArrowSchema};
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::scan::ScanMetadata;
use delta_kernel::schema::{SchemaRef, StructField, StructType};
use delta_kernel::table_features::ColumnMappingMode;
use delta_kernel::{CancellationTokenRef, PredicateRef};
use serde_json::Value;

use crate::cancellation::SharedCancellation;
use crate::columns::{declared_schema, Origin};
use crate::definition::TableDefinition;
use crate::engine::TableEngine;
use crate::error::{Class, Failure, Outcome};
use crate::kernel::{self, DeletionVectorDescriptor};
use crate::log;
use crate::snapshot::TableSnapshot;

/// Which rows of a file a reader gives, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The live rows, of a snapshot or as images of rows that are new.
    Live,
    /// The live rows, as images of rows that were there before.
    WasLive,
    /// The rows that one of two deletion vectors names: old images where they are newly deleted,
    /// new ones where they are restored.
    BetweenVectors,
    /// All rows of a file of the change feed, each of which says what it is.
    Feed,
}

/// Kept small: a table may have a hundred thousand of them.
pub struct ScannedFile {
    /// As the log has it: relative to the table's root, percent-encoded.
    pub path: Box<str>,
    /// None: the log does not say.
    pub size: Option<u64>,
    /// Physical rows, when the log has statistics.
    pub records: Option<u64>,
    /// In the order of FileColumns::partition_fields.
    pub partition_values: Box<[Option<Box<str>>]>,
    pub deletion_vector: Option<Box<DeletionVectorDescriptor>>,
    /// Of BetweenVectors: the one before the change.
    pub deletion_vector_before: Option<Box<DeletionVectorDescriptor>>,
    pub deletion_vector_id: Box<str>,
    pub role: Role,
}

/// How the columns of a batch come out of a file.
pub struct FileColumns {
    pub origins: Vec<Origin>,
    /// The projected columns that are in the files, by physical name.
    pub physical_schema: SchemaRef,
    /// The projected partition columns.
    pub partition_fields: Vec<StructField>,
    /// Their names in the log.
    pub partition_names: Vec<String>,
}

pub struct TableScan {
    pub definition: TableDefinition,
    pub arrow_schema: Arc<ArrowSchema>,
    pub columns: FileColumns,
    /// Of files of Role::WasLive, when they were written under another definition.
    pub columns_before: Option<FileColumns>,
    /// Of files of Role::Feed: those of `columns`, and the type of the change behind them.
    pub columns_of_feed: Option<FileColumns>,
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
        let schema = projected_schema(&snapshot.definition.configuration.schema(), columns)?;
        let engine = &snapshot.definition.engine;
        let list = |predicate: Option<PredicateRef>| {
            let (held, schema, token) = (snapshot.clone(), schema.clone(), cancellation.clone());
            let work = move || list_files(held, schema, predicate, token);
            engine.call(&cancellation, work)
        };
        let listed = match list(predicate.clone()) {
            // The kernel reads some logs less patiently under a predicate, such as partition values
            // that are written without all their digits.
            Err(failure) if predicate.is_some() && !failure.is_of_the_storage() => list(None),
            listed => listed,
        };
        listed.map_err(|failure| {
            let version = snapshot.kernel.version();
            log::explain(engine, Some(version), failure, &cancellation)
        })
    }

    pub fn engine(&self) -> &Arc<TableEngine> {
        &self.definition.engine
    }

    pub fn columns_of(&self, file: &ScannedFile) -> &FileColumns {
        let special = match file.role {
            Role::WasLive => self.columns_before.as_ref(),
            Role::Feed => self.columns_of_feed.as_ref(),
            Role::Live | Role::BetweenVectors => None,
        };
        special.unwrap_or(&self.columns)
    }
}

pub fn projected_schema(schema: &SchemaRef, columns: &[String]) -> Outcome<SchemaRef> {
    if columns.is_empty() {
        return Ok(schema.clone());
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
    let definition = &snapshot.definition;
    let engine = &definition.engine;
    let logical = scan.logical_schema();
    let columns = file_columns(logical, &definition.configuration)?;
    let mut files = Vec::new();
    for metadata in scan.scan_metadata(engine.kernel.as_ref())? {
        append_files(metadata?, &columns.partition_names, &mut files)?;
    }
    files.iter().try_for_each(|file| confine(engine, file))?;
    Ok(TableScan {
        arrow_schema: declared_schema(logical)?,
        columns,
        columns_before: None,
        columns_of_feed: None,
        row_group_predicate: match definition.configuration.column_mapping_mode() {
            ColumnMappingMode::Id => None,
            _ => scan.physical_predicate(),
        },
        files,
        definition: definition.clone(),
    })
}

/// Refuses paths out of the table before the first file is read. Most paths cannot be such.
pub fn confine(engine: &TableEngine, file: &ScannedFile) -> Outcome<()> {
    let harmless = !file.path.starts_with('/')
        && !file.path.contains([':', '?', '#', '\\'])
        && !file.path.contains("..")
        && !file.path.contains("%2");
    if !harmless || file.path.is_empty() {
        engine.resolve(&file.path)?;
    }
    let vectors = file
        .deletion_vector
        .iter()
        .chain(&file.deletion_vector_before);
    for vector in vectors {
        if let Some(url) = vector.absolute_path(&engine.root)? {
            engine.confine(&url)?;
        }
    }
    Ok(())
}

/// How the files of this very definition give the columns of `logical`.
pub fn file_columns(
    logical: &SchemaRef,
    configuration: &kernel::Configuration,
) -> Outcome<FileColumns> {
    let mode = configuration.column_mapping_mode();
    let facts = configuration.facts();
    let mut builder = FileColumnsBuilder::default();
    for field in logical.fields() {
        builder.add(field, facts.partition_columns.contains(&field.name), mode)?;
    }
    builder.build()
}

#[derive(Default)]
pub struct FileColumnsBuilder {
    origins: Vec<Origin>,
    physical: Vec<StructField>,
    partition_fields: Vec<StructField>,
    partition_names: Vec<String>,
}

impl FileColumnsBuilder {
    /// The next column of the batch.
    pub fn add(
        &mut self,
        field: &StructField,
        is_partition: bool,
        mode: ColumnMappingMode,
    ) -> Outcome<()> {
        if is_partition {
            self.origins
                .push(Origin::Partition(self.partition_fields.len()));
            let name = kernel::physical_name(field, mode).to_string();
            self.partition_fields.push(field.clone());
            self.partition_names.push(name);
        } else {
            self.origins.push(Origin::File(self.physical.len()));
            self.physical.push(kernel::physical_field(field, mode)?);
        }
        Ok(())
    }

    /// The next column of the batch, which no file has.
    pub fn add_absent(&mut self) {
        self.origins.push(Origin::Absent);
    }

    /// A column that is read but is none of the batch's.
    pub fn add_hidden(&mut self, field: StructField) {
        self.physical.push(field);
    }

    pub fn build(self) -> Outcome<FileColumns> {
        Ok(FileColumns {
            origins: self.origins,
            physical_schema: Arc::new(StructType::try_new(self.physical)?),
            partition_fields: self.partition_fields,
            partition_names: self.partition_names,
        })
    }
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
            size: Some(size),
            records: stats.and_then(record_count),
            partition_values: self.partition_values(row, partition_names),
            deletion_vector: deletion_vector.map(Box::new),
            deletion_vector_before: None,
            deletion_vector_id: deletion_vector_id.unwrap_or_default().into(),
            role: Role::Live,
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
