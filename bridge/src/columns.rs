//! From a file's columns to the table's: partition values become columns, physical names become
//! logical ones, and everything must end up in exactly the declared types.

use std::sync::Arc;

use delta_kernel::arrow::array::{
    new_null_array, Array, ArrayRef, ListArray, MapArray, RecordBatch, RecordBatchOptions,
    StructArray,
};
use delta_kernel::arrow::datatypes::{DataType as ArrowType, Field, Schema as ArrowSchema};
use delta_kernel::engine::arrow_conversion::TryIntoArrow as _;
use delta_kernel::expressions::Scalar;
use delta_kernel::schema::{DataType, DecimalType, PrimitiveType, StructField, StructType};

use crate::error::{Class, Failure, Outcome};

/// Key of the Arrow field metadata that holds the column's type in Delta's words.
pub const TYPE_METADATA_KEY: &str = "delta.type";

/// Key of the Arrow field metadata that tells an interval from the integer that holds it
/// (src/columns/column_shape.h).
const INTERVAL_METADATA_KEY: &str = "spillway.type";

/// Where a column of the result comes from.
#[derive(Clone, Copy, Debug)]
pub enum Origin {
    /// Index into a file's partition values.
    Partition(usize),
    /// Index into the columns that are read from the file.
    File(usize),
    /// The file is older than the column: NULL.
    Absent,
}

/// The Arrow schema of the result. Of the log's field metadata only the type is kept.
pub fn declared_schema(logical: &StructType) -> Outcome<Arc<ArrowSchema>> {
    let arrow: ArrowSchema = logical.try_into_arrow()?;
    let fields: Vec<Field> = arrow
        .fields()
        .iter()
        .zip(logical.fields())
        .map(|(field, column)| {
            let described = described(field, column.data_type());
            let mut metadata = described.metadata().clone();
            metadata.insert(
                TYPE_METADATA_KEY.to_string(),
                column.data_type().to_string(),
            );
            described.with_metadata(metadata)
        })
        .collect();
    Ok(Arc::new(ArrowSchema::new(fields)))
}

/// A field without the log's metadata; intervals, at any depth, say what they are.
fn described(field: &Field, declared: &DataType) -> Field {
    let child = |field: &Arc<Field>, declared: &DataType| Arc::new(described(field, declared));
    let data_type = match (field.data_type(), declared) {
        (ArrowType::Struct(fields), DataType::Struct(declared)) => {
            let children = fields.iter().zip(declared.fields());
            ArrowType::Struct(children.map(|(f, d)| child(f, d.data_type())).collect())
        }
        (ArrowType::List(element), DataType::Array(declared)) => {
            ArrowType::List(child(element, declared.element_type()))
        }
        (ArrowType::Map(entries, sorted), DataType::Map(declared)) => {
            let kinds = [declared.key_type(), declared.value_type()];
            let pair = match entries.data_type() {
                ArrowType::Struct(pair) => pair.iter().zip(kinds).map(|(f, d)| child(f, d)),
                _ => return without_metadata(field),
            };
            let pair = ArrowType::Struct(pair.collect());
            let entries = Field::new(entries.name(), pair, entries.is_nullable());
            ArrowType::Map(Arc::new(entries), *sorted)
        }
        _ => return with_interval(without_metadata(field), declared),
    };
    Field::new(field.name(), data_type, field.is_nullable())
}

fn with_interval(field: Field, declared: &DataType) -> Field {
    use PrimitiveType::{IntervalDayTime, IntervalYearMonth};
    match declared {
        DataType::Primitive(kind @ (IntervalYearMonth | IntervalDayTime)) => {
            field.with_metadata([(INTERVAL_METADATA_KEY.to_string(), kind.to_string())].into())
        }
        _ => field,
    }
}

fn without_metadata(field: &Field) -> Field {
    let plain = |field: &Arc<Field>| Arc::new(without_metadata(field));
    let data_type = match field.data_type() {
        ArrowType::Struct(fields) => ArrowType::Struct(fields.iter().map(plain).collect()),
        ArrowType::List(element) => ArrowType::List(plain(element)),
        ArrowType::Map(entries, sorted) => ArrowType::Map(plain(entries), *sorted),
        other => other.clone(),
    };
    Field::new(field.name(), data_type, field.is_nullable())
}

