//! A sample of every kind, and of every form that a detector distinguishes. Bodies of keys are generated, so that no
//! scanner takes this file for a leak.

/// A value that the redactor finds, with the text that it needs around it.
pub struct Sample {
    pub name: &'static str,
    before: &'static str,
    secret: &'static str,
    after: &'static str,
}

impl Sample {
    /// Returns the text before the secret, the secret, and the text after it.
    pub fn parts(&self) -> (&'static str, String, &'static str) {
        (self.before, filled(self.secret), self.after)
    }
}

/// Returns `pattern` with generated characters: `#12` is 12 letters and digits, `%12` is 12 hexadecimal digits, and `^12`
/// is 12 base64 characters.
fn filled(pattern: &str) -> String {
    let mut text = String::new();
    let mut rest = pattern.chars().peekable();
    while let Some(sign) = rest.next() {
        let alphabet: &[u8] = match sign {
            '#' => b"Ab9Cd3Ef7Gh5Jk2Lm8Np4Qr6St1Uv0WxYzBaDcFeHgX",
            '%' => b"0123456789abcdef",
            '^' => b"aB3+dE6/gH9jK2mN5pQ8sT1vW4yZ7bC0+fG/x",
            _ => {
                text.push(sign);
                continue;
            }
        };
        let mut length = 0;
        while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
            length = length * 10 + digit as usize;
            rest.next();
        }
        text.extend((0..length).map(|at| char::from(alphabet[(at * 37 + at * at * 11) % alphabet.len()])));
    }
    text
}

const fn alone(name: &'static str, secret: &'static str) -> Sample {
    Sample { name, before: "", secret, after: "" }
}

const fn within(name: &'static str, before: &'static str, secret: &'static str, after: &'static str) -> Sample {
    Sample { name, before, secret, after }
}

pub const SAMPLES: &[Sample] = &[
    alone("key of OpenAI", "sk-proj-#80"),
    alone("old key of OpenAI", "sk-#48"),
    alone("key of Anthropic", "sk-ant-api03-#95"),
    alone("key of Google", "AIza#35"),
    alone("new key of Google", "AQ.Ab8RN6#44"),
    alone("token of Google", "ya29.a0#60"),
    alone("key of Amazon", "AKIAIOSFODNN7EXAMPLE"),
    alone("key of Bedrock", "ABSK^110"),
    alone("token of GitHub", "ghp_#36"),
    alone("fine-grained token of GitHub", "github_pat_#22_#59"),
    alone("installation token of GitHub", "ghs_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NTY3In0.#86"),
    alone("token of GitLab", "glpat-#20"),
    alone("token of Slack", "xoxb-123456789012-1234567890123-#24"),
    within("webhook of Slack", "https://", "hooks.slack.com/services/T0#8/B0#8/#24", ""),
    within("webhook of Discord", "https://", "discord.com/api/webhooks/123456789012345678/#68", ""),
    alone("bot token of Discord", "MTEyMjMzNDQ1NTY2Nzc4ODk5.G#5.#38"),
    alone("bot token of Telegram", "123456789:AA#33"),
    alone("key of Stripe", "sk_live_#24"),
    alone("token of Hugging Face", "hf_#34"),
    alone("key of SendGrid", "SG.#22.#43"),
    alone("key of Twilio", "SK%32"),
    alone("key of Mailchimp", "%32-us12"),
    alone("key of New Relic", "%32FFFFNRAL"),
    alone("token of Replicate", "r8_#37"),
    alone("token of Cloudflare", "cfut_#48"),
    alone("token of Databricks", "dapi%32"),
    alone("token of Atlassian", "ATATT3xFfGF0^100"),
    alone("token of npm", "npm_#36"),
    alone("token of Vault", "hvs.#90"),
    alone("old token of Vault", "s.#24"),
    alone("token of Terraform", "#14.atlasv1.#67"),
    alone("secret of Azure", "a1B7Q~#33"),
    alone("token of Exoscale", "EXO#27"),
    alone("token of Dynatrace", "dt0c01.#24.#64"),
    alone("session of Salesforce", "00D5e000001AbCd!#96"),
    alone("key of age", "AGE-SECRET-KEY-1QZ9X8GF2TVDW0S3JN54KHCE6MUA7LQZ9X8GF2TVDW0S3JN54KHCE6MUA7"),
    alone("web token", "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.#43"),
    within("private key", "-----BEGIN PRIVATE KEY-----\n", "^64\n^40=", "\n-----END PRIVATE KEY-----"),
    alone("card", "4242424242424242"),
    alone("grouped card", "4242 4242 4242 4242"),
    alone("IBAN", "DE89370400440532013000"),
    alone("grouped IBAN", "DE89 3704 0044 0532 0130 00"),
    alone("mail address", "jane.doe@example.org"),
    alone("international phone", "+44 20 7946 0958"),
    alone("phone", "(415) 555-0132"),
    within("phone after a word", "call me at ", "020 7946 0958", ""),
    alone("security number", "219-45-6789"),
    alone("identity number", "111.444.777-35"),
    alone("IPv4 address", "203.0.113.77"),
    alone("IPv6 address", "2001:db8::8a2e:370:7334"),
    alone("hardware address", "00:1B:44:11:3A:B7"),
    alone("Bitcoin address", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    alone("bech32 address", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    alone("Ethereum address", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    within("date of birth", "born on ", "17 April 1990", ""),
    within("password", "password=", "hunter2X9k", ""),
    within("password after a colon", "password: ", "Tr0ub4dor3xy", ""),
    within("password in JSON", "\"password\": \"", "Tr0ub4dor3xy", "\""),
    within("password in a sentence", "the password is ", "Tr0ub4dor3xy", ""),
    within("token after a name", "api_token=", "#24", ""),
    within("key of a storage account", "AccountKey=", "^86==", ""),
    within("bearer token", "Authorization: Bearer ", "mF9B5f41JqMx7Lw2", ""),
    within("cookie", "Cookie: sid=", "#24", ""),
    within("PIN", "PIN: ", "482913", ""),
    within("URL with a password", "postgres://", "app:s3cr3tPw9", "@db.example.com/x"),
    within("signed URL", "https://b.example/f?sv=2024&sig=", "^43=", ""),
    alone("badge", "EMP-12345678"),
];
