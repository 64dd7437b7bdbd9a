use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{Error, Result};

/// Encrypted to everything but this machine, unless the URL says something definite.
pub(super) fn mode(config: &Config) -> SslMode {
    match config.get_ssl_mode() {
        SslMode::Prefer if config.get_hosts().iter().all(is_local) => SslMode::Disable,
        SslMode::Prefer => SslMode::Require,
        definite => definite,
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

/// What encrypts connections: the server's certificate must be vouched for, by those in the file if there is one.
pub(super) fn connector(certificate: Option<&Path>) -> Result<MakeRustlsConnect> {
    let roots = match certificate {
        Some(path) => roots(path)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Foreign { what: "encryption".to_owned(), source: error.into() })?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

fn roots(path: &Path) -> Result<RootCertStore> {
    let damaged = |message: String| Error::Corrupt { path: path.to_owned(), message };
    let text = std::fs::read(path).map_err(|error| Error::io("read", path, error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| damaged(error.to_string()))?;
        roots.add(certificate).map_err(|error| damaged(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(damaged("expected at least one certificate in PEM, got none".to_owned()));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        for (url, expected) in [
            ("postgresql://u@localhost/d", SslMode::Disable),
            ("postgresql://u@127.0.0.1,[::1]/d", SslMode::Disable),
            ("host=/run/postgresql user=u", SslMode::Disable),
            ("postgresql://u@localhost/d?sslmode=require", SslMode::Require),
            ("postgresql://u@db.example/d", SslMode::Require),
            ("postgresql://u@localhost,db.example/d", SslMode::Require),
            ("postgresql://u@db.example/d?sslmode=disable", SslMode::Disable),
        ] {
            assert_eq!(mode(&url.parse().expect(url)), expected, "{url}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");

        let error = connector(Some(file.path())).err().expect("an empty file");

        assert!(error.to_string().contains("expected at least one certificate"), "{error}");
    }
}
