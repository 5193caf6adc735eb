//! `Authentication-Results` (RFC 8601 §2.2): what a host that took a mail found out about where it comes from.

/// Results of one field that are read.
const RESULTS_MAX: usize = 50;
/// Properties of one result that are read.
const PROPERTIES_MAX: usize = 20;

/// What one host says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthResults {
    /// The name it gives itself, lower case.
    pub authserv_id: String,
    /// Every result, in its order; empty for `none`.
    pub results: Vec<MethodResult>,
}

/// One result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodResult {
    /// `spf`, `dkim`, `dmarc`, …, lower case, without its version.
    pub method: String,
    /// `pass`, `fail`, …, lower case.
    pub result: String,
    /// `ptype.property`, lower case, and the value as written.
    pub properties: Vec<(String, String)>,
}

impl MethodResult {
    /// The value of a property such as `smtp.mailfrom`.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a field. `body`: its unfolded text. `None` where no host names itself, as some services write it.
pub fn auth_results(body: &str) -> Option<AuthResults> {
    let clauses = clauses(body);
    let (first, rest) = clauses.split_first()?;
    let authserv_id = first.first().filter(|word| !word.is_empty() && !word.contains('='))?;
    let authserv_id = authserv_id.trim_end_matches('.').to_ascii_lowercase();
    Some(AuthResults {
        authserv_id,
        results: rest.iter().filter_map(|words| method_result(words)).take(RESULTS_MAX).collect(),
    })
}

fn method_result(words: &[String]) -> Option<MethodResult> {
    let mut pairs = words.iter().filter_map(|word| word.split_once('='));
    let (method, result) = pairs.next()?;
    let method = method.split('/').next().unwrap_or_default().to_ascii_lowercase();
    let properties = pairs.filter(|(name, _)| name.contains('.')).take(PROPERTIES_MAX);
    Some(MethodResult {
        method,
        result: result.to_ascii_lowercase(),
        properties: properties.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
    })
}

/// Words between semicolons, without comments, quotes and the white space around `=`.
fn clauses(body: &str) -> Vec<Vec<String>> {
    let mut clauses = vec![Vec::new()];
    let (mut word, mut depth, mut quoted, mut is_open) = (String::new(), 0_usize, false, false);
    let mut chars = body.chars();
    let end = |word: &mut String, clauses: &mut Vec<Vec<String>>| {
        if !word.is_empty()
            && let Some(last) = clauses.last_mut()
        {
            last.push(std::mem::take(word));
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted || depth > 0 => {
                let escaped = chars.next();
                word.extend(escaped.filter(|_| depth == 0));
            }
            '"' if depth == 0 => quoted = !quoted,
            _ if quoted => word.push(c),
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            ';' => {
                end(&mut word, &mut clauses);
                clauses.push(Vec::new());
            }
            '=' => {
                if word.is_empty()
                    && let Some(before) = clauses.last_mut().and_then(Vec::pop)
                {
                    word = before;
                }
                word.push('=');
                is_open = true;
                continue;
            }
            _ if c.is_whitespace() => {
                if !is_open {
                    end(&mut word, &mut clauses);
                }
                continue;
            }
            _ => word.push(c),
        }
        is_open = false;
    }
    end(&mut word, &mut clauses);
    clauses
}

#[cfg(test)]
mod tests {
    use super::*;

    type Said<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

    fn check(body: &str, expected: Option<(&str, &[Said<'_>])>) {
        let expected = expected.map(|(id, results)| AuthResults {
            authserv_id: id.to_owned(),
            results: results
                .iter()
                .map(|(method, result, properties)| MethodResult {
                    method: (*method).to_owned(),
                    result: (*result).to_owned(),
                    properties: properties.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
                })
                .collect(),
        });
        assert_eq!(auth_results(body), expected, "{body}");
    }

    /// The examples of RFC 8601, appendix B, and what hosts make of them.
    #[test]
    fn fields_are_read() {
        check("example.org 1; none", Some(("example.org", &[])));
        check(
            "example.com; spf=pass smtp.mailfrom=example.net",
            Some(("example.com", &[("spf", "pass", &[("smtp.mailfrom", "example.net")])])),
        );
        check(
            "Example.COM;\r\n\tauth=pass (cram-md5; \\) nested (comment)) smtp.auth=sender@example.net; spf=Fail smtp.mailfrom=example.net",
            Some((
                "example.com",
                &[
                    ("auth", "pass", &[("smtp.auth", "sender@example.net")]),
                    ("spf", "fail", &[("smtp.mailfrom", "example.net")]),
                ],
            )),
        );
        check(
            "mx.example; dkim/1=pass reason=\"good; signature\" header.i=@mail.example header.b=\"oIN=\"; dmarc=fail (p=REJECT) header.from=a.example",
            Some((
                "mx.example",
                &[
                    ("dkim", "pass", &[("header.i", "@mail.example"), ("header.b", "oIN=")]),
                    ("dmarc", "fail", &[("header.from", "a.example")]),
                ],
            )),
        );
        check("\"mx.example\" ; spf = pass", Some(("mx.example", &[("spf", "pass", &[])])));
        // Nobody names himself: whoever wrote this cannot be believed.
        check("spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a.example; dkim=none", None);
        check("", None);
        check("(comment only", None);
        check("; spf=pass", None);
        check("\"open; spf=pass", None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_bounded(body in "[a-z=;()\"\\\\. ]{0,200}") {
            if let Some(found) = auth_results(&body) {
                let together: usize = found.results.iter().map(|one| one.method.len() + one.result.len()).sum();
                proptest::prop_assert!(found.authserv_id.len() + together <= body.len());
            }
        }
    }
}
