//! Money in and out through the sandbox: a deposit that comes and goes, and every way in which a provider misbehaves.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use tests::harness::{Client, FINANCE, Place, Process, wait_for, wait_until};
use tests::verifier::Journal;
use uuid::Uuid;

use crate::faults::assert_sound;
use crate::town::{customer, id};
use crate::wallets::{LIMIT, Person, Sandbox};

/// Everything in one process, with a sandbox beside it.
struct Market {
    place: Place,
    process: Process,
    client: Client,
    sandbox: Sandbox,
    /// Dropped last: the sandbox outlives the ledger.
    _beside: Process,
}

impl Market {
    async fn open(extra: &[(&str, &str)]) -> Self {
        let place = Place::new().await;
        // The sandbox needs a gateway to report to before there is one: a port that the ledger then takes.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let gateway = format!("http://127.0.0.1:{port}");
        let (sandbox, beside) = Sandbox::beside(&place, &gateway).await;
        let mut up = place
            .up()
            .env("CHAJIPOA_BIND", format!("127.0.0.1:{port}"))
            .env("CHAJIPOA_SANDBOX_BIND", "off")
            .env("CHAJIPOA_REACTOR", "true")
            .env("AZAMPAY_PROMPT_AFTER_MS", "0");
        let extra = extra.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        for (name, value) in sandbox.provider_settings().into_iter().chain(extra) {
            up = up.env(&name, value);
        }
        let process = up.start().await;
        process.wait_ready(LIMIT).await;
        let client = place.client(&process);
        sandbox.set(json!({"payments": {"delay_ms": 100, "late_ms": 1_500}})).await;
        Self { place, process, client, sandbox, _beside: beside }
    }

    async fn refunds(&self, person: &Person, amount: i64, provider: &str) -> Uuid {
        let refund_id = id();
        let data = json!({
            "refund_id": refund_id, "customer_id": person.id, "amount": amount, "provider": provider,
        });
        let answer = self.client.command(customer(person.id), "RequestDepositRefund", data).await;
        let _ = answer.expect(201);
        refund_id
    }

