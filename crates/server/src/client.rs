//! Who is at the other end: the address behind trusted proxies, and whether the way to it is encrypted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::{Request, State as FromState};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::Response;

use connect::Network;

use crate::State;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Other end of the connection; the listener puts it into every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Who asks, as far as the network shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// The nearest address that is no trusted proxy.
    pub(crate) address: IpAddr,
    /// TLS here or at the trusted proxy.
    pub(crate) secure: bool,
    /// On this machine itself, without a proxy between.
    pub(crate) local: bool,
    /// Came through a trusted proxy.
    pub(crate) proxied: bool,
}

impl Client {
    /// `peer`: other end of the connection; `tls`: it is encrypted.
    ///
    /// Of `X-Forwarded-For` the rightmost address that is no proxy counts: what stands left of it anybody may have
    /// written. Without trusted proxies the header means nothing.
    pub(crate) fn new(peer: IpAddr, tls: bool, headers: &HeaderMap, proxies: &[Network]) -> Self {
        let peer = peer.to_canonical();
        let trusted = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
        if !trusted(peer) {
            return Self { address: peer, secure: tls, local: peer.is_loopback(), proxied: false };
        }
        let mut address = peer;
        let hops: Vec<&str> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        for hop in hops.into_iter().rev() {
            let Ok(hop) = hop.trim().trim_matches(['[', ']']).parse::<IpAddr>() else { break };
            address = hop.to_canonical();
            if !trusted(address) {
                break;
            }
        }
        let https =
            headers.get(FORWARDED_PROTO).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"));
        Self { address, secure: tls || https, local: false, proxied: true }
    }

    /// Address for throttles: of IPv6 the first half only, since one machine has all of the rest.
    pub(crate) fn throttled(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(_) => self.address,
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        }
    }
}

/// Puts a [`Client`] into the request.
pub(crate) async fn identify(
    FromState(state): FromState<State>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip());
    let options = state.options();
    let client = Client::new(peer, options.tls.is_some(), request.headers(), &options.trusted_proxies);
    request.extensions_mut().insert(client);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use connect::NetworkError;

    use super::*;

    #[test]
    fn networks() {
        let check = |network: &str, address: &str, expected: bool| {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), expected);
        };
        check("10.0.0.0/24", "10.0.0.255", true);
        check("10.0.0.0/24", "10.0.1.0", false);
        check("10.0.0.5", "::ffff:10.0.0.5", true);
        check("0.0.0.0/0", "192.0.2.1", true);
        check("2001:db8::/32", "2001:db8:1::1", true);
        check("2001:db8::/32", "2001:db9::1", false);
        check("::/0", "192.0.2.1", false);
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "host", "10.0.0.0/x"] {
            assert_eq!(wrong.parse::<Network>(), Err(NetworkError(wrong.to_owned())));
        }
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let proxies: Vec<Network> = vec!["10.0.0.0/24".parse().unwrap()];
        let check = |peer: &str, forwarded: &[&str], expected: &str| {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append(FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
            }
            headers.insert(FORWARDED_PROTO, HeaderValue::from_static("https"));
            let client = Client::new(peer.parse().unwrap(), false, &headers, &proxies);
            assert_eq!(client.address, expected.parse::<IpAddr>().unwrap());
            client
        };
        assert!(!check("192.0.2.7", &["198.51.100.1"], "192.0.2.7").secure);
        assert!(check("10.0.0.1", &["198.51.100.1"], "198.51.100.1").secure);
        check("10.0.0.1", &["203.0.113.9, 198.51.100.1, 10.0.0.2"], "198.51.100.1");
        check("10.0.0.1", &["203.0.113.9", "198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &["203.0.113.9, nonsense"], "10.0.0.1");
        check("10.0.0.1", &[], "10.0.0.1");
        assert!(check("127.0.0.1", &["198.51.100.1"], "127.0.0.1").local);
    }
}
