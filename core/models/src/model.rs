use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rushlight_kernels::{cpu, lead};
use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::device::{self, Accelerator};
use crate::kv::{Identity, KvPool, KvType};
use crate::load::{LoadProgress, LoadStage};
use crate::nn::{Decoder, Segment, Workspace};
use crate::step::{Logits, Spares, Step, StepLogits};
use crate::{ChatTemplate, Device, Error, KvCache, ModelInfo, Result, Tokenizer, arch};

/// Rows that are computed at once: enough to keep the arithmetic busy, few enough to bound the memory.
pub(crate) const MAX_ROWS: usize = 256;

/// How a model is loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LoadOptions {
    /// Where the model computes. Default [`Device::Auto`].
    pub device: Device,
    /// The most tokens that a sequence may have, at most what the file says. Default: what the file says. A model that
    /// was stretched from a shorter context (Phi-3's 128k variants) is at its best within that one if no more is asked for.
    pub context: Option<usize>,
    /// How keys and values are kept. Default [`KvType::F16`].
    pub kv_type: KvType,
    /// The most bytes that the keys and values of all sequences may take together; a pass that would need more is
    /// refused with [`Error::KvBudget`]. Default: no limit.
    pub kv_budget: Option<usize>,
}

/// The code that computes a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Kernels {
    /// The instruction set, the best that this machine has: `scalar`, `avx2`, `avx512` or `amx`; or the kind of device:
    /// `cuda` or `metal`.
    pub instructions: &'static str,
    /// How the matrices lie in memory.
    pub weights: WeightLayout,
}

/// How the matrices of a model lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WeightLayout {
    /// In the order in which the kernels read them, in a map of a file in the cache directory.
    PackedFile,
    /// In that order, in memory of this process.
    PackedMemory,
    /// As in the model's own file, which is mapped: floats, and rows that are too few to be packed.
    Original,
    /// In the memory of a device.
    Device,
}

/// A language model: its weights, its tokenizer and its chat template.
///
/// It holds no state of any sequence and may be shared by reference between threads. Computation runs on
/// rayon's current thread pool.
#[derive(Debug)]
pub struct LanguageModel {
    info: ModelInfo,
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    decoder: Decoder,
    device: Device,
    /// Who computes, if not the CPU.
    accelerator: Option<Box<dyn Accelerator>>,
    pool: Arc<KvPool>,
    identity: Identity,
    /// Buffers of finished passes for the next ones.
    workspaces: Mutex<Vec<Workspace>>,
    spares: Spares,
}

impl LanguageModel {
    /// Opens a GGUF file, or a folder as the Hugging Face Hub has it: `config.json`, weights in F32, F16 or BF16 in
    /// `model.safetensors` or in several files with a `model.safetensors.index.json`, and `tokenizer.json`;
    /// `tokenizer_config.json`, `chat_template.jinja` and `generation_config.json` are heeded if they are there.
    ///
    /// The weights stay in a memory map, so the files must not be changed in place while the model lives; renaming
    /// another file over one is safe.
    ///
    /// # Errors
    ///
    /// [`Error::Open`], [`Error::Format`] and [`Error::Tensor`] name the file or tensor that is missing, damaged or of
    /// another shape or type than the model needs; [`Error::Unsupported`] an architecture or setting that is not
    /// built in; [`Error::Invalid`] an option out of its range, or a device that is not there, not built in or full.
    pub fn open(path: &Path, options: &LoadOptions) -> Result<Self> {
        Self::open_with_progress(path, options, &|_| ())
    }