/// The value of a partition column, from the text in the log. An absent or empty text is NULL
/// (Delta protocol, "Partition Value Serialization").
pub fn partition_value(field: &StructField, text: Option<&str>) -> Outcome<Scalar> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(Scalar::Null(field.data_type().clone()));
    };
    let DataType::Primitive(primitive) = field.data_type() else {
        let message = format!("partition column {} is not of a simple type", field.name);
        return Err(Failure::new(Class::LogCorrupt, message));
    };
    let parsed = match primitive {
        PrimitiveType::Decimal(decimal) => primitive.parse_scalar(&full_scale(text, *decimal)),
        _ => primitive.parse_scalar(text),
    };
    parsed.map_err(|_| {
        let message = format!(
            "partition value \"{text}\" of column {} is not a {primitive}",
            field.name
        );
        Failure::new(Class::LogCorrupt, message)
    })
}

/// "1.5" as "1.50" for a decimal of scale 2: not every writer pads.
fn full_scale(text: &str, decimal: DecimalType) -> String {
    if text.contains(['e', 'E']) {
        return text.to_string();
    }
    let digits = text
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len());
    let missing = usize::from(decimal.scale()).saturating_sub(digits);
    let point = if missing > 0 && !text.contains('.') {
        "."
    } else {
        ""
    };
    format!("{text}{point}{}", "0".repeat(missing))
}

/// Puts the columns of one batch together. `file` holds the columns read, `constants` the
/// partition values.
pub fn assemble(
    schema: &Arc<ArrowSchema>,
    origins: &[Origin],
    file: &[ArrayRef],
    constants: &[Scalar],
    rows: usize,
) -> Outcome<RecordBatch> {
    let mut columns = Vec::with_capacity(origins.len());
    for (field, origin) in schema.fields().iter().zip(origins) {
        let column = match origin {
            Origin::Partition(index) => constants[*index].to_array(rows)?,
            Origin::File(index) => file[*index].clone(),
            Origin::Absent => new_null_array(field.data_type(), rows),
        };
        let column = conform(&column, field.data_type())
            .map_err(|failure| failure.context(&format!("column {}", field.name())))?;
        columns.push(column);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(
        schema.clone(),
        columns,
        &options,
    )?)
}

/// Renames nested fields. Never converts a value: a type that differs is an error.
fn conform(array: &ArrayRef, target: &ArrowType) -> Outcome<ArrayRef> {
    if array.data_type() == target {
        return Ok(array.clone());
    }
    let any = array.as_any();
    match target {
        ArrowType::Struct(fields) => {
            let source = any.downcast_ref::<StructArray>();
            let source = source.filter(|source| source.num_columns() == fields.len());
            let source = source.ok_or_else(|| mismatch(array, target))?;
            let children = source.columns().iter().zip(fields);
            let children = children
                .map(|(child, field)| conform(child, field.data_type()))
                .collect::<Outcome<Vec<_>>>()?;
            let nulls = source.nulls().cloned();
            let renamed =
                StructArray::try_new_with_length(fields.clone(), children, nulls, source.len())?;
            Ok(Arc::new(renamed))
        }
        ArrowType::List(field) => {
            let source = any.downcast_ref::<ListArray>();
            let source = source.ok_or_else(|| mismatch(array, target))?;
            let values = conform(source.values(), field.data_type())?;
            let offsets = source.offsets().clone();
            let renamed =
                ListArray::try_new(field.clone(), offsets, values, source.nulls().cloned())?;
            Ok(Arc::new(renamed))
        }
        ArrowType::Map(field, sorted) => {
            let source = any.downcast_ref::<MapArray>();
            let source = source.ok_or_else(|| mismatch(array, target))?;
            let entries: ArrayRef = Arc::new(source.entries().clone());
            let entries = conform(&entries, field.data_type())?;
            let entries = entries.as_any().downcast_ref::<StructArray>();
            let entries = entries.ok_or_else(|| mismatch(array, target))?.clone();
            let offsets = source.offsets().clone();
            let nulls = source.nulls().cloned();
            let renamed = MapArray::try_new(field.clone(), offsets, entries, nulls, *sorted)?;
            Ok(Arc::new(renamed))
        }
        _ => Err(mismatch(array, target)),
    }
}

fn mismatch(array: &ArrayRef, target: &ArrowType) -> Failure {
    let message = format!(
        "the file holds {} where the table says {target}",
        array.data_type()
    );
    Failure::new(Class::FileCorrupt, message)
}
