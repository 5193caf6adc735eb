//! What an organisation can set.

use std::collections::HashSet;

use crate::address::normal_domain;
use crate::{Masks, normal_address, normal_number};

/// How linking decides where the rules leave a choice.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Addresses that say nothing.
    pub ignored: Ignored,
    /// Two addresses, two orders: the first one gives it, instead of none.
    pub first_address_wins: bool,
    /// The contact step asks address by address, instead of all of a way together.
    pub contacts_one_by_one: bool,
    /// Orders and quotes older than so many months before the mail do not count; `None`: all do.
    pub months: Option<u32>,
    /// Numbers that are no reference, whatever the ERP holds.
    pub own_numbers: OwnNumbers,
    /// Addresses of deputies count as those of the contact.
    pub deputies_count: bool,
    /// What numbers look like, as a person has confirmed.
    pub masks: Masks,
}

/// Own and blocked addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    addresses: HashSet<String>,
    domains: HashSet<String>,
}

impl Ignored {
    /// Of addresses, and of domains (without `@`), which stand for all below them too.
    pub fn new<'a>(entries: impl IntoIterator<Item = &'a str>) -> Self {
        let mut ignored = Self::default();
        for entry in entries {
            ignored.add(entry);
        }
        ignored
    }

    /// Adds an address, or a domain: `example.org` or `@example.org`.
    pub fn add(&mut self, entry: &str) {
        let entry = normal_address(entry);
        match entry.rsplit_once('@') {
            Some((local, _)) if !local.is_empty() => self.addresses.insert(entry),
            Some((_, domain)) => self.domains.insert(domain.to_owned()),
            None if entry.is_empty() => false,
            None => self.domains.insert(normal_domain(&entry).into_owned()),
        };
    }

    /// Whether a normal address says nothing.
    pub fn holds(&self, address: &str) -> bool {
        if self.addresses.contains(address) {
            return true;
        }
        if self.domains.is_empty() {
            return false;
        }
        let mut rest = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        while !rest.is_empty() {
            if self.domains.contains(rest) {
                return true;
            }
            rest = rest.split_once('.').map_or("", |(_, above)| above);
        }
        false
    }
}

/// Numbers of the organisation itself: of its register entry, its tax office, its telephone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnNumbers(HashSet<String>);

impl OwnNumbers {
    /// Of numbers as people write them.
    pub fn new<'a>(written: impl IntoIterator<Item = &'a str>) -> Self {
        Self(written.into_iter().map(normal_number).filter(|number| !number.is_empty()).collect())
    }

    pub(crate) fn holds(&self, normal: &str) -> bool {
        self.0.contains(normal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_stands_for_all_below_it() {
        let ignored = Ignored::new(["Info@Example.org", "@spam.example", "bücher.example", ""]);
        for address in ["info@example.org", "a@spam.example", "a@x.spam.example", "a@xn--bcher-kva.example"] {
            assert!(ignored.holds(address), "{address}");
        }
        for address in ["b@example.org", "a@notspam.example", "a@example", "nobody"] {
            assert!(!ignored.holds(address), "{address}");
        }
    }
}
