use super::super::super::DataKind;
use super::super::super::test_support::find_all;
use super::super::format::BodyCheck;
use super::super::format::BodyFormat;
use super::super::format::KeyFormat;
use super::key_formats;

/// Pseudo-random numbers, the same in every run.
struct Random(u64);

impl Random {
    /// Returns a number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(alphabet[self.below(alphabet.len())])).collect()
    }

    /// Returns `pattern` with characters in place of `#12` (12 letters and digits), `%12` (hexadecimal digits), `^12`
    /// (base64), `@12` (capitals and digits), `&12` (digits) and `~12` (letters, digits, `-` and `_`).
    fn fill(&mut self, pattern: &str) -> String {
        let mut text = String::new();
        let mut rest = pattern.chars().peekable();
        while let Some(sign) = rest.next() {
            let Some(alphabet) = alphabet(sign) else {
                text.push(sign);
                continue;
            };
            let mut length = 0;
            while let Some(digit) = rest.peek().and_then(|sign| sign.to_digit(10)) {
                length = length * 10 + usize::try_from(digit).unwrap();
                rest.next();
            }
            text += &self.text(alphabet, length);
        }
        text
    }
}

const ALNUM: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn alphabet(sign: char) -> Option<&'static [u8]> {
    Some(match sign {
        '#' => ALNUM,
        '%' => b"0123456789abcdef",
        '^' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        '@' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        '&' => b"0123456789",
        '~' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        _ => return None,
    })
}

/// Returns a body of `length` characters. Letters and digits are at both ends and around each sign.
fn body(random: &mut Random, format: &KeyFormat, length: usize) -> String {
    let signs: &[u8] = match format.body {
        BodyFormat::Alnum => b"",
        BodyFormat::Hex | BodyFormat::HexNumbered => return random.text(b"0123456789abcdef", length),
        BodyFormat::Base64 | BodyFormat::PercentEncoded => b"+/",
        BodyFormat::DotSeparated => b".-_",
        BodyFormat::ColonSeparated => b":",
        BodyFormat::Path => b"/",
        BodyFormat::Word => b"-_",
    };
    let is_sign = |at: usize| !signs.is_empty() && at % 9 == 7 && at + 1 < length;
    (0..length).map(|at| random.text(if is_sign(at) { signs } else { ALNUM }, 1)).collect()
}

/// Returns whether a key is found whose match covers `start..end`.
fn covers(text: &str, start: usize, end: usize) -> bool {
    find_all(text).into_iter().any(|(kind, found)| {
        let at = found.as_ptr().addr() - text.as_ptr().addr();
        kind == DataKind::ApiKey && at <= start && at + found.len() >= end
    })
}

#[test]
fn generated_bodies_of_every_format_are_found_from_the_minimum_length_on() {
    let mut random = Random(1);
    for format in key_formats() {
        let exact = matches!(format.check, BodyCheck::ExactLength(_));
        let (mut found, rounds) = (0, 40);
        for round in 0..rounds {
            let length = format.min_len + if exact { 0 } else { round };
            let key = format!("{}{}", format.prefix, body(&mut random, format, length));
            for (open, close) in
                [("", ""), ("key: ", "."), ("\"", "\""), ("__", "__"), ("\x1b[32m", "\x1b[0m"), ("+", "\n")]
            {
                found += usize::from(covers(&format!("{open}{key}{close}"), open.len(), open.len() + key.len()));
            }
        }
        // A short body that must look random does not always do so.
        let most = rounds * 6;
        let least = if matches!(format.check, BodyCheck::Random) { most * 9 / 10 } else { most };
        assert!(found >= least, "{}: {found} of {most}", format.prefix);
    }
}

#[test]
fn bodies_that_are_one_character_too_short_are_not_found() {
    let mut random = Random(2);
    for format in key_formats() {
        for _ in 0..20 {
            let key = format!("{}{}", format.prefix, body(&mut random, format, format.min_len - 1));
            let is_other = key_formats().any(|other| other != format && key.starts_with(other.prefix));
            let text = format!("key {key} and");
            assert!(is_other || !covers(&text, 4, 4 + format.prefix.len()), "{text}: {:?}", find_all(&text));
        }
    }
}

#[test]
fn prefixes_in_the_middle_of_a_word_are_not_found() {
    let mut random = Random(3);
    for format in key_formats().filter(|format| format.prefix.as_bytes()[0].is_ascii_alphanumeric()) {
        for _ in 0..20 {
            let text = format!("x{}{}", format.prefix, body(&mut random, format, format.min_len));
            assert!(!covers(&text, 1, 1 + format.prefix.len()), "{text}: {:?}", find_all(&text));
        }
    }
}

