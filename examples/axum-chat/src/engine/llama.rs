//! A real model: a quantized llama architecture, loaded from a GGUF file and run by candle.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use candle_core::Device;
use candle_core::Tensor;
use candle_core::quantized::gguf_file::Content;
use candle_transformers::generation::LogitsProcessor;
use candle_transformers::models::quantized_llama::MAX_SEQ_LEN;
use candle_transformers::models::quantized_llama::ModelWeights;
use shimmytok::Tokenizer;

use super::Engine;
use super::EngineError;
use super::Prompt;
use super::SampledToken;
use super::Sampling;
use super::Sequence;
use super::chat_template::ChatTemplate;
use super::detokenizer::Detokenizer;
use super::weights;
use llmobs::clock::Clock;

/// The weights and the tokenizer of one GGUF file.
pub(crate) struct Llama {
    model: String,
    quantization: Option<String>,
    weights: ModelWeights,
    tokenizer: Arc<ChatTokenizer>,
    context_length: usize,
    load_duration: Duration,
}

/// The conversion between text and tokens.
struct ChatTokenizer {
    tokenizer: Tokenizer,
    template: ChatTemplate,
    end_tokens: Vec<u32>,
}

impl Llama {
    /// Loads the file, which takes under a second for 100 MB.
    pub(crate) fn load(path: &Path) -> Result<Self, EngineError> {
        let clock = Clock::system();
        let begin = clock.now();
        let mut file = BufReader::new(File::open(path)?);
        let content = Content::read(&mut file)?;
        let architecture = content.metadata.get("general.architecture").and_then(|value| value.to_string().ok());
        if architecture.is_none_or(|name| name != "llama") {
            return Err(format!("its architecture is {architecture:?}, but this server runs only \"llama\"").into());
        }
        let trained = content.metadata.get("llama.context_length").and_then(|value| value.to_u32().ok());
        // candle computes rotary embeddings for `MAX_SEQ_LEN` positions, independent of the trained context length.
        let context_length = trained.map_or(MAX_SEQ_LEN, |length| MAX_SEQ_LEN.min(length as usize));
        let quantization = weights::quantization(&content);
        let weights = weights::load(content, file)?;

        // candle's own GGUF tokenizer splits digits and newlines differently from the training of the model.
        let tokenizer = Tokenizer::from_gguf_file(path)?;
        let template = ChatTemplate::detect(&tokenizer);
        let end_tokens = [Some(tokenizer.eos_token()), template.end_token()].into_iter().flatten().collect();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        // A suffix such as `.q4_1` names the quantization, not the model.
        let model = stem.split(".q").next().unwrap_or_default().to_owned();
        Ok(Self {
            model,
            quantization,
            weights,
            tokenizer: Arc::new(ChatTokenizer { tokenizer, template, end_tokens }),
            context_length,
            load_duration: clock.now().since(begin),
        })
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

    fn context_length(&self) -> usize {
        self.context_length
    }

    fn tokenize(&self, prompt: &Prompt) -> Result<Vec<u32>, EngineError> {
        let ChatTokenizer { tokenizer, template, .. } = &*self.tokenizer;
        match prompt {
            Prompt::Chat(messages) => template.encode(tokenizer, messages),
            Prompt::Text(text) => Ok(tokenizer.encode(text, true)?),
        }
    }

    fn quantization(&self) -> Option<&str> {
        self.quantization.as_deref()
    }

    fn load_duration(&self) -> Option<Duration> {
        Some(self.load_duration)
    }

    fn start_sequence(&self, sampling: Sampling) -> Box<dyn Sequence> {
        Box::new(LlamaSequence {
            // A clone shares the weights and has a separate key-value cache, which is still empty.
            weights: self.weights.clone(),
            tokenizer: Arc::clone(&self.tokenizer),
            sampler: LogitsProcessor::new(sampling.seed, Some(sampling.temperature), Some(sampling.top_p)),
            detokenizer: Detokenizer::default(),
            logits: None,
        })
    }
}

/// One sequence of tokens. candle runs the model for one sequence at a time, so a batch is computed in turn.
///
/// The products of candle round to eight bits, so the scores of a token depend on how many tokens are computed together.
/// An answer may therefore continue differently after a preemption; the tokens before the preemption are kept.
struct LlamaSequence {
    weights: ModelWeights,
    tokenizer: Arc<ChatTokenizer>,
    sampler: LogitsProcessor,
    detokenizer: Detokenizer,
    /// The scores of the next token, from the last computed one.
    logits: Option<Tensor>,
}

impl Sequence for LlamaSequence {
    fn compute(&mut self, position: usize, tokens: &[u32]) -> Result<(), EngineError> {
        let tokens = Tensor::new(tokens, &Device::Cpu)?.unsqueeze(0)?;
        self.logits = Some(self.weights.forward(&tokens, position)?.squeeze(0)?);
        Ok(())
    }

    fn sample(&mut self) -> Result<SampledToken, EngineError> {
        let logits = self.logits.take().ok_or("a token was requested before its sequence was computed")?;
        let id = self.sampler.sample(&logits)?;
        if self.tokenizer.end_tokens.contains(&id) {
            return Ok(SampledToken::End);
        }
        let decode = |tokens: &[u32]| self.tokenizer.tokenizer.decode(tokens, true);
        Ok(SampledToken::Token { id, text: self.detokenizer.push(id, decode)? })
    }

    fn clear_cache(&mut self) {
        self.weights.clear_kv_cache();
    }
}
