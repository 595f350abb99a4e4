//! Locations and object stores: a table's URL, and the store behind it, built from plain options.
//! The environment is never read here: the caller collects it and hands it in.

use std::path::Path as FilePath;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use delta_kernel::object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use delta_kernel::object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use delta_kernel::object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use delta_kernel::object_store::local::LocalFileSystem;
use delta_kernel::object_store::{ClientOptions, DynObjectStore, RetryConfig};
use url::Url;

use crate::error::{Class, Failure, Outcome};
use crate::token::{AskedCredential, TokenSource};

pub struct StoreOption {
    pub key: String,
    pub value: String,
}

/// What the options say in keys of ours: how long and how often to try, and how much to hold.
struct Limits {
    connect_timeout: Duration,
    request_timeout: Duration,
    retries_max: usize,
    retry_timeout: Duration,
    remote_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            retries_max: 6,
            retry_timeout: Duration::from_secs(60),
            remote_bytes_max: 16 << 20,
        }
    }
}

impl Limits {
    /// True when the key was one of ours.
    fn take(&mut self, option: &StoreOption) -> Outcome<bool> {
        let number = || {
            option.value.parse::<u64>().map_err(|_| {
                let message = format!(
                    "option {}: \"{}\" is not a number",
                    option.key, option.value
                );
                Failure::new(Class::InvalidArgument, message)
            })
        };
        match option.key.as_str() {
            "connect_timeout_ms" => self.connect_timeout = Duration::from_millis(number()?),
            "request_timeout_ms" => self.request_timeout = Duration::from_millis(number()?),
            "retries_max" => self.retries_max = number()? as usize,
            "retry_timeout_ms" => self.retry_timeout = Duration::from_millis(number()?),
            "remote_bytes_max" => self.remote_bytes_max = number()?.max(1),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn retry(&self) -> RetryConfig {
        RetryConfig {
            max_retries: self.retries_max,
            retry_timeout: self.retry_timeout,
            ..RetryConfig::default()
        }
    }

    fn client(&self, allow_http: bool) -> ClientOptions {
        ClientOptions::new()
            .with_connect_timeout(self.connect_timeout)
            .with_timeout(self.request_timeout)
            .with_allow_http(allow_http)
    }
}

/// A URL that ends in '/', from a URL or a local path. Fails when it carries a password or a query.
pub fn parse_location(location: &str) -> Outcome<Url> {
    let invalid = |why: &str| {
        let message = format!("\"{location}\" is not a table location: {why}");
        Failure::new(Class::InvalidArgument, message)
    };
    if !location.contains("://") {
        let path =
            std::path::absolute(FilePath::new(location)).map_err(|e| invalid(&e.to_string()))?;
        return Url::from_directory_path(path).map_err(|()| invalid("not an absolute path"));
    }
    let mut url = Url::parse(location).map_err(|e| invalid(&e.to_string()))?;
    if url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(Failure::new(
            Class::InvalidArgument,
            "a table location carries no password, query or fragment: give credentials as options",
        ));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// The store that holds `url`, and the bytes that one reader of it may hold. Keys of the store's
/// objects are the URL's path. `tokens` is for Azure alone.
pub fn open_store(
    url: &Url,
    options: &[StoreOption],
    tokens: Option<Arc<TokenSource>>,
) -> Outcome<(Arc<DynObjectStore>, u64)> {
    let mut limits = Limits::default();
    let mut rest = Vec::new();
    for option in options {
        if !limits.take(option)? {
            rest.push(option);
        }
    }
    let store = match url.scheme() {
        "file" => Arc::new(LocalFileSystem::new()),
        "s3" | "s3a" => open_s3(url, &rest, &limits)?,
        "az" | "azure" | "adl" | "abfs" | "abfss" => open_azure(url, &rest, &limits, tokens)?,
        "gs" => open_google(url, &rest, &limits)?,
        other => {
            let message = format!("\"{other}://\" is not a storage that we read");
            return Err(Failure::new(Class::InvalidArgument, message));
        }
    };
    Ok((store, limits.remote_bytes_max))
}

fn open_s3(url: &Url, options: &[&StoreOption], limits: &Limits) -> Outcome<Arc<DynObjectStore>> {
    let known = known_options::<AmazonS3ConfigKey>(options)?;
    let allow_http = allows_http(&known, &AmazonS3ConfigKey::Endpoint)?;
    let mut builder = AmazonS3Builder::new()
        .with_url(url.as_str())
        .with_retry(limits.retry())
        .with_client_options(limits.client(allow_http));
    for (key, value) in known {
        builder = builder.with_config(key, value);
    }
    Ok(Arc::new(builder.build().map_err(not_configured)?))
}

fn open_azure(
    url: &Url,
    options: &[&StoreOption],
    limits: &Limits,
    tokens: Option<Arc<TokenSource>>,
) -> Outcome<Arc<DynObjectStore>> {
    let known = known_options::<AzureConfigKey>(options)?;
    let allow_http = allows_http(&known, &AzureConfigKey::Endpoint)?;
    let mut builder = MicrosoftAzureBuilder::new()
        .with_url(url.as_str())
        .with_retry(limits.retry())
        .with_client_options(limits.client(allow_http));
    for (key, value) in known {
        builder = builder.with_config(key, value);
    }
    if let Some(tokens) = tokens {
        builder = builder.with_credentials(Arc::new(AskedCredential(tokens)));
    }
    Ok(Arc::new(builder.build().map_err(not_configured)?))
}

fn open_google(
    url: &Url,
    options: &[&StoreOption],
    limits: &Limits,
) -> Outcome<Arc<DynObjectStore>> {
    let known = known_options::<GoogleConfigKey>(options)?;
    let allow_http = allows_http(&known, &GoogleConfigKey::BaseUrl)?;
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_url(url.as_str())
        .with_retry(limits.retry())
        .with_client_options(limits.client(allow_http));
    for (key, value) in known {
        builder = builder.with_config(key, value);
    }
    Ok(Arc::new(builder.build().map_err(not_configured)?))
}

/// Keys of the store that would weaken the transport, or read the environment behind our back.
const REFUSED_KEYS: [&str; 3] = ["allow_http", "allow_invalid_certificates", "use_emulator"];

fn known_options<'a, K: FromStr>(options: &[&'a StoreOption]) -> Outcome<Vec<(K, &'a str)>> {
    let known = |option: &&'a StoreOption| {
        let refused = REFUSED_KEYS.iter().any(|key| option.key.ends_with(key));
        match K::from_str(&option.key) {
            Ok(key) if !refused => Ok((key, option.value.as_str())),
            _ => {
                let message = format!("\"{}\" is not an option of this storage", option.key);
                Err(Failure::new(Class::InvalidArgument, message))
            }
        }
    };
    options.iter().map(known).collect()
}

fn not_configured(error: delta_kernel::object_store::Error) -> Failure {
    Failure::new(Class::InvalidArgument, error.to_string())
}

/// Plain http is for servers on this very machine.
fn allows_http<K: PartialEq>(options: &[(K, &str)], endpoint: &K) -> Outcome<bool> {
    let Some((_, endpoint)) = options.iter().find(|(key, _)| key == endpoint) else {
        return Ok(false);
    };
    let invalid = |why: &str| {
        Failure::new(
            Class::InvalidArgument,
            format!("endpoint \"{endpoint}\": {why}"),
        )
    };
    let url = Url::parse(endpoint).map_err(|e| invalid(&e.to_string()))?;
    match (url.scheme(), is_loopback(&url)) {
        ("https", _) => Ok(false),
        ("http", true) => Ok(true),
        ("http", false) => Err(invalid("plain http is allowed to this machine only")),
        _ => Err(invalid("neither https nor http")),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
