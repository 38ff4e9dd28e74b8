//! The rule about secrets: no file of the kit contains one. A value of a key whose name is that of a secret is read from
//! the environment (`${env:NAME}`, `${NAME}`) or from a file.

use serde_json::Value;

use super::list;
use super::read;
use super::report::Report;
use super::yaml;

/// The folders that are searched.
const FOLDERS: [&str; 7] =
    ["collector", "compose", "kubernetes", "load", "prometheus", "prometheus/remote-write", "prometheus/targets"];

/// Parts of names of keys whose values are secrets.
const SECRET_KEYS: [&str; 7] = ["api_key", "apikey", "authorization", "credentials", "password", "secret", "token"];

/// Names of keys that contain one of these words and hold no secret.
const HARMLESS_KEYS: [&str; 6] = [
    "automountserviceaccounttoken",
    "blocked_key_patterns",
    "credentials_file",
    "password_file",
    "secretname",
    "sigv4",
];

pub(super) fn check(report: &mut Report) -> Result<(), String> {
    for folder in FOLDERS {
        for file in list(folder, &[".yaml", ".yml"])? {
            for document in yaml::parse_all(&file, &read(&file)?)? {
                check_document(&file, &document, report);
            }
        }
    }
    Ok(())
}

/// Adds a finding for each literal secret.
fn check_document(file: &str, document: &Value, report: &mut Report) {
    yaml::walk(document, &mut Vec::new(), &mut |path, value| {
        let Some(key) = path.last().map(|key| key.to_lowercase()) else { return };
        let is_secret = SECRET_KEYS.iter().any(|word| key.contains(word)) && !HARMLESS_KEYS.contains(&key.as_str());
        let Some(text) = value.as_str().filter(|_| is_secret) else { return };
        if !is_reference(text) {
            report.add(file, "no literal secrets", &format!("`{}` must be read from the environment", path.join(".")));
        }
    });
}

/// Returns true for a text that names a variable of the environment only, or one after the word of a scheme.
fn is_reference(text: &str) -> bool {
    let value = ["Bearer ", "Basic ", "ApiKey "].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
    value.starts_with("${") && value.ends_with('}') && !value.contains(":-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        let mut report = Report::default();
        check_document("test", &yaml::parse("test", text).unwrap(), &mut report);
        report.findings().len()
    }

    #[test]
    fn a_literal_secret_is_refused_and_one_of_the_environment_is_not() {
        assert_eq!(findings("headers: {Authorization: Bearer abc}"), 1);
        assert_eq!(findings("headers: {Authorization: 'Bearer ${env:KEY}'}"), 0);
        assert_eq!(findings("exporters: {elasticsearch: {api_key: abc}}"), 1);
        assert_eq!(findings("exporters: {elasticsearch: {api_key: '${env:KEY}'}}"), 0);
        assert_eq!(findings("password: ${PASSWORD:-admin}"), 1, "a default is a literal secret");
        assert_eq!(findings("password_file: /run/secrets/password"), 0);
        assert_eq!(findings("headers: {X-Scope-OrgID: team-a}"), 0);
    }
}
