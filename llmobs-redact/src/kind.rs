//! The kinds of data that a redactor detects.

use std::fmt;

/// A kind of personal data or secret that a redactor detects.
///
/// [`as_str`](Self::as_str) returns the name of the kind in metrics. [`placeholder`](Self::placeholder) returns the
/// text that replaces a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DataKind {
    /// A key with a known format: OpenAI, Anthropic, Google, AWS, GitHub and about a hundred other services.
    ApiKey,
    /// A bank card number with a known issuer range, a valid length and a valid Luhn check digit. A card keyword before
    /// the number can replace the issuer range.
    Card,
    /// A cryptocurrency address or private key with a valid checksum, or an Ethereum address in capitals or small
    /// letters only, which has no checksum.
    Crypto,
    /// A match of a user-defined [`Detector`](super::Detector).
    Custom,
    /// A date after a keyword like "born".
    DateOfBirth,
    /// An email address.
    Email,
    /// An international bank account number (IBAN) with a known country code and valid check digits. A number of
    /// another length than its country's is also matched if it has 15 to 34 characters, at least 10 of them digits, in
    /// capitals and without separators.
    Iban,
    /// An IPv4 or IPv6 address that is not a loopback or reserved one, and that is probably not a version number.
    Ip,
    /// A JSON Web Token (RFC 7519).
    Jwt,
    /// A hardware (MAC) address.
    Mac,
    /// A national identity number. Disabled unless [`RedactorBuilder::region`](super::RedactorBuilder::region) enables
    /// its [`Region`](super::Region).
    NationalId,
    /// Text that exceeded a buffer or nesting limit before its kind was known. Reported by
    /// [`StreamRedactor`](super::StreamRedactor), and by [`Redactor::redact_json`](super::Redactor::redact_json) for
    /// values nested deeper than 64 levels.
    Overflow,
    /// A telephone number.
    Phone,
    /// A private key in PEM format.
    PrivateKey,
    /// A password or token after a keyword: `password=..`, `Authorization: Bearer ..`.
    Secret,
    /// A United States social security number.
    Ssn,
    /// The user name and password of a URL, or a signature or key in its query.
    UrlCredential,
}

impl DataKind {
    /// All kinds, in declaration order.
    pub const ALL: [Self; 17] = [
        Self::ApiKey,
        Self::Card,
        Self::Crypto,
        Self::Custom,
        Self::DateOfBirth,
        Self::Email,
        Self::Iban,
        Self::Ip,
        Self::Jwt,
        Self::Mac,
        Self::NationalId,
        Self::Overflow,
        Self::Phone,
        Self::PrivateKey,
        Self::Secret,
        Self::Ssn,
        Self::UrlCredential,
    ];

    /// Returns the name of the kind in metrics, for example `date_of_birth`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.names().0
    }

    /// Returns the placeholder that replaces a match in the text.
    ///
    /// ```
    /// assert_eq!(llmobs_redact::DataKind::DateOfBirth.placeholder(), "[DATE_OF_BIRTH]");
    /// ```
    #[must_use]
    pub const fn placeholder(self) -> &'static str {
        self.names().1
    }

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::ApiKey => ("api_key", "[API_KEY]"),
            Self::Card => ("card", "[CARD]"),
            Self::Crypto => ("crypto", "[CRYPTO]"),
            Self::Custom => ("custom", "[CUSTOM]"),
            Self::DateOfBirth => ("date_of_birth", "[DATE_OF_BIRTH]"),
            Self::Email => ("email", "[EMAIL]"),
            Self::Iban => ("iban", "[IBAN]"),
            Self::Ip => ("ip", "[IP]"),
            Self::Jwt => ("jwt", "[JWT]"),
            Self::Mac => ("mac", "[MAC]"),
            Self::NationalId => ("national_id", "[NATIONAL_ID]"),
            Self::Overflow => ("overflow", "[OVERFLOW]"),
            Self::Phone => ("phone", "[PHONE]"),
            Self::PrivateKey => ("private_key", "[PRIVATE_KEY]"),
            Self::Secret => ("secret", "[SECRET]"),
            Self::Ssn => ("ssn", "[SSN]"),
            Self::UrlCredential => ("url_credential", "[URL_CREDENTIAL]"),
        }
    }
}

impl fmt::Display for DataKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of [`DataKind`] values, one bit per kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DataKindSet(u32);

impl DataKindSet {
    pub(super) const NONE: Self = Self(0);
    pub(super) const ALL: Self = Self(u32::MAX);

    pub(super) const fn with(self, kind: DataKind) -> Self {
        Self(self.0 | 1 << kind as u32)
    }

    pub(super) const fn without(self, kind: DataKind) -> Self {
        Self(self.0 & !(1 << kind as u32))
    }

    pub(super) const fn contains(self, kind: DataKind) -> bool {
        self.0 & 1 << kind as u32 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholder_is_name_in_capitals_and_brackets() {
        for kind in DataKind::ALL {
            assert_eq!(kind.placeholder(), format!("[{}]", kind.as_str().to_uppercase()));
        }
        assert!(DataKind::ALL.is_sorted(), "`ALL` must have the order of the variants");
    }

    #[test]
    fn set_contains_added_kinds() {
        let set = DataKindSet::NONE.with(DataKind::Email).with(DataKind::UrlCredential);
        assert!(
            set.contains(DataKind::Email) && set.contains(DataKind::UrlCredential) && !set.contains(DataKind::ApiKey)
        );
        assert!(!DataKindSet::ALL.without(DataKind::Ip).contains(DataKind::Ip));
    }
}
