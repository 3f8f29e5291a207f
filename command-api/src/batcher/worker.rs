//! The loop: take what waits, plan, send, settle. It never sleeps while something waits.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use domain::{Command, Missing};
use edge::Clock;
use edge::pace::Backoff;
use futures_util::poll;
use ledger::seal::Erased;
use ledger::{Appended, Ledger, LedgerError, Position};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::ahead::Ahead;
use super::job::{Job, Outcome};
use super::known::Known;
use super::measure::Measures;
use super::plan::{Plan, Step};
use super::reader::{LoadError, Reader};
use super::sending::{Chain, Sending};
use super::settle::{Settled, settle, stands};
use super::snapshots::Sketch;
use crate::Settings;

/// Commands that are decided under the lock together; it is held meanwhile.
pub(super) const UNDER_LOCK: usize = 64;
/// Events read at once while catching up with another process.
const PAGE: usize = 1_000;
/// Further behind than this it is cheaper to forget everything than to read it.
const FAR_BEHIND: i64 = 20_000;
/// The pauses between two sendings of a batch whose outcome is unknown.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Everything the batcher owns.
pub(super) struct Worker {
    pub(super) ledger: Ledger,
    clock: Arc<dyn Clock>,
    intake: mpsc::Receiver<Job>,
    /// Erasures and closes come by a way of their own and are decided under the lock, one at a time.
    alone: mpsc::Receiver<Job>,
    pub(super) erased: Erased,
    snapshots: mpsc::Sender<Sketch>,
    measures: Measures,
    pub(super) settings: Settings,
    known: Known,
    /// The position up to which every held stream is known.
    seen: Position,
    /// Commands that go before the queue: deferred, or decided on something that did not hold.
    waiting: VecDeque<Job>,
    /// Commands that lost to another process and are decided under the lock.
    pub(super) contended: VecDeque<Job>,
    /// The next batch, as far as it could be planned while the last one was on its way.
    ahead: Ahead,
}

/// A batch that stands whole and is not settled yet.
struct Stood {
    plan: Plan,
    appended: Appended,
}

/// What is left of a batch once its answers have gone.
struct Rest {
    used: Vec<uuid::Uuid>,
    settled: Settled,
}

impl Worker {
    pub(super) fn new(
        (ledger, erased): (Ledger, Erased),
        clock: Arc<dyn Clock>,
        (intake, alone): (mpsc::Receiver<Job>, mpsc::Receiver<Job>),
        snapshots: mpsc::Sender<Sketch>,
        seen: Position,
        measures: Measures,
        settings: Settings,
    ) -> Self {
        let known = Known::new(settings.streams);
        let (waiting, contended) = (VecDeque::new(), VecDeque::new());
        let ahead = Ahead::default();
        Self {
            ledger,
            clock,
            intake,
            alone,
            erased,
            snapshots,
            measures,
            settings,
            known,
            seen,
            waiting,
            contended,
            ahead,
        }
    }

    /// Works until the last sender is gone and the queue is empty.
    pub(super) async fn run(mut self) {
        loop {
            // All of them before anything new, so that they cannot pile up.
            while !self.contended.is_empty() {
                self.decide_under_lock().await;
            }
            while let Ok(job) = self.alone.try_recv() {
                self.decide_alone(job).await;
            }
            let ahead = std::mem::take(&mut self.ahead);
            let Some(jobs) = self.next_batch(ahead.plan.len()).await else { break };
            if let Some(plan) = self.plan(ahead, jobs, None).await {
                self.send(plan, false).await;
            }
            self.measures.streams.set(i64::try_from(self.known.len()).unwrap_or(i64::MAX));
        }
        tracing::info!("the batcher has ended");
    }

    async fn decide_alone(&mut self, job: Job) {
        if matches!(job.order.command, Command::ClosePeriod(_)) {
            self.close(job).await;
        } else {
            self.erase(job).await;
        }
    }

    /// What waits, as far as it fits to those that are planned already. Where nothing is, waits for the first command.
    async fn next_batch(&mut self, planned: usize) -> Option<Vec<Job>> {
        let room = self.settings.batch.saturating_sub(planned);
        let mut jobs = Vec::with_capacity(room);
        if self.waiting.is_empty() && planned == 0 {
            tokio::select! {
                job = self.intake.recv() => jobs.push(job?),
                Some(job) = self.alone.recv() => {
                    self.decide_alone(job).await;
                    return Some(jobs);
                }
            }
        }
        while jobs.len() < room {
            match self.waiting.front().map(|job| job.alone) {
                Some(true) if planned > 0 || !jobs.is_empty() => break,
                Some(alone) => {
                    jobs.extend(self.waiting.pop_front());
                    if alone {
                        break;
                    }
                }
                None => match self.intake.try_recv() {
                    Ok(job) => jobs.push(job),
                    Err(_) => break,
                },
            }
        }
        self.measures.queue.set(i64::try_from(self.intake.len()).unwrap_or(i64::MAX));
        Some(jobs)
    }

