//! Every route of the published document, as every role, on what is theirs, what is not, and what is not there. What
//! is expected is written by hand, in `matrix.table`.
//!
//! A route without a line, a line without a route, and a path that is mounted and not documented fail the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use edge::Role;
use serde_json::Value;
use tests::harness::ADMIN;

use crate::matrix_scene::Scene;
use crate::matrix_stage::{ASKERS, Asker, Question, Stage, Whose, filled};

const ROUTES: &str = include_str!("matrix.table");

/// A status, and a code if it matters which.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Expected {
    status: u16,
    code: Option<String>,
}

impl Expected {
    fn parse(text: &str) -> Self {
        let (status, code) = text.split_once(':').map_or((text, None), |(status, code)| (status, Some(code)));
        let status = status.parse().unwrap_or_else(|_| panic!("{text} is no status"));
        let usual = match status {
            401 => Some("unauthorized"),
            403 => Some("forbidden"),
            _ => None,
        };
        Self { status, code: code.or(usual).map(str::to_owned) }
    }
}

/// A cell: what is expected of each relation that is tried.
fn cell(text: &str) -> Vec<(Whose, Expected)> {
    let parts: Vec<Expected> = text.split('/').map(Expected::parse).collect();
    match &parts[..] {
        [all] => [Whose::Absent, Whose::Foreign, Whose::Own].map(|whose| (whose, all.clone())).to_vec(),
        [there, absent] => vec![(Whose::Absent, absent.clone()), (Whose::Own, there.clone())],
        [own, foreign, absent] => {
            vec![
                (Whose::Absent, absent.clone()),
                (Whose::Foreign, foreign.clone()),
                (Whose::Own, own.clone()),
            ]
        }
        _ => panic!("{text} is no cell"),
    }
}

/// `GET /health` with a cell for each asker.
fn table() -> BTreeMap<String, Vec<String>> {
    let mut table = BTreeMap::new();
    for line in ROUTES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let cells: Vec<String> = match &words[2..] {
            [all] => ASKERS.map(|_| all.trim_start_matches('*').to_owned()).to_vec(),
            cells => cells.iter().map(|&cell| cell.to_owned()).collect(),
        };
        assert_eq!(cells.len(), ASKERS.len(), "{line}");
        assert!(table.insert(format!("{} {}", words[0], words[1]), cells).is_none(), "twice: {line}");
    }
    table
}

/// `GET /health` with what the document says of it.
fn documented(document: &Value) -> BTreeMap<String, Value> {
    let mut routes = BTreeMap::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item") {
            if ["get", "put", "post", "delete", "patch", "head", "options"].contains(&method.as_str()) {
                routes.insert(format!("{} {path}", method.to_uppercase()), operation.clone());
            }
        }
    }
    routes
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_for_whom_the_table_says_and_what_is_foreign_looks_absent() {
    let stage = Stage::set().await;
    let routes = documented(&stage.document().await);
    let table = table();
    let (there, listed): (BTreeSet<_>, BTreeSet<_>) = (routes.keys().collect(), table.keys().collect());
    assert_eq!(there, listed, "the table lists exactly the documented routes");

    let shared = Scene::set(&stage.client).await;
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (route, cells) in &table {
        let (method, _) = route.split_once(' ').expect("a method");
        for (asker, text) in ASKERS.into_iter().zip(cells) {
            let cell = cell(text);
            // Who may change something has something of their own to change.
            let changes = method != "GET" && cell.iter().any(|(_, expected)| expected.status < 300);
            let fresh = if changes { Some(Scene::set(&stage.client).await) } else { None };
            let scene = fresh.as_ref().unwrap_or(&shared);
            let mut looks = Vec::new();
            for (whose, expected) in cell {
                let question = stage.question(route, asker, whose, scene);
                let mut reply = stage.ask(method, asker, question, scene.position).await;
                tried += 1;
                let right = reply.status == expected.status
                    && expected.code.as_deref().is_none_or(|code| reply.code() == Some(code));
                if !right {
                    let said = serde_json::to_string(&reply.body).unwrap_or_default();
                    let said: String = said.chars().take(300).collect();
                    wrong.push(format!(
                        "{route} as {asker:?}, {whose:?}: {expected:?}, not {} {said}",
                        reply.status
                    ));
                }
                reply.body.remove("request_id");
                if reply.status == 404 {
                    looks.push(reply.body);
                }
            }
            if looks.iter().any(|look| look != &looks[0]) {
                wrong.push(format!("{route} as {asker:?}: foreign and absent differ: {looks:?}"));
            }
        }
    }
    println!("{tried} requests");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the document says of the roles is what the table says.
#[tokio::test(flavor = "multi_thread")]
async fn the_document_names_the_roles_that_may() {
    let stage = Stage::set().await;
    let document = stage.document().await;
    let mut wrong = Vec::new();
    let table = table();
    for (route, operation) in documented(&document) {
        let Some(cells) = table.get(&route) else { continue };
        let said: BTreeSet<String> = operation["security"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|requirement| requirement["bearer"].as_array())
            .flatten()
            .filter_map(|role| role.as_str().map(str::to_owned))
            .filter(|role| role != "system")
            .collect();
        let public = cells[0] != "401";
        // Each command is for roles of its own.
        if public || route.contains(" /api/v1/commands") {
            continue;
        }
        let may: BTreeSet<String> = ASKERS
            .into_iter()
            .zip(cells)
            .filter_map(|(asker, cell)| match asker {
                Asker::As(role) if !cell.starts_with("403") => Some(role.as_str().to_owned()),
                Asker::As(_) | Asker::Nobody | Asker::Forger => None,
            })
            .collect();
        if said != may {
            wrong.push(format!("{route}: the document says {said:?}, the table {may:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A method that is not documented is not served, and a path that is mounted is documented.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_served_that_is_not_documented() {
    let stage = Stage::set().await;
    let document = stage.document().await;
    let routes = documented(&document);
    let scene = Scene::set(&stage.client).await;
    let paths: BTreeSet<&str> = routes.keys().filter_map(|route| Some(route.split_once(' ')?.1)).collect();
    for path in &paths {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            if routes.contains_key(&format!("{method} {path}")) {
                continue;
            }
            let path = filled(path, Asker::As(Role::Admin), Whose::Own, &scene);
            let question = Question { path: path.clone(), body: Some("{}".to_owned()), who: Some(ADMIN) };
            let reply = stage.ask(method, Asker::As(Role::Admin), question, 0).await;
            assert!([404, 405].contains(&reply.status), "{method} {path}: {}", reply.status);
        }
    }
    let mounted = mounted();
    assert!(mounted.len() > 30, "{mounted:?}");
    let hidden: Vec<_> = mounted.iter().filter(|path| !paths.contains(path.as_str())).collect();
    // The page of the document itself.
    assert_eq!(hidden, ["/docs", "/docs/{_:.*}"], "mounted and not documented");
}

/// Every path in the files that mount something.
fn mounted() -> BTreeSet<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = [
        "command-api/src/routes.rs",
        "query-api/src/operations/mod.rs",
        "query-api/src/documents.rs",
        "edge/src/http/server.rs",
        "edge/src/monitoring.rs",
    ];
    let mut found = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(root.join(file)).expect(file);
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for mount in ["resource(", "get(", "SwaggerUi::new(", "route("] {
            for after in code.split(mount).skip(1) {
                let Some(path) = after.trim_start().strip_prefix("\"/") else { continue };
                found.insert(format!("/{}", path.split('"').next().unwrap_or_default()));
            }
        }
    }
    found
}
