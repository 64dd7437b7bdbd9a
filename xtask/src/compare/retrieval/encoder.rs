use rushlight_models::Encoder;

use super::bench::Bench;
use super::numbers::least_cosine;
use super::rows::MODEL;
use crate::compare::report::Better;
use crate::engine::retrieval::{Reply, Request, Task};
use crate::failure::{Failure, Result};
use crate::models::make_available;

const SPEED: &str = "embed_texts_per_second";
/// The library whose vectors the others' are compared with, since it computes in f32.
const REFERENCE: &str = "onnxruntime";
/// The cosine to a vector in f32 that is as good as the same.
const COSINE: f64 = 0.9999;
/// Tokens of a text, texts that are encoded at once, and texts of a repetition.
const CASES: [(usize, usize, usize); 4] = [(20, 1, 64), (20, 32, 256), (200, 1, 16), (200, 32, 64)];

/// Texts to vectors, tokenisation included.
pub(super) fn measure(bench: &mut Bench<'_>) -> Result<()> {
    let name = |bench: &Bench<'_>, tokens: usize, batch: usize| {
        bench.case(&format!("minilm/{tokens}-tokens/batch-{batch}"))
    };
    let mut cases = CASES.to_vec();
    cases.retain(|(tokens, batch, _)| bench.wants(&[SPEED], &name(bench, *tokens, *batch)));
    if cases.is_empty() {
        return Ok(());
    }
    let model = make_available(MODEL)?.path;
    let tokenizer = Encoder::open(&model)?;
    let graph = bench.folder.join(format!("{MODEL}.onnx"));
    let mut sides = bench.sides(Task::Encoder)?;
    let open = Request::OpenEncoder { model, graph, threads: bench.threads };
    sides.retain_mut(|side| side.try_ask::<Reply>(SPEED, &open).is_some());
    for (tokens, batch, count) in cases {
        let case = name(bench, tokens, batch);
        let count = bench.size(count, count.div_ceil(4).max(batch));
        let mut texts = Texts { words: words(bench), tokenizer: &tokenizer };
        // What is done only once is done before anything counts, and tells how near the vectors are.
        let first = texts.next(tokens, batch)?;
        let embed = Request::Embed { texts: first.as_slice().into(), batch };
        let vectors: Vec<Option<Reply>> = sides.iter_mut().map(|side| side.try_ask(&case, &embed)).collect();
        let exact =
            sides.iter().position(|side| side.name() == REFERENCE).and_then(|at| vectors[at].as_ref());
        for (side, reply) in sides.iter().zip(&vectors) {
            if let (Some(exact), Some(reply)) = (exact, reply) {
                let cosine = least_cosine(&exact.vectors, &reply.vectors);
                let below = if cosine < COSINE { format!(": below {COSINE}") } else { String::new() };
                eprintln!("{case}: {}: cosine of {cosine:.6} at least with {REFERENCE}{below}", side.name());
            }
        }
        let texts: Vec<Vec<String>> = (0..5).map(|_| texts.next(tokens, count)).collect::<Result<_>>()?;
        let replies = bench.alternate(&mut sides, |side, _, repeat| {
            let texts = &texts[repeat % texts.len()];
            side.try_ask(&case, &Request::Embed { texts: texts.as_slice().into(), batch })
        });
        let speed = |reply: &Reply| count as f64 / reply.seconds;
        bench.report(SPEED, &case, Better::Higher, (&sides, &replies), speed);
    }
    Ok(())
}

fn words<'a>(bench: &'a Bench<'_>) -> impl Iterator<Item = &'a str> {
    bench.data.texts.iter().flat_map(|text| text.split_whitespace()).cycle()
}

/// Real text in pieces of a length.
struct Texts<'a, W> {
    words: W,
    tokenizer: &'a Encoder,
}

impl<'a, W: Iterator<Item = &'a str>> Texts<'a, W> {
    /// So many texts of so many tokens, or as near to it as whole words come.
    fn next(&mut self, tokens: usize, count: usize) -> Result<Vec<String>> {
        (0..count).map(|_| self.text(tokens)).collect()
    }

    fn text(&mut self, tokens: usize) -> Result<String> {
        let (mut text, mut length) = (String::new(), 0);
        while length < tokens {
            let word = self.words.next().ok_or_else(|| Failure::new("expected text with words, got none"))?;
            // Words are tokens by themselves in WordPiece.
            let more = self.tokenizer.tokenizer().count(word)?;
            if length + more > tokens {
                continue;
            }
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str(word);
            length += more;
        }
        Ok(text)
    }
}
