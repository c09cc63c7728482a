//! WebSocket: frames over the connection of a Rest.
//!
//! The reading side and the writing side are locked each on its own, and neither while waiting, so
//! that one thread sends while another is in ReadFrame. Where both are needed the order is
//! `read -> input -> write`, for a compressed message `deflater -> write`.

mod compression;
mod data;
#[cfg(test)]
mod memory;
mod open;
mod read;
mod settings;
mod take;
mod write;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use self::read::ReadSide;
use self::settings::Settings;
use self::write::WriteSide;
use crate::client::base::lock;
use crate::client::rest::{Rest, Session};
use crate::client::{Base, Class, FrameStatus};
use crate::error::{Error, ErrorKind, Result};
use crate::net::connection::Connection;
use crate::net::wait::Cancel;
use crate::proto::deflate::Deflater;
use crate::proto::handshake::ClientKey;
use crate::sync;

pub use self::data::{FrameText, recycle};
pub use self::write::TextToSend;

/// The client side of one WebSocket connection.
pub struct WebSocket {
    base: Base,
    status: Status,
    settings: Settings,
    link: Mutex<Option<Link>>,
    read: sync::Mutex<ReadSide>,
    write: sync::Mutex<WriteSide>,
    /// Whether an automatic Pong waits for room, as far as the reader knows.
    pong_waits: AtomicBool,
    /// Locked while a message is compressed.
    deflater: Mutex<Option<Deflater>>,
    /// Counts the calls of UseConnection, so that a read that fails late ends its own session only.
    sessions: AtomicUsize,
    cancel: Cancel,
}

/// The Rest that UseConnection was given, and the key of the handshake.
struct Link {
    session: Arc<Session>,
    key: Option<ClientKey>,
}

impl Link {
    /// The connection before the handshake, while it belongs to no WebSocket.
    fn unclaimed(&self) -> Option<Arc<Connection>> {
        self.session.check_not_upgraded().ok()?;
        self.session.connection()
    }
}

/// Where the facts about the last frame are kept.
enum Status {
    Own(Box<FrameStatus>),
    Slot(&'static FrameStatus),
}

impl std::ops::Deref for Status {
    type Target = FrameStatus;

    #[inline]
    fn deref(&self) -> &FrameStatus {
        match self {
            Self::Own(status) => status,
            Self::Slot(status) => status,
        }
    }
}

impl Class for WebSocket {
    fn new_object() -> Self {
        Self {
            base: Base::new("WebSocket"),
            status: Status::Own(Box::default()),
            settings: Settings::default(),
            link: Mutex::default(),
            read: sync::Mutex::default(),
            write: sync::Mutex::default(),
            pong_waits: AtomicBool::new(false),
            deflater: Mutex::default(),
            sessions: AtomicUsize::new(0),
            cancel: Cancel::default(),
        }
    }

    fn base(&self) -> &Base {
        &self.base
    }

    fn attach(&mut self, status: &'static FrameStatus) {
        self.status = Status::Slot(status);
    }

    fn cancel(&self) {
        self.cancel.cancel();
        if let Some(connection) = self.connection() {
            connection.close();
        }
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        // The Rest may still hold the connection; frames without a reader help nobody.
        if let Some(connection) = self.connection() {
            connection.close();
        }
    }
}

impl WebSocket {
    /// The connection of the session, open or not.
    fn connection(&self) -> Option<Arc<Connection>> {
        self.write.lock().connection().cloned()
    }

    fn session(&self) -> usize {
        self.sessions.load(Ordering::Acquire)
    }

    /// The facts about the last frame.
    pub fn status(&self) -> &FrameStatus {
        &self.status
    }

    /// Drops the connection at once, without a Close frame.
    pub fn close_connection(&self) -> Result<()> {
        if lock(&self.link).is_none() {
            return Err(no_connection("UseConnection was not called."));
        }
        let connection = self.connection().or_else(|| lock(&self.link).as_ref()?.unclaimed());
        if let Some(connection) = connection {
            connection.close();
        }
        self.status.set_connected(false);
        Ok(())
    }
}

#[cold]
fn no_connection(why: &str) -> Error {
    Error::new(ErrorKind::NotConnected, format!("The WebSocket is not connected: {why}")).advise(
        "Connect a Rest, then call UseConnection, AddClientHeaders, Rest.FullRequestNoBody and \
         ValidateServerHandshake, and check each.",
    )
}

/// Used by the parts that need the Rest as well.
impl WebSocket {
    /// Says which connection the session will use.
    pub fn use_connection(&self, connection: &Rest) -> Result<()> {
        let session = Arc::clone(connection.session());
        self.forget_session();
        let usable = session.connection().is_some();
        if usable {
            session.check_not_upgraded()?;
        }
        *lock(&self.link) = Some(Link { session, key: None });
        if usable {
            return Ok(());
        }
        // The link stays, so that later failures can name what went wrong with the Rest.
        Err(self.rest_is_not_connected())
    }
}
