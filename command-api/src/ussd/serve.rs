//! A request of the gateway, answered: the states that the walk asks for are read, and what it comes to is done.

use std::collections::HashMap;

use domain::Claim;
use domain::customer::{Customer, Language, Status};
use domain::phone::Phone;
use domain::station::Station;
use domain::values::{SlotNumber, StationCode};
use edge::http::Context;
use edge::{Identity, Problem, Role};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::facts::{nothing, shown_rental, shown_station};
use super::menu::{self, Intent, Next, Place, Stations};
use super::page;
use super::refused::said;
use super::words::{self, wallets};
use crate::CommandApi;
use crate::answer::Answer;
use crate::bill_pay::bill_number;
use crate::operations::auth::enter;
use crate::operations::data;
use crate::submit::{Asked, Data, answered};

/// What the gateway says of a session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    /// Who calls: the network vouches for it.
    pub(crate) phone: Phone,
    /// Every input so far.
    pub(crate) text: String,
}

/// A screen: one that waits for an input, or the last.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    Con(String),
    End(String),
}

impl Screen {
    /// As the gateway wants it.
    pub(crate) fn render(&self) -> String {
        match self {
            Self::Con(text) => format!("CON {text}"),
            Self::End(text) => format!("END {text}"),
        }
    }
}

/// The stations that the walk has asked for.
#[derive(Default)]
struct Looked(HashMap<String, Option<Station>>);

impl Stations for Looked {
    fn slots(&self, code: &StationCode) -> Option<Option<u16>> {
        self.0.get(code.as_str()).map(|found| found.as_ref().map(Station::slot_count))
    }
}

impl Looked {
    fn get(&self, code: &StationCode) -> Option<&Station> {
        self.0.get(code.as_str())?.as_ref()
    }
}

/// Whose session it is, and what it does.
struct Caller<'a> {
    api: &'a CommandApi,
    context: &'a Context,
    session: &'a Session,
    customer: Customer,
    stations: Looked,
}

impl CommandApi {
    /// The next screen of a session. Whatever fails is a screen too: the caller sees nothing else.
    pub(crate) async fn ussd(&self, context: &Context, session: &Session) -> Screen {
        match self.next_screen(context, session).await {
            Ok(screen) => screen,
            Err(problem) => {
                tracing::warn!(code = problem.code(), "a USSD session has ended early");
                Screen::End(said(&problem).words.of(Language::Sw).to_owned())
            }
        }
    }

    async fn next_screen(&self, context: &Context, session: &Session) -> Result<Screen, Problem> {
        let index = self.sealer().keys().blind_index(session.phone.as_str());
        let claim = Claim { kind: Claim::PHONE, value: index };
        let customer = match self.present().holder(&claim).await? {
            Some(holder) => self.present().customer(holder).await?,
            None => None,
        };
        let inputs = menu::inputs(&session.text);
        let (welcomed, language) = menu::welcome(&inputs);
        match customer.filter(|customer| customer.status != Status::Unverified) {
            None => self.welcome(context, session, (welcomed, language)).await,
            // They registered by this very input, and the gateway did not hear it.
            Some(_) if self.has_registered(session, &welcomed, &claim.value).await? => {
                Ok(Screen::End(words::REGISTERED.of(language).to_owned()))
            }
            Some(customer) => {
                let stations = Looked::default();
                Caller { api: self, context, session, customer, stations }.next(&inputs).await
            }
        }
    }

    async fn has_registered(&self, session: &Session, walked: &Next, index: &str) -> Result<bool, Problem> {
        match walked {
            Next::Do(Intent::Register(_), _) => {
                self.present().is_known(command_id(self, session, ("verify", index))).await
            }
            Next::Do(_, _) | Next::Show { .. } | Next::Look(_) => Ok(false),
        }
    }

    async fn welcome(
        &self,
        context: &Context,
        session: &Session,
        (next, language): (Next, Language),
    ) -> Result<Screen, Problem> {
        match next {
            Next::Do(Intent::Register(_), _) => {
                self.register_caller(context, session, language).await?;
                Ok(Screen::End(words::REGISTERED.of(language).to_owned()))
            }
            Next::Do(_, _) => Ok(Screen::End(words::GOODBYE.of(language).to_owned())),
            Next::Show { wrong, .. } => {
                let hint = wrong.then_some(words::WRONG);
                Ok(Screen::Con(page::page(&Place::Register, hint, &nothing(language))))
            }
            Next::Look(_) => Err(Problem::internal()),
        }
    }

    /// By the same way as a code that was typed right: the network says whose phone it is.
    async fn register_caller(
        &self,
        context: &Context,
        session: &Session,
        language: Language,
    ) -> Result<(), Problem> {
        let index = self.sealer().keys().blind_index(session.phone.as_str());
        let ids = ["register", "verify"].map(|kind| command_id(self, session, (kind, &index)));
        let customer = enter(self, context, (&session.phone, None), ids).await?;
        if language != Language::default() {
            let id = command_id(self, session, ("language", &index));
            let data = data([("customer_id", Some(json!(customer))), ("language", Some(json!(language)))]);
            submit(self, context, customer, (id, "UpdateProfile", data)).await?;
        }
        Ok(())
    }
}

