//! The cluster against the real programs: made, adopted, killed, refused, stopped.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::control;
use super::error::ClusterError;
use super::home::Home;
use super::private::{Connection, PrivateCluster};

/// A folder that the user `postgres` can reach.
fn reachable() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("rights");
    folder
}

fn data_of(local: &Path) -> PathBuf {
    Home::known(local).expect("readable").expect("made").data()
}

async fn ask(connection: &Connection, question: &str) -> String {
    let (client, driver) = tokio_postgres::connect(&connection.url("postgres"), tokio_postgres::NoTls)
        .await
        .expect("a connection");
    let driver = tokio::spawn(driver);
    let row = client.query_one(question, &[]).await.expect("an answer");
    drop(client);
    driver.await.expect("no panic").expect("a clean end");
    row.get(0)
}

#[tokio::test]
async fn a_cluster_is_made_once_adopted_after_a_kill_and_stopped() {
    let local = reachable();
    let first = PrivateCluster::open(local.path()).expect("the first start");
    assert!(!first.adopted());
    assert_eq!(ask(first.connection(), "SHOW data_checksums").await, "on");
    assert_eq!(ask(first.connection(), "SHOW listen_addresses").await, "127.0.0.1");
    assert_eq!(ask(first.connection(), "SHOW jit").await, "off");
    let port = first.connection().port();

    let refused = PrivateCluster::open(local.path()).expect_err("it has an owner");
    assert!(
        matches!(refused, ClusterError::InUse { ref holder, .. } if *holder == std::process::id().to_string())
    );

    first.abandon();
    let second = PrivateCluster::open(local.path()).expect("adopted");
    assert!(second.adopted());
    assert_eq!(second.connection().port(), port);
    assert_eq!(
        Connection::of(local.path()).expect("readable").expect("known").url("x"),
        second.connection().url("x")
    );

    let data = data_of(local.path());
    let postmaster = control::postmaster(&data).expect("it runs");
    assert!(Command::new("kill").args(["-9", &postmaster.to_string()]).status().expect("kill").success());
    // The signal is sent; the process may live for another moment, and would be adopted.
    control::wait_for_leftovers(&data).expect("killed");
    second.abandon();
    let third = PrivateCluster::open(local.path()).expect("started after a crash");
    assert_eq!(third.connection().port(), port);
    assert_eq!(ask(third.connection(), "SELECT 'there'::text").await, "there");
    third.stop().expect("stopped");
    assert_eq!(control::postmaster(&data), None);
}

#[tokio::test]
async fn a_pid_file_that_names_a_foreign_process_does_not_keep_it_from_starting() {
    let local = reachable();
    PrivateCluster::open(local.path()).expect("the first start").stop().expect("stopped");
    let data = data_of(local.path());
    let stale = format!("{}\n{}\n", std::process::id(), data.display());
    std::fs::write(data.join("postmaster.pid"), stale).expect("a stale file");
    let cluster = PrivateCluster::open(local.path()).expect("started");
    assert!(!cluster.adopted());
    assert_eq!(ask(cluster.connection(), "SELECT 'there'::text").await, "there");
    drop(cluster);
    assert_eq!(control::postmaster(&data), None, "dropping it stops it");
}

#[tokio::test]
async fn the_password_is_asked_for_and_is_nobody_elses_to_read() {
    let local = reachable();
    let cluster = PrivateCluster::open(local.path()).expect("the first start");
    let home = Home::known(local.path()).expect("readable").expect("made");
    let rights = std::fs::metadata(home.password_file()).expect("a password").permissions().mode();
    assert_eq!(rights & 0o777, 0o600);
    let wrong = format!("postgres://postgres:wrong@127.0.0.1:{}/postgres", cluster.connection().port());
    let refused = tokio_postgres::connect(&wrong, tokio_postgres::NoTls).await.err().expect("refused");
    assert_eq!(refused.code(), Some(&tokio_postgres::error::SqlState::INVALID_PASSWORD));
    assert!(!format!("{:?}", cluster.connection()).contains(&cluster.connection().url("")));
    cluster.stop().expect("stopped");
}

#[test]
fn a_folder_that_its_user_cannot_reach_holds_a_file_that_says_where_the_data_is() {
    let local = tempfile::tempdir().expect("a folder nobody else may enter");
    let home =
        Home::find_or_make(local.path(), super::account::Account::find().expect("known")).expect("a home");
    let marker = local.path().join("pg");
    if marker.is_file() {
        let written = std::fs::read_to_string(&marker).expect("readable");
        assert_eq!(Path::new(written.trim()), home.folder());
        assert!(home.folder().starts_with("/var/lib/chajipoa"));
        std::fs::remove_dir_all(home.folder()).expect("cleaned up");
    } else {
        assert_eq!(home.folder(), marker.canonicalize().expect("inside"));
    }
}
