use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;

use super::{PgVectorOptions, encryption};
use crate::{Error, Result};

/// Connections to a database, and the words for what goes wrong with them.
#[derive(Clone)]
pub(super) struct Database {
    pool: Pool,
    /// Where it is, without user and password.
    place: Arc<str>,
    timeout: Duration,
}

impl Database {
    /// Nothing is connected yet.
    pub(super) fn new(url: &str, options: &PgVectorOptions) -> Result<Self> {
        // Not the parser's reason: it may quote the password.
        let mut config: Config = url.parse().map_err(|_may_tell_the_password| {
            let message = "expected `postgresql://USER:PASSWORD@HOST/DATABASE` or `name=value` pairs";
            Error::invalid("URL of PostgreSQL", message)
        })?;
        let place = Arc::from(place(&config));
        config.ssl_mode(encryption::mode(&config));
        let encryption = encryption::connector(options.certificate.as_deref())?;
        if config.get_application_name().is_none() {
            config.application_name("rushlight");
        }
        let settings: Arc<str> = Arc::from(settings(options));
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config, encryption, recycling);
        let pool = Pool::builder(manager)
            .max_size(options.connections)
            .runtime(Runtime::Tokio1)
            .timeouts(deadpool_postgres::Timeouts {
                wait: Some(options.timeout),
                create: Some(options.timeout),
                recycle: Some(options.timeout),
            })
            .post_create(Hook::async_fn(move |client, _metrics| {
                let settings = Arc::clone(&settings);
                Box::pin(async move { client.batch_execute(&settings).await.map_err(HookError::Backend) })
            }))
            .build()
            .map_err(|error| Error::Foreign { what: "PostgreSQL".to_owned(), source: error.into() })?;
        Ok(Self { pool, place, timeout: options.timeout })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) async fn client(&self) -> Result<Client> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(_) => self.timeout(),
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                self.failed(error)
            }
            error => self.refused(error),
        })
    }

    /// A connection that is closed after its use: its settings are those of a database without pgvector.
    pub(super) async fn fresh_client(&self) -> Result<deadpool_postgres::ClientWrapper> {
        self.client().await.map(Object::take)
    }

    pub(super) fn failed(&self, error: tokio_postgres::Error) -> Error {
        match error.code() {
            Some(&SqlState::QUERY_CANCELED) => self.timeout(),
            _ => self.refused(error),
        }
    }

    pub(super) fn refused(&self, source: impl Into<crate::error::Source>) -> Error {
        Error::Foreign { what: format!("PostgreSQL at `{}`", self.place), source: source.into() }
    }

    fn timeout(&self) -> Error {
        Error::Timeout { what: "PostgreSQL", after: self.timeout }
    }
}

/// What every connection is told. Since 0.8 the graph is searched on until the filter has let enough rows through.
fn settings(options: &PgVectorOptions) -> String {
    let PgVectorOptions { ef, timeout, .. } = options;
    format!(
        "SET statement_timeout = {}; SET hnsw.ef_search = {ef}; \
         SELECT set_config('hnsw.iterative_scan', 'relaxed_order', false) FROM pg_extension \
         WHERE extname = 'vector' AND string_to_array(extversion, '.')::int[] >= '{{0,8}}'",
        timeout.as_millis()
    )
}

/// `HOST/DATABASE`.
fn place(config: &Config) -> String {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    });
    let hosts: Vec<String> = hosts.collect();
    let database = config.get_dbname().or(config.get_user()).unwrap_or("?");
    format!("{}/{database}", hosts.join(","))
}
