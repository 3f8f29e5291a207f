//! The usual steps of a story: a town, its people and banks, and what is asked most.

use domain::Time;
use serde_json::{Value, json};

use super::given::*;

impl World {
    /// A town with the standard tariff (1), two kiosks (1, 2) and a cabinet (3) of eight slots each, customers 1
    /// to 4 with a deposit of 20,000, banks 1 to 3 in the first slots of kiosk 1 and 4 to 6 of the cabinet.
    pub(crate) fn town() -> World {
        let mut world = World::empty();
        world.now = t(-30 * DAY);
        world.tariff(1, json!({ "name": "Standard", "is_default": true }));
        for (number, mode) in [(1, "instant"), (2, "instant"), (3, "confirmed")] {
            world.station(number, mode);
        }
        for number in 1..=4 {
            world.customer(number, 20_000);
        }
        for number in 1..=6 {
            let (at, slot) = if number <= 3 { (1, number) } else { (3, number - 3) };
            world.bank(number, at, u16::try_from(slot).unwrap());
        }
        world.now = zero();
        world
    }

    /// One step of a refund, by whoever takes it.
    pub(crate) fn refund_step(&mut self, what: &str, number: u128) -> Then {
        let mut data = json!({ "refund_id": refund_id(number) });
        let who = match what {
            "ApproveRefund" | "RejectRefund" => second_finance(),
            "RecordRefundSubmitted" => {
                data["provider"] = json!("airtel");
                data["reference"] = json!(format!("RF{number}"));
                payments()
            }
            _ => payments(),
        };
        self.when(who, what, data)
    }

    pub(crate) fn tariff(&mut self, number: u128, mut data: Value) {
        data["tariff_id"] = json!(tariff_id(number));
        self.when(admin(), "PublishTariff", data).then_events(&["TariffPublished"]);
    }

    pub(crate) fn station(&mut self, number: u128, mode: &str) {
        let data = json!({
            "station_id": station_id(number), "code": format!("S-{number}"), "name": format!("Station {number}"),
            "latitude": -6.8, "longitude": 39.28, "slots": 8, "release_mode": mode,
        });
        self.when(admin(), "RegisterStation", data).then_events(&["StationRegistered"]);
    }

    /// A verified customer with that deposit.
    pub(crate) fn customer(&mut self, number: u128, deposit: i64) {
        let data = json!({ "customer_id": customer_id(number), "phone": phone(number) });
        self.when(support(), "RegisterCustomer", data).then_events(&["CustomerRegistered"]);
        let data = json!({ "customer_id": customer_id(number) });
        self.when(system(), "VerifyCustomer", data).then_events(&["CustomerVerified"]);
        if deposit > 0 {
            self.pays(number, deposit);
        }
    }

    /// A bill payment of that customer.
    pub(crate) fn pays(&mut self, number: u128, amount: i64) -> Value {
        self.ids += 1;
        let data = json!({
            "customer_id": customer_id(number), "provider": "mpesa", "amount": amount,
            "provider_reference": format!("BILL{}", self.ids),
        });
        self.when(payments(), "PaymentConfirmed", data).then_events(&["PaymentInitiated", "PaymentSettled"])
    }

    /// A charged bank in that slot.
    pub(crate) fn bank(&mut self, number: u128, at: u128, slot: u16) {
        let data = json!({ "device_id": device_id(number), "serial": format!("PB-{number}") });
        self.when(admin(), "RegisterDevice", data).then_events(&["DeviceRegistered"]);
        self.dock(number, at, slot).then_events(&["DeviceDocked"]);
    }

    pub(crate) fn dock(&mut self, number: u128, at: u128, slot: u16) -> Then {
        let data = json!({
            "device_id": device_id(number), "station_id": station_id(at), "slot": slot, "battery_percent": 80,
        });
        self.when(agent(), "DockDevice", data)
    }

    /// The customer asks for the bank in that slot.
    pub(crate) fn start(&mut self, rental: u128, who: u128, at: u128, slot: u16) -> Then {
        let data = json!({
            "rental_id": rental_id(rental), "customer_id": customer_id(who), "station_id": station_id(at),
            "slot": slot,
        });
        self.when(customer(who), "StartRental", data)
    }

    /// A rental that runs since that moment, from kiosk 1.
    #[track_caller]
    pub(crate) fn running(&mut self, rental: u128, who: u128, slot: u16, since: Time) {
        self.now = since;
        self.start(rental, who, 1, slot).then_events(&["RentalStarted"]);
    }

    /// The cabinet says that this bank left for this rental.
    pub(crate) fn confirm(&mut self, rental: u128, bank: u128, at: u128, slot: u16) -> Then {
        let data = json!({ "rental_id": rental_id(rental), "device_id": device_id(bank), "slot": slot });
        self.when(station(at), "ConfirmRelease", data)
    }

    /// The station reports the bank, without a time.
    pub(crate) fn returned(&mut self, bank: u128, at: u128, slot: u16) -> Then {
        let data = json!({ "device_id": device_id(bank), "station_id": station_id(at), "slot": slot });
        self.when(station(at), "DeviceReturned", data)
    }

    /// The station reports the bank as seen at that moment.
    pub(crate) fn seen(&mut self, bank: u128, at: u128, slot: u16, observed: Time) -> Then {
        let data = json!({
            "device_id": device_id(bank), "station_id": station_id(at), "slot": slot, "observed_at": observed,
        });
        self.when(station(at), "DeviceReturned", data)
    }

    /// The station reports the bank as seen at that moment, and the slot as empty at another.
    pub(crate) fn seen_since(&mut self, bank: u128, at: u128, slot: u16, absent: Time, seen: Time) -> Then {
        let data = json!({
            "device_id": device_id(bank), "station_id": station_id(at), "slot": slot, "observed_at": seen,
            "last_seen_absent_at": absent,
        });
        self.when(station(at), "DeviceReturned", data)
    }

    /// The station refused the bank at that moment.
    pub(crate) fn attempt(&mut self, bank: u128, at: u128, moment: Time) -> Then {
        let data = json!({
            "device_id": device_id(bank), "station_id": station_id(at), "observed_at": moment, "reason": "full",
        });
        self.when(station(at), "ReportReturnRefused", data)
    }

    pub(crate) fn sell(&mut self, rental: u128) -> Then {
        self.when(system(), "SellDevice", json!({ "rental_id": rental_id(rental) }))
    }

    pub(crate) fn overdue(&mut self, rental: u128) -> Then {
        self.when(system(), "MarkOverdue", json!({ "rental_id": rental_id(rental) }))
    }

    pub(crate) fn report_lost(&mut self, rental: u128) -> Then {
        self.when(support(), "ReportLost", json!({ "rental_id": rental_id(rental) }))
    }

    pub(crate) fn extend(&mut self, rental: u128, minutes: i64) -> Then {
        self.when(support(), "ExtendRental", json!({ "rental_id": rental_id(rental), "minutes": minutes }))
    }
}
