"""Speaks with a payment provider through the published package azampay-python-sdk, and says what it found as JSON.

Only the hosts are ours; what is sent and how an answer is read is the package's. `None` stands where nothing was raised.
"""

import json
import sys

import azampay


def client(url, **changed):
    """The package's client, its three hosts replaced."""
    known = {"app_name": "ChajiPoa", "client_id": "id", "client_secret": "secret", "sandbox": True, "max_retries": 1}
    made = azampay.AzamPay(**{**known, **changed})
    made.base_url = made.disburse_url = made._auth_url = url
    return made


def raised(act):
    """The class and status of what `act` raises."""
    try:
        act()
    except azampay.AzamPayError as error:
        return [type(error).__name__, error.status_code, str(error)]
    return None


def drive(url):
    source = {
        "countryCode": "TZ",
        "fullName": "ChajiPoa",
        "bankName": "azampesa",
        "accountNumber": "255700000000",
        "currency": "TZS",
    }
    with client(url) as ours, client(url, client_secret="another") as stranger:

        def collect(reference, provider="Airtel", amount="5000"):
            return ours.checkout.mobile_checkout(amount, "0688000001", reference, provider)

        def pay(reference, bank="Airtel"):
            return ours.disbursement.disburse_mobile("Asha", "0688000001", bank, "3000", reference, source)

        collected = collect("python-1")
        paid = pay("python-refund-1")
        return {
            "collected": collected,
            "collected_status": ours.lookup.transaction_status(collected["transactionId"], bank_name="Airtel"),
            "paid": paid,
            "paid_status": ours.lookup.transaction_status(paid["pgReferenceId"], bank_name="airtel"),
            "paid_status_by_ours": ours.lookup.transaction_status(external_id="python-refund-1"),
            "not_found": raised(lambda: ours.lookup.transaction_status("nothing")),
            "stranger": raised(lambda: stranger.checkout.get_public_key()),
            "bad_token": raised(lambda: client(url, token="not granted").checkout.mobile_checkout("1", "0688000001", "x", "Airtel")),
            "no_vendor": raised(lambda: collect("python-2", provider="Nobody")),
            "bad_amount": raised(lambda: collect("python-3", amount="much")),
            "duplicate": raised(lambda: pay("python-refund-1")),
            "bad_bank": raised(lambda: pay("python-refund-2", bank="Mpesa")),
            "no_path": raised(lambda: ours.request("GET", "/azampay/nothing")),
        }


def callback(url):
    told = json.load(sys.stdin)
    with client(url) as ours:
        key = ours.checkout.get_public_key()["publicKey"]
    parts = [told[name] for name in ("utilityref", "externalreference", "transactionstatus", "operator", "signature")]
    good = azampay.WebhookValidator.verify_callback_signature(*parts, key)
    parts[0] += "x"
    return {"good": good, "altered": azampay.WebhookValidator.verify_callback_signature(*parts, key)}


def bill(secret):
    asked = json.load(sys.stdin)
    good = azampay.BillPayValidator.verify_hash(asked["Data"], asked["Hash"], secret)
    return {"good": good, "other": azampay.BillPayValidator.verify_hash(asked["Data"], asked["Hash"], "other")}


print(json.dumps({"drive": drive, "callback": callback, "bill": bill}[sys.argv[1]](sys.argv[2])))
