//! What the words before a candidate say that it is.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use aho_corasick::MatchKind;

use super::class;
use super::class::ALNUM;

/// What a number is said to be. The nearest word decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    /// A bank card.
    Card,
    /// Somebody's number of a state.
    Identity,
    /// An address of a network.
    Network,
    /// Something else that is counted or numbered: an order, an amount, a date.
    Other,
    /// A number to call.
    Phone,
    /// A social security number of the United States.
    Ssn,
    /// A version, a section, a build.
    Version,
}

/// The topic of the last word in a window that has one, and of its own sentence.
pub(super) fn topic(window: &[u8]) -> Option<Topic> {
    let words = WORDS.as_ref()?;
    let found = words.find_iter(window).filter(|found| is_whole(window, found.start(), found.end())).last()?;
    let place = found.pattern().as_usize();
    let topic = TOPICS.iter().find(|(end, _)| place < *end).map_or(Topic::Other, |(_, topic)| *topic);
    let gap = &window[found.end()..];
    // What a number is not must be said close to it.
    let far = matches!(topic, Topic::Other | Topic::Version) && gap.len() > 20;
    // `x=` gives its own name to what follows.
    let other = window.trim_ascii_end().last() == Some(&b'=') && gap.iter().any(|byte| class::is(*byte, ALNUM));
    // So does `"x": `.
    let named = window.trim_ascii_end().ends_with(b"\":") && gap.iter().filter(|byte| **byte == b'"').count() > 1;
    let personal = matches!(topic, Topic::Card | Topic::Identity | Topic::Phone | Topic::Ssn);
    let ended = match sentence_end(gap) {
        Some((end, asked)) => !personal || !is_answer(&gap[end..], asked),
        None => false,
    };
    (!far && !other && !named && !ended).then_some(topic)
}

/// The place behind the last sentence that ends here, and whether that was a question.
fn sentence_end(gap: &[u8]) -> Option<(usize, bool)> {
    let ascii = gap.windows(2).rposition(|pair| matches!(pair, [b'.' | b'!' | b'?', b' ' | b'\n'] | b"\n\n"));
    let wide = ["。", "！", "？"].map(str::as_bytes);
    let other = gap.windows(3).rposition(|sign| wide.contains(&sign));
    let ascii = ascii.map(|at| (at + 1, gap[..at + 1].trim_ascii_end().ends_with(b"?")));
    ascii.max(other.map(|at| (at + 3, gap[at..].starts_with(wide[2]))))
}

/// Whether a sentence goes on with what was asked for or named in the one before: `.. your card? It's ..`.
pub(super) fn is_answer(sentence: &[u8], asked: bool) -> bool {
    let begin = sentence.trim_ascii_start();
    let takes_up =
        ANSWERS.iter().any(|word| begin.get(..word.len()).is_some_and(|piece| piece.eq_ignore_ascii_case(word)));
    takes_up || asked && begin.len() <= 16
}

const ANSWERS: [&[u8]; 10] = [
    b"it's",
    b"it is",
    "it’s".as_bytes(),
    b"its ",
    b"number",
    b"the number",
    b"this is",
    b"that is",
    b"that's",
    b"mine is",
];

/// A word of ASCII stands alone, but for the ending of a plural or of German; others have no borders.
fn is_whole(window: &[u8], start: usize, end: usize) -> bool {
    let glued = |place: Option<&u8>| place.is_some_and(|byte| class::is(*byte, ALNUM));
    if !window[start].is_ascii() {
        return true;
    }
    let rest = &window[end..];
    // `VRING_CALL` calls nobody.
    let verb = [&b"call"[..], b"called", b"calling", b"dial", b"ring", b"sms"]
        .iter()
        .any(|verb| window[start..end].eq_ignore_ascii_case(verb));
    if verb && start > 0 && matches!(window[start - 1], b'_' | b'-' | b'.' | b'#') {
        return false;
    }
    let plural = rest.first().is_some_and(|byte| matches!(byte, b's' | b'S')) && !glued(rest.get(1));
    let compound = rest.get(..6).is_some_and(|next| next.eq_ignore_ascii_case(b"nummer"));
    !(start > 0 && glued(window.get(start - 1))) && (!glued(rest.first()) || plural || compound)
}

