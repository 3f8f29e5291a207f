//! The two axes of time of an answer.
//!
//! `as_of`, a time or a position, selects by recording: what was known then. Recorded times never go back along the
//! ledger, so a time always means a prefix of positions, and the same question has the same answer for ever.
//! `occurred_until`, a time, selects by happening: what has happened by then, as far as it is known now, or was known
//! at `as_of`. A position that is not there yet is waited for like one that a reader wants to see.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use chrono::{DateTime, Utc};
use edge::{Problem, http::MinPosition};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use crate::{
    read::{Desk, Failure, answer, at},
    statements,
};

/// The parameters that are read here.
const NAMES: [&str; 2] = ["as_of", "occurred_until"];

/// A moment of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AsOf {
    /// Right after the event at this position.
    Position(i64),
    /// Everything recorded by this time.
    Time(DateTime<Utc>),
}

impl AsOf {
    /// `position:n` or a time in RFC 3339.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let wrong = || Problem::malformed("as_of is a time in RFC 3339 or position:n");
        if let Some(number) = text.strip_prefix("position:") {
            let position: i64 = number.parse().map_err(|_| wrong())?;
            return if position >= 0 { Ok(Self::Position(position)) } else { Err(wrong()) };
        }
        DateTime::parse_from_rfc3339(text).map(|time| Self::Time(time.to_utc())).map_err(|_| wrong())
    }
}

/// Which moment an answer is to stand for; the present one where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    as_of: Option<AsOf>,
    occurred_until: Option<DateTime<Utc>>,
}

/// The same as parameters of a request.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Times {
    /// What was known then: a time in RFC 3339 or `position:n`. It selects by recording.
    #[param(example = "position:1042")]
    as_of: Option<String>,
    /// What has happened by then, as far as it is known now or was known at `as_of`: a time in RFC 3339.
    #[param(example = "2026-01-15T12:00:00Z")]
    occurred_until: Option<String>,
}

/// The one axis of balances, which say nothing of when things happened.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it says what is documented; what is read is `Times`")]
pub(crate) struct ByRecording {
    /// What was known then: a time in RFC 3339 or `position:n`. It selects by recording.
    #[param(example = "position:1042")]
    as_of: Option<String>,
}

impl Moment {
    /// Refuses the other axis, where an answer has only one.
    pub(crate) fn by_recording(self) -> Result<Self, Problem> {
        match self.occurred_until {
            None => Ok(self),
            Some(_) => Err(Problem::malformed("this path takes as_of and no occurred_until")),
        }
    }

    fn parse(times: &Times) -> Result<Self, Problem> {
        let wrong = |_| Problem::malformed("occurred_until is a time in RFC 3339");
        let occurred_until =
            times.occurred_until.as_deref().map(DateTime::parse_from_rfc3339).transpose().map_err(wrong)?;
        Ok(Self {
            as_of: times.as_of.as_deref().map(AsOf::parse).transpose()?,
            occurred_until: occurred_until.map(|time| time.to_utc()),
        })
    }

    /// The same, where `occurred_until` says nothing.
    pub(crate) fn recorded_only(self) -> Result<Self, Problem> {
        match self.occurred_until {
            None => Ok(self),
            Some(_) => {
                Err(Problem::malformed("this stands for what was known: occurred_until does not apply"))
            }
        }
    }

    /// Finds out where in the ledger the moment lies; none for the present one. What is returned with it is the
    /// position that the answer has to wait for.
    pub(crate) async fn find(
        self,
        desk: &Desk,
        min: MinPosition,
    ) -> Result<(Option<Known>, MinPosition), Problem> {
        if self == Self::default() {
            return Ok((None, min));
        }
        let (position, recorded_until) = self.place(desk).await.map_err(Failure::into_problem)?;
        let known = Known { position, occurred_until: self.occurred_until, recorded_until };
        let wanted = position.map_or(min.0, |position| Some(position.max(min.0.unwrap_or(0))));
        Ok((Some(known), MinPosition(wanted)))
    }

    async fn place(self, desk: &Desk) -> Result<(Option<i64>, DateTime<Utc>), Failure> {
        let now = desk.stacks().clock.now();
        match self.as_of {
            None => Ok((None, now)),
            Some(AsOf::Time(time)) => {
                let rows = desk.query(statements::RECORDED_BY, &[&time]).await?;
                let position = rows.first().map(|row| row.try_get::<_, Option<i64>>(0)).transpose()?;
                Ok((Some(position.flatten().unwrap_or(0)), time.min(now)))
            }
            Some(AsOf::Position(0)) => Ok((Some(0), DateTime::UNIX_EPOCH)),
            Some(AsOf::Position(position)) => {
                let rows = desk.query(statements::known::RECORDED_AT, &[&position]).await?;
                let recorded: Option<DateTime<Utc>> = rows.first().map(|row| row.try_get(0)).transpose()?;
                Ok((Some(position), recorded.map_or(now, |recorded| recorded.min(now))))
            }
        }
    }
}

