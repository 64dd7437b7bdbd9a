//! A checkpoint as a GGUF file has it: its metadata, and its tensors' names and order of rows.

use std::path::Path;

use super::file;
use super::model::{Checkpoint, Source};
use super::names;
use crate::nn::{Config, Pairing};
use crate::weights::Tensor;
use crate::{ChatTemplate, Gguf, GgufWriter, Result};

/// What a new file says about itself, whatever the old one said.
const ABOUT_THE_FILE: [&str; 3] = ["general.alignment", "general.file_type", "general.quantization_version"];

/// A tensor and its place in a GGUF file.
#[derive(Debug)]
pub(crate) struct Converted<'a> {
    /// GGUF's name.
    pub(crate) name: String,
    /// The files' name.
    pub(crate) own_name: &'a str,
    pub(crate) tensor: &'a Tensor,
    order: Order,
}

/// Which row of a tensor becomes which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    AsTheyAre,
    /// In each head of so many rows, those of a pair become neighbours; as many as are rotated form pairs.
    Paired {
        head: usize,
        rotated: usize,
    },
}

impl Converted<'_> {
    /// The row that comes at this place.
    pub(crate) fn row(&self, place: usize) -> usize {
        match self.order {
            Order::Paired { head, rotated } if place % head < rotated => {
                let (start, place) = (place / head * head, place % head);
                start + place / 2 + place % 2 * rotated / 2
            }
            _ => place,
        }
    }
}

impl Checkpoint {
    /// The tensors that a GGUF file of this model has, in the order of their names. What nobody reads is left out of a
    /// folder's.
    pub(crate) fn converted(&self) -> Vec<Converted<'_>> {
        let convert = |(own_name, tensor)| {
            let name = match self.source {
                Source::File(_) => str::to_owned(own_name),
                Source::Folder(_) => names::canonical(&self.info.architecture, own_name)?,
            };
            Some(Converted { order: self.order(&name), name, own_name, tensor })
        };
        let mut converted: Vec<Converted<'_>> = self.weights.tensors().filter_map(convert).collect();
        converted.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        converted
    }

    fn order(&self, name: &str) -> Order {
        let Config { pairing, head_dimension, rope_dimensions, .. } = self.config;
        let is_turned = [".attn_q.", ".attn_k."].iter().any(|part| name.contains(part));
        if is_turned && pairing == Pairing::Halves && file::pairing(&self.info.architecture) != pairing {
            Order::Paired { head: head_dimension, rotated: rope_dimensions }
        } else {
            Order::AsTheyAre
        }
    }

    /// The metadata of a GGUF file of this model, without what depends on the types of its tensors.
    pub(crate) fn metadata(&self) -> Result<GgufWriter> {
        match &self.source {
            Source::File(gguf) => Ok(copied(gguf)),
            Source::Folder(folder) => self.described(folder),
        }
    }

    fn described(&self, folder: &Path) -> Result<GgufWriter> {
        let mut writer = GgufWriter::new();
        writer
            .entry("general.architecture", &*self.info.architecture)
            .entry("general.name", &*self.info.name);
        self.describe_sizes(&mut writer);
        self.describe_rotation(&mut writer);
        self.tokenizer()?.describe(folder, &mut writer)?;
        if let Some(template) = ChatTemplate::source(folder)? {
            writer.entry("tokenizer.chat_template", &*template.text);
        }
        Ok(writer)
    }

    fn describe_sizes(&self, writer: &mut GgufWriter) {
        let Config { head_dimension, norm_epsilon, .. } = self.config;
        let sizes = [
            ("block_count", Some(self.config.layers)),
            ("embedding_length", Some(self.config.hidden)),
            ("feed_forward_length", Some(self.config.feed_forward)),
            ("context_length", Some(self.config.context)),
            ("attention.head_count", Some(self.config.heads)),
            ("attention.head_count_kv", Some(self.config.kv_heads)),
            ("attention.key_length", Some(head_dimension)),
            ("attention.value_length", Some(head_dimension)),
            ("attention.sliding_window", self.config.window),
            ("rope.dimension_count", Some(self.config.rope_dimensions)),
            ("rope.scaling.original_context_length", self.first_context()),
            ("vocab_size", Some(self.info.vocabulary)),
        ];
        for (name, size) in sizes {
            if let Some(size) = size {
                writer.entry(&self.key(name), u32::try_from(size).unwrap_or(u32::MAX));
            }
        }
        writer.entry(&self.key("attention.layer_norm_rms_epsilon"), norm_epsilon);
    }

    fn describe_rotation(&self, writer: &mut GgufWriter) {
        let Config { rope_base, local_rope_base, rope_scale, rope_magnitude, .. } = self.config;
        writer.entry(&self.key("rope.freq_base"), rope_base);
        if let Some(base) = local_rope_base {
            writer.entry(&self.key("rope.freq_base_swa"), base);
        }
        if self.weights.has("rope_factors_long.weight") {
            writer.entry(&self.key("rope.scaling.type"), "longrope");
            writer.entry(&self.key("rope.scaling.attn_factor"), rope_magnitude);
        } else if rope_scale.total_cmp(&1.0).is_ne() {
            writer.entry(&self.key("rope.scaling.type"), "linear");
            writer.entry(&self.key("rope.scaling.factor"), rope_scale);
        }
    }

    /// The context before the model was stretched, if it was.
    fn first_context(&self) -> Option<usize> {
        Some(self.config.original_context).filter(|&context| context != self.config.context)
    }

    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.info.architecture)
    }
}

/// What a file says about the model.
fn copied(gguf: &Gguf) -> GgufWriter {
    let mut keys: Vec<&str> = gguf.keys().filter(|key| !ABOUT_THE_FILE.contains(key)).collect();
    keys.sort_unstable();
    let mut writer = GgufWriter::new();
    for key in keys {
        if let Some(value) = gguf.value(key) {
            writer.entry(key, value);
        }
    }
    writer
}

#[cfg(test)]
mod tests {
    use super::{Converted, Order};
    use crate::weights::Tensor;

    #[test]
    fn halves_of_each_head_become_neighbours_and_what_is_not_rotated_stays() {
        let tensor = Tensor::made(&[]);
        let order = Order::Paired { head: 8, rotated: 6 };
        let converted = Converted { name: String::new(), own_name: "", tensor: &tensor, order };

        let rows: Vec<usize> = (0..16).map(|place| converted.row(place)).collect();

        assert_eq!(rows, [0, 3, 1, 4, 2, 5, 6, 7, 8, 11, 9, 12, 10, 13, 14, 15]);
    }
}
