//! Prefilter: one automaton that finds every position where a match can start.
//!
//! The automaton contains literals only, so it is a plain table without a cache. About two hundred patterns as one
//! regular expression would need tens of thousands of states. The detectors decide in code whether a candidate is a
//! match.

mod literals;

use std::sync::Arc;
use std::sync::OnceLock;

use aho_corasick::Anchored;
use aho_corasick::Input;
use aho_corasick::MatchKind;
use aho_corasick::StartKind;
use aho_corasick::automaton::Automaton;
use aho_corasick::dfa::DFA;

use super::assignment;
use super::birth_date;
use super::build_error::RedactorBuildError;
use super::class;
use super::command;
use super::email;
use super::found;
use super::found::Detection;
use super::found::Match;
use super::found::MatchedKind;
use super::jwt;
use super::key;
use super::key::KeyFormat;
use super::kind::DataKind;
use super::kind::DataKindSet;
use super::network;
use super::number;
use super::pem;
use super::phone;
use super::region::RegionSet;
use super::scan_context::KnownTokens;
use super::scan_context::ScanContext;
use super::secret_value::SecretKind;
use super::url;
use super::view::TextView;

/// The enabled kinds and regions, and the automaton that finds candidates.
#[derive(Debug, Clone)]
pub(super) struct Prefilter {
    table: Arc<LiteralTable>,
    kinds: DataKindSet,
    regions: RegionSet,
}

#[derive(Debug)]
struct LiteralTable {
    automaton: DFA,
    /// For each literal: the detectors of the literal and of its shorter prefixes, with the length of their literal.
    detectors: Vec<Vec<(BuiltinDetector, usize)>>,
}

/// Maximum length of a literal in bytes.
pub(super) const MAX_LITERAL_BYTES: usize = 40;

/// A built-in detector that examines a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BuiltinDetector {
    Assignment(SecretKind),
    Azure,
    Bearer,
    BirthDate,
    BracketedPhone,
    /// `:` or `-` in a network address that starts with a letter.
    NetworkSeparator,
    SessionCookie,
    /// `sshpass -p password`.
    CommandPassword,
    /// `curl -u user:password`.
    CommandUser,
    Digit,
    Email,
    Jwt,
    PrefixedKey(&'static KeyFormat),
    Placeholder,
    Mailchimp,
    MaxMind,
    NewRelic,
    UrlParameter {
        /// True if every value of the parameter is a secret.
        is_certain: bool,
    },
    Pem,
    InternationalPhone,
    ObfuscatedEmail,
    Terraform,
    UrlUserInfo,
}

impl Prefilter {
    pub(super) fn new(kinds: DataKindSet, regions: RegionSet) -> Result<Self, RedactorBuildError> {
        // Most applications enable all kinds, and the table does not depend on the regions.
        static ALL: OnceLock<Arc<LiteralTable>> = OnceLock::new();
        let table = match ALL.get() {
            Some(table) if kinds == DataKindSet::ALL => Arc::clone(table),
            _ => Arc::new(LiteralTable::new(kinds)?),
        };
        if kinds == DataKindSet::ALL {
            let _ = ALL.set(Arc::clone(&table));
        }
        Ok(Self { table, kinds, regions })
    }

    /// Returns the first candidate in a range.
    pub(super) fn find_candidate(&self, bytes: &[u8], from: usize, to: usize) -> Option<Candidate> {
        let found = self.table.automaton.try_find(&Input::new(bytes).range(from..to)).ok().flatten()?;
        Some(Candidate { start: found.start(), end: found.end(), literal: found.pattern().as_usize() })
    }

    /// Returns the match that starts at a candidate or contains it.
    pub(super) fn detect(&self, text: &TextView<'_>, candidate: Candidate) -> Detection {
        self.detect_where(&self.context(text), candidate, |_| true)
    }

    const fn context<'a, 't>(&'a self, text: &'a TextView<'t>) -> ScanContext<'a, 't> {
        ScanContext { text, kinds: self.kinds, regions: self.regions, known_tokens: self }
    }

    /// Runs the wanted detectors of the candidate's literal, up to the first match.
    fn detect_where(
        &self,
        scan: &ScanContext<'_, '_>,
        candidate: Candidate,
        is_wanted: impl Fn(BuiltinDetector) -> bool,
    ) -> Detection {
        let mut resume_at = candidate.start + 1;
        let detectors = self.table.detectors.get(candidate.literal).into_iter().flatten();
        for (detector, length) in detectors.filter(|(detector, _)| is_wanted(*detector)) {
            let detection = detector.detect(scan, candidate.start, candidate.start + length);
            if detection.found.is_some() {
                return detection;
            }
            resume_at = resume_at.max(detection.resume_at);
        }
        Detection::none(resume_at)
    }
}

