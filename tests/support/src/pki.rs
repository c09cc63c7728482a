//! A certification authority made at test time, and the server certificates it gives out.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, SupportedProtocolVersion};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The names that the good certificate is valid for.
pub const GOOD_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What is right or wrong with a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Signed by the CA, for the names of [`GOOD_NAMES`], valid now.
    Good,
    /// Signed by the CA, but its time ended in 2021.
    Expired,
    /// Signed by itself.
    SelfSigned,
    /// Signed by the CA, for `wrong.example` only.
    WrongName,
    /// Signed by a CA that nobody was told of.
    UnknownCa,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Good, Self::Expired, Self::SelfSigned, Self::WrongName, Self::UnknownCa];

    /// A short name, used for files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Expired => "expired",
            Self::SelfSigned => "selfsigned",
            Self::WrongName => "wrongname",
            Self::UnknownCa => "unknownca",
        }
    }
}

/// A certificate with its private key.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate in PEM form.
    pub cert_pem: String,
    /// The private key in PEM form (PKCS #8).
    pub key_pem: String,
    cert_der: CertificateDer<'static>,
    key_der: Vec<u8>,
}

impl Identity {
    /// Writes `NAME.pem` and `NAME.key` into `dir`, for servers that read files.
    pub fn write(&self, dir: &Path, name: &str) -> std::io::Result<()> {
        std::fs::write(dir.join(format!("{name}.pem")), &self.cert_pem)?;
        std::fs::write(dir.join(format!("{name}.key")), &self.key_pem)
    }

    /// A rustls server configuration for TLS 1.2 and 1.3.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        self.server_config_for(rustls::ALL_VERSIONS)
    }

    /// The same for some TLS versions only.
    pub fn server_config_for(
        &self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key_der.clone()));
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("TLS versions")
            .with_no_client_auth()
            .with_single_cert(vec![self.cert_der.clone()], key)
            .expect("certificate and key");
        Arc::new(config)
    }
}

/// The CA and one identity of every [`Kind`].
pub struct Pki {
    ca: CertifiedIssuer<'static, KeyPair>,
    unknown_ca: CertifiedIssuer<'static, KeyPair>,
    good_names: Vec<String>,
}

impl Default for Pki {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Pki {
    /// Makes new keys. The good certificate is valid for `more_names` too.
    pub fn new(more_names: &[&str]) -> Self {
        let good_names = GOOD_NAMES.iter().chain(more_names).map(|name| (*name).into()).collect();
        Self { ca: authority("Test CA"), unknown_ca: authority("Unknown CA"), good_names }
    }

    /// The certificate of the CA that clients are to trust.
    pub fn ca_pem(&self) -> String {
        self.ca.pem()
    }

    /// Makes a server certificate.
    pub fn identity(&self, kind: Kind) -> Identity {
        let names = match kind {
            Kind::WrongName => vec!["wrong.example".to_owned()],
            _ => self.good_names.clone(),
        };
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name.push(DnType::CommonName, format!("openck test {}", kind.name()));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(if kind == Kind::Expired { 2021 } else { 2100 }, 1, 1);
        let key = KeyPair::generate().expect("key");
        let cert = match kind {
            Kind::SelfSigned => params.self_signed(&key),
            Kind::UnknownCa => params.signed_by(&key, &self.unknown_ca),
            _ => params.signed_by(&key, &self.ca),
        }
        .expect("certificate");
        Identity {
            cert_pem: cert.pem(),
            key_pem: key.serialize_pem(),
            cert_der: cert.der().clone(),
            key_der: key.serialize_der(),
        }
    }

    /// Writes `ca.pem` into `dir` and returns its path.
    pub fn write_ca(&self, dir: &Path) -> std::io::Result<PathBuf> {
        let path = dir.join("ca.pem");
        std::fs::write(&path, self.ca_pem())?;
        Ok(path)
    }
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    let key = KeyPair::generate().expect("CA key");
    CertifiedIssuer::self_signed(params, key).expect("CA certificate")
}
