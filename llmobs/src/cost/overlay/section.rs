//! A table of an overlay, whose keys are read one by one and whose other keys are errors.

use jiff::civil::Date;
use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use crate::cost::decimal::parse_exact;
use crate::cost::price_book_error::PriceBookError;

/// A table, with the keys that were read.
pub(super) struct Section<'a> {
    text: &'a str,
    /// The name of the table in errors, such as `[[price]]`.
    name: &'static str,
    table: &'a DeTable<'a>,
    start: usize,
    read: Vec<&'static str>,
}

/// A value of a table and its key.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    text: &'a str,
    key: &'static str,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Section<'a> {
    pub(super) const fn new(text: &'a str, name: &'static str, table: &'a DeTable<'a>, start: usize) -> Self {
        Self { text, name, table, start, read: Vec::new() }
    }

    /// Returns the value of a key; `None` if the table has no such key.
    pub(super) fn get(&mut self, key: &'static str) -> Option<Entry<'a>> {
        self.read.push(key);
        let value = self.table.iter().find(|(name, _)| name.get_ref().as_ref() == key)?.1;
        Some(Entry { text: self.text, key, value })
    }

    /// Returns the value of a key; an error if the table has no such key.
    pub(super) fn require(&mut self, key: &'static str) -> Result<Entry<'a>, PriceBookError> {
        self.get(key).ok_or_else(|| self.error(format!("has no `{key}`")))
    }

    /// Returns the text of a key, if the table has it.
    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<String>, PriceBookError> {
        self.get(key).map(|entry| entry.as_text().map(str::to_owned)).transpose()
    }

    /// Returns the tables of a key: those of an array of tables, or one table.
    pub(super) fn tables(&mut self, key: &'static str, name: &'static str) -> Result<Vec<Self>, PriceBookError> {
        let Some(entry) = self.get(key) else { return Ok(Vec::new()) };
        entry.elements().map(|element| element.as_section(name)).collect()
    }

    /// Returns an error about the table, at its line.
    pub(super) fn error(&self, message: impl AsRef<str>) -> PriceBookError {
        PriceBookError::at_line(line_at(self.text, self.start), format!("{} {}", self.name, message.as_ref()))
    }

    /// Returns an error if the table has a key that was not read.
    pub(super) fn finish(&self) -> Result<(), PriceBookError> {
        let unknown = self.table.keys().find(|key| !self.read.contains(&key.get_ref().as_ref()));
        unknown.map_or(Ok(()), |key| {
            let message = format!("{} has an unknown key `{}`", self.name, key.get_ref());
            Err(PriceBookError::at_line(line_at(self.text, key.span().start), message))
        })
    }
}

impl<'a> Entry<'a> {
    /// Returns an error about the value, at its line.
    pub(super) fn error(&self, message: impl AsRef<str>) -> PriceBookError {
        PriceBookError::at_line(self.line(), format!("`{}` {}", self.key, message.as_ref()))
    }

    /// Returns the line of the value; the first line is 1.
    pub(super) fn line(&self) -> usize {
        line_at(self.text, self.value.span().start)
    }

    pub(super) fn as_text(&self) -> Result<&'a str, PriceBookError> {
        self.value.get_ref().as_str().ok_or_else(|| self.error("must be a text"))
    }

    /// Returns the texts of an array, or the one text.
    pub(super) fn as_texts(&self) -> Result<Vec<&'a str>, PriceBookError> {
        self.elements().map(|element| element.as_text()).collect()
    }

    /// Returns a decimal, written as a number or text, times 10 to the power of `scale`.
    pub(super) fn as_decimal(&self, scale: i32) -> Result<u64, PriceBookError> {
        let text = match self.value.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            DeValue::Float(float) => float.as_str(),
            DeValue::String(text) => text,
            _ => return Err(self.error("must be a decimal number")),
        };
        parse_exact(text, scale).map_err(|reason| self.error(reason))
    }

    /// Returns a date without a time, written as a date or text.
    pub(super) fn as_day(&self) -> Result<Date, PriceBookError> {
        let text = match self.value.get_ref() {
            DeValue::Datetime(datetime) => datetime.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => String::new(),
        };
        // A date with a time would be parsed as its day.
        let day = (text.len() == 10).then(|| text.parse().ok()).flatten();
        day.ok_or_else(|| self.error("must be a date like 2026-11-20"))
    }

    /// Returns the table.
    pub(super) fn as_section(&self, name: &'static str) -> Result<Section<'a>, PriceBookError> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.error("must be a table"))?;
        Ok(Section::new(self.text, name, table, self.value.span().start))
    }

    /// Returns true for a table.
    pub(super) fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    /// Returns the elements of an array, or the one value.
    pub(super) fn elements(&self) -> impl Iterator<Item = Self> + use<'a> {
        let (text, key, value) = (self.text, self.key, self.value);
        let elements = value.get_ref().as_array().map(|array| array.iter());
        let single = if elements.is_none() { Some(value) } else { None };
        elements.into_iter().flatten().chain(single).map(move |value| Self { text, key, value })
    }
}

/// Returns the line of a byte; the first line is 1.
pub(super) fn line_at(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|byte| *byte == b'\n').count()
}
