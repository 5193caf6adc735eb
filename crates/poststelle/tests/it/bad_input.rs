//! Each misuse gets a message that names the thing and what to do, and the exit status of the contract.

use crate::support::{Poststelle, Server, finish, folder, free_port, mail, program};

fn said(words: &[&str], status: i32, german: &[&str]) {
    let post = Poststelle::new();
    let done = post.run(words).expect(status);
    for word in german {
        assert!(done.err.contains(word), "{word} in: {}", done.err);
    }
}

#[test]
fn wrong_usage() {
    let help = finish(program().args(["--lang", "de", "import", "--help"])).expect(0);
    assert!(help.text().contains("Beispiel:") && help.text().contains("Maildir"), "{}", help.text());
    let unknown = finish(program().args(["--lang", "de", "improt"])).expect(2);
    assert!(unknown.err.contains("improt"), "{}", unknown.err);
    finish(program().args(["search"])).expect(2);
    finish(program().args(["import", "--nonsense", "x"])).expect(2);
}

#[test]
fn data_directory_that_is_not_there() {
    said(&["search", "--lang", "de", "x"], 1, &["data", "gibt es nicht"]);
    said(&["verify", "--lang", "en"], 1, &["no data directory"]);
}

#[test]
fn data_directory_in_use() {
    let post = Poststelle::new();
    let server: Server = post.serve();
    let second =
        post.run(&["serve", "--lang", "de", "--listen", &format!("127.0.0.1:{}", free_port())]).expect(1);
    assert!(second.err.contains("benutzt"), "{}", second.err);
    // other commands reach the running server
    let from = post.dir.path().join("mails");
    folder(&from, 20);
    assert_eq!(post.import(&from).expect(0).last()["archived"], 20);
    assert_eq!(post.mails().len(), 20);
    assert_eq!(post.run(&["search", "--json", "guten"]).expect(0).last()["total"], 20);
    drop(server);
    assert_eq!(post.mails().len(), 20);
}

/// Root may write anywhere, so the program runs as somebody else then.
#[test]
fn data_directory_without_rights() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let post = Poststelle::new();
    let outer = post.dir.path();
    let rights = |mode| std::fs::set_permissions(outer, std::fs::Permissions::from_mode(mode)).unwrap();
    rights(0o555);
    let inner = post.command(&["import", "--lang", "de", "/dev/null"]);
    let mut command = if std::fs::metadata(outer).unwrap().uid() == 0 {
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
        // what lies below a home directory of root is out of reach: by a copy beside the data
        let copy = outer.join("poststelle");
        std::fs::copy(inner.get_program(), &copy).unwrap();
        command.arg(copy).args(inner.get_args()).current_dir("/");
        command
    } else {
        inner
    };
    let done = finish(&mut command);
    rights(0o755);
    let done = done.expect(1);
    assert!(done.err.contains("data") && done.err.contains("Keine Rechte"), "{}", done.err);
}

#[test]
fn port_in_use() {
    let post = Poststelle::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let done = post.run(&["serve", "--lang", "de", "--listen", &address]).expect(1);
    assert!(done.err.contains(&address) && done.err.contains("belegt"), "{}", done.err);
}

#[test]
fn public_address_without_certificate() {
    let address = format!("0.0.0.0:{}", free_port());
    said(&["serve", "--lang", "de", "--listen", &address], 1, &[&address, "--tls-cert"]);
    said(&["serve", "--lang", "de", "--listen", "somewhere"], 2, &["somewhere"]);
    said(
        &[
            "serve",
            "--lang",
            "de",
            "--listen",
            &address,
            "--tls-cert",
            "/no/cert.pem",
            "--tls-key",
            "/no/key.pem",
        ],
        1,
        &["/no/cert.pem"],
    );
}

#[test]
fn unknown_setting() {
    let post = Poststelle::new();
    std::fs::create_dir(post.data()).unwrap();
    std::fs::write(post.data().join("poststelle.toml"), "lisen = \"127.0.0.1:1\"\n").unwrap();
    let done = post.run(&["config", "--lang", "de", "show"]).expect(2);
    assert!(done.err.contains("lisen") && done.err.contains("listen"), "{}", done.err);
}

#[test]
fn settings_show_their_origin() {
    let post = Poststelle::new();
    std::fs::create_dir(post.data()).unwrap();
    std::fs::write(post.data().join("poststelle.toml"), "log = \"debug\"\n").unwrap();
    let done =
        crate::support::finish(post.command(&["config", "show"]).env("POSTSTELLE_LISTEN", "127.0.0.1:9"))
            .expect(0);
    let line = |name: &str| done.text().lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("log ").contains("debug") && line("log ").contains("file"), "{}", done.text());
    assert!(line("listen").contains("127.0.0.1:9") && line("listen").contains("environment"));
}

#[test]
fn data_of_another_version() {
    let post = Poststelle::new();
    let from = post.dir.path().join("mails");
    folder(&from, 3);
    post.import(&from).expect(0);
    std::fs::write(post.data().join("version"), "999\n").unwrap();
    let done = post.run(&["mails", "--lang", "de"]).expect(1);
    assert!(done.err.contains("999"), "{}", done.err);
}

#[test]
fn unknown_mail_and_ambiguous_message_id() {
    let post = Poststelle::new();
    let dir = post.dir.path().join("in");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("a.eml"), mail(1)).unwrap();
    std::fs::write(dir.join("b.eml"), [mail(1), b"another ending\r\n".to_vec()].concat()).unwrap();
    post.import(&dir).expect(0);
    let done = post.run(&["show", "--lang", "de", "<test-1@example.org>"]).expect(1);
    assert_eq!(done.text().lines().count(), 2, "{}", done.text());
    post.run(&["show", "<nobody@example.org>"]).expect(1);
    post.run(&["show", "nonsense"]).expect(1);
}
