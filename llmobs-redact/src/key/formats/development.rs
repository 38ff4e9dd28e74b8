//! Formats of keys of development services: code, delivery, secret stores, feature flags, telemetry.

use super::super::format::BodyFormat::Alnum;
use super::super::format::BodyFormat::Base64;
use super::super::format::BodyFormat::DotSeparated;
use super::super::format::BodyFormat::Hex;
use super::super::format::BodyFormat::Path;
use super::super::format::BodyFormat::Word;
use super::super::format::KeyFormat;
use super::super::format::at_least;
use super::super::format::exact_length;
use super::super::format::random;

pub(in super::super) const DEVELOPMENT: &[KeyFormat] = &[
    // Code: GitHub, GitLab, npm, PyPI, RubyGems, crates.io, NuGet, Docker, Atlassian, Sourcegraph.
    at_least("github_pat_", Word, 30),
    at_least("ghp_", DotSeparated, 30),
    at_least("gho_", DotSeparated, 30),
    at_least("ghu_", DotSeparated, 30),
    at_least("ghs_", DotSeparated, 30),
    at_least("ghr_", DotSeparated, 30),
    at_least("glpat-", DotSeparated, 18),
    at_least("gldt-", DotSeparated, 18),
    at_least("glrt-", DotSeparated, 18),
    at_least("glcbt-", DotSeparated, 18),
    at_least("glptt-", DotSeparated, 18),
    at_least("glft-", DotSeparated, 18),
    at_least("glimt-", DotSeparated, 18),
    at_least("glagent-", DotSeparated, 18),
    at_least("gloas-", DotSeparated, 18),
    at_least("glsoat-", DotSeparated, 18),
    at_least("npm_", Alnum, 30),
    at_least("pypi-AgE", Word, 40),
    at_least("rubygems_", Hex, 40),
    exact_length("cio", Alnum, 32),
    exact_length("oy2", Alnum, 43),
    at_least("dckr_pat_", Word, 20),
    at_least("dckr_oat_", Word, 20),
    at_least("ATATT3", Base64, 60),
    at_least("ATCTT3", Base64, 60),
    random("ATBB", Alnum, 24),
    random("ATAT", Base64, 90),
    at_least("BBDC-", Base64, 32),
    at_least("sgp_", Word, 40),
    at_least("CLOJARS_", Alnum, 50),
    at_least("glffct-", DotSeparated, 18),
    at_least("GR1348941", Word, 18),
    at_least("_gitlab_session=", Alnum, 30),
    // CI and delivery: Buildkite, CircleCI, Harness, Mergify, Artifactory, Cloudsmith, Octopus, Docker Swarm, Aikido.
    at_least("bkaa_", Word, 40),
    at_least("bkaj_", Word, 40),
    at_least("bkar_", Word, 40),
    at_least("bkct_", Word, 40),
    at_least("bkpt_", Word, 40),
    at_least("bkpat_", Word, 40),
    at_least("bkps_", Word, 40),
    at_least("bkua_", Alnum, 36),
    at_least("CCIPAT_", Word, 40),
    at_least("CCIPRJ_", Word, 40),
    random("pat.", DotSeparated, 60),
    random("sat.", DotSeparated, 60),
    at_least("mergify_application_key_", Word, 40),
    random("AKCp", Alnum, 60),
    random("cmVmd", Alnum, 58),
    random("csa_", Alnum, 30),
    random("API-", Alnum, 25),
    at_least("SWMTKN-1-", Word, 60),
    at_least("SWMKEY-1-", Base64, 40),
    at_least("AIK_CI_", Alnum, 20),
    at_least("AIK_SECRET_", Alnum, 40),
    exact_length("ico-", Alnum, 32),
    // Secret stores: Vault, age, 1Password, Doppler.
    at_least("hvs.", Word, 20),
    random("s.", Alnum, 24),
    at_least("hvb.", Word, 20),
    at_least("hvr.", Word, 20),
    at_least("AGE-SECRET-KEY-1", Alnum, 50),
    random("A3-", Word, 28),
    at_least("ops_eyJ", Base64, 50),
    at_least("dp.pt.", Alnum, 40),
    at_least("dp.st.", DotSeparated, 40),
    at_least("dp.ct.", Alnum, 40),
    // Feature flags: ConfigCat, DevCycle.
    at_least("configcat-sdk-1/", Path, 40),
    at_least("dvc_server_", Word, 12),
    at_least("dvc_client_", Word, 12),
    at_least("dvc_mobile_", Word, 12),
    // Telemetry: New Relic, Grafana, Dynatrace, Sentry, PostHog and others.
    at_least("NRAK-", Alnum, 24),
    at_least("NRII-", Word, 28),
    at_least("glc_", Base64, 30),
    at_least("glsa_", Word, 36),
    at_least("eyJrIjoi", Base64, 60),
    at_least("dt0c01.", DotSeparated, 80),
    at_least("sntrys_", Base64, 40),
    at_least("sntryu_", Hex, 60),
    at_least("phx_", Word, 36),
    random("phc_", Word, 36),
    at_least("rootly_", Hex, 60),
    at_least("samsara_api_", Alnum, 24),
    random("wrka", DotSeparated, 80),
];
