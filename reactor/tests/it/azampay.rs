//! The client over the wire: every shape of answer, one retry after a refused token, and never a second checkout.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::Money;
use domain::event::Provider;
use domain::phone::Phone;
use edge::FixedClock;
use reactor::{
    AzamPay, AzamPaySettings, Collection, Inquiry, PayOut, PayOutName, PublicKey, Reply, Standing,
};
use serde_json::{Value, json};

use crate::harness::zero;
use crate::provider::{AzamPayDouble, CHECKOUT, DISBURSE, Deed, INQUIRY, PAY_OUT_INQUIRY, TOKEN};

const OURS: &str = "0123456789abcdefghjkmnpqrs";

struct Wire {
    double: AzamPayDouble,
    clock: Arc<FixedClock>,
    client: AzamPay,
}

impl Wire {
    async fn new(change: impl FnOnce(&mut AzamPaySettings)) -> Self {
        let double = AzamPayDouble::start().await;
        let clock = Arc::new(FixedClock::at(zero()));
        let mut settings = AzamPaySettings::of_sandbox(&double.url);
        settings.patience = Duration::from_millis(300);
        change(&mut settings);
        let client = AzamPay::new(settings, clock.clone()).unwrap();
        Self { double, clock, client }
    }

    async fn collect(&self) -> Reply {
        self.collect_at(Provider::Mpesa).await
    }

    async fn collect_at(&self, provider: Provider) -> Reply {
        let payer = Phone::parse("0712345678").unwrap();
        let asked = Collection { payer: &payer, provider, amount: Money::tzs(5_000), external_id: OURS };
        self.client.collect(asked).await
    }

    async fn pay_out(&self) -> Reply {
        let to = Phone::parse("0682345678").unwrap();
        let paid = PayOut { to: &to, provider: Provider::Airtel, amount: Money::tzs(5_000), reference: OURS };
        self.client.pay_out(paid).await
    }
}

#[tokio::test]
async fn a_checkout_says_what_the_interface_has_for_every_wallet() {
    let wire = Wire::new(|_| {}).await;
    let names = [
        (Provider::Mpesa, "Mpesa"),
        (Provider::Mixx, "Tigo"),
        (Provider::Airtel, "Airtel"),
        (Provider::Halopesa, "Halopesa"),
        (Provider::Azampesa, "Azampesa"),
    ];
    for (provider, name) in names {
        let reply = wire.collect_at(provider).await;
        assert_eq!(reply, Reply::Accepted { transaction_id: Some(format!("AZM{OURS}")) });
        let asked = wire.double.asked(CHECKOUT).pop().unwrap();
        let body = json!({"accountNumber": "255712345678", "amount": 5000, "currency": "TZS", "externalId": OURS,
            "provider": name, "additionalProperties": {}});
        assert_eq!(asked.body, body);
        assert_eq!(asked.bearer.as_deref(), Some("token-1"));
    }
    let account = json!({"appName": "sandbox", "clientId": "sandbox", "clientSecret": "sandbox"});
    assert_eq!(wire.double.asked(TOKEN)[0].body, account);
}

#[tokio::test]
async fn every_answer_to_a_checkout_is_sent_once_and_understood() {
    let refused =
        json!({"success": false, "transactionId": "null", "messageCode": 1000, "message": "Invalid Vendor"});
    let problem = json!({"Errors": {"Amount": ["x"]}, "title": "One or more validation errors occurred."});
    let locked = json!({"data": null, "message": "locked", "success": false, "statusCode": 423});
    let told = Arc::new(tokio::sync::Notify::new());
    let cases = [
        ("refused", Deed::json(200, &refused)),
        ("refused", Deed::json(400, &problem)),
        ("refused", Deed::Say(404, String::new())),
        ("refused", Deed::json(423, &locked)),
        ("unknown", Deed::Say(500, "<html>".to_owned())),
        ("unknown", Deed::Say(502, String::new())),
        ("unknown", Deed::Say(200, "<html>".to_owned())),
        ("unknown", Deed::Say(200, String::new())),
        ("unknown", Deed::Say(200, "x".repeat(70_000))),
        ("unknown", Deed::HangUp),
        ("unknown", Deed::Wait(told)),
    ];
    let wire = Wire::new(|_| {}).await;
    for (number, (meaning, deed)) in cases.into_iter().enumerate() {
        wire.double.then(CHECKOUT, deed);
        let reply = wire.collect().await;
        let fits = match meaning {
            "refused" => matches!(reply, Reply::Refused { .. }),
            _ => matches!(reply, Reply::Unknown { .. }),
        };
        assert!(fits, "{number}: {meaning} {reply:?}");
        assert_eq!(wire.double.asked(CHECKOUT).len(), number + 1);
    }
}