/// A prefix identifies a key, and the characters after its known part are a part of it: new keys are longer than old ones.
#[test]
fn no_placeholder_ends_inside_a_token() {
    let mut random = Random(5);
    let web_token = ".eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    for format in key_formats().filter(|format| !matches!(format.check, BodyCheck::ExactLength(_))) {
        for tail in ["", "Zz9", "-Zz9", "_Zz9", web_token, "=", "=="] {
            let key = format!("{}{}{tail}", format.prefix, body(&mut random, format, format.min_len + 40));
            for (open, close) in [("", ""), ("it is ", ", then"), ("\"", "\""), ("(", ")."), ("x=", "\n")] {
                let text = format!("{open}{key}{close}");
                assert!(covers(&text, open.len(), open.len() + key.len()), "{text}: {:?}", find_all(&text));
            }
        }
    }
}

/// Forms that the services document or that their keys have.
const DOCUMENTED: &[(&str, &[&str])] = &[
    ("Adafruit", &["aio_#28"]),
    ("age", &["AGE-SECRET-KEY-1@58", "AGE-SECRET-KEY-PQ-1@58"]),
    ("Airtable", &["pat#14.%64"]),
    ("Alchemy", &["alcht_#30"]),
    ("Alibaba", &["LTAI#20", "STS.#24"]),
    (
        "Amazon",
        &["AKIA@16", "ABSK^110", "amzn.mws.%8-%4-%4-%4-%12", "amzn1.oa2-cs.v1.%64", "Atzr|~300", "IQoJb3JpZ2lu^400=="],
    ),
    ("Atlassian", &["ATATT3xFfGF0^180=%8"]),
    ("Cloudflare", &["cfk_#40%8", "cfut_#40%8", "cfat_#40%8", "cfast_#40%8", "v1.0-%24-%146"]),
    ("Context7", &["ctx7sk-%8-%4-%4-%4-%12"]),
    ("Cursor", &["key_%64"]),
    ("Databricks", &["dapi%32", "dapi%32-2", "dose%32"]),
    ("Defined Networking", &["dnkey-~26-~52"]),
    ("DigitalOcean", &["dop_v1_%64", "doo_v1_%64", "dor_v1_%64", "DO00@16"]),
    (
        "Discord",
        &[
            "MTEyMjMzNDQ1NTY2Nzc4ODk5.G#5.#38",
            "OTk4ODc3NjY1NTQ0MzMyMjEx.#6.#27",
            "mfa.~84",
            "https://discord.com/api/webhooks/&18/~68",
            "https://discord.com/api/v10/webhooks/&19/~68",
            "https://canary.discord.com/api/webhooks/&19/~68",
        ],
    ),
    (
        "Doppler",
        &["dp.pt.#43", "dp.st.dev.#43", "dp.ct.#43", "dp.sa.#43", "dp.said.#43", "dp.scim.#43", "dp.audit.#43"],
    ),
    ("Dropbox", &["sl.~140", "sl.u.~140"]),
    ("Dynatrace", &["dt0c01.@24.@64", "dt0s01.@8.@64", "dt0s02.@8.@64", "dt0s16.@24.@64"]),
    ("E2B", &["e2b_%40", "sk_e2b_%40"]),
    ("Figma", &["figd_~40", "figp_~45", "figu_~40", "figur_~40", "figo_~40"]),
    (
        "GitHub",
        &[
            "ghp_#36",
            "gho_#36",
            "ghu_#36",
            "ghr_#76",
            "github_pat_#22_#59",
            "ghs_#36",
            "ghs_eyJhbGciOiJSUzI1NiJ9.eyJ~80.~86",
        ],
    ),
    (
        "GitLab",
        &[
            "glpat-~20",
            "glpat-~27.01.#9",
            "glrt-t1_~20",
            "glrtr-~20",
            "glwt-~20",
            "gloas-%64",
            "glcbt-64_~20",
            "glffct-~20",
        ],
    ),
    ("Google", &["AIza~35", "AQ.Ab8RN6~44", "ya29.a0~120", "ya29.c.~200", "4/0A~68", "GOCSPX-~28", "GOOG1E@56"]),
    ("Grafana", &["glc_^60==", "glsa_#32_%8"]),
    ("Linear", &["lin_api_#40", "lin_oauth_%64", "lin_wh_#40"]),
    ("Mailchimp", &["%32-us6", "%32-us21"]),
    ("Meta", &["EAA#120", "IGQV~140", "THAA~140"]),
    ("Netlify", &["nfp_#36", "nfc_#36", "nfo_#36", "nfu_#36", "nfb_#36"]),
    ("New Relic", &["NRAK-@27", "NRIQ-~32", "%32FFFFNRAL", "eu01xx%26FFFFNRAL"]),
    ("Notion", &["ntn_#46", "secret_#43"]),
    ("OneSignal", &["os_v2_app_#103", "os_v2_org_#103"]),
    ("OpenAI", &["sk-proj-~74T3BlbkFJ~74", "sess-#40"]),
    ("Paddle", &["pdl_live_apikey_#26_#22_#3", "pdl_ntfset_#26_^32"]),
    ("Pinterest", &["pina_@60", "pinr.~80"]),
    ("Polar", &["polar_oat_#43", "polar_at_u_#43", "polar_rt_o_#43", "polar_cs_#43", "polar_crt_#43", "polar_whs_#43"]),
    ("PostHog", &["phx_#43", "phc_#43", "phs_#43"]),
    ("Postman", &["PMAK-%24-%34", "PMAT-@26"]),
    ("Prefect", &["pnu_#36", "pnb_#36"]),
    ("Ramp", &["ramp_sec_#48", "ramp_tok_#42", "ramp_business_tok_#42"]),
    ("Salesforce", &["00D5e000001AbCd!~96", "5Aep861~80"]),
    ("Sentry", &["sntrys_eyJ^80=_^43", "sntryu_%64", "sntrya_%64", "sntryi_%64"]),
    ("Shopify", &["shpat_%32", "shpca_%32", "shppa_%32", "shpss_%32", "shptka_%32", "shpua_%32"]),
    (
        "Slack",
        &[
            "xoxb-&12-&13-#24",
            "xoxp-&12-&12-&12-%32",
            "xoxe.xoxp-1-@164",
            "xapp-1-A@10-&13-%64",
            "xwfp-&12-&13-#24",
            "https://hooks.slack.com/services/T@10/B@10/#24",
            "https://hooks.slack-gov.com/services/T@10/B@10/#24",
            "https://hooks.slack.com/workflows/T@10/A@10/&18/#24",
        ],
    ),
    ("SonarQube", &["sqp_%40", "squ_%40", "sqa_%40", "sqco_#59"]),
    ("Sourcegraph", &["sgp_%16_%40", "slk_%64", "sgd_%64"]),
    ("Square", &["EAAA~60", "sq0atp-~22", "sq0csp-~43", "sandbox-sq0atb-~22", "sandbox-sq0csb-~40"]),
    ("Stripe", &["sk_live_#99", "rk_test_#99", "whsec_^32", "ek_live_#40", "sk_live_a2V5^69=="]),
    (
        "Teams",
        &[
            "https://x.webhook.office.com/webhookb2/%8@%8/IncomingWebhook/%32/%8",
            "https://outlook.office.com/webhook/%8@%8/IncomingWebhook/%32",
        ],
    ),
    ("Telegram", &["&9:AA~33", "&10:AA~33"]),
    ("Vault", &["hvs.~95", "hvb.~140", "hvr.~95", "b.AAAAAQ~100"]),
    ("Voyage", &["pa-~43", "al-~43"]),
];