    /// Decides the commands in order, after those that were planned ahead, loading what is missing. `None`: there is
    /// nothing to send, every command was answered or put back.
    pub(super) async fn plan(
        &mut self,
        ahead: Ahead,
        jobs: Vec<Job>,
        locked: Option<&ledger::LockedAppend>,
    ) -> Option<Plan> {
        let started = Instant::now();
        let ledger = self.ledger.clone();
        let reader = locked.map_or(Reader::Pool(&ledger), Reader::Locked);
        let Ahead { mut plan, spent } = ahead;
        let mut left = VecDeque::from(jobs);
        let obvious = self.obvious(&left);
        let mut failed = self.learn(&reader, obvious).await.err();
        let mut last_missing = None;
        let now = self.clock.now();
        while failed.is_none() {
            let Some(job) = left.pop_front() else { break };
            match plan.add(job, &self.known, now, self.clock.as_ref()) {
                Step::Planned => {}
                Step::Deferred(job) => self.waiting.push_back(job),
                // The states were read at several moments, and another process wrote in between. Under the lock they are of
                // one moment.
                Step::Broken(mut job, _) if locked.is_none() => {
                    job.lost = job.lost.saturating_add(1);
                    self.contended.push_back(job);
                }
                Step::Broken(job, error) => {
                    tracing::error!(%error, command = %job.id, kind = job.order.command.name(), "a decision does not fold");
                    self.answer(job, Outcome::Failed);
                }
                // Somebody else closed a period since these figures were folded.
                Step::Missing(job, Missing::Books(_)) => self.answer(job, Outcome::Concurrent),
                Step::Missing(job, missing) if last_missing.as_ref() == Some(&(job.id, missing.clone())) => {
                    tracing::error!(?missing, command = %job.id, "loaded and still missing");
                    self.answer(job, Outcome::Failed);
                }
                Step::Missing(mut job, missing) => {
                    let mut wanted = vec![missing.clone()];
                    wanted.extend(left.iter_mut().filter_map(|other| plan.probe(other, &self.known, now)));
                    last_missing = Some((job.id, missing));
                    job.order.now = now;
                    left.push_front(job);
                    failed = self.learn(&reader, wanted).await.err();
                }
            }
        }
        self.measures.decide_seconds.observe(spent.saturating_add(started.elapsed()).as_secs_f64());
        if let Some(error) = failed {
            self.not_loaded(plan, left, &error);
            return None;
        }
        (plan.len() > 0).then_some(plan)
    }

    fn obvious(&self, jobs: &VecDeque<Job>) -> Vec<Missing> {
        let streams = jobs.iter().flat_map(|job| job.order.command.obvious_streams());
        streams.filter(|id| self.known.stream(*id).is_none()).map(Missing::Stream).collect()
    }

    async fn learn(&mut self, reader: &Reader<'_>, wanted: Vec<Missing>) -> Result<(), LoadError> {
        if wanted.is_empty() {
            return Ok(());
        }
        self.measures.loads.inc();
        reader.learn(&mut self.known, wanted).await
    }

    /// Nothing of this batch was sent. A stream that does not fold must not fail its neighbours, so then
    /// each command goes alone.
    fn not_loaded(&mut self, plan: Plan, left: VecDeque<Job>, error: &LoadError) {
        let planned = plan.into_jobs().into_iter();
        let jobs: Vec<_> = planned.chain(left).collect();
        let outcome = match error {
            LoadError::Ledger(_) | LoadError::Slow(_) => Outcome::Unavailable,
            LoadError::Fold(..) if jobs.len() > 1 => {
                self.put_back_alone(jobs);
                return;
            }
            LoadError::Fold(..) => Outcome::Failed,
        };
        tracing::warn!(error = %Chain(error), commands = jobs.len(), "states could not be loaded");
        for job in jobs {
            self.answer(job, outcome.clone());
        }
    }

    fn put_back_alone(&mut self, jobs: Vec<Job>) {
        for mut job in jobs.into_iter().rev() {
            job.alone = true;
            self.waiting.push_front(job);
        }
    }

    /// Sends a plan. What was planned behind a batch that stands whole follows at once, and that batch is settled while
    /// Postgres is busy again.
    pub(super) async fn send(&mut self, plan: Plan, resent: bool) {
        let mut next = self.send_one(plan, resent, None).await;
        while let Some((plan, stood)) = next {
            next = self.send_one(plan, false, Some(stood)).await;
        }
    }

