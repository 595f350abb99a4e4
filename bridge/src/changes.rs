//! The work list of a change: which files hold images of rows, and how files that were written
//! under an earlier definition give the columns of a later one.

use std::collections::HashMap;
use std::sync::Arc;

use delta_kernel::schema::{
    ArrayType, DataType, MapType, MetadataValue, SchemaRef, StructField, StructType,
};
use delta_kernel::table_features::ColumnMappingMode;
use serde_json::Value;

use crate::columns::declared_schema;
use crate::definition::TableDefinition;
use crate::error::{Class, Failure, Outcome};
use crate::images::CHANGE_TYPE_COLUMN;
use crate::kernel::DeletionVectorDescriptor;
use crate::scan::{
    confine, file_columns, projected_schema, FileColumns, FileColumnsBuilder, Role, ScannedFile,
    TableScan,
};

const COLUMN_ID_KEY: &str = "delta.columnMapping.id";

/// A file of a change, as the log has it.
pub struct ChangedFile<'a> {
    pub path: &'a str,
    pub size: Option<u64>,
    /// A JSON object by names of the log. None: the log does not say.
    pub partition_values: Option<&'a str>,
    /// JSON objects.
    pub deletion_vector: Option<&'a str>,
    pub deletion_vector_before: Option<&'a str>,
    pub role: Role,
}

/// The files of one version. `earlier` lists the files before it, where the log leaves out what a
/// removed file holds.
pub fn of_version(
    after: &TableDefinition,
    before: &TableDefinition,
    columns: &[String],
    files: &[ChangedFile],
    earlier: Option<&TableScan>,
) -> Outcome<TableScan> {
    let mut scan = empty_scan(after, before, columns)?;
    let earlier = EarlierFiles::of(earlier);
    let mut scanned = Vec::with_capacity(files.len());
    for file in files {
        let of_path = |failure: Failure| failure.context(file.path);
        let found = scanned_file(&scan, file, &earlier).map_err(of_path)?;
        confine(scan.engine(), &found)?;
        scanned.push(found);
    }
    scan.files = scanned;
    Ok(scan)
}

/// The files in which two snapshots differ, told as one change, in order of their paths.
pub fn between(before: &TableScan, after: &TableScan, columns: &[String]) -> Outcome<TableScan> {
    let mut scan = empty_scan(&after.definition, &before.definition, columns)?;
    let mut old: HashMap<&str, &ScannedFile> = HashMap::with_capacity(before.files.len());
    for file in &before.files {
        old.insert(&file.path, file);
    }
    let mut files = Vec::new();
    for new in &after.files {
        let same_path = old.remove(&*new.path);
        match same_path {
            Some(was) if was.deletion_vector_id == new.deletion_vector_id => {}
            Some(was) => files.push(with_role(
                new,
                after,
                &scan,
                Role::BetweenVectors,
                Some(was),
            )),
            None => files.push(with_role(new, after, &scan, Role::Live, None)),
        }
    }
    for was in old.into_values() {
        files.push(with_role(was, before, &scan, Role::WasLive, None));
    }
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    scan.files = files;
    Ok(scan)
}

fn with_role(
    file: &ScannedFile,
    listed_by: &TableScan,
    scan: &TableScan,
    role: Role,
    before: Option<&ScannedFile>,
) -> ScannedFile {
    let mut file = ScannedFile {
        path: file.path.clone(),
        size: file.size,
        records: match role {
            Role::BetweenVectors => None,
            _ => file.records,
        },
        partition_values: file.partition_values.clone(),
        deletion_vector: file.deletion_vector.clone(),
        deletion_vector_before: before.and_then(|file| file.deletion_vector.clone()),
        deletion_vector_id: file.deletion_vector_id.clone(),
        role,
    };
    let names = &scan.columns_of(&file).partition_names;
    file.partition_values = reordered(&file.partition_values, listed_by, names);
    file
}

fn reordered(
    values: &[Option<Box<str>>],
    listed_by: &TableScan,
    names: &[String],
) -> Box<[Option<Box<str>>]> {
    let known = &listed_by.columns.partition_names;
    let value = |name: &String| {
        let at = known.iter().position(|known| known == name)?;
        values[at].clone()
    };
    names.iter().map(value).collect()
}

