//! Bearer tokens for the storage, asked of the caller: who signs in, how, and what is kept is its.

use std::ffi::c_void;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use delta_kernel::object_store;
use delta_kernel::object_store::azure::AzureCredential;
use delta_kernel::object_store::CredentialProvider;

use crate::error::{Carried, Class, Failure, Outcome};
use crate::ffi::BridgeText;

/// What the caller fills while it is asked.
pub struct BridgeTokenReply(Outcome<String>);

#[repr(C)]
pub struct BridgeTokenSource {
    context: *mut c_void,
    ask: unsafe extern "C" fn(*mut c_void, *mut BridgeTokenReply),
    release: unsafe extern "C" fn(*mut c_void),
}

/// The caller's source of tokens; released when the last one who could ask is gone.
pub struct TokenSource(BridgeTokenSource);

// The header asks for a source that any thread may use, several at once.
unsafe impl Send for TokenSource {}
unsafe impl Sync for TokenSource {}

impl TokenSource {
    pub unsafe fn of(source: *const BridgeTokenSource) -> Option<Arc<Self>> {
        let source = source.as_ref()?;
        Some(Arc::new(Self(BridgeTokenSource { ..*source })))
    }

    fn ask(&self) -> Outcome<String> {
        let mut reply = BridgeTokenReply(Err(Failure::new(
            Class::Internal,
            "no token was given, and no reason",
        )));
        unsafe { (self.0.ask)(self.0.context, &mut reply) };
        reply.0
    }
}

impl Drop for TokenSource {
    fn drop(&mut self) {
        unsafe { (self.0.release)(self.0.context) };
    }
}

/// Asks for every request: the caller keeps what it has.
pub struct AskedCredential(pub Arc<TokenSource>);

impl fmt::Debug for AskedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AskedCredential")
    }
}

type Answer<'a> =
    Pin<Box<dyn Future<Output = object_store::Result<Arc<AzureCredential>>> + Send + 'a>>;

impl CredentialProvider for AskedCredential {
    type Credential = AzureCredential;

    // As `async_trait` writes it.
    fn get_credential<'a, 'b>(&'a self) -> Answer<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        let source = self.0.clone();
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || source.ask()).await;
            let given = asked.unwrap_or_else(|e| Err(Failure::new(Class::Internal, e.to_string())));
            given
                .map(|token| Arc::new(AzureCredential::BearerToken(token)))
                .map_err(|failure| object_store::Error::Generic {
                    store: "token",
                    source: Box::new(Carried(failure)),
                })
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_token_give(reply: *mut BridgeTokenReply, token: BridgeText) {
    if let Some(reply) = reply.as_mut() {
        reply.0 = token.read().map(str::to_string);
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_token_refuse(
    reply: *mut BridgeTokenReply,
    code: i32,
    message: BridgeText,
) {
    if let Some(reply) = reply.as_mut() {
        let class = match code {
            1 => Class::InvalidArgument,
            10 => Class::Unauthenticated,
            11 => Class::PermissionDenied,
            13 => Class::Cancelled,
            14 => Class::Internal,
            _ => Class::Unavailable,
        };
        let message = message.read().unwrap_or("no token");
        reply.0 = Err(Failure::new(class, message));
    }
}
