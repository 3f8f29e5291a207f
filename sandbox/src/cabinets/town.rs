//! Every cabinet, behind one lock.
//!
//! Keeps true: a bank stands in one slot of one cabinet; what changes a cabinet is in the file before anything is said
//! about it. The lock is held for memory and that small file only, never over the network. Each cabinet has two tasks on
//! the runtime the sandbox was started on, and they end with it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use edge::{Clock, Problem};
use reqwest::Client;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::cabinet::{Bank, Cabinet, NotInserted};
use super::file::{File, Kept};
use super::link::Link;
use super::mischief::{How, Misbehaviour, Moment, later};
use super::resident::Resident;
use super::{ear, voice};
use crate::settings::SharedSettings;

/// No more cabinets than this.
const LARGEST: usize = 1_000;

/// Every cabinet.
pub(crate) struct Town {
    residents: Mutex<BTreeMap<Uuid, Resident>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    file: Option<File>,
    pub(super) clock: Arc<dyn Clock>,
    settings: Arc<SharedSettings>,
    gateway: String,
    client: Client,
    runtime: Handle,
}

type Residents = BTreeMap<Uuid, Resident>;

impl Town {
    /// The cabinets that were kept in this folder, all of them at work.
    ///
    /// # Errors
    /// The file cannot be used.
    pub(crate) fn open(
        directory: Option<&Path>,
        gateway: String,
        clock: Arc<dyn Clock>,
        settings: Arc<SharedSettings>,
    ) -> io::Result<Arc<Town>> {
        let file = directory.map(File::in_folder).transpose()?;
        let kept = file.as_ref().map_or_else(|| Ok(Vec::new()), File::read)?;
        let client = Client::builder().no_proxy().build().map_err(io::Error::other)?;
        let (residents, tasks) = (Mutex::default(), Mutex::default());
        let runtime = Handle::current();
        let town = Arc::new(Town { residents, tasks, file, clock, settings, gateway, client, runtime });
        for kept in kept {
            let station_id = kept.cabinet.station_id;
            town.lock().insert(station_id, town.resident(kept));
            town.set_to_work(station_id);
        }
        Ok(town)
    }

