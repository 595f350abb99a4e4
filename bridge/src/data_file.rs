//! The bytes of one Parquet file, fetched while they are decoded: page by page from a local file,
//! through a bounded window per column from an object store. Neither holds a whole file, and the
//! remote one holds a whole row group only when it fits the budget.

use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use delta_kernel::object_store::path::Path as StorePath;
use delta_kernel::object_store::{ObjectStore as _, ObjectStoreExt as _};
use delta_kernel::parquet::errors::Result as ParquetResult;
use delta_kernel::parquet::file::reader::{ChunkReader, Length};
use tokio::task::JoinHandle;

use crate::cancellation::SharedCancellation;
use crate::engine::TableEngine;
use crate::error::{Carried, Class, Failure, Outcome};

/// The least that one request asks for, unless the column ends before or the budget is smaller. The
/// same is read at once from the end of a file: the footer is nearly always in it.
const WINDOW_BYTES_MIN: u64 = 64 << 10;
/// A page header is read through a buffer of this size.
const HEADER_BUFFER_BYTES: usize = 1024;

/// Cheap to share: all copies are the same file.
#[derive(Clone)]
pub struct DataFile {
    bytes: FileBytes,
    /// The first failure to get bytes: the layers above turn errors into text.
    failure: Arc<Mutex<Option<Failure>>>,
}

#[derive(Clone)]
enum FileBytes {
    Local(Arc<File>, u64),
    Remote(Arc<Remote>),
}

impl DataFile {
    /// `size` is what the log says, if it does; a local file of another size is refused here.
    pub fn open_local(path: &Path, size: Option<u64>) -> Outcome<Self> {
        let file =
            File::open(path).map_err(|e| Failure::from(e).not_found_is(Class::FileMissing))?;
        let found = file.metadata()?.len();
        match size {
            Some(size) if size != found => Err(wrong_size(size, found)),
            _ => Ok(Self::of(FileBytes::Local(Arc::new(file), found))),
        }
    }

    pub fn open_remote(
        engine: Arc<TableEngine>,
        path: StorePath,
        size: Option<u64>,
        cancellation: SharedCancellation,
    ) -> Outcome<Self> {
        let size = match size {
            Some(size) => size,
            None => size_of(&engine, &path, &cancellation)?,
        };
        let remote = Arc::new(Remote {
            engine,
            path,
            size,
            cancellation,
            state: Mutex::default(),
        });
        remote.load_tail()?;
        Ok(Self::of(FileBytes::Remote(remote)))
    }

    fn of(bytes: FileBytes) -> Self {
        Self {
            bytes,
            failure: Arc::default(),
        }
    }

    /// Says which byte ranges (start, end) the coming row group is read from: one per column.
    pub fn enter_row_group(&self, columns: Vec<(u64, u64)>) -> Outcome<()> {
        match &self.bytes {
            FileBytes::Local(..) => Ok(()),
            FileBytes::Remote(remote) => remote.enter_row_group(columns),
        }
    }

    /// Why bytes could not be had, when that is what went wrong; else `otherwise`.
    pub fn cause(&self, otherwise: Failure) -> Failure {
        let mut failure = lock(&self.failure);
        failure.take().unwrap_or(otherwise)
    }

    /// Gives up to `length` bytes from `start` on; none at the end of what can be read from there.
    fn read_some(&self, start: u64, length: u64) -> Outcome<Bytes> {
        match &self.bytes {
            FileBytes::Local(file, size) => {
                let mut buffer = vec![0; length.min(size.saturating_sub(start)) as usize];
                file.read_exact_at(&mut buffer, start)?;
                Ok(buffer.into())
            }
            FileBytes::Remote(remote) => remote.read_some(start, length),
        }
    }

    fn read(&self, start: u64, length: u64) -> Outcome<Bytes> {
        // Before anything is allocated: a damaged footer may name any length.
        if start.saturating_add(length) > self.len() {
            let message = "a page lies behind the file's end";
            return Err(Failure::new(Class::FileCorrupt, message));
        }
        match &self.bytes {
            FileBytes::Local(file, _) => {
                let mut buffer = vec![0; length as usize];
                file.read_exact_at(&mut buffer, start)?;
                Ok(buffer.into())
            }
            FileBytes::Remote(remote) => remote.read(start, length),
        }
    }

    fn noted<T>(&self, outcome: Outcome<T>) -> Outcome<T> {
        if let Err(failure) = &outcome {
            lock(&self.failure).get_or_insert_with(|| failure.clone());
        }
        outcome
    }
}

