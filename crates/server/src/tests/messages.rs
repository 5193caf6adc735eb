//! Reading: lists, one message, its frame, images, parts, search.

use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::{Value, json};

use super::world::{World, mail};

/// HTML with an image inside, one outside, and a script; a PDF that is a program.
pub(super) const RICH: &str = "From: Eva M\u{fc}ller <eva@example.org>\r\nTo: info@example.org\r\nSubject: Angebot 7 / M\u{e4}rz\r\nDate: Mon, 2 Mar 2026 08:00:00 +0000\r\nMessage-ID: <rich@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p onclick=\"evil()\">Hallo <img src=\"cid:logo@x\"><img width=300 src=\"https://images.example.org/a.png\"></p><script>evil()</script>\r\n--r\r\nContent-Type: image/png\r\nContent-ID: <logo@x>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==\r\n--r--\r\n--m\r\nContent-Type: application/pdf; name=\"Rechnung M\u{e4}rz.pdf\"\r\nContent-Disposition: attachment; filename=\"Rechnung M\u{e4}rz.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjcKaGVsbG8=\r\n--m\r\nContent-Type: application/pdf; name=\"cat.pdf\"\r\nContent-Disposition: attachment; filename=\"cat.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nf0VMRgIBAQAAAAAAAAAAAA==\r\n--m\r\nContent-Type: message/rfc822\r\n\r\nFrom: inner@example.org\r\nSubject: inner\r\n\r\ninner text\r\n--m--\r\n";

#[tokio::test]
async fn pages_of_a_list_meet_without_gaps() {
    let world = World::new();
    let mails: Vec<String> =
        (0..25).map(|n| mail(n, "eva@example.org", &format!("Number {n}"), "text")).collect();
    let account = world.account("Info", &mails.iter().map(String::as_str).collect::<Vec<_>>());
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    for order in ["desc", "asc"] {
        let mut subjects = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/messages?limit=10&order={order}{cursor}");
            let page = world.get(&path).by(&agent).expect(StatusCode::OK).await;
            assert_eq!(page["total"], 25);
            subjects.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| row["subject"].as_str().unwrap().to_owned()),
            );
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let mut expected: Vec<String> = (0..25).map(|n| format!("Number {n}")).collect();
        if order == "desc" {
            expected.reverse();
        }
        assert_eq!(subjects, expected);
    }
    let jump = world.get("/api/v1/messages?limit=2&offset=20").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(
        (&jump["items"][0]["subject"], &jump["items"][1]["subject"]),
        (&json!("Number 4"), &json!("Number 3"))
    );
    let both = world.get("/api/v1/messages?cursor=1_1&offset=1").by(&agent);
    assert_eq!(both.problem(StatusCode::BAD_REQUEST).await, "offset-and-cursor");
    assert_eq!(
        world.get("/api/v1/messages?cursor=x").by(&agent).problem(StatusCode::BAD_REQUEST).await,
        "cursor"
    );
    assert_eq!(
        world.get("/api/v1/messages?limit=201").by(&agent).problem(StatusCode::BAD_REQUEST).await,
        "limit"
    );
    let none = world.get("/api/v1/messages?kind=bounce").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(none["total"], 0);
}

