use serde_json::{Value, json};
use tokio_postgres::types::{ToSql, Type};

use crate::retrieval::Filter;

/// A value that a statement's text names by its number.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Parameter {
    Text(String),
    Json(Value),
    JsonArray(Vec<Value>),
}

/// A filter as a condition of SQL that is true or false, never null. All that comes from the filter is in the
/// parameters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    pub(super) sql: String,
    pub(super) parameters: Vec<Parameter>,
    /// The number of the first parameter.
    first: usize,
}

impl Parameter {
    /// In the form that the driver takes.
    pub(super) fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Text(text) => (text, Type::TEXT),
            Self::Json(value) => (value, Type::JSONB),
            Self::JsonArray(values) => (values, Type::JSONB_ARRAY),
        }
    }
}

impl Condition {
    /// The condition on the column `metadata`, an object of strings.
    pub(super) fn new(filter: &Filter, first: usize) -> Self {
        let mut condition = Self { sql: String::new(), parameters: Vec::new(), first };
        condition.sql = condition.text(filter);
        condition
    }

    /// Containment is what the index on the column answers.
    fn text(&mut self, filter: &Filter) -> String {
        match filter {
            _ if cannot_be_stored(filter) => "false".to_owned(),
            Filter::Equals { field, value } => {
                format!("metadata @> {}", self.parameter(Parameter::Json(json!({ field: value }))))
            }
            Filter::AnyOf { field, values } => {
                let values = values.iter().filter(|value| can_be_stored(value));
                let objects = values.map(|value| json!({ field: value })).collect();
                format!("metadata @> ANY ({})", self.parameter(Parameter::JsonArray(objects)))
            }
            Filter::Exists { field } => {
                format!("metadata ? {}", self.parameter(Parameter::Text(field.clone())))
            }
            Filter::StartsWith { field, prefix } => {
                let field = self.parameter(Parameter::Text(field.clone()));
                let prefix = self.parameter(Parameter::Text(prefix.clone()));
                format!("coalesce(starts_with(metadata ->> {field}, {prefix}), false)")
            }
            Filter::All(filters) if filters.is_empty() => "true".to_owned(),
            Filter::Any(filters) if filters.is_empty() => "false".to_owned(),
            Filter::All(filters) => self.joined(filters, " AND "),
            Filter::Any(filters) => self.joined(filters, " OR "),
            Filter::Not(filter) => format!("NOT ({})", self.text(filter)),
        }
    }

    fn joined(&mut self, filters: &[Filter], operator: &str) -> String {
        let texts: Vec<String> = filters.iter().map(|filter| format!("({})", self.text(filter))).collect();
        texts.join(operator)
    }

    /// The name of a new parameter.
    fn parameter(&mut self, parameter: Parameter) -> String {
        self.parameters.push(parameter);
        format!("${}", self.first + self.parameters.len() - 1)
    }
}

/// PostgreSQL has no text with a zero byte.
pub(super) fn can_be_stored(text: &str) -> bool {
    !text.contains('\0')
}

/// Whether the filter is a condition on text that no row has because it cannot be stored.
fn cannot_be_stored(filter: &Filter) -> bool {
    match filter {
        Filter::Equals { field, value: text } | Filter::StartsWith { field, prefix: text } => {
            !can_be_stored(field) || !can_be_stored(text)
        }
        Filter::AnyOf { field, .. } | Filter::Exists { field } => !can_be_stored(field),
        Filter::All(_) | Filter::Any(_) | Filter::Not(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Parameter {
        Parameter::Text(text.to_owned())
    }

    #[test]
    fn what_comes_from_the_filter_is_never_in_the_statement() {
        let evil = "'; DROP TABLE users; --";
        let filter = Filter::all([
            Filter::equals(evil, evil),
            Filter::any([Filter::any_of(evil, [evil]), Filter::exists(evil)]),
            Filter::not(Filter::starts_with(evil, evil)),
        ]);

        let condition = Condition::new(&filter, 3);

        assert_eq!(
            condition.sql,
            "(metadata @> $3) AND ((metadata @> ANY ($4)) OR (metadata ? $5)) \
             AND (NOT (coalesce(starts_with(metadata ->> $6, $7), false)))"
        );
        let object = json!({ evil: evil });
        let objects = Parameter::JsonArray(vec![object.clone()]);
        assert_eq!(
            condition.parameters,
            [Parameter::Json(object), objects, text(evil), text(evil), text(evil)]
        );
    }

    #[test]
    fn all_of_none_holds_and_any_of_none_does_not() {
        assert_eq!(Condition::new(&Filter::all([]), 1).sql, "true");
        assert_eq!(Condition::new(&Filter::any([]), 1).sql, "false");
    }

    #[test]
    fn what_cannot_be_stored_is_not_sent() {
        let filters = [Filter::equals("a", "\0"), Filter::exists("\0"), Filter::starts_with("a", "b\0")];
        for filter in filters {
            let condition = Condition::new(&filter, 1);
            assert_eq!((condition.sql.as_str(), condition.parameters.len()), ("false", 0), "{filter:?}");
        }
        let some = Condition::new(&Filter::any_of("a", ["b", "\0"]), 1);
        assert_eq!(some.parameters, [Parameter::JsonArray(vec![json!({ "a": "b" })])]);
    }
}
