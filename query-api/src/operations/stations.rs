//! `GET /api/v1/stations`: stations, those near a place first if one is given. Public.

use actix_web::{HttpRequest, HttpResponse};
use edge::{
    Problem,
    http::{Cursor, Limit, MinPosition, Page, query},
};
use serde::Deserialize;
use tokio_postgres::Row;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    read::{Desk, Failure, Found, Source, answer, position},
    statements,
    station::StationView,
};

/// The radius where none is given.
const USUAL_RADIUS_M: u32 = 1_000;
/// The largest radius.
const LARGEST_RADIUS_M: u32 = 100_000;

/// Which stations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// `latitude,longitude` in degrees.
    near: Option<String>,
    /// How far, in metres: 1 to 100,000; 1,000 if absent.
    radius_m: Option<u32>,
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// A place and how far around it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Around {
    latitude: f64,
    longitude: f64,
    radius: f64,
}

fn around(input: &Input) -> Result<Option<Around>, Problem> {
    let Some(near) = &input.near else {
        return match input.radius_m {
            None => Ok(None),
            Some(_) => Err(Problem::malformed("radius_m needs near")),
        };
    };
    let radius = input.radius_m.unwrap_or(USUAL_RADIUS_M);
    if !(1..=LARGEST_RADIUS_M).contains(&radius) {
        return Err(Problem::malformed("radius_m is from 1 to 100000"));
    }
    let wrong = || Problem::malformed("near is latitude,longitude in degrees");
    let (latitude, longitude) = near.split_once(',').ok_or_else(wrong)?;
    let within = |text: &str, most: f64| {
        text.trim().parse::<f64>().ok().filter(|degrees| degrees.is_finite() && degrees.abs() <= most)
    };
    let latitude = within(latitude, 90.0).ok_or_else(wrong)?;
    let longitude = within(longitude, 180.0).ok_or_else(wrong)?;
    Ok(Some(Around { latitude, longitude, radius: f64::from(radius) }))
}

/// Stations.
#[utoipa::path(
    get, path = "/api/v1/stations", tag = "stations", params(Input),
    responses((status = 200, description = "stations, nearest first if a place is given", body = Page<StationView>),
              (status = 400, description = "malformed"))
)]
pub(crate) async fn get(request: HttpRequest, min: MinPosition) -> Result<HttpResponse, Problem> {
    let input: Input = query(&request)?;
    let around = around(&input)?;
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let nearest: Option<(f64, Uuid)> = key(&input, around.is_some())?;
    let first: Option<Uuid> = key(&input, around.is_none())?;
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let rows = match around {
                Some(Around { latitude, longitude, radius }) => {
                    let (distance, id) = nearest.unzip();
                    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
                        [&latitude, &longitude, &radius, &distance, &id, &limit];
                    desk.query_slowly(statements::STATIONS_NEAR, &parameters).await?
                }
                None => desk.query_slowly(statements::STATIONS, &[&first, &limit]).await?,
            };
            Ok(Found::of(Source::Inventory, position(&rows)?, read(&rows)?))
        })
        .await?;
    let page = if around.is_some() {
        Page::cut(found.what, input.limit, |item| (item.distance, item.station_id))
    } else {
        Page::cut(found.what, input.limit, |item| item.station_id)
    };
    answer(found.position, &page)
}

fn key<T: serde::de::DeserializeOwned>(input: &Input, applies: bool) -> Result<Option<T>, Problem> {
    input.cursor.as_ref().filter(|_| applies).map(Cursor::key).transpose()
}

fn read(rows: &[Row]) -> Result<Vec<StationView>, Failure> {
    rows.iter().filter_map(|row| StationView::read(row).transpose()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Option<Around>, Problem> {
        let input = serde_urlencoded(text)?;
        around(&input)
    }

    fn serde_urlencoded(text: &str) -> Result<Input, Problem> {
        let request = actix_web::test::TestRequest::get().uri(&format!("/api/v1/stations?{text}"));
        query(&request.to_http_request())
    }

    #[test]
    fn a_place_is_read_strictly() {
        let around = parsed("near=-6.8,39.25&radius_m=500").unwrap().unwrap();
        assert_eq!((around.latitude, around.longitude, around.radius), (-6.8, 39.25, 500.0));
        assert_eq!(parsed("near=-6.8,39.25").unwrap().unwrap().radius, 1_000.0);
        assert_eq!(parsed("").unwrap(), None);
        for bad in [
            "near=91,0",
            "near=0,181",
            "near=0",
            "near=a,b",
            "near=NaN,0",
            "near=0,0&radius_m=0",
            "near=0,0&radius_m=100001",
            "near=0,0&radius_m=-1",
            "radius_m=5",
            "colour=red",
            "limit=0",
        ] {
            assert_eq!(parsed(bad).unwrap_err().code(), "malformed", "{bad}");
        }
    }
}
