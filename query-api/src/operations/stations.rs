//! `GET /api/v1/stations`: stations, those near a place first if one is given. Public.

use actix_web::{HttpRequest, HttpResponse};
use edge::{
    Problem,
    http::{Cursor, Limit, MinPosition, Page, query},
};
use serde::Deserialize;
use tokio_postgres::types::ToSql;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    near::Around,
    read::{Desk, Found, Source, answer, items, position},
    statements,
    station::StationView,
};

/// Which stations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// `latitude,longitude` in degrees.
    near: Option<String>,
    /// How far, in metres; 2,000 if absent.
    #[param(minimum = 1, maximum = 50_000)]
    radius_m: Option<u32>,
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

fn around(input: &Input) -> Result<Option<Around>, Problem> {
    match (&input.near, input.radius_m) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Problem::malformed("radius_m needs near")),
        (Some(near), radius) => Around::parse(near, radius).map(Some),
    }
}

/// Stations.
#[utoipa::path(
    get, path = "/api/v1/stations", tag = "stations", params(Input),
    responses((status = 200, description = "stations, nearest first if a place is given", body = Page<StationView>,
               example = json!({"items": [{"station_id": "0190a6f0-0000-7000-8000-000000000001", "code": "DAR-001",
                   "name": "Kariakoo Market", "latitude": -6.8161, "longitude": 39.2724, "status": "online",
                   "release_mode": "confirmed", "renting": true, "returning": true, "slots": 8,
                   "available_devices": 5, "free_banks": 5, "free_slots": 3, "distance_m": 240}],
                   "next_cursor": null})),
              (status = 400, description = "malformed"))
)]
pub(crate) async fn get(request: HttpRequest, min: MinPosition) -> Result<HttpResponse, Problem> {
    let input: Input = query(&request)?;
    let around = around(&input)?;
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let nearest: Option<(i64, Uuid)> = key(&input, around.is_some())?;
    let first: Option<Uuid> = key(&input, around.is_none())?;
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let rows = match around {
                Some(around) => {
                    let Around { latitude, longitude, radius_mm } = around;
                    let near = around.bounds();
                    let ([west, east], [west_again, east_again]) = (near.longitudes, near.beyond);
                    let (distance, id) = nearest.unzip();
                    let parameters: [&(dyn ToSql + Sync); 12] = [
                        &latitude,
                        &longitude,
                        &radius_mm,
                        &near.south,
                        &near.north,
                        &west,
                        &east,
                        &west_again,
                        &east_again,
                        &distance,
                        &id,
                        &limit,
                    ];
                    desk.query_slowly(statements::STATIONS_NEAR, &parameters).await?
                }
                None => desk.query_slowly(statements::STATIONS, &[&first, &limit]).await?,
            };
            Ok(Found::of(Source::Inventory, position(&rows)?, items(&rows, StationView::read)?))
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
        assert_eq!((around.latitude, around.longitude, around.radius_mm), (-6.8, 39.25, 500_000));
        assert_eq!(parsed("near=-6.8,39.25").unwrap().unwrap().radius_mm, 2_000_000);
        assert_eq!(parsed("").unwrap(), None);
        for bad in [
            "near=91,0",
            "near=0,181",
            "near=0",
            "near=a,b",
            "near=,",
            "near=1,2,3",
            "near=",
            "near=NaN,0",
            "near=0,0&radius_m=0",
            "near=0,0&radius_m=50001",
            "near=0,0&radius_m=-1",
            "radius_m=5",
            "colour=red",
            "limit=0",
        ] {
            assert_eq!(parsed(bad).unwrap_err().code(), "malformed", "{bad}");
        }
    }
}
