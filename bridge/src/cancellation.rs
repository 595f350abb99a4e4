//! A flag that stops calls from another thread: polled by the kernel between batches, awaited by
//! everything that waits for the network.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use delta_kernel::{CancellationToken, CancelledFuture};
use tokio::sync::Notify;

use crate::error::{Failure, Outcome};

#[derive(Debug, Default)]
pub struct Cancellation {
    requested: AtomicBool,
    notify: Notify,
}

impl Cancellation {
    pub fn request(&self) {
        self.requested.store(true, Ordering::Release);
        self.notify.notify_waiters();
    }

    pub fn check(&self) -> Outcome<()> {
        match self.is_cancelled() {
            true => Err(Failure::cancelled()),
            false => Ok(()),
        }
    }

    /// Resolves when a stop is requested; never otherwise.
    pub async fn requested(&self) {
        loop {
            let notified = self.notify.notified();
            let mut notified = std::pin::pin!(notified);
            notified.as_mut().enable();
            if self.is_cancelled() {
                return;
            }
            notified.await;
        }
    }
}

impl CancellationToken for Cancellation {
    fn is_cancelled(&self) -> bool {
        self.requested.load(Ordering::Acquire)
    }

    fn cancelled_future(&self) -> CancelledFuture<'_> {
        Box::pin(self.requested())
    }
}

pub type SharedCancellation = Arc<Cancellation>;
