//! The command line: shapes only; help texts come from the language files.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use model::ApprovalId;

use crate::lang::Lang;

/// The program.
#[derive(Debug, Parser)]
#[command(name = "poststelle", version, disable_help_subcommand = true)]
pub struct Cli {
    /// Language of messages.
    #[arg(long, global = true, value_enum)]
    pub lang: Option<Lang>,
    /// Settings file.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The command line with the options of `search` before its words, where the contract lets them stand behind: words may begin
/// with a hyphen, and what takes them would take the options too. Behind `--` everything is a word.
pub fn options_first(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let is_option = |at: usize| {
        let text = |at: usize| arguments[at].to_str().unwrap_or_default();
        text(at).starts_with("--") || matches!(text(at - 1), "--lang" | "--config")
    };
    let command = (1..arguments.len()).find(|at| !is_option(*at));
    let Some(at) = command.filter(|at| arguments[*at] == "search") else { return arguments };
    let mut rest = arguments.split_off(at + 1).into_iter();
    let mut words = Vec::new();
    while let Some(word) = rest.next() {
        let text = word.to_str().unwrap_or_default();
        let name = text.split_once('=').map_or(text, |(name, _)| name);
        match name {
            "--" => {
                words.push(word);
                words.extend(rest);
                break;
            }
            "--json" => arguments.push(word),
            "--limit" | "--data" | "--lang" | "--config" => {
                let takes_next = !text.contains('=');
                arguments.push(word);
                if takes_next {
                    arguments.extend(rest.next());
                }
            }
            _ => words.push(word),
        }
    }
    arguments.extend(words);
    arguments
}

/// Where the archive and the database lie.
#[derive(Debug, Args)]
pub struct Data {
    /// The data directory.
    #[arg(long, value_name = "DIR", default_value = "./poststelle-data", global = true)]
    pub data: PathBuf,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Web, API, fetching.
    Serve(Serve),
    /// Mail from files.
    Import(Import),
    /// Imports and their reports.
    Imports(Imports),
    /// What kind of mail files are.
    Classify(Paths),
    /// The same in words.
    Explain(Explain),
    /// What mail files say.
    Parse(Paths),
    /// Thread of every mail.
    Threads(Listing),
    /// Full text search.
    Search(Search),
    /// One mail.
    Show(Show),
    /// Every mail.
    Mails(Mails),
    /// Mails as files.
    Export(Export),
    /// Backups.
    Backup(Backup),
    /// A data directory from a backup.
    Restore(Restore),
    /// Checks everything stored.
    Verify(Verify),
    /// One mail with what proves it.
    Proof(Proof),
    /// How the provable log stands.
    Log(Log),
    /// Erases mails for good, on request.
    Erase(Erase),
    /// Mails of a query into a mailbox of a server again.
    PutBack(PutBack),
    /// Attachments as files in a folder.
    Attachments(Attachments),
    /// Everything about one person.
    Person(Person),
    /// Procedural documentation.
    Document(Document),
    /// What is blind or about to be.
    Doctor(Doctor),
    /// Makes everything derived anew.
    Rebuild(Data),
    /// Records of the ERP.
    Erp(Erp),
    /// Under which records mail files would be filed.
    Link(LinkFiles),
    /// Accounts.
    Account(Account),
    /// The master key.
    Key(Key),
    /// Users.
    User(User),
    /// Groups.
    Group(Group),
    /// How long mails are kept.
    Retention(Retention),
    /// Settings.
    Config(ConfigCommand),
    /// Reads mails and attachments with limits, for the server.
    #[command(hide = true)]
    Child,
}

/// `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    pub data: Data,
    /// Address and port.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Certificate chain.
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<String>,
    /// Private key.
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<String>,
    /// Reverse proxy.
    #[arg(long, value_name = "ADDR")]
    pub trusted_proxy: Option<String>,
}

/// `import`.
#[derive(Debug, Args)]
pub struct Import {
    #[command(flatten)]
    pub data: Data,
    /// Files, folders, `@LIST`, `-`.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Account the mails belong to.
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Where the report goes.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Last line is JSON.
    #[arg(long)]
    pub json: bool,
}

