//! A database for each test, on the cluster that `CHAJIPOA_TEST_PG` names. The test programs of several crates share
//! this file.

use std::sync::atomic::{AtomicU32, Ordering};

use ledger::migrate::{self, RolePasswords, ServiceRole};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, Config, NoTls};

/// Migrated once; every test copies it.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A new database with the present schema. Returns where its owner connects.
pub(crate) async fn fresh() -> String {
    let template = TEMPLATE.get_or_init(make_template).await;
    let name = format!("{template}_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let admin = connect(&cluster_url()).await;
    admin.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await.unwrap();
    let owner_url = url_of(&name);
    migrate::run(&owner_url, &passwords()).await.unwrap();
    owner_url
}

/// Where a service connects to a database, with its own login.
pub(crate) fn url_for(owner_url: &str, role: ServiceRole) -> String {
    migrate::service_url(owner_url, role, passwords().of(role)).unwrap()
}

pub(crate) async fn connect(url: &str) -> Client {
    let config: Config = url.parse().unwrap();
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn make_template() -> String {
    let program = env!("CARGO_PKG_NAME").replace('-', "_");
    let name = format!("{program}_it_{}", std::process::id());
    let admin = connect(&cluster_url()).await;
    admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await.unwrap();
    admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    migrate::run(&url_of(&name), &passwords()).await.unwrap();
    name
}

fn cluster_url() -> String {
    std::env::var("CHAJIPOA_TEST_PG").expect(
        "CHAJIPOA_TEST_PG is not set: run `make test`, or start a test cluster with `scripts/pg.sh` and export \
         the superuser URL that it prints",
    )
}

fn url_of(database: &str) -> String {
    let cluster = cluster_url();
    let (scheme, rest) = cluster.split_once("://").expect("CHAJIPOA_TEST_PG is a URL");
    let authority = rest.split('/').next().unwrap();
    format!("{scheme}://{authority}/{database}")
}

/// The same for every test program: roles belong to the cluster.
fn passwords() -> RolePasswords {
    let password = "only-for-tests".to_owned();
    RolePasswords {
        command: password.clone(),
        relay: password.clone(),
        projector: password.clone(),
        query: password.clone(),
        reactor: password.clone(),
        analyst: password,
    }
}
