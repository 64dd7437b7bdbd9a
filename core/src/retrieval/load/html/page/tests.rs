use super::*;

fn markdown(html: &str) -> String {
    Page::read(html).text
}

#[test]
fn structure_becomes_markdown() {
    let html = "<html><head><title> The\n page </title><style>p { color: red }</style></head><body>
        <h1>First <em>heading</em></h1><p>One   paragraph<br>of two lines &amp; a <a href='/x'>link</a>.
        <p>Another with <code>code()</code>.
        <ul><li>one<li>two<ol><li>nested</li><li>more</ol></ul>
        <blockquote><p>Said.</p></blockquote>
        <pre><code class=\"hljs language-rust\">fn main() {\n    let x = \"```\";\n}\n</code></pre>
        <hr>Loose text.</body></html>";

    let page = Page::read(html);

    insta::assert_snapshot!(page.text, @r#"
    # First heading

    One paragraph
    of two lines & a link.

    Another with `code()`.

    - one
    - two
      1. nested
      2. more

    > Said.

    ````rust
    fn main() {
        let x = "```";
    }
    ````

    Loose text.
    "#);
    assert_eq!(page.title, "The page");
    assert_eq!(page.links, ["/x"]);
}

#[test]
fn tables_of_data_are_tables_and_those_of_layout_are_not() {
    let data = "<table><thead><tr><th>Name<th>Size</thead><tr><td>a|b<td><p>1</p></tr><tr><td>c</table>";
    let layout = "<table><tr><td>menu<td><h2>Heading</h2><p>Text.</p><table><tr><td>x</table></table>";

    assert_eq!(markdown(data), "| Name | Size |\n|---|---|\n| a\\|b | 1 |\n| c |\n");
    assert_eq!(markdown(layout), "menu\n\n## Heading\n\nText.\n\n| x |\n|---|\n");
}

#[test]
fn what_surrounds_the_text_is_left_out() {
    let html = "<body><header><h1>Site</h1></header><nav><p>Menu</nav><article><header>By Ann</header>Text.
        <footer>Notes</footer></article><aside>Ads</aside><div role=search>Find</div><p hidden>No</p>
        <div aria-hidden=true>No</div><script>var p = '<p>no</p>';</script><noscript>Enable it</noscript>
        <svg><title>Icon</title><text>No</text><path/></svg><template>No</template><footer>Imprint</footer>";

    assert_eq!(markdown(html), "By Ann\n\nText.\n\nNotes\n");
}

#[test]
fn the_main_part_is_taken_alone_where_it_is_marked() {
    assert_eq!(markdown("<p>Cookies?</p><main><p>Text.</p></main><p>More</p>"), "Text.\n");
    assert_eq!(markdown("<p>Cookies?</p><div role=main>Text.</div>"), "Text.\n");
    assert_eq!(markdown("<p>Text.</p><main></main>"), "Text.\n");
}

#[test]
fn text_that_looks_like_markdown_stays_text() {
    let html = "<p># no heading</p><p>1. no item</p><p>- none</p><p>&lt;b> none</p><p>2024 was fine</p>";

    assert_eq!(markdown(html), "\\# no heading\n\n1\\. no item\n\n\\- none\n\n\\<b> none\n\n2024 was fine\n");
}

#[test]
fn broken_pages_are_read_as_far_as_they_go() {
    assert_eq!(markdown("</p></div><p>One<div>Two</span></p>Three"), "One\n\nTwo\n\nThree\n");
    assert_eq!(markdown("<div><nav><ul><li>Menu</div>Text"), "Text\n");
    assert_eq!(markdown("<h2>Never closed"), "## Never closed\n");
    assert_eq!(markdown("<table><tr><td>cut"), "| cut |\n|---|\n");
    assert_eq!(markdown("<pre>cut"), "```\ncut\n```\n");
    assert_eq!(Page::read(""), Page::default());
    assert_eq!(markdown("just text"), "just text\n");
}

#[test]
fn the_first_heading_is_the_title_of_a_page_without_one() {
    assert_eq!(Page::read("<h2>Two</h2><h1>One</h1>").title, "Two");
    assert_eq!(Page::read("<title>\n</title><h1>One</h1>").title, "One");
}

#[test]
fn a_page_of_many_unmatched_tags_is_read_in_one_go() {
    let html = "<div><b>".repeat(50_000) + "text" + &"</i></p>".repeat(50_000);

    assert_eq!(markdown(&html), "text\n");
}

#[test]
fn what_is_nested_without_end_stays_as_short_as_the_page() {
    let deep = |start: &str, each: &str| start.repeat(20_000) + &each.repeat(20_000);
    let ragged = "<table><tr>".to_owned() + &"<td>a".repeat(20_000) + &"<tr><td>b".repeat(20_000);
    let pages =
        [deep("<blockquote>", "<p>x"), deep("<ul><li>", "<p>x"), deep("<table><tr><td>", "<p>x"), ragged];

    for page in pages {
        let text = markdown(&page);

        assert!(text.contains(['x', 'b']) && text.len() < 10 * page.len(), "{}", &text[..100]);
    }
}

#[test]
fn relative_links_start_from_the_base() {
    let page = Page::read("<base href='https://example.org/docs/'><a href=a.html>A</a><a name=x>X</a>");

    assert_eq!(page.base.as_deref(), Some("https://example.org/docs/"));
    assert_eq!(page.links, ["a.html"]);
}
