//! The page and its files; headers of every answer; where requests may come from.

use axum::http::{Method, StatusCode};
use serde_json::json;
use url::Url;

use super::world::World;

#[tokio::test]
async fn the_page_gets_a_nonce_of_its_own_each_time() {
    let world = World::new();
    let mut nonces = Vec::new();
    for path in ["/", "/mail?q=x", "/m/0190", "/record/order/7", "/index.html"] {
        let answer = world.get(path).send().await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        let policy = answer.header("content-security-policy");
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; font-src 'self'; \
                 connect-src 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
            )
        );
        assert!(answer.text().contains(&format!("content=\"{nonce}\"")), "{}", answer.text());
        nonces.push(nonce);
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 5);
}

#[tokio::test]
async fn files_come_compressed_and_stay() {
    let world = World::new();
    let script = world.get("/assets/app-1a2b.js");
    let plain = script.send().await;
    assert_eq!((plain.text(), plain.header("content-encoding")), ("plain script", ""));
    assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(plain.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(plain.header("x-content-type-options"), "nosniff");
    let check = async |accepted: &str, encoding: &str, text: &str| {
        let answer = world.get("/assets/app-1a2b.js").header("accept-encoding", accepted).send().await;
        assert_eq!((answer.header("content-encoding"), answer.text()), (encoding, text), "{accepted}");
        assert_eq!(answer.header("vary"), "Accept-Encoding");
    };
    check("gzip, deflate, br, zstd", "br", "brotli script").await;
    check("gzip", "gzip", "gzip script").await;
    check("br;q=0, gzip;q=0.5", "gzip", "gzip script").await;
    check("identity", "", "plain script").await;
    let icon = world.get("/favicon.svg").send().await;
    assert_eq!(icon.header("cache-control"), "no-cache");
    let known = icon.header("etag").to_owned();
    let again = world.get("/favicon.svg").header("if-none-match", &known).send().await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
}

#[tokio::test]
async fn what_does_not_exist() {
    let world = World::new();
    assert_eq!(world.get("/assets/old-9z.js").send().await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.get("/api/v1/nothing").problem(StatusCode::NOT_FOUND).await, "not-found");
    assert_eq!(world.get("/api/nothing").problem(StatusCode::NOT_FOUND).await, "not-found");
    assert_eq!(
        world.ask(Method::PUT, "/api/v1/messages").problem(StatusCode::METHOD_NOT_ALLOWED).await,
        "method-not-allowed"
    );
    assert_eq!(world.ask(Method::POST, "/mail").send().await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(world.get("/assets/../../Cargo.toml").send().await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_a_front_end_the_page_says_how_to_build_it() {
    let world = World::with(|options| options.files = |_| None);
    let answer = world.get("/").header("accept-language", "de").send().await;
    assert!(answer.text().contains("make run") && answer.text().contains("lang=\"de\""), "{}", answer.text());
}

#[tokio::test]
async fn headers_of_every_answer() {
    let world = World::new();
    for path in ["/api/v1/setup", "/api/v1/session", "/api/v1/nothing", "/health/live", "/api/openapi.json"] {
        let answer = world.get(path).send().await;
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'none'; frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert!(answer.header("x-request-id").starts_with("request-"));
        if path.starts_with("/api/") {
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        }
    }
}

#[tokio::test]
async fn description_is_the_file_beside_the_api_crate() {
    let world = World::new();
    let answer = world.get("/api/openapi.json").send().await;
    assert_eq!(answer.text(), api::description_json());
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn writes_from_other_sites_are_refused() {
    let world = World::new();
    let admin = world.administrator();
    let patch =
        || world.ask(Method::PATCH, "/api/v1/me").by(&admin).foreign().json(&json!({"theme": "dark"}));
    let refused = |status| (status, "origin".to_owned());
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("x-nothing", "said"),
    ] {
        let key = patch().header(name, value).problem(StatusCode::FORBIDDEN).await;
        assert_eq!((StatusCode::FORBIDDEN, key), refused(StatusCode::FORBIDDEN), "{name}: {value}");
    }
    patch().header("origin", "http://127.0.0.1:8025").expect(StatusCode::OK).await;
    patch().header("sec-fetch-site", "same-origin").expect(StatusCode::OK).await;
    let token = admin.cookie.split_once('=').unwrap().1;
    let program = world.ask(Method::PATCH, "/api/v1/me").foreign().json(&json!({"theme": "dark"}));
    program.header("authorization", &format!("Bearer {token}")).expect(StatusCode::OK).await;
}

#[tokio::test]
async fn only_json_is_taken_for_json() {
    let world = World::new();
    let admin = world.administrator();
    let form = world
        .ask(Method::PATCH, "/api/v1/me")
        .by(&admin)
        .header("content-type", "text/plain")
        .body("{\"theme\":\"dark\"}");
    assert_eq!(form.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE).await, "media-type");
    let broken = world
        .ask(Method::PATCH, "/api/v1/me")
        .by(&admin)
        .header("content-type", "application/json")
        .body("{");
    assert_eq!(broken.problem(StatusCode::BAD_REQUEST).await, "request-unreadable");
    let unknown = world
        .ask(Method::PATCH, "/api/v1/me")
        .by(&admin)
        .json(&json!({"colour": 1}))
        .expect(StatusCode::BAD_REQUEST)
        .await;
    assert_eq!((&unknown["type"], &unknown["field"]), (&json!("request-unreadable"), &json!("colour")));
    let large = world.ask(Method::PATCH, "/api/v1/me").by(&admin).json(&json!({"name": "x".repeat(2 << 20)}));
    assert_eq!(large.problem(StatusCode::PAYLOAD_TOO_LARGE).await, "too-large");
    let query = world.get("/api/v1/messages?limit=many").by(&admin).expect(StatusCode::BAD_REQUEST).await;
    assert_eq!(query["field"], "limit");
    world.get("/api/v1/messages?colour=red").by(&admin).problem(StatusCode::BAD_REQUEST).await;
}

#[tokio::test]
async fn a_name_that_was_pointed_here_is_not_ours() {
    let world = World::new();
    let ask = |host: &str| {
        let request = axum::http::Request::builder().uri("/api/v1/setup").header("host", host);
        tower::ServiceExt::oneshot(world.router.clone(), request.body(axum::body::Body::empty()).unwrap())
    };
    assert_eq!(ask("evil.example:8025").await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(ask("localhost:8025").await.unwrap().status(), StatusCode::OK);
    let named =
        World::with(|options| options.public_url = Some(Url::parse("https://post.example.org").unwrap()));
    let request = axum::http::Request::builder().uri("/api/v1/setup").header("host", "post.example.org");
    let answer =
        tower::ServiceExt::oneshot(named.router.clone(), request.body(axum::body::Body::empty()).unwrap());
    assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn problems_speak_the_language_of_the_request() {
    let world = World::new();
    let de = world.get("/api/v1/session").header("accept-language", "de-AT,de;q=0.9,en;q=0.8").send().await;
    assert_eq!((de.header("content-language"), &de.json()["title"]), ("de", &json!("Nicht angemeldet")));
    let en = world.get("/api/v1/session").header("accept-language", "fr").send().await;
    assert_eq!((en.header("content-language"), &en.json()["title"]), ("en", &json!("Not logged in")));
    let admin = world.administrator();
    world
        .ask(Method::PATCH, "/api/v1/me")
        .by(&admin)
        .json(&json!({"language": "de"}))
        .expect(StatusCode::OK)
        .await;
    let chosen =
        world.get("/api/v1/messages?limit=0").by(&admin).header("accept-language", "en").send().await;
    assert_eq!(chosen.header("content-language"), "de");
}
