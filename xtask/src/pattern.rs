/// Whether the parts of `pattern` between its stars occur in `name` in that order.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let mut rest = name;
    pattern.split('*').all(|part| {
        let found = rest.find(part).map(|start| start + part.len());
        rest = &rest[found.unwrap_or(rest.len())..];
        found.is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_names_parts_of_a_case_in_order() {
        assert!(matches("dense", "scifact/dense"));
        assert!(matches("sci*dense", "scifact/dense"));
        assert!(matches("*", ""));
        assert!(!matches("dense*sci", "scifact/dense"));
        assert!(!matches("bm25", "scifact/dense"));
    }
}