    /// Sends a plan until its fates are known, it is certain that nothing was recorded, or patience ends. Returns what is
    /// to follow at once, with this batch, which is to be settled then.
    async fn send_one(
        &mut self,
        plan: Plan,
        mut resent: bool,
        mut stood: Option<Stood>,
    ) -> Option<(Plan, Stood)> {
        let started = Instant::now();
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        self.measures.batch_size.observe(u32::try_from(plan.len()).map_or(0.0, f64::from));
        loop {
            let sending = self.send_once(&plan, stood.take()).await;
            let all = matches!(&sending, Sending::Settled(appended) if stands(appended, self.seen));
            if resent || !all {
                self.put_back_ahead();
            }
            match sending {
                Sending::Settled(appended) => {
                    self.measures.commit_seconds.observe(started.elapsed().as_secs_f64());
                    if self.follows_at_once() {
                        let Ahead { plan: next, spent } = std::mem::take(&mut self.ahead);
                        self.measures.decide_seconds.observe(spent.as_secs_f64());
                        return Some((next, Stood { plan, appended }));
                    }
                    self.settle(plan, appended, resent).await;
                }
                Sending::Malformed(command, what) => {
                    tracing::error!(%command, what, "a command was laid out wrongly");
                    self.drop_malformed(plan, command);
                }
                Sending::NeverLeft(error) if !resent => {
                    tracing::warn!(error = %Chain(&error), commands = plan.len(), "the ledger is away");
                    self.answer_all(plan, &Outcome::Unavailable);
                }
                Sending::Refused(error) if !resent => self.refused(plan, &error),
                Sending::NeverLeft(_) | Sending::Refused(_) | Sending::Unknown => {
                    if matches!(sending, Sending::Unknown) {
                        resent = true;
                        self.measures.resent.inc();
                        self.forget_plan(&plan);
                    }
                    if started.elapsed() < self.settings.patience {
                        backoff.pause(self.clock.as_ref()).await;
                        continue;
                    }
                    tracing::warn!(commands = plan.len(), "the outcome of a batch is unknown");
                    self.known.forget_all();
                    self.answer_all(plan, &Outcome::Unknown);
                }
            }
            return None;
        }
    }

    /// Whether what is planned ahead should go before anything else is done: it holds (else it was put back), and it is
    /// at least half of what waits, so that a call is not spent on a few while many could have gone along.
    fn follows_at_once(&self) -> bool {
        let planned = self.ahead.plan.len();
        planned > 0 && planned >= self.intake.len() && self.waiting.is_empty() && self.contended.is_empty()
    }

