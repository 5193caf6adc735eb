//! Uploads and imports.

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::json;

use super::world::{World, mail};

#[tokio::test]
async fn an_upload_becomes_mails() {
    let world = World::new();
    let admin = world.administrator();
    let (one, two) =
        (mail(1, "eva@example.org", "One", "first"), mail(2, "eva@example.org", "Two", "second"));
    let files: [(&str, &[u8]); 4] = [
        ("a.eml", one.as_bytes()),
        ("folder/b.eml", two.as_bytes()),
        ("a.eml", one.as_bytes()),
        ("notes.bin", b"\0\0no mail"),
    ];
    let upload = world.ask(Method::POST, "/api/v1/imports").by(&admin).form(Some("Old mail"), &files);
    let run = upload.expect(StatusCode::ACCEPTED).await;
    assert_eq!(
        (&run["state"], &run["account_name"], &run["name"]),
        (&json!("finished"), &json!("Old mail"), &json!("4 files"))
    );
    let counts =
        ["seen", "archived", "duplicates", "excluded", "failed"].map(|name| run[name].as_u64().unwrap());
    assert_eq!(counts, [4, 2, 1, 0, 1]);
    let failure = &run["failures"][0];
    assert!(failure["locator"].as_str().unwrap().ends_with("notes.bin"), "{failure}");
    assert_eq!(failure["reason"], "This is not a mail.");
    let list = world.get("/api/v1/messages").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(list["total"], 2);
    let path = format!("/api/v1/imports/{}", run["id"].as_str().unwrap());
    assert_eq!(world.get(&path).by(&admin).expect(StatusCode::OK).await, run);
    assert_eq!(world.get("/api/v1/imports").by(&admin).expect(StatusCode::OK).await["items"], json!([run]));
    assert_eq!(std::fs::read_dir(world.dir.path().join("uploads")).unwrap().count(), 0);
}

#[tokio::test]
async fn samples_are_an_account_of_ones_own() {
    let world = World::new();
    let admin = world.administrator();
    let run = world.ask(Method::POST, "/api/v1/setup/samples").by(&admin).expect(StatusCode::ACCEPTED).await;
    assert_eq!(
        (&run["account_name"], run["archived"].as_u64()),
        (&json!("Samples"), Some(pipeline::samples::MAILS.len() as u64))
    );
    let session = world.get("/api/v1/session").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(session["accounts"][0]["name"], "Samples");
    let again =
        world.ask(Method::POST, "/api/v1/setup/samples").by(&admin).expect(StatusCode::ACCEPTED).await;
    assert_eq!((&again["archived"], &again["account"]), (&json!(0), &run["account"]));
}

#[tokio::test]
async fn forms_that_are_none() {
    let world = World::new();
    let admin = world.administrator();
    let upload = || world.ask(Method::POST, "/api/v1/imports").by(&admin);
    let check = async |ask: super::world::Ask<'_>, status: StatusCode, key: &str| {
        assert_eq!(ask.problem(status).await, key);
    };
    check(upload().json(&json!({})), StatusCode::UNSUPPORTED_MEDIA_TYPE, "upload-media-type").await;
    check(upload().form(None, &[("a.eml", b"x")]), StatusCode::BAD_REQUEST, "upload-account").await;
    check(upload().form(Some("A"), &[]), StatusCode::BAD_REQUEST, "upload-empty").await;
    check(upload().form(Some(" "), &[("a.eml", b"x")]), StatusCode::BAD_REQUEST, "field-empty").await;
    let cut = "--b\r\nContent-Disposition: form-data; name=\"account\"\r\n\r\nA\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.eml\"\r\n\r\nhalf a ma";
    let cut = upload().header("content-type", "multipart/form-data; boundary=b").body(Body::from(cut));
    check(cut, StatusCode::BAD_REQUEST, "upload-cut-off").await;
    assert_eq!(
        std::fs::read_dir(world.dir.path().join("uploads")).unwrap().count(),
        0,
        "what came so far is removed"
    );
    assert!(world.engine.store().import_runs(10).unwrap().is_empty());
}

#[tokio::test]
async fn too_much_for_the_disk_or_the_limit() {
    let world = World::with(|options| options.upload_octets_max = 1000);
    let admin = world.administrator();
    let large = [b'x'; 2000];
    let told = world.ask(Method::POST, "/api/v1/imports").by(&admin).header("content-length", "2300");
    assert_eq!(
        told.form(Some("A"), &[("a.eml", &large)]).problem(StatusCode::PAYLOAD_TOO_LARGE).await,
        "upload-too-large"
    );
    let untold = world.ask(Method::POST, "/api/v1/imports").by(&admin);
    assert_eq!(
        untold.form(Some("A"), &[("a.eml", &large)]).problem(StatusCode::PAYLOAD_TOO_LARGE).await,
        "upload-too-large"
    );
    let roomy = World::with(|options| options.upload_octets_max = u64::MAX);
    let admin = roomy.administrator();
    let endless =
        roomy.ask(Method::POST, "/api/v1/imports").by(&admin).header("content-length", "9000000000000000000");
    assert_eq!(
        endless.form(Some("A"), &[("a.eml", b"x")]).problem(StatusCode::INSUFFICIENT_STORAGE).await,
        "disk-full"
    );
}