impl LiteralTable {
    fn new(kinds: DataKindSet) -> Result<Self, RedactorBuildError> {
        let mut literals: Vec<(String, Vec<(BuiltinDetector, usize)>)> = Vec::new();
        for (literal, detector) in builtin_literals(kinds) {
            let lower = literal.to_ascii_lowercase();
            let own = (detector, lower.len());
            match literals.iter_mut().find(|(known, _)| *known == lower) {
                Some((_, detectors)) => detectors.push(own),
                None => literals.push((lower, vec![own])),
            }
        }
        let detectors = literals.iter().map(|(literal, _)| detectors_of_prefixes(literal, &literals)).collect();
        let automaton = DFA::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .start_kind(StartKind::Both)
            .prefilter(false)
            .build(literals.iter().map(|(literal, _)| literal))
            .map_err(|error| RedactorBuildError::new("the built-in detectors", &error))?;
        Ok(Self { automaton, detectors })
    }
}

/// Returns the detectors of a literal and of its prefixes, the longest literal first.
fn detectors_of_prefixes(
    literal: &str,
    all: &[(String, Vec<(BuiltinDetector, usize)>)],
) -> Vec<(BuiltinDetector, usize)> {
    let prefixes = all.iter().filter(|(other, _)| literal.starts_with(&other[..]));
    let mut detectors: Vec<_> = prefixes.flat_map(|(_, detectors)| detectors).copied().collect();
    detectors.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
    detectors
}

/// A position to examine, with the literal that was found there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) start: usize,
    pub(super) end: usize,
    literal: usize,
}

impl KnownTokens for Prefilter {
    fn known_token_at(&self, text: &TextView<'_>, at: usize) -> Option<Match> {
        // The choice of the literal depends on this many bytes.
        text.byte_at(at + MAX_LITERAL_BYTES);
        let input = Input::new(text.bytes()).range(at..text.visible_end()).anchored(Anchored::Yes);
        let found = self.table.automaton.try_find(&input).ok().flatten()?;
        let candidate = Candidate { start: at, end: found.end(), literal: found.pattern().as_usize() };
        let is_token = |detector| {
            matches!(
                detector,
                BuiltinDetector::PrefixedKey(_) | BuiltinDetector::Jwt | BuiltinDetector::Pem | BuiltinDetector::Digit
            )
        };
        self.detect_where(&self.context(text), candidate, is_token).found
    }
}

impl BuiltinDetector {
    /// Examines a candidate whose literal is `at..end`.
    fn detect(self, scan: &ScanContext<'_, '_>, at: usize, end: usize) -> Detection {
        let text = scan.text;
        let matched = match self {
            Self::Assignment(kind) => assignment::detect(scan, at, end, kind),
            Self::Azure => key::detect_azure(text, at, end),
            Self::Terraform => key::detect_terraform(text, at, end),
            Self::Mailchimp => key::detect_mailchimp(text, at, end),
            Self::NewRelic => key::detect_new_relic(text, at, end),
            Self::MaxMind => key::detect_maxmind(text, at, end),
            Self::Bearer => command::detect_auth_header(scan, at, end),
            Self::BirthDate => birth_date::detect(text, at, end),
            Self::BracketedPhone => phone::detect_bracketed(scan, at),
            Self::NetworkSeparator => network::detect_around(scan, at),
            Self::SessionCookie => assignment::detect_cookie(scan, at, end),
            Self::CommandPassword => command::detect_password_flag(text, at, end),
            Self::CommandUser => command::detect_curl_user(text, at, end),
            Self::Digit => return number::detect(scan, at),
            Self::Email => email::detect(text, at, end),
            Self::Jwt => jwt::detect(text, at),
            Self::PrefixedKey(format) => key::detect_prefixed(text, at, format),
            Self::Placeholder => detect_placeholder(text, at),
            Self::UrlParameter { is_certain } => url::detect_parameter(text, end, is_certain),
            Self::Pem => pem::detect(text, at),
            Self::InternationalPhone => phone::detect_international(scan, at, end),
            Self::ObfuscatedEmail => email::detect_obfuscated(text, at, end),
            Self::UrlUserInfo => url::detect_user_info(text, at, end),
        };
        matched.map_or_else(|| Detection::none(at + 1), Detection::from)
    }
}

/// Returns the placeholder that the text already contains at `at`.
fn detect_placeholder(text: &TextView<'_>, at: usize) -> Option<Match> {
    let end = text.bounded_run_end(class::UPPER | class::DIGIT | class::DASH_UNDERSCORE, at + 1, 34);
    let known = text.byte_at(end) == b']' && found::is_placeholder_name(text.slice(at + 1, end));
    known.then_some(Match { start: at, end: end + 1, kind: MatchedKind::Placeholder })
}

