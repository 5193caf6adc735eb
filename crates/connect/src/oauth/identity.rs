//! Who consented.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// Who consented, as the provider says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider's own name for the person.
    pub subject: String,
    /// Addresses and login names, lower case; may be empty.
    pub names: Vec<String>,
}

/// Claims that hold an address or a login name. `OpenID` Connect Core §5.1; `upn` and `unique_name` are Microsoft's.
const NAMES: [&str; 5] = ["email", "preferred_username", "upn", "unique_name", "username"];

impl Identity {
    /// From an id token that came straight from the token endpoint over TLS, where TLS stands for the signature; `None` if
    /// it is not for the client `audience`.
    ///
    /// Source: `OpenID` Connect Core §3.1.3.7 number 6.
    pub fn of_id_token(token: &str, audience: &str) -> Option<Self> {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
        let claims: Value = serde_json::from_slice(&payload).ok()?;
        let is_ours = match &claims["aud"] {
            Value::String(one) => one == audience,
            Value::Array(many) => many.iter().any(|one| one == audience),
            _ => false,
        };
        if is_ours { Self::of_claims(&claims) } else { None }
    }

    /// From the answer of the userinfo endpoint (`OpenID` Connect Core §5.3.2).
    pub fn of_userinfo(text: &str) -> Option<Self> {
        Self::of_claims(&serde_json::from_str(text).ok()?)
    }

    fn of_claims(claims: &Value) -> Option<Self> {
        let subject = claims["sub"].as_str()?.chars().take(300).collect();
        let mut names: Vec<String> = NAMES
            .iter()
            .filter_map(|name| claims[*name].as_str())
            .filter(|name| name.len() <= 320)
            .map(str::to_lowercase)
            .collect();
        names.dedup();
        Some(Self { subject, names })
    }

    /// What to call the person.
    pub fn name(&self) -> &str {
        self.names.first().unwrap_or(&self.subject)
    }

    /// Whether this is who logs in as `login`.
    pub fn is(&self, login: &str) -> bool {
        let login = login.trim().to_lowercase();
        self.names.contains(&login) || self.subject.to_lowercase() == login
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn an_id_token_names_the_person_if_it_is_for_us() {
        let claims = r#"{"aud":"us","sub":"17","email":"Eva@Example.org","preferred_username":"eva@example.org","upn":"e.vogt@example.org"}"#;
        let eva = Identity::of_id_token(&token(claims), "us").unwrap();
        assert_eq!(eva.name(), "eva@example.org");
        assert_eq!(eva.names, ["eva@example.org", "e.vogt@example.org"]);
        assert!(eva.is("EVA@example.org ") && eva.is("e.vogt@example.org") && !eva.is("info@example.org"));
        assert_eq!(Identity::of_id_token(&token(claims), "others"), None);
        assert!(
            Identity::of_id_token(&token(r#"{"aud":["a","us"],"sub":"alice"}"#), "us").unwrap().is("alice")
        );
        for wrong in ["", "a.b.c", "a..c", &token("[]"), &token(r#"{"aud":"us"}"#)] {
            assert_eq!(Identity::of_id_token(wrong, "us"), None, "{wrong}");
        }
        assert_eq!(Identity::of_userinfo("<html>"), None);
    }
}
