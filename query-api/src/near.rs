//! A point on Earth and what lies near it.
//!
//! Keeps true: whatever is within the radius lies within the bounds, at the poles and across the date line too; the bounds
//! are what an index can use, the distance itself is judged by the statement. Earth is a sphere here: off by half a
//! percent at most, which nobody notices who walks to a station.
#![expect(clippy::float_arithmetic, reason = "places are degrees; no money is near them")]

use edge::Problem;

/// The mean radius of Earth; the statement has the same number.
const EARTH_M: f64 = 6_371_008.8;
/// The radius where none is given.
const USUAL_RADIUS_M: u32 = 2_000;
/// The largest radius.
const LARGEST_RADIUS_M: u32 = 50_000;
/// What the bounds have to spare for rounding: a thousandth, and a millimetre or so.
const SPARE: f64 = 1.001;
const SPARE_DEGREES: f64 = 1e-8;
/// Holds no longitude.
const NOWHERE: [f64; 2] = [1.0, 0.0];

/// A place and how far around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Around {
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) radius_mm: i64,
}

/// A band of latitude, and the longitudes in it: two ranges where it crosses the date line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) south: f64,
    pub(crate) north: f64,
    pub(crate) longitudes: [f64; 2],
    pub(crate) beyond: [f64; 2],
}

impl Around {
    /// Reads `latitude,longitude` in degrees.
    ///
    /// # Errors
    /// 400 where it is no place on Earth, or the radius is out of range.
    pub(crate) fn parse(near: &str, radius_m: Option<u32>) -> Result<Self, Problem> {
        let radius = radius_m.unwrap_or(USUAL_RADIUS_M);
        if !(1..=LARGEST_RADIUS_M).contains(&radius) {
            return Err(Problem::malformed("radius_m is from 1 to 50000"));
        }
        let wrong = || Problem::malformed("near is latitude,longitude in degrees");
        let (latitude, longitude) = near.split_once(',').ok_or_else(wrong)?;
        let within = |text: &str, most: f64| {
            text.trim().parse::<f64>().ok().filter(|degrees| degrees.is_finite() && degrees.abs() <= most)
        };
        let latitude = within(latitude, 90.0).ok_or_else(wrong)?;
        let longitude = within(longitude, 180.0).ok_or_else(wrong)?;
        Ok(Self { latitude, longitude, radius_mm: i64::from(radius).saturating_mul(1_000) })
    }

    fn radius_m(self) -> f64 {
        i32::try_from(self.radius_mm).map_or(f64::from(i32::MAX), f64::from) / 1_000.0
    }

    /// What surely holds everything within the radius.
    pub(crate) fn bounds(self) -> Bounds {
        let angle = self.radius_m() * SPARE / EARTH_M;
        let reach = angle.to_degrees() + SPARE_DEGREES;
        let (south, north) = (self.latitude - reach, self.latitude + reach);
        if south <= -90.0 || north >= 90.0 {
            // A pole is within: every longitude is near it.
            return Bounds { south, north, longitudes: [-180.0, 180.0], beyond: NOWHERE };
        }
        // Where the circle's meridians touch it: sin(width) = sin(radius) / cos(latitude).
        let width = (angle.sin() / self.latitude.to_radians().cos()).clamp(-1.0, 1.0).asin();
        let width = width.to_degrees() + SPARE_DEGREES;
        let (west, east) = (self.longitude - width, self.longitude + width);
        let beyond = if west < -180.0 {
            [west + 360.0, 180.0]
        } else if east > 180.0 {
            [-180.0, east - 360.0]
        } else {
            NOWHERE
        };
        Bounds { south, north, longitudes: [west, east], beyond }
    }
}