#[test]
fn keys_of_the_documented_form_are_found_completely() {
    let mut random = Random(4);
    for (maker, patterns) in DOCUMENTED {
        for pattern in *patterns {
            for _ in 0..20 {
                // A final hyphen or `_` would be a sign of the text around the key.
                let is_open = !is_fixed(pattern) && !pattern.ends_with('=') && !pattern.starts_with('%');
                let key = random.fill(pattern) + if is_open { "7" } else { "" };
                let scheme = if pattern.starts_with("sandbox-") { "sandbox-".len() } else { 0 };
                let text = format!("it is {key}, then");
                assert!(covers(&text, 6 + scheme, 6 + key.len()), "{maker}: {text}: {:?}", find_all(&text));
            }
        }
    }
}

/// Returns whether keys of the form have one length only, so that a longer one is another text.
fn is_fixed(pattern: &str) -> bool {
    let fixed = ["AKIA", "ASIA", "DO00", "dapi", "dose", "key_", "secret_", "MT", "OT", "&"];
    fixed.iter().any(|prefix| pattern.starts_with(prefix)) || pattern.ends_with("FFFFNRAL")
}

#[test]
fn words_that_start_like_the_keys_are_not_found() {
    for text in [
        "sess-management-of-the-users-in-the-application",
        "mfa.enabled and mfa.required_for_all_administrators",
        "v1.0-beta.2-with-a-very-long-name-of-a-release-candidate",
        "dose of 12 mg, dose1234",
        "al-Andalus and al-Khwarizmi-the-mathematician-of-Baghdad",
        "STS.AssumeRoleWithWebIdentity",
        "ptr_to_member_function_of_a_class_template_instance",
        "figo_ and figu_re_of_a_man_who_walks_across_the_street",
        "IGAA, IGQV and THAA",
        "aio_read_write_and_other_operations_of_files",
        "secret_santa_and_other_games_for_the_holidays",
        "key_value_store_with_transactions_and_snapshots",
        "nfc_tag_reader_of_the_phone_with_a_long_name",
        "b.AAAAAQ",
        "4/0A",
        "Atza| and Atzr|",
        "oo_live_view",
        "ek_test_case",
        "cfk_ and cfast_track",
        "ISO-us1, abc-us12 and 0123456789abcdef-us12",
        "non-us1234567890",
        "FFFFNRAL",
        "MTEyMjMz.abcdef.ghijkl",
        "Some.other.name2",
        "module.submodule.function_of_the_module2",
        "squ_are, sqa_lchemy and slk_",
        "amzn1.application",
        "discord.com/api/webhooks/",
        "outlook.office.com/webhook/",
        "hooks.slack.com\\/",
    ] {
        assert!(find_all(text).is_empty(), "{text}: {:?}", find_all(text));
    }
}
