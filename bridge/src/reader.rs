//! Reads one data file as batches of the table's columns. One row group is open at a time and its
//! pages are decoded as they are needed, on the caller's thread. Rows are known by their physical
//! index in the file, so deletion vectors, skipped row groups and resuming cannot disturb each
//! other.

use std::ops::Range;
use std::sync::Arc;

use delta_kernel::arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use delta_kernel::arrow::compute::filter_record_batch;
use delta_kernel::arrow::datatypes::{
    DataType as ArrowType, Field, Schema as ArrowSchema, TimeUnit,
};
use delta_kernel::expressions::Scalar;
use delta_kernel::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection,
};
use delta_kernel::parquet::arrow::ProjectionMask;
use delta_kernel::parquet::basic::{Encoding, Type as PhysicalType};
use delta_kernel::parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use delta_kernel::Engine as _;
use roaring::RoaringTreemap;

use crate::cancellation::SharedCancellation;
use crate::columns::{assemble, partition_value};
use crate::data_file::DataFile;
use crate::engine::{file_path, store_path, TableEngine};
use crate::error::{Class, Failure, Outcome};
use crate::images::Images;
use crate::kernel::{
    fixup_parquet_read, generate_mask, get_requested_indices, reader_options,
    DeletionVectorDescriptor, ParquetRowGroupSkipping, ReorderIndex, RowIndexBuilder,
};
use crate::row_set::RowSet;
use crate::scan::{FileColumns, Role, ScannedFile, TableScan};

pub struct FileReader {
    scan: Arc<TableScan>,
    index: usize,
    cancellation: SharedCancellation,
    file: DataFile,
    path: Box<str>,
    metadata: ArrowReaderMetadata,
    projection: ProjectionMask,
    projected_leaves: Vec<usize>,
    ordering: Vec<ReorderIndex>,
    constants: Vec<Scalar>,
    rows: RowSet,
    images: Images,
    /// Row groups that may hold wanted rows, with their physical rows.
    groups: Vec<(usize, Range<u64>)>,
    cursor: Cursor,
}

#[derive(Default)]
struct Cursor {
    batch_rows: usize,
    /// The next physical row to decode.
    row: u64,
    /// Index into `groups` of the open or next row group.
    group: usize,
    open: Option<ParquetRecordBatchReader>,
    /// The open row group is read without its unwanted rows.
    is_sparse: bool,
}

/// What a reader knows of its file before the first row.
pub struct FileFacts {
    pub physical_rows: u64,
    pub live_rows: u64,
    pub decoded_bytes: u64,
    pub decoded_bytes_exact: bool,
    /// About what reading holds at a time, besides the batches it gives out.
    pub held_bytes: u64,
}

pub struct LiveBatch {
    pub batch: RecordBatch,
    /// Ordinal of the first row among all wanted rows of the file.
    pub first_row: u64,
    /// One per row.
    pub images: Vec<u8>,
}

impl FileReader {
    pub fn open(
        scan: Arc<TableScan>,
        index: usize,
        cancellation: SharedCancellation,
    ) -> Outcome<Self> {
        let path = scan.files[index].path.clone();
        Self::open_file(scan, index, cancellation)
            .map_err(|failure| failure.corrupt_is(Class::FileCorrupt).context(&path))
    }

    fn open_file(
        scan: Arc<TableScan>,
        index: usize,
        cancellation: SharedCancellation,
    ) -> Outcome<Self> {
        cancellation.check()?;
        let described = &scan.files[index];
        let file = open_data_file(&scan, described, &cancellation)?;
        let metadata = load_metadata(&file).map_err(|failure| file.cause(failure))?;
        let arrow_schema = metadata.schema();
        let columns = scan.columns_of(described);
        refuse_shredded_variants(&columns.physical_schema, arrow_schema)?;
        let (leaves, ordering) = get_requested_indices(&columns.physical_schema, arrow_schema)?;
        let descriptor = metadata.metadata().file_metadata().schema_descr();
        let projection = generate_mask(&columns.physical_schema, arrow_schema, descriptor, &leaves)
            .unwrap_or_else(ProjectionMask::all);
        let constants = partition_constants(columns, described)?;
        let physical_rows = row_count(metadata.metadata().row_groups())?;
        let (rows, images) = wanted_rows(&scan, described, physical_rows, &cancellation)?;
        let mut groups = select_row_groups(&scan, &metadata, &file)?;
        groups.retain(|(_, group)| rows.count(group) > 0);
        Ok(Self {
            path: described.path.clone(),
            projected_leaves: leaves,
            cursor: Cursor::default(),
            scan,
            cancellation,
            file,
            metadata,
            projection,
            ordering,
            index,
            constants,
            rows,
            images,
            groups,
        })
    }

