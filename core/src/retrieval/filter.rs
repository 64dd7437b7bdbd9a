use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A condition on the fields of a passage or row, which a search keeps to: it gives `k` results that match where
/// there are so many.
///
/// A condition on a field that a row does not have does not hold, so a filter on a field that no row has matches
/// nothing; [`not`](Self::not) of it holds for all of them. Values are compared as they are written, case included.
///
/// Its JSON form names the field and one condition, or puts filters together:
///
/// ```
/// use rushlight::retrieval::Filter;
///
/// let filter: Filter = serde_json::from_str(
///     r#"{"all": [{"field": "lang", "any_of": ["rust", "go"]}, {"not": {"field": "draft", "exists": true}}]}"#,
/// )?;
///
/// let in_rust = [("lang".to_owned(), "rust".to_owned())].into();
/// assert!(filter.matches(&in_rust));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Plain", into = "Plain")]
#[non_exhaustive]
pub enum Filter {
    /// The field has this value: `{"field": …, "equals": …}`.
    Equals {
        /// The field's name.
        field: String,
        /// Its value.
        value: String,
    },
    /// The field has one of these values: `{"field": …, "any_of": […]}`. Of none, nothing matches.
    AnyOf {
        /// The field's name.
        field: String,
        /// The values.
        values: Vec<String>,
    },
    /// The field is there, whatever its value: `{"field": …, "exists": true}`; `false` is the opposite.
    Exists {
        /// The field's name.
        field: String,
    },
    /// The field's value begins so: `{"field": …, "starts_with": …}`.
    StartsWith {
        /// The field's name.
        field: String,
        /// What the value begins with.
        prefix: String,
    },
    /// All of them hold: `{"all": […]}`. All of none hold for everything.
    All(Vec<Filter>),
    /// At least one of them holds: `{"any": […]}`. Of none, nothing matches.
    Any(Vec<Filter>),
    /// It does not hold: `{"not": {…}}`.
    Not(Box<Filter>),
}

impl Filter {
    /// The name under which a knowledge base knows where a passage came from; it hides a field of the user's.
    pub const SOURCE: &str = "source";

    /// The field has this value.
    pub fn equals(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Equals { field: field.into(), value: value.into() }
    }

    /// The field has one of these values.
    pub fn any_of<V: Into<String>>(field: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        Self::AnyOf { field: field.into(), values: values.into_iter().map(Into::into).collect() }
    }

    /// The field is there, whatever its value.
    pub fn exists(field: impl Into<String>) -> Self {
        Self::Exists { field: field.into() }
    }

    /// The field's value begins so.
    pub fn starts_with(field: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self::StartsWith { field: field.into(), prefix: prefix.into() }
    }

    /// All of them hold.
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::All(filters.into_iter().collect())
    }

    /// At least one of them holds.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::Any(filters.into_iter().collect())
    }

    /// It does not hold.
    #[expect(
        clippy::should_implement_trait,
        reason = "an operator would be read as something that is computed"
    )]
    pub fn not(filter: Self) -> Self {
        Self::Not(Box::new(filter))
    }

    /// Whether it holds for something with these fields.
    pub fn matches(&self, fields: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Equals { field, value } => fields.get(field) == Some(value),
            Self::AnyOf { field, values } => fields.get(field).is_some_and(|value| values.contains(value)),
            Self::Exists { field } => fields.contains_key(field),
            Self::StartsWith { field, prefix } => {
                fields.get(field).is_some_and(|value| value.starts_with(prefix.as_str()))
            }
            Self::All(filters) => filters.iter().all(|filter| filter.matches(fields)),
            Self::Any(filters) => filters.iter().any(|filter| filter.matches(fields)),
            Self::Not(filter) => !filter.matches(fields),
        }
    }
}

/// The JSON form, in which a part that is not meant is left out.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename = "filter")]
struct Plain {
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    equals: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    any_of: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exists: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_with: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<Vec<Filter>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    any: Option<Vec<Filter>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not: Option<Box<Filter>>,
}

