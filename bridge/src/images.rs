//! What the rows of a file are images of: rows as they are after a change, or as they were before.

use std::ops::Range;

use delta_kernel::arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray};
use delta_kernel::arrow::compute::cast;
use delta_kernel::arrow::datatypes::DataType as ArrowType;
use roaring::RoaringTreemap;

use crate::error::{Class, Failure, Outcome};
use crate::row_set::RowSet;

/// The column of the change feed's files that says what a row is (Delta protocol, "Add CDC File").
pub const CHANGE_TYPE_COLUMN: &str = "_change_type";

/// As the C header has them.
const NEW: u8 = 0;
const OLD: u8 = 1;

pub enum Images {
    New,
    Old,
    /// The rows differ between two deletion vectors: those of the later one went.
    Between {
        deleted: RoaringTreemap,
    },
    /// By CHANGE_TYPE_COLUMN.
    InChangeType,
}

impl Images {
    /// Of a batch as it is read from the file: the wanted ones among the physical `rows`.
    pub fn of(&self, batch: &RecordBatch, wanted: &RowSet, rows: &Range<u64>) -> Outcome<Vec<u8>> {
        match self {
            Self::New => Ok(vec![NEW; batch.num_rows()]),
            Self::Old => Ok(vec![OLD; batch.num_rows()]),
            Self::Between { deleted } => Ok(wanted
                .wanted_in(rows)
                .map(|row| if deleted.contains(row) { OLD } else { NEW })
                .collect()),
            Self::InChangeType => by_change_type(batch, rows.start),
        }
    }
}

fn by_change_type(batch: &RecordBatch, first_row: u64) -> Outcome<Vec<u8>> {
    let corrupt = |why: String| Failure::new(Class::FileCorrupt, why);
    let column = batch
        .column_by_name(CHANGE_TYPE_COLUMN)
        .ok_or_else(|| corrupt(format!("there is no column {CHANGE_TYPE_COLUMN}")))?;
    let column = cast(column, &ArrowType::Utf8)?;
    let column: &StringArray = column
        .as_string_opt()
        .ok_or_else(|| corrupt(format!("column {CHANGE_TYPE_COLUMN} holds no text")))?;
    let image = |row: usize| {
        if column.is_null(row) {
            let row = first_row + row as u64;
            return Err(corrupt(format!("row {row} does not say what it changed")));
        }
        match column.value(row) {
            // The short forms are those of old writers.
            "insert" | "update_postimage" | "update_post" => Ok(NEW),
            "delete" | "update_preimage" | "update_pre" => Ok(OLD),
            other => Err(corrupt(format!(
                "row {} has the change type \"{other}\", which Delta does not know",
                first_row + row as u64
            ))),
        }
    };
    (0..column.len()).map(image).collect()
}
