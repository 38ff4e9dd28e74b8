//! Classes of the last label of a domain.

use super::super::class;
use super::super::class::ALPHA;
use super::super::class::NON_ASCII;

/// The class of a last label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TldClass {
    /// The extension of a file: `logo@2x.png`.
    FileExtension,
    /// Not a valid top-level domain: a single letter, more than 24 letters, or digits or hyphens in an ASCII label.
    Invalid,
    /// A country code, a common top-level domain, or an internationalized one in its ASCII form (`xn--`).
    Known,
    /// A label that can be one of the more than a thousand top-level domains that are not listed here.
    Possible,
}

pub(super) fn classify(label: &[u8]) -> TldClass {
    let lower = label.to_ascii_lowercase();
    if FILE_EXTENSIONS.contains(&&lower[..]) {
        return TldClass::FileExtension;
    }
    if COMMON_TLDS.contains(&&lower[..]) || lower.starts_with(b"xn--") {
        return TldClass::Known;
    }
    match (lower.len(), class::all_in(&lower, ALPHA)) {
        // Country codes have two letters, and nearly every pair of letters is a country code.
        (2, true) => TldClass::Known,
        (3..=24, true) => TldClass::Possible,
        _ if lower.iter().any(|byte| class::is_in(*byte, NON_ASCII)) => TldClass::Possible,
        _ => TldClass::Invalid,
    }
}

/// Returns whether a label is a common top-level domain, for places where a guess would cause false matches.
pub(super) fn is_common(label: &[u8]) -> bool {
    let lower = label.to_ascii_lowercase();
    COMMON_TLDS.contains(&&lower[..]) || UNAMBIGUOUS_COUNTRY_TLDS.contains(&&lower[..])
}

const COMMON_TLDS: [&[u8]; 36] = [
    b"com",
    b"org",
    b"net",
    b"edu",
    b"gov",
    b"mil",
    b"int",
    b"info",
    b"biz",
    b"name",
    b"pro",
    b"app",
    b"dev",
    b"cloud",
    b"online",
    b"site",
    b"shop",
    b"store",
    b"tech",
    b"xyz",
    b"email",
    b"mail",
    b"company",
    b"agency",
    b"studio",
    b"design",
    b"health",
    b"bank",
    b"museum",
    b"coop",
    b"example",
    b"test",
    b"invalid",
    b"local",
    b"internal",
    b"arpa",
];

/// Country codes that are not English words.
const UNAMBIGUOUS_COUNTRY_TLDS: [&[u8]; 22] = [
    b"de", b"uk", b"fr", b"nl", b"ch", b"pl", b"ru", b"jp", b"cn", b"br", b"au", b"ca", b"io", b"co", b"ai", b"eu",
    b"se", b"dk", b"es", b"kr", b"mx", b"nz",
];

const FILE_EXTENSIONS: [&[u8]; 56] = [
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"ico", b"bmp", b"tif", b"tiff", b"heic", b"avif", b"css",
    b"scss", b"less", b"js", b"mjs", b"cjs", b"ts", b"tsx", b"jsx", b"json", b"yaml", b"yml", b"toml", b"xml", b"html",
    b"htm", b"php", b"txt", b"log", b"csv", b"tsv", b"pdf", b"doc", b"docx", b"xls", b"xlsx", b"ppt", b"pptx", b"tar",
    b"gz", b"tgz", b"bz2", b"xz", b"7z", b"rar", b"jar", b"war", b"exe", b"dll", b"mp3", b"mp4", b"wav", b"whl",
    b"service",
];