/// `imports`.
#[derive(Debug, Args)]
pub struct Imports {
    #[command(flatten)]
    pub data: Data,
    /// An import; `last` for the newest one.
    #[arg(value_name = "IMPORT")]
    pub import: Option<String>,
    /// Only such entries.
    #[arg(long, value_parser = ["archived", "duplicate", "excluded", "failed"], requires = "import")]
    pub outcome: Option<String>,
    /// As CSV.
    #[arg(long, requires = "import", conflicts_with = "jsonl")]
    pub csv: bool,
    /// One JSON row an entry, or an import.
    #[arg(long)]
    pub jsonl: bool,
}

/// Paths of mail files, JSON lines out.
#[derive(Debug, Args)]
pub struct Paths {
    /// One JSON row a file.
    #[arg(long)]
    pub jsonl: bool,
    /// Files, folders, `@LIST`.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// A mail.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// A listing of all mails.
#[derive(Debug, Args)]
pub struct Listing {
    #[command(flatten)]
    pub data: Data,
    /// One JSON row a mail.
    #[arg(long)]
    pub jsonl: bool,
}

/// `export`.
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    pub data: Data,
    /// Which mails; all without it.
    #[arg(long, value_name = "QUERY", default_value = "", hide_default_value = true)]
    pub query: String,
    /// How they are written.
    #[arg(long, value_parser = ["eml", "mbox", "zip", "csv", "xlsx", "xml", "sql", "z3"])]
    pub format: String,
    /// Where to.
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
    /// First day.
    #[arg(long, value_name = "DAY")]
    pub from: Option<jiff::civil::Date>,
    /// Last day.
    #[arg(long, value_name = "DAY")]
    pub until: Option<jiff::civil::Date>,
    /// Why, where a second person has to approve so many mails.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub note: String,
    /// The approval that lets so many mails out.
    #[arg(long, value_name = "ID")]
    pub approval: Option<ApprovalId>,
    /// Last line is JSON.
    #[arg(long)]
    pub json: bool,
}

/// `document`.
#[derive(Debug, Args)]
pub struct Document {
    #[command(flatten)]
    pub data: Data,
    /// Where to.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Last line is JSON.
    #[arg(long)]
    pub json: bool,
}

/// `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    pub data: Data,
    /// The backup's folder.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Snapshots that stay.
    #[arg(long, value_name = "N", default_value_t = 14)]
    pub keep: usize,
    /// With the master key.
    #[arg(long)]
    pub with_key: bool,
    /// Reads again what was there.
    #[arg(long)]
    pub check_all: bool,
    /// Last line is JSON.
    #[arg(long)]
    pub json: bool,
}

/// `restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup's folder.
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Which; the newest without it.
    #[arg(long, value_name = "NAME")]
    pub snapshot: Option<String>,
    /// The data directory to be made.
    #[arg(long, value_name = "DIR", required_unless_present_any = ["check", "list"])]
    pub data: Option<PathBuf>,
    /// The master key.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Address of an empty database of PostgreSQL.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// What was erased since: the file `log/erased` of the data directory as it was.
    #[arg(long, value_name = "FILE")]
    pub erased: Option<PathBuf>,
    /// Only compares the backup.
    #[arg(long, conflicts_with_all = ["data", "key", "database"])]
    pub check: bool,
    /// Only lists the snapshots.
    #[arg(long, conflicts_with_all = ["data", "key", "database", "check", "snapshot"])]
    pub list: bool,
}

/// `search`.
#[derive(Debug, Args)]
pub struct Search {
    #[command(flatten)]
    pub data: Data,
    /// Query words.
    #[arg(value_name = "QUERY", required = true, allow_hyphen_values = true)]
    pub query: Vec<String>,
    /// How many hits.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// JSON.
    #[arg(long)]
    pub json: bool,
}

/// `show`.
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    pub data: Data,
    /// `mail_id` or `<message-id>`.
    #[arg(value_name = "MAIL_ID", allow_hyphen_values = true)]
    pub mail: String,
    /// The original octets.
    #[arg(long, conflicts_with = "json")]
    pub raw: bool,
    /// JSON.
    #[arg(long)]
    pub json: bool,
}

/// `mails`.
#[derive(Debug, Args)]
pub struct Mails {
    #[command(flatten)]
    pub data: Data,
    /// One JSON row a mail.
    #[arg(long)]
    pub jsonl: bool,
    /// Only mails of this query.
    #[arg(long, value_name = "Q", allow_hyphen_values = true)]
    pub query: Option<String>,
}

