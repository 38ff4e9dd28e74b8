//! Where a look is worth while: the first bytes of everything that can be found, in one automaton.
//!
//! An anchor is short and has no counted repeats beyond a handful, so the automaton stays small and its cache does not
//! thrash; how a candidate goes on is decided in code.

use regex_automata::Anchored;
use regex_automata::Input;
use regex_automata::meta;
use regex_automata::util::syntax;

use super::assignment;
use super::birth;
use super::builder::PatternError;
use super::class;
use super::coin;
use super::email;
use super::hit::Hit;
use super::hit::Look;
use super::hit::What;
use super::iban;
use super::jwt;
use super::key;
use super::kind::Kind;
use super::kind::Kinds;
use super::network;
use super::number;
use super::pem;
use super::phone;
use super::region;
use super::region::Region;
use super::region::Regions;
use super::text::Text;
use super::url;
use super::value::Named;

/// What to look for, and the automaton that finds where.
#[derive(Debug, Clone)]
pub(super) struct Anchors {
    regex: meta::Regex,
    families: Vec<Family>,
    kinds: Kinds,
    regions: Regions,
}

/// No anchor is longer.
pub(super) const LONGEST: usize = 40;

/// What may begin at an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Assigned(Named),
    Azure,
    Base58,
    Bearer,
    Bech32,
    Birth,
    Bracket,
    Digit,
    Email,
    Hex,
    Jwt,
    Key(usize),
    Label,
    Letters,
    Parameter,
    Pem,
    Plus,
    SpelledEmail,
    Url,
    /// A letter with which an identity number of a region begins.
    Word,
}

/// A text and what to look for in it.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a, 't> {
    pub(super) text: &'a Text<'t>,
    anchors: &'a Anchors,
}

impl Anchors {
    pub(super) fn new(kinds: Kinds, regions: Regions) -> Result<Self, PatternError> {
        let list = list(kinds, regions);
        let patterns: Vec<&str> = list.iter().map(|(pattern, _)| &pattern[..]).collect();
        let regex = meta::Builder::new()
            // The cache of the lazy automaton, for each thread that searches: below this it may be cleared again and again.
            .configure(meta::Config::new().utf8_empty(false).hybrid_cache_capacity(16 << 20))
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .build_many(&patterns)
            .map_err(|error| PatternError::new("the built-in detectors", &error))?;
        Ok(Self { regex, families: list.into_iter().map(|(_, family)| family).collect(), kinds, regions })
    }

    /// The next anchor in a range.
    pub(super) fn find(&self, bytes: &[u8], from: usize, to: usize) -> Option<Anchor> {
        let found = self.regex.search(&Input::new(bytes).range(from..to))?;
        Some(Anchor { start: found.start(), end: found.end(), family: found.pattern().as_usize() })
    }

    /// What begins at an anchor.
    pub(super) fn look(&self, text: &Text<'_>, anchor: Anchor) -> Look {
        Scene { text, anchors: self }.look(anchor)
    }
}

/// A place to look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    pub(super) start: usize,
    end: usize,
    family: usize,
}

impl Scene<'_, '_> {
    pub(super) const fn wants(&self, kind: Kind) -> bool {
        self.anchors.kinds.has(kind)
    }

    pub(super) fn regions(&self) -> impl Iterator<Item = Region> + use<> {
        self.anchors.regions.iter()
    }

    /// A key or token whose own shape tells more than the name before it.
    pub(super) fn specific(&self, at: usize) -> Option<Hit> {
        let input = Input::new(self.text.bytes()).range(at..self.text.seen()).anchored(Anchored::Yes);
        let found = self.anchors.regex.search(&input)?;
        let family = self.anchors.families[found.pattern().as_usize()];
        let anchor = Anchor { start: at, end: found.end(), family: found.pattern().as_usize() };
        matches!(family, Family::Key(_) | Family::Jwt | Family::Pem | Family::Digit)
            .then(|| self.look(anchor).hit)
            .flatten()
    }

    fn look(&self, anchor: Anchor) -> Look {
        let (text, at, end) = (self.text, anchor.start, anchor.end);
        let hit = match self.anchors.families[anchor.family] {
            Family::Assigned(named) => assignment::assignment(self, at, end, named),
            Family::Azure => key::azure(text, at, end),
            Family::Base58 => coin::base58(text, at).or_else(|| region::word(self, at)),
            Family::Bearer => assignment::bearer(self, at, end),
            Family::Bech32 => coin::bech32(text, at),
            Family::Birth => birth::birth(text, at, end),
            Family::Bracket => phone::bracketed(self, at),
            Family::Digit => return number::number(self, at),
            Family::Email => email::email(text, at, end),
            Family::Hex => self.hex(at),
            Family::Jwt => jwt::jwt(text, at),
            Family::Key(place) => key::key(text, at, end, &key::SHAPES[place]),
            Family::Label => label(text, at),
            Family::Letters => self.letters(at),
            Family::Parameter => url::parameter(text, at, end),
            Family::Pem => pem::pem(text, at),
            Family::Plus => phone::international(self, at),
            Family::SpelledEmail => email::spelled_out(text, at, end),
            Family::Url => url::user_info(text, at),
            Family::Word => region::word(self, at),
        };
        hit.map_or(Look::nothing(at + 1), Look::from)
    }

    fn hex(&self, at: usize) -> Option<Hit> {
        let mac = self.wants(Kind::Mac).then(|| network::mac(self.text, at)).flatten();
        mac.or_else(|| self.wants(Kind::Ip).then(|| network::v6(self.text, at)).flatten()).or_else(|| self.letters(at))
    }

