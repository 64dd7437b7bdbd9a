use std::sync::Mutex;
use std::time::Duration;

use rushlight::retrieval::{IngestReport, KnowledgeBaseOptions, SearchMode, WebOptions};
use rushlight::{ErrorKind, KnowledgeBase, Query};
use rushlight_tests::support::site::{Reply, TestSite};

use super::{embedder, in_memory, quiet};

/// Options for a server on this machine.
fn loopback() -> WebOptions {
    WebOptions::default().allowed_hosts(["127.0.0.1"])
}

async fn ingest(base: &KnowledgeBase, url: &str, options: WebOptions) -> IngestReport {
    base.ingest_url(url, options, quiet).await.unwrap()
}

/// Added, updated, unchanged, deleted, failed.
fn counts(report: &IngestReport) -> [usize; 5] {
    [report.added, report.updated, report.unchanged, report.deleted, report.failed.len()]
}

/// Why the only page of a report failed.
fn reason(report: &IngestReport) -> &str {
    let [failed] = report.failed.as_slice() else { panic!("{report:?}") };
    &failed.reason
}

/// Why a server's page at `/` fails.
async fn refusal(reply: Reply, options: WebOptions) -> String {
    let site = TestSite::start([("/", reply)]);
    let base = in_memory(Vec::new()).await;
    let report = ingest(&base, &site.url("/"), options).await;
    assert_eq!(base.documents(), 0);
    reason(&report).to_owned()
}

#[tokio::test]
async fn a_page_is_stored_under_its_address_without_what_surrounds_its_text() {
    let html = "<title>Bees</title><nav>Menu</nav><h1>Bees</h1><p>Bees dance.<script>no()</script>";
    let site = TestSite::start([
        ("/old", Reply::Redirect("/bees?x=1#top".into())),
        ("/bees?x=1", Reply::html(html)),
    ]);
    let base = in_memory(Vec::new()).await;

    let report = ingest(&base, &site.url("/old#part"), loopback()).await;

    assert_eq!(counts(&report), [1, 0, 0, 0, 0]);
    let passages = base.search(&Query::new("dance"), SearchMode::Lexical).await.unwrap();
    assert_eq!(passages[0].text, "# Bees\n\nBees dance.\n");
    assert_eq!((passages[0].title.as_str(), passages[0].source.as_str()), ("Bees", &*site.url("/bees?x=1")));
}

#[tokio::test]
async fn a_site_is_read_nearest_pages_first_and_each_once() {
    let site = TestSite::start([
        ("/", Reply::html("Start <a href=a>A</a> <a href='/#top'>top</a> <a href='/b#x'>B</a>")),
        ("/a", Reply::html("A <a href=/>home</a> <a href=/c>C</a> <a href=mailto:x@y.z>mail</a>")),
        (
            "/b",
            Reply::html("B <a href=/a>A</a> <a href=/away>away</a> <a href='http://example.org/'>out</a>"),
        ),
        ("/c", Reply::html("C <a href=/d>D</a> <a href=/image>image</a>")),
        ("/d", Reply::html("D is too far.")),
        ("/away", Reply::Redirect("http://localhost:1/".into())),
        ("/image", Reply::Bytes("image/png", vec![0])),
    ]);
    let base = in_memory(Vec::new()).await;
    let told = Mutex::new(Vec::new());

    let report = base
        .ingest_url(&site.url("/"), loopback().depth(2), |progress| {
            told.lock()
                .unwrap()
                .push((progress.source.rsplit('/').next().unwrap().to_owned(), progress.done));
        })
        .await
        .unwrap();

    assert_eq!(site.asked(), ["/", "/a", "/b", "/c", "/away"]);
    assert_eq!(counts(&report), [4, 0, 0, 0, 0]);
    let told: Vec<String> =
        told.into_inner().unwrap().iter().map(|(page, done)| format!("{done}{page}")).collect();
    assert_eq!(told, ["1", "2a", "3b", "4c"]);
}

#[tokio::test]
async fn no_more_pages_are_asked_for_than_allowed() {
    let site = TestSite::start([
        ("/", Reply::html("Start <a href=/1>1</a> <a href=/2>2</a> <a href=/3>3</a>")),
        ("/1", Reply::html("One")),
        ("/2", Reply::html("Two")),
        ("/3", Reply::html("Three")),
    ]);
    let base = in_memory(Vec::new()).await;

    let report = ingest(&base, &site.url("/"), loopback().depth(5).max_pages(3)).await;

    assert_eq!(report.added, 3);
    assert_eq!(site.asked(), ["/", "/1", "/2"]);
}

