//! Chained setters of options structs: `Limits::default().max_turns(8).max_passages(6)`.

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