    pub fn facts(&self) -> FileFacts {
        let mut decoded_bytes = 0;
        let mut decoded_bytes_exact = true;
        for group in self.metadata.metadata().row_groups() {
            for leaf in &self.projected_leaves {
                let (bytes, exact) = decoded_size(group.column(*leaf));
                decoded_bytes += bytes;
                decoded_bytes_exact &= exact;
            }
        }
        FileFacts {
            physical_rows: self.rows.physical_rows(),
            live_rows: self.rows.len(),
            decoded_bytes,
            decoded_bytes_exact,
            held_bytes: self.held_bytes(),
        }
    }

    /// Of the row group that holds most: one is open at a time.
    fn held_bytes(&self) -> u64 {
        let engine = self.scan.engine();
        let fetched_max = match engine.is_local() {
            true => 0,
            false => engine.remote_bytes_max,
        };
        let of_group = |(ordinal, _): &(usize, Range<u64>)| {
            let group = self.metadata.metadata().row_group(*ordinal);
            let columns = self.projected_leaves.iter().map(|leaf| group.column(*leaf));
            let (mut decoding, mut fetched) = (0, 0);
            for column in columns {
                decoding += decoder_size(column);
                fetched += column.compressed_size().max(0) as u64;
            }
            decoding + fetched.min(fetched_max)
        };
        self.groups.iter().map(of_group).max().unwrap_or(0)
    }

    /// Only these of the wanted rows are wanted from now on. In ascending order; before `seek`.
    pub fn select(&mut self, wanted: &[u64]) {
        let physical = |row: &u64| self.rows.physical_row(row + 1) - 1;
        let selected: RoaringTreemap = wanted
            .iter()
            .filter(|row| **row < self.rows.len())
            .map(physical)
            .collect();
        self.rows = RowSet::only(selected, self.rows.physical_rows());
        let rows = &self.rows;
        self.groups.retain(|(_, group)| rows.count(group) > 0);
    }

    /// The next batch starts at the wanted row `first_row`; batches have at most `batch_rows` rows.
    pub fn seek(&mut self, first_row: u64, batch_rows: usize) {
        let row = self.rows.physical_row(first_row);
        let group = self.groups.partition_point(|(_, rows)| rows.end <= row);
        self.cursor = Cursor {
            batch_rows,
            row,
            group,
            open: None,
            is_sparse: false,
        };
    }

    /// None at the end of the file.
    pub fn next(&mut self) -> Outcome<Option<LiveBatch>> {
        self.next_live().map_err(|failure| {
            let failure = self.file.cause(failure);
            failure.corrupt_is(Class::FileCorrupt).context(&self.path)
        })
    }

    fn next_live(&mut self) -> Outcome<Option<LiveBatch>> {
        loop {
            self.cancellation.check()?;
            let Some(batch) = self.next_physical()? else {
                return Ok(None);
            };
            let first_row = self.rows.count_before(self.cursor.row);
            let rows = self.rows_of(&batch, first_row);
            self.cursor.row = rows.end;
            let batch = match self.rows.count(&rows) {
                0 => continue,
                n if n == batch.num_rows() as u64 => batch,
                _ => filter_record_batch(&batch, &BooleanArray::from(self.rows.mask(&rows)))?,
            };
            let images = self.images.of(&batch, &self.rows, &rows)?;
            let batch = self.to_table_columns(batch)?;
            return Ok(Some(LiveBatch {
                batch,
                first_row,
                images,
            }));
        }
    }

