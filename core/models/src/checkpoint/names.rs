//! What the Hugging Face Hub calls the tensors of each architecture.

use crate::weights::Names;

/// Names of GGUF and of the Hub, without `blk.….`, `model.layers.….` and what follows the last dot.
type Table = &'static [(&'static str, &'static str)];

const SHARED: Table = &[
    ("token_embd", "model.embed_tokens"),
    ("output_norm", "model.norm"),
    ("output", "lm_head"),
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_qkv", "self_attn.qkv_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("attn_output", "self_attn.o_proj"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

const LLAMA: Table = &[("ffn_norm", "post_attention_layernorm")];

const GEMMA3: Table = &[
    ("post_attention_norm", "post_attention_layernorm"),
    ("ffn_norm", "pre_feedforward_layernorm"),
    ("post_ffw_norm", "post_feedforward_layernorm"),
];

const PHI3: Table = &[("ffn_norm", "post_attention_layernorm"), ("ffn_up", "mlp.gate_up_proj")];

/// Divisors of rotations, which folders have in `config.json`.
const MADE: [&str; 3] = ["rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight"];

/// The names of an architecture's tensors.
pub(super) fn names(architecture: &str) -> Names {
    match architecture {
        "gemma3" => |name| own(GEMMA3, name),
        "phi3" => |name| own(PHI3, name),
        _ => |name| own(LLAMA, name),
    }
}

/// GGUF's name of a tensor that a folder has, or that was made of its `config.json`; none for one that nobody reads.
pub(super) fn canonical(architecture: &str, own: &str) -> Option<String> {
    if MADE.contains(&own) {
        return Some(own.to_owned());
    }
    let table = match architecture {
        "gemma3" => GEMMA3,
        "phi3" => PHI3,
        _ => LLAMA,
    };
    let (layer, rest) = match own.strip_prefix("model.layers.").and_then(|rest| rest.split_once('.')) {
        Some((layer, rest)) => (format!("blk.{layer}."), rest),
        None => (String::new(), own),
    };
    let (part, kind) = rest.rsplit_once('.')?;
    let (canonical, _) = table.iter().chain(SHARED).find(|(_, own)| *own == part)?;
    Some(format!("{layer}{canonical}.{kind}"))
}

/// The Hub's name of a tensor; a name that it has none for stays as it is.
fn own(table: Table, name: &str) -> String {
    let (layer, rest) = match name.strip_prefix("blk.").and_then(|rest| rest.split_once('.')) {
        Some((layer, rest)) => (format!("model.layers.{layer}."), rest),
        None => (String::new(), name),
    };
    let Some((part, kind)) = rest.rsplit_once('.') else { return name.to_owned() };
    let found = table.iter().chain(SHARED).find(|(canonical, _)| *canonical == part);
    found.map_or_else(|| name.to_owned(), |(_, own)| format!("{layer}{own}.{kind}"))
}

#[cfg(test)]
mod tests {
    use super::{GEMMA3, LLAMA, MADE, PHI3, SHARED, canonical, names};

    #[test]
    fn each_architecture_has_its_own_names() {
        let (llama, gemma3, phi3) = (names("llama"), names("gemma3"), names("phi3"));

        assert_eq!(llama("blk.12.attn_q.bias"), "model.layers.12.self_attn.q_proj.bias");
        assert_eq!(llama("blk.0.ffn_norm.weight"), "model.layers.0.post_attention_layernorm.weight");
        assert_eq!(gemma3("blk.0.ffn_norm.weight"), "model.layers.0.pre_feedforward_layernorm.weight");
        assert_eq!(phi3("blk.0.ffn_up.weight"), "model.layers.0.mlp.gate_up_proj.weight");
        assert_eq!(llama("token_embd.weight"), "model.embed_tokens.weight");
        // Otherwise llama's norm before the feed-forward network would be taken for one after attention.
        assert_eq!(llama("blk.0.post_attention_norm.weight"), "blk.0.post_attention_norm.weight");
        assert_eq!(llama("rope_freqs.weight"), "rope_freqs.weight");
    }

    #[test]
    fn a_name_of_the_hub_leads_back_to_the_one_of_gguf() {
        for (architecture, table) in [("llama", LLAMA), ("gemma3", GEMMA3), ("phi3", PHI3)] {
            let is_own = |part: &str| !table.iter().any(|(canonical, _)| *canonical == part);
            let shared = SHARED.iter().filter(|(canonical, _)| is_own(canonical));
            for (part, _) in table.iter().chain(shared) {
                let place = if part.starts_with("output") || *part == "token_embd" { "" } else { "blk.7." };
                let name = format!("{place}{part}.weight");

                assert_eq!(canonical(architecture, &names(architecture)(&name)).as_deref(), Some(&*name));
            }
        }
        assert_eq!(canonical("llama", "model.layers.0.self_attn.rotary_emb.inv_freq"), None);
        assert_eq!(MADE.map(|name| canonical("llama", name)), MADE.map(|name| Some(name.to_owned())));
    }
}
