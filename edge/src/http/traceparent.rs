//! W3C trace context: taken over where it is well formed, ignored where not.

use std::fmt;

use actix_web::http::header::{HeaderName, HeaderValue};

const LENGTH: usize = 55;

/// A well-formed `traceparent` of version 00.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Traceparent([u8; LENGTH]);

impl Traceparent {
    /// The header's name.
    pub const HEADER: HeaderName = HeaderName::from_static("traceparent");

    pub(super) fn parse(value: &HeaderValue) -> Option<Self> {
        let bytes: [u8; LENGTH] = value.as_bytes().try_into().ok()?;
        let hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
        let mut parts = bytes.split(|byte| *byte == b'-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let shaped = version == b"00" && trace.len() == 32 && span.len() == 16 && flags.len() == 2;
        let zero = |part: &[u8]| part.iter().all(|byte| *byte == b'0');
        let valid = [trace, span, flags].iter().all(|part| part.iter().all(hex));
        (shaped && valid && !zero(trace) && !zero(span)).then_some(Self(bytes))
    }

    /// The header's text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_one_is_taken_over() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parsed = Traceparent::parse(&HeaderValue::from_static(good)).unwrap();
        assert_eq!(parsed.as_str(), good);
        for bad in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7001",
        ] {
            assert_eq!(Traceparent::parse(&HeaderValue::from_static(bad)), None, "{bad}");
        }
    }
}