#[tokio::test]
async fn an_import_can_be_cancelled_by_who_may_see_it() {
    let world = World::new();
    world.behind.hold.store(true, Ordering::Relaxed);
    let account = world.account("Mine", &[]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let other = world.user("other@example.org", Role::Agent, &[]);
    let auditor = world.user("auditor@example.org", Role::Auditor, &[account]);
    let upload = world
        .ask(Method::POST, "/api/v1/imports")
        .by(&agent)
        .form(Some(&account.to_string()), &[("a.eml", b"From: a\r\n\r\n")]);
    let run = upload.expect(StatusCode::ACCEPTED).await;
    assert_eq!(run["state"], "running");
    let path = format!("/api/v1/imports/{}", run["id"].as_str().unwrap());
    world.get(&path).by(&other).problem(StatusCode::NOT_FOUND).await;
    world.ask(Method::DELETE, &path).by(&other).problem(StatusCode::NOT_FOUND).await;
    world.ask(Method::DELETE, &path).by(&auditor).problem(StatusCode::FORBIDDEN).await;
    assert_eq!(world.get("/api/v1/imports").by(&other).expect(StatusCode::OK).await["items"], json!([]));
    let cancelled = world.ask(Method::DELETE, &path).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(cancelled["state"], "cancelled");
    world.ask(Method::DELETE, &path).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(world.behind.asked.lock().unwrap().cancelled.len(), 1, "what has ended is not stopped again");
}

#[test]
fn leftovers_of_uploads_are_removed_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("upload-1/folder")).unwrap();
    std::fs::write(dir.path().join("upload-1/folder/a.eml"), "x").unwrap();
    std::fs::write(dir.path().join("other"), "x").unwrap();
    std::fs::create_dir_all(dir.path().join("upload-2")).unwrap();
    std::fs::write(dir.path().join("upload-2.json"), "{}").unwrap();
    crate::upload::clean(dir.path()).unwrap();
    let mut left: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["other", "upload-2", "upload-2.json"]);
}

#[tokio::test]
async fn a_report_of_every_entry() {
    let world = World::new();
    let admin = world.administrator();
    let (one, two) =
        (mail(1, "eva@example.org", "One", "first"), mail(2, "eva@example.org", "Two", "second"));
    let upload = world.ask(Method::POST, "/api/v1/imports").by(&admin);
    upload.form(Some("Secret"), &[("two.eml", two.as_bytes())]).expect(StatusCode::ACCEPTED).await;
    let files: [(&str, &[u8]); 4] = [
        ("a.eml", one.as_bytes()),
        ("b.eml", one.as_bytes()),
        ("c.eml", two.as_bytes()),
        ("=d.bin", b"\0\0no mail"),
    ];
    let upload = world.ask(Method::POST, "/api/v1/imports").by(&admin).form(Some("Open"), &files);
    let run = upload.expect(StatusCode::ACCEPTED).await;
    assert_eq!(run["complete"], true);
    let open = run["account"].as_str().unwrap().parse().unwrap();
    let path = format!("/api/v1/imports/{}", run["id"].as_str().unwrap());
    let entries = |query: &str| world.get(&format!("{path}/entries{query}"));
    let page = entries("?limit=3").by(&admin).expect(StatusCode::OK).await;
    let outcomes = |page: &serde_json::Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["outcome"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (outcomes(&page), &page["next"]),
        (["failed", "archived", "duplicate"].map(str::to_owned).to_vec(), &json!("3"))
    );
    assert_eq!(page["reasons"][0]["entries"], 1);
    assert_eq!(page["items"][2]["duplicate_of"]["locator"], "a.eml");
    assert_eq!(page["items"][2]["mail"], page["items"][1]["mail"]);
    let rest = entries("?limit=3&cursor=3").by(&admin).expect(StatusCode::OK).await;
    assert_eq!((outcomes(&rest), &rest["next"]), (vec!["duplicate".to_owned()], &json!(null)));
    assert_eq!(rest["items"][0]["duplicate_of"]["account_name"], "Secret");
    let failed = entries("?outcome=failed").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(failed["items"][0]["reason"], "This is not a mail.");

    // Who may not read the account of what is doubled learns nothing of it.
    let agent = world.user("agent@example.org", Role::Agent, &[open]);
    let rest = entries("?limit=3&cursor=3").by(&agent).expect(StatusCode::OK).await;
    assert_eq!((&rest["items"][0]["duplicate_of"], &rest["items"][0]["mail"]), (&json!(null), &json!(null)));
    let other = world.user("other@example.org", Role::Agent, &[]);
    for end in ["/entries", "/report.csv", "/report.json"] {
        world.get(&format!("{path}{end}")).by(&other).problem(StatusCode::NOT_FOUND).await;
    }
    let packed =
        world.get(&format!("{path}/report.csv")).by(&admin).header("accept-encoding", "gzip").send().await;
    assert_eq!((packed.status, packed.header("content-encoding")), (StatusCode::OK, "gzip"));
    let csv = world.get(&format!("{path}/report.csv")).by(&admin).send().await;
    let csv = csv.text();
    assert_eq!(csv.lines().count(), 5, "{csv}");
    assert!(csv.contains("=d.bin\",\"This is not a mail.\""), "{csv}");
    let json = world.get(&format!("{path}/report.json")).by(&agent).send().await;
    let report = json.json();
    assert_eq!((&report["import"]["seen"], report["entries"].as_array().unwrap().len()), (&json!(4), 4));
    assert!(!json.text().contains("Secret"));
}