/// Millimetres as whole metres, rounded.
pub(crate) const fn whole_metres(millimetres: i64) -> i64 {
    millimetres.saturating_add(500) / 1_000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The distance of the statement, in metres.
    fn distance([a_lat, a_lon]: [f64; 2], [b_lat, b_lon]: [f64; 2]) -> f64 {
        let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let (a, b) = (a_lat.to_radians().cos(), b_lat.to_radians().cos());
        2.0 * EARTH_M * (half(b_lat - a_lat) + a * b * half(b_lon - a_lon)).min(1.0).sqrt().asin()
    }

    impl Bounds {
        fn hold(&self, [latitude, longitude]: [f64; 2]) -> bool {
            let within = |[west, east]: [f64; 2]| (west..=east).contains(&longitude);
            (self.south..=self.north).contains(&latitude) && (within(self.longitudes) || within(self.beyond))
        }
    }

    /// The point at this bearing and distance, by the formula of the great circle.
    fn at([latitude, longitude]: [f64; 2], bearing: f64, metres: f64) -> [f64; 2] {
        let (lat, lon, angle) = (latitude.to_radians(), longitude.to_radians(), metres / EARTH_M);
        let there =
            (lat.sin() * angle.cos() + lat.cos() * angle.sin() * bearing.cos()).clamp(-1.0, 1.0).asin();
        let turn = (bearing.sin() * angle.sin() * lat.cos()).atan2(angle.cos() - lat.sin() * there.sin());
        let longitude = (lon + turn).to_degrees();
        let longitude = if longitude > 180.0 {
            longitude - 360.0
        } else if longitude < -180.0 {
            longitude + 360.0
        } else {
            longitude
        };
        [there.to_degrees(), longitude]
    }

    #[test]
    fn known_pairs_are_as_far_apart_as_the_map_says() {
        let dar = [-6.8160, 39.2803];
        for (a, b, metres, off) in [
            // Dar es Salaam to Dodoma, Arusha, Zanzibar; London to Paris; half around Earth.
            (dar, [-6.1731, 35.7395], 397_700.0, 2_000.0),
            (dar, [-3.3869, 36.6830], 478_000.0, 3_000.0),
            (dar, [-6.1659, 39.2026], 72_800.0, 700.0),
            ([51.5074, -0.1278], [48.8566, 2.3522], 343_560.0, 500.0),
            ([0.0, 0.0], [0.0, 180.0], EARTH_M * std::f64::consts::PI, 1.0),
            ([0.0, 0.0], [0.0, 1.0], 111_195.08, 0.1),
            // Across the date line, and over the pole.
            ([0.0, 179.5], [0.0, -179.5], 111_195.08, 0.1),
            ([89.5, 0.0], [89.5, 180.0], 111_195.08, 0.1),
            ([90.0, 12.0], [90.0, -77.0], 0.0, 0.001),
            (dar, dar, 0.0, 0.0),
        ] {
            let found = distance(a, b);
            assert!((found - metres).abs() <= off, "{a:?} to {b:?}: {found}");
        }
    }

    #[test]
    fn metres_are_rounded() {
        assert_eq!([0, 499, 500, 1_499, 1_500].map(whole_metres), [0, 0, 1, 1, 2]);
    }

    #[test]
    fn the_bounds_of_an_ordinary_place_are_tight() {
        let bounds = Around::parse("-6.8,39.25", Some(2_000)).unwrap().bounds();
        assert!((bounds.north - bounds.south) < 0.037, "{bounds:?}");
        assert!((bounds.longitudes[1] - bounds.longitudes[0]) < 0.037, "{bounds:?}");
        assert_eq!(bounds.beyond, NOWHERE);
        assert!(!bounds.hold([-6.8, 39.30]));
    }

    proptest! {
        #[test]
        fn what_is_within_the_radius_is_within_the_bounds(
            latitude in prop_oneof![-90.0..=90.0_f64, Just(90.0), Just(-90.0), 89.0..=90.0_f64],
            longitude in prop_oneof![-180.0..=180.0_f64, Just(180.0), Just(-180.0), 179.5..=180.0_f64],
            radius in 1..=50_000_u32,
            bearing in 0.0..std::f64::consts::TAU,
            share in 0.0..=1.0_f64,
        ) {
            let bounds = Around::parse(&format!("{latitude},{longitude}"), Some(radius)).unwrap().bounds();
            let metres = f64::from(radius) * share;
            let there = at([latitude, longitude], bearing, metres);
            prop_assert!((distance([latitude, longitude], there) - metres).abs() < 0.5);
            prop_assert!(bounds.hold(there), "{there:?} is not in {bounds:?}");
        }

        #[test]
        fn the_way_there_is_as_far_as_the_way_back(
            a in (-90.0..=90.0_f64, -180.0..=180.0_f64), b in (-90.0..=90.0_f64, -180.0..=180.0_f64),
        ) {
            let (there, back) = (distance([a.0, a.1], [b.0, b.1]), distance([b.0, b.1], [a.0, a.1]));
            prop_assert!((there - back).abs() < 0.001);
            prop_assert!((0.0..=EARTH_M * std::f64::consts::PI + 0.001).contains(&there));
        }
    }
}
