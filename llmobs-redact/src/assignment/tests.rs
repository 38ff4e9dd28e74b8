use super::super::DataKind;
use super::super::test_support::find_all;

/// Checks that exactly the text between double angle brackets is found, as a secret.
fn assert_finds_secret(frame: &str) {
    let secret = frame.split(['⟪', '⟫']).nth(1).unwrap();
    let text = frame.replace(['⟪', '⟫'], "");
    assert_eq!(find_all(&text), [(DataKind::Secret, secret)], "{text}");
}

#[test]
fn values_after_a_name_are_found() {
    for frame in [
        "password=⟪hunter2⟫",
        "DB_PASSWORD=⟪letmein⟫",
        "export API_TOKEN=⟪9f8e7d6c5b4a39281706⟫",
        "\"password\": \"⟪open sesame⟫\"",
        "{\\\"client_secret\\\":\\\"⟪aB3dE6gH9jK2⟫\\\"}",
        "password: ⟪Tr0ub4dor&3⟫",
        "Password: ⟪hunter2⟫.",
        "pwd = '⟪s3cr3t!⟫'",
        "config[\"secret\"] = \"⟪k9X2mQ7vB4nL⟫\";",
        "**Password:** ⟪Xk9#mQ2v⟫",
        "the wifi password is ⟪sunflower42⟫,",
        "the password for the staging database is ⟪Zx9!qqLm⟫.",
        "my passcode is ⟪482913⟫",
        "PIN: ⟪4821⟫",
        "user=jane&password=⟪hunter2⟫&next=1",
        "密码是⟪hunter2⟫。",
        "mot de passe : ⟪soleil42⟫",
        "contraseña: ⟪girasol99⟫",
        "пароль: ⟪qwerty77⟫",
        "aws_secret_access_key = ⟪wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKY⟫",
        "AccountKey=⟪Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq⟫;",
        "Authorization: Bearer ⟪mF_9.B5f-4.1JqM⟫",
        "Authorization: Basic ⟪QWxhZGRpbjpvcGVuIHNlc2FtZQ==⟫",
        "x-api-key: ⟪3f9a8b7c6d5e4f3a2b1c⟫",
        "curl -H 'Authorization: Token ⟪3f9a8b7c6d5e4f3a2b1c⟫'",
        "send it as Bearer ⟪a1B2c3D4e5F6g7⟫ please",
        "curl -sS -u ⟪jane:hunter2⟫ https://api.example.com",
        "exp 12/27, cvc: ⟪123⟫",
        "with token ⟪9f8e7d6c5b4a39281706abcd⟫ in hand",
        "<api_key>⟪a8F3kP0zQ9mN2xVb⟫</api_key>",
        "<Password>⟪hunter2⟫</Password>",
        "box.secret.key=⟪a8F3kP0zQ9mN2xVb⟫",
        "OPENAI_KEY=⟪a8F3kP0zQ9mN2xVbLw7R⟫",
        "Ocp-Apim-Subscription-Key: ⟪3f9a8b7c6d5e4f3a2b1c⟫",
        "| token | ⟪3f9a8b7c6d5e4f3a2b1c⟫ |",
        "| password | ⟪hunter2⟫ |",
        "Password - ⟪hunter2⟫",
        "password for admin:⟪hunter2⟫",
        "apikey[] = @\"⟪a8F3kP0zQ9mN2xVb⟫\"",
        "password = b\"⟪open sesame⟫\"",
        "password=⟪a&b3c!d⟫&user=x",
        "mysql -u root -p⟪hunter2⟫ app",
        "sshpass -p ⟪hunter2⟫ ssh host",
        "redis-cli -a ⟪hunter2⟫ ping",
        "비번: ⟪hunter2⟫",
        "Şifre: ⟪hunter2⟫",
        "كلمة المرور: ⟪hunter2⟫",
        "Set-Cookie: sid=⟪a8F3kP0zQ9mN2xVbLw7R⟫; Path=/",
        "Set-Cookie: session=⟪eyJ1c2VyIjo0MiwiYSI6MX0.Zx3k9Q.a8F3kP0zQ9mN2xVbLw7RtYcE4uH⟫; Path=/",
        "Cookie: theme=dark; app_session=⟪3f9a8b7c6d5e4f3a2b1c⟫",
        "client_secret: \"⟪/8FS64j2sM7Zk/K4teSMoGspV6zGCnAiWyCDVToG⟫\"",
        "with password ⟪03eTaMv3pXyXt6wszAv2sh+qeQWFPQ/wUzSeT+yAIytM⟫\n",
        "with the api key ⟪Y3qmFsgRmD4k0r0Y+8hFLM3U9/icbKf85bt1xfzt⟫\n",
        "with password ⟪495060c7e3f388ee884a1929b0cc6d805f382a18⟫",
        "SERVICE_SECRET=⟪UQbyBoZLiNcilMsoBVuIOxkU⟫",
        "token \"⟪a8F3kP0zQ9mN2xVb/Lw7RtYcE4uHsJdGf12==⟫\"",
    ] {
        assert_finds_secret(frame);
    }
}

