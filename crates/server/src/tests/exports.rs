//! Mails of a query as a file: who gets which, and that it is said.

use axum::http::{Method, StatusCode, header};
use model::Role;
use serde_json::json;

use super::world::{World, mail};

#[tokio::test]
async fn a_query_is_handed_out_as_far_as_it_may_be_read() {
    let world = World::new();
    let ours = world.account(
        "ours",
        &[&mail(1, "eva@b.example", "Offer 1", "x"), &mail(2, "=tom@b.example", "Offer 2", "y")],
    );
    world.account("theirs", &[&mail(3, "uwe@b.example", "Offer 3", "z")]);
    let reader = world.user("reader@example.org", Role::Agent, &[ours]);
    let get = |query: &str| world.get(&format!("/api/v1/export?{query}")).by(&reader);
    let csv = get("q=offer&format=csv").send().await;
    assert_eq!(csv.status, StatusCode::OK);
    let disposition = csv.header(header::CONTENT_DISPOSITION.as_str());
    assert!(disposition.contains(".csv"), "{disposition}");
    let text = csv.text();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("\"Offer 1\"") && !text.contains("Offer 3"), "{text}");
    assert_eq!(get("q=subject:1&format=csv").send().await.text().lines().count(), 2);
    // Each format is one; what they hold is tested where they are written.
    for (format, begin) in [
        ("zip", &b"PK\x03\x04"[..]),
        ("xlsx", b"PK\x03\x04"),
        ("mbox", b"From "),
        ("xml", b"<?xml"),
        ("sql", b"/*!40101"),
    ] {
        let answer = get(&format!("format={format}")).send().await;
        assert!(answer.body.starts_with(begin), "{format}");
    }
    let mbox = get("format=mbox").send().await;
    assert_eq!(mbox.text().matches("\nSubject: Offer").count(), 2);
    // Refused before anything is sent.
    assert_eq!(
        get("q=before:never&format=csv").problem(StatusCode::BAD_REQUEST).await,
        "query-date-unreadable"
    );
    let wrong = get("format=exe").send().await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let nobody = world.get("/api/v1/export?format=csv").send().await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    // And it is in the log.
    let log = world.get("/api/v1/events").by(&world.administrator()).expect(StatusCode::OK).await;
    let exports =
        log["items"].as_array().unwrap().iter().filter(|entry| entry["action"] == json!("mails.exported"));
    assert_eq!(exports.count(), 8, "{log}");
    let posted = world.ask(Method::POST, "/api/v1/export?format=csv").by(&reader).send().await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn mails_with_held_attachments_stay_for_others() {
    let world = World::new();
    let bad = "From: a@b.example\r\nTo: c@b.example\r\nSubject: Program\r\nMessage-ID: <p@b.example>\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nSee.\r\n--x\r\n\
        Content-Type: application/octet-stream; name=setup.exe\r\nContent-Disposition: attachment; filename=setup.exe\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nTVqQAAMAAAAEAAAA\r\n--x--\r\n";
    let account = world.account("ours", &[bad, &mail(1, "eva@b.example", "Offer", "x")]);
    let reader = world.user("reader@example.org", Role::Agent, &[account]);
    let mbox = world.get("/api/v1/export?format=mbox").by(&reader).send().await;
    assert!(!mbox.text().contains("TVqQ") && mbox.text().contains("Subject: Offer"));
    // That they are there is no secret.
    let csv = world.get("/api/v1/export?format=csv").by(&reader).send().await;
    assert!(csv.text().contains("Program"));
    let administrator = world.user("second@example.org", Role::Administrator, &[account]);
    let whole = world.get("/api/v1/export?format=mbox").by(&administrator).send().await;
    assert!(whole.text().contains("TVqQ"));
}

#[tokio::test]
async fn administrators_hand_data_over() {
    let world = World::new();
    let account = world.account(
        "ours",
        &[&mail(1, "eva@b.example", "Offer 1", "x"), &mail(2, "tom@b.example", "Offer 2", "y")],
    );
    let admin = world.user("admin@example.org", Role::Administrator, &[account]);
    let get = |query: &str| world.get(&format!("/api/v1/export?format=z3&{query}"));
    let zip = get("from=2026-03-02&until=2026-03-02&q=subject:1").by(&admin).send().await;
    assert_eq!(zip.status, StatusCode::OK);
    assert!(zip.header("content-disposition").contains("z3-"));
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip.body.to_vec())).unwrap();
    let names: Vec<String> =
        (0..zip.len()).map(|n| zip.by_index(n).unwrap().name().unwrap().into_owned()).collect();
    for name in ["key.pub", "checkpoint", "index.xml", "mails.csv", "adressen.csv"] {
        assert!(names.iter().any(|known| known == name), "{name} is not among {names:?}");
    }
    assert_eq!(names.iter().filter(|name| name.strip_suffix(".eml").is_some()).count(), 1);
    let none =
        world.get("/api/v1/export/check?format=z3&until=2026-03-01").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(none["mails"], 0);
    assert_eq!(get("from=gestern").by(&admin).problem(StatusCode::BAD_REQUEST).await, "day");
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    assert_eq!(get("").by(&agent).problem(StatusCode::FORBIDDEN).await, "role");
    let csv = world.get("/api/v1/export?format=csv&from=2026-03-03").by(&agent).send().await;
    assert_eq!(csv.text().lines().count(), 1);
}

#[tokio::test]
async fn procedural_documentation_is_made_and_kept() {
    let world = World::new();
    world.account("Rechnungen", &[&mail(1, "eva@b.example", "Offer 1", "x")]);
    let admin = world.administrator();
    let make = |language: &str| {
        world.ask(Method::POST, "/api/v1/procedures").by(&admin).json(&json!({ "language": language }))
    };
    let first = make("de").expect(StatusCode::CREATED).await;
    assert_eq!((&first["version"], &first["made_by"]), (&json!(1), &json!("admin")));
    assert_eq!(make("de").expect(StatusCode::CREATED).await["version"], 2);
    assert_eq!(make("en").expect(StatusCode::CREATED).await["version"], 1);
    let auditor = world.user("auditor@example.org", Role::Auditor, &[]);
    let list = world.get("/api/v1/procedures").by(&auditor).expect(StatusCode::OK).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    let pdf = world.get("/api/v1/procedures/de/1").by(&auditor).send().await;
    assert!(pdf.body.starts_with(b"%PDF-") && pdf.header("content-type") == "application/pdf");
    assert_eq!(pipeline::sha256(&pdf.body).to_string(), first["sha256"].as_str().unwrap());
    assert_eq!(pdf.body.len() as u64, first["octets"].as_u64().unwrap());
    world.get("/api/v1/procedures/de/9").by(&auditor).problem(StatusCode::NOT_FOUND).await;
    let agent = world.user("agent@example.org", Role::Agent, &[]);
    assert_eq!(world.get("/api/v1/procedures").by(&agent).problem(StatusCode::FORBIDDEN).await, "role");
    // The digest stands in the log; each of its entries has a leaf.
    let log = world.get("/api/v1/events?action=procedure.made").by(&auditor).expect(StatusCode::OK).await;
    assert_eq!(log["items"][2]["details"]["sha256"], first["sha256"]);
}
