//! The shapes of keys, from the makers' documentation and what public rule sets agree on. Longer prefixes stand before
//! their own begins.

use super::Body;
use super::Body::Alnum;
use super::Body::Base64;
use super::Body::Dotted;
use super::Body::Hex;
use super::Body::Path;
use super::Body::Word;
use super::Check;
use super::Shape;

const fn shape(prefix: &'static str, body: Body, least: usize) -> Shape {
    Shape { prefix, body, least, check: Check::None }
}

const fn exactly(prefix: &'static str, body: Body, length: usize) -> Shape {
    Shape { prefix, body, least: length, check: Check::Exactly(length) }
}

const fn random(prefix: &'static str, body: Body, least: usize) -> Shape {
    Shape { prefix, body, least, check: Check::Random }
}

pub(in super::super) const SHAPES: &[Shape] = &[
    // Models: OpenAI, Anthropic, OpenRouter, Langfuse and all others that begin with `sk-`.
    shape("sk-proj-", Word, 20),
    shape("sk-svcacct-", Word, 20),
    shape("sk-service-", Word, 20),
    shape("sk-admin-", Word, 20),
    shape("sk-ant-", Word, 20),
    shape("sk-or-", Word, 20),
    shape("sk-lf-", Word, 20),
    random("sk-", Word, 18),
    // Google: the keys of old, those of 2026, access and refresh tokens, client secrets.
    shape("AIza", Word, 30),
    random("AQ.", Word, 30),
    shape("ya29.", Word, 30),
    shape("1//0", Word, 35),
    shape("GOCSPX-", Word, 24),
    // Groq, xAI, Perplexity, Replicate, NVIDIA, Hugging Face, Cerebras, Together, Fireworks, Tavily, Jina, Voyage, Exa.
    shape("gsk_", Alnum, 30),
    shape("xai-", Alnum, 30),
    shape("pplx-", Alnum, 30),
    shape("r8_", Alnum, 30),
    shape("nvapi-", Word, 30),
    shape("hf_", Alnum, 30),
    shape("api_org_", Alnum, 30),
    random("csk-", Alnum, 30),
    shape("tgp_v1_", Word, 30),
    random("fw_", Alnum, 20),
    shape("tvly-", Word, 20),
    shape("jina_", Word, 40),
    random("pa-", Word, 40),
    shape("lsv2_pt_", Word, 36),
    shape("lsv2_sk_", Word, 36),
    shape("pcsk_", Word, 40),
    shape("wandb_v1_", Word, 30),
    shape("e2b_", Hex, 40),
    exactly("fc-", Hex, 32),
    random("rpa_", Alnum, 30),
    // Amazon.
    exactly("AKIA", Alnum, 16),
    exactly("ASIA", Alnum, 16),
    exactly("ABIA", Alnum, 16),
    exactly("ACCA", Alnum, 16),
    random("ABSK", Base64, 60),
    shape("bedrock-api-key-", Base64, 40),
    // Code: GitHub, GitLab, npm, PyPI, RubyGems, crates.io, NuGet, Docker, Atlassian, Sourcegraph.
    shape("github_pat_", Word, 30),
    shape("ghp_", Alnum, 30),
    shape("gho_", Alnum, 30),
    shape("ghu_", Alnum, 30),
    shape("ghs_", Alnum, 30),
    shape("ghr_", Alnum, 30),
    shape("glpat-", Dotted, 18),
    shape("gldt-", Dotted, 18),
    shape("glrt-", Dotted, 18),
    shape("glcbt-", Dotted, 18),
    shape("glptt-", Dotted, 18),
    shape("glft-", Dotted, 18),
    shape("glimt-", Dotted, 18),
    shape("glagent-", Dotted, 18),
    shape("gloas-", Dotted, 18),
    shape("glsoat-", Dotted, 18),
    shape("npm_", Alnum, 30),
    shape("pypi-AgE", Word, 40),
    shape("rubygems_", Hex, 40),
    exactly("cio", Alnum, 32),
    exactly("oy2", Alnum, 43),
    shape("dckr_pat_", Word, 20),
    shape("dckr_oat_", Word, 20),
    shape("ATATT3", Base64, 60),
    shape("ATCTT3", Base64, 60),
    random("ATBB", Alnum, 24),
    shape("sgp_", Word, 40),
    shape("CLOJARS_", Alnum, 50),
    // Chat: Slack, Discord, Teams.
    shape("xoxa-", Dotted, 10),
    shape("xoxb-", Dotted, 10),
    shape("xoxc-", Dotted, 10),
    shape("xoxd-", Dotted, 10),
    shape("xoxe-", Dotted, 10),
    shape("xoxe.", Dotted, 10),
    shape("xoxo-", Dotted, 10),
    shape("xoxp-", Dotted, 10),
    shape("xoxr-", Dotted, 10),
    shape("xoxs-", Dotted, 10),
    shape("xapp-", Dotted, 10),
    shape("hooks.slack.com/", Path, 30),
    shape("discord.com/api/webhooks/", Path, 40),
    shape("discordapp.com/api/webhooks/", Path, 40),
    // Payments: Stripe, Square, Flutterwave, Shippo, Duffel, Plaid.
    shape("sk_live_", Alnum, 10),
    shape("sk_test_", Alnum, 10),
    shape("sk_prod_", Alnum, 10),
    shape("rk_live_", Alnum, 10),
    shape("rk_test_", Alnum, 10),
    shape("rk_prod_", Alnum, 10),
    shape("whsec_", Base64, 20),
    random("sk_", Alnum, 40),
    shape("sq0atp-", Word, 20),
    shape("sq0csp-", Word, 20),
    random("EAAA", Word, 50),
    random("EAA", Alnum, 80),
    shape("FLWSECK", Word, 12),
    shape("shippo_live_", Hex, 40),
    shape("shippo_test_", Hex, 40),
    shape("duffel_live_", Word, 40),
    shape("duffel_test_", Word, 40),
    shape("access-sandbox-", Word, 36),
    shape("access-production-", Word, 36),
    shape("access-development-", Word, 36),
    // Mail and telephony: SendGrid, Mailgun, Brevo, Twilio, Resend.
    shape("SG.", Dotted, 40),
    exactly("key-", Hex, 32),
    shape("xkeysib-", Word, 70),
    shape("xsmtpsib-", Word, 70),
    exactly("SK", Hex, 32),
    random("re_", Word, 30),
    // Shops and sites: Shopify, EasyPost, Contentful, Netlify, Typeform, Webflow.
    shape("shpat_", Hex, 30),
    shape("shpca_", Hex, 30),
    shape("shppa_", Hex, 30),
    shape("shpss_", Hex, 30),
    shape("EZAK", Alnum, 50),
    shape("EZTK", Alnum, 50),
    shape("CFPAT-", Word, 40),
    shape("nfp_", Alnum, 36),
    shape("tfp_", Dotted, 40),
    // Clouds: DigitalOcean, Databricks, Alibaba, Tencent, Fly, Heroku, PlanetScale, Supabase, Aiven, OpenShift, Pulumi.
    shape("dop_v1_", Hex, 40),
    shape("doo_v1_", Hex, 40),
    shape("dor_v1_", Hex, 40),
    shape("dapi", Hex, 32),
    random("LTAI", Alnum, 16),
    random("AKID", Alnum, 32),
    shape("fo1_", Word, 40),
    shape("fm1a_", Base64, 80),
    shape("fm1r_", Base64, 80),
    shape("fm2_", Base64, 80),
    shape("HRKU-", Word, 36),
    shape("pscale_tkn_", Dotted, 30),
    shape("pscale_oauth_", Dotted, 30),
    shape("pscale_pw_", Dotted, 30),
    shape("sbp_", Hex, 40),
    shape("sb_secret_", Word, 20),
    shape("AVNS_", Word, 15),
    shape("sha256~", Word, 43),
    shape("pul-", Hex, 40),
    shape("tskey-", Word, 20),
    shape("apify_api_", Alnum, 30),
    // Secrets: Vault, age, 1Password, Doppler.
    shape("hvs.", Word, 20),
    shape("hvb.", Word, 20),
    shape("hvr.", Word, 20),
    shape("AGE-SECRET-KEY-1", Alnum, 50),
    random("A3-", Word, 28),
    shape("ops_eyJ", Base64, 50),
    shape("dp.pt.", Alnum, 40),
    shape("dp.st.", Dotted, 40),
    shape("dp.ct.", Alnum, 40),
    // Work: Notion, Linear, Airtable, Figma, Postman, Prefect, ReadMe, Dropbox, Typeform.
    shape("ntn_", Alnum, 40),
    shape("lin_api_", Alnum, 36),
    shape("lin_oauth_", Alnum, 36),
    shape("figd_", Word, 30),
    shape("PMAK-", Word, 50),
    shape("pnu_", Alnum, 36),
    shape("rdme_", Alnum, 60),
    shape("sl.", Word, 100),
    random("pat", Dotted, 70),
    // Telemetry: New Relic, Grafana, Dynatrace, Sentry, PostHog, Datadog.
    shape("NRAK-", Alnum, 24),
    shape("NRII-", Word, 28),
    shape("glc_", Base64, 30),
    shape("glsa_", Word, 36),
    shape("eyJrIjoi", Base64, 60),
    shape("dt0c01.", Dotted, 80),
    shape("sntrys_", Base64, 40),
    shape("sntryu_", Hex, 60),
    shape("phx_", Alnum, 40),
];
