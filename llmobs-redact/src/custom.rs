//! User-defined detectors and allowed texts.

use std::fmt;
use std::sync::Arc;

use regex_automata::Input;
use regex_automata::meta;
use regex_automata::util::syntax;

use super::build_error::RedactorBuildError;
use super::found;
use super::found::Match;
use super::found::MatchedKind;

/// A user-defined detector: a regular expression and an optional check function that rejects false matches.
///
/// ```
/// use llmobs_redact::Detector;
/// use llmobs_redact::Redactor;
///
/// let badge = Detector::new("BADGE", r"EMP-[0-9]{6}").check(|found| found != "EMP-000000");
/// let redactor = Redactor::builder().detector(badge).build()?;
/// assert_eq!(redactor.redact("ask EMP-123456, not EMP-000000"), "ask [BADGE], not EMP-000000");
/// # Ok::<(), llmobs_redact::RedactorBuildError>(())
/// ```
///
/// The expression is matched within one line, so that a stream can be redacted line by line. Character classes are
/// ASCII only: `\w` does not match letters of other alphabets. User-defined detectors run first; built-in detectors do
/// not examine their matches. An empty match, and a match inside a placeholder that the text already contains, are
/// ignored.
#[derive(Clone)]
pub struct Detector {
    placeholder: String,
    pattern: String,
    check: Option<Arc<CheckFn>>,
}

type CheckFn = dyn Fn(&str) -> bool + Send + Sync;

impl Detector {
    /// Returns a detector that replaces each match of `pattern` by `[name]`. A name has 2 to 32 characters, begins with
    /// a capital letter, contains only capital letters, `_` and up to four digits, and has no part longer than sixteen
    /// characters without a `_`. `pattern` is an expression in the syntax of the crate `regex-syntax` whose matches are
    /// valid UTF-8, so `.` and negated classes need the flag `u`: `(?u:.)`.
    /// [`RedactorBuilder::build`](super::RedactorBuilder::build) reports other names and expressions as errors.
    #[must_use]
    pub fn new(name: impl Into<String>, pattern: impl Into<String>) -> Self {
        Self { placeholder: name.into(), pattern: pattern.into(), check: None }
    }

    /// Sets a function that receives each matched text and returns whether to redact it. A panic in the function
    /// unwinds through the call that redacts.
    #[must_use]
    pub fn check(mut self, check: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.check = Some(Arc::new(check));
        self
    }
}

impl fmt::Debug for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detector")
            .field("label", &self.placeholder)
            .field("pattern", &self.pattern)
            .finish_non_exhaustive()
    }
}

/// All user-defined detectors, compiled to one expression, and the allowed texts.
#[derive(Debug, Clone, Default)]
pub(super) struct CustomDetectors {
    detectors: Vec<Detector>,
    regex: Option<meta::Regex>,
    allowlist: Vec<String>,
}

impl CustomDetectors {
    pub(super) fn new(mut detectors: Vec<Detector>, allowlist: Vec<String>) -> Result<Self, RedactorBuildError> {
        for detector in &mut detectors {
            let name = detector.placeholder.as_bytes();
            let is_valid = found::is_placeholder_name(name);
            if !is_valid {
                return Err(RedactorBuildError::invalid_name(&detector.placeholder));
            }
            detector.placeholder = format!("[{}]", detector.placeholder);
        }
        let patterns: Vec<&str> = detectors.iter().map(|detector| &detector.pattern[..]).collect();
        let build = || {
            meta::Builder::new()
                .configure(meta::Config::new().hybrid_cache_capacity(16 << 20))
                .syntax(syntax::Config::new().unicode(false).utf8(true).dot_matches_new_line(false))
                .build_many(&patterns)
                .map_err(|error| RedactorBuildError::new("a detector's pattern", &error))
        };
        let regex = if patterns.is_empty() { None } else { Some(build()?) };
        Ok(Self { detectors, regex, allowlist })
    }

    pub(super) const fn has_detectors(&self) -> bool {
        self.regex.is_some()
    }

    pub(super) fn placeholder(&self, number: usize) -> &str {
        self.detectors.get(number).map_or("[CUSTOM]", |detector| &detector.placeholder)
    }

    /// Returns the matches of the detectors from `from` on, line by line. In an unfinished text, only complete lines
    /// are searched.
    pub(super) fn find_matches(&self, bytes: &[u8], from: usize, is_complete: bool) -> Vec<Match> {
        let Some(regex) = &self.regex else { return Vec::new() };
        let mut matches = Vec::new();
        let (mut line, end) = (from, if is_complete { bytes.len() } else { self.unfinished_line_start(bytes, from) });
        while line < end {
            let stop = memchr::memchr(b'\n', &bytes[line..end]).map_or(end, |at| line + at);
            let mut position = line;
            while position < stop {
                let Some(found) = regex.search(&Input::new(&bytes[line..stop]).range(position - line..)) else { break };
                let (start, end) = (line + found.start(), line + found.end());
                let number = found.pattern().as_usize();
                if end > start
                    && self.accepts(number, &bytes[start..end])
                    && !is_inside_placeholder(&bytes[line..stop], start - line, end - line)
                {
                    matches.push(Match { start, end, kind: MatchedKind::Custom(number) });
                }
                position = end.max(position + 1).max(start + 1);
                while position < stop && bytes[position] & 0xc0 == 0x80 {
                    position += 1;
                }
            }
            line = stop + 1;
        }
        matches
    }

    fn accepts(&self, number: usize, bytes: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        let check = self.detectors.get(number).and_then(|detector| detector.check.as_ref());
        check.is_none_or(|check| check(text)) && !self.is_allowed(bytes)
    }

    /// Returns the start of the last, incomplete line after `from`. Returns the length of `bytes` if no user-defined
    /// detectors exist.
    pub(super) fn unfinished_line_start(&self, bytes: &[u8], from: usize) -> usize {
        match &self.regex {
            Some(_) => memchr::memrchr(b'\n', &bytes[from..]).map_or(from, |at| from + at + 1),
            None => bytes.len(),
        }
    }

    /// Returns whether an allowed text equals `found`, ignoring ASCII case.
    pub(super) fn is_allowed(&self, found: &[u8]) -> bool {
        self.allowlist.iter().any(|allowed| found.eq_ignore_ascii_case(allowed.as_bytes()))
    }
}

/// Returns whether the match `start..end` lies inside a placeholder that the line already contains.
fn is_inside_placeholder(line: &[u8], start: usize, end: usize) -> bool {
    let open = line[..(start + 1).min(line.len())].iter().rposition(|byte| *byte == b'[');
    let Some(open) = open.filter(|open| start - open <= 34) else { return false };
    let close = line[open..].iter().take(36).position(|byte| *byte == b']');
    close.is_some_and(|close| {
        let name = &line[open + 1..open + close];
        open + close + 1 >= end && found::is_placeholder_name(name)
    })
}
