//! Name lookup that can be ended: the resolver blocks, so it runs on a helper thread.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::error::{Error, ErrorKind, Result};
use crate::net::wait::{self, Cancel, News, Step, Wakeup, Watch, lock};

/// Lookups at one time, with those that were given up and still hang in the resolver.
const MOST_LOOKUPS: usize = 512;

static LOOKUPS: AtomicUsize = AtomicUsize::new(0);

/// The addresses of a name, in the resolver's order; an address is its own answer.
///
/// Fails with [`ErrorKind::Dns`], [`ErrorKind::DnsTimeout`] or [`ErrorKind::Aborted`].
pub(crate) fn lookup(
    host: &str,
    port: u16,
    deadline: Option<Instant>,
    cancel: &Cancel,
) -> Result<Vec<SocketAddr>> {
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let answer = ask(bare.to_owned(), port)?;
    let result = wait::block_on(&[cancel], || {
        let news = News::since_now(&answer.ready);
        Ok(match lock(&answer.result).take() {
            Some(result) => Step::Done(result),
            None => Step::Wait { watch: Watch::news(news), deadline },
        })
    });
    match result {
        Ok(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
        Ok(Ok(_)) => Err(unknown(host, &"it has no address")),
        Ok(Err(error)) => Err(unknown(host, &error)),
        Err(error) if error.kind() == ErrorKind::Timeout => {
            let text = format!("Looking up the name \"{}\" took too long.", host.escape_debug());
            Err(Error::new(ErrorKind::DnsTimeout, text)
                .advise("The name server does not answer; check the network connection."))
        }
        Err(error) => Err(error),
    }
}

struct Answer {
    result: Mutex<Option<io::Result<Vec<SocketAddr>>>>,
    ready: Arc<Wakeup>,
}

/// Starts the helper thread. If nobody waits for the answer any more it is dropped.
fn ask(host: String, port: u16) -> Result<Arc<Answer>> {
    let slot = Slot::take().ok_or_else(|| {
        let text = format!("{MOST_LOOKUPS} name lookups are waiting for the name server already.");
        Error::new(ErrorKind::Dns, text).advise("Check the network connection and try again later.")
    })?;
    let answer = Arc::new(Answer { result: Mutex::new(None), ready: Arc::default() });
    let theirs = Arc::clone(&answer);
    let helper = move || {
        let result = (host.as_str(), port).to_socket_addrs().map(Iterator::collect);
        drop(slot);
        *lock(&theirs.result) = Some(result);
        theirs.ready.wake();
    };
    let spawned = std::thread::Builder::new().name("openck lookup".to_owned()).spawn(helper);
    spawned.map_err(|error| {
        Error::new(ErrorKind::Internal, format!("No thread for the name lookup: {error}."))
    })?;
    Ok(answer)
}

/// One of the lookups that may run at a time.
struct Slot;

impl Slot {
    fn take() -> Option<Self> {
        let slot = Self;
        (LOOKUPS.fetch_add(1, Ordering::Relaxed) < MOST_LOOKUPS).then_some(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        LOOKUPS.fetch_sub(1, Ordering::Relaxed);
    }
}

fn unknown(host: &str, why: &dyn std::fmt::Display) -> Error {
    let text = format!("The host name \"{}\" could not be resolved: {why}.", host.escape_debug());
    Error::new(ErrorKind::Dns, text)
        .advise("Check the spelling of the name (a host, not a URL) and the network connection.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_no_lookup() {
        let find = |host| lookup(host, 80, None, &Cancel::new()).unwrap();
        assert_eq!(find("127.0.0.1"), ["127.0.0.1:80".parse().unwrap()]);
        assert_eq!(find("::1"), ["[::1]:80".parse().unwrap()]);
        assert_eq!(find("[::1]"), ["[::1]:80".parse().unwrap()]);
    }

    #[test]
    fn a_name_that_cannot_exist_is_said_so() {
        for host in ["no-such-host.invalid", "a\0b", "http://example.com/"] {
            let error = lookup(host, 80, None, &Cancel::new()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Dns, "{host:?}");
            assert!(error.message().contains(&host.escape_debug().to_string()));
        }
    }

    #[test]
    fn a_cancelled_lookup_ends() {
        let cancel = Cancel::new();
        cancel.cancel();
        let error = lookup("no-such-host.invalid", 80, None, &cancel).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Aborted);
    }
}
