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
use super::builder::RedactorBuildError;
use super::class;
use super::command;
use super::email;
use super::found;
use super::found::Detection;
use super::found::Match;
use super::found::MatchedKind;
use super::jwt;
use super::key;
use super::kind::DataKind;
use super::kind::DataKindSet;
use super::network;
use super::number;
use super::pem;
use super::phone;
use super::region::Region;
use super::region::RegionSet;
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
    families: Vec<Vec<(BuiltinDetector, usize)>>,
}

/// Maximum length of a literal in bytes.
pub(super) const LONGEST: usize = 40;

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
    PrefixedKey(usize),
    Placeholder,
    MaxMind,
    UrlParameter,
    Pem,
    InternationalPhone,
    ObfuscatedEmail,
    Terraform,
    UrlUserInfo,
}

/// A text with the enabled kinds and regions.
#[derive(Clone, Copy)]
pub(super) struct ScanContext<'a, 't> {
    pub(super) text: &'a TextView<'t>,
    anchors: &'a Prefilter,
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
    pub(super) fn find(&self, bytes: &[u8], from: usize, to: usize) -> Option<Candidate> {
        let found = self.table.automaton.try_find(&Input::new(bytes).range(from..to)).ok().flatten()?;
        Some(Candidate { start: found.start(), end: found.end(), literal: found.pattern().as_usize() })
    }

    /// Returns the match that starts at a candidate or contains it.
    pub(super) fn detect(&self, text: &TextView<'_>, anchor: Candidate) -> Detection {
        ScanContext { text, anchors: self }.detect(anchor, |_| true)
    }
}

impl LiteralTable {
    fn new(kinds: DataKindSet) -> Result<Self, RedactorBuildError> {
        let mut literals: Vec<(String, Vec<(BuiltinDetector, usize)>)> = Vec::new();
        for (literal, family) in list(kinds) {
            let lower = literal.to_ascii_lowercase();
            let own = (family, lower.len());
            match literals.iter_mut().find(|(known, _)| *known == lower) {
                Some((_, families)) => families.push(own),
                None => literals.push((lower, vec![own])),
            }
        }
        let families = literals.iter().map(|(literal, _)| chain(literal, &literals)).collect();
        let automaton = DFA::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .start_kind(StartKind::Both)
            .prefilter(false)
            .build(literals.iter().map(|(literal, _)| literal))
            .map_err(|error| RedactorBuildError::new("the built-in detectors", &error))?;
        Ok(Self { automaton, families })
    }
}

/// Returns the detectors of a literal and of its prefixes, the longest literal first.
fn chain(literal: &str, all: &[(String, Vec<(BuiltinDetector, usize)>)]) -> Vec<(BuiltinDetector, usize)> {
    let begins = all.iter().filter(|(other, _)| literal.starts_with(&other[..]));
    let mut families: Vec<_> = begins.flat_map(|(_, families)| families).copied().collect();
    families.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
    families
}

/// A position to examine, with the literal that was found there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) start: usize,
    pub(super) end: usize,
    literal: usize,
}

impl ScanContext<'_, '_> {
    pub(super) const fn is_enabled(&self, kind: DataKind) -> bool {
        self.anchors.kinds.has(kind)
    }

    pub(super) fn regions(&self) -> impl Iterator<Item = Region> + use<> {
        self.anchors.regions.iter()
    }

    pub(super) const fn anchors_in(&self, region: Region) -> bool {
        self.anchors.regions.has(region)
    }

    pub(super) const fn has_regions(&self) -> bool {
        self.anchors.regions.any()
    }

    /// Returns the key or token at `at` if its format identifies it better than the keyword before it.
    pub(super) fn specific(&self, at: usize) -> Option<Match> {
        // The choice of the literal depends on this many bytes.
        self.text.at(at + LONGEST);
        let input = Input::new(self.text.bytes()).range(at..self.text.visible_end()).anchored(Anchored::Yes);
        let found = self.anchors.table.automaton.try_find(&input).ok().flatten()?;
        let anchor = Candidate { start: at, end: found.end(), literal: found.pattern().as_usize() };
        self.detect(anchor, |family| {
            matches!(
                family,
                BuiltinDetector::PrefixedKey(_) | BuiltinDetector::Jwt | BuiltinDetector::Pem | BuiltinDetector::Digit
            )
        })
        .hit
    }

    fn detect(&self, anchor: Candidate, wanted: impl Fn(BuiltinDetector) -> bool) -> Detection {
        let mut next = anchor.start + 1;
        let families = self.anchors.table.families.get(anchor.literal).into_iter().flatten();
        for (family, length) in families.filter(|(family, _)| wanted(*family)) {
            let look = self.run_detector(*family, anchor.start, anchor.start + length);
            if look.hit.is_some() {
                return look;
            }
            next = next.max(look.next);
        }
        Detection::none(next)
    }