fn builtin_literals(kinds: DataKindSet) -> Vec<(String, BuiltinDetector)> {
    let mut list = Vec::new();
    let mut add = |kind: DataKind, literals: &[&str], detector: BuiltinDetector| {
        if kinds.contains(kind) {
            list.extend(literals.iter().map(|literal| ((*literal).to_owned(), detector)));
        }
    };
    for format in key::key_formats() {
        add(DataKind::ApiKey, &[format.prefix], BuiltinDetector::PrefixedKey(format));
        // Escape sequences can replace the slashes of an address. The detector compares the whole prefix.
        if let Some((host, _)) = format.prefix.split_once('/') {
            let escaped = ["\\/", "%2F", "&#x2F;", "\\u002f", "\\\\u002f"].map(|slash| format!("{host}{slash}"));
            add(DataKind::ApiKey, &escaped.each_ref().map(String::as_str), BuiltinDetector::PrefixedKey(format));
        }
    }
    add(DataKind::ApiKey, &["FFFFNRAL"], BuiltinDetector::NewRelic);
    add(DataKind::ApiKey, &["-us"], BuiltinDetector::Mailchimp);
    add(DataKind::ApiKey, &["Q~"], BuiltinDetector::Azure);
    add(DataKind::ApiKey, &[".atlasv1."], BuiltinDetector::Terraform);
    add(DataKind::ApiKey, &["_mmk"], BuiltinDetector::MaxMind);
    add(DataKind::Jwt, &["eyJ"], BuiltinDetector::Jwt);
    add(DataKind::PrivateKey, &["-----BEGIN"], BuiltinDetector::Pem);
    add(DataKind::UrlCredential, &["://", ":\\/\\/", ":&#x2F;&#x2F;"], BuiltinDetector::UrlUserInfo);
    for name in literals::URL_PARAMETERS {
        let written = literals::URL_PARAMETER_SIGNS.map(|(before, after)| format!("{before}{name}{after}"));
        let is_certain = literals::CERTAIN_URL_PARAMETERS.iter().any(|ending| name.ends_with(ending));
        let detector = BuiltinDetector::UrlParameter { is_certain };
        add(DataKind::UrlCredential, &written.each_ref().map(String::as_str), detector);
    }
    add(DataKind::Secret, literals::PASSWORD_NAMES, BuiltinDetector::Assignment(SecretKind::Password));
    add(DataKind::Secret, literals::PIN_NAMES, BuiltinDetector::Assignment(SecretKind::Pin));
    add(DataKind::Secret, literals::TOKEN_NAMES, BuiltinDetector::Assignment(SecretKind::Key));
    add(DataKind::Secret, &["_key"], BuiltinDetector::Assignment(SecretKind::EnvVariable));
    for qualifier in literals::KEY_QUALIFIERS {
        let keys = [
            format!("{qualifier}key"),
            format!("{qualifier}_key"),
            format!("{qualifier}-key"),
            format!("{qualifier} key"),
        ];
        add(DataKind::Secret, &keys.each_ref().map(String::as_str), BuiltinDetector::Assignment(SecretKind::Key));
    }
    for name in literals::SESSION_COOKIES {
        let written = literals::EQUALS_SIGNS.map(|sign| format!("{name}{sign}"));
        add(DataKind::Secret, &written.each_ref().map(String::as_str), BuiltinDetector::SessionCookie);
    }
    add(DataKind::Secret, &["bearer ", "basic ", "bearer%20", "basic%20"], BuiltinDetector::Bearer);
    add(DataKind::Secret, &[" -u ", " --user "], BuiltinDetector::CommandUser);
    add(DataKind::Secret, &[" -p", " -a "], BuiltinDetector::CommandPassword);
    add(DataKind::DateOfBirth, literals::BIRTH_WORDS, BuiltinDetector::BirthDate);
    add(DataKind::Email, &["@", "%40", "\\u0040", "\\x40", "&#64;", "&#x40;"], BuiltinDetector::Email);
    add(DataKind::Email, literals::SPELLED_AT_SIGNS, BuiltinDetector::ObfuscatedEmail);
    add(DataKind::Phone, &["+", "%2B", "\\u002B", "&#43;", "&#x2B;"], BuiltinDetector::InternationalPhone);
    add(DataKind::Phone, &["("], BuiltinDetector::BracketedPhone);
    add(DataKind::Ip, &[":"], BuiltinDetector::NetworkSeparator);
    if kinds.contains(DataKind::Mac) {
        list.extend([":", "-"].map(|sign| (sign.to_owned(), BuiltinDetector::NetworkSeparator)));
    }
    list.push(("[".to_owned(), BuiltinDetector::Placeholder));
    list.extend((0..10).map(|digit| (digit.to_string(), BuiltinDetector::Digit)));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_literal_is_longer_than_the_maximum() {
        let longest = builtin_literals(DataKindSet::ALL).into_iter().max_by_key(|(literal, _)| literal.len()).unwrap();
        assert!(longest.0.len() <= MAX_LITERAL_BYTES, "{longest:?}");
    }

    #[test]
    fn literal_has_the_detectors_of_its_prefixes() {
        let prefilter = Prefilter::new(DataKindSet::ALL, RegionSet::NONE).unwrap();
        let found = prefilter.find_candidate(b"x sk-proj-", 0, 10).unwrap();
        let lengths: Vec<_> = prefilter.table.detectors[found.literal].iter().map(|(_, length)| *length).collect();
        assert_eq!((found.start, lengths), (2, vec![8, 3, 2]));
    }
}
