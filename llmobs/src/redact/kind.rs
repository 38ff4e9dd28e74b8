//! What can be found.

use std::fmt;

/// What was found in a text.
///
/// [`as_str`](Self::as_str) is its name in metrics, [`label`](Self::label) is what stands in the text afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DataKind {
    /// A key whose shape says what it opens: of OpenAI, Anthropic, Google, AWS, GitHub and about a hundred others.
    ApiKey,
    /// The number of a bank card: right issuer, right length, right check digit.
    Card,
    /// An address of a cryptocurrency, or a key of one, whose checksum is right.
    Crypto,
    /// Something that a detector of yours found.
    Custom,
    /// A date behind a word such as "born".
    DateOfBirth,
    /// A mail address.
    Email,
    /// An international bank account number: right length for its country, right check digits.
    Iban,
    /// An address of the internet protocol, version 4 or 6.
    Ip,
    /// A JSON web token.
    Jwt,
    /// A hardware address.
    Mac,
    /// An identity number of a state. None is looked for unless its [`Region`](super::Region) is named.
    NationalId,
    /// Something too long to be held until it was clear what it is. Only [`StreamRedactor`](super::StreamRedactor) has it.
    Overflow,
    /// A telephone number.
    Phone,
    /// A private key in PEM.
    PrivateKey,
    /// A password or token that words say to be one: `password=..`, `Authorization: Bearer ..`.
    Secret,
    /// A social security number of the United States.
    Ssn,
    /// The user and password of a URL, or a signature in it.
    UrlCredential,
}

impl DataKind {
    /// All of them.
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

    /// The name, as metrics have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.names().0
    }

    /// What stands in a text in the place of what was found.
    ///
    /// ```
    /// assert_eq!(llmobs::redact::DataKind::DateOfBirth.label(), "[DATE_OF_BIRTH]");
    /// ```
    #[must_use]
    pub const fn label(self) -> &'static str {
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

/// A set of kinds.
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

    pub(super) const fn has(self, kind: DataKind) -> bool {
        self.0 & 1 << kind as u32 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_the_name_in_capitals_and_brackets() {
        for kind in DataKind::ALL {
            assert_eq!(kind.label(), format!("[{}]", kind.as_str().to_uppercase()));
        }
        assert!(DataKind::ALL.is_sorted(), "all of them, in their order");
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set = DataKindSet::NONE.with(DataKind::Email).with(DataKind::UrlCredential);
        assert!(set.has(DataKind::Email) && set.has(DataKind::UrlCredential) && !set.has(DataKind::ApiKey));
        assert!(!DataKindSet::ALL.without(DataKind::Ip).has(DataKind::Ip));
    }
}