    /// Ends every task.
    pub(crate) async fn stop(&self) {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            task.abort();
            // It was cancelled, which is what was wanted.
            let _ = task.await;
        }
    }

    fn resident(&self, kept: Kept) -> Resident {
        let link = self.link(&kept.cabinet, &kept.secret, kept.gateway.as_deref());
        Resident::new(kept, link)
    }

    fn link(&self, cabinet: &Cabinet, secret: &str, gateway: Option<&str>) -> Link {
        let gateway = gateway.unwrap_or(&self.gateway).trim_end_matches('/').to_owned();
        Link::new(self.client.clone(), gateway, cabinet.station_id, secret.to_owned())
    }

    fn set_to_work(self: &Arc<Self>, station_id: Uuid) {
        let listening = self.runtime.spawn(ear::listen(Arc::clone(self), station_id));
        let speaking = self.runtime.spawn(voice::speak(Arc::clone(self), station_id));
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).extend([listening, speaking]);
    }

    fn lock(&self) -> MutexGuard<'_, Residents> {
        self.residents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moment(&self, resident: &Resident) -> Moment {
        resident.moment(self.clock.now(), self.settings.get().cabinets)
    }

    fn save(&self, residents: &Residents) {
        let Some(file) = &self.file else { return };
        if let Err(error) = file.write(residents.values().map(Resident::kept).collect()) {
            tracing::error!(%error, "the cabinets cannot be kept; a restart will not know what happened since");
        }
    }

    /// Looks at a cabinet, or changes what needs no keeping.
    pub(super) fn with<T>(&self, id: Uuid, look: impl FnOnce(&mut Resident, &Moment) -> T) -> Option<T> {
        let mut residents = self.lock();
        let resident = residents.get_mut(&id)?;
        let moment = self.moment(resident);
        Some(look(resident, &moment))
    }

    /// Changes a cabinet, keeps it, and lets it speak.
    pub(super) fn change<T>(&self, id: Uuid, change: impl FnOnce(&mut Resident, &Moment) -> T) -> Option<T> {
        let mut residents = self.lock();
        let resident = residents.get_mut(&id)?;
        let moment = self.moment(resident);
        let changed = change(resident, &moment);
        resident.voice.notify_one();
        self.save(&residents);
        Some(changed)
    }

    /// Every cabinet as it is shown.
    pub(super) fn shown(&self) -> Vec<serde_json::Value> {
        self.lock().values().map(|resident| resident.shown(&self.moment(resident))).collect()
    }

    /// Takes a cabinet in, or gives a known one another secret and gateway; its content stays what it is. Returns whether
    /// it is new.
    ///
    /// # Errors
    /// 409: a bank stands elsewhere, or there are too many cabinets.
    pub(super) fn register(self: &Arc<Self>, kept: Kept) -> Result<bool, Problem> {
        let station_id = kept.cabinet.station_id;
        let mut residents = self.lock();
        let new = !residents.contains_key(&station_id);
        if let Some(known) = residents.get_mut(&station_id) {
            known.link = Arc::new(self.link(&known.cabinet, &kept.secret, kept.gateway.as_deref()));
            (known.secret, known.gateway) = (kept.secret, kept.gateway);
            known.ear.notify_one();
            known.voice.notify_one();
        } else {
            if residents.len() >= LARGEST {
                return Err(Problem::conflict("too_many_cabinets", "the sandbox holds a thousand cabinets"));
            }
            for serial in kept.cabinet.slots.values().filter_map(|slot| slot.serial.as_deref()) {
                nowhere(&residents, serial)?;
            }
            residents.insert(station_id, self.resident(kept));
        }
        self.save(&residents);
        drop(residents);
        if new {
            self.set_to_work(station_id);
        }
        Ok(new)
    }

    /// Puts a bank into a slot.
    ///
    /// # Errors
    /// 404 unknown cabinet or slot; 409 the bank stands somewhere, or does not go in; 503 too much waits to be sent.
    pub(super) fn insert(&self, id: Uuid, bank: Bank, slot: u16) -> Result<(), Problem> {
        let mut residents = self.lock();
        if !residents.contains_key(&id) {
            return Err(unknown_cabinet());
        }
        nowhere(&residents, &bank.serial)?;
        let resident = residents.get_mut(&id).ok_or_else(unknown_cabinet)?;
        let moment = self.moment(resident);
        let serial = bank.serial.clone();
        let outcome = resident.cabinet.insert(bank, slot, self.clock.id(), &moment);
        let word = if outcome.is_ok() { "took" } else { "did not take" };
        resident.did(moment.now, format!("{word} {serial} in slot {slot}"));
        resident.voice.notify_one();
        self.save(&residents);
        outcome.map_err(|why| not_inserted(why, slot))
    }

    /// Lets a cabinet misbehave for a while; for no time at all ends what there was.
    pub(super) fn misbehave(&self, id: Uuid, how: How, seconds: u32) -> Option<()> {
        self.with(id, |resident, moment| {
            let until = later(moment.now, TimeDelta::seconds(i64::from(seconds)));
            resident.misbehaviour = (seconds > 0).then_some(Misbehaviour { how, until });
            resident.ear.notify_one();
            resident.voice.notify_one();
        })
    }
}

/// Refuses a bank that stands in a cabinet already.
fn nowhere(residents: &Residents, serial: &str) -> Result<(), Problem> {
    let found = residents.values().find_map(|it| Some((it.cabinet.station_id, it.cabinet.holds(serial)?)));
    let Some((station_id, slot)) = found else { return Ok(()) };
    Err(Problem::conflict("bank_elsewhere", "this bank stands in a cabinet already")
        .fact("serial", serial)
        .fact("station_id", station_id.to_string())
        .fact("slot", slot))
}

fn not_inserted(why: NotInserted, slot: u16) -> Problem {
    let problem = match why {
        NotInserted::NoSuchSlot => Problem::not_found("this cabinet has no such slot"),
        NotInserted::Taken => Problem::conflict("slot_taken", "a bank stands in this slot"),
        NotInserted::Faulty => Problem::conflict("slot_faulty", "this slot is faulty"),
        NotInserted::OutboxFull => Problem::unavailable("outbox_full", "too much waits to be sent", 1),
    };
    problem.fact("slot", slot)
}

pub(super) fn unknown_cabinet() -> Problem {
    Problem::not_found("there is no such cabinet")
}