fn size_of(
    engine: &TableEngine,
    path: &StorePath,
    cancellation: &SharedCancellation,
) -> Outcome<u64> {
    let head = engine.wait(cancellation, async { Ok(engine.store.head(path).await?) });
    let head = head.map_err(|failure| failure.not_found_is(Class::FileMissing))?;
    Ok(head.size)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn wrong_size(log: u64, found: u64) -> Failure {
    let message = format!("the file has {found} bytes where the log says {log}");
    Failure::new(Class::FileCorrupt, message)
}

impl Length for DataFile {
    fn len(&self) -> u64 {
        match &self.bytes {
            FileBytes::Local(_, size) => *size,
            FileBytes::Remote(remote) => remote.size,
        }
    }
}

impl ChunkReader for DataFile {
    type T = BufReader<Sequential>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        let from_start = Sequential {
            file: self.clone(),
            offset: start,
        };
        Ok(BufReader::with_capacity(HEADER_BUFFER_BYTES, from_start))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        Ok(self.noted(self.read(start, length as u64))?)
    }
}

/// Reads on from an offset, for page headers.
pub struct Sequential {
    file: DataFile,
    offset: u64,
}

impl Read for Sequential {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let some = self.file.read_some(self.offset, buffer.len() as u64);
        let some = self
            .file
            .noted(some)
            .map_err(|failure| std::io::Error::other(Carried(failure)))?;
        buffer[..some.len()].copy_from_slice(&some);
        self.offset += some.len() as u64;
        Ok(some.len())
    }
}

struct Remote {
    engine: Arc<TableEngine>,
    path: StorePath,
    size: u64,
    cancellation: SharedCancellation,
    state: Mutex<RemoteState>,
}

#[derive(Default)]
struct RemoteState {
    tail_start: u64,
    tail: Bytes,
    /// Sorted by start; the columns of the row group being read.
    columns: Vec<Column>,
}

/// A column chunk and the part of it that is here or on its way.
struct Column {
    start: u64,
    end: u64,
    window: u64,
    held_start: u64,
    held: Bytes,
    coming: Option<Coming>,
}

struct Coming {
    end: u64,
    task: JoinHandle<Outcome<Bytes>>,
}

impl Drop for Coming {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Column {
    fn held_end(&self) -> u64 {
        self.held_start + self.held.len() as u64
    }

    fn slice(&self, start: u64, length: u64) -> Option<Bytes> {
        let inside = start >= self.held_start && start + length <= self.held_end();
        inside.then(|| {
            let from = (start - self.held_start) as usize;
            self.held.slice(from..from + length as usize)
        })
    }
}

impl Remote {
    fn window_bytes_min(&self) -> u64 {
        WINDOW_BYTES_MIN.min(self.engine.remote_bytes_max)
    }

    fn load_tail(&self) -> Outcome<()> {
        let start = self.size.saturating_sub(self.window_bytes_min());
        let tail = match self.fetch(start, self.size) {
            Ok(tail) => tail,
            Err(failure) => return Err(self.explain(failure)),
        };
        let mut state = lock(&self.state);
        state.tail_start = start;
        state.tail = tail;
        Ok(())
    }

    /// A range that the object does not have is answered in as many ways as there are stores; its
    /// size tells.
    fn explain(&self, failure: Failure) -> Failure {
        if failure.class == Class::NotFound {
            return failure.not_found_is(Class::FileMissing);
        }
        let head = self.engine.wait(&self.cancellation, async {
            Ok(self.engine.store.head(&self.path).await?)
        });
        match head {
            Ok(meta) if meta.size != self.size => wrong_size(self.size, meta.size),
            Err(missing) if missing.class == Class::NotFound => {
                missing.not_found_is(Class::FileMissing)
            }
            _ => failure,
        }
    }

    fn fetch(&self, start: u64, end: u64) -> Outcome<Bytes> {
        let bytes = self.engine.wait(&self.cancellation, async {
            Ok(self.engine.store.get_range(&self.path, start..end).await?)
        })?;
        match bytes.len() as u64 == end - start {
            true => Ok(bytes),
            false => Err(Failure::new(
                Class::FileCorrupt,
                "the storage returned too few bytes",
            )),
        }
    }

    fn fetch_later(&self, start: u64, end: u64) -> Outcome<Coming> {
        let store = self.engine.store.clone();
        let path = self.path.clone();
        let task = self
            .engine
            .spawn(async move { Ok(store.get_range(&path, start..end).await?) })?;
        Ok(Coming { end, task })
    }

    fn enter_row_group(&self, mut ranges: Vec<(u64, u64)>) -> Outcome<()> {
        ranges.sort_unstable();
        let total: u64 = ranges.iter().map(|(start, end)| end - start).sum();
        lock(&self.state).columns.clear();
        let columns = match total <= self.engine.remote_bytes_max {
            true => self.load_columns(&ranges)?,
            false => self.start_columns(&ranges, total)?,
        };
        lock(&self.state).columns = columns;
        Ok(())
    }