#[tokio::test]
async fn a_token_is_kept_until_it_ends_and_asked_for_once_more_when_it_is_refused() {
    let wire = Wire::new(|_| {}).await;
    wire.collect().await;
    wire.clock.advance(TimeDelta::minutes(59));
    wire.collect().await;
    assert_eq!(wire.double.asked(TOKEN).len(), 1);
    wire.clock.advance(TimeDelta::seconds(31));
    wire.collect().await;
    assert_eq!(wire.double.asked(TOKEN).len(), 2);

    let wire = Wire::new(|_| {}).await;
    let spoilt =
        || Deed::json(401, &json!({"message": "Please Provide Valid Authorization", "status": "Error"}));
    wire.double.then(CHECKOUT, spoilt());
    assert!(matches!(wire.collect().await, Reply::Accepted { .. }));
    let bearers: Vec<_> = wire.double.asked(CHECKOUT).into_iter().filter_map(|asked| asked.bearer).collect();
    assert_eq!(bearers, ["token-1", "token-2"]);
    // Twice refused: nothing was let in, and nothing is tried a third time.
    wire.double.then(CHECKOUT, spoilt());
    wire.double.then(CHECKOUT, spoilt());
    assert!(matches!(wire.collect().await, Reply::NotSent { .. }));
    assert_eq!(wire.double.asked(CHECKOUT).len(), 4);
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let wire = Wire::new(|_| {}).await;
    let locked =
        json!({"data": null, "message": "secret key has been expired", "success": false, "statusCode": 423});
    for deed in [
        Deed::json(423, &locked),
        Deed::Say(500, String::new()),
        Deed::HangUp,
        Deed::Say(200, "<".to_owned()),
    ] {
        wire.double.then(TOKEN, deed);
        assert!(matches!(wire.collect().await, Reply::NotSent { .. }));
    }
    assert!(wire.double.asked(CHECKOUT).is_empty());
    // Nobody at the checkout: surely not sent either.
    let away = Wire::new(|settings| settings.checkout_url = "http://127.0.0.1:9".to_owned()).await;
    assert!(matches!(away.collect().await, Reply::NotSent { .. }));
}

#[tokio::test]
async fn a_pay_out_says_what_the_interface_has_and_a_duplicate_was_taken_in() {
    let wire = Wire::new(|_| {}).await;
    assert_eq!(wire.pay_out().await, Reply::Accepted { transaction_id: Some(format!("PG{OURS}")) });
    let asked = wire.double.asked(DISBURSE).pop().unwrap().body;
    let party = |name: &str, bank: &str, account: &str| json!({"countryCode": "TZ", "fullName": name, "bankName": bank, "accountNumber": account, "currency": "TZS"});
    let expected = json!({
        "source": party("ChajiPoa", "azampesa", "255700000000"),
        "destination": party("ChajiPoa customer", "airtel", "255682345678"),
        "transferDetails": {"type": "USSD", "amount": 5000, "dateInEpoch": zero().timestamp()},
        "externalReferenceId": OURS, "additionalProperties": {}, "remarks": "ChajiPoa",
    });
    assert_eq!(asked, expected);
    wire.double.then(DISBURSE, Deed::json(403, &json!({"message": "Duplicate External Reference Id"})));
    assert_eq!(wire.pay_out().await, Reply::Accepted { transaction_id: None });
    wire.double.then(DISBURSE, Deed::json(402, &json!({"message": "Request expired"})));
    assert!(matches!(wire.pay_out().await, Reply::NotSent { .. }));
    wire.double.then(DISBURSE, Deed::HangUp);
    assert!(matches!(wire.pay_out().await, Reply::Unknown { .. }));
    let summed = Wire::new(|settings| {
        settings.checksum_key = Some(PublicKey::parse(include_str!("azampay.pem")).unwrap());
    })
    .await;
    summed.pay_out().await;
    // Base64 of the 256 bytes that the key of 2,048 bits makes of it.
    let checksum = summed.double.asked(DISBURSE)[0].body["checksum"].as_str().map(str::len);
    assert_eq!(checksum, Some(344));
    let poor = Wire::new(|settings| settings.source = None).await;
    assert!(matches!(poor.pay_out().await, Reply::NotSent { .. }));
}

#[tokio::test]
async fn an_inquiry_goes_where_it_is_configured_to() {
    let off = Wire::new(|_| {}).await;
    assert_eq!(off.client.standing_of_collection("tx", Provider::Mpesa).await, None);
    let partner = Wire::new(|settings| settings.inquiry = Inquiry::Partner).await;
    partner.double.then(INQUIRY, Deed::said("success"));
    let standing = partner.client.standing_of_collection("tx", Provider::Mixx).await;
    assert_eq!(standing, Some(Standing::Success));
    assert_eq!(partner.double.asked(INQUIRY)[0].query, "transactionId=tx&provider=Tigo");
    let other = Wire::new(|settings| settings.inquiry = Inquiry::Disbursement).await;
    assert_eq!(other.client.standing_of_collection("tx", Provider::Mixx).await, Some(Standing::Pending));
    assert_eq!(other.double.asked(PAY_OUT_INQUIRY)[0].query, "pgReferenceId=tx&bankName=tigo");
    let none: Value = json!({"data": null, "message": "not found", "statusCode": 404});
    other.double.then(PAY_OUT_INQUIRY, Deed::json(404, &none));
    assert_eq!(
        other.client.standing_of_pay_out(PayOutName::Theirs("x"), Provider::Mixx).await,
        Some(Standing::NotFound)
    );
    other.double.then(PAY_OUT_INQUIRY, Deed::HangUp);
    let standing = other.client.standing_of_pay_out(PayOutName::Theirs("x"), Provider::Mixx).await;
    assert!(matches!(standing, Some(Standing::Unknown { .. })));
}
