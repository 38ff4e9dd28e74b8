//! Formats of keys of model providers and of services around models.

use super::super::format::BodyFormat::Alnum;
use super::super::format::BodyFormat::Base64;
use super::super::format::BodyFormat::DotSeparated;
use super::super::format::BodyFormat::Hex;
use super::super::format::BodyFormat::Word;
use super::super::format::KeyFormat;
use super::super::format::at_least;
use super::super::format::exact_length;
use super::super::format::random;

pub(in super::super) const MODELS: &[KeyFormat] = &[
    // Models: OpenAI, Anthropic, OpenRouter, Langfuse and all others that begin with `sk-`.
    at_least("sk-proj-", Word, 20),
    at_least("sk-svcacct-", Word, 20),
    at_least("sk-service-", Word, 20),
    at_least("sk-admin-", Word, 20),
    at_least("sk-ant-", Word, 20),
    at_least("sk-or-", Word, 20),
    at_least("sk-lf-", Word, 20),
    random("sk-", Word, 18),
    at_least("sess-", Alnum, 40),
    // Google: API keys of both generations, access and refresh tokens, authorization codes, client secrets, storage keys.
    at_least("AIza", Word, 30),
    random("AQ.", Word, 30),
    at_least("ya29.", DotSeparated, 30),
    at_least("1//0", Word, 35),
    at_least("GOCSPX-", Word, 24),
    at_least("GOOG1E", Alnum, 50),
    random("4/0A", Word, 60),
    // Groq, xAI, Perplexity, Replicate, NVIDIA, Hugging Face, Cerebras, Together, Fireworks, Tavily, Jina, Voyage,
    // Context7.
    at_least("gsk_", Alnum, 30),
    random("xai-", Word, 30),
    at_least("pplx-", Alnum, 30),
    at_least("r8_", Alnum, 30),
    at_least("nvapi-", Word, 30),
    at_least("hf_", Alnum, 30),
    at_least("api_org_", Alnum, 30),
    random("csk-", Alnum, 30),
    at_least("tgp_v1_", Word, 30),
    random("fw_", Alnum, 20),
    random("fpk_", Alnum, 20),
    at_least("tvly-", Word, 20),
    at_least("jina_", Word, 40),
    random("pa-", Word, 40),
    at_least("lsv2_pt_", Word, 36),
    at_least("lsv2_sk_", Word, 36),
    at_least("pcsk_", Word, 40),
    at_least("wandb_v1_", Word, 30),
    at_least("e2b_", Hex, 40),
    exact_length("fc-", Hex, 32),
    random("rpa_", Alnum, 30),
    at_least("ctx7sk-", Word, 30),
    random("al-", Word, 40),
    // LlamaCloud, Modal, Anyscale, Browserbase, Mem0, Brave, Cartesia, Devin, older LangSmith keys, Unkey, E2B, Pinecone
    // and others.
    random("llx-", Alnum, 30),
    random("ak-", Alnum, 20),
    random("as-", Alnum, 20),
    at_least("esecret_", Alnum, 20),
    at_least("bb_live_", Word, 20),
    random("m0-", Alnum, 36),
    random("BSA", Word, 24),
    at_least("sk_car_", Word, 18),
    random("cog_", Alnum, 40),
    random("apk_", Base64, 60),
    exact_length("ls__", Hex, 32),
    at_least("unkey_", Alnum, 20),
    random("lbx_", Word, 40),
    random("rma_", Word, 40),
    at_least("sk_e2b_", Hex, 40),
];
