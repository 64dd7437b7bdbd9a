use regex::Regex;

use crate::{Error, Result};

/// How the words of a byte-pair encoding are cut out of a text, by the name in `tokenizer.ggml.pre`.
///
/// The patterns are those of the models' own `tokenizer.json`, in the order in which llama.cpp applies them. A
/// lookahead `\s+(?!\S)` is written `\s+`: [`Stage::give_back`] does the rest, in linear time.
#[derive(Debug)]
pub(super) struct Recipe {
    names: &'static [&'static str],
    stages: &'static [&'static str],
    /// A word that is a token is taken whole.
    pub(super) whole_words: bool,
    /// A prompt begins with the begin token unless the file says otherwise.
    pub(super) add_begin: bool,
    /// Words begin as bytes; otherwise as characters with byte fallback.
    pub(super) byte_level: bool,
}

macro_rules! llama3_pattern {
    ($letters:literal, $numbers:literal, $other:literal, $after_other:literal) => {
        concat!(
            r"'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?",
            $letters,
            "+|",
            $numbers,
            "| ?",
            $other,
            "+",
            $after_other,
            r"|\s*[\r\n]+|\s+"
        )
    };
}

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+";
const LLAMA3: &str = llama3_pattern!(r"\p{L}", r"\p{N}{1,3}", r"[^\s\p{L}\p{N}]", r"[\r\n]*");
const QWEN2: &str = llama3_pattern!(r"\p{L}", r"\p{N}", r"[^\s\p{L}\p{N}]", r"[\r\n]*");
const QWEN35: &str = llama3_pattern!(r"[\p{L}\p{M}]", r"\p{N}", r"[^\s\p{L}\p{M}\p{N}]", r"[\r\n]*");
const SEED: &str = llama3_pattern!(r"\p{L}", r"\p{N}", r"[^\s\p{L}\p{N}\r\n]", "");
const MINICPM: &str = llama3_pattern!(r"\p{L}", r"\p{N}+", r"[^\s\p{L}\p{N}]", r"[\r\n]*");
const TEKKEN: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|",
    r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+"
);
const GPT4O: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|",
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+"
);
const DEEPSEEK3: &str = concat!(
    r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"##,
    r"\x20?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+"
);
/// Letters that have an upper and a lower case, as `DeepSeek` lists them.
const DEEPSEEK_LETTERS: &str = concat!(
    r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗ",
    r"ὙὛὝὟ-\u{1f7d}ᾀ-ᾴᾶ-ᾼ\u{1fbe}ῂ-ῄῆ-ῌῐ-\u{1fd3}ῖ-\u{1fdb}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u{2126}ℨ\u{212a}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤ",
    r"Ⳬ-ⳮ\u{2cf2}ⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+"
);

const DEFAULTS: Recipe =
    Recipe { names: &[], stages: &[], whole_words: false, add_begin: false, byte_level: true };