fn empty_scan(
    after: &TableDefinition,
    before: &TableDefinition,
    columns: &[String],
) -> Outcome<TableScan> {
    let configuration = &after.configuration;
    let logical = known_columns(&configuration.schema(), columns)?;
    let mode = configuration.column_mapping_mode();
    let facts = configuration.facts();
    let mut feed = FileColumnsBuilder::default();
    for field in logical.fields() {
        feed.add(field, facts.partition_columns.contains(&field.name), mode)?;
    }
    feed.add_hidden(StructField::nullable(CHANGE_TYPE_COLUMN, DataType::STRING));
    Ok(TableScan {
        definition: after.clone(),
        arrow_schema: declared_schema(&logical)?,
        columns: file_columns(&logical, configuration)?,
        columns_before: Some(columns_before(
            &logical,
            &configuration.schema(),
            mode,
            before,
        )?),
        columns_of_feed: Some(feed.build()?),
        row_group_predicate: None,
        files: Vec::new(),
    })
}

/// The projection, without what this version does not have.
fn known_columns(schema: &SchemaRef, columns: &[String]) -> Outcome<SchemaRef> {
    if columns.is_empty() {
        return Ok(schema.clone());
    }
    let known = columns.iter().filter(|name| schema.field(name).is_some());
    let known: Vec<String> = known.cloned().collect();
    match known.is_empty() {
        true => Ok(Arc::new(StructType::try_new([])?)),
        false => projected_schema(schema, &known),
    }
}

/// How files that were written under `before` give the columns of `logical`, some of those of
/// `later`.
fn columns_before(
    logical: &SchemaRef,
    later: &SchemaRef,
    mode: ColumnMappingMode,
    before: &TableDefinition,
) -> Outcome<FileColumns> {
    let configuration = &before.configuration;
    let schema = configuration.schema();
    let mode_before = configuration.column_mapping_mode();
    let have_ids = mode != ColumnMappingMode::None && mode_before != ColumnMappingMode::None;
    let facts = configuration.facts();
    let mut builder = FileColumnsBuilder::default();
    for field in logical.fields() {
        let Some(old) = counterpart(field, &schema, later, have_ids) else {
            builder.add_absent();
            continue;
        };
        let is_partition = facts.partition_columns.contains(&old.name);
        builder.add(&as_written(field, old, have_ids), is_partition, mode_before)?;
    }
    builder.build()
}

/// The column of `later` that is `field`, as it was earlier: by its id where there are ids, else by
/// its name, unless the column of that name has become another one.
fn counterpart<'a>(
    field: &StructField,
    earlier: &'a StructType,
    later: &StructType,
    have_ids: bool,
) -> Option<&'a StructField> {
    let id = |field: &StructField| match field.metadata.get(COLUMN_ID_KEY) {
        Some(MetadataValue::Number(id)) if have_ids => Some(*id),
        _ => None,
    };
    let find = |fields: &'a StructType, wanted: Option<i64>| {
        wanted.and_then(|_| fields.fields().find(|field| id(field) == wanted))
    };
    find(earlier, id(field)).or_else(|| {
        let same_name = earlier.field(&field.name)?;
        let wanted = id(same_name);
        let is_taken = wanted.is_some() && later.fields().any(|field| id(field) == wanted);
        (!is_taken).then_some(same_name)
    })
}

/// A column by its present name and type, found in files as they were written earlier.
fn as_written(field: &StructField, old: &StructField, have_ids: bool) -> StructField {
    let mut written = field.clone();
    written.metadata = old.metadata.clone();
    written.data_type = type_as_written(&field.data_type, &old.data_type, have_ids);
    written.nullable = true;
    written
}

fn type_as_written(new: &DataType, old: &DataType, have_ids: bool) -> DataType {
    let inner = |new: &DataType, old: &DataType| type_as_written(new, old, have_ids);
    match (new, old) {
        (DataType::Struct(new), DataType::Struct(old)) => {
            let fields = new
                .fields()
                .map(|field| match counterpart(field, old, new, have_ids) {
                    Some(old) => as_written(field, old, have_ids),
                    None => {
                        let mut absent = field.clone();
                        absent.nullable = true;
                        absent
                    }
                });
            // Names stay as they are in a schema that was valid.
            match StructType::try_new(fields) {
                Ok(fields) => DataType::Struct(Box::new(fields)),
                Err(_) => DataType::Struct(new.clone()),
            }
        }
        (DataType::Array(new), DataType::Array(old)) => {
            let element = inner(new.element_type(), old.element_type());
            DataType::Array(Box::new(ArrayType::new(element, new.contains_null())))
        }
        (DataType::Map(new), DataType::Map(old)) => {
            let key = inner(new.key_type(), old.key_type());
            let value = inner(new.value_type(), old.value_type());
            DataType::Map(Box::new(MapType::new(
                key,
                value,
                new.value_contains_null(),
            )))
        }
        _ => new.clone(),
    }
}

