//! Failures as the C side sees them: a class that decides what happens next, and a message. Classes
//! come from error variants and from our own checks, never from matching text.

use std::error::Error as StdError;

use delta_kernel::object_store;
use delta_kernel::Error as KernelError;

/// What went wrong. The numbers are part of the C header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Class {
    InvalidArgument = 1,
    TableNotFound = 2,
    LogEmpty = 3,
    VersionNotFound = 4,
    FeatureUnsupported = 5,
    LogCorrupt = 6,
    FileMissing = 7,
    FileCorrupt = 8,
    PathEscapes = 9,
    Unauthenticated = 10,
    PermissionDenied = 11,
    Unavailable = 12,
    Cancelled = 13,
    Internal = 14,
    /// The storage has no object of that name. Callers turn it into what it means for them.
    NotFound = 15,
}

#[derive(Clone, Debug)]
pub struct Failure {
    pub class: Class,
    pub message: String,
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
        }
    }

    pub fn cancelled() -> Self {
        Self::new(Class::Cancelled, "stopped on request")
    }

    /// Puts what this layer knows in front: "reading a.parquet: …".
    pub fn context(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// Gives the class `to` to what was only "no such object" below.
    pub fn not_found_is(mut self, to: Class) -> Self {
        if self.class == Class::NotFound {
            self.class = to;
        }
        self
    }

    /// Gives the class `to` to what only says "the bytes make no sense".
    pub fn corrupt_is(mut self, to: Class) -> Self {
        if matches!(self.class, Class::FileCorrupt | Class::LogCorrupt) {
            self.class = to;
        }
        self
    }

    /// A failure of the storage or of the caller, which says nothing about the table's content.
    pub fn is_of_the_storage(&self) -> bool {
        matches!(
            self.class,
            Class::Unauthenticated
                | Class::PermissionDenied
                | Class::Unavailable
                | Class::Cancelled
        )
    }
}

impl From<object_store::Error> for Failure {
    fn from(error: object_store::Error) -> Self {
        Self::new(class_of_store_error(&error), error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(class_of_io_error(&error), error.to_string())
    }
}

impl From<delta_kernel::arrow::error::ArrowError> for Failure {
    fn from(error: delta_kernel::arrow::error::ArrowError) -> Self {
        let class = class_behind(&error).unwrap_or(Class::FileCorrupt);
        Self::new(class, error.to_string())
    }
}

impl From<delta_kernel::parquet::errors::ParquetError> for Failure {
    fn from(error: delta_kernel::parquet::errors::ParquetError) -> Self {
        let class = class_behind(&error).unwrap_or(Class::FileCorrupt);
        Self::new(class, error.to_string())
    }
}

impl From<KernelError> for Failure {
    fn from(error: KernelError) -> Self {
        let class = class_of_kernel_error(&error);
        Self::new(class, words_of_kernel_error(&error))
    }
}

fn words_of_kernel_error(error: &KernelError) -> String {
    match error {
        // Adds a backtrace, which people do not want.
        KernelError::Backtraced { source, .. } => words_of_kernel_error(source),
        KernelError::Unsupported(what) | KernelError::InvalidProtocol(what) => what.clone(),
        KernelError::MaxCatalogVersion(_) => {
            "table feature catalogManaged: a catalog keeps the commits, not the log".to_string()
        }
        other => other.to_string(),
    }
}

fn class_of_kernel_error(error: &KernelError) -> Class {
    match error {
        KernelError::Backtraced { source, .. } => class_of_kernel_error(source),
        KernelError::ObjectStore(error) => class_of_store_error(error),
        KernelError::IOError(error) => class_of_io_error(error),
        KernelError::Reqwest(_) => Class::Unavailable,
        KernelError::FileNotFound(_) => Class::NotFound,
        KernelError::Cancelled => Class::Cancelled,
        KernelError::Unsupported(_)
        | KernelError::InvalidProtocol(_)
        | KernelError::MaxCatalogVersion(_) => Class::FeatureUnsupported,
        KernelError::MissingVersion => Class::VersionNotFound,
        KernelError::InternalError(_) | KernelError::JoinFailure(_) => Class::Internal,
        KernelError::GenericError { source } => {
            class_behind(source.as_ref()).unwrap_or(Class::LogCorrupt)
        }
        KernelError::Arrow(error) => class_behind(error).unwrap_or(Class::LogCorrupt),
        KernelError::Parquet(error) => class_behind(error).unwrap_or(Class::LogCorrupt),
        _ => Class::LogCorrupt,
    }
}

fn class_of_io_error(error: &std::io::Error) -> Class {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => Class::NotFound,
        ErrorKind::PermissionDenied => Class::PermissionDenied,
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData => Class::FileCorrupt,
        _ => class_behind(error).unwrap_or(Class::Unavailable),
    }
}

fn class_of_store_error(error: &object_store::Error) -> Class {
    use object_store::Error;
    match error {
        Error::NotFound { .. } => Class::NotFound,
        Error::PermissionDenied { .. } => Class::PermissionDenied,
        Error::Unauthenticated { .. } => Class::Unauthenticated,
        Error::InvalidPath { .. }
        | Error::UnknownConfigurationKey { .. }
        | Error::NotSupported { .. }
        | Error::NotImplemented { .. } => Class::InvalidArgument,
        Error::Precondition { .. } | Error::NotModified { .. } => Class::FileMissing,
        other => class_behind(other).unwrap_or(Class::Unavailable),
    }
}

/// Looks for a class in the causes of an error that has none itself.
fn class_behind(error: &(dyn StdError + 'static)) -> Option<Class> {
    let mut cause = error.source();
    while let Some(found) = cause {
        if let Some(failure) = found.downcast_ref::<Carried>() {
            return Some(failure.0.class);
        }
        if let Some(store) = found.downcast_ref::<object_store::Error>() {
            return Some(class_of_store_error(store));
        }
        if let Some(io) = found.downcast_ref::<std::io::Error>() {
            return Some(class_of_io_error(io));
        }
        cause = found.source();
    }
    None
}

/// Carries a Failure through error types of others, so that its class survives.
#[derive(Debug)]
pub struct Carried(pub Failure);

impl std::fmt::Display for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Carried {}

impl From<Failure> for delta_kernel::parquet::errors::ParquetError {
    fn from(failure: Failure) -> Self {
        Self::External(Box::new(Carried(failure)))
    }
}