impl TryFrom<Plain> for Filter {
    type Error = &'static str;

    fn try_from(plain: Plain) -> Result<Self, Self::Error> {
        let Plain { field, equals, any_of, exists, starts_with, all, any, not } = plain;
        match (field, (equals, any_of, exists, starts_with), (all, any, not)) {
            (Some(field), (Some(value), None, None, None), (None, None, None)) => {
                Ok(Self::Equals { field, value })
            }
            (Some(field), (None, Some(values), None, None), (None, None, None)) => {
                Ok(Self::AnyOf { field, values })
            }
            (Some(field), (None, None, Some(true), None), (None, None, None)) => Ok(Self::Exists { field }),
            (Some(field), (None, None, Some(false), None), (None, None, None)) => {
                Ok(Self::not(Self::Exists { field }))
            }
            (Some(field), (None, None, None, Some(prefix)), (None, None, None)) => {
                Ok(Self::StartsWith { field, prefix })
            }
            (None, (None, None, None, None), (Some(filters), None, None)) => Ok(Self::All(filters)),
            (None, (None, None, None, None), (None, Some(filters), None)) => Ok(Self::Any(filters)),
            (None, (None, None, None, None), (None, None, Some(filter))) => Ok(Self::Not(filter)),
            _ => Err("expected `field` with one of `equals`, `any_of`, `exists` and `starts_with`, \
                      or one of `all`, `any` and `not`"),
        }
    }
}

impl From<Filter> for Plain {
    fn from(filter: Filter) -> Self {
        let plain = Self::default();
        match filter {
            Filter::Equals { field, value } => Self { field: Some(field), equals: Some(value), ..plain },
            Filter::AnyOf { field, values } => Self { field: Some(field), any_of: Some(values), ..plain },
            Filter::Exists { field } => Self { field: Some(field), exists: Some(true), ..plain },
            Filter::StartsWith { field, prefix } => {
                Self { field: Some(field), starts_with: Some(prefix), ..plain }
            }
            Filter::All(filters) => Self { all: Some(filters), ..plain },
            Filter::Any(filters) => Self { any: Some(filters), ..plain },
            Filter::Not(filter) => Self { not: Some(filter), ..plain },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Filter, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn every_form_is_read_and_written_as_plain_json() {
        for (json, filter) in [
            (r#"{"field":"lang","equals":"rust"}"#, Filter::equals("lang", "rust")),
            (r#"{"field":"lang","any_of":["rust","go"]}"#, Filter::any_of("lang", ["rust", "go"])),
            (r#"{"field":"lang","exists":true}"#, Filter::exists("lang")),
            (r#"{"field":"source","starts_with":"docs/"}"#, Filter::starts_with(Filter::SOURCE, "docs/")),
            (r#"{"all":[{"field":"a","equals":"1"}]}"#, Filter::all([Filter::equals("a", "1")])),
            (r#"{"any":[]}"#, Filter::any([])),
            (r#"{"not":{"field":"a","equals":"1"}}"#, Filter::not(Filter::equals("a", "1"))),
        ] {
            assert_eq!(parse(json).as_ref(), Ok(&filter));
            assert_eq!(serde_json::to_string(&filter).expect("plain data"), json);
        }
        assert_eq!(parse(r#"{"field":"a","exists":false}"#), Ok(Filter::not(Filter::exists("a"))));
    }

    #[test]
    fn what_is_no_filter_is_refused_with_what_was_expected() {
        for json in [
            "{}",
            r#"{"field":"a"}"#,
            r#"{"equals":"a"}"#,
            r#"{"field":"a","equals":"1","exists":true}"#,
            r#"{"field":"a","all":[]}"#,
            r#"{"all":[],"any":[]}"#,
        ] {
            assert!(parse(json).expect_err(json).contains("expected `field` with one of"), "{json}");
        }
        assert!(parse(r#"{"field":"a","equal":"1"}"#).expect_err("a typo").contains("unknown field `equal`"));
        assert!(parse(r#"{"field":"a","equals":1}"#).is_err());
    }
}
