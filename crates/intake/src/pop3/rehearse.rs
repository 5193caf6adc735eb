//! The procedures without a server: for tests and for fuzzing.

use std::collections::HashSet;

use super::list::{Entry, Listing};
use super::open::Opening;
use super::remove::Removing;
use super::retrieve::Retrieving;
use super::talk::Talk;
use crate::line::hear;

/// Lets the procedures hear these octets in pieces of this size.
///
/// # Panics
/// If what they report contradicts itself, whatever the octets are.
pub fn rehearse(octets: &[u8], piece: usize) {
    let pieces = || octets.chunks(piece.max(1));
    for credential in ["secret".into(), crate::Credential::Bearer("token".into())] {
        let identity = crate::imap::identity(credential);
        for begins_tls in [false, true] {
            let mut opening = Opening::new(&identity, false, begins_tls);
            hear(&mut opening, &mut Talk::new(), pieces());
        }
    }
    let entry =
        |number| Entry { number, unique_id: (number > 1).then(|| number.to_string()), size_octets: None };
    let known = HashSet::new();
    for pipeline in [1, 3] {
        hear(&mut Listing::new(pipeline), &mut Talk::open(), pieces());
        let mut retrieving = Retrieving::new((1..=4).map(entry).collect(), pipeline, 100, &known);
        crate::imap::check_order(&hear(&mut retrieving, &mut Talk::open(), pieces()).events);
        hear(&mut Removing::new(vec![1, 2, 3], pipeline), &mut Talk::open(), pieces());
    }
}
