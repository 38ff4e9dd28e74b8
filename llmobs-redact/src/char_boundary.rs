//! The character boundaries next to an index. `str` has the same methods since Rust 1.91.

/// Returns the last character boundary at or before `index`.
pub(crate) fn floor_char_boundary(text: &str, index: usize) -> usize {
    let mut boundary = index.min(text.len());
    while !text.is_char_boundary(boundary) {
        boundary -= 1;
    }
    boundary
}

/// Returns the first character boundary at or after `index`, at most the length of the text.
pub(crate) fn ceil_char_boundary(text: &str, index: usize) -> usize {
    let mut boundary = index.min(text.len());
    while !text.is_char_boundary(boundary) {
        boundary += 1;
    }
    boundary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_inside_a_character_moves_to_its_start_or_end() {
        let text = "a\u{df}\u{20ac}";
        let boundaries = [(0, 0), (1, 1), (1, 3), (3, 3), (3, 6), (3, 6), (6, 6), (6, 6)];
        for (index, expected) in boundaries.into_iter().enumerate() {
            assert_eq!((floor_char_boundary(text, index), ceil_char_boundary(text, index)), expected, "{index}");
        }
    }
}