#[tokio::test]
async fn a_message_with_everything() {
    let world = World::new();
    let account = world.account("Info", &[RICH]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let id = world.first_mail(account);
    let detail = world.get(&format!("/api/v1/messages/{id}?full=1")).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(detail["subject"], "Angebot 7 / März");
    assert_eq!(detail["from"], json!([{"name": "Eva Müller", "address": "eva@example.org"}]));
    assert_eq!(
        (&detail["date"], &detail["octets"]),
        (&json!("2026-03-02T08:00:00.000Z"), &json!(RICH.len()))
    );
    assert_eq!(
        (&detail["has_html"], &detail["remote_images"], &detail["kind"]),
        (&json!(true), &json!(true), &json!("personal"))
    );
    assert!(detail["text"][0]["text"].as_str().unwrap().contains("Hallo"));
    assert_eq!(detail["headers"][2], json!({"name": "Subject", "body": "Angebot 7 / März"}));
    let parts: Vec<_> = detail["attachments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| {
            (
                part["number"].as_str().unwrap(),
                part["content_type"].as_str().unwrap(),
                part["blocked"].as_bool().unwrap(),
                part["inline"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        parts,
        [
            ("1.2", "image/png", false, true),
            ("2", "application/pdf", false, false),
            ("3", "application/octet-stream", true, false),
            ("4", "message/rfc822", false, false),
        ]
    );
    assert_eq!(detail["placements"][0]["account_name"], "Info");
    let brief = world.get(&format!("/api/v1/messages/{id}")).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(brief["headers"], json!([]));
}

#[tokio::test]
async fn octets_come_back_exactly() {
    let world = World::new();
    let large =
        format!("{}{}", mail(1, "eva@example.org", "Large", "begin"), "0123456789abcdef\r\n".repeat(200_000));
    let account = world.account("Info", &[&large]);
    let agent = world.user("agent@example.org", Role::Auditor, &[account]);
    let answer =
        world.get(&format!("/api/v1/messages/{}/raw", world.first_mail(account))).by(&agent).send().await;
    assert!(answer.body == large.as_bytes());
    assert_eq!(answer.header("content-type"), "message/rfc822");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"Large.eml\"");
    assert_eq!(answer.header("content-length"), large.len().to_string());
}

#[tokio::test]
async fn parts_are_downloads_and_dangerous_ones_are_not() {
    let world = World::new();
    let account = world.account("Info", &[RICH]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let admin = world.user("admin@example.org", Role::Administrator, &[account]);
    let id = world.first_mail(account);
    let part = |number: &str| world.get(&format!("/api/v1/messages/{id}/parts/{number}"));
    let pdf = part("2").by(&agent).send().await;
    assert_eq!((pdf.status, pdf.text()), (StatusCode::OK, "%PDF-1.7\nhello"));
    assert_eq!(
        pdf.header("content-disposition"),
        "attachment; filename=\"Rechnung M_rz.pdf\"; filename*=UTF-8''Rechnung%20M%C3%A4rz.pdf"
    );
    assert_eq!(
        (pdf.header("content-type"), pdf.header("x-content-type-options")),
        ("application/pdf", "nosniff")
    );
    let inner = part("4").by(&agent).send().await;
    assert!(inner.text().starts_with("From: inner@example.org"));
    assert_eq!(part("3").by(&agent).problem(StatusCode::FORBIDDEN).await, "part-blocked");
    assert_eq!(part("3?blocked=1").by(&agent).problem(StatusCode::FORBIDDEN).await, "part-blocked");
    assert_eq!(part("3").by(&admin).problem(StatusCode::FORBIDDEN).await, "part-blocked");
    let program = part("3?blocked=1").by(&admin).send().await;
    assert_eq!(
        (program.status, program.header("content-type")),
        (StatusCode::OK, "application/octet-stream")
    );
    for number in ["9", "", "x", "..%2f1"] {
        assert_eq!(part(number).by(&agent).send().await.status, StatusCode::NOT_FOUND, "{number}");
    }
}

#[tokio::test]
async fn the_frame_is_harmless_and_its_images_are_signed() {
    let world = World::new();
    let account = world.account("Info", &[RICH]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let stranger = world.user("stranger@example.org", Role::Agent, &[]);
    let id = world.first_mail(account);
    let frame = world.get(&format!("/api/v1/messages/{id}/frame")).by(&agent).send().await;
    assert_eq!(frame.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(frame.header("x-frame-options"), "SAMEORIGIN");
    assert_eq!(
        frame.header("content-security-policy"),
        "default-src 'none'; style-src 'unsafe-inline'; img-src data: http://127.0.0.1:8025/api/v1/images/; frame-ancestors 'self'; \
         base-uri 'none'; form-action 'none'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    );
    assert!(
        !frame.text().contains("evil") && !frame.text().contains("images.example.org"),
        "{}",
        frame.text()
    );
    let image = |html: &str| {
        let at = html.find("/api/v1/images/").unwrap();
        html[at..].split(['"', '\'']).next().unwrap().to_owned()
    };
    let address = image(frame.text());
    let shown = world.get(&address).by(&agent).send().await;
    assert_eq!((shown.status, shown.header("content-type")), (StatusCode::OK, "image/png"));
    assert!(shown.body.starts_with(b"\x89PNG"));
    world.get(&address).by(&stranger).problem(StatusCode::NOT_FOUND).await;
    world.get(&address).problem(StatusCode::UNAUTHORIZED).await;
    let mut changed = address.clone().into_bytes();
    let middle = address.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    world.get(std::str::from_utf8(&changed).unwrap()).by(&agent).problem(StatusCode::NOT_FOUND).await;
    world.pass(20 * 60_000);
    world.get(&address).by(&agent).problem(StatusCode::NOT_FOUND).await;

    let with_images = world.get(&format!("/api/v1/messages/{id}/frame?images=1")).by(&agent).send().await;
    assert_eq!(with_images.text().matches("/api/v1/images/").count(), 2);
    assert!(!with_images.text().contains("images.example.org"));
    let remote =
        with_images.text().rsplit("/api/v1/images/").next().unwrap().split('"').next().unwrap().to_owned();
    // There is no such host here: what matters is that the server asks, and says so when it gets nothing.
    let answer = world.get(&format!("/api/v1/images/{remote}")).by(&agent);
    assert_eq!(answer.problem(StatusCode::BAD_GATEWAY).await, "image-remote");
}

#[tokio::test]
async fn plain_text_has_a_frame_too() {
    let world = World::new();
    let account = world.account(
        "Info",
        &[&mail(1, "eva@example.org", "Plain", "see <b>https://example.org</b>"), "Subject: empty\r\n\r\n"],
    );
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let list = world.get("/api/v1/messages?order=asc").by(&agent).expect(StatusCode::OK).await;
    let mut texts = Vec::new();
    for row in list["items"].as_array().unwrap() {
        let path = format!("/api/v1/messages/{}/frame", row["mail_id"].as_str().unwrap());
        texts.push(world.get(&path).by(&agent).send().await.text().to_owned());
    }
    assert!(texts.iter().any(|text| text.contains("&lt;b&gt;")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("This mail has no text.")), "{texts:?}");
}

#[tokio::test]
async fn read_and_unread() {
    let world = World::new();
    let account = world.account("Info", &[&mail(1, "eva@example.org", "One", "text")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let path = format!("/api/v1/messages/{}", world.first_mail(account));
    let unread = async || world.get(&path).by(&agent).expect(StatusCode::OK).await["unread"].clone();
    let mark =
        |seen: bool| world.ask(Method::PUT, &format!("{path}/seen")).by(&agent).json(&json!({"seen": seen}));
    mark(true).expect(StatusCode::NO_CONTENT).await;
    assert_eq!(unread().await, false);
    mark(false).expect(StatusCode::NO_CONTENT).await;
    assert_eq!(unread().await, true);
    let list = world.get("/api/v1/messages?unread=true").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(list["total"], 1);
    let auditor = world.user("auditor@example.org", Role::Auditor, &[account]);
    let seen = world.ask(Method::PUT, &format!("{path}/seen")).by(&auditor).json(&json!({"seen": true}));
    seen.problem(StatusCode::FORBIDDEN).await;
}

#[tokio::test]
async fn lists_of_a_tag() {
    let world = World::new();
    let mails = [mail(1, "eva@example.org", "One", "text"), mail(2, "max@example.org", "Two", "text")];
    let account = world.account("Info", &[&mails[0], &mails[1]]);
    let other = world.account("Other", &[&mail(3, "ida@example.org", "Three", "text")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let both = world.user("both@example.org", Role::Agent, &[account, other]);
    let list = world.get("/api/v1/messages?order=asc").by(&both).expect(StatusCode::OK).await;
    let ids: Vec<&Value> = [0, 2].iter().map(|n| &list["items"][n]["mail_id"]).collect();
    let put = json!({"mails": ids, "add": ["Dringend"], "remove": []});
    world
        .ask(Method::POST, "/api/v1/tags/messages")
        .by(&both)
        .json(&put)
        .expect(StatusCode::NO_CONTENT)
        .await;
    let tags = world.get("/api/v1/tags").by(&agent).expect(StatusCode::OK).await;
    let path = format!("/api/v1/messages?tag={}", tags["items"][0]["key"]);
    let tagged = world.get(&path).by(&both).expect(StatusCode::OK).await;
    assert_eq!(tagged["total"], 2, "{tagged:#}");
    // Of the mails with the tag, one lies where this person may read.
    let mine = world.get(&path).by(&agent).expect(StatusCode::OK).await;
    assert_eq!((mine["total"].clone(), mine["items"][0]["subject"].clone()), (json!(1), json!("One")));
    let read = world.get(&format!("{path}&unread=false")).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(read["total"], 0);
    world.get("/api/v1/messages?tag=x").by(&agent).problem(StatusCode::BAD_REQUEST).await;
}

#[tokio::test]
async fn threads_show_what_one_may_read() {
    let world = World::new();
    let first = mail(1, "eva@example.org", "Question", "first");
    let answer = mail(2, "max@example.org", "Re: Question", "second")
        .replace("Subject:", "In-Reply-To: <mail.1@example.org>\r\nSubject:");
    let info = world.account("Info", &[&first]);
    let sales = world.account("Sales", &[&answer]);
    let both = world.user("both@example.org", Role::Agent, &[info, sales]);
    let one = world.user("one@example.org", Role::Agent, &[sales]);
    let list = world.get("/api/v1/messages").by(&both).expect(StatusCode::OK).await;
    assert_eq!(list["items"][0]["thread_count"], 2, "{list:#}");
    let path = format!("/api/v1/threads/{}", list["items"][0]["thread_id"].as_str().unwrap());
    let subjects = |thread: &Value| {
        thread["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["subject"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        subjects(&world.get(&path).by(&both).expect(StatusCode::OK).await),
        ["Question", "Re: Question"]
    );
    assert_eq!(subjects(&world.get(&path).by(&one).expect(StatusCode::OK).await), ["Re: Question"]);
    world.get("/api/v1/threads/nonsense").by(&both).problem(StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn searching() {
    let world = World::new();
    let info = world
        .account("Info", &[&mail(1, "eva@example.org", "Rechnung 4711", "Die Rechnung für Zitronen"), RICH]);
    let sales = world.account("Sales", &[&mail(3, "eva@example.org", "Other", "Zitronen im Verkauf")]);
    let agent = world.user("agent@example.org", Role::Agent, &[info]);
    let search = |query: &str| world.get(&format!("/api/v1/search?q={}", query.replace(' ', "+"))).by(&agent);
    let found = search("zitronen").expect(StatusCode::OK).await;
    assert_eq!((&found["total"], &found["items"][0]["subject"]), (&json!(1), &json!("Rechnung 4711")));
    let hits: Vec<_> = found["items"][0]["snippet"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|piece| piece["hit"] == true)
        .map(|piece| piece["text"].as_str().unwrap())
        .collect();
    assert_eq!(hits, ["Zitronen"]);
    assert_eq!(found["facets"]["account"], json!([{"value": info.to_string(), "count": 1}]));
    assert_eq!(found["facets"]["has_attachment"][1], json!({"value": "false", "count": 1}));
    assert_eq!(search("account:info").expect(StatusCode::OK).await["total"], 2);
    assert_eq!(search("(from_email~equals~eva@example.org)").expect(StatusCode::OK).await["total"], 2);
    assert_eq!(search("category:x").expect(StatusCode::OK).await["unsupported"], json!(["category:"]));
    assert_eq!(search("tag:x").expect(StatusCode::OK).await["total"], 0);
    let other = search("account:Sales").expect(StatusCode::BAD_REQUEST).await;
    assert_eq!((&other["type"], &other["position"]), (&json!("query-account-unknown"), &json!(8)));
    let date = search("zitronen before:someday").expect(StatusCode::BAD_REQUEST).await;
    assert_eq!((&date["type"], &date["field"]), (&json!("query-date-unreadable"), &json!("q")));
    assert!(date["detail"].as_str().unwrap().contains("someday"));
    assert_eq!(search("zitronen&cursor=nonsense").problem(StatusCode::BAD_REQUEST).await, "cursor");
    let mut pages = 0;
    let mut next = String::new();
    loop {
        let page = search(&format!("&limit=1{next}")).expect(StatusCode::OK).await;
        assert_eq!(page["facets"].is_null(), pages > 0);
        pages += page["items"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(pages, 2);
    assert!(world.engine.store().account(sales).unwrap().is_some());
}

#[tokio::test]
async fn any_octets_are_a_message() {
    let world = World::new();
    let odd: [&str; 3] = [
        "\0\0\0",
        "From: a\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x\r\n",
        "no header at all",
    ];
    let account = world.account("Info", &odd);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let list = world.get("/api/v1/messages").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(list["total"], 3);
    for row in list["items"].as_array().unwrap() {
        let id = row["mail_id"].as_str().unwrap();
        let detail =
            world.get(&format!("/api/v1/messages/{id}?full=1")).by(&agent).expect(StatusCode::OK).await;
        assert!(!detail["defects"].as_array().unwrap().is_empty(), "{detail}");
        for rest in ["raw", "frame", "frame?images=1"] {
            assert_eq!(
                world.get(&format!("/api/v1/messages/{id}/{rest}")).by(&agent).send().await.status,
                StatusCode::OK,
                "{rest}"
            );
        }
    }
}