/// The files before a change by their paths.
struct EarlierFiles<'a> {
    scan: Option<&'a TableScan>,
    by_path: HashMap<&'a str, &'a ScannedFile>,
}

impl<'a> EarlierFiles<'a> {
    fn of(scan: Option<&'a TableScan>) -> Self {
        let files = scan.map_or(&[] as &[ScannedFile], |scan| &scan.files);
        Self {
            scan,
            by_path: files.iter().map(|file| (&*file.path, file)).collect(),
        }
    }

    fn find(&self, path: &str) -> Outcome<(&'a TableScan, &'a ScannedFile)> {
        let found = self.scan.zip(self.by_path.get(path).copied());
        found.ok_or_else(|| {
            let message = "the log removes the file without saying what it holds, and it is not \
                           among the files before";
            Failure::new(Class::LogCorrupt, message)
        })
    }
}

fn scanned_file(
    scan: &TableScan,
    file: &ChangedFile,
    earlier: &EarlierFiles,
) -> Outcome<ScannedFile> {
    let deletion_vector = file.deletion_vector.map(parse_vector).transpose()?;
    let before = file.deletion_vector_before.map(parse_vector).transpose()?;
    let id = deletion_vector.as_ref().map(|vector| vector.unique_id());
    let mut scanned = ScannedFile {
        path: file.path.into(),
        size: file.size,
        records: None,
        partition_values: Box::default(),
        deletion_vector: deletion_vector.map(Box::new),
        deletion_vector_before: before.map(Box::new),
        deletion_vector_id: id.unwrap_or_default().into(),
        role: file.role,
    };
    let names = &scan.columns_of(&scanned).partition_names;
    scanned.partition_values = match file.partition_values {
        Some(json) => parse_partition_values(json, names)?,
        None if names.is_empty() => Box::default(),
        None => {
            let (listed_by, found) = earlier.find(file.path)?;
            scanned.size = scanned.size.or(found.size);
            reordered(&found.partition_values, listed_by, names)
        }
    };
    Ok(scanned)
}

fn parse_partition_values(json: &str, names: &[String]) -> Outcome<Box<[Option<Box<str>>]>> {
    if names.is_empty() {
        return Ok(Box::default());
    }
    let corrupt = |why: &str| Failure::new(Class::LogCorrupt, format!("partitionValues: {why}"));
    let values: Value = serde_json::from_str(json).map_err(|e| corrupt(&e.to_string()))?;
    let value = |name: &String| match values.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str().into())),
        Some(_) => Err(corrupt(&format!("that of \"{name}\" is not a text"))),
    };
    names.iter().map(value).collect()
}

fn parse_vector(json: &str) -> Outcome<DeletionVectorDescriptor> {
    let corrupt = |why: &str| Failure::new(Class::LogCorrupt, format!("deletionVector: {why}"));
    let vector: Value = serde_json::from_str(json).map_err(|e| corrupt(&e.to_string()))?;
    let text = |key: &str| {
        let found = vector.get(key).and_then(Value::as_str);
        found.ok_or_else(|| corrupt(&format!("no {key}")))
    };
    let number = |key: &str| vector.get(key).and_then(Value::as_i64);
    let small = |key: &str| match number(key) {
        None => Ok(None),
        Some(value) => i32::try_from(value)
            .map(Some)
            .map_err(|_| corrupt(&format!("{key} is out of range"))),
    };
    let size = small("sizeInBytes")?.ok_or_else(|| corrupt("no sizeInBytes"))?;
    let cardinality = number("cardinality").ok_or_else(|| corrupt("no cardinality"))?;
    Ok(DeletionVectorDescriptor::try_new(
        text("storageType")?.parse()?,
        text("pathOrInlineDv")?,
        small("offset")?,
        size,
        cardinality,
    )?)
}
