//! The menu on any phone: what a caller sees, and what comes of it in the ledger.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use command_api::Settings;
use serde_json::{Value, json};

use crate::harness::{ADMIN, Answered, Asker, City, Place, Serves, customer, id, rich_customer};

const PHONE: &str = "+255712000001";

/// A phone in a session, as the gateway speaks for it.
struct Dialler<'a, S> {
    asker: &'a Asker<S>,
    phone: String,
    session: String,
}

fn form(members: &[(&str, &str)]) -> String {
    let encoded =
        |text: &str| text.replace('%', "%25").replace('+', "%2B").replace('&', "%26").replace(' ', "+");
    members.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

async fn gateway<S: Serves>(asker: &Asker<S>, from: &str, body: String) -> Answered {
    let request = TestRequest::with_uri("/api/v1/ussd").method(Method::POST).set_payload(body);
    asker.call(request.peer_addr(format!("{from}:4000").parse().unwrap())).await
}

impl<'a, S: Serves> Dialler<'a, S> {
    fn new(asker: &'a Asker<S>, phone: &str) -> Self {
        Self { asker, phone: phone.to_owned(), session: format!("ATUid_{}", id().simple()) }
    }

    /// The screen after these inputs.
    async fn dial(&self, text: &str) -> String {
        let body = form(&[
            ("sessionId", &self.session),
            ("phoneNumber", &self.phone),
            ("networkCode", "64004"),
            ("serviceCode", "*149*46#"),
            ("text", text),
        ]);
        gateway(self.asker, "127.0.0.1", body).await.expect(200).text
    }
}

async fn code_of(place: &Place, api: &command_api::CommandApi, city: &City) -> String {
    let asker = place.site(api).await;
    let code = format!("K-{}", city.station.simple().to_string().split_at(8).0).to_uppercase();
    let data = json!({"code": code, "name": "Kariakoo Sokoni", "latitude": -6.8, "longitude": 39.27, "slots": 10,
        "release_mode": "instant"});
    let station =
        asker.command(ADMIN, "RegisterStation", data).await.expect(201).json()["result"]["station_id"]
            .clone();
    let device = id();
    let serial = format!("PB-{}", device.simple());
    asker.command(ADMIN, "RegisterDevice", json!({"device_id": device, "serial": serial})).await.expect(201);
    let dock = json!({"device_id": device, "station_id": station, "slot": 3, "battery_percent": 90});
    asker.command(ADMIN, "DockDevice", dock).await.expect(201);
    code
}

#[actix_web::test]
async fn somebody_new_registers_once_and_speaks_the_language_they_chose() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let phone = Dialler::new(&asker, PHONE);
    assert!(phone.dial("").await.starts_with("CON Karibu ChajiPoa!"));
    assert!(phone.dial("3").await.starts_with("CON Welcome to ChajiPoa!"));
    assert_eq!(place.events("CustomerRegistered").await, 0, "nobody is registered who was not asked");
    for _ in 0..2 {
        assert_eq!(phone.dial("3*1").await, "END You are registered. Dial again to deposit and rent.");
    }
    let counts = (place.events("CustomerRegistered").await, place.events("CustomerVerified").await);
    assert_eq!(counts, (1, 1));
    let again = Dialler::new(&asker, "0712000001");
    assert!(again.dial("").await.starts_with("CON ChajiPoa\n1 Balance\n"));
    assert!(again.dial("1").await.starts_with("CON Balance: TSh 0\nDebt: TSh 0\nBill number: 8"));
    assert_eq!(again.dial("7*1").await, "END Sasa tunaongea Kiswahili.");
    assert!(again.dial("20*1").await.starts_with("CON Salio: TSh 0"), "somebody dials deep");
}

#[actix_web::test]
async fn a_deposit_is_asked_for_once_however_often_the_gateway_asks() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    rich_customer(&asker, 12_000_001).await;
    let phone = Dialler::new(&asker, PHONE);
    assert!(phone.dial("2").await.contains("2 TSh 10,000"));
    assert!(phone.dial("2*2").await.starts_with("CON Lipa TSh 10,000 kwa:\n1 Mixx by Yas\n"));
    let before = place.events("PaymentInitiated").await;
    for _ in 0..3 {
        assert!(phone.dial("2*2*2").await.starts_with("END Utapata ombi la M-Pesa kulipa TSh 10,000."));
    }
    assert_eq!(place.events("PaymentInitiated").await, before + 1);
    Dialler::new(&asker, PHONE).dial("2*2*2").await;
    assert_eq!(place.events("PaymentInitiated").await, before + 2, "another session is another deposit");
}

