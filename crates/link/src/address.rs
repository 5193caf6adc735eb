//! Addresses as they are compared.

use std::borrow::Cow;

/// Lower case, the domain as A-labels (RFC 5890); no folding of dots or `+` tags. What is no domain stays as it is.
pub fn normal_address(written: &str) -> String {
    let lower = written.trim().to_lowercase();
    match lower.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", normal_domain(domain)),
        None => lower,
    }
}

/// A domain, lower case, as A-labels, without a final dot.
pub(crate) fn normal_domain(domain: &str) -> Cow<'_, str> {
    let domain = domain.trim_end_matches('.');
    if domain.bytes().all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        && !domain.contains("xn--")
    {
        return Cow::Borrowed(domain);
    }
    idna::domain_to_ascii(domain).map_or(Cow::Borrowed(domain), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_by_lower_case_and_idna() {
        let check = |written: &str, normal: &str| assert_eq!(normal_address(written), normal, "{written}");
        check("Ada@Example.ORG", "ada@example.org");
        check("ada@bücher.example", "ada@xn--bcher-kva.example");
        check("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example");
        check("a.d.a+x@example.org.", "a.d.a+x@example.org");
        check("nobody", "nobody");
        check("ada@not a domain", "ada@not a domain");
    }
}
