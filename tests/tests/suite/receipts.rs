//! Rating a city's ledger again, and checking its receipts with the tool alone.

use std::path::Path;

use serde_json::{Value, json};
use tests::harness::{ADMIN, Place};
use uuid::Uuid;

use crate::journey::Up;
use crate::simulate::simulate;

/// Runs the tool; its exit code and what it said.
async fn tool(place: &Place, arguments: &[&str]) -> (i32, String) {
    let spec = place.spec(arguments, &place.database.owner_url).env("RUST_LOG", "off");
    let (status, said) = tokio::task::spawn_blocking(move || spec.run()).await.unwrap();
    (status.code().expect("an exit code"), said)
}

async fn tool_json(place: &Place, arguments: &[&str]) -> (i32, Value) {
    let (code, said) = tool(place, arguments).await;
    (code, serde_json::from_str(said.trim()).unwrap_or_else(|_| panic!("{said}")))
}

/// One rental of each kind of last event that there is.
async fn rentals(place: &Place, kind: &str) -> Vec<Uuid> {
    let all = "SELECT DISTINCT stream_ids[1] FROM ledger.event WHERE type = $1 LIMIT 3";
    let rows = place.database.owner().await.query(all, &[&kind]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citys_ledger_rates_the_same_again_and_its_receipts_hold_offline() {
    let up = Up::with_reactor().await;
    simulate(&up, 400, 11).await;
    let (code, again) = tool_json(&up.place, &["rerate", "--json"]).await;
    assert_eq!((code, &again["differences"], &again["found"]), (0, &json!(0), &json!([])), "{again}");
    assert!(again["charges"].as_u64().unwrap() >= 300, "{again}");

    what_if(&up.place).await;
    receipts(&up).await;
    altered(&up.place).await;
}

/// The standard tariff earned what is recorded; twice the price earned more, by every station and day.
async fn what_if(place: &Place) {
    let file = place.data().join("tariff.toml");
    let file = file.to_str().unwrap();
    std::fs::write(file, "name = \"As it is\"\n").unwrap();
    let (code, same) = tool_json(place, &["rerate", "--tariff", file, "--json"]).await;
    assert_eq!((code, &same["total"]["difference"]["total"]), (0, &json!(0)), "{}", same["total"]);
    assert_eq!(same["total"]["old"], same["total"]["new"]);
    std::fs::write(file, "unit_price = 1000\ndaily_cap = 10000\n").unwrap();
    let (code, dearer) = tool_json(place, &["rerate", "--tariff", file, "--json"]).await;
    assert_eq!(code, 0);
    let cells = dearer["by_station_and_day"].as_array().unwrap();
    let sum = |field: &str| cells.iter().map(|cell| cell[field].as_i64().unwrap()).sum::<i64>();
    assert_eq!(json!(sum("old_total")), dearer["total"]["old"]["total"]);
    assert_eq!(json!(sum("new_total")), dearer["total"]["new"]["total"]);
    assert!(sum("difference") > 0 && cells.iter().all(|cell| cell["station"].is_string()), "{dearer}");
    let (code, table) = tool(place, &["rerate", "--tariff", file, "--csv"]).await;
    assert_eq!((code, table.lines().count()), (0, cells.len() + 1), "{table}");
    assert!(table.starts_with("station_id,station,day,rentals,"), "{table}");
    std::fs::write(file, "unit_prise = 1000\n").unwrap();
    let (code, said) = tool(place, &["rerate", "--tariff", file]).await;
    assert!(code == 2 && said.contains("unit_prise is no field of a tariff"), "{code}: {said}");
}

async fn receipts(up: &Up) {
    let (_, keys) = tool_json(&up.place, &["keys", "checkpoint", "--json"]).await;
    let key = keys["keys"][0].as_str().unwrap();
    let file = up.place.data().join("receipt.json");
    let mut checked = 0;
    for kind in ["RentalEnded", "RentalSold", "DeviceRecovered", "RentalCorrected"] {
        for rental in rentals(&up.place, kind).await {
            let receipt =
                up.client.get(ADMIN, &format!("/api/v1/rentals/{rental}/receipt")).await.expect(200);
            std::fs::write(&file, &receipt.text).unwrap();
            let (code, said) = verified(&up.place, &file, key).await;
            assert_eq!((code, &said["holds"]), (0, &json!(true)), "{kind}: {said}");
            assert_eq!(said["proved"]["bill"]["rental_id"], json!(rental));
            checked += 1;
        }
    }
    assert!(checked >= 4, "{checked}");
    // One byte of the figures, one of a payload, one of the checkpoint.
    let text = std::fs::read_to_string(&file).unwrap();
    for word in ["\"total\":", "\"payload\":\"", "\"checkpoint\":\"chajipoa/"] {
        let mut bytes = text.clone().into_bytes();
        let at = text.find(word).unwrap() + word.len();
        bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
        std::fs::write(&file, &bytes).unwrap();
        let (code, said) = verified(&up.place, &file, key).await;
        assert_eq!((code, &said["holds"]), (1, &json!(false)), "{word}: {said}");
    }
    assert_eq!(tool(&up.place, &["receipt", "verify", file.to_str().unwrap(), "--key", "none"]).await.0, 2);
    assert_eq!(tool(&up.place, &["receipt", "verify", "/nowhere", "--key", key]).await.0, 2);
}

async fn verified(place: &Place, file: &Path, key: &str) -> (i32, Value) {
    tool_json(place, &["receipt", "verify", file.to_str().unwrap(), "--key", key, "--json"]).await
}

/// The database's owner alters one charge.
async fn altered(place: &Place) {
    let owner = place.database.owner().await;
    let last = "SELECT position FROM ledger.event WHERE type = 'RentalEnded' \
        AND convert_from(payload, 'UTF8') LIKE '%\"total\":500,%' ORDER BY position DESC LIMIT 1";
    let position: i64 = owner.query_one(last, &[]).await.unwrap().get(0);
    let partition = "SELECT tableoid::regclass::text FROM ledger.event WHERE position = $1";
    let partition: String = owner.query_one(partition, &[&position]).await.unwrap().get(0);
    let alter = format!(
        "ALTER TABLE ledger.event DISABLE TRIGGER USER; ALTER TABLE {partition} DISABLE TRIGGER USER; \
         UPDATE {partition} SET payload = \
         convert_to(replace(convert_from(payload, 'UTF8'), '\"total\":500,', '\"total\":501,'), 'UTF8') \
         WHERE position = {position}"
    );
    owner.batch_execute(&alter).await.unwrap();
    let (code, found) = tool_json(place, &["rerate", "--json"]).await;
    assert_eq!(
        (code, &found["found"][0]["position"], &found["found"][0]["what"]),
        (1, &json!(position), &json!("charge"))
    );
    assert_eq!(found["differences"], json!(1), "{}", found["found"]);
    let (code, said) = tool(place, &["rerate"]).await;
    assert!(code == 1 && said.contains(&format!("position {position}, rental ")), "{code}: {said}");
}