    /// The physical rows that a batch was read from; from the cursor on.
    fn rows_of(&self, batch: &RecordBatch, first_row: u64) -> Range<u64> {
        let start = self.cursor.row;
        let count = batch.num_rows() as u64;
        match self.cursor.is_sparse {
            true => start..self.rows.physical_row(first_row + count),
            false => start..start + count,
        }
    }

    fn next_physical(&mut self) -> Outcome<Option<RecordBatch>> {
        loop {
            if self.cursor.open.is_none() && !self.open_row_group()? {
                return Ok(None);
            }
            if let Some(reader) = &mut self.cursor.open {
                match reader.next() {
                    Some(batch) => return Ok(Some(batch?)),
                    None => self.close_row_group()?,
                }
            }
        }
    }

    /// False when there is none left.
    fn open_row_group(&mut self) -> Outcome<bool> {
        let Some((ordinal, rows)) = self.groups.get(self.cursor.group) else {
            return Ok(false);
        };
        self.cursor.row = self.cursor.row.max(rows.start);
        let skipped = (self.cursor.row - rows.start) as usize;
        let group = self.metadata.metadata().row_group(*ordinal);
        let ranges = self.projected_leaves.iter().map(|leaf| {
            let (start, length) = group.column(*leaf).byte_range();
            (start, start + length)
        });
        self.file.enter_row_group(ranges.collect())?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(
            self.file.clone(),
            self.metadata.clone(),
        )
        .with_projection(self.projection.clone())
        .with_row_groups(vec![*ordinal])
        .with_batch_size(self.cursor.batch_rows);
        let sparse = self.rows.sparse_runs(&(self.cursor.row..rows.end));
        self.cursor.is_sparse = sparse.is_some();
        let reader = match (sparse, skipped) {
            (Some(runs), _) => {
                let runs = runs.into_iter();
                let runs = runs
                    .map(|run| (run.start - rows.start) as usize..(run.end - rows.start) as usize);
                let length = (rows.end - rows.start) as usize;
                reader.with_row_selection(RowSelection::from_consecutive_ranges(runs, length))
            }
            (None, 0) => reader,
            (None, _) => reader.with_offset(skipped),
        };
        self.cursor.open = Some(reader.build()?);
        Ok(true)
    }

    fn close_row_group(&mut self) -> Outcome<()> {
        let (_, rows) = &self.groups[self.cursor.group];
        let rest = self.cursor.row..rows.end;
        let is_complete = match self.cursor.is_sparse {
            true => self.rows.count(&rest) == 0,
            false => rest.is_empty(),
        };
        if !is_complete {
            let message = format!(
                "a row group ends at row {} where its footer says {}",
                self.cursor.row, rows.end
            );
            return Err(Failure::new(Class::FileCorrupt, message));
        }
        self.cursor.open = None;
        self.cursor.group += 1;
        Ok(())
    }

    fn to_table_columns(&self, batch: RecordBatch) -> Outcome<RecordBatch> {
        let rows = batch.num_rows();
        let from = self.scan.columns_of(&self.scan.files[self.index]);
        let columns: Vec<ArrayRef> = match from.physical_schema.num_fields() {
            0 => Vec::new(),
            _ => {
                let fixed = fixup_parquet_read(batch, &self.ordering, None, None, None)?;
                fixed.record_batch().columns().to_vec()
            }
        };
        assemble(
            &self.scan.arrow_schema,
            &from.origins,
            &columns,
            &self.constants,
            rows,
        )
    }
}

fn open_data_file(
    scan: &TableScan,
    described: &ScannedFile,
    cancellation: &SharedCancellation,
) -> Outcome<DataFile> {
    let engine = scan.engine();
    let url = engine.resolve(&described.path)?;
    if described.size == Some(0) {
        let message = "the log says that the file has no bytes";
        return Err(Failure::new(Class::FileCorrupt, message));
    }
    match engine.is_local() {
        true => DataFile::open_local(&file_path(&url)?, described.size),
        false => {
            let path = store_path(&url)?;
            DataFile::open_remote(engine.clone(), path, described.size, cancellation.clone())
        }
    }
}

