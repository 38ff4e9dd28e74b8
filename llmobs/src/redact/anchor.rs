//! Where a look is worth while: the first bytes of everything that can be found, in one automaton.
//!
//! They are literals, so the automaton is a plain table without a cache: about two hundred patterns as one regular
//! expression need tens of thousands of states. How a candidate goes on is decided in code.

mod words;

use std::sync::Arc;
use std::sync::OnceLock;

use aho_corasick::Anchored;
use aho_corasick::Input;
use aho_corasick::MatchKind;
use aho_corasick::StartKind;
use aho_corasick::automaton::Automaton;
use aho_corasick::dfa::DFA;

use super::assignment;
use super::birth;
use super::builder::PatternError;
use super::class;
use super::command;
use super::email;
use super::hit;
use super::hit::Hit;
use super::hit::Look;
use super::hit::What;
use super::jwt;
use super::key;
use super::kind::Kind;
use super::kind::Kinds;
use super::network;
use super::number;
use super::pem;
use super::phone;
use super::region::Region;
use super::region::Regions;
use super::text::Text;
use super::url;
use super::value::Named;

/// What to look for, and the automaton that finds where.
#[derive(Debug, Clone)]
pub(super) struct Anchors {
    table: Arc<Table>,
    kinds: Kinds,
    regions: Regions,
}

#[derive(Debug)]
struct Table {
    automaton: DFA,
    /// For each literal: what may begin with it, and with shorter ones that it begins with.
    families: Vec<Vec<(Family, usize)>>,
}

/// No anchor is longer.
pub(super) const LONGEST: usize = 40;

/// What may begin at an anchor, or lie around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Assigned(Named),
    Azure,
    Bearer,
    Birth,
    Bracket,
    /// `:` or `-`: a network address that begins with a letter.
    Colon,
    Cookie,
    /// `sshpass -p password`.
    CommandPassword,
    /// `curl -u user:password`.
    CommandUser,
    Digit,
    Email,
    Jwt,
    Key(usize),
    Label,
    MaxMind,
    Parameter,
    Pem,
    Plus,
    SpelledEmail,
    Terraform,
    Url,
}

/// A text and what to look for in it.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a, 't> {
    pub(super) text: &'a Text<'t>,
    anchors: &'a Anchors,
}

impl Anchors {
    pub(super) fn new(kinds: Kinds, regions: Regions) -> Result<Self, PatternError> {
        // Nearly everybody looks for all kinds, and the table is the same for all regions.
        static ALL: OnceLock<Arc<Table>> = OnceLock::new();
        let table = match ALL.get() {
            Some(table) if kinds == Kinds::ALL => Arc::clone(table),
            _ => Arc::new(Table::new(kinds)?),
        };
        if kinds == Kinds::ALL {
            let _ = ALL.set(Arc::clone(&table));
        }
        Ok(Self { table, kinds, regions })
    }

    /// The next anchor in a range.
    pub(super) fn find(&self, bytes: &[u8], from: usize, to: usize) -> Option<Anchor> {
        let found = self.table.automaton.try_find(&Input::new(bytes).range(from..to)).ok().flatten()?;
        Some(Anchor { start: found.start(), end: found.end(), literal: found.pattern().as_usize() })
    }

    /// What begins at an anchor or lies around it.
    pub(super) fn look(&self, text: &Text<'_>, anchor: Anchor) -> Look {
        Scene { text, anchors: self }.look(anchor, |_| true)
    }
}

impl Table {
    fn new(kinds: Kinds) -> Result<Self, PatternError> {
        let mut literals: Vec<(String, Vec<(Family, usize)>)> = Vec::new();
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
            .map_err(|error| PatternError::new("the built-in detectors", &error))?;
        Ok(Self { automaton, families })
    }
}

/// What a literal may begin, the longest first.
fn chain(literal: &str, all: &[(String, Vec<(Family, usize)>)]) -> Vec<(Family, usize)> {
    let begins = all.iter().filter(|(other, _)| literal.starts_with(&other[..]));
    let mut families: Vec<_> = begins.flat_map(|(_, families)| families).copied().collect();
    families.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
    families
}

/// A place to look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    pub(super) start: usize,
    pub(super) end: usize,
    literal: usize,
}

