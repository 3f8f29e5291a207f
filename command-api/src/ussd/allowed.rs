//! From where the gateway may call: there is no secret in its requests, so its addresses are all there is to know it by.

use std::net::IpAddr;
use std::str::FromStr;

/// Addresses and networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed(Vec<(IpAddr, u32)>);

/// A text that names no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write addresses or networks with commas between them, for example 196.201.214.0/24, 10.0.0.7")]
pub struct NotAnAddress;

impl Default for Allowed {
    /// This machine.
    fn default() -> Self {
        Self(vec![(IpAddr::from([127, 0, 0, 0]), 8), (IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]), 128)])
    }
}

impl FromStr for Allowed {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let nets = text.split(',').map(str::trim).filter(|net| !net.is_empty());
        let nets: Vec<_> = nets.map(net).collect::<Result<_, _>>()?;
        if nets.is_empty() { Err(NotAnAddress) } else { Ok(Self(nets)) }
    }
}

fn net(text: &str) -> Result<(IpAddr, u32), NotAnAddress> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().map_err(|_| NotAnAddress)?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Ok(all), |bits| bits.parse().map_err(|_| NotAnAddress))?;
    if bits <= all { Ok((address, bits)) } else { Err(NotAnAddress) }
}

impl Allowed {
    /// Whether a gateway may call from there.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|(net, bits)| shares(address, net.to_canonical(), *bits))
    }
}

/// Whether the first bits are the same.
fn shares(one: IpAddr, other: IpAddr, bits: u32) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            (one.to_bits() ^ other.to_bits()).checked_shr(32_u32.saturating_sub(bits)).unwrap_or(0) == 0
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            (one.to_bits() ^ other.to_bits()).checked_shr(128_u32.saturating_sub(bits)).unwrap_or(0) == 0
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_its_networks_and_in_no_other() {
        let allowed: Allowed = "196.201.214.0/24, 10.0.0.7,2001:db8::/32".parse().unwrap();
        for (address, inside) in [
            ("196.201.214.200", true),
            ("196.201.215.1", false),
            ("10.0.0.7", true),
            ("::ffff:10.0.0.7", true),
            ("10.0.0.8", false),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
            ("127.0.0.1", false),
        ] {
            assert_eq!(allowed.contains(address.parse().unwrap()), inside, "{address}");
        }
        let everybody: Allowed = "0.0.0.0/0".parse().unwrap();
        assert!(everybody.contains("1.2.3.4".parse().unwrap()));
        assert!(Allowed::default().contains("127.0.0.1".parse().unwrap()));
        assert!(!Allowed::default().contains("10.0.0.1".parse().unwrap()));
        for bad in ["", ",", "x", "1.2.3.4/33", "1.2.3.4/x", "1.2.3"] {
            assert_eq!(bad.parse::<Allowed>(), Err(NotAnAddress), "{bad}");
        }
    }
}