#[test]
fn prose_about_secrets_is_not_found() {
    for text in [
        "the password is required",
        "Password: required",
        "your password is too short",
        "password must have 12 characters",
        "password: string",
        "\"password\": {\"type\": \"string\"}",
        "password = get_password()",
        "password = os.environ['DB_PASSWORD']",
        "token = config.auth.token",
        "password=${DB_PASSWORD}",
        "PASSWORD=<your password>",
        "password: ********",
        "max_tokens=4096",
        "tokens: 512",
        "\"max_tokens\": 1024",
        "token_type: bearer",
        "token_url=https://example.com/oauth2/token1",
        "the token limit is 128000",
        "secretary: Jane2",
        "tokenizer=llama3-8b",
        "the secret of success is work",
        "the bearer of this letter",
        "basic information about it",
        "Bearer token authentication",
        "pass: true",
        "let token: String",
        "fn verify(password: &str, token: Option<u8>)",
        "api key: YOUR_API_KEY",
        "password: [SECRET]",
        "password was changed on 2024-01-15",
        "password length: 8-64",
        "a pin is 3 mm long",
        "docker run -u 1000:1000 image",
        "sudo -u postgres psql",
        "private_key: /etc/ssl/private/server.pem",
        "pub password: [u16; 256],",
        "pub password: SecretString,",
        "docker login --password-stdin\nrev=1f290d8a-0477-4d61-b3b0-5f0b14e76b78",
        "PASSWORD_DIR is /etc/Secrets/Db/App1",
        "session=started, sid=12, auth=none",
        "PasswordKind = 1i32;",
        "private_key_flag = 2097152i32;",
        "url.password() == None)",
        "let prefs_key = kSmimeEncryptionKeyPrefs;",
        "password: CFStringRef;",
        "channel?passwd HTTP/1.1",
        "Pin `password-hash` to v0.1.2 or newer",
        "All tests pass: `cargo test --release`",
        "xs_pass = xs.i((0, 1))",
        "user, password = _split_password(user)",
        "valid_hashed_pass = hmac.HMAC(",
        "password = userinfo.partition(b':')",
        "let x=token,tokenStart=i+1}}return result",
        "passwordPrompt = 'npm password: '",
        "PASSWD = \"%s:%s\" % pair",
        "PUBLIC_AND_PASSWORD = \"PUBLIC_AND_PASSWORD\"",
        "The password is `&[u8]` and not text",
        "`bos_token()`, `eos_token()`",
        "module.exports = {\n  password: readPassword,\n}",
        "PUBLIC_KEY=a8F3kP0zQ9mN2xVbLw7R",
        "sort_key=a8F3kP0zQ9mN2xVbLw7R",
        "| password | string | required |",
        "mkdir -p /var/lib/app",
        "docker run -p 8080:8080 image",
    ] {
        assert!(find_all(text).is_empty(), "{text}: {:?}", find_all(text));
    }
}

#[test]
fn command_value_ends_at_a_placeholder() {
    assert_eq!(find_all("mysql -phunter2[EMAIL] x"), [(DataKind::Secret, "hunter2")]);
    assert_eq!(find_all("curl -u jane:hunter2[EMAIL] x"), [(DataKind::Secret, "jane:hunter2")]);
}

