use super::*;

/// Returns `line rule` for each finding.
fn found(syntax: Syntax, text: &str) -> Vec<String> {
    file(syntax, text).iter().map(|finding| format!("{} {}", finding.line, finding.rule)).collect()
}

#[test]
fn each_phrase_of_each_rule_is_found_in_every_kind_of_text() {
    for rule in rules::PHRASES {
        for phrase in rule.phrases {
            let expected = [format!("2 {}", rule.name)];
            let (first, rest) = phrase.split_at(1);
            let phrase = format!("{}{rest}", first.to_uppercase());
            for marker in ["///", "//!", "//"] {
                let text = format!("\n{marker} A text: {phrase} here.\nstruct A;\n");
                assert_eq!(found(Syntax::Rust, &text), expected, "{text}");
            }
            assert_eq!(found(Syntax::Rust, &format!("\nlet x = 1; // Here {phrase}.\n")), expected, "{phrase}");
            assert_eq!(found(Syntax::Rust, &format!("\n/* Here {phrase}. */\n")), expected, "{phrase}");
            assert_eq!(found(Syntax::Markdown, &format!("\n- A text: **{phrase}**.\n")), expected, "{phrase}");
            assert_eq!(found(Syntax::Hash, &format!("\na = 1 # here {phrase}\n")), expected, "{phrase}");
        }
        for longer in rule.except {
            assert_eq!(found(Syntax::Markdown, &format!("Here {longer} it.\n")), [""; 0], "{longer}");
        }
    }
}

#[test]
fn a_phrase_continues_on_the_next_line_but_not_across_a_sign_or_a_paragraph() {
    assert_eq!(found(Syntax::Rust, "/// Takes so\n/// many.\nfn a() {}\n"), ["1 so-many"]);
    assert_eq!(found(Syntax::Rust, "// Not there is\n// no error.\n"), [""; 0]);
    assert_eq!(found(Syntax::Markdown, "Is so, many.\n\nSo\n\nmany `so` many\n"), [""; 0]);
}

#[test]
fn code_strings_urls_and_paths_are_not_checked() {
    let text = "/// `nobody` and [`told`](nobody), <https://nobody.org/said>, src/told.rs.\n///\n/// ```\n/// // nobody\n/// ```\nconst A: &str = \"// nobody said\";\nconst B: &str = r#\"\n// nobody\n\"#;\nfn nobody() {}\n";
    assert_eq!(found(Syntax::Rust, text), [""; 0]);
    assert_eq!(found(Syntax::Markdown, "```rust\n// nobody\n```\n    \n`nobody\nsaid`\n"), [""; 0]);
    assert_eq!(found(Syntax::Hash, "a = \"# nobody\"\nnobody = 1\n"), [""; 0]);
}

#[test]
fn only_whole_words_match() {
    assert_eq!(found(Syntax::Markdown, "Outstanding standards, a teller, a stand-in, untold.\n"), [""; 0]);
    assert_eq!(found(Syntax::Markdown, "It is NOBODY'S.\n"), ["1 nobody"]);
}

#[test]
fn each_opening_word_of_a_public_function_is_found() {
    for word in rules::FUNCTION_OPENING.words {
        let text = format!("/// {word} x.\npub fn a() -> u8 {{}}\n");
        assert_eq!(found(Syntax::Rust, &text), ["1 function-opening"], "{word}");
    }
    assert_eq!(found(Syntax::Rust, "/// It runs.\npub fn a() {}\n"), [""; 0]);
    assert_eq!(found(Syntax::Rust, "/// It runs.\nfn a() -> u8 {}\n"), [""; 0]);
    assert_eq!(found(Syntax::Rust, "/// Returns what it has.\npub fn a() -> u8 {}\n"), [""; 0]);
    assert_eq!(found(Syntax::Rust, "/// `x`: it runs.\n/// What else.\npub fn a() -> u8 {}\n"), [""; 0]);
}

#[test]
fn the_opening_rule_handles_attributes_comments_and_signatures_of_several_lines() {
    let text = "impl A {\n    /// Whether it is on.\n    ///\n    /// What else.\n    // why\n    #[must_use = \"] fn\"]\n    #[cfg(all(\n        test, // ]\n        feature = \"x\",\n    ))]\n    /// How it goes on.\n    pub const fn a<F: Fn() -> u8>(\n        &self,\n        f: F,\n    ) -> bool\n    where\n        F: Copy,\n    {\n    }\n}\n";
    assert_eq!(found(Syntax::Rust, text), ["2 function-opening"]);
}

#[test]
fn each_opening_word_of_any_item_is_found() {
    let items = [
        "struct A;",
        "pub enum A {}",
        "trait A {}",
        "const A: u8 = 1;",
        "fn a() {}",
        "pub fn a() {}",
        "type A = u8;",
        "pub(crate) fn a() -> u8 {}",
        "field: u8,",
        "#[default]\nVariant,",
    ];
    for word in rules::ITEM_OPENING.words {
        for item in items {
            assert_eq!(found(Syntax::Rust, &format!("/// {word} x.\n{item}\n")), ["1 item-opening"], "{item}");
        }
    }
    assert_eq!(found(Syntax::Rust, "/// It runs.\nstruct A;\n//! What this is.\n// How so.\n"), [""; 0]);
}

#[test]
fn an_escape_permits_its_rule_on_the_next_line_only() {
    let text = "// words: allow(nobody) quoted\n// Nobody said.\n// Nobody.\n";
    assert_eq!(found(Syntax::Rust, text), ["2 said", "3 nobody"]);
    assert_eq!(found(Syntax::Rust, "/// A.\n// words: allow(said) quoted\n/// Said.\nstruct A;\n"), [""; 0]);
    assert_eq!(found(Syntax::Rust, "a(); // words: allow(said, nobody) quoted\nb(); // Nobody said.\n"), [""; 0]);
    assert_eq!(found(Syntax::Rust, "// words: allow(item-opening) quoted\n/// How.\nstruct A;\n"), [""; 0]);
    assert_eq!(found(Syntax::Markdown, "<!-- words: allow(said) quoted -->\nHe said.\n"), ["2 his"]);
    assert_eq!(found(Syntax::Hash, "# words: allow(said) quoted\n# Said.\n"), [""; 0]);
}

#[test]
fn an_escape_without_a_reason_or_a_use_is_a_finding() {
    assert_eq!(found(Syntax::Rust, "// words: allow(said)\n// Said.\n"), ["1 escape", "2 said"]);
    assert_eq!(found(Syntax::Rust, "// words: allow(said) quoted\n// Plain.\n"), ["1 escape"]);
    assert_eq!(found(Syntax::Rust, "// words: allow(sadi) quoted\n// Said.\n"), ["1 escape", "2 said"]);
}
