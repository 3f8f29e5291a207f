//! The crate stays pure: its own manifest names nothing that waits, stores, sends, reads a clock or rolls dice.

use serde_json::Value;

/// Everything the domain may be built from.
const ALLOWED: [&str; 5] = ["chrono", "serde", "serde_json", "thiserror", "uuid"];

#[test]
fn the_domain_depends_on_no_runtime_database_network_clock_or_random_crate() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path", manifest])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let domain = packages.iter().find(|package| package["name"] == "domain").unwrap();
    for dependency in domain["dependencies"].as_array().unwrap() {
        let name = dependency["name"].as_str().unwrap();
        if dependency["kind"] == "dev" {
            continue;
        }
        assert!(ALLOWED.contains(&name), "the domain must not depend on {name}");
        let features: Vec<&str> =
            dependency["features"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        match name {
            "chrono" => {
                assert_eq!(dependency["uses_default_features"], false, "chrono's defaults read the clock");
                assert!(!features.iter().any(|feature| ["clock", "now"].contains(feature)), "{features:?}");
            }
            "uuid" => {
                assert!(
                    features.iter().all(|feature| *feature == "serde"),
                    "no feature that mints: {features:?}"
                );
            }
            _ => {}
        }
    }
}
