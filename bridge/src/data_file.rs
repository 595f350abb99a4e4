//! The bytes of one Parquet file, fetched while they are decoded: page by page from a local file,
//! through a bounded window per column from an object store. Neither holds a whole file, and the
//! remote one holds a whole row group only when it fits the budget.

use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::{Buf, Bytes};
use delta_kernel::object_store::path::Path as StorePath;
use delta_kernel::object_store::{ObjectStore as _, ObjectStoreExt as _};
use delta_kernel::parquet::errors::Result as ParquetResult;
use delta_kernel::parquet::file::reader::{ChunkReader, Length};
use tokio::task::JoinHandle;

use crate::cancellation::SharedCancellation;
use crate::engine::TableEngine;
use crate::error::{Class, Failure, Outcome};

/// Compressed bytes that one remote reader may hold.
const REMOTE_BYTES_MAX: u64 = 16 << 20;
/// The least that one request asks for (unless the column ends before).
const WINDOW_BYTES_MIN: u64 = 64 << 10;
/// Read at once from the end of a remote file: the footer is nearly always in it.
const TAIL_BYTES: u64 = 64 << 10;
/// A page header is read through a buffer of this size.
const HEADER_BUFFER_BYTES: usize = 1024;

pub enum DataFile {
    Local(LocalFile),
    Remote(RemoteFile),
}

impl DataFile {
    /// `size` is what the log says; a local file of another size is refused here.
    pub fn open_local(path: &Path, size: u64) -> Outcome<Self> {
        let file =
            File::open(path).map_err(|e| Failure::from(e).not_found_is(Class::FileMissing))?;
        let found = file.metadata()?.len();
        if found != size {
            return Err(wrong_size(size, found));
        }
        Ok(Self::Local(LocalFile {
            file: Arc::new(file),
            size,
        }))
    }

    pub fn open_remote(
        engine: Arc<TableEngine>,
        path: StorePath,
        size: u64,
        cancellation: SharedCancellation,
    ) -> Outcome<Self> {
        let remote = RemoteFile(Arc::new(Remote {
            engine,
            path,
            size,
            cancellation,
            state: Mutex::default(),
        }));
        remote.0.load_tail()?;
        Ok(Self::Remote(remote))
    }

    /// Says which byte ranges (start, end) the coming row group is read from: one per column.
    pub fn enter_row_group(&self, columns: Vec<(u64, u64)>) -> Outcome<()> {
        match self {
            Self::Local(_) => Ok(()),
            Self::Remote(remote) => remote.0.enter_row_group(columns),
        }
    }

    pub fn share(&self) -> Self {
        match self {
            Self::Local(local) => Self::Local(local.clone()),
            Self::Remote(remote) => Self::Remote(RemoteFile(remote.0.clone())),
        }
    }
}

fn wrong_size(log: u64, found: u64) -> Failure {
    let message = format!("the file has {found} bytes where the log says {log}");
    Failure::new(Class::FileCorrupt, message)
}

impl Length for DataFile {
    fn len(&self) -> u64 {
        match self {
            Self::Local(local) => local.size,
            Self::Remote(remote) => remote.0.size,
        }
    }
}

impl ChunkReader for DataFile {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(match self {
            Self::Local(local) => Box::new(BufReader::with_capacity(
                HEADER_BUFFER_BYTES,
                FileAt {
                    file: local.file.clone(),
                    offset: start,
                },
            )),
            Self::Remote(remote) => Box::new(remote.0.read_some(start)?.reader()),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        match self {
            Self::Local(local) => {
                let mut buffer = vec![0; length];
                local.file.read_exact_at(&mut buffer, start)?;
                Ok(buffer.into())
            }
            Self::Remote(remote) => Ok(remote.0.read(start, length as u64)?),
        }
    }
}

#[derive(Clone)]
pub struct LocalFile {
    file: Arc<File>,
    size: u64,
}

struct FileAt {
    file: Arc<File>,
    offset: u64,
}

impl Read for FileAt {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

pub struct RemoteFile(Arc<Remote>);

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
    fn lock(&self) -> MutexGuard<'_, RemoteState> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn load_tail(&self) -> Outcome<()> {
        let start = self.size.saturating_sub(TAIL_BYTES);
        let tail = match self.fetch(start, self.size) {
            Ok(tail) => tail,
            Err(failure) => return Err(self.explain(failure)),
        };
        let mut state = self.lock();
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
        self.lock().columns.clear();
        let columns = match total <= REMOTE_BYTES_MAX {
            true => self.load_columns(&ranges)?,
            false => self.start_columns(&ranges, total)?,
        };
        self.lock().columns = columns;
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
            window: WINDOW_BYTES_MIN,
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
        let parts = (2 * total).div_ceil(REMOTE_BYTES_MAX);
        let column = |(start, end): &(u64, u64)| {
            let window = (end - start).div_ceil(parts).max(WINDOW_BYTES_MIN);
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

    /// What is cheap to give from `start` on, for reading a page header.
    fn read_some(&self, start: u64) -> Outcome<Bytes> {
        let end = {
            let state = self.lock();
            match column_at(&state.columns, start) {
                Some(index) => state.columns[index].end,
                None => self.size,
            }
        };
        self.read(start, end.saturating_sub(start).min(WINDOW_BYTES_MIN))
    }

    fn read(&self, start: u64, length: u64) -> Outcome<Bytes> {
        if start + length > self.size {
            return Err(Failure::new(
                Class::FileCorrupt,
                "a page lies behind the file's end",
            ));
        }
        let mut state = self.lock();
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