#[test]
fn a_long_value_is_found_completely_wherever_its_escape_sequences_are() {
    for escape in ["\\u002b", "\\/", "\\u003d", "&#x2F;"] {
        for length in 245..265 {
            let key = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG".repeat(9);
            assert_finds_secret(&format!("AccountKey=⟪{}{escape}{}⟫", &key[..length], &key[..40]));
        }
    }
    for length in 245..265 {
        let key = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG".repeat(9);
        assert_finds_secret(&format!("token=⟪{}⟫\\nuser=jane", &key[..length]));
    }
}

#[test]
fn a_password_of_letters_before_a_comma_is_found_outside_of_a_call() {
    assert_finds_secret("password=⟪letmein⟫, user=jane");
    assert_finds_secret("db: host=localhost, password=⟪letmein⟫, port=5432");
}

#[test]
fn values_between_escape_sequences_and_terminal_codes_are_found() {
    for frame in [
        "\x1b[3mpassword\x1b[0m\x1b[2m=\x1b[0m⟪hunter2⟫\x1b[0m",
        "\\u001b[32mpassword\\u001b[0m: ⟪hunter2⟫\\u001b[0m",
        "[32mpassword=⟪hunter2⟫[0m",
        "password%3D⟪hunter2⟫",
        "password\\u003d⟪hunter2⟫\\u0026user\\u003djane",
        "&quot;password&quot;:&quot;⟪open sesame⟫&quot;",
        "&#34;secret&#34;: &#34;⟪k9X2mQ7vB4nL⟫&#34;",
        "\\u0022secret\\u0022:\\u0022⟪k9X2mQ7vB4nL⟫\\u0022",
        "Authorization%3A%20Bearer%20⟪mF_9.B5f-4.1JqM⟫",
        "|token|⟪3f9a8b7c6d5e4f3a2b1c⟫|",
        "password: ‘⟪open sesame⟫’",
        "[password=⟪hunter2⟫](https://example.com)",
        "PIN: ⟪482913⟫!",
        "**PIN: ⟪482913⟫**",
        "sid%3D⟪a8F3kP0zQ9mN2xVbLw7R⟫",
        "AccountKey=⟪aB3\\/dE6gH9jK2\\u002bN5pQ8sT1vW4yZ7bC0\\u003d⟫\\u0026",
        "AccountKey&#x3D;⟪aB3&#x2F;dE6gH9jK2N5pQ8sT1vW4yZ7bC0&#x3D;⟫",
    ] {
        assert_finds_secret(frame);
    }
}

/// A closing bracket after a key never belongs to the key, wherever the opening bracket is.
#[test]
fn keys_of_connection_strings_before_a_closing_bracket_are_found() {
    let far = "x".repeat(100);
    for (open, close) in [("(", ")"), ("[", "]"), ("{", "}"), ("", ")"), ("", "]"), ("", "}"), ("", "))"), ("", ").")] {
        for before in [
            "Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=".to_owned(),
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=".to_owned(),
            format!("{far};account_key="),
        ] {
            assert_finds_secret(&format!("{open}{before}⟪aB3/dE6gH9jK2+N5pQ8sT1vW4yZ7bC0=⟫{close} x"));
        }
    }
}

#[test]
fn text_with_escape_sequences_and_markup_but_without_a_value_is_not_found() {
    for text in [
        "|name|password|email|",
        "user|token|scope",
        "token\\u003dnull",
        "&quot;password&quot;:&quot;&quot;",
        "PIN: 2024-01-15",
        "PIN: 3.5 mm",
        "pin: 1000mAh",
        "[token](https://example.com/x1)",
        "\x1b[32mpassword\x1b[0m: \x1b[2mrequired\x1b[0m",
        "token[0m",
    ] {
        assert!(find_all(text).is_empty(), "{text}: {:?}", find_all(text));
    }
}

/// Only the first bytes of a long value decide, and the placeholder covers all of it.
#[test]
fn long_values_are_found_completely() {
    for length in [200, 255, 256, 257, 300, 1_500] {
        let value: String = (0..length).map(|at| char::from(b"aB3dE6gH9jK2mN5pQ8"[(at * 7 + at * at) % 18])).collect();
        for frame in
            ["token=⟪{}⟫ x", "password=⟪{}⟫&user=jane", "(api_key=⟪{}⟫)", "\"token\": \"⟪{}⟫\"", "secret: ⟪{}⟫.\n"]
        {
            assert_finds_secret(&frame.replace("{}", &value));
        }
    }
}