#[actix_web::test]
async fn a_bank_is_found_rented_looked_at_and_lost() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let city = City::build(&asker, "instant", 0).await;
    let code = code_of(&place, &api, &city).await;
    rich_customer(&asker, 12_000_001).await;
    let phone = Dialler::new(&asker, PHONE);
    let found = phone.dial(&format!("3*{}", code.to_lowercase())).await;
    assert_eq!(
        found,
        format!("CON Kariakoo Sokoni\n{code}\nPowerbank: 1\nNafasi wazi: 9\n1 Kodi hapa\n0 Rudi")
    );
    assert!(phone.dial("3*NOWHERE").await.starts_with("CON Si sahihi, jaribu tena.\nAndika namba ya kituo"));
    assert!(phone.dial("5").await.starts_with("CON Huna powerbank"));
    assert!(phone.dial("6").await.starts_with("CON Huna powerbank"));
    assert_eq!(phone.dial("6*1").await, "END Huna powerbank uliyokodi.");

    let slots = phone.dial(&format!("4*{code}")).await;
    assert_eq!(slots, "CON Kariakoo Sokoni. Andika namba ya nafasi yenye powerbank:\n3\n0 Rudi");
    let refused = phone.dial(&format!("4*{code}*4")).await;
    assert!(refused.starts_with("CON Nafasi hiyo haina powerbank ya kukodi.\n"), "{refused}");
    for _ in 0..2 {
        let rented = phone.dial(&format!("4*{code}*4*3")).await;
        assert_eq!(rented, "END Chukua powerbank kwenye nafasi 3. Muda umeanza. Asante!");
    }
    assert_eq!(place.events("RentalStarted").await, 1);
    let second = Dialler::new(&asker, PHONE).dial(&format!("4*{code}*3")).await;
    assert!(
        second.starts_with("END Una powerbank") || second.starts_with("CON Nafasi hiyo haina"),
        "{second}"
    );

    let again = Dialler::new(&asker, PHONE);
    let running = again.dial("5").await;
    assert!(
        running.starts_with("CON Tangu ") && running.contains("\nHadi sasa TSh 0\nRudisha kabla ya "),
        "{running}"
    );
    assert!(again.dial("6").await.starts_with("CON Powerbank iliyopotea inagharimu TSh 45,000"));
    assert_eq!(place.events("RentalSold").await, 0, "it is asked first");
    for _ in 0..2 {
        assert!(again.dial("6*1").await.starts_with("END Tumepokea."));
    }
    assert_eq!(place.events("RentalSold").await, 1);
    assert!(Dialler::new(&asker, PHONE).dial("1").await.contains("Deni: TSh 25,000"));
}

#[actix_web::test]
async fn what_a_rule_refuses_is_said_in_words() {
    let place = Place::new().await;
    let api = place.api().await;
    let asker = place.site(&api).await;
    let city = City::build(&asker, "instant", 0).await;
    let code = code_of(&place, &api, &city).await;
    let phone = Dialler::new(&asker, PHONE);
    phone.dial("1").await;
    let poor = Dialler::new(&asker, PHONE).dial(&format!("4*{code}*3")).await;
    assert_eq!(poor, "END Salio halitoshi kwa amana. Weka pesa kwanza.");
    let asha = rich_customer(&asker, 12_000_002).await;
    asker.command(ADMIN, "SuspendCustomer", json!({"customer_id": asha})).await.expect(201);
    let barred = Dialler::new(&asker, "+255712000002").dial(&format!("4*{code}*3")).await;
    assert_eq!(barred, "END Akaunti yako imesimamishwa. Wasiliana nasi.");
    let profile =
        asker.ask(customer(asha), Method::GET, "/api/v1/users/profile", Value::Null).await.expect(200);
    assert!(profile.json()["bill_number"].as_str().is_some_and(|bill| bill.starts_with('8')));
}

#[actix_web::test]
async fn only_the_gateway_asks_and_only_in_its_form() {
    let place = Place::new().await;
    let settings = Settings { ussd_allowed: "196.201.214.0/24".parse().unwrap(), ..Settings::default() };
    let api = place.api_with(settings).await;
    let asker = place.site(&api).await;
    let good = || form(&[("sessionId", "s"), ("phoneNumber", PHONE), ("text", "")]);
    gateway(&asker, "196.201.214.9", good()).await.expect(200);
    for from in ["196.201.215.9", "127.0.0.1", "[::1]"] {
        assert_eq!(gateway(&asker, from, good()).await.expect(403).code(), "forbidden");
    }
    for bad in [
        String::new(),
        form(&[("sessionId", "s"), ("text", "")]),
        form(&[("phoneNumber", PHONE), ("text", "")]),
        form(&[("sessionId", "s"), ("phoneNumber", "+254712000001"), ("text", "")]),
        form(&[("sessionId", ""), ("phoneNumber", PHONE)]),
        form(&[("sessionId", "s"), ("phoneNumber", PHONE), ("text", &"1*".repeat(50))]),
        form(&[("sessionId", "s"), ("phoneNumber", PHONE), ("text", &"1".repeat(401))]),
        json!({"sessionId": "s", "phoneNumber": PHONE}).to_string(),
    ] {
        let answered = gateway(&asker, "196.201.214.9", bad.clone()).await.expect(400);
        assert_eq!(answered.code(), "malformed", "{bad}");
    }
    gateway(&asker, "196.201.214.9", "x".repeat(9_000)).await.expect(413);
}
