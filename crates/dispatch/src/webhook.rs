//! Webhooks as the Standard Webhooks specification has them: <https://www.standardwebhooks.com>.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keys::Secret;
use model::UnixMillis;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Octets of a secret of ours; 24 to 64 are allowed.
const SECRET_OCTETS: usize = 32;

/// What both sides know, and nobody else.
#[derive(Clone)]
pub struct WebhookSecret(Secret<Vec<u8>>);

/// A text that is no secret of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// Not `whsec_` and base64 of 24 to 64 octets.
    #[error("not whsec_ and base64 of 24 to 64 octets")]
    Malformed,
    /// No randomness.
    #[error("the system has no random numbers")]
    Random,
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl WebhookSecret {
    /// A new one.
    ///
    /// # Errors
    /// `Random`.
    pub fn random() -> Result<Self, SecretError> {
        let octets = keys::random_octets::<SECRET_OCTETS>().map_err(|_| SecretError::Random)?;
        Ok(Self(Secret::new(octets.expose().to_vec())))
    }

    /// Reads `whsec_…`.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn read(text: &str) -> Result<Self, SecretError> {
        let octets = text
            .trim()
            .strip_prefix(PREFIX)
            .and_then(|text| STANDARD.decode(text).ok())
            .filter(|octets| (24..=64).contains(&octets.len()))
            .ok_or(SecretError::Malformed)?;
        Ok(Self(Secret::new(octets)))
    }

    /// `whsec_…`, as the receiver gets it.
    pub fn text(&self) -> Secret<String> {
        Secret::new(format!("{PREFIX}{}", STANDARD.encode(self.0.expose())))
    }

    /// `v1,<base64 of HMAC-SHA256 over id.timestamp.body>`.
    fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let text = [format!("{id}.{seconds}.").as_bytes(), body].concat();
        format!("v1,{}", STANDARD.encode(keys::hmac_sha256(self.0.expose(), &text)))
    }
}

/// The fields of a delivery: `webhook-id`, `webhook-timestamp`, and `webhook-signature` with a signature by each secret,
/// so that receivers can change theirs while the old one still holds.
pub fn headers(
    id: &str,
    at: UnixMillis,
    body: &[u8],
    secrets: &[WebhookSecret],
) -> Vec<(&'static str, String)> {
    let seconds = at.0.div_euclid(1000);
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(id, seconds, body)).collect();
    vec![
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ]
}

/// Body of a delivery that only tries whether everything works.
pub fn test_body(at: UnixMillis) -> Vec<u8> {
    let body =
        serde_json::json!({ "type": "test", "timestamp": crate::occurrence::timestamp(at), "data": {} });
    body.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn signs_as_the_specification_says() {
        let secret = WebhookSecret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let fields = headers(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            UnixMillis(1_614_265_330_000),
            body,
            std::slice::from_ref(&secret),
        );
        assert_eq!(fields[1].1, "1614265330");
        assert_eq!(fields[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let two = headers("a", UnixMillis(0), body, &[secret.clone(), secret]);
        assert_eq!(two[2].1.split(' ').count(), 2);
    }

    #[test]
    fn secrets_are_read_back_and_never_printed() {
        let secret = WebhookSecret::random().unwrap();
        let text = secret.text();
        assert_eq!(WebhookSecret::read(text.expose()).unwrap().text().expose(), text.expose());
        assert_eq!(format!("{secret:?}"), "[secret]");
        for wrong in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_ä"] {
            assert_eq!(WebhookSecret::read(wrong).unwrap_err(), SecretError::Malformed);
        }
    }
}
