//! Tools that ship, against servers and through a toolbox.

use std::time::Duration;

use rushlight::tools::builtin::{FetchPageOptions, calculate, fetch_page};
use rushlight::{Tool, ToolCall, ToolRegistry, ToolStatus, Toolbox};
use rushlight_tests::support::site::{Reply, TestSite};
use serde_json::{Value, json};

/// Options for a server on this machine.
fn loopback() -> FetchPageOptions {
    FetchPageOptions::default().allowed_hosts(["127.0.0.1"])
}

/// What the tool says of a page.
async fn fetched(options: FetchPageOptions, url: &str) -> Result<Value, String> {
    let tool = fetch_page(options).unwrap();
    let said = tool.invoke(&ToolCall::new("1", "fetch_page", json!({"url": url}))).await;
    let said = said.map_err(|error| error.chain().replace("tool `fetch_page` failed: ", ""))?;
    Ok(serde_json::from_str(&said).unwrap())
}

#[tokio::test]
async fn a_page_is_given_as_its_readable_text_with_its_address() {
    let html = "<title>Bees</title><nav>Menu</nav><h1>Bees</h1><p>Bees dance.<script>no()</script>";
    let site = TestSite::start([
        ("/old", Reply::Redirect("/bees?x=1#top".into())),
        ("/bees?x=1", Reply::html(html)),
    ]);

    let page = fetched(loopback(), &site.url("/old#part")).await.unwrap();

    let expected = json!({"url": site.url("/bees?x=1"), "title": "Bees", "text": "# Bees\n\nBees dance.\n"});
    assert_eq!(page, expected);
}

#[tokio::test]
async fn a_long_page_is_cut_and_the_output_says_so() {
    let site = TestSite::start([("/", Reply::Bytes("text/plain; charset=utf-8", "é".repeat(50).into()))]);

    let page = fetched(loopback().max_output_bytes(11), &site.url("/")).await.unwrap();

    assert_eq!((&page["text"], &page["bytes_left_out"]), (&json!("é".repeat(5)), &json!(90)));
}

#[tokio::test]
async fn nothing_but_the_public_web_is_asked_unless_a_host_is_allowed() {
    let hidden = TestSite::start([("/", Reply::html("secret"))]);
    let port = hidden.port();
    let site = TestSite::start([("/", Reply::Redirect(format!("http://localhost:{port}/")))]);

    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"] {
        let refused =
            fetched(FetchPageOptions::default(), &format!("http://{host}:{port}/")).await.unwrap_err();
        assert!(refused.contains("expected a public address or an allowed host, got"), "{host}: {refused}");
    }
    let redirected = fetched(loopback(), &site.url("/")).await.unwrap_err();
    assert!(redirected.contains("got `localhost` at "), "{redirected}");
    for (url, expected) in [
        ("file:///etc/passwd", "expected http or https, got `file`"),
        ("ftp://example.org/", "expected http or https, got `ftp`"),
        ("http://user:word@example.org/", "expected an address without a password, got one with"),
        ("/etc/passwd", "relative URL without a base"),
        ("", "relative URL without a base"),
    ] {
        let refused = fetched(loopback(), url).await.unwrap_err();
        assert!(refused.ends_with(expected), "{url}: {refused}");
    }
    assert_eq!(hidden.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn only_named_hosts_are_asked_also_after_redirects() {
    let other = TestSite::start([("/", Reply::html("Other"))]);
    let away = format!("http://localhost:{}/", other.port());
    let site = TestSite::start([("/", Reply::html("Here")), ("/away", Reply::Redirect(away.clone()))]);
    let only = || loopback().allowed_hosts(["127.0.0.1", "localhost"]).hosts(["127.0.0.1"]);

    assert_eq!(fetched(only(), &site.url("/")).await.unwrap()["text"], "Here\n");
    assert_eq!(
        fetched(only(), &away).await.unwrap_err(),
        "expected a page of one of the hosts 127.0.0.1, got one of `localhost`"
    );
    assert_eq!(
        fetched(only(), &site.url("/away")).await.unwrap_err(),
        format!("it leads to `{away}` on another site")
    );
    assert_eq!(other.asked(), Vec::<String>::new());
    let error = fetch_page(FetchPageOptions::default().hosts(["http://example.org"])).unwrap_err();
    assert!(error.to_string().starts_with("invalid `hosts`: expected names of hosts"), "{error}");
}

#[tokio::test]
async fn pages_that_are_missing_too_large_or_never_come_are_errors_by_name() {
    let site = TestSite::start([
        ("/large", Reply::html("x".repeat(2000))),
        ("/image", Reply::Bytes("image/png", vec![0])),
        ("/silent", Reply::Silent),
        ("/endless", Reply::Endless),
    ]);
    let refused = async |path: &str, options| fetched(options, &site.url(path)).await.unwrap_err();

    assert_eq!(refused("/none", loopback()).await, "expected a page, got status 404 Not Found");
    assert_eq!(refused("/large", loopback().max_bytes(1000)).await, "expected at most 1000 bytes, got more");
    assert_eq!(refused("/image", loopback()).await, "expected a page with text, got `image/png`");
    assert_eq!(
        refused("/silent", loopback().timeout(Duration::from_millis(300))).await,
        "expected the page within 300ms, got no end of it"
    );
    assert_eq!(
        refused("/endless", loopback().max_bytes(50_000).timeout(Duration::from_secs(30))).await,
        "expected at most 50000 bytes, got more"
    );
    assert!(fetch_page(loopback().timeout(Duration::ZERO)).is_err());
}

#[tokio::test]
async fn a_mistake_in_a_call_is_an_output_that_the_model_can_mend() {
    let tools = Toolbox::new().add(calculate()).unwrap();
    let invoke = async |arguments: Value| {
        let output = tools.invoke(&ToolCall::new("1", "calculate", arguments)).await.unwrap();
        (output.status, output.content)
    };

    let (status, content) = invoke(json!({"expression": "2 +"})).await;
    let (other, _) = invoke(json!({"formula": "2"})).await;

    assert_eq!(status, ToolStatus::Error);
    assert_eq!(
        content,
        "`calculate` failed: at character 4: expected a number, `(` or a function, got the end"
    );
    assert_eq!(other, ToolStatus::InvalidArguments);
}