    fn run_detector(&self, family: BuiltinDetector, at: usize, end: usize) -> Detection {
        let text = self.text;
        let hit = match family {
            BuiltinDetector::Assignment(named) => assignment::assignment(self, at, end, named),
            BuiltinDetector::Azure => key::azure(text, at, end),
            BuiltinDetector::Terraform => key::terraform(text, at, end),
            BuiltinDetector::MaxMind => key::maxmind(text, at, end),
            BuiltinDetector::Bearer => command::bearer(self, at, end),
            BuiltinDetector::BirthDate => birth_date::birth(text, at, end),
            BuiltinDetector::BracketedPhone => phone::bracketed(self, at),
            BuiltinDetector::NetworkSeparator => network::around(self, at),
            BuiltinDetector::SessionCookie => assignment::cookie(self, at, end),
            BuiltinDetector::CommandPassword => command::password(text, at, end),
            BuiltinDetector::CommandUser => command::user(text, at, end),
            BuiltinDetector::Digit => return number::number(self, at),
            BuiltinDetector::Email => email::email(text, at, end),
            BuiltinDetector::Jwt => jwt::jwt(text, at),
            BuiltinDetector::PrefixedKey(place) => key::key(text, at, end, &key::SHAPES[place]),
            BuiltinDetector::Placeholder => label(text, at),
            BuiltinDetector::UrlParameter => url::parameter(text, at, end),
            BuiltinDetector::Pem => pem::pem(text, at),
            BuiltinDetector::InternationalPhone => phone::international(self, at),
            BuiltinDetector::ObfuscatedEmail => email::spelled_out(text, at, end),
            BuiltinDetector::UrlUserInfo => url::user_info(text, at),
        };
        hit.map_or_else(|| Detection::none(at + 1), Detection::from)
    }
}

/// Returns the placeholder that the text already contains at `at`.
fn label(text: &TextView<'_>, at: usize) -> Option<Match> {
    let end = text.short_run(class::UPPER | class::DIGIT | class::DASH, at + 1, 34);
    let known = text.at(end) == b']' && found::is_placeholder_name(text.slice(at + 1, end));
    known.then_some(Match { start: at, end: end + 1, what: MatchedKind::Placeholder })
}

fn list(kinds: DataKindSet) -> Vec<(String, BuiltinDetector)> {
    let mut list = Vec::new();
    let mut add = |wanted: DataKind, literals: &[&str], family: BuiltinDetector| {
        if kinds.has(wanted) {
            list.extend(literals.iter().map(|literal| ((*literal).to_owned(), family)));
        }
    };
    for (place, shape) in key::SHAPES.iter().enumerate() {
        add(DataKind::ApiKey, &[shape.prefix], BuiltinDetector::PrefixedKey(place));
    }
    add(DataKind::ApiKey, &["Q~"], BuiltinDetector::Azure);
    add(DataKind::ApiKey, &[".atlasv1."], BuiltinDetector::Terraform);
    add(DataKind::ApiKey, &["_mmk"], BuiltinDetector::MaxMind);
    add(DataKind::Jwt, &["eyJ"], BuiltinDetector::Jwt);
    add(DataKind::PrivateKey, &["-----BEGIN"], BuiltinDetector::Pem);
    add(DataKind::UrlCredential, &["://"], BuiltinDetector::UrlUserInfo);
    for name in literals::PARAMETERS {
        add(DataKind::UrlCredential, &[&format!("?{name}="), &format!("&{name}=")], BuiltinDetector::UrlParameter);
    }
    add(DataKind::Secret, literals::PASSWORDS, BuiltinDetector::Assignment(SecretKind::Password));
    add(DataKind::Secret, literals::PINS, BuiltinDetector::Assignment(SecretKind::Pin));
    add(DataKind::Secret, literals::TOKENS, BuiltinDetector::Assignment(SecretKind::Key));
    add(DataKind::Secret, &["_key"], BuiltinDetector::Assignment(SecretKind::EnvVariable));
    for opener in literals::OPENERS {
        let keys = [format!("{opener}key"), format!("{opener}_key"), format!("{opener}-key"), format!("{opener} key")];
        add(DataKind::Secret, &keys.each_ref().map(String::as_str), BuiltinDetector::Assignment(SecretKind::Key));
    }
    add(DataKind::Secret, literals::COOKIES, BuiltinDetector::SessionCookie);
    add(DataKind::Secret, &["bearer ", "basic "], BuiltinDetector::Bearer);
    add(DataKind::Secret, &[" -u ", " --user "], BuiltinDetector::CommandUser);
    add(DataKind::Secret, &[" -p", " -a "], BuiltinDetector::CommandPassword);
    add(DataKind::DateOfBirth, literals::BIRTH, BuiltinDetector::BirthDate);
    add(DataKind::Email, &["@", "%40", "\\u0040"], BuiltinDetector::Email);
    add(DataKind::Email, literals::AT, BuiltinDetector::ObfuscatedEmail);
    add(DataKind::Phone, &["+"], BuiltinDetector::InternationalPhone);
    add(DataKind::Phone, &["("], BuiltinDetector::BracketedPhone);
    add(DataKind::Ip, &[":"], BuiltinDetector::NetworkSeparator);
    if kinds.has(DataKind::Mac) {
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
    fn no_anchor_is_longer_than_what_is_held_back_of_a_stream() {
        let longest = list(DataKindSet::ALL).into_iter().max_by_key(|(literal, _)| literal.len()).unwrap();
        assert!(longest.0.len() <= LONGEST, "{longest:?}");
    }

    #[test]
    fn a_literal_leads_to_what_its_begins_lead_to() {
        let anchors = Prefilter::new(DataKindSet::ALL, RegionSet::NONE).unwrap();
        let found = anchors.find(b"x sk-proj-", 0, 10).unwrap();
        let lengths: Vec<_> = anchors.table.families[found.literal].iter().map(|(_, length)| *length).collect();
        assert_eq!((found.start, lengths), (2, vec![8, 3, 2]));
    }
}
