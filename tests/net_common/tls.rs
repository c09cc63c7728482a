//! A TLS server of another maker (rustls), with certificates made at test time.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread;

use openck::net::tls::TlsOptions;
use openck::net::wait::{self, Ready};
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};

/// A certificate authority.
pub(crate) struct Ca {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
pub(crate) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    pem: String,
}

/// Parameters of a certificate for these names, which the test may still change.
pub(crate) fn names(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "openck test server");
    params
}

impl Ca {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// Client options that trust this CA beside those of the system.
    pub(crate) fn trusted(&self) -> TlsOptions {
        let roots_pem = vec![self.certificate.pem().into_bytes()];
        TlsOptions { roots_pem, ..TlsOptions::default() }
    }

    pub(crate) fn issue(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        Identity::new(params.signed_by(&key, &self.issuer).unwrap(), &key)
    }
}

impl Identity {
    pub(crate) fn self_signed(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        Self::new(params.self_signed(&key).unwrap(), &key)
    }

    /// Client options that trust exactly this certificate.
    pub(crate) fn trusted(&self) -> TlsOptions {
        TlsOptions { roots_pem: vec![self.pem.clone().into_bytes()], ..TlsOptions::default() }
    }

    fn new(certificate: Certificate, key: &KeyPair) -> Self {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let pem = certificate.pem();
        Self { chain: vec![certificate.der().clone()], key, pem }
    }
}

/// A server configuration with one identity and these protocol versions.
pub(crate) fn config(
    identity: Identity,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(versions).unwrap().with_no_client_auth();
    Arc::new(builder.with_single_cert(identity.chain, identity.key).unwrap())
}

pub(crate) type Stream = StreamOwned<ServerConnection, TcpStream>;

/// Accepts one connection; the handshake is done by the first read or write.
pub(crate) fn accept(listener: &TcpListener, config: &Arc<ServerConfig>) -> Stream {
    let (tcp, _) = listener.accept().unwrap();
    StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), tcp)
}

/// Accepts one connection in a thread and lets `serve` have it.
pub(crate) fn serve_once<T: Send + 'static>(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    serve: impl FnOnce(Stream) -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    thread::spawn(move || serve(accept(&listener, &config)))
}

/// Sends `output` and receives until the end, both at once; renews the keys of both directions
/// after every `renew` bytes received, if that is not 0. What was received.
pub(crate) fn both_ways(stream: Stream, output: &[u8], renew: usize) -> Vec<u8> {
    let (mut tls, tcp) = (stream.conn, stream.sock);
    tcp.set_nonblocking(true).unwrap();
    tls.set_buffer_limit(Some(64 * 1024));
    let (mut sent, mut input, mut renewed, mut ended) = (0, Vec::new(), 0, false);
    while !ended || sent < output.len() || tls.wants_write() {
        sent += match tls.writer().write(&output[sent..output.len().min(sent + 5000)]) {
            Ok(n) => n,
            Err(error) => panic!("{error}"),
        };
        let blocked_writing = tls.wants_write() && would_block(tls.write_tls(&mut &tcp)).is_none();
        let mut blocked_reading = true;
        if !ended {
            match would_block(tls.read_tls(&mut &tcp)) {
                Some(0) => ended = true,
                Some(_) => blocked_reading = false,
                None => {}
            }
            ended |= tls.process_new_packets().unwrap().peer_has_closed();
            let before = input.len();
            would_block(tls.reader().read_to_end(&mut input));
            blocked_reading &= input.len() == before;
            if renew > 0 && input.len() - renewed >= renew {
                renewed = input.len();
                tls.refresh_traffic_keys().unwrap();
            }
        }
        if blocked_reading && (blocked_writing || !tls.wants_write() && sent == output.len()) {
            let socket = tcp.as_raw_fd();
            let (readable, writable) = (!ended, blocked_writing);
            let watch = Ready { socket, readable, writable, ready: false };
            if readable || writable {
                wait::wait_ready(&mut [watch], None, &[]).unwrap();
            }
        }
    }
    tls.send_close_notify();
    while tls.wants_write() {
        would_block(tls.write_tls(&mut &tcp));
    }
    let _ = tcp.shutdown(Shutdown::Write);
    input
}

fn would_block<T>(result: std::io::Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => panic!("{error}"),
    }
}
