//! A real model: a quantized llama architecture, loaded from a GGUF file and run by candle.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use candle_core::Device;
use candle_core::Tensor;
use candle_core::quantized::gguf_file::Content;
use candle_transformers::generation::LogitsProcessor;
use candle_transformers::models::quantized_llama::MAX_SEQ_LEN;
use candle_transformers::models::quantized_llama::ModelWeights;
use shimmytok::Tokenizer;

use super::Engine;
use super::Failed;
use super::Prompt;
use super::Sampling;
use super::Sequence;
use super::Step;
use super::template::Template;
use super::text::Detokenizer;
use super::weights;
use llmobs::clock::Moment;

/// Prompt tokens processed by one step: the longest work for which other sequences wait for their next token.
const PREFILL_TOKENS: usize = 32;

/// The weights and the tokenizer of one GGUF file.
pub(crate) struct Llama {
    model: String,
    weights: ModelWeights,
    vocabulary: Arc<Vocabulary>,
    context: usize,
}

/// The conversion between text and tokens.
struct Vocabulary {
    tokenizer: Tokenizer,
    template: Template,
    ends: Vec<u32>,
}

impl Llama {
    /// Loads the file, which takes under a second for 100 MB.
    pub(crate) fn load(path: &Path) -> Result<Self, Failed> {
        let mut file = BufReader::new(File::open(path)?);
        let content = Content::read(&mut file)?;
        let architecture = content.metadata.get("general.architecture").and_then(|value| value.to_string().ok());
        if architecture.is_none_or(|name| name != "llama") {
            return Err(format!("its architecture is {architecture:?}, and this server runs \"llama\" only").into());
        }
        let trained = content.metadata.get("llama.context_length").and_then(|value| value.to_u32().ok());
        // candle computes rotary embeddings for `MAX_SEQ_LEN` positions, independent of the trained context length.
        let context = trained.map_or(MAX_SEQ_LEN, |length| MAX_SEQ_LEN.min(length as usize));
        let weights = weights::read(content, file)?;

        // candle's own GGUF tokenizer splits digits and newlines differently from the training of the model.
        let tokenizer = Tokenizer::from_gguf_file(path)?;
        let template = Template::of(&tokenizer);
        let ends = [Some(tokenizer.eos_token()), template.end()].into_iter().flatten().collect();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        // A suffix such as `.q4_1` names the quantization, not the model.
        let model = stem.split(".q").next().unwrap_or_default().to_owned();
        Ok(Self { model, weights, vocabulary: Arc::new(Vocabulary { tokenizer, template, ends }), context })
    }
}

impl Engine for Llama {
    fn model(&self) -> &str {
        &self.model
    }

    fn provider(&self) -> &'static str {
        "candle"
    }

    fn description(&self) -> &'static str {
        "a quantized llama-architecture model, run by candle on the CPU"
    }

    fn context(&self) -> usize {
        self.context
    }

    fn tokenize(&self, prompt: &Prompt) -> Result<Vec<u32>, Failed> {
        let Vocabulary { tokenizer, template, .. } = &*self.vocabulary;
        match prompt {
            Prompt::Chat(messages) => template.encode(tokenizer, messages),
            Prompt::Text(text) => Ok(tokenizer.encode(text, true)?),
        }
    }

    fn begin(&self, prompt: Vec<u32>, sampling: Sampling) -> Box<dyn Sequence> {
        Box::new(Answer {
            // A clone shares the weights and has a separate key-value cache, which is still empty.
            weights: self.weights.clone(),
            vocabulary: Arc::clone(&self.vocabulary),
            sampler: LogitsProcessor::new(sampling.seed, Some(sampling.temperature), Some(sampling.top_p)),
            text: Detokenizer::default(),
            input: prompt,
            cached: 0,
        })
    }
}

/// One sequence of tokens.
struct Answer {
    weights: ModelWeights,
    vocabulary: Arc<Vocabulary>,
    sampler: LogitsProcessor,
    text: Detokenizer,
    /// Tokens that the model has not processed yet: the remaining prompt, then the last token.
    input: Vec<u32>,
    /// Number of tokens that the model has processed.
    cached: usize,
}

impl Sequence for Answer {
    fn step(&mut self, _now: Moment) -> Result<Step, Failed> {
        let rest = self.input.split_off(self.input.len().min(PREFILL_TOKENS));
        let part = Tensor::new(self.input.as_slice(), &Device::Cpu)?.unsqueeze(0)?;
        let logits = self.weights.forward(&part, self.cached)?;
        self.cached += self.input.len();
        self.input = rest;
        if !self.input.is_empty() {
            return Ok(Step::Prefilled);
        }

        let token = self.sampler.sample(&logits.squeeze(0)?)?;
        if self.vocabulary.ends.contains(&token) {
            return Ok(Step::End);
        }
        self.input.push(token);
        let decode = |tokens: &[u32]| self.vocabulary.tokenizer.decode(tokens, true);
        Ok(Step::Token(self.text.push(token, decode)?))
    }
}