    /// Sends a plan once. While it is on its way, the batch before it is settled, and what comes in is planned ahead,
    /// unless something goes before it.
    async fn send_once(&mut self, plan: &Plan, stood: Option<Stood>) -> Sending {
        let ledger = self.ledger.clone();
        let seen = stood.as_ref().map_or(self.seen, |stood| stood.appended.last);
        // A connection that hangs is dropped with the future; the batch is then sent on a new one.
        let mut sending = pin!(timeout(self.settings.patience, ledger.append(&plan.prepared, seen)));
        let mut answer = match poll!(&mut sending) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        };
        if let Some(Stood { plan, appended }) = stood {
            self.settle_stood(plan, appended);
        }
        let Self { clock, intake, settings, known, waiting, contended, ahead, .. } = self;
        let mut open = waiting.is_empty() && contended.is_empty();
        let answer = loop {
            if let Some(answer) = answer.take() {
                break answer;
            }
            tokio::select! {
                biased;
                answer = &mut sending => break answer,
                job = intake.recv(), if open && ahead.plan.len() < settings.batch => {
                    let left = job.and_then(|job| ahead.take(job, plan, known, clock.as_ref()));
                    open = left.is_none() && !intake.is_closed();
                    waiting.extend(left);
                }
            }
        };
        match answer {
            Ok(Ok(appended)) if appended.fates.len() == plan.len() => Sending::Settled(appended),
            Ok(Err(error)) => Sending::from(error),
            Ok(Ok(_)) | Err(_) => Sending::Unknown,
        }
    }

    /// Nothing holds that was planned ahead: its commands are decided again, before all others.
    pub(super) fn put_back_ahead(&mut self) {
        let ahead = std::mem::take(&mut self.ahead);
        ahead.plan.into_jobs().into_iter().rev().for_each(|job| self.waiting.push_front(job));
    }

    pub(super) fn forget_plan(&mut self, plan: &Plan) {
        for command in &plan.prepared {
            command.reads.iter().for_each(|(id, _)| self.known.forget(*id));
        }
    }

    /// The database refused the whole batch, so nothing of it is recorded. Each command is tried alone, so
    /// that the one at fault is found and the others are served.
    fn refused(&mut self, plan: Plan, error: &LedgerError) {
        self.known.forget_all();
        if plan.len() > 1 {
            tracing::warn!(error = %Chain(error), commands = plan.len(), "a batch was refused; each goes alone");
            return self.put_back_alone(plan.into_jobs());
        }
        tracing::error!(error = %Chain(error), "the database refused a command");
        let outcome = if error.is_transient() { Outcome::Unavailable } else { Outcome::Failed };
        self.answer_all(plan, &outcome);
    }

    fn drop_malformed(&mut self, plan: Plan, command: uuid::Uuid) {
        for job in plan.into_jobs().into_iter().rev() {
            if job.id == command {
                self.answer(job, Outcome::Failed);
            } else {
                self.waiting.push_front(job);
            }
        }
    }

    pub(super) async fn settle(&mut self, plan: Plan, appended: Appended, resent: bool) {
        let foreign = appended.before > self.seen;
        let (before, last) = (appended.before, appended.last);
        let rest = self.answer_settled(plan, appended, resent);
        if foreign || resent {
            let ledger = self.ledger.clone();
            self.catch_up(&Reader::Pool(&ledger), if resent { last } else { before }).await;
        }
        self.take_in(rest, last, foreign);
    }

    /// Settles a batch that stands whole: nobody wrote in between, and nothing of it is decided again but what waited
    /// for a refused command of the same id.
    fn settle_stood(&mut self, plan: Plan, appended: Appended) {
        let last = appended.last;
        let rest = self.answer_settled(plan, appended, false);
        self.take_in(rest, last, false);
    }

    /// Committed: the answers leave before anything else is done.
    fn answer_settled(&mut self, plan: Plan, appended: Appended, resent: bool) -> Rest {
        let used = plan.prepared.iter().flat_map(|command| command.reads.iter().map(|(id, _)| *id)).collect();
        let mut settled = settle(plan, appended, resent.then_some(self.seen));
        for (job, outcome) in settled.answers.drain(..) {
            self.answer(job, outcome);
        }
        Rest { used, settled }
    }

    /// Takes in what may be known from now on, then puts back what is decided again.
    fn take_in(&mut self, rest: Rest, last: Position, foreign: bool) {
        let Rest { used, settled } = rest;
        settled.forget.into_iter().for_each(|id| self.known.forget(id));
        for (id, state) in settled.learn {
            self.sketch(id, &state);
            self.known.learn(id, state);
        }
        self.known.touch(used);
        self.known.end_batch();
        for (claim, entity) in settled.held {
            self.known.learn_holder(claim, Some(entity));
        }
        self.seen = self.seen.max(last);
        self.put_back(settled.again, foreign);
    }

    fn put_back(&mut self, again: Vec<Job>, foreign: bool) {
        for job in again.into_iter().rev() {
            self.measures.decided_again.inc();
            if foreign && job.lost > 0 {
                self.contended.push_front(job);
            } else {
                self.waiting.push_front(job);
            }
        }
    }

    /// Reads what other processes recorded after `seen` and takes it into the held streams.
    pub(super) async fn catch_up(&mut self, reader: &Reader<'_>, target: Position) {
        if target.since(self.seen) > FAR_BEHIND {
            self.known.forget_all();
            self.seen = target;
        }
        while self.seen < target {
            let events = match reader.after(self.seen, PAGE).await {
                Ok(events) if !events.is_empty() => events,
                Ok(_) => return self.lose_track(target, "the ledger ends before the position it told"),
                Err(error) => return self.lose_track(target, &Chain(&error).to_string()),
            };
            for event in events.iter().filter(|event| event.position <= target) {
                if let Err(error) = self.known.advance(event) {
                    tracing::error!(%error, position = %event.position, "an event does not fold");
                }
                self.seen = event.position;
            }
        }
    }

    fn lose_track(&mut self, target: Position, why: &str) {
        tracing::warn!(why, "everything held is let go");
        self.known.forget_all();
        self.seen = target;
    }

    fn sketch(&mut self, id: uuid::Uuid, held: &super::known::Held) {
        let due = held.version.saturating_sub(held.saved) >= self.settings.snapshot_every;
        let Some(state) = held.state.as_ref().filter(|_| due) else { return };
        let sketch = Sketch { stream: id, version: held.version, state: Arc::clone(state) };
        if self.snapshots.try_send(sketch).is_ok() {
            self.known.saved(id, held.version);
        }
    }

    pub(super) fn answer_all(&mut self, plan: Plan, outcome: &Outcome) {
        for job in plan.into_jobs() {
            self.answer(job, outcome.clone());
        }
    }

    pub(super) fn answer(&self, job: Job, outcome: Outcome) {
        self.measures.count(&outcome);
        job.answer(outcome);
    }
}
