//! The rules of the language, as data. CONTRIBUTING.md repeats them, and a test compares the two.

/// Words and phrases that break the plain style.
pub(crate) struct Phrases {
    pub(crate) name: &'static str,
    /// In lower case. A possessive `'s` at the end of a word is ignored.
    pub(crate) phrases: &'static [&'static str],
    /// Longer phrases in which the same words are plain English.
    pub(crate) except: &'static [&'static str],
    /// The advice: the plain words to use.
    pub(crate) reason: &'static str,
}

/// First words that a doc comment must not have.
pub(crate) struct Opening {
    pub(crate) name: &'static str,
    pub(crate) words: &'static [&'static str],
    pub(crate) reason: &'static str,
}

pub(crate) const PHRASES: &[Phrases] = &[
    Phrases {
        name: "stands",
        phrases: &["stands", "stand", "stood", "standing"],
        except: &["stand for", "stands for", "stood for", "standing for"],
        reason: "name the place: is before, follows, is in, is after",
    },
    Phrases {
        name: "nobody",
        phrases: &["nobody", "somebody", "anybody", "everybody", "no one"],
        except: &["no one of"],
        reason: "name the actor: the caller, the reader, a thread, another process",
    },
    Phrases {
        name: "whoever",
        phrases: &["whoever", "whomever"],
        except: &[],
        reason: "name the actor: the caller that, each thread that",
    },
    Phrases {
        name: "his",
        phrases: &["he", "him", "his", "himself", "of her own"],
        except: &[],
        reason: "a caller or a user is `they`, a program is `it`",
    },
    Phrases {
        name: "of-yours",
        phrases: &["of yours", "of ours", "of theirs"],
        except: &[],
        reason: "put the owner first: your detectors, our labels, its spans",
    },
    Phrases {
        name: "is-none",
        phrases: &["is none", "are none", "was none", "were none"],
        except: &["there is none", "there are none", "there was none", "there were none"],
        reason: "repeat the noun: is not a secret; or say: has none",
    },
    Phrases {
        name: "is-no",
        phrases: &["is no", "are no", "was no", "were no"],
        except: &[
            "there is no",
            "there are no",
            "there was no",
            "there were no",
            "is no longer",
            "are no longer",
            "was no longer",
            "were no longer",
            "is no more than",
            "are no more than",
            "is no less than",
            "are no less than",
        ],
        reason: "negate the verb: is not an error",
    },
    Phrases {
        name: "for-good",
        phrases: &["for good", "for ever"],
        except: &["for good reason", "for good reasons", "for good measure"],
        reason: "say permanently, or without a limit",
    },
    Phrases {
        name: "so-many",
        phrases: &["so many", "so much"],
        except: &["so many that", "so much that"],
        reason: "name the number: `limit` bytes, this many bytes",
    },
    Phrases {
        name: "such-that",
        phrases: &["such that", "such a one", "such one"],
        except: &[],
        reason: "say so that, or name the thing again",
    },
    Phrases {
        name: "tell",
        phrases: &["tell", "tells", "told", "telling"],
        except: &[],
        reason: "name the act: records, emits, sets, notifies, exports, reports, returns, distinguishes",
    },
    Phrases {
        name: "said",
        phrases: &["said"],
        except: &[],
        reason: "name the act: given, set, declared, sent, reported, recorded",
    },
    Phrases {
        name: "speaks",
        phrases: &["speak of", "speaks of", "speak for", "speaks for"],
        except: &[],
        reason: "say names, describes or represents",
    },
    Phrases {
        name: "believe",
        phrases: &["believe", "believes", "believed"],
        except: &[],
        reason: "say trusts, accepts, is valid or is plausible",
    },
    Phrases {
        name: "nothing-else",
        phrases: &["and nothing else", "for nothing else"],
        except: &[],
        reason: "say only",
    },
    Phrases {
        name: "whatever-it-is",
        phrases: &["whatever it is", "be what it is"],
        except: &[],
        reason: "say of any kind, or keeps its type",
    },
    Phrases {
        name: "becomes-of",
        phrases: &["become of", "becomes of", "became of", "came of it", "comes of it"],
        except: &[],
        reason: "say the outcome of, or the result of",
    },
    Phrases {
        name: "but-for",
        phrases: &["but for"],
        except: &["but for the sake"],
        reason: "say except, or except for",
    },
    Phrases { name: "as-far-as", phrases: &["as far as"], except: &[], reason: "say if known, up to, or where" },
    Phrases {
        name: "any-more",
        phrases: &["any more", "no more of"],
        except: &["any more than"],
        reason: "say no longer",
    },
    Phrases {
        name: "at-the-most",
        phrases: &["at the most", "at the least"],
        except: &["at the most that"],
        reason: "say at most, at least",
    },
    Phrases { name: "worth-while", phrases: &["worth while"], except: &[], reason: "say useful, or name the gain" },
    Phrases { name: "anew", phrases: &["anew", "afresh"], except: &[], reason: "say again, or from the start" },
];

/// For a public function with a return value.
pub(crate) const FUNCTION_OPENING: Opening = Opening {
    name: "function-opening",
    words: &["what", "whether", "how", "who", "whose", "whom", "it", "they", "that"],
    reason: "begin with the verb: Returns, Sets, Creates",
};

/// For each other item with a doc comment.
pub(crate) const ITEM_OPENING: Opening = Opening {
    name: "item-opening",
    words: &["what", "whether", "how", "who", "whose"],
    reason: "begin with the noun or the verb: The number of, True if, Returns",
};

/// For an escape that is malformed, gives no reason or permits nothing.
pub(crate) const ESCAPE: &str = "escape";
pub(crate) const ESCAPE_REASON: &str = "an escape names rules, gives a reason and permits something on the next line";

/// Returns the reason of the rule with this name; `None` if there is no such rule.
pub(crate) fn reason(name: &str) -> Option<&'static str> {
    let openings = [&FUNCTION_OPENING, &ITEM_OPENING].map(|rule| (rule.name, rule.reason));
    let phrases = PHRASES.iter().map(|rule| (rule.name, rule.reason));
    let mut all = phrases.chain(openings).chain([(ESCAPE, ESCAPE_REASON)]);
    all.find(|(known, _)| *known == name).map(|(_, reason)| reason)
}

#[cfg(test)]
mod tests;