fn load_metadata(file: &DataFile) -> Outcome<ArrowReaderMetadata> {
    let metadata = ArrowReaderMetadata::load(file, reader_options())?;
    let descriptor = metadata.metadata().file_metadata().schema_descr();
    let has_int96 = descriptor
        .columns()
        .iter()
        .any(|column| column.physical_type() == PhysicalType::INT96);
    if !has_int96 {
        return Ok(metadata);
    }
    // As nanoseconds, the default, dates before 1677 and after 2262 would wrap around silently.
    let schema = with_microseconds(metadata.schema());
    let options: ArrowReaderOptions = reader_options().with_schema(Arc::new(schema));
    Ok(ArrowReaderMetadata::try_new(
        metadata.metadata().clone(),
        options,
    )?)
}

/// Parquet has no nanosecond type that Delta writes: each is an INT96.
fn with_microseconds(schema: &ArrowSchema) -> ArrowSchema {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|f| field_with_microseconds(f))
        .collect();
    ArrowSchema::new_with_metadata(fields, schema.metadata().clone())
}

fn field_with_microseconds(field: &Field) -> Field {
    let convert = |field: &Arc<Field>| Arc::new(field_with_microseconds(field));
    let data_type = match field.data_type() {
        ArrowType::Timestamp(TimeUnit::Nanosecond, zone) => {
            ArrowType::Timestamp(TimeUnit::Microsecond, zone.clone())
        }
        ArrowType::Struct(fields) => ArrowType::Struct(fields.iter().map(convert).collect()),
        ArrowType::List(element) => ArrowType::List(convert(element)),
        ArrowType::Map(entries, sorted) => ArrowType::Map(convert(entries), *sorted),
        other => other.clone(),
    };
    field.clone().with_data_type(data_type)
}

/// The kernel would hand out the unshredded rest of the value as if it were all of it.
fn refuse_shredded_variants(
    wanted: &delta_kernel::schema::StructType,
    file: &ArrowSchema,
) -> Outcome<()> {
    use delta_kernel::schema::DataType;
    for field in wanted.fields() {
        let DataType::Variant(_) = field.data_type() else {
            continue;
        };
        let Ok(found) = file.field_with_name(&field.name) else {
            continue;
        };
        if let ArrowType::Struct(children) = found.data_type() {
            if children.iter().any(|child| child.name() == "typed_value") {
                let message = format!(
                    "column {}: shredded variants (variantShredding)",
                    field.name
                );
                return Err(Failure::new(Class::FeatureUnsupported, message));
            }
        }
    }
    Ok(())
}

fn row_count(groups: &[RowGroupMetaData]) -> Outcome<u64> {
    let mut rows = 0u64;
    for group in groups {
        let more = u64::try_from(group.num_rows());
        let more = more.map_err(|_| Failure::new(Class::FileCorrupt, "a negative row count"))?;
        rows += more;
    }
    Ok(rows)
}

/// The rows that the file's role asks for, and what they are images of.
fn wanted_rows(
    scan: &TableScan,
    described: &ScannedFile,
    physical_rows: u64,
    cancellation: &SharedCancellation,
) -> Outcome<(RowSet, Images)> {
    let vector = |descriptor: &Option<Box<DeletionVectorDescriptor>>| {
        read_deletion_vector(scan.engine(), descriptor, physical_rows, cancellation)
    };
    let deleted = vector(&described.deletion_vector)?;
    match described.role {
        Role::Live => Ok((RowSet::all_but(deleted, physical_rows), Images::New)),
        Role::WasLive => Ok((RowSet::all_but(deleted, physical_rows), Images::Old)),
        Role::BetweenVectors => {
            let before = vector(&described.deletion_vector_before)?;
            let changed = &deleted ^ &before;
            let rows = RowSet::only(changed, physical_rows);
            Ok((rows, Images::Between { deleted }))
        }
        Role::Feed => {
            let rows = RowSet::all_but(RoaringTreemap::new(), physical_rows);
            Ok((rows, Images::InChangeType))
        }
    }
}