    /// Debit less credit of each account, of now.
    async fn books(&self) -> BTreeMap<String, i64> {
        let last = self.place.last().await;
        let books = self.client.get_at(FINANCE, "/api/v1/finance/trial-balance", last).await.expect(200);
        assert_eq!(books.at("/total_debit"), books.at("/total_credit"));
        let net = |item: &Value| item["debit"].as_i64().unwrap() - item["credit"].as_i64().unwrap();
        let account = |item: &Value| item["account"].to_string().trim_matches('"').to_owned();
        books.at("/items").as_array().unwrap().iter().map(|item| (account(item), net(item))).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_comes_by_a_prompt_and_goes_back_to_the_wallet_and_the_phone_is_told() {
    let market = Market::open(&[]).await;
    let (client, sandbox) = (&market.client, &market.sandbox);
    sandbox.set(json!({"payments": {"signed": true}})).await;
    let asha = Person::new(client).await;
    let payment = asha.asks_to_pay(client, 20_000, "airtel").await;
    let prompt = sandbox.answer(&asha.phone, "success").await;
    assert_eq!((&prompt["amount"], &prompt["provider"]), (&json!(20_000), &json!("airtel")));
    assert_eq!(prompt["external_id"].as_str().unwrap().len(), 26, "130 bits");
    asha.sees(client, payment, "settled").await;
    assert_eq!(asha.purse(client, &market.place).await, (20_000, 0));

    let refund = market.refunds(&asha, 20_000, "airtel").await;
    asha.sees_refund(client, refund, "paid").await;
    assert_eq!(asha.purse(client, &market.place).await, (0, 0));
    let received = sandbox.received(&asha.phone).await;
    assert_eq!((received.len(), &received[0]["amount"]), (1, &json!(20_000)));
    let books = market.books().await;
    assert!(books.values().all(|net| *net == 0), "everything went back: {books:?}");

    let texts = wait_for("the phone is told of both", LIMIT, async || {
        let texts = sandbox.texts(&asha.phone).await;
        (texts.len() >= 2).then_some(texts)
    })
    .await;
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts.iter().all(|text| text.contains("20,000") || text.contains("20000")), "{texts:?}");
    assert_sound(&market.place, &Journal::default(), None).await;
}

/// What an answer to a prompt leads to: how the payment stands, and what a receipt holds, if one does.
const OUTCOMES: [(&str, &str, Option<i64>); 9] = [
    ("success", "settled", None),
    ("failure", "declined", None),
    ("late", "settled", None),
    ("twice", "settled", None),
    ("storm", "settled", None),
    ("wrong_amount", "prompted", Some(5_100)),
    ("wrong_payer", "prompted", Some(5_000)),
    ("unknown_word", "unknown", None),
    ("never", "prompted", None),
];

#[tokio::test(flavor = "multi_thread")]
async fn i10_whatever_becomes_of_a_prompt_money_counts_once_and_only_with_proof() {
    let market = Market::open(&[]).await;
    let (client, sandbox) = (&market.client, &market.sandbox);
    let mut payers = Vec::new();
    for (outcome, status, receipt) in OUTCOMES {
        let person = Person::new(client).await;
        let payment = person.asks_to_pay(client, 5_000, "mpesa").await;
        sandbox.answer(&person.phone, outcome).await;
        payers.push((outcome, status, receipt, person, payment));
    }
    let mut credited = 0;
    for (outcome, status, _, person, payment) in &payers {
        person.sees(client, *payment, status).await;
        let balance = if *status == "settled" { 5_000 } else { 0 };
        assert_eq!(person.purse(client, &market.place).await, (balance, 0), "{outcome}");
        credited += balance;
    }
    let held: i64 = payers.iter().filter_map(|(_, _, receipt, ..)| *receipt).sum();
    let receipts = wait_for("both receipts are held", LIMIT, async || {
        let last = market.place.last().await;
        let answer = client.get_at(FINANCE, "/api/v1/finance/receipts", last).await.expect(200);
        let items = answer.at("/items").as_array().unwrap().clone();
        (items.len() == 2).then_some(items)
    })
    .await;
    let reasons: Vec<&str> = receipts.iter().map(|receipt| receipt["reason"].as_str().unwrap()).collect();
    assert!(reasons.contains(&"wrong_amount") && reasons.contains(&"wrong_payer"), "{reasons:?}");
    let books = market.books().await;
    assert_eq!((books["1000"], books["2000"], books["2900"]), (credited + held, -credited, -held));

    // What nobody had answered yet is answered: proof settles it all the same.
    let (.., person, payment) = payers.last().unwrap();
    sandbox_answers_again(sandbox, &person.phone).await;
    person.sees(client, *payment, "settled").await;
    reconciled(&market, &payers).await;
    assert_sound(&market.place, &Journal::default(), None).await;
}

/// A prompt that `never` was answered is answered after all.
async fn sandbox_answers_again(sandbox: &Sandbox, phone: &str) {
    let prompts = sandbox.prompts(phone).await;
    let path = format!("/payments/prompts/{}", prompts[0]["transaction_id"].as_str().unwrap());
    sandbox.send(Method::POST, &path, json!({"outcome": "success"})).await;
}

/// The provider's statement of the day, against the ledger: the breaks are exactly what went wrong.
async fn reconciled(market: &Market, payers: &[(&str, &str, Option<i64>, Person, Uuid)]) {
    let csv = market.sandbox.text("/payments/statement").await;
    let path = "/api/v1/finance/statements";
    let answer = market
        .client
        .ask(Method::POST, path, Some(FINANCE), &[("content-type", "text/csv")], Some(csv))
        .await;
    let answer = answer.expect(201);
    let breaks = answer.at("/breaks").as_array().unwrap().clone();
    let unknown = payers.iter().find(|(outcome, ..)| *outcome == "unknown_word").unwrap();
    let about: Vec<&Value> = breaks.iter().map(|found| &found["payment_id"]).collect();
    assert!(about.contains(&&json!(unknown.4)), "charged, and not settled here: {breaks:?}");
    assert_eq!(breaks.len(), 1, "{breaks:?}");
}

/// Settings of the provider's checkout, and how a payment stands after it: asked for in vain, or nobody knows.
const CHECKOUTS: [(&str, bool, &str); 6] = [
    ("refused", false, "declined"),
    ("error500", false, "unknown"),
    ("html", false, "unknown"),
    ("empty", false, "unknown"),
    ("error500", true, "unknown"),
    ("lost_answer", true, "unknown"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_that_is_answered_badly_is_never_repeated_and_proof_still_settles_it() {
    let market = Market::open(&[]).await;
    let (client, sandbox) = (&market.client, &market.sandbox);
    for (fault, shows_all_the_same, status) in CHECKOUTS {
        let settings = json!({"payments": {"checkout": fault, "despite_fault": shows_all_the_same}});
        sandbox.set(settings).await;
        let person = Person::new(client).await;
        let payment = person.asks_to_pay(client, 5_000, "mixx").await;
        person.sees(client, payment, status).await;
        let prompts = sandbox.prompts(&person.phone).await;
        assert_eq!(prompts.len(), usize::from(shows_all_the_same), "{fault}: asked at most once");
        if shows_all_the_same {
            sandbox.answer(&person.phone, "success").await;
            person.sees(client, payment, "settled").await;
            assert_eq!(sandbox.prompts(&person.phone).await.len(), 1, "{fault}");
        }
    }
    assert_sound(&market.place, &Journal::default(), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inquiry_settles_what_the_callback_did_not() {
    let market =
        Market::open(&[("AZAMPAY_INQUIRY", "partner"), ("AZAMPAY_CALLBACK_WITHIN_MS", "1000")]).await;
    let (client, sandbox) = (&market.client, &market.sandbox);
    let mut payers = Vec::new();
    for outcome in ["success", "unknown_word", "lost_callback"] {
        let person = Person::new(client).await;
        let payment = person.asks_to_pay(client, 5_000, "halopesa").await;
        sandbox.answer(&person.phone, outcome).await;
        payers.push((person, payment));
    }
    for (person, payment) in &payers {
        person.sees(client, *payment, "settled").await;
        assert_eq!(person.purse(client, &market.place).await, (5_000, 0));
    }
    assert_sound(&market.place, &Journal::default(), None).await;
}

/// What becomes of a pay-out, and how the refund stands after it.
const PAYOUTS: [(&str, &str, i64); 7] = [
    ("success", "paid", 0),
    ("failure", "failed", 5_000),
    ("late", "paid", 0),
    ("twice", "paid", 0),
    ("duplicate", "paid", 0),
    ("lost_answer", "paid", 0),
    ("never", "submitted", 0),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_a_pay_out_it_is_paid_once_or_the_money_is_back() {
    let market = Market::open(&[]).await;
    let (client, sandbox) = (&market.client, &market.sandbox);
    for (outcome, status, balance) in PAYOUTS {
        let person = Person::new(client).await;
        let payment = person.asks_to_pay(client, 5_000, "azampesa").await;
        sandbox.answer(&person.phone, "success").await;
        person.sees(client, payment, "settled").await;
        sandbox.set(json!({"payments": {"disbursement_outcome": outcome}})).await;
        let refund = market.refunds(&person, 5_000, "azampesa").await;
        person.sees_refund(client, refund, status).await;
        assert_eq!(person.purse(client, &market.place).await, (balance, 0), "{outcome}");
        assert!(sandbox.received(&person.phone).await.len() <= 1, "{outcome}");
    }
    assert_sound(&market.place, &Journal::default(), None).await;
}

/// Kill after so many prompts, pay-outs or events since the round began.
#[derive(Clone, Copy)]
enum Moment {
    Asked,
    Prompted(usize),
    Recorded(i64),
    PaidOut(usize),
}

const MOMENTS: [Moment; 7] = [
    Moment::Asked,
    Moment::Prompted(1),
    Moment::Recorded(5),
    Moment::Prompted(3),
    Moment::Recorded(9),
    Moment::PaidOut(1),
    Moment::Recorded(14),
];

impl Market {
    async fn count(&self, path: &str) -> usize {
        self.sandbox.get(path).await["items"].as_array().unwrap().len()
    }

    /// Waits for the moment, then kills the ledger with everything in it and starts it again.
    async fn kill_at(&mut self, moment: Moment, before: (usize, usize, i64)) {
        let reached = async || match moment {
            Moment::Asked => true,
            Moment::Prompted(count) => self.count("/payments/prompts").await >= before.0 + count,
            Moment::PaidOut(count) => self.count("/payments/disbursements").await >= before.1 + count,
            Moment::Recorded(count) => self.place.last().await >= before.2 + count,
        };
        wait_until("the moment to kill it has come", LIMIT, reached).await;
        self.process.kill9();
        self.process.restart().await;
        self.process.wait_ready(LIMIT).await;
    }

    async fn counts(&self) -> (usize, usize, i64) {
        let prompts = self.count("/payments/prompts").await;
        (prompts, self.count("/payments/disbursements").await, self.place.last().await)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nobody_is_charged_paid_or_told_twice_and_nothing_is_lost() {
    let mut market = Market::open(&[]).await;
    let settings = json!({"payments": {"default_outcome": "success", "delay_ms": 50, "callback_tries": 100}});
    market.sandbox.set(settings).await;
    let mut payers = Vec::new();
    for moment in MOMENTS {
        let before = market.counts().await;
        for _ in 0..4 {
            let person = Person::new(&market.client).await;
            let payment = person.asks_to_pay(&market.client, 5_000, "airtel").await;
            payers.push((person, payment));
        }
        if matches!(moment, Moment::PaidOut(_)) {
            let (person, payment) = payers[payers.len() - 4].clone();
            person.sees(&market.client, payment, "settled").await;
            market.refunds(&person, 5_000, "airtel").await;
        }
        market.kill_at(moment, before).await;
    }
    let client = &market.client;
    for (person, payment) in &payers {
        let prompts = market.sandbox.prompts(&person.phone).await;
        assert!(prompts.len() <= 1, "{} was asked twice", person.phone);
        let (charged, status) = (!prompts.is_empty(), if prompts.is_empty() { "unknown" } else { "settled" });
        person.sees(client, *payment, status).await;
        let received = market.sandbox.received(&person.phone).await;
        assert!(received.len() <= 1, "{} was paid twice", person.phone);
        let left = if charged && received.is_empty() { 5_000 } else { 0 };
        let balance = wait_for("the purse says the same", LIMIT, async || {
            let (balance, _) = person.purse(client, &market.place).await;
            (balance == left).then_some(balance)
        });
        assert_eq!(balance.await, left);
    }
    for (person, _) in &payers {
        let mut texts = market.sandbox.texts(&person.phone).await;
        let all = texts.len();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), all, "{} was told something twice", person.phone);
    }
    assert_sound(&market.place, &Journal::default(), None).await;
}