    fn letters(&self, at: usize) -> Option<Hit> {
        let iban = self.wants(Kind::Iban).then(|| iban::iban(self.text, at)).flatten();
        let coin = || self.wants(Kind::Crypto).then(|| coin::base58(self.text, at)).flatten();
        iban.or_else(coin).or_else(|| region::word(self, at))
    }
}

/// A label that stands in the text already.
fn label(text: &Text<'_>, at: usize) -> Option<Hit> {
    let end = text.short_run(class::UPPER | class::DIGIT | class::DASH, at + 1, 34);
    let name = text.slice(at + 1, end);
    let known = name.len() >= 2 && !name.contains(&b'-') && text.at(end) == b']';
    known.then_some(Hit { start: at, end: end + 1, what: What::Label })
}

fn list(kinds: Kinds, regions: Regions) -> Vec<(String, Family)> {
    let mut list = Vec::new();
    let mut add = |wanted: bool, pattern: &str, family: Family| {
        if wanted {
            list.push((pattern.to_owned(), family));
        }
    };
    let wants = |kind| kinds.has(kind);
    add(wants(Kind::Email), r"[\[({<] ?(?i:at) ?[\])}>]", Family::SpelledEmail);
    add(wants(Kind::Email), " (?i:at) ", Family::SpelledEmail);
    add(true, r"\[[A-Z]", Family::Label);
    let network = wants(Kind::Ip) || wants(Kind::Mac);
    add(network, "[a-fA-F][0-9a-fA-F]{0,3}:[0-9a-fA-F:]", Family::Hex);
    add(network, "::[0-9a-fA-F]", Family::Hex);
    add(network, "[a-fA-F][0-9a-fA-F]-[0-9a-fA-F]{2}-[0-9a-fA-F]{2}-", Family::Hex);
    add(network, r"[a-fA-F][0-9a-fA-F]{3}\.[0-9a-fA-F]{4}\.", Family::Hex);
    add(wants(Kind::PrivateKey), "-----BEGIN", Family::Pem);
    for (place, shape) in key::SHAPES.iter().enumerate() {
        add(wants(Kind::ApiKey), &shape.prefix.replace('.', r"\."), Family::Key(place));
    }
    add(wants(Kind::ApiKey), "[0-9]Q~", Family::Azure);
    add(wants(Kind::Jwt), "eyJ", Family::Jwt);
    add(wants(Kind::UrlCredential), "://", Family::Url);
    add(wants(Kind::UrlCredential), PARAMETERS, Family::Parameter);
    for (pattern, named) in NAMES {
        add(wants(Kind::Secret), pattern, Family::Assigned(named));
    }
    add(wants(Kind::Secret), "(?i:bearer|basic) ", Family::Bearer);
    add(wants(Kind::Email), r"@|%40|\\u0040", Family::Email);
    add(wants(Kind::DateOfBirth), BIRTH, Family::Birth);
    add(wants(Kind::Crypto), "(?i:bc1|tb1|ltc1|bcrt1)", Family::Bech32);
    add(wants(Kind::Phone), r"\+\(?[0-9]", Family::Plus);
    add(wants(Kind::Phone), r"\([0-9]", Family::Bracket);
    add(wants(Kind::Iban) || regions.any(), "[A-Z]{2}[0-9]{2}|[a-z]{2}[0-9]{2}", Family::Letters);
    add(wants(Kind::Crypto), "[LMDXTKxyz][1-9A-HJ-NP-Za-km-z]{6}", Family::Base58);
    for pattern in regions.anchors() {
        add(wants(Kind::NationalId), pattern, Family::Word);
    }
    add(true, "[0-9]", Family::Digit);
    list
}

const PARAMETERS: &str = "[?&](?i:key|api_?key|access_token|id_token|refresh_token|token|auth|sig|signature|secret|client_secret|\
     x-(?:amz|goog)-(?:signature|credential|security-token))=";

// Behind `(?i)` stands ASCII alone; other letters have their two cases written out.
const NAMES: [(&str, Named); 4] = [
    ("(?i:passcode|pin|pin code|otp|one-time code|verification code|security code|cvv2?|cvc2?)", Named::Pin),
    (
        "(?i:passw(?:or)?d|passphrase|pwd|pass|pw|psw|passwort|kennwort|contrasena|mot de passe|senha|wachtwoord|haslo|parola|\
         losenord)|[Cc]ontraseña|[Hh]asło|[Ll]ösenord|(?:П|п)ароль|密码|密碼|パスワード|비밀번호|암호",
        Named::Password,
    ),
    (
        "(?i:secret|token|credential|(?:api|access|private|encryption|signing|account|auth|master|session|license|service|admin|\
         deploy|ssh)[_ -]?key|authorization|session[_-]?id|sessid|connect\\.sid)",
        Named::Key,
    ),
    ("API密钥|密钥|秘密鍵|APIキー|(?:К|к)люч API|[Cc]lave (?:api|API|secreta)|[Cc]lé (?:api|API)", Named::Key),
];

const BIRTH: &str = "(?i:birth|born|dob|d\\.o\\.b|bday|b-day|gebor|geburtsdatum|nacid[oa]|nacimiento|nascimento|nascid[oa]|\
     nat[oa] il|naissance|nee le|urodzon|geboorte)|[Nn]ée? le|生年月日|出生|生日|(?:Р|р)од(?:ился|илась)|дата рождения|생년월일";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_anchor_is_longer_than_what_is_held_back_of_a_stream() {
        for (pattern, family) in list(Kinds::ALL, Regions::all()) {
            let config = syntax::Config::new().unicode(false).utf8(false);
            let longest = syntax::parse_with(&pattern, &config).unwrap().properties().maximum_len();
            assert!(longest.is_some_and(|longest| longest <= LONGEST), "{family:?}: {pattern}");
        }
    }
}