/// A moment, with its place in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    position: Option<i64>,
    /// Nothing that happened later.
    pub(crate) occurred_until: Option<DateTime<Utc>>,
    /// Nothing that was recorded later.
    pub(crate) recorded_until: DateTime<Utc>,
}

impl Known {
    /// The same moment, up to a position that an answer before stood for.
    pub(crate) fn up_to(position: i64, known: Option<Self>) -> Self {
        Self {
            position: Some(position),
            occurred_until: known.and_then(|known| known.occurred_until),
            recorded_until: known.map_or(DateTime::<Utc>::MAX_UTC, |known| known.recorded_until),
        }
    }

    /// Nothing of a later position.
    pub(crate) fn position(&self) -> i64 {
        self.position.unwrap_or(i64::MAX)
    }

    /// Where a running meter is read: no later than either axis.
    pub(crate) fn meter(&self) -> DateTime<Utc> {
        self.occurred_until.map_or(self.recorded_until, |until| until.min(self.recorded_until))
    }

    /// 404: there is such a thing now, but there was none at this moment.
    pub(crate) fn not_there_yet(&self, holds: i64) -> Problem {
        let detail = "there is such a thing, but at the moment that was asked for there was not";
        at(Problem::new(StatusCode::NOT_FOUND, "not_there_yet", detail), self.position().min(holds))
    }
}

/// An answer with the position that it stands for.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Standing<T> {
    #[serde(flatten)]
    what: T,
    /// The position that it stands for: nothing recorded later is in it.
    #[schema(example = 1042)]
    position: i64,
}

/// Answers with what was read from a read model that stands at a position, for the moment that was asked for.
pub(crate) fn standing(
    holds: i64,
    known: Option<Known>,
    what: impl Serialize,
) -> Result<HttpResponse, Problem> {
    let position = stands_for(holds, known);
    answer(position, &Standing { what, position })
}

/// The position that an answer stands for, read from a read model that stands at one.
pub(crate) fn stands_for(holds: i64, known: Option<Known>) -> i64 {
    known.map_or(holds, |known| known.position().min(holds))
}

/// The parameters of a path, and the moment that it is asked for. What neither knows is refused.
pub(crate) fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<(T, Moment), Problem> {
    let of_time = |pair: &&str| NAMES.contains(&pair.split('=').next().unwrap_or_default());
    let (times, others): (Vec<&str>, Vec<&str>) = request.query_string().split('&').partition(of_time);
    let times: Times = parsed(&times.join("&"))?;
    Ok((parsed(&others.join("&"))?, Moment::parse(&times)?))
}

/// The moment of a path that takes no other parameters.
pub(crate) fn moment(request: &HttpRequest) -> Result<Moment, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    query::<Nothing>(request).map(|(Nothing {}, moment)| moment)
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    web::Query::<T>::from_query(text)
        .map(web::Query::into_inner)
        .map_err(|error| Problem::malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Result<Moment, Problem> {
        let request = actix_web::test::TestRequest::get().uri(&format!("/api/v1/rentals/x?{text}"));
        moment(&request.to_http_request())
    }

    #[test]
    fn a_moment_is_a_time_or_a_position() {
        assert_eq!(AsOf::parse("position:42").unwrap(), AsOf::Position(42));
        let time = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        assert_eq!(AsOf::parse("2026-01-01T03:00:00+03:00").unwrap(), AsOf::Time(time));
        for bad in ["", "42", "position:", "position:-1", "position:x", "2026-01-01", "yesterday"] {
            assert_eq!(AsOf::parse(bad).unwrap_err().code(), "malformed", "{bad}");
        }
    }

    #[test]
    fn both_axes_may_be_asked_for_and_nothing_else() {
        assert_eq!(asked("").unwrap(), Moment::default());
        let time = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let both = asked("occurred_until=2026-01-01T03:00:00%2B03:00&as_of=position:7").unwrap();
        assert_eq!(both, Moment { as_of: Some(AsOf::Position(7)), occurred_until: Some(time) });
        for bad in [
            "as_of=",
            "as_of",
            "as_of=position:1&as_of=position:2",
            "occurred_until=position:7",
            "occurred_until=2026-01-01",
            "occurred_until=",
            "as_of=position:7&x=1",
            "asof=position:7",
        ] {
            assert_eq!(asked(bad).unwrap_err().code(), "malformed", "{bad}");
        }
    }

    #[test]
    fn a_meter_is_read_at_the_earlier_of_both_axes() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let known = |until| Known { position: Some(5), occurred_until: until, recorded_until: at(100) };
        assert_eq!(known(None).meter(), at(100));
        assert_eq!(known(Some(at(50))).meter(), at(50));
        assert_eq!(known(Some(at(150))).meter(), at(100));
        assert_eq!(stands_for(9, Some(known(None))), 5);
        assert_eq!(stands_for(3, Some(known(None))), 3);
        assert_eq!(stands_for(9, None), 9);
    }
}
