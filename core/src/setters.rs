//! Chained setters of options structs: `Limits::default().max_turns(8).max_passages(6)`; and the same by JSON fields.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// One setter for each field, of the field's name and type; a field that may be none takes its value.
macro_rules! setters {
    ($options:ident { $($field:ident: $value:ty),* $(,)? $(; $($optional:ident: $some:ty),+)? }) => {
        impl $options {
            $(
                #[doc = concat!("The same with this `", stringify!($field), "`.")]
                #[must_use]
                pub fn $field(mut self, $field: $value) -> Self {
                    self.$field = $field;
                    self
                }
            )*
            $($(
                #[doc = concat!("The same with this `", stringify!($optional), "`.")]
                #[must_use]
                pub fn $optional(mut self, $optional: $some) -> Self {
                    self.$optional = Some($optional);
                    self
                }
            )+)?
        }
    };
}

pub(crate) use setters;

/// The same options with these fields of their JSON form.
pub(crate) fn with_fields<T: Serialize + DeserializeOwned>(
    options: &T,
    fields: &Map<String, Value>,
) -> serde_json::Result<T> {
    let mut value = serde_json::to_value(options)?;
    if let Value::Object(own) = &mut value {
        own.extend(fields.clone());
    }
    serde_json::from_value(value)
}
