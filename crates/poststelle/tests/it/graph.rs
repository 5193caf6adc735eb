//! From a mailbox of Microsoft Graph into the archive, by the command line; tokens come from a real authorization server.

use std::process::Stdio;
use std::time::{Duration, Instant};

use test_support::{Graph, Oidc, Random};

use crate::support::{Poststelle, finish, mail, sha256, slow};

const OWNER: &str = "info@example.org";

#[test]
fn killed_at_any_moment_nothing_is_lost_or_doubled() {
    let oidc = Oidc::start();
    let server = Graph::start(OWNER, oidc.introspection());
    server.page_max(50);
    let digests: Vec<String> = (0..400)
        .map(|n| {
            server.deliver("inbox", &mail(n));
            sha256(&mail(n))
        })
        .collect();
    let post = Poststelle::new();
    let issuer = oidc.issuer();
    let mut service = post.command(&["account", "oauth", "service", "office", "--service", "other"]);
    service.args(["--issuer", &issuer, "--client-id", "daemon", "--scope", "mail"]);
    finish(service.env("POSTSTELLE_PASSWORD", "daemon-secret")).expect(0);
    let add = |name: &str, words: &[&str]| {
        let port = server.port().to_string();
        let mut command = post.command(&["account", "add", name, "--kind", "graph", "--host", "127.0.0.1"]);
        finish(command.args(["--port", &port, "--login", OWNER]).args(words))
    };
    add("none", &["--tls", "none"]).expect(2);
    add("none", &["--tls", "starttls", "--oauth", "office"]).expect(2);
    add("box", &["--tls", "none", "--oauth", "office"]).expect(0);
    post.run(&["account", "test", "box"]).expect(1);
    post.run(&["account", "oauth", "link", "box", "--application"]).expect(0);
    let tested = post.run(&["account", "test", "box"]).expect(0).text();
    assert!(tested.contains("Mailbox") && tested.contains("Posteingang"), "{tested}");

    let (mut random, mut kills) = (Random(7), 0);
    for _ in 0..if slow() { 40 } else { 8 } {
        let mut child = post.command(&["account", "fetch", "box"]);
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Anywhere from the first question to the end.
        let (from, further) = (server.requests().len(), random.below(150) as usize);
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() && server.requests().len() < from + further {
            assert!(begun.elapsed() < Duration::from_mins(2), "it neither goes on nor ends");
            std::thread::yield_now();
        }
        kills += usize::from(child.try_wait().unwrap().is_none());
        child.kill().ok();
        child.wait().unwrap();
    }
    assert!(kills > 0);
    post.run(&["account", "fetch", "box"]).expect(0);
    let mails = post.mails();
    assert_eq!(mails.len(), digests.len());
    for digest in &digests {
        let placements = mails[digest]["placements"].as_array().unwrap();
        assert_eq!(placements.len(), 1, "{placements:?}");
        assert_eq!(placements[0]["mailbox"], "Posteingang");
    }
    post.verify();
    post.run(&["account", "compare", "box"]).expect(0);
    assert_eq!(post.run(&["account", "list", "--json"]).expect(0).rows()[0]["kind"], "graph");

    // What comes is moved there, once it is here.
    post.run(&["account", "keep", "box", "--fetched", "move", "--fetched-folder", "Archiv/Erledigt"])
        .expect(0);
    let new = server.deliver("inbox", &mail(1000));
    assert!(post.run(&["account", "fetch", "box"]).expect(0).err.contains("1 new"));
    assert_eq!(server.place(&new).unwrap().0, "Archiv/Erledigt");
    let none = post.run(&["account", "fetch", "box"]).expect(0);
    assert!(none.err.contains("0 new") && none.err.contains("0 already"), "{}", none.err);
}
