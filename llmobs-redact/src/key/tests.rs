use super::super::DataKind;
use super::super::test_support::find_all;
use super::key_formats;

/// Returns letters and digits in an order without early repetition.
fn body(length: usize) -> String {
    let alphabet: Vec<char> = ('A'..='Z').chain('0'..='9').chain('a'..='z').collect();
    (0..length).map(|at| alphabet[(at * 37 + at * at * 11) % alphabet.len()]).collect()
}

fn hex(length: usize) -> String {
    (0..length).map(|at| char::from(b"0123456789abcdef"[(at * 7 + at * at * 3) % 16])).collect()
}

#[test]
fn keys_of_known_services_are_found_in_any_context() {
    let keys = [
        format!("sk-{}T3BlbkFJ{}", body(20), body(20)),
        format!("sk-proj-{}T3BlbkFJ{}", body(74), body(74)),
        format!("sk-svcacct-{}T3BlbkFJ{}", body(58), body(58)),
        format!("sk-ant-api03-{}AA", body(93)),
        format!("sk-ant-oat01-{}", body(95)),
        format!("sk-or-v1-{}", hex(64)),
        format!("sk-{}", hex(32)),
        format!("AIza{}", body(35)),
        format!("AQ.Ab8RN6{}", body(44)),
        "AKIAIOSFODNN7EXAMPLE".to_owned(),
        format!("ghp_{}", body(36)),
        format!("github_pat_{}_{}", body(22), body(59)),
        format!("xoxb-123456789012-1234567890123-{}", body(24)),
        format!("xapp-1-A0123456789-123456789012-{}", hex(64)),
        format!("sk_live_{}", body(24)),
        format!("rk_test_{}", body(99)),
        format!("hf_{}", body(34)),
        format!("glpat-{}", body(20)),
        format!("gsk_{}", body(52)),
        format!("xai-{}", body(80)),
        format!("pplx-{}", body(48)),
        format!("r8_{}", body(37)),
        format!("nvapi-{}", body(64)),
        format!("dapi{}", hex(32)),
        format!("SG.{}.{}", body(22), body(43)),
        format!("pypi-AgEIcHlwaS5vcmc{}", body(80)),
        format!("npm_{}", body(36)),
        format!("123456789:AA{}", body(33)),
        format!("hvs.{}", body(90)),
        format!("AGE-SECRET-KEY-1{}", body(58).to_uppercase()),
        "A3-ASWWYB-798JRYLJVD4-23DC2-86TVM-H43EB".to_owned(),
        format!("https://hooks.slack.com/services/T{}/B{}/{}", body(8), body(8), body(24)),
        format!("a1B7Q~{}", body(33)),
        format!("llx-{}", body(48)),
        format!("vck_{}", body(56)),
        format!("bkua_{}", hex(40)),
        format!("CCIPAT_{}_{}", body(22), hex(40)),
        format!("ATATT3xFfGF0{}", body(100)),
        format!("dapi{}-2", hex(32)),
        format!("xoxd-{}%2B{}%3D", body(60), body(40)),
        format!("AstraCS:{}:{}", body(24), hex(64)),
        format!("{}.atlasv1.{}", body(14), body(67)),
        format!("{}_{}_mmk", body(6), body(29)),
        format!("00D5e000001AbCd!{}", body(96)),
        format!("1234567890123456|{}", body(27)),
        format!("https://team.webhook.office.com/webhookb2/{}@{}/IncomingWebhook/{}", hex(32), hex(32), hex(32)),
        format!("s.{}", body(24)),
        format!("2/1200000000000001/1200000000000002:{}", hex(32)),
        format!("1/1200000000000001:{}", hex(32)),
    ];
    for key in &keys {
        for frame in [
            "{}",
            "[{}]",
            "_{}",
            "it is {}.",
            "{}, then",
            "{}...then",
            "see\\\\n{}\\\\nand",
            "({})",
            "\"{}\"",
            "キー{}です",
            "{}。",
            "`{}`",
            "x={}&y",
            "{}\\n",
            "\\n{}",
            "\x1b[32m{}\x1b[39m",
            "\x1b[01;31m\x1b[K{}\x1b[m\x1b[K",
            "\\u001b[32m{}\\u001b[0m",
            "[32m{}[0m",
            "\n+{}\n",
            "**{}**",
            "x%3D{}",
            "x\\u003d{}",
            "&quot;{}&quot;",
        ] {
            let text = frame.replace("{}", key);
            assert_eq!(find_all(&text), [(DataKind::ApiKey, &key[..])], "{text}");
        }
    }
}

#[test]
fn no_prefix_starts_with_an_earlier_prefix() {
    let formats: Vec<_> = key_formats().collect();
    for (index, format) in formats.iter().enumerate() {
        let shadowing = formats[..index].iter().find(|earlier| format.prefix.starts_with(earlier.prefix));
        assert!(shadowing.is_none(), "{} is after its own prefix {}", format.prefix, shadowing.unwrap().prefix);
    }
}

#[test]
fn words_that_start_like_keys_are_not_found() {
    for text in [
        "sk-SK",
        "sk-learn",
        "sk-learn-extension-package-name",
        "disk-usage-of-the-last-30-days",
        "task-management-system-2",
        "hf_transfer",
        "hf_hub_download_with_progress_bar",
        "gsk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ghp_your_token_here",
        "sk-ant-api03-xxxxxxxxxxxxxxxxxxxxxxxx",
        "AKIA",
        "AKIAIOSFODNN7EXAMPLEX",
        "AQ.tests",
        "SG.pdf",
        "pattern.matching.in.rust",
        "xapp-main",
        "key-value",
        "secret_santa_2024",
        "10:Aaa",
        "re_export_of_all_the_things_in_this_module",
        "sk-ecdsa-sha2-nistp256",
        "s.noDeleteOnFetchRejection",
        "AstraCS:",
        "EXOMaB8WFXmPCO3JQyUCIQDZX1O09Hsls+S6fLOt4P5d/SAwPJef",
        "x.atlasv1.y",
        "00D5e000001AbCd!",
        "my_hf_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0",
        "my__hf_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0",
        "item[3mghp",
        "a+EXOMaB8WFXmPCO3JQyUCIQDZX1O09Hsls",
        "AAAt/EAAOG0AgCs3AIA71QdALUdAACBGgCA4bwCAKzQAgC1KQAAoyUBAKKRAwChFR0AoA0dAOGAHgCFGgCA47AAoyUBAKKRAwChFR0",
    ] {
        assert!(find_all(text).is_empty(), "{text}: {:?}", find_all(text));
    }
}