const RECIPES: &[Recipe] = &[
    Recipe {
        names: &[
            "gpt-2",
            "phi-2",
            "jina-es",
            "jina-de",
            "jina-v2-es",
            "jina-v2-de",
            "jina-v1-en",
            "jina-v2-code",
            "roberta-bpe",
            "gigachat",
            "a.x-4.0",
            "mellum",
            "modern-bert",
            "exaone4",
            "mpt",
            "olmo",
            "jais",
            "trillion",
            "granite-docling",
        ],
        stages: &[GPT2],
        ..DEFAULTS
    },
    Recipe {
        names: &[
            "qwen2",
            "deepseek-r1-qwen",
            "kormo",
            "f2llmv2",
            "megrez",
            "stablelm2",
            "hunyuan",
            "solar-open",
            "grok-2",
        ],
        stages: &[QWEN2],
        ..DEFAULTS
    },
    Recipe {
        names: &[
            "llama-bpe",
            "llama3",
            "llama-v3",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "jina-v5-nano",
        ],
        stages: &[LLAMA3],
        whole_words: true,
        add_begin: true,
        ..DEFAULTS
    },
    Recipe { names: &["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"], stages: &[LLAMA3], ..DEFAULTS },
    Recipe {
        names: &[
            "smollm",
            "starcoder",
            "refact",
            "command-r",
            "codeshell",
            "exaone",
            "minerva-7b",
            "mellum2",
        ],
        stages: &[r"\p{N}", GPT2],
        ..DEFAULTS
    },
    Recipe { names: &["qwen35"], stages: &[QWEN35], ..DEFAULTS },
    Recipe { names: &["falcon"], stages: &[r"[\p{P}$+<=>^~|`]+", GPT2, "[0-9][0-9][0-9]"], ..DEFAULTS },
    Recipe { names: &["tekken"], stages: &[TEKKEN], whole_words: true, add_begin: true, ..DEFAULTS },
    Recipe { names: &["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"], stages: &[GPT4O], ..DEFAULTS },
    Recipe {
        names: &["deepseek-llm"],
        stages: &[
            r"[\r\n]",
            DEEPSEEK_LETTERS,
            r"\s?[!-/:-~！-／：-～‘-‟\u{3000}-。]+",
            r"\s+$",
            r"[一-\u{9fa5}ࠀ-一가-\u{d7ff}]+",
            r"\p{N}+",
        ],
        ..DEFAULTS
    },
    Recipe {
        names: &["deepseek-coder"],
        stages: &[r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[一-\u{9fa5}ࠀ-一가-\u{d7ff}]+", r"\p{N}"],
        ..DEFAULTS
    },
    Recipe {
        names: &["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"],
        stages: &[r"\p{N}{1,3}", "[一-\u{9fa5}\u{3040}-ゟ\u{30a0}-ヿ]+", DEEPSEEK3],
        ..DEFAULTS
    },
    Recipe {
        names: &["poro-chat", "bloom", "gpt3-finnish"],
        stages: &[" ?[^(\\s|.,!?…。，、।۔،)]+"],
        ..DEFAULTS
    },
    Recipe { names: &["viking"], stages: &[" ?[^(\\s|.,!?…。，、।۔،)]+", r"\p{N}"], ..DEFAULTS },
    Recipe { names: &["seed-coder"], stages: &[SEED], ..DEFAULTS },
    Recipe { names: &["laguna"], stages: &["[^\\n]+|[\\n]+", QWEN2], ..DEFAULTS },
    Recipe { names: &["minicpm5"], stages: &[r"\p{N}{1,3}", MINICPM], whole_words: true, ..DEFAULTS },
    Recipe {
        names: &["gemma4"],
        stages: &["[^\\n]+|[\\n]+"],
        add_begin: true,
        byte_level: false,
        ..DEFAULTS
    },
    Recipe {
        names: &["default", ""],
        stages: &[r"[\p{P}$+<=>^~|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"],
        ..DEFAULTS
    },
];

impl Recipe {
    /// The recipe of a name.
    pub(super) fn find(name: &str) -> Result<&'static Self> {
        RECIPES.iter().find(|recipe| recipe.names.contains(&name)).ok_or_else(|| {
            let names = RECIPES.iter().flat_map(|recipe| recipe.names).filter(|name| !name.is_empty());
            Error::Unsupported {
                what: "pre-tokenizer",
                name: name.to_owned(),
                known: names.copied().collect::<Vec<_>>().join(", "),
            }
        })
    }

    /// The splitter that follows this recipe.
    pub(super) fn splitter(&self) -> Result<Splitter> {
        Ok(Splitter { stages: self.stages.iter().map(|pattern| Stage::new(pattern)).collect::<Result<_>>()? })
    }
}

/// Cuts texts into words.
#[derive(Debug, Clone)]
pub(super) struct Splitter {
    stages: Vec<Stage>,
}

#[derive(Debug, Clone)]
struct Stage {
    regex: Regex,
    /// The pattern ends in `|\s+`, which stands for `|\s+(?!\S)|\s+`.
    gives_back: bool,
    /// A run of white space that ends in a line break was matched by `\s*[\r\n]+`, which gives nothing back.
    keeps_lines: bool,
}

impl Splitter {
    /// Visits every word; joined, they are the text.
    pub(super) fn split(&self, text: &str, visit: &mut impl FnMut(&str)) {
        run(&self.stages, text, visit);
    }
}

/// Cuts `text` by the first stage and every part by the others. What no pattern matches is a part as well.
fn run(stages: &[Stage], text: &str, visit: &mut impl FnMut(&str)) {
    let Some((stage, others)) = stages.split_first() else {
        if !text.is_empty() {
            visit(text);
        }
        return;
    };
    let mut position = 0;
    while let Some(found) = stage.regex.find_at(text, position) {
        let end = stage.give_back(text, found.start(), found.end());
        if found.start() > position {
            run(others, &text[position..found.start()], visit);
        }
        run(others, &text[found.start()..end], visit);
        position = end;
    }
    if position < text.len() {
        run(others, &text[position..], visit);
    }
}

impl Stage {
    fn new(pattern: &str) -> Result<Self> {
        let regex = Regex::new(pattern).map_err(|error| Error::Tokenizer { message: error.to_string() })?;
        Ok(Self {
            regex,
            gives_back: pattern.ends_with(r"|\s+"),
            keeps_lines: pattern.contains(r"|\s*[\r\n]+|"),
        })
    }

    /// Where a match ends. White space before a word leaves its last character to that word.
    fn give_back(&self, text: &str, start: usize, end: usize) -> usize {
        let found = &text[start..end];
        let last = found.chars().next_back().filter(|_| self.gives_back && end < text.len());
        let Some(last) = last.filter(|last| last.is_whitespace()) else { return end };
        let kept_line = self.keeps_lines && matches!(last, '\r' | '\n');
        if kept_line || found.len() == last.len_utf8() || !found.chars().all(char::is_whitespace) {
            return end;
        }
        end - last.len_utf8()
    }
}

#[cfg(test)]
mod tests;
