use url::Url;

/// What a site asks one robot not to read (RFC 9309).
#[derive(Debug, Default)]
pub(super) struct Robots {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    /// What paths begin with; `*` stands for anything, `$` at the end for the end.
    pattern: String,
    allows: bool,
}

impl Robots {
    /// Reads a `robots.txt` for the robot that says it is `user_agent`: the rules of its groups, or else those
    /// for everybody.
    pub(super) fn read(text: &str, user_agent: &str) -> Self {
        let name = user_agent.split(['/', ' ']).next().unwrap_or_default();
        let (mut own, mut everybody) = (None::<Vec<Rule>>, Vec::new());
        let (mut is_own, mut is_everybody, mut names_end) = (false, false, true);
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((field, value)) = line.split_once(':') else {
                continue;
            };
            let (field, value) = (field.trim().to_ascii_lowercase(), value.trim());
            match field.as_str() {
                "user-agent" => {
                    if std::mem::take(&mut names_end) {
                        (is_own, is_everybody) = (false, false);
                    }
                    is_everybody |= value == "*";
                    is_own |= value.eq_ignore_ascii_case(name);
                    if is_own {
                        own.get_or_insert_default();
                    }
                }
                "allow" | "disallow" => {
                    names_end = true;
                    let rule = || Rule { pattern: value.to_owned(), allows: field == "allow" };
                    if value.is_empty() {
                        continue;
                    }
                    if is_own {
                        own.get_or_insert_default().push(rule());
                    }
                    if is_everybody {
                        everybody.push(rule());
                    }
                }
                _ => {}
            }
        }
        Self { rules: own.unwrap_or(everybody) }
    }

    /// Whether the page may be read: the longest rule that matches decides, of equals the one that allows.
    pub(super) fn allow(&self, url: &Url) -> bool {
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let matching = self.rules.iter().filter(|rule| matches(&rule.pattern, path));
        matching.max_by_key(|rule| (rule.pattern.len(), rule.allows)).is_none_or(|rule| rule.allows)
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, to_the_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return !to_the_end || rest.is_empty();
    };
    for part in between {
        match rest.find(part) {
            Some(start) => rest = &rest[start + part.len()..],
            None => return false,
        }
    }
    if to_the_end { rest.ends_with(last) } else { rest.contains(last) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(robots: &str, path: &str) -> bool {
        let url = Url::parse("http://example.org").and_then(|site| site.join(path)).expect("a URL");
        Robots::read(robots, "rushlight/1.0 (test)").allow(&url)
    }

    #[test]
    fn the_longest_rule_that_matches_decides() {
        let robots = "User-agent: *\nDisallow: /a\nAllow: /a/b # but\nDisallow: /a/b/c$\n";

        let answers = ["/", "/a", "/abc", "/a/b", "/a/b/c", "/a/b/c/d"].map(|path| allowed(robots, path));

        assert_eq!(answers, [true, false, false, true, false, true]);
    }

    #[test]
    fn a_robot_has_its_own_rules_or_those_for_everybody() {
        let robots =
            "user-agent: other\nuser-agent: RUSHLIGHT\ndisallow: /own\n\nuser-agent: *\ndisallow: /\n";

        assert!(allowed(robots, "/page"));
        assert!(!allowed(robots, "/own/page"));
        assert!(!allowed("user-agent: *\ndisallow: /\n\nuser-agent: other\nallow: /", "/page"));
        assert!(allowed("user-agent: *\ndisallow: /\n\nuser-agent: rushlight\ndisallow:", "/page"));
    }

    #[test]
    fn stars_stand_for_anything() {
        let robots = "user-agent: *\ndisallow: /*/private*.html$\ndisallow: /*?print\n";

        assert!(!allowed(robots, "/a/b/private/x.html"));
        assert!(allowed(robots, "/a/private/x.html?y"));
        assert!(!allowed(robots, "/x?print=1"));
        assert!(allowed(robots, "/private"));
    }

    #[test]
    fn what_is_no_rule_forbids_nothing() {
        for robots in ["", "disallow: /", "<html>not found</html>", "user-agent: *\ncrawl-delay: 5\n"] {
            assert!(allowed(robots, "/page"), "{robots}");
        }
    }
}
