//! Against a real authorization server (`oidc-provider`).
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use connect::Trust;
use connect::oauth::{Client, Endpoints, Http, Needs, OauthError, Provider};
use keys::Secret;
use test_support::Oidc;
use url::Url;

const BACK: &str = "http://127.0.0.1:1/oauth/callback";

async fn client(server: &Oidc, id: &str, secret: &str, scopes: &str) -> Client {
    let http = Http::new(&Trust::System).unwrap();
    let (endpoints, basic) = Endpoints::discover(&http, &server.issuer()).await.unwrap();
    let scopes = scopes.split(' ').map(str::to_owned).collect();
    Client::new(Provider::other(endpoints, scopes, basic), id.into(), Some(Secret::from(secret)), http)
        .unwrap()
}

async fn ours(server: &Oidc) -> Client {
    client(server, "poststelle", "poststelle-secret", "openid email offline_access mail").await
}

fn query(url: &str, name: &str) -> String {
    let url = Url::parse(url).unwrap();
    url.query_pairs()
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[tokio::test]
async fn code_with_pkce_rotation_reuse_and_revocation() {
    let server = Oidc::start();
    let client = ours(&server).await;
    let asked = client.authorize(BACK, Some("alice@example.net")).unwrap();
    assert_eq!(query(&asked.url, "code_challenge_method"), "S256");
    let back = server.consent(&asked.url, "alice");
    assert!(back.starts_with(BACK), "{back}");
    assert_eq!(query(&back, "state"), *asked.state.expose());
    let code = query(&back, "code");
    let wrong = client.redeem(&code, &"x".repeat(43), BACK).await.unwrap_err();
    assert_eq!(wrong.needs(), Needs::Consent, "the code is nobody's without the verifier: {wrong}");

    let asked = client.authorize(BACK, None).unwrap();
    let code = query(&server.consent(&asked.url, "alice"), "code");
    let first = client.redeem(&code, asked.verifier.expose(), BACK).await.unwrap();
    let identity = first.identity.clone().unwrap();
    assert_eq!((identity.subject.as_str(), identity.name()), ("alice", "alice@example.net"));
    assert!(first.scopes.iter().any(|scope| scope == "mail"), "{:?}", first.scopes);
    assert_eq!(first.expires_in.map(|time| time.as_secs()), Some(3600));
    assert!(!format!("{first:?}").contains(first.access_token.expose().as_str()));

    let old = first.refresh_token.unwrap();
    let second = client.refresh(old.expose()).await.unwrap();
    let new = second.refresh_token.unwrap();
    assert_ne!(new.expose(), old.expose(), "rotated");
    let third = client.refresh(new.expose()).await.unwrap().refresh_token.unwrap();
    // Whoever shows an old one has stolen it, or the one who rotated has: nobody gets anything any more.
    assert_eq!(client.refresh(old.expose()).await.unwrap_err().needs(), Needs::Consent);
    assert_eq!(client.refresh(third.expose()).await.unwrap_err().needs(), Needs::Consent);

    let asked = client.authorize(BACK, None).unwrap();
    let code = query(&server.consent(&asked.url, "alice"), "code");
    let token = client.redeem(&code, asked.verifier.expose(), BACK).await.unwrap().refresh_token.unwrap();
    assert!(client.revoke(token.expose()).await.unwrap());
    assert_eq!(client.refresh(token.expose()).await.unwrap_err().needs(), Needs::Consent);
}

#[tokio::test]
async fn device_code() {
    let server = Oidc::start();
    let client = ours(&server).await;
    let device = client.device().await.unwrap();
    assert!(device.verification_uri().starts_with(&server.issuer()) && device.expires_in().as_secs() > 60);
    server.enter_code(device.verification_uri(), device.user_code(), "bob");
    let grant = client.device_grant(&device).await.unwrap();
    assert!(grant.identity.unwrap().is("bob"));
    assert!(grant.refresh_token.is_some());
}

#[tokio::test]
async fn each_failure_says_who_can_help() {
    let server = Oidc::start();
    let client = ours(&server).await;
    let wrong = self::client(&server, "poststelle", "another", "openid").await;
    assert!(
        matches!(wrong.refresh("x").await, Err(OauthError::Settings { code, .. }) if code == "invalid_client")
    );
    assert!(matches!(client.refresh("x").await, Err(OauthError::Consent { .. })));

    let daemon = self::client(&server, "daemon", "daemon-secret", "mail").await;
    let own = daemon.app_only().await.unwrap();
    assert!(own.refresh_token.is_none() && !own.access_token.expose().is_empty());
    for not_allowed in [client.app_only().await.map(drop), daemon.device().await.map(drop)] {
        assert!(matches!(&not_allowed, Err(OauthError::Settings { .. })), "{not_allowed:?}");
    }

    server.set_down(true);
    let down = client.refresh("x").await.unwrap_err();
    let OauthError::Unavailable { status: 503, retry_after: Some(time) } = down else { panic!("{down:?}") };
    assert_eq!(time.as_secs(), 7);
    drop(server);
    let gone = client.refresh("x").await.unwrap_err();
    assert!(gone.is_transient(), "{gone:?}");
}