    /// The same, and tells how far it is. `progress` holds the work up while it runs.
    pub fn open_with_progress(
        path: &Path,
        options: &LoadOptions,
        progress: &dyn Fn(&LoadProgress<'_>),
    ) -> Result<Self> {
        Self::load(Checkpoint::open(path)?, options, progress)
    }

    /// Opens files whose headers were read before.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn load(
        mut checkpoint: Checkpoint,
        options: &LoadOptions,
        progress: &dyn Fn(&LoadProgress<'_>),
    ) -> Result<Self> {
        checkpoint.set_context(context(options.context, checkpoint.config.context)?);
        let found = device::find(options.device, checkpoint.info.size_bytes)?;
        let name = checkpoint.info.name.clone();
        let report = |stage, done, total| {
            let (done, total) = (done as u64, total as u64);
            progress(&LoadProgress { model: &name, stage, done, total });
        };
        if found.is_none() {
            checkpoint.pack(&|done, total| report(LoadStage::Packing, done, total))?;
        }
        let tokenizer = checkpoint.tokenizer()?;
        let template = checkpoint.template(&tokenizer)?;
        let Checkpoint { info, config, weights, .. } = checkpoint;
        let length = weights.bytes();
        report(LoadStage::Reading, 0, length);
        let decoder = arch::read(&info.architecture, &weights, config)?;
        if tokenizer.vocabulary() > decoder.vocabulary() {
            let (tokens, rows) = (tokenizer.vocabulary(), decoder.vocabulary());
            let message = format!("expected a row for each of {tokens} tokens, got {rows}");
            return Err(Error::tensor(weights.own_name("token_embd.weight"), message));
        }
        let accelerator =
            found.as_ref().map(|found| found.load(&decoder, options.kv_type, options.kv_budget));
        let accelerator = accelerator.transpose()?;
        report(LoadStage::Reading, length, length);
        let pool = decoder.new_pool(options.kv_type).with_limit(options.kv_budget);
        let pool = Arc::new(pool.kept_by(accelerator.as_ref().map(|accelerator| accelerator.pages())));
        let identity = Identity::of(&info.architecture, &weights, &decoder, &pool);
        let device = found.map_or(Device::Cpu, |found| found.info.device);
        let (workspaces, spares) = (Mutex::default(), Spares::default());
        Ok(Self {
            info,
            tokenizer,
            template,
            decoder,
            device,
            accelerator,
            pool,
            identity,
            workspaces,
            spares,
        })
    }

    /// What the files say about the model; the context length is that of the options, if they had one.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Where it computes: what [`Device::Auto`] has found, if that was asked for.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Where the weights lie and which code multiplies with them.
    pub fn kernels(&self) -> Kernels {
        match self.device.family() {
            Some((instructions, _)) => Kernels { instructions, weights: WeightLayout::Device },
            None => Kernels { instructions: cpu::active().name(), weights: self.decoder.layout() },
        }
    }

    /// Refuses what reads or writes keys and values in this process's memory, if they are on a device.
    pub(crate) fn check_pages_are_here(&self, what: &'static str) -> Result<()> {
        if self.accelerator.is_none() {
            return Ok(());
        }
        let device = self.device;
        let message = format!("expected a model on the device `cpu`, got one on `{device}`");
        Err(Error::invalid(what, message))
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The model's chat template, if it has one.
    pub fn template(&self) -> Option<&ChatTemplate> {
        self.template.as_ref()
    }

    /// An empty cache for a new sequence; its memory grows with its use.
    pub fn new_cache(&self) -> KvCache {
        KvCache::new(&self.pool)
    }

    /// What its keys and values depend on.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(crate) fn pool(&self) -> &Arc<KvPool> {
        &self.pool
    }

    /// The bytes that the keys and values of all sequences take now; pages that sequences share count once.
    pub fn kv_used_bytes(&self) -> usize {
        self.pool.used_bytes()
    }

    /// The bytes that the keys and values of one page, [`KvCache::PAGE`] tokens, take.
    pub fn kv_page_bytes(&self) -> usize {
        self.pool.page_bytes()
    }

    /// The most bytes that keys and values may take, if there is a limit.
    pub fn kv_budget(&self) -> Option<usize> {
        self.pool.limit()
    }

    /// Computes the next tokens of several sequences in one pass and gives for each step the logits that it asks
    /// for, `[tokens][vocabulary]`, appending to each step's cache. No steps give no logits.
    ///
    /// On the CPU the numbers of a sequence do not depend on which others share the pass; on other devices rounding
    /// may. Long steps are computed in
    /// parts, so memory stays bounded; a caller that wants to be able to stop in between calls with shorter
    /// steps.
    ///
    /// # Errors
    ///
    /// [`Error::ContextTooLong`], [`Error::KvBudget`] and [`Error::Invalid`] (a step without tokens, a token outside
    /// the vocabulary, another model's cache) come before anything is computed. After any error the caches hold
    /// what they held before the call.
    pub fn forward(&self, steps: &mut [Step<'_>]) -> Result<Vec<StepLogits>> {
        for step in &*steps {
            self.check(step)?;
        }
        let before: Vec<usize> = steps.iter().map(|step| step.cache.len()).collect();
        let result = self.reserve_and_forward(steps);
        if result.is_err() {
            for (step, length) in steps.iter_mut().zip(before) {
                step.cache.truncate(length);
            }
        }
        result
    }

    /// Appends tokens that `from` holds to `cache`, as if they had been computed there: a chunk that was computed by
    /// itself, at its place in a prompt.
    ///
    /// Values are copied, keys are turned by the distance of the two places in each layer's own rotation. Both are
    /// stored anew, which rounds them once more. What is wrong after that is what the tokens did not see: everything
    /// before the chunk.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for tokens that `from` does not hold, for another model's cache and for a model that is not on
    /// the CPU; [`Error::ContextTooLong`]; [`Error::KvBudget`]. After an error `cache` holds what it held.
    pub fn splice(&self, cache: &mut KvCache, from: &KvCache, tokens: Range<usize>) -> Result<()> {
        self.check_pages_are_here("splice")?;
        cache.check(&self.pool)?;
        from.check(&self.pool)?;
        if tokens.start > tokens.end || tokens.end > from.len() {
            let message = format!("expected a part of 0..{}, got {tokens:?}", from.len());
            return Err(Error::invalid("tokens", message));
        }
        let got = cache.len() + tokens.len();
        if got > self.info.context_length {
            return Err(Error::ContextTooLong { limit: self.info.context_length, got });
        }
        cache.reserve(tokens.len())?;
        let by = cache.len().cast_signed() - tokens.start.cast_signed();
        let Decoder { blocks, ropes, config, .. } = &self.decoder;
        cache.splice(from, tokens, |layer, keys| {
            ropes[blocks[layer].reach.rope].turn(by, config.head_dimension, keys);
        });
        Ok(())
    }

    fn reserve_and_forward(&self, steps: &mut [Step<'_>]) -> Result<Vec<StepLogits>> {
        for step in &mut *steps {
            step.cache.reserve(step.tokens.len())?;
        }
        let mut workspace = self.take_workspace();
        let result = self.forward_in_parts(steps, &mut workspace);
        self.workspaces.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
        result
    }

    fn check(&self, step: &Step<'_>) -> Result<()> {
        step.cache.check(&self.pool)?;
        if step.tokens.is_empty() {
            return Err(Error::invalid("tokens", "expected at least one in every step, got none"));
        }
        let got = step.cache.len() + step.tokens.len();
        if got > self.info.context_length {
            return Err(Error::ContextTooLong { limit: self.info.context_length, got });
        }
        let vocabulary = self.decoder.vocabulary();
        match step.tokens.iter().find(|&&token| token as usize >= vocabulary) {
            Some(token) => {
                Err(Error::invalid("tokens", format!("expected ids below {vocabulary}, got {token}")))
            }
            None => Ok(()),
        }
    }

    fn forward_in_parts(&self, steps: &mut [Step<'_>], workspace: &mut Workspace) -> Result<Vec<StepLogits>> {
        let vocabulary = self.decoder.vocabulary();
        let mut logits: Vec<StepLogits> = steps.iter().map(|_| self.spares.take()).collect();
        logits.iter_mut().for_each(StepLogits::clear);
        let mut done = vec![0; steps.len()];
        loop {
            let mut room = MAX_ROWS;
            let mut wanting = Vec::new();
            let mut segments = Vec::new();
            for (index, step) in steps.iter_mut().enumerate() {
                let left = &step.tokens[done[index]..];
                let count = left.len().min(room);
                if count == 0 {
                    continue;
                }
                room -= count;
                done[index] += count;
                let wanted = match step.logits {
                    Logits::Last => usize::from(count == left.len()),
                    Logits::All => count,
                    Logits::None => 0,
                };
                wanting.extend(std::iter::repeat_n(index, wanted));
                segments.push(Segment { tokens: &left[..count], cache: step.cache, logits: wanted });
            }
            if segments.is_empty() {
                return Ok(logits);
            }
            let mut computed = self.spares.take();
            match &self.accelerator {
                Some(accelerator) => accelerator.forward(&mut segments, &mut computed)?,
                None => lead(|| self.decoder.forward(&mut segments, workspace, &mut computed))?,
            }
            if let [only] = wanting[..]
                && logits[only].is_empty()
            {
                logits[only] = computed;
                continue;
            }
            for (index, row) in wanting.into_iter().zip(computed.chunks_exact(vocabulary)) {
                logits[index].extend(row);
            }
        }
    }

    fn take_workspace(&self) -> Workspace {
        self.workspaces.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }
}

pub(crate) fn context(wanted: Option<usize>, limit: usize) -> Result<usize> {
    match wanted {
        None => Ok(limit),
        Some(wanted) if (1..=limit).contains(&wanted) => Ok(wanted),
        Some(wanted) => Err(Error::invalid(
            "context",
            format!("expected 1 to {limit} tokens, which the model was made for, got {wanted}"),
        )),
    }
}