/// `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    pub data: Data,
    /// The remote storage too, octet by octet.
    #[arg(long)]
    pub remote: bool,
    /// Brings segments that are missing here back from the remote storage first.
    #[arg(long)]
    pub fetch: bool,
    /// JSON.
    #[arg(long)]
    pub json: bool,
}

/// `proof`.
#[derive(Debug, Args)]
pub struct Proof {
    #[command(flatten)]
    pub data: Data,
    /// `mail_id` or `<message-id>`.
    #[arg(value_name = "MAIL_ID", allow_hyphen_values = true)]
    pub mail: String,
    /// The ZIP to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `log`.
#[derive(Debug, Args)]
pub struct Log {
    #[command(flatten)]
    pub data: Data,
    /// JSON.
    #[arg(long)]
    pub json: bool,
}

/// `put-back`.
#[derive(Debug, Args)]
pub struct PutBack {
    #[command(flatten)]
    pub data: Data,
    /// Which mails, as typed into the search box.
    #[arg(value_name = "QUERY", allow_hyphen_values = true)]
    pub query: String,
    /// Name of the account; one of IMAP that was fetched before.
    #[arg(long, value_name = "NAME")]
    pub account: String,
    /// Folder; `/` between levels. It is made if it is missing.
    #[arg(long, value_name = "FOLDER")]
    pub folder: String,
    /// JSON.
    #[arg(long)]
    pub json: bool,
}

/// `attachments`.
#[derive(Debug, Args)]
pub struct Attachments {
    #[command(flatten)]
    pub data: Data,
    /// Writes them into this folder from now on.
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Path below it, with placeholders.
    #[arg(long, value_name = "PATTERN")]
    pub pattern: Option<String>,
    /// Those of mails that are here already too.
    #[arg(long)]
    pub all: bool,
    /// Writes what is missing again.
    #[arg(long)]
    pub again: bool,
    /// Writes none any more; what is there stays.
    #[arg(long, conflicts_with_all = ["folder", "pattern", "all"])]
    pub off: bool,
    /// JSON.
    #[arg(long)]
    pub json: bool,
}

/// `erase`.
#[derive(Debug, Args)]
pub struct Erase {
    #[command(flatten)]
    pub data: Data,
    /// `mail_id` of mails.
    #[arg(value_name = "MAIL_ID", required_unless_present_any = ["address", "list"])]
    pub mails: Vec<String>,
    /// All mails from, to or about this address.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "mails")]
    pub address: Option<String>,
    /// Word of the legal basis (GDPR Art. 17 (1) a to f).
    #[arg(long, value_name = "WORD", required_unless_present = "list")]
    pub basis: Option<String>,
    /// What is to be remembered of the request.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
    /// Erases; without it is only said what would be erased.
    #[arg(long)]
    pub yes: bool,
    /// Lists what was erased.
    #[arg(long, conflicts_with_all = ["mails", "address", "basis", "yes"])]
    pub list: bool,
    /// JSON.
    #[arg(long)]
    pub json: bool,
}

/// `person`.
#[derive(Debug, Args)]
pub struct Person {
    #[command(flatten)]
    pub data: Data,
    /// The person's address.
    #[arg(value_name = "ADDRESS")]
    pub address: String,
    /// The ZIP to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    pub data: Data,
    /// JSON.
    #[arg(long)]
    pub json: bool,
}

/// `link`.
#[derive(Debug, Args)]
pub struct LinkFiles {
    #[command(flatten)]
    pub data: Data,
    /// One JSON row a file.
    #[arg(long)]
    pub jsonl: bool,
    /// Files, folders, `@LIST`, `-`.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
}

/// `erp`.
#[derive(Debug, Args)]
pub struct Erp {
    #[command(flatten)]
    pub data: Data,
    #[command(subcommand)]
    pub action: ErpAction,
}

/// What to do with records of the ERP.
#[derive(Debug, Subcommand)]
pub enum ErpAction {
    /// Adds or replaces records by their number.
    Import(ErpImport),
    /// Where records come from by themselves.
    Source {
        #[command(subcommand)]
        action: ErpSourceAction,
    },
}

/// `erp import`.
#[derive(Debug, Args)]
pub struct ErpImport {
    /// What the rows are.
    #[arg(long, value_parser = ["contact", "order", "quote", "item"])]
    pub kind: String,
    /// A CSV file, a workbook or vCards.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Which column means what.
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Many records may vanish.
    #[arg(long)]
    pub allow_vanish: bool,
    /// The file holds a part of the records: none vanish.
    #[arg(long)]
    pub partial: bool,
    /// Result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What to do with sources.
#[derive(Debug, Subcommand)]
pub enum ErpSourceAction {
    /// A new one; the password comes from standard input or the environment.
    Add(Box<ErpSourceAdd>),
    /// Lists them.
    List {
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// Runs one now.
    Run {
        /// Its name.
        name: String,
        /// Many records may vanish.
        #[arg(long)]
        allow_vanish: bool,
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// Tries one.
    Test {
        /// Its name.
        name: String,
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// Forgets one; its records stay.
    Remove {
        /// Its name.
        name: String,
    },
}

/// `erp source add`.
#[derive(Debug, Args)]
pub struct ErpSourceAdd {
    /// Its name.
    pub name: String,
    /// What it is.
    #[arg(long = "type", value_name = "TYPE", value_parser = ["file", "postgres", "mysql", "carddav", "rest"])]
    pub source: String,
    /// Minutes between runs.
    #[arg(long, value_name = "MINUTES", default_value_t = 0)]
    pub every: u32,
    /// Of a file: below the folder `erp` of the data directory.
    #[arg(long, value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Of a file: what its rows are.
    #[arg(long, value_parser = ["contact", "order", "quote", "item"])]
    pub kind: Option<String>,
    /// Of a file: which column means what.
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Of a file: it holds a part of the records.
    #[arg(long)]
    pub partial: bool,
    /// Of a database: server.
    #[arg(long)]
    pub host: Option<String>,
    /// Of a database: port.
    #[arg(long)]
    pub port: Option<u16>,
    /// Of a database: its name.
    #[arg(long)]
    pub database: Option<String>,
    /// Of a database: login name.
    #[arg(long)]
    pub login: Option<String>,
    /// Of a database: `system`, `none`, or a file with certificates.
    #[arg(long, default_value = "system")]
    pub tls: String,
    /// Of a `CardDAV` server: any address on it.
    #[arg(long)]
    pub url: Option<String>,
    /// Of a `CardDAV` server: path of an address book; all of the login without.
    #[arg(long, value_name = "PATH")]
    pub book: Vec<String>,
    /// Of a database: a kind and the file of its `SELECT`.
    #[arg(long, value_name = "KIND=FILE")]
    pub query: Vec<String>,
    /// Of a database: what `{watermark}` is at first.
    #[arg(long, value_name = "VALUE")]
    pub watermark_start: Option<String>,
    /// Of a database: a query may take so long, seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub timeout: u32,
    /// Of a database: a query may give so many rows.
    #[arg(long, value_name = "ROWS", default_value_t = 5_000_000)]
    pub rows_max: u64,
}

/// `account`.
#[derive(Debug, Args)]
pub struct Account {
    #[command(flatten)]
    pub data: Data,
    #[command(subcommand)]
    pub action: AccountAction,
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountAction {
    /// Adds a mailbox account; the password comes from standard input or the environment.
    Add(AccountAdd),
    /// What happens in the mailbox.
    Handle(AccountHandle),
    /// What stays in the mailbox.
    Keep(AccountKeep),
    /// What is not archived.
    Exclude(AccountExclude),
    /// Which of its mails go to which group.
    Sort(AccountSort),
    /// The same for several accounts.
    Set(AccountSet),
    /// Tries the settings.
    Test {
        /// Name of the account.
        name: String,
    },
    /// Lists accounts.
    List {
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// Fetches now.
    Fetch {
        /// Name of the account.
        name: String,
        /// One JSON object: what came, seconds until it was durable and until it could be found.
        #[arg(long)]
        json: bool,
    },
    /// Login through a sign-in service.
    Oauth {
        #[command(subcommand)]
        action: OauthAction,
    },
    /// Compares the mailboxes with their server.
    Compare {
        /// Name of the account.
        name: String,
        /// Fetches again what is missing or failed.
        #[arg(long)]
        anew: bool,
        /// One JSON row a mailbox.
        #[arg(long)]
        json: bool,
    },
    /// Removes an account; its mails stay.
    Remove {
        /// Name of the account.
        name: String,
        /// The name once more.
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
}

/// `account handle`.
#[derive(Debug, Args)]
pub struct AccountHandle {
    /// Name of the account.
    pub name: String,
    /// normal, bounce or archive.
    #[arg(long, value_parser = ["normal", "bounce", "archive"])]
    pub role: Option<String>,
    /// leave, mark-read, move or delete.
    #[arg(long, value_parser = ["leave", "mark-read", "move", "delete"])]
    pub handled: Option<String>,
    /// Folder for handled reports.
    #[arg(long, value_name = "NAME")]
    pub handled_folder: Option<String>,
    /// Folder for reports that wait; empty: none.
    #[arg(long, value_name = "NAME")]
    pub manual_folder: Option<String>,
}

/// `account keep`.
#[derive(Debug, Args)]
pub struct AccountKeep {
    /// Name of the account.
    pub name: String,
    /// leave, mark-read or move.
    #[arg(long, value_parser = ["leave", "mark-read", "move"])]
    pub fetched: Option<String>,
    /// Folder for fetched mails.
    #[arg(long, value_name = "NAME")]
    pub fetched_folder: Option<String>,
    /// Folder for mails that could not be read; empty: none.
    #[arg(long, value_name = "NAME")]
    pub failed_folder: Option<String>,
    /// `never`, or days since the mail was fetched.
    #[arg(long, value_name = "DAYS", value_parser = delete_after)]
    pub delete_after: Option<Days>,
    /// Whether mails deleted here are deleted in the mailbox: yes or no.
    #[arg(long, value_parser = ["yes", "no"])]
    pub delete_there: Option<String>,
}

/// `account exclude`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("kind").args(["folder", "sender", "spam", "private", "works_council", "remove"]).requires("exclusion"))]
pub struct AccountExclude {
    /// Name of the account.
    pub name: String,
    /// Name of the exclusion; without it they are listed.
    #[arg(value_name = "EXCLUSION", requires = "kind")]
    pub exclusion: Option<String>,
    /// A folder.
    #[arg(long, value_name = "NAME")]
    pub folder: Vec<String>,
    /// A sender.
    #[arg(long, value_name = "ADDRESS")]
    pub sender: Vec<String>,
    /// What a spam filter marked.
    #[arg(long)]
    pub spam: bool,
    /// What is marked as private.
    #[arg(long)]
    pub private: bool,
    /// Word in the subject that means private.
    #[arg(long, value_name = "WORD", requires = "private")]
    pub subject: Vec<String>,
    /// An address of the works council.
    #[arg(long, value_name = "ADDRESS")]
    pub works_council: Vec<String>,
    /// Removes the exclusion.
    #[arg(long)]
    pub remove: bool,
    /// JSON.
    #[arg(long, conflicts_with = "kind")]
    pub json: bool,
}

/// `account sort`.
#[derive(Debug, Args)]
pub struct AccountSort {
    /// Name of the account.
    pub name: String,
    /// An address or `@domain`, `=`, and the name of a group.
    #[arg(long, value_name = "PATTERN=GROUP")]
    pub rule: Vec<String>,
    /// Group for what no rule names.
    #[arg(long, value_name = "GROUP")]
    pub rest: Option<String>,
    /// Without any rules.
    #[arg(long, conflicts_with_all = ["rule", "rest"])]
    pub clear: bool,
    /// Earlier mails, too.
    #[arg(long)]
    pub earlier: bool,
    /// JSON.
    #[arg(long)]
    pub json: bool,
}

/// `account set`.
#[derive(Debug, Args)]
pub struct AccountSet {
    /// Names of accounts.
    #[arg(required_unless_present = "all")]
    pub names: Vec<String>,
    /// All that are fetched.
    #[arg(long, conflicts_with = "names")]
    pub all: bool,
    /// yes or no.
    #[arg(long, value_parser = ["yes", "no"])]
    pub active: Option<String>,
    /// Seconds between looks.
    #[arg(long, value_parser = clap::value_parser!(u32).range(10..=86_400))]
    pub poll_seconds: Option<u32>,
    /// normal, bounce or archive.
    #[arg(long, value_parser = ["normal", "bounce", "archive"])]
    pub role: Option<String>,
    /// leave, mark-read or move.
    #[arg(long, value_parser = ["leave", "mark-read", "move"])]
    pub fetched: Option<String>,
    /// Folder for fetched mails.
    #[arg(long, value_name = "NAME", requires = "fetched")]
    pub fetched_folder: Option<String>,
    /// `never`, or days since the mail was fetched.
    #[arg(long, value_name = "DAYS", value_parser = delete_after)]
    pub delete_after: Option<Days>,
    /// Whether mails deleted here are deleted in the mailbox: yes or no.
    #[arg(long, value_parser = ["yes", "no"])]
    pub delete_there: Option<String>,
    /// One JSON row an account.
    #[arg(long)]
    pub json: bool,
}

/// Days; `None` is never.
#[derive(Clone, Copy, Debug)]
pub struct Days(pub Option<u32>);

/// `never`, or a number of days.
fn delete_after(text: &str) -> Result<Days, String> {
    match text {
        "never" => Ok(Days(None)),
        days => {
            let days = days.parse().ok().filter(|days| *days <= 36_500);
            days.map(|days| Days(Some(days))).ok_or_else(|| "never, 0–36500".to_owned())
        }
    }
}

/// `account add`.
#[derive(Debug, Args)]
pub struct AccountAdd {
    /// Name, unique.
    pub name: String,
    /// Mail address.
    #[arg(long)]
    pub address: Option<String>,
    /// Server.
    #[arg(long)]
    pub host: Option<String>,
    /// Port.
    #[arg(long)]
    pub port: Option<u16>,
    /// imap, pop3 or graph.
    #[arg(long, alias = "kind", default_value = "imap", value_parser = ["imap", "pop3", "graph"])]
    pub protocol: String,
    /// tls, starttls or none.
    #[arg(long, default_value = "tls", value_parser = ["tls", "starttls", "none"])]
    pub tls: String,
    /// Login name.
    #[arg(long)]
    pub login: String,
    /// Sign-in service instead of a password.
    #[arg(long, value_name = "NAME")]
    pub oauth: Option<String>,
    /// Certificate authority of the server.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Seconds between looks.
    #[arg(long, default_value_t = 60)]
    pub poll_seconds: u32,
}

/// What to do with sign-in services and links.
#[derive(Debug, Subcommand)]
pub enum OauthAction {
    /// Adds or changes a sign-in service; its secret comes from standard input or the environment.
    Service(OauthService),
    /// Links an account: prints a code to type in elsewhere, and waits.
    Link {
        /// Name of the account.
        name: String,
        /// Without a person.
        #[arg(long)]
        application: bool,
    },
    /// Confirms that the person who consented may open the mailbox.
    Confirm {
        /// Name of the account.
        name: String,
    },
    /// How accounts are linked.
    Status {
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// Ends the link of an account.
    Unlink {
        /// Name of the account.
        name: String,
    },
}

/// `account oauth service`.
#[derive(Debug, Args)]
pub struct OauthService {
    /// Name, unique.
    pub name: String,
    /// microsoft, microsoft-graph, google or other.
    #[arg(long, value_parser = ["microsoft", "microsoft-graph", "google", "other"])]
    pub service: String,
    /// Id of the application there.
    #[arg(long, value_name = "ID")]
    pub client_id: String,
    /// Microsoft: directory.
    #[arg(long)]
    pub tenant: Option<String>,
    /// Another service: its issuer.
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// Another service: what is asked for.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,
    /// Last day of the secret.
    #[arg(long, value_name = "DATE")]
    pub secret_expires: Option<String>,
    /// It has no secret.
    #[arg(long)]
    pub no_secret: bool,
}

/// `key`.
#[derive(Debug, Args)]
pub struct Key {
    #[command(flatten)]
    pub data: Data,
    #[command(subcommand)]
    pub action: KeyAction,
}

/// What to do with the master key.
#[derive(Debug, Subcommand)]
pub enum KeyAction {
    /// Makes a new one and seals every secret with it.
    Rotate,
    /// Makes a recovery key, to be printed.
    Recovery,
    /// Checks a recovery key from standard input.
    Check,
    /// Brings the master key back with the recovery key from standard input.
    Restore,
}

/// `group`.
#[derive(Debug, Args)]
pub struct Group {
    #[command(flatten)]
    pub data: Data,
    /// What to do.
    #[command(subcommand)]
    pub action: GroupAction,
}

/// What to do with groups.
#[derive(Debug, Subcommand)]
pub enum GroupAction {
    /// Lists groups.
    List {
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// Makes a group, or changes what is named.
    Set {
        /// Name.
        name: String,
        /// All its addresses.
        #[arg(long = "address", value_name = "ADDRESS")]
        addresses: Vec<String>,
        /// All its members, by mail address.
        #[arg(long = "member", value_name = "EMAIL")]
        members: Vec<String>,
        /// What it is for.
        #[arg(long)]
        description: Option<String>,
    },
    /// Removes a group; the mails stay.
    Remove {
        /// Name.
        name: String,
    },
}

/// `retention`.
#[derive(Debug, Args)]
pub struct Retention {
    #[command(flatten)]
    pub data: Data,
    /// What to do.
    #[command(subcommand)]
    pub action: RetentionAction,
}

/// What to do with retention.
#[derive(Debug, Subcommand)]
pub enum RetentionAction {
    /// Lists classes with their rules.
    List {
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lists what is due, by class and year.
    Due {
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// Asks the rules about every mail.
    Apply,
    /// Legal holds.
    Hold {
        /// What to do.
        #[command(subcommand)]
        action: HoldAction,
    },
}

/// What to do with legal holds.
#[derive(Debug, Subcommand)]
pub enum HoldAction {
    /// Lists holds.
    List {
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// Holds what a query finds.
    Add {
        /// Name of the case.
        name: String,
        /// Which mails.
        query: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Lifts a hold.
    Lift {
        /// Name of the case.
        name: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// `user`.
#[derive(Debug, Args)]
pub struct User {
    #[command(flatten)]
    pub data: Data,
    #[command(subcommand)]
    pub action: UserAction,
}

/// What to do with users.
#[derive(Debug, Subcommand)]
pub enum UserAction {
    /// Adds a user; the password comes from standard input or the environment.
    Add {
        /// Mail address, which is the login.
        email: String,
        /// Full name.
        #[arg(long)]
        name: Option<String>,
        /// Role.
        #[arg(long, default_value = "agent", value_parser = ["administrator", "agent", "auditor"])]
        role: String,
        /// Accounts the user may read.
        #[arg(long = "account", value_name = "NAME")]
        accounts: Vec<String>,
    },
    /// Lists users.
    List {
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// Sets a new password.
    Password {
        /// Mail address.
        email: String,
    },
    /// Lets a user read an account.
    Grant {
        /// Mail address.
        email: String,
        /// Name of the account.
        account: String,
    },
}

/// `config`.
#[derive(Debug, Args)]
pub struct ConfigCommand {
    #[command(flatten)]
    pub data: Data,
    #[command(subcommand)]
    pub action: ConfigAction,
}

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Shows each setting with its origin.
    Show,
    /// Prints a commented settings file with every default.
    Defaults,
}

/// Gives every command, option and heading its text in the language.
pub fn localised(command: clap::Command, lang: Lang) -> clap::Command {
    let template = lang.text("help-template", &[]);
    with_texts(command, lang, "help", &template)
}

fn with_texts(command: clap::Command, lang: Lang, prefix: &str, template: &str) -> clap::Command {
    let example_key = format!("{prefix}-example");
    let example = if crate::lang::has(&example_key) {
        format!("{} {}", lang.text("help-heading-example", &[]), lang.text(&example_key, &[]))
    } else {
        String::new()
    };
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let mut command = command
        .about(lang.text(prefix, &[]))
        .after_help(example)
        .help_template(template.to_owned())
        .disable_help_flag(true)
        .arg(
            clap::Arg::new("help")
                .short('h')
                .long("help")
                .action(clap::ArgAction::Help)
                .help(lang.text("help-arg-help", &[])),
        )
        .subcommand_help_heading(lang.text("help-heading-commands", &[]))
        .mut_args(|arg| {
            let own = format!("{prefix}-arg-{}", arg.get_id());
            let shared = format!("help-arg-{}", arg.get_id());
            let key = if crate::lang::has(&own) { own } else { shared };
            let heading = if arg.is_positional() { "help-heading-arguments" } else { "help-heading-options" };
            arg.help(lang.text(&key, &[])).help_heading(lang.text(heading, &[]))
        });
    for name in names {
        let prefix = format!("{prefix}-{name}");
        command = command.mut_subcommand(&name, |sub| with_texts(sub, lang, &prefix, template));
    }
    command
}
