//! Formats of keys of cloud providers.

use super::super::format::BodyFormat::Alnum;
use super::super::format::BodyFormat::Base64;
use super::super::format::BodyFormat::ColonSeparated;
use super::super::format::BodyFormat::Hex;
use super::super::format::BodyFormat::HexNumbered;
use super::super::format::BodyFormat::Path;
use super::super::format::BodyFormat::Word;
use super::super::format::KeyFormat;
use super::super::format::at_least;
use super::super::format::exact_length;
use super::super::format::random;

pub(in super::super) const CLOUDS: &[KeyFormat] = &[
    // Amazon: access keys, keys of Bedrock and of Marketplace Web Service, session tokens, secrets and tokens of Login
    // with Amazon.
    exact_length("AKIA", Alnum, 16),
    exact_length("ASIA", Alnum, 16),
    exact_length("ABIA", Alnum, 16),
    exact_length("ACCA", Alnum, 16),
    random("ABSK", Base64, 60),
    at_least("bedrock-api-key-", Base64, 28),
    exact_length("A3T", Alnum, 17),
    at_least("amzn.mws.", Word, 36),
    at_least("amzn1.oa2-cs.v1.", Hex, 60),
    at_least("Atza|", Word, 100),
    at_least("Atzr|", Word, 100),
    at_least("IQoJb3JpZ2lu", Base64, 100),
    at_least("FwoGZXIvYXdz", Base64, 100),
    // Clouds: DigitalOcean, Databricks, Alibaba, Tencent, Fly, Heroku, PlanetScale, Supabase, Aiven, OpenShift, Pulumi,
    // Cloudflare, Defined Networking, Yandex and others.
    at_least("dop_v1_", Hex, 40),
    at_least("doo_v1_", Hex, 40),
    at_least("dor_v1_", Hex, 40),
    at_least("dapi", HexNumbered, 32),
    random("LTAI", Alnum, 16),
    random("AKID", Alnum, 32),
    at_least("fo1_", Word, 40),
    at_least("fm1a_", Base64, 80),
    at_least("fm1r_", Base64, 80),
    at_least("fm2_", Base64, 80),
    at_least("HRKU-", Word, 36),
    at_least("pscale_tkn_", Path, 30),
    at_least("pscale_oauth_", Path, 30),
    at_least("pscale_pw_", Path, 30),
    at_least("sbp_", Word, 40),
    at_least("sb_secret_", Word, 20),
    at_least("AVNS_", Word, 15),
    at_least("sha256~", Word, 43),
    at_least("pul-", Hex, 40),
    at_least("tskey-", Word, 20),
    at_least("apify_api_", Alnum, 30),
    at_least("FlyV1 ", Base64, 60),
    at_least("cfut_", Alnum, 40),
    at_least("cfat_", Alnum, 40),
    exact_length("4b1d", Alnum, 38),
    at_least("CCDB1_", Word, 40),
    at_least("AstraCS:", ColonSeparated, 20),
    at_least("mdb_sa_sk_", Word, 30),
    random("ddp_", Alnum, 30),
    random("ddo_", Alnum, 30),
    random("essu_", Base64, 40),
    random("EXO", Alnum, 24),
    random("napi_", Alnum, 50),
    random("rnd_", Alnum, 24),
    random("tk-us-", Word, 40),
    random("ion_", Alnum, 40),
    at_least("ucat_", Alnum, 24),
    random("vck_", Word, 40),
    random("vca_", Word, 40),
    random("vcr_", Word, 40),
    random("vci_", Word, 40),
    random("vcp_", Word, 40),
    random("zpka_", Word, 36),
    at_least("cfk_", Alnum, 40),
    at_least("cfast_", Alnum, 40),
    at_least("v1.0-", Word, 160),
    exact_length("dose", Hex, 32),
    exact_length("DO00", Alnum, 16),
    random("STS.", Alnum, 20),
    at_least("dnkey-", Word, 40),
    random("AQVN", Word, 35),
];