/// Building fails for patterns beyond all measure only, and then nothing has a topic.
static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = LISTS.iter().flat_map(|(_, words)| *words);
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(words).ok()
});

/// Up to which pattern a topic's words reach.
static TOPICS: LazyLock<Vec<(usize, Topic)>> = LazyLock::new(|| {
    let mut end = 0;
    let ends = LISTS.iter().map(|(topic, words)| {
        end += words.len();
        (end, *topic)
    });
    ends.collect()
});

const LISTS: &[(Topic, &[&str])] = &[
    (
        Topic::Phone,
        &[
            "phone",
            "phone no",
            "telephone",
            "tel",
            "tel.",
            "mobile",
            "mobil",
            "cellphone",
            "cell phone",
            "my cell",
            "his cell",
            "her cell",
            "your cell",
            "cell is",
            "cell number",
            "cell:",
            "mon portable",
            "ton portable",
            "son portable",
            "votre portable",
            "portable :",
            "call",
            "calling",
            "called",
            "dial",
            "ring",
            "fax",
            "sms",
            "text me",
            "text us",
            "whatsapp",
            "reach me",
            "reach us",
            "reach him",
            "reach her",
            "reach them",
            "contact number",
            "messages to",
            "my registered",
            "message to",
            "answering at",
            "desk:",
            "office:",
            "work:",
            "home:",
            "my number is",
            "my new number",
            "his number is",
            "her number is",
            "our number is",
            "their number is",
            "your number is",
            "hotline",
            "helpline",
            "landline",
            "voicemail",
            "handy",
            "telefon",
            "rufnummer",
            "mobilfunk",
            "anrufen",
            "appeler",
            "appelez",
            "appelle",
            "téléphone",
            "tél",
            "teléfono",
            "telefono",
            "móvil",
            "celular",
            "llámame",
            "llamar",
            "telefone",
            "telemóvel",
            "ligue",
            "cellulare",
            "chiamami",
            "telefoon",
            "mobiel",
            "bel me",
            "puhelin",
            "telefonnummer",
            "zadzwoń",
            "komórka",
            "телефон",
            "тел.",
            "звоните",
            "позвоните",
            "电话",
            "電話",
            "手机",
            "手機",
            "联系电话",
            "携帯",
            "전화",
            "휴대폰",
            "फ़ोन",
            "هاتف",
            "جوال",
        ],
    ),
    (
        Topic::Card,
        &[
            "card",
            "credit card",
            "debit card",
            "card number",
            "cc",
            "visa",
            "mastercard",
            "amex",
            "maestro",
            "american express",
            "discover",
            "diners",
            "unionpay",
            "jcb",
            "pan",
            "kreditkarte",
            "karte",
            "carte",
            "tarjeta",
            "cartão",
            "carta di credito",
            "карта",
            "карты",
            "信用卡",
            "银行卡",
            "カード",
            "카드",
        ],
    ),
    (
        Topic::Ssn,
        &[
            "ssn",
            "ss#",
            "social security",
            "social security number",
            "social security no",
            "soc sec",
            "social insurance",
        ],
    ),
    (
        Topic::Identity,
        &[
            "national id",
            "national insurance",
            "nino",
            "nhs",
            "nhs number",
            "steuer-id",
            "steuerid",
            "idnr",
            "identifikationsnummer",
            "nir",
            "dni",
            "nie",
            "codice fiscale",
            "cpf",
            "cnpj",
            "aadhaar",
            "aadhar",
            "pesel",
            "bsn",
            "burgerservicenummer",
            "personnummer",
            "henkilötunnus",
            "cpr",
            "ahv",
            "avs",
            "sin",
            "tfn",
            "medicare",
            "my number",
            "マイナンバー",
            "身份证",
            "주민등록번호",
            "nric",
            "curp",
            "passport",
            "tax id",
            "taxpayer",
            "itin",
        ],
    ),
    (
        Topic::Network,
        &[
            "ip",
            "ips",
            "ipv4",
            "ipv6",
            "ip address",
            "addr",
            "address",
            "host",
            "hostname",
            "server",
            "client",
            "gateway",
            "subnet",
            "netmask",
            "dns",
            "ping",
            "ssh",
            "curl",
            "traceroute",
            "router",
            "proxy",
            "firewall",
            "endpoint",
            "peer",
            "listen",
            "listening",
            "bind",
            "bound",
            "connect",
            "connected",
            "connecting",
            "connection",
            "login",
            "logged in",
            "login from",
            "request from",
            "requests from",
            "remote",
            "blocked",
            "banned",
            "block",
            "ban",
            "allowlist",
            "whitelist",
            "blacklist",
            "nameserver",
            "resolver",
            "vpn",
            "nat",
            "x-forwarded-for",
            "localhost",
            "cidr",
        ],
    ),
    (
        Topic::Version,
        &[
            "version",
            "versions",
            "ver",
            "ver.",
            "v",
            "release",
            "released",
            "build",
            "upgrade",
            "upgraded",
            "upgrading",
            "update to",
            "updated to",
            "downgrade",
            "downgraded",
            "patch",
            "firmware",
            "driver",
            "section",
            "sec.",
            "chapter",
            "clause",
            "paragraph",
            "article",
            "§",
            "appendix",
            "figure",
            "fig.",
            "table",
            "rfc",
            "oid",
            "revision",
            "rev",
            "changelog",
            "semver",
            "chrome",
            "firefox",
            "assemblyversion",
            "fileversion",
            "bumped",
            "bump",
            "hotfix",
            "rollback",
            "rolled back",
            "版本",
            "バージョン",
            "버전",
            "версия",
            "versión",
            "versão",
            "versione",
        ],
    ),
    (
        Topic::Other,
        &[
            "order",
            "orders",
            "invoice",
            "ticket",
            "case",
            "id",
            "ids",
            "account",
            "isbn",
            "issn",
            "ean",
            "upc",
            "sku",
            "ref",
            "reference",
            "tracking",
            "zip",
            "postcode",
            "postal",
            "code",
            "serial",
            "imei",
            "siren",
            "siret",
            "vat",
            "imsi",
            "iccid",
            "meid",
            "part",
            "model",
            "epoch",
            "ts",
            "iat",
            "exp",
            "created",
            "updated",
            "timestamp",
            "unix",
            "amount",
            "total",
            "price",
            "cost",
            "usd",
            "eur",
            "$",
            "€",
            "£",
            "parcel",
            "shipment",
            "booking",
            "reservation",
            "confirmation",
            "transaction",
            "batch",
            "lot",
            "row",
            "rows",
            "line",
            "page",
            "commit",
            "hash",
            "sha",
            "md5",
            "checksum",
            "uuid",
            "guid",
            "seed",
            "nonce",
            "pin",
            "latitude",
            "longitude",
            "coordinates",
            "size",
            "bytes",
            "count",
            "population",
            "score",
            "pi",
            "population",
            "bestellnummer",
            "bestellung",
            "rechnung",
            "sendungsnummer",
            "commande",
            "facture",
            "pedido",
            "factura",
            "订单",
            "订单号",
            "编号",
            "注文",
            "주문",
            "заказ",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_decides() {
        let about = |text: &str| topic(text.as_bytes());
        assert_eq!(about("call me about order "), Some(Topic::Other));
        assert_eq!(about("for order 12 call me: "), Some(Topic::Phone));
        assert_eq!(about("my Social Security number is "), Some(Topic::Ssn));
        assert_eq!(about("Meine Handynummer ist "), Some(Topic::Phone));
        assert_eq!(about("電話番号は"), Some(Topic::Phone));
        assert_eq!(about("Version "), Some(Topic::Version));
        assert_eq!(about("nothing here "), None);
    }

    #[test]
    fn a_word_inside_another_says_nothing() {
        assert_eq!(topic(b"recall and headphone "), None);
        assert_eq!(topic(b"phones "), Some(Topic::Phone));
    }
}