#[tokio::test]
async fn an_address_that_is_not_public_is_never_asked() {
    let site = TestSite::start([("/", Reply::html("secret"))]);
    let base = in_memory(Vec::new()).await;
    let port = site.port();

    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"] {
        let report = ingest(&base, &format!("http://{host}:{port}/"), WebOptions::default()).await;

        let reason = reason(&report);
        assert!(reason.contains("expected a public address or an allowed host, got"), "{host}: {reason}");
    }
    assert_eq!((site.asked(), base.documents()), (Vec::new(), 0));
}

#[tokio::test]
async fn a_redirect_to_an_address_that_is_not_public_is_not_followed() {
    let hidden = TestSite::start([("/", Reply::html("secret"))]);
    let site = TestSite::start([("/", Reply::Redirect(format!("http://localhost:{}/", hidden.port())))]);
    let base = in_memory(Vec::new()).await;

    let report = ingest(&base, &site.url("/"), loopback()).await;

    assert!(reason(&report).contains("got `localhost` at "), "{report:?}");
    assert_eq!(hidden.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn only_web_addresses_are_followed() {
    assert_eq!(
        refusal(Reply::Redirect("file:///etc/passwd".into()), loopback()).await,
        "expected http or https, got `file`"
    );
}

#[tokio::test]
async fn a_page_without_end_is_given_up() {
    assert_eq!(
        refusal(Reply::Endless, loopback().max_bytes(100_000).timeout(Duration::from_secs(30))).await,
        "expected at most 100000 bytes, got more"
    );
    assert_eq!(
        refusal(Reply::Silent, loopback().timeout(Duration::from_millis(300))).await,
        "expected the page within 300ms, got no end of it"
    );
    assert_eq!(
        refusal(Reply::Redirect("/".into()), loopback().max_redirects(2)).await,
        "expected at most 2 redirects, got more"
    );
}

#[tokio::test]
async fn what_is_no_page_with_text_is_reported() {
    let reasons = [
        refusal(Reply::Status(404), loopback()).await,
        refusal(Reply::Status(500), loopback()).await,
        refusal(Reply::Bytes("image/png", vec![0]), loopback()).await,
        refusal(Reply::html("<script>draw()</script>"), loopback()).await,
    ];

    assert_eq!(
        reasons,
        [
            "expected a page, got status 404 Not Found",
            "expected a page, got status 500 Internal Server Error",
            "expected a page with text, got `image/png`",
            "expected a page with text, got one without",
        ]
    );
}

#[tokio::test]
async fn what_robots_txt_forbids_is_not_asked_for() {
    let robots = b"User-agent: *\nDisallow: /private\n".to_vec();
    let site = TestSite::start([
        ("/robots.txt", Reply::Bytes("text/plain", robots)),
        ("/", Reply::html("Start <a href=/private/a>A</a> <a href=/b>B</a>")),
        ("/private/a", Reply::html("secret")),
        ("/b", Reply::html("B")),
    ]);
    let base = in_memory(Vec::new()).await;

    let report = ingest(&base, &site.url("/"), loopback().depth(1)).await;
    let alone = ingest(&base, &site.url("/private/a"), loopback()).await;

    assert_eq!(counts(&report), [2, 0, 0, 0, 0]);
    assert_eq!(reason(&alone), "`robots.txt` of the site asks not to read it");
    assert_eq!(site.asked(), ["/", "/b"]);
}

#[tokio::test]
async fn a_site_whose_robots_txt_cannot_be_read_is_left_alone() {
    let site = TestSite::start([("/robots.txt", Reply::Status(503)), ("/", Reply::html("Text"))]);
    let base = in_memory(Vec::new()).await;

    let report = ingest(&base, &site.url("/"), loopback()).await;

    assert_eq!(
        reason(&report),
        "cannot read `robots.txt`: expected a page, got status 503 Service Unavailable"
    );
    assert_eq!(site.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn pages_are_read_in_their_charset_and_by_their_type() {
    let site = TestSite::start([
        (
            "/",
            Reply::Bytes("text/html; charset=ISO-8859-1", b"<a href=t>caf\xe9</a> <a href=w>w</a>".to_vec()),
        ),
        ("/t", Reply::Bytes("text/plain; charset=windows-1251", b"\xcf\xf0\xe8\xe2\xe5\xf2".to_vec())),
        ("/w", Reply::Bytes("text/html; charset=utf-8", b"<p>wrong \xe9".to_vec())),
    ]);
    let base = in_memory(Vec::new()).await;

    ingest(&base, &site.url("/"), loopback().depth(1)).await;

    let passages = base.search(&Query::new("café привет wrong"), SearchMode::Hybrid).await.unwrap();
    let mut texts: Vec<&str> = passages.iter().map(|passage| passage.text.trim()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["café w", "wrong \u{fffd}", "Привет"]);
}

#[tokio::test]
async fn a_site_is_followed_through_its_changes() {
    let site = TestSite::start([
        ("/", Reply::html("Start <a href=/a>A</a> <a href=/b>B</a>")),
        ("/a", Reply::html("Apples.")),
        ("/b", Reply::html("Bananas.")),
    ]);
    let base = in_memory(Vec::new()).await;
    let again = async || counts(&ingest(&base, &site.url("/"), loopback().depth(3)).await);

    assert_eq!(again().await, [3, 0, 0, 0, 0]);
    assert_eq!(again().await, [0, 0, 3, 0, 0]);

    site.put("/a", Reply::html("Apricots."));
    site.put("/b", Reply::Status(500));
    assert_eq!(again().await, [0, 1, 1, 0, 1], "a page that fails is kept");
    assert_eq!(base.documents(), 3);

    site.remove("/b");
    assert_eq!(again().await, [0, 0, 2, 1, 0], "a page that is gone is removed");

    site.put("/", Reply::html("Start <a href=/c>C</a>"));
    site.put("/c", Reply::html("Cherries."));
    assert_eq!(again().await, [1, 1, 0, 1, 0], "a page without a link to it is removed");
}

#[tokio::test]
async fn pages_that_were_not_looked_for_are_kept() {
    let site = TestSite::start([
        ("/", Reply::html("Start <a href=/a>A</a> <a href=/b>B</a>")),
        ("/a", Reply::html("Apples.")),
        ("/b", Reply::html("Bananas.")),
    ]);
    let base = in_memory(Vec::new()).await;
    ingest(&base, &site.url("/"), loopback().depth(1)).await;

    let nearer = ingest(&base, &site.url("/"), loopback()).await;
    let fewer = ingest(&base, &site.url("/"), loopback().depth(1).max_pages(2)).await;

    assert_eq!((counts(&nearer), counts(&fewer)), ([0, 0, 1, 0, 0], [0, 0, 2, 0, 0]));
    assert_eq!(base.documents(), 3);
}

#[tokio::test]
async fn addresses_and_options_that_make_no_sense_are_errors() {
    let base = in_memory(Vec::new()).await;

    for url in ["no address", "ftp://example.org/", "http://ann:secret@example.org/", "http://"] {
        let error = base.ingest_url(url, WebOptions::default(), quiet).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Invalid, "{url}");
        assert!(
            error.to_string().starts_with("invalid `url`: ") && !error.to_string().contains("secret"),
            "{error}"
        );
    }
    let options = WebOptions::default();
    let port = options.clone().allowed_hosts(["localhost:80"]);
    let at_once = options.clone().timeout(Duration::ZERO);
    for (options, name) in
        [(port, "allowed_hosts"), (at_once, "timeout"), (options.max_pages(0), "max_pages")]
    {
        let error = base.ingest_url("http://example.org/", options, quiet).await.unwrap_err();

        assert!(error.to_string().starts_with(&format!("invalid `{name}`: ")), "{error}");
    }
}

#[tokio::test]
async fn a_store_that_is_open_for_reading_asks_nobody() {
    let site = TestSite::start([("/", Reply::html("Text"))]);
    let dir = tempfile::tempdir().unwrap();
    drop(KnowledgeBase::open(dir.path(), embedder()).await.unwrap());
    let options = KnowledgeBaseOptions::default();
    let base = KnowledgeBase::open_read_only(dir.path(), embedder(), options).await.unwrap();

    let error = base.ingest_url(&site.url("/"), loopback(), quiet).await.unwrap_err();

    assert_eq!((error.kind(), site.asked()), (ErrorKind::Io, Vec::new()));
}