impl Caller<'_> {
    async fn next(mut self, inputs: &[&str]) -> Result<Screen, Problem> {
        let wallets = wallets(self.session.phone.as_str());
        loop {
            match menu::walk(inputs, wallets, &self.stations) {
                Next::Look(code) => self.look(&code).await?,
                Next::Show { place, wrong } => {
                    return self.show(&place, wrong.then_some(words::WRONG)).await;
                }
                Next::Do(intent, place) => return self.act(intent, place).await,
            }
        }
    }

    async fn look(&mut self, code: &StationCode) -> Result<(), Problem> {
        let claim = Claim { kind: Claim::STATION_CODE, value: code.as_str().to_owned() };
        let station = match self.api.present().holder(&claim).await? {
            Some(station) => self.api.present().station(station).await?,
            None => None,
        };
        self.stations.0.insert(code.as_str().to_owned(), station);
        Ok(())
    }

    async fn show(&self, place: &Place, hint: Option<words::Words>) -> Result<Screen, Problem> {
        let mut facts = nothing(self.customer.language);
        facts.wallets = wallets(self.session.phone.as_str());
        (facts.balance, facts.debt) = (self.customer.purse.balance, self.customer.purse.debt);
        match place {
            Place::Balance => {
                let bill = bill_number(self.session.phone.as_str(), &self.api.sealer().keys());
                facts.bill = bill.unwrap_or_default();
            }
            Place::Station(code) | Place::RentSlot(code) => {
                facts.station = self.stations.get(code).map(shown_station);
            }
            Place::Running | Place::Lost => facts.rental = self.rental().await?,
            Place::Main
            | Place::Amount
            | Place::OtherAmount
            | Place::Wallet(_)
            | Place::FindStation
            | Place::RentStation
            | Place::Language
            | Place::Register => {}
        }
        Ok(Screen::Con(page::page(place, hint, &facts)))
    }

    async fn rental(&self) -> Result<Option<page::Rental>, Problem> {
        let Some(open) = self.customer.open else { return Ok(None) };
        let rental = self.api.present().rental(open.0).await?;
        Ok(rental.map(|rental| shown_rental(&rental, self.api.clock().now())))
    }

    /// Does what is wanted. Where a rule refuses for the last input alone, another may be tried.
    async fn act(&self, intent: Intent, place: Place) -> Result<Screen, Problem> {
        match self.done(&intent).await {
            Ok(text) => Ok(Screen::End(text)),
            Err(problem) => {
                let said = said(&problem);
                if said.again {
                    return self.show(&place, Some(said.words)).await;
                }
                Ok(Screen::End(said.words.of(self.customer.language).to_owned()))
            }
        }
    }

    async fn done(&self, intent: &Intent) -> Result<String, Problem> {
        let language = self.customer.language;
        match intent {
            Intent::Deposit { amount, provider } => {
                let data = data([
                    ("customer_id", Some(json!(self.customer.id))),
                    ("amount", Some(json!(amount))),
                    ("purpose", Some(json!("deposit"))),
                    ("provider", Some(json!(provider))),
                ]);
                self.submit("InitiatePayment", data).await?;
                Ok(page::prompted(*amount, *provider, language))
            }
            Intent::Rent { code, slot } => self.rent(code, *slot).await,
            Intent::ReportLost => self.report_lost().await,
            Intent::Speak(wanted) => {
                let data =
                    data([("customer_id", Some(json!(self.customer.id))), ("language", Some(json!(wanted)))]);
                self.submit("UpdateProfile", data).await?;
                Ok(words::SPEAKS.of(*wanted).to_owned())
            }
            Intent::Register(_) | Intent::Leave => Err(Problem::internal()),
        }
    }

    async fn rent(&self, code: &StationCode, slot: SlotNumber) -> Result<String, Problem> {
        let station = self.stations.get(code).ok_or_else(Problem::internal)?;
        let data = data([
            ("customer_id", Some(json!(self.customer.id))),
            ("station_id", Some(json!(station.id))),
            ("slot", Some(json!(slot))),
        ]);
        let answer = self.submit("StartRental", data).await?;
        let releasing = answer.result_text("status").as_deref() == Some("releasing");
        Ok(page::rented(slot, releasing, self.customer.language))
    }

    async fn report_lost(&self) -> Result<String, Problem> {
        let language = self.customer.language;
        let Some(open) = self.customer.open else {
            // It may have been reported by this very input, and the gateway did not hear it.
            let known = self.api.present().is_known(self.command_id("ReportLost")).await?;
            return Ok(if known { words::LOST } else { words::NO_RENTAL }.of(language).to_owned());
        };
        self.submit("ReportLost", data([("rental_id", Some(json!(open)))])).await?;
        Ok(words::LOST.of(language).to_owned())
    }

    async fn submit(&self, kind: &'static str, data: Map<String, Value>) -> Result<Answer, Problem> {
        let id = self.command_id(kind);
        submit(self.api, self.context, self.customer.id.0, (id, kind, data)).await
    }

    fn command_id(&self, kind: &str) -> Uuid {
        command_id(self.api, self.session, (kind, &self.customer.id.0.to_string()))
    }
}

async fn submit(
    api: &CommandApi,
    context: &Context,
    customer: Uuid,
    (id, kind, data): (Uuid, &'static str, Map<String, Value>),
) -> Result<Answer, Problem> {
    let speaker = Identity { role: Role::Customer, unlimited: false, ..Identity::system(customer) };
    let asked = Asked { id: Some(id), kind: kind.into(), occurred_at: None, data: Data::Made(data) };
    answered(api.submit(&speaker, context, asked).await?, &speaker, None)
}

/// The id of what a session's inputs come to: the same for the same inputs, and not to be guessed.
fn command_id(api: &CommandApi, session: &Session, (kind, whose): (&str, &str)) -> Uuid {
    let named = format!("ussd|{kind}|{whose}|{}|{}", session.id, session.text);
    let hash = api.sealer().keys().keyed_hash(named.as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
