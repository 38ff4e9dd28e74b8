//! Converts tokens back to text, one at a time.

/// A UTF-8 character has up to four bytes, and a token may be a single byte.
const MAX_TOKENS_PER_CHARACTER: usize = 4;

/// A decoder of tokens to text that returns only complete characters.
#[derive(Debug, Default)]
pub(crate) struct Detokenizer {
    pending_tokens: Vec<u32>,
}

impl Detokenizer {
    /// Returns the text that `token` completes: empty while a character is incomplete.
    pub(crate) fn push<E>(&mut self, token: u32, decode: impl Fn(&[u32]) -> Result<String, E>) -> Result<String, E> {
        self.pending_tokens.push(token);
        let text = decode(&self.pending_tokens)?;
        // The decoder replaces the missing bytes of a character by U+FFFD. If U+FFFD remains after four tokens, the
        // model generated it.
        if text.ends_with(char::REPLACEMENT_CHARACTER) && self.pending_tokens.len() < MAX_TOKENS_PER_CHARACTER {
            return Ok(String::new());
        }
        self.pending_tokens.clear();
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// A vocabulary in which every token is one byte.
    fn decode(tokens: &[u32]) -> Result<String, Infallible> {
        let bytes: Vec<u8> = tokens.iter().map(|token| token.to_le_bytes()[0]).collect();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn texts(bytes: &[u8]) -> Vec<String> {
        let mut detokenizer = Detokenizer::default();
        bytes.iter().map(|byte| detokenizer.push(u32::from(*byte), decode).unwrap_or_default()).collect()
    }

    #[test]
    fn a_character_of_several_tokens_is_returned_with_its_last_token() {
        assert_eq!(texts("a€b".as_bytes()), ["a", "", "", "€", "b"]);
        assert_eq!(texts("🦀".as_bytes()), ["", "", "", "🦀"]);
    }

    #[test]
    fn invalid_bytes_do_not_block_the_text() {
        let texts = texts(&[0xff, 0xff, 0xff, 0xff, b'a']);
        assert_eq!(texts.last().map(String::as_str), Some("a"));
        assert_eq!(texts[3], "\u{fffd}\u{fffd}\u{fffd}\u{fffd}");
    }
}