impl Scene<'_, '_> {
    pub(super) const fn wants(&self, kind: Kind) -> bool {
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

    /// A key or token whose own shape tells more than the name before it.
    pub(super) fn specific(&self, at: usize) -> Option<Hit> {
        // Which anchor it is hangs on so many bytes.
        self.text.at(at + LONGEST);
        let input = Input::new(self.text.bytes()).range(at..self.text.seen()).anchored(Anchored::Yes);
        let found = self.anchors.table.automaton.try_find(&input).ok().flatten()?;
        let anchor = Anchor { start: at, end: found.end(), literal: found.pattern().as_usize() };
        self.look(anchor, |family| matches!(family, Family::Key(_) | Family::Jwt | Family::Pem | Family::Digit)).hit
    }

    fn look(&self, anchor: Anchor, wanted: impl Fn(Family) -> bool) -> Look {
        let mut next = anchor.start + 1;
        let families = self.anchors.table.families.get(anchor.literal).into_iter().flatten();
        for (family, length) in families.filter(|(family, _)| wanted(*family)) {
            let look = self.look_for(*family, anchor.start, anchor.start + length);
            if look.hit.is_some() {
                return look;
            }
            next = next.max(look.next);
        }
        Look::nothing(next)
    }

    fn look_for(&self, family: Family, at: usize, end: usize) -> Look {
        let text = self.text;
        let hit = match family {
            Family::Assigned(named) => assignment::assignment(self, at, end, named),
            Family::Azure => key::azure(text, at, end),
            Family::Terraform => key::terraform(text, at, end),
            Family::MaxMind => key::maxmind(text, at, end),
            Family::Bearer => command::bearer(self, at, end),
            Family::Birth => birth::birth(text, at, end),
            Family::Bracket => phone::bracketed(self, at),
            Family::Colon => network::around(self, at),
            Family::Cookie => assignment::cookie(self, at, end),
            Family::CommandPassword => command::password(text, at, end),
            Family::CommandUser => command::user(text, at, end),
            Family::Digit => return number::number(self, at),
            Family::Email => email::email(text, at, end),
            Family::Jwt => jwt::jwt(text, at),
            Family::Key(place) => key::key(text, at, end, &key::SHAPES[place]),
            Family::Label => label(text, at),
            Family::Parameter => url::parameter(text, at, end),
            Family::Pem => pem::pem(text, at),
            Family::Plus => phone::international(self, at),
            Family::SpelledEmail => email::spelled_out(text, at, end),
            Family::Url => url::user_info(text, at),
        };
        hit.map_or_else(|| Look::nothing(at + 1), Look::from)
    }
}

/// A label that stands in the text already.
fn label(text: &Text<'_>, at: usize) -> Option<Hit> {
    let end = text.short_run(class::UPPER | class::DIGIT | class::DASH, at + 1, 34);
    let known = text.at(end) == b']' && hit::is_label(text.slice(at + 1, end));
    known.then_some(Hit { start: at, end: end + 1, what: What::Label })
}

fn list(kinds: Kinds) -> Vec<(String, Family)> {
    let mut list = Vec::new();
    let mut add = |wanted: Kind, literals: &[&str], family: Family| {
        if kinds.has(wanted) {
            list.extend(literals.iter().map(|literal| ((*literal).to_owned(), family)));
        }
    };
    for (place, shape) in key::SHAPES.iter().enumerate() {
        add(Kind::ApiKey, &[shape.prefix], Family::Key(place));
    }
    add(Kind::ApiKey, &["Q~"], Family::Azure);
    add(Kind::ApiKey, &[".atlasv1."], Family::Terraform);
    add(Kind::ApiKey, &["_mmk"], Family::MaxMind);
    add(Kind::Jwt, &["eyJ"], Family::Jwt);
    add(Kind::PrivateKey, &["-----BEGIN"], Family::Pem);
    add(Kind::UrlCredential, &["://"], Family::Url);
    for name in words::PARAMETERS {
        add(Kind::UrlCredential, &[&format!("?{name}="), &format!("&{name}=")], Family::Parameter);
    }
    add(Kind::Secret, words::PASSWORDS, Family::Assigned(Named::Password));
    add(Kind::Secret, words::PINS, Family::Assigned(Named::Pin));
    add(Kind::Secret, words::TOKENS, Family::Assigned(Named::Key));
    add(Kind::Secret, &["_key"], Family::Assigned(Named::Variable));
    for opener in words::OPENERS {
        let keys = [format!("{opener}key"), format!("{opener}_key"), format!("{opener}-key"), format!("{opener} key")];
        add(Kind::Secret, &keys.each_ref().map(String::as_str), Family::Assigned(Named::Key));
    }
    add(Kind::Secret, words::COOKIES, Family::Cookie);
    add(Kind::Secret, &["bearer ", "basic "], Family::Bearer);
    add(Kind::Secret, &[" -u ", " --user "], Family::CommandUser);
    add(Kind::Secret, &[" -p", " -a "], Family::CommandPassword);
    add(Kind::DateOfBirth, words::BIRTH, Family::Birth);
    add(Kind::Email, &["@", "%40", "\\u0040"], Family::Email);
    add(Kind::Email, words::AT, Family::SpelledEmail);
    add(Kind::Phone, &["+"], Family::Plus);
    add(Kind::Phone, &["("], Family::Bracket);
    add(Kind::Ip, &[":"], Family::Colon);
    if kinds.has(Kind::Mac) {
        list.extend([":", "-"].map(|sign| (sign.to_owned(), Family::Colon)));
    }
    list.push(("[".to_owned(), Family::Label));
    list.extend((0..10).map(|digit| (digit.to_string(), Family::Digit)));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_anchor_is_longer_than_what_is_held_back_of_a_stream() {
        let longest = list(Kinds::ALL).into_iter().max_by_key(|(literal, _)| literal.len()).unwrap();
        assert!(longest.0.len() <= LONGEST, "{longest:?}");
    }

    #[test]
    fn a_literal_leads_to_what_its_begins_lead_to() {
        let anchors = Anchors::new(Kinds::ALL, Regions::NONE).unwrap();
        let found = anchors.find(b"x sk-proj-", 0, 10).unwrap();
        let lengths: Vec<_> = anchors.table.families[found.literal].iter().map(|(_, length)| *length).collect();
        assert_eq!((found.start, lengths), (2, vec![8, 3, 2]));
    }
}
