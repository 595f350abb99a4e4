//! One table location and everything needed to read it: threads, store, kernel engine.

use std::future::Future;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

use delta_kernel::object_store::path::Path as StorePath;
use delta_kernel::object_store::DynObjectStore;
use delta_kernel_default_engine::executor::tokio::TokioMultiThreadExecutor;
use delta_kernel_default_engine::{DefaultEngine, DefaultEngineBuilder};
use percent_encoding::percent_decode_str;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use url::Url;

use crate::cancellation::Cancellation;
use crate::error::{Class, Failure, Outcome};
use crate::store::{open_store, parse_location, StoreOption};
use crate::token::TokenSource;

/// The network and the log are handled here; data files are decoded on the callers' threads.
const WORKER_THREADS: usize = 2;
/// Far more than calls under way at once: each parks one, and needs others to come to its end.
const BLOCKING_THREADS_MAX: usize = 128;
/// Log files read ahead, and rows of a checkpoint decoded at once: bounds the memory of log replay.
const LOG_FILES_AHEAD: NonZero<usize> = NonZero::new(4).unwrap();
const LOG_BATCH_ROWS: NonZero<usize> = NonZero::new(2048).unwrap();

pub type KernelEngine = DefaultEngine<TokioMultiThreadExecutor>;

pub struct TableEngine {
    pub root: Url,
    pub store: Arc<DynObjectStore>,
    pub kernel: Arc<KernelEngine>,
    /// Compressed bytes that one reader of a remote file may hold.
    pub remote_bytes_max: u64,
    /// Empty only while dropping.
    runtime: Option<Runtime>,
}

impl Drop for TableEngine {
    /// Does not wait for requests under way, and may run on one of the runtime's own threads.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl TableEngine {
    pub fn open(
        location: &str,
        options: &[StoreOption],
        tokens: Option<Arc<TokenSource>>,
    ) -> Outcome<Arc<Self>> {
        let root = parse_location(location)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKER_THREADS)
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .thread_name("delta")
            .enable_all()
            .build()
            .map_err(|e| Failure::new(Class::Internal, format!("starting threads: {e}")))?;
        let (store, remote_bytes_max) = open_store(&root, options, tokens)?;
        let executor = TokioMultiThreadExecutor::new(runtime.handle().clone());
        let kernel = DefaultEngineBuilder::new(store.clone())
            .with_task_executor(Arc::new(executor))
            .with_buffer_size(LOG_FILES_AHEAD)
            .with_batch_size(LOG_BATCH_ROWS)
            .build();
        Ok(Arc::new(Self {
            root,
            store,
            kernel: Arc::new(kernel),
            remote_bytes_max,
            runtime: Some(runtime),
        }))
    }

    pub fn is_local(&self) -> bool {
        self.root.scheme() == "file"
    }

    /// Blocks on `work` until it ends or a stop is requested.
    pub fn wait<T>(
        &self,
        cancellation: &Cancellation,
        work: impl Future<Output = Outcome<T>>,
    ) -> Outcome<T> {
        cancellation.check()?;
        self.runtime()?.block_on(async {
            let work = std::pin::pin!(work);
            let stop = std::pin::pin!(cancellation.requested());
            match futures::future::select(work, stop).await {
                futures::future::Either::Left((result, _)) => result,
                futures::future::Either::Right(_) => Err(Failure::cancelled()),
            }
        })
    }

    /// Runs a call that blocks (the kernel's) and gives it up when a stop is requested: it then
    /// ends on its own, unseen.
    pub fn call<T: Send + 'static>(
        &self,
        cancellation: &Cancellation,
        work: impl FnOnce() -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let task = self.runtime()?.spawn_blocking(work);
        self.wait(cancellation, async {
            task.await
                .map_err(|e| Failure::new(Class::Internal, e.to_string()))?
        })
    }

    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Outcome<JoinHandle<T>> {
        Ok(self.runtime()?.spawn(work))
    }

    fn runtime(&self) -> Outcome<&Runtime> {
        self.runtime
            .as_ref()
            .ok_or_else(|| Failure::new(Class::Internal, "the engine is closed"))
    }

    /// The URL that a path from the log means. Fails when it leaves the table's root: absolute URLs
    /// and paths, and `..` however it is encoded.
    pub fn resolve(&self, path: &str) -> Outcome<Url> {
        let escapes = || {
            let message = format!(
                "the log names \"{path}\", which is outside of the table's root {}",
                self.root
            );
            Failure::new(Class::PathEscapes, message)
        };
        if path.is_empty() || path.starts_with('/') || Url::parse(path).is_ok() {
            return Err(escapes());
        }
        let url = self.root.join(path).map_err(|_| escapes())?;
        self.confine(&url).map_err(|_| escapes())?;
        Ok(url)
    }

    /// Fails when `url` is not below the table's root.
    pub fn confine(&self, url: &Url) -> Outcome<()> {
        let decoded = percent_decode_str(url.path()).decode_utf8_lossy();
        let climbs = decoded.split(['/', '\\']).any(|segment| segment == "..");
        let below = url.as_str().len() > self.root.as_str().len()
            && url.as_str().starts_with(self.root.as_str());
        if below && !climbs && url.query().is_none() && url.fragment().is_none() {
            return Ok(());
        }
        let message = format!(
            "the log names \"{url}\", which is outside of the table's root {}",
            self.root
        );
        Err(Failure::new(Class::PathEscapes, message))
    }
}

/// The store's key of an object.
pub fn store_path(url: &Url) -> Outcome<StorePath> {
    StorePath::from_url_path(url.path())
        .map_err(|e| Failure::new(Class::InvalidArgument, e.to_string()))
}

/// The file of a `file://` URL.
pub fn file_path(url: &Url) -> Outcome<PathBuf> {
    url.to_file_path()
        .map_err(|()| Failure::new(Class::InvalidArgument, format!("{url} is not a local file")))
}
