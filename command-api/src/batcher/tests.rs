//! The batcher without a database: two processes plan and settle against one ledger in memory, with stale
//! states, equal ids, fought-over names and lost replies, in every order that chance finds.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;

use chrono::DateTime;
use domain::{Actor, Command, Order, Role, Seeds};
use edge::{Clock, FixedClock};
use ledger::Position;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::ahead::Ahead;
use super::job::{Job, Outcome};
use super::known::Known;
use super::model::Model;
use super::plan::{Plan, Step};
use super::settle::{MAX_LOST, settle, stands};

/// One command of the small world: four stations with two slots, four banks, serials that collide.
#[derive(Debug, Clone)]
enum Act {
    Station(u8),
    Device(u8, u8),
    Dock(u8, u8, u8),
    Undock(u8),
    Missing(u8),
}

fn thing(kind: u8, number: u8) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(kind) * 256 + u128::from(number))
}

impl Act {
    fn command(&self) -> Command {
        let (station, device) = (|n| thing(1, n), |n| thing(2, n));
        let (name, data) = match self {
            Self::Station(n) => (
                "RegisterStation",
                format!(
                    r#"{{"station_id":"{}","code":"S{}","name":"S","latitude":-6,"longitude":39,"slots":2,"release_mode":"instant"}}"#,
                    station(*n),
                    n % 3
                ),
            ),
            Self::Device(n, serial) => {
                ("RegisterDevice", format!(r#"{{"device_id":"{}","serial":"PB-{serial}"}}"#, device(*n)))
            }
            Self::Dock(n, at, slot) => (
                "DockDevice",
                format!(
                    r#"{{"device_id":"{}","station_id":"{}","slot":{slot},"battery_percent":90}}"#,
                    device(*n),
                    station(*at)
                ),
            ),
            Self::Undock(n) => ("UndockDevice", format!(r#"{{"device_id":"{}"}}"#, device(*n))),
            Self::Missing(serial) => ("ReportDeviceMissing", format!(r#"{{"serial":"PB-{serial}"}}"#)),
        };
        Command::parse(name, &data).unwrap()
    }
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..4u8).prop_map(Act::Station),
        (0..4u8, 0..4u8).prop_map(|(n, serial)| Act::Device(n, serial)),
        (0..4u8, 0..4u8, 1..3u8).prop_map(|(n, at, slot)| Act::Dock(n, at, slot)),
        (0..4u8, 0..4u8, 1..3u8).prop_map(|(n, at, slot)| Act::Dock(n, at, slot)),
        (0..4u8).prop_map(Act::Undock),
        (0..4u8).prop_map(Act::Missing),
    ]
}

/// A request: what, under which id (few, so that they collide), at which process.
fn request() -> impl Strategy<Value = (Act, u8, bool)> {
    (act(), 0..60u8, any::<bool>())
}

struct World {
    model: Model,
    clock: FixedClock,
    processes: [Process; 2],
    replies: Vec<(usize, Uuid, oneshot::Receiver<Outcome>)>,
    acts: Vec<(Uuid, Act)>,
}

struct Process {
    known: Known,
    seen: Position,
    waiting: VecDeque<Job>,
}

impl Process {
    fn new() -> Self {
        let known = Known::new(NonZeroUsize::new(6).unwrap());
        Self { known, seen: Position::ZERO, waiting: VecDeque::new() }
    }
}

fn hash(act: &Act) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (at, byte) in format!("{act:?}").bytes().enumerate() {
        bytes[at % 32] ^= byte.rotate_left(u32::try_from(at / 32).unwrap());
    }
    bytes
}

fn order(act: &Act, id: Uuid, clock: &dyn Clock) -> Order {
    let seeds = Seeds { minted: clock.id(), second: clock.id(), derived: id, random: [7; 17] };
    let actor = Actor { role: Role::Admin, subject: Uuid::nil() };
    Order { command: act.command(), actor, now: clock.now(), stated_at: None, seeds }
}

impl World {
    fn new() -> Self {
        let clock = FixedClock::at(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let processes = [Process::new(), Process::new()];
        Self { model: Model::default(), clock, processes, replies: Vec::new(), acts: Vec::new() }
    }

    /// One station, one bank, and two commands for that bank which wait: into the first slot, out again.
    fn with_a_bank_that_comes_and_goes() -> Self {
        let mut world = Self::new();
        world.ask(Act::Station(1), thing(9, 1), 0);
        world.ask(Act::Device(1, 1), thing(9, 2), 0);
        world.run_dry();
        world.ask(Act::Dock(1, 1, 1), thing(9, 3), 0);
        world.ask(Act::Undock(1), thing(9, 4), 0);
        world
    }

    fn ask(&mut self, act: Act, id: Uuid, process: usize) {
        let (reply, receiver) = oneshot::channel();
        let order = Box::new(order(&act, id, &self.clock));
        let (actor, hash) = (order.actor.to_string(), hash(&act));
        let job =
            Job { id, actor, hash, order, traceparent: None, lost: 0, alone: false, books: None, reply };
        self.processes[process].waiting.push_back(job);
        self.replies.push((self.acts.len(), id, receiver));
        self.acts.push((id, act));
    }

    /// Plans up to `size` commands. States that are loaded come from the ledger as it stands.
    fn plan(&mut self, process: usize, size: usize) -> Plan {
        self.plan_after(process, Plan::default(), size)
    }

    fn plan_after(&mut self, process: usize, mut plan: Plan, size: usize) -> Plan {
        let process = &mut self.processes[process];
        let size = size.min(process.waiting.len());
        let mut left: VecDeque<Job> = process.waiting.drain(..size).collect();
        while let Some(job) = left.pop_front() {
            match plan.add(job, &process.known, self.clock.now(), &self.clock) {
                Step::Planned => {}
                Step::Deferred(job) => process.waiting.push_back(job),
                Step::Missing(job, missing) => {
                    self.model.learn(&mut process.known, &missing, usize::MAX);
                    left.push_front(job);
                }
                // What is held is older than what was loaded; the next batch brings both to one moment.
                Step::Broken(mut job, error) => {
                    job.lost += 1;
                    assert!(job.lost < MAX_LOST, "{error}");
                    process.waiting.push_back(job);
                }
            }
        }
        plan
    }

    /// Plans up to `size` more commands while `before` is on its way.
    fn plan_ahead(&mut self, process: usize, before: &Plan, size: usize) -> Plan {
        let Process { known, waiting, .. } = &mut self.processes[process];
        let mut ahead = Ahead::default();
        for _ in 0..size {
            let Some(job) = waiting.pop_front() else { break };
            if let Some(job) = ahead.take(job, before, known, &self.clock) {
                waiting.push_front(job);
                break;
            }
        }
        ahead.plan
    }

    /// Sends a plan and settles it. `lost` loses the first reply, as a broken connection does.
    fn send(&mut self, process: usize, plan: Plan, lost: bool) {
        self.send_first(process, plan, Plan::default(), lost);
    }

    /// Sends a plan and settles it. Gives back what was planned ahead of its end, if that holds; else puts it back.
    fn send_first(&mut self, process: usize, plan: Plan, ahead: Plan, lost: bool) -> Option<Plan> {
        if lost {
            self.model.append(&plan.prepared);
        }
        let appended = self.model.append(&plan.prepared);
        let process = &mut self.processes[process];
        let target = if lost { appended.last } else { appended.before };
        let last = appended.last;
        let ahead = if stands(&appended, process.seen) && !lost {
            Some(ahead)
        } else {
            ahead.into_jobs().into_iter().rev().for_each(|job| process.waiting.push_front(job));
            None
        };
        let settled = settle(plan, appended, lost.then_some(process.seen));
        for event in &self.model.events {
            if event.position > process.seen && event.position <= target {
                process.known.advance(event).unwrap();
            }
        }
        settled.answers.into_iter().for_each(|(job, outcome)| job.answer(outcome));
        settled.forget.into_iter().for_each(|id| process.known.forget(id));
        settled.learn.into_iter().for_each(|(id, held)| process.known.learn(id, held));
        process.known.end_batch();
        settled.held.into_iter().for_each(|(claim, entity)| process.known.learn_holder(claim, Some(entity)));
        process.seen = last;
        settled.again.into_iter().rev().for_each(|job| process.waiting.push_front(job));
        ahead
    }

    fn run_dry(&mut self) {
        while self.processes.iter().any(|process| !process.waiting.is_empty()) {
            for process in 0..2 {
                let plan = self.plan(process, 4);
                self.send(process, plan, false);
            }
        }
    }

    /// The outcome of each request, in the order they were made. Panics if one was not answered.
    fn outcomes(&mut self) -> Vec<(Act, Uuid, Outcome)> {
        let replies = std::mem::take(&mut self.replies);
        replies
            .into_iter()
            .map(|(at, id, mut reply)| {
                (self.acts[at].1.clone(), id, reply.try_recv().expect("every request is answered"))
            })
            .collect()
    }

    /// Decides an act on the ledger as it stood after `position` events.
    fn decide_at(&self, act: &Act, id: Uuid, position: Position) -> Plan {
        let limit = usize::try_from(position.get()).unwrap();
        let mut known = Known::new(NonZeroUsize::new(100).unwrap());
        let mut plan = Plan::default();
        let (reply, _) = oneshot::channel();
        let order = Box::new(order(act, id, &self.clock));
        let mut job = Job {
            id,
            actor: String::new(),
            hash: hash(act),
            order,
            traceparent: None,
            lost: 0,
            alone: false,
            books: None,
            reply,
        };
        loop {
            match plan.add(job, &known, self.clock.now(), &self.clock) {
                Step::Planned => return plan,
                Step::Missing(again, missing) => {
                    self.model.learn(&mut known, &missing, limit);
                    job = again;
                }
                step @ (Step::Deferred(_) | Step::Broken(..)) => panic!("{step:?}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever is batched with whatever: what is in the ledger is what one command after the other, each on
    /// the state before it, would have recorded (I4); one id has one effect and one answer (I3); everybody
    /// is answered.
    #[test]
    fn i4_batches_of_two_processes_come_to_some_serial_order(
        rounds in vec((vec(request(), 0..16), 1..9usize, 1..9usize, any::<bool>(), 0..10u8), 1..12),
    ) {
        let mut world = World::new();
        for (requests, first, second, order, fault) in rounds {
            for (act, id, process) in requests {
                world.ask(act, thing(9, id), usize::from(process));
            }
            // Both plan before either sends, so that one of them decides on what the other then changes.
            let (one, two) = (usize::from(order), usize::from(!order));
            let (plan_one, plan_two) = (world.plan(one, first), world.plan(two, second));
            let ahead = world.plan_ahead(one, &plan_one, second);
            let ahead = world.send_first(one, plan_one, ahead, fault == 0);
            world.send(two, plan_two, fault == 1);
            // What was planned ahead goes next, or is topped up first.
            if let Some(plan) = ahead {
                let plan = if fault % 2 == 0 { plan } else { world.plan_after(one, plan, first) };
                world.send(one, plan, fault == 2);
            }
        }
        world.run_dry();
        let outcomes = world.outcomes();
        check_serial(&world)?;
        check_answers(&world, outcomes)?;
    }
}

/// Each recorded command, decided alone on the ledger as it stood before it, gives the same events.
fn check_serial(world: &World) -> Result<(), TestCaseError> {
    for stored in world.model.commands.values() {
        let act = world.acts.iter().find(|(id, act)| *id == stored.id && hash(act) == stored.hash);
        let (_, act) = act.expect("what is recorded was asked");
        let before = if stored.event_count == 0 {
            stored.first_position
        } else {
            Position::new(stored.first_position.get() - 1)
        };
        // Claims taken later are still seen by this check, so only streams are compared at the moment.
        let plan = world.decide_at(act, stored.id, before);
        let alone = &plan.prepared[0];
        let first = usize::try_from(before.get()).unwrap();
        let recorded = &world.model.events[first..first + usize::try_from(stored.event_count).unwrap()];
        if alone.events.len() == recorded.len() {
            for (alone, recorded) in alone.events.iter().zip(recorded) {
                prop_assert_eq!(&alone.payload, &recorded.payload);
                prop_assert_eq!(&alone.streams, &recorded.streams);
            }
        } else {
            let taken = matches!(act, Act::Station(_) | Act::Device(..));
            prop_assert!(taken, "{act:?} was recorded as {recorded:?} and decides as {:?}", alone.decided);
        }
    }
    Ok(())
}

fn check_answers(world: &World, outcomes: Vec<(Act, Uuid, Outcome)>) -> Result<(), TestCaseError> {
    let mut bodies: HashMap<Uuid, Vec<u8>> = HashMap::new();
    for (act, id, outcome) in outcomes {
        let stored = world.model.commands.get(&id);
        match outcome {
            Outcome::Answer(answer) => {
                prop_assert_eq!(stored.map(|stored| stored.hash), Some(hash(&act)));
                let body = answer.render().unwrap();
                prop_assert_eq!(bodies.entry(id).or_insert_with(|| body.clone()), &body, "i3: one answer");
            }
            Outcome::KeyReused => prop_assert!(stored.is_some_and(|stored| stored.hash != hash(&act))),
            Outcome::Refused(_) | Outcome::Concurrent => {}
            Outcome::Unknown | Outcome::Unavailable | Outcome::Failed => prop_assert!(false, "{outcome:?}"),
        }
    }
    Ok(())
}

#[test]
fn the_same_id_sent_fifty_times_at_once_has_one_effect_and_fifty_equal_answers() {
    let mut world = World::new();
    let id = thing(9, 1);
    (0..50).for_each(|_| world.ask(Act::Station(1), id, 0));
    let plan = world.plan(0, 50);
    assert_eq!(plan.len(), 1);
    world.send(0, plan, false);
    let bodies: Vec<_> = world
        .outcomes()
        .into_iter()
        .map(|(_, _, outcome)| {
            let Outcome::Answer(answer) = outcome else { panic!("{outcome:?}") };
            answer.render().unwrap()
        })
        .collect();
    assert!(bodies.iter().all(|body| body == &bodies[0]));
    assert_eq!(world.model.events.len(), 1);
}

#[test]
fn what_was_planned_ahead_goes_as_it_is_when_all_before_it_stands() {
    let mut world = World::with_a_bank_that_comes_and_goes();
    world.ask(Act::Dock(1, 1, 2), thing(9, 5), 0);
    let first = world.plan(0, 1);
    let ahead = world.plan_ahead(0, &first, 10);
    assert_eq!(ahead.len(), 2, "both rest on the one before");
    let ahead = world.send_first(0, first, ahead, false).expect("all of it stood");
    world.send(0, ahead, false);
    assert!(world.outcomes().iter().all(|(.., outcome)| matches!(outcome, Outcome::Answer(_))));
    assert_eq!(world.model.events.len(), 5);
}

#[test]
fn what_was_planned_ahead_is_decided_anew_when_anything_before_it_fell_out() {
    let mut world = World::with_a_bank_that_comes_and_goes();
    let first = world.plan(0, 1);
    let ahead = world.plan_ahead(0, &first, 10);
    world.ask(Act::Dock(1, 1, 2), thing(9, 5), 1);
    let other = world.plan(1, 1);
    world.send(1, other, false);
    assert!(world.send_first(0, first, ahead, false).is_none());
    world.run_dry();
    let events: Vec<_> = world.model.events.iter().map(|event| event.event_type.clone()).collect();
    assert_eq!(events[2..4], ["DeviceDocked", "DeviceDocked"], "the bank was moved, not docked into nothing");
    assert_eq!(events.last().unwrap(), "DeviceUndocked");
}

#[test]
fn one_id_is_not_planned_ahead_of_itself() {
    let mut world = World::new();
    world.ask(Act::Station(1), thing(9, 1), 0);
    world.ask(Act::Station(1), thing(9, 1), 0);
    let first = world.plan(0, 1);
    assert_eq!(world.plan_ahead(0, &first, 10).len(), 0);
    world.send(0, first, false);
    world.run_dry();
    let again = world.outcomes().into_iter().next_back().unwrap().2;
    assert!(matches!(again, Outcome::Answer(answer) if answer.replay));
}

#[test]
fn of_many_that_want_one_slot_one_wins_and_the_rest_is_refused_in_the_same_batch() {
    let mut world = World::new();
    world.ask(Act::Station(1), thing(9, 100), 0);
    (0..4).for_each(|n| world.ask(Act::Device(n, n), thing(9, 101 + n), 0));
    (0..4).for_each(|n| world.ask(Act::Dock(n, 1, 1), thing(9, 110 + n), 0));
    let plan = world.plan(0, 100);
    assert_eq!(plan.len(), 9);
    world.send(0, plan, false);
    let outcomes = world.outcomes();
    let docks = outcomes.iter().filter(|(act, ..)| matches!(act, Act::Dock(..)));
    let won = docks.filter(|(.., outcome)| matches!(outcome, Outcome::Answer(_))).count();
    assert_eq!((won, world.model.names()), (1, 5));
}

#[test]
fn a_name_lost_to_another_process_becomes_a_refusal_with_its_facts() {
    let mut world = World::new();
    world.ask(Act::Device(1, 7), thing(9, 1), 0);
    world.ask(Act::Device(2, 7), thing(9, 2), 1);
    let (first, second) = (world.plan(0, 1), world.plan(1, 1));
    world.send(0, first, false);
    world.send(1, second, false);
    world.run_dry();
    let outcomes = world.outcomes();
    let Outcome::Refused(rejection) = &outcomes[1].2 else { panic!("{outcomes:?}") };
    assert_eq!(**rejection, domain::Rejection::SerialTaken { device_id: thing(2, 1) });
}

#[test]
fn a_batch_whose_reply_was_lost_is_answered_as_if_it_had_not_been() {
    let mut world = World::new();
    world.ask(Act::Station(1), thing(9, 1), 0);
    world.ask(Act::Device(1, 1), thing(9, 2), 0);
    world.ask(Act::Dock(1, 1, 1), thing(9, 3), 0);
    let plan = world.plan(0, 10);
    world.send(0, plan, true);
    assert_eq!(world.model.events.len(), 3);
    for (.., outcome) in world.outcomes() {
        let Outcome::Answer(answer) = outcome else { panic!("{outcome:?}") };
        assert!(!answer.replay);
    }
}

#[test]
fn whoever_loses_again_and_again_is_told_so() {
    let mut world = World::new();
    world.ask(Act::Station(1), thing(9, 1), 0);
    world.run_dry();
    world.ask(Act::Dock(1, 1, 1), thing(9, 2), 0);
    for round in 0..MAX_LOST {
        let stale = world.plan(0, 1);
        // The other process moves what the decision rests on.
        world.ask(Act::Device(1, 1), thing(9, 10), 1);
        world.ask(Act::Dock(1, 1, 1 + round % 2), thing(9, 20 + round), 1);
        let other = world.plan(1, 10);
        world.send(1, other, false);
        world.send(0, stale, false);
    }
    let outcomes = world.outcomes();
    let lost = outcomes.into_iter().find(|(_, id, _)| *id == thing(9, 2)).unwrap();
    assert_eq!(lost.2, Outcome::Concurrent);
}