    /// The whole row group at once: neighbouring columns share a request.
    fn load_columns(&self, ranges: &[(u64, u64)]) -> Outcome<Vec<Column>> {
        let wanted: Vec<_> = ranges.iter().map(|(start, end)| *start..*end).collect();
        let parts = self.engine.wait(&self.cancellation, async {
            Ok(self.engine.store.get_ranges(&self.path, &wanted).await?)
        })?;
        let column = |((start, end), held): (&(u64, u64), Bytes)| Column {
            start: *start,
            end: *end,
            window: self.window_bytes_min(),
            held_start: *start,
            held,
            coming: None,
        };
        Ok(ranges.iter().zip(parts).map(column).collect())
    }

    /// Asks for the first window of every column at once; decoding waits for each in turn. Windows
    /// are in proportion to their columns, so that all columns need the same number of requests.
    fn start_columns(&self, ranges: &[(u64, u64)], total: u64) -> Outcome<Vec<Column>> {
        // Two windows per column: the one being decoded and the next.
        let parts = (2 * total).div_ceil(self.engine.remote_bytes_max);
        let column = |(start, end): &(u64, u64)| {
            let window = (end - start).div_ceil(parts).max(self.window_bytes_min());
            Ok(Column {
                start: *start,
                end: *end,
                window,
                held_start: *start,
                held: Bytes::new(),
                coming: Some(self.fetch_later(*start, (*start + window).min(*end))?),
            })
        };
        ranges.iter().map(column).collect()
    }

    fn read_some(&self, start: u64, length: u64) -> Outcome<Bytes> {
        let end = {
            let state = lock(&self.state);
            match column_at(&state.columns, start) {
                Some(index) => state.columns[index].end,
                None => self.size,
            }
        };
        match length.min(end.saturating_sub(start)) {
            0 => Ok(Bytes::new()),
            length => self.read(start, length),
        }
    }

    fn read(&self, start: u64, length: u64) -> Outcome<Bytes> {
        let mut state = lock(&self.state);
        if start >= state.tail_start {
            let from = (start - state.tail_start) as usize;
            return Ok(state.tail.slice(from..from + length as usize));
        }
        match column_at(&state.columns, start) {
            Some(index) => self.read_column(&mut state.columns[index], start, length),
            None => {
                drop(state);
                self.fetch(start, start + length)
            }
        }
    }

    fn read_column(&self, column: &mut Column, start: u64, length: u64) -> Outcome<Bytes> {
        if let Some(found) = column.slice(start, length) {
            return Ok(found);
        }
        self.extend_column(column, start, start + length)?;
        if column.coming.is_none() && column.held_end() < column.end {
            let from = column.held_end();
            column.coming = Some(self.fetch_later(from, (from + column.window).min(column.end))?);
        }
        column
            .slice(start, length)
            .ok_or_else(|| Failure::new(Class::FileCorrupt, "a page lies outside of its column"))
    }

    /// Drops what lies before `start` and appends until `end` is held.
    fn extend_column(&self, column: &mut Column, start: u64, end: u64) -> Outcome<()> {
        let kept = match start >= column.held_start && start <= column.held_end() {
            true => column.held.slice((start - column.held_start) as usize..),
            false => {
                column.coming = None;
                Bytes::new()
            }
        };
        let mut joined = Vec::from(kept.as_ref());
        drop(kept);
        column.held = Bytes::new();
        while start + (joined.len() as u64) < end {
            let from = start + joined.len() as u64;
            if from >= column.end {
                break;
            }
            let part = match column.coming.take() {
                Some(coming) => self.arrive(coming, from)?,
                None => self.fetch(from, end.max(from + column.window).min(column.end))?,
            };
            if joined.is_empty() && from + part.len() as u64 >= end {
                column.held_start = start;
                column.held = part;
                return Ok(());
            }
            joined.extend_from_slice(&part);
        }
        column.held_start = start;
        column.held = joined.into();
        Ok(())
    }

    fn arrive(&self, mut coming: Coming, from: u64) -> Outcome<Bytes> {
        let expected = coming.end - from;
        let bytes = self.engine.wait(&self.cancellation, async {
            (&mut coming.task)
                .await
                .map_err(|e| Failure::new(Class::Internal, e.to_string()))?
        })?;
        match bytes.len() as u64 == expected {
            true => Ok(bytes),
            false => Err(Failure::new(
                Class::FileCorrupt,
                "the storage returned too few bytes",
            )),
        }
    }
}

fn column_at(columns: &[Column], offset: u64) -> Option<usize> {
    let after = columns.partition_point(|column| column.start <= offset);
    let index = after.checked_sub(1)?;
    (offset < columns[index].end).then_some(index)
}
