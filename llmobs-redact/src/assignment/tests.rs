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