fn read_deletion_vector(
    engine: &Arc<TableEngine>,
    descriptor: &Option<Box<DeletionVectorDescriptor>>,
    physical_rows: u64,
    cancellation: &SharedCancellation,
) -> Outcome<RoaringTreemap> {
    let Some(descriptor) = descriptor else {
        return Ok(RoaringTreemap::new());
    };
    let (held, wanted) = (engine.clone(), descriptor.clone());
    let deleted = engine
        .call(cancellation, move || {
            Ok(wanted.read(held.kernel.storage_handler(), &held.root)?)
        })
        .map_err(|failure| {
            failure
                .not_found_is(Class::FileMissing)
                .context("deletion vector")
        })?;
    let inconsistent = deleted.len() != descriptor.cardinality as u64
        || deleted.max().is_some_and(|row| row >= physical_rows);
    match inconsistent {
        false => Ok(deleted),
        true => Err(Failure::new(
            Class::FileCorrupt,
            "the deletion vector does not fit the file: another count, or rows that are not there",
        )),
    }
}

fn partition_constants(columns: &FileColumns, described: &ScannedFile) -> Outcome<Vec<Scalar>> {
    columns
        .partition_fields
        .iter()
        .zip(described.partition_values.iter())
        .map(|(field, text)| partition_value(field, text.as_deref()))
        .collect()
}

/// Leaves out the row groups whose statistics rule out every row. In mode "id" the file's column
/// names mean nothing, and the kernel's filter looks columns up by name.
fn select_row_groups(
    scan: &TableScan,
    metadata: &ArrowReaderMetadata,
    file: &DataFile,
) -> Outcome<Vec<(usize, Range<u64>)>> {
    let row_groups = metadata.metadata().row_groups();
    let mut all = Vec::with_capacity(row_groups.len());
    let mut start = 0;
    for (ordinal, group) in row_groups.iter().enumerate() {
        let end = start + group.num_rows() as u64;
        all.push((ordinal, start..end));
        start = end;
    }
    let Some(predicate) = &scan.row_group_predicate else {
        return Ok(all);
    };
    let mut indexes = RowIndexBuilder::new(row_groups);
    let builder =
        ParquetRecordBatchReaderBuilder::new_with_metadata(file.clone(), metadata.clone());
    let _ = builder.with_row_group_filter(predicate, Some(&mut indexes));
    let mut indexes = indexes.build()?;
    let mut kept = Vec::new();
    // The builder tells the kept rows, not the kept groups: look at the first row of each group.
    while let Some(row) = indexes.next() {
        let position = all.partition_point(|(_, rows)| rows.end <= row as u64);
        let rows = all[position].1.clone();
        let rest = (rows.end - rows.start) as usize - 1;
        if rest > 0 {
            let _ = indexes.nth(rest - 1);
        }
        kept.push(all[position].clone());
    }
    Ok(kept)
}

/// What writers let a page, or a dictionary, grow to: the default of parquet-java, Arrow and Rust.
const PAGE_BYTES: u64 = 1 << 20;

/// What the decoder of a column holds: its dictionary and its current page.
fn decoder_size(column: &ColumnChunkMetaData) -> u64 {
    let pages = 1 + u64::from(column.dictionary_page_offset().is_some());
    let all = column.uncompressed_size().max(0) as u64;
    all.min(pages * PAGE_BYTES)
}

/// Bytes of a column chunk once decoded to Arrow, and whether that is known rather than guessed.
fn decoded_size(column: &ColumnChunkMetaData) -> (u64, bool) {
    let values = column.num_values().max(0) as u64;
    let fixed = |bytes: u64| (values * bytes, true);
    match column.column_type() {
        PhysicalType::BOOLEAN => (values / 8, true),
        PhysicalType::INT32 | PhysicalType::FLOAT => fixed(4),
        PhysicalType::INT64 | PhysicalType::DOUBLE | PhysicalType::INT96 => fixed(8),
        PhysicalType::FIXED_LEN_BYTE_ARRAY => fixed(16),
        PhysicalType::BYTE_ARRAY => match column.unencoded_byte_array_data_bytes() {
            Some(bytes) => (bytes.max(0) as u64 + 4 * values, true),
            None => {
                let dictionary = column.encodings().any(|encoding| {
                    matches!(
                        encoding,
                        Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY
                    )
                });
                (column.uncompressed_size().max(0) as u64, !dictionary)
            }
        },
    }
}
