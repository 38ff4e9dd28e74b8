use super::super::Kind;
use super::super::probe::found;

/// The secret stands in double angle brackets.
fn check(frame: &str) {
    let secret = frame.split(['⟪', '⟫']).nth(1).unwrap();
    let text = frame.replace(['⟪', '⟫'], "");
    assert_eq!(found(&text), [(Kind::Secret, secret)], "{text}");
}

#[test]
fn values_behind_a_name_are_found() {
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
    ] {
        check(frame);
    }
}

#[test]
fn talk_about_secrets_stays() {
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
    ] {
        assert!(found(text).is_empty(), "{text}: {:?}", found(text));
    }
}
