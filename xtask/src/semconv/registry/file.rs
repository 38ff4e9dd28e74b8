//! The structure of the files. An unknown key is an error.

#![expect(dead_code, reason = "a key that the generator does not read must be declared, or the reader rejects it")]

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::IgnoredAny;
use serde::de::IntoDeserializer;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde::de::value::MapAccessDeserializer;
use serde_json::Value;

use super::attribute_type::AttributeType;
use super::model::Instrument;
use super::model::Number;
use super::model::Requirement;
use super::model::SpanKind;

/// A file of either format: `groups` is the old one.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct File {
    file_format: IgnoredAny,
    /// Definitions of other registries that Weaver also puts into this one.
    imports: IgnoredAny,
    pub(super) groups: Vec<LegacyGroup>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) attribute_groups: Vec<AttributeGroup>,
    pub(super) metrics: Vec<Metric>,
    /// Refinements narrow definitions from elsewhere.
    metric_refinements: IgnoredAny,
    pub(super) spans: Vec<Span>,
    pub(super) span_refinements: Vec<SpanRefinement>,
    pub(super) events: Vec<Event>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attribute {
    pub(super) key: String,
    #[serde(rename = "type")]
    pub(super) kind: WordOrMap<AttributeType, Enumeration>,
    pub(super) brief: String,
    pub(super) stability: String,
    note: Option<IgnoredAny>,
    examples: Option<IgnoredAny>,
    annotations: Option<IgnoredAny>,
    deprecated: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enumeration {
    pub(super) members: Vec<Member>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    id: IgnoredAny,
    pub(super) value: String,
    pub(super) brief: String,
    pub(super) deprecated: Option<IgnoredAny>,
    stability: Option<IgnoredAny>,
    note: Option<IgnoredAny>,
    annotations: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttributeGroup {
    pub(super) id: String,
    pub(super) attributes: Vec<Reference>,
    visibility: Option<IgnoredAny>,
    brief: Option<IgnoredAny>,
    stability: Option<IgnoredAny>,
}

/// A reference to an attribute (`ref`) or to all attributes of a group (`ref_group`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reference {
    #[serde(rename = "ref")]
    pub(super) name: Option<String>,
    #[serde(rename = "ref_group")]
    pub(super) group: Option<String>,
    pub(super) requirement_level: Option<RequirementLevel>,
    #[serde(default)]
    pub(super) sampling_relevant: bool,
    pub(super) note: Option<String>,
    brief: Option<IgnoredAny>,
    examples: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metric {
    id: Option<IgnoredAny>,
    #[serde(alias = "metric_name")]
    pub(super) name: String,
    pub(super) extends: Option<String>,
    pub(super) brief: String,
    pub(super) instrument: Instrument,
    pub(super) unit: String,
    pub(super) stability: String,
    pub(super) annotations: Annotations,
    #[serde(default)]
    pub(super) attributes: Vec<Reference>,
    requirement_level: Option<IgnoredAny>,
    note: Option<IgnoredAny>,
    deprecated: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Annotations {
    pub(super) code_generation: CodeGeneration,
    naming_conventions: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeGeneration {
    pub(super) metric_value_type: Number,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    #[serde(rename = "type")]
    pub(super) id: String,
    pub(super) kind: SpanKind,
    pub(super) name: SpanName,
    pub(super) brief: String,
    #[serde(default)]
    pub(super) note: String,
    #[serde(default)]
    pub(super) attributes: Vec<Reference>,
    stability: Option<IgnoredAny>,
    requirement_level: Option<IgnoredAny>,
    entity_associations: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpanName {
    pub(super) note: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpanRefinement {
    id: IgnoredAny,
    #[serde(rename = "ref")]
    pub(super) base: String,
    name: Option<IgnoredAny>,
    brief: Option<IgnoredAny>,
    note: Option<IgnoredAny>,
    stability: Option<IgnoredAny>,
    pub(super) attributes: Vec<Reference>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    id: Option<IgnoredAny>,
    pub(super) name: String,
    pub(super) extends: Option<String>,
    pub(super) requirement_level: Option<RequirementLevel>,
    pub(super) brief: String,
    #[serde(default)]
    pub(super) note: String,
    #[serde(default)]
    pub(super) attributes: Vec<Reference>,
    stability: Option<IgnoredAny>,
}

/// A group of the old format.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum LegacyGroup {
    AttributeGroup {
        id: String,
        extends: Option<String>,
        #[serde(default)]
        attributes: Vec<LegacyAttribute>,
        brief: Option<IgnoredAny>,
        display_name: Option<IgnoredAny>,
        stability: Option<IgnoredAny>,
        note: Option<IgnoredAny>,
    },
    Metric(Metric),
    Span {
        id: String,
        extends: Option<String>,
        #[serde(default)]
        attributes: Vec<Reference>,
        span_kind: SpanKind,
        brief: String,
        note: Option<String>,
        stability: Option<IgnoredAny>,
    },
    Event(Event),
}

/// An item in the `attributes` of an old group: a definition, which has an `id`, or a reference.
#[derive(Debug)]
pub(super) enum LegacyAttribute {
    Definition(Attribute),
    Reference(Reference),
}

/// A value that is either a word or a map.
#[derive(Debug)]
pub(super) enum WordOrMap<W, M> {
    Word(W),
    Map(M),
}

impl Reference {
    pub(super) fn to_group(id: String) -> Self {
        Self { group: Some(id), ..Self::default() }
    }
}

impl File {
    /// Parses the text of a file. The error begins with its line number.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let file: Option<Self> = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(1, |location| location.line());
            format!("{line}: {}", error.without_snippet())
        })?;
        file.ok_or_else(|| "1: the file is empty".to_owned())
    }
}

/// A requirement level: a word, or a map with the level as its only key and the condition as the value.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "WordOrMap<Requirement, BTreeMap<Requirement, IgnoredAny>>")]
pub(super) struct RequirementLevel(pub(super) Requirement);

impl TryFrom<WordOrMap<Requirement, BTreeMap<Requirement, IgnoredAny>>> for RequirementLevel {
    type Error = &'static str;

    fn try_from(level: WordOrMap<Requirement, BTreeMap<Requirement, IgnoredAny>>) -> Result<Self, Self::Error> {
        match level {
            WordOrMap::Word(level) => Ok(Self(level)),
            WordOrMap::Map(conditions) => match conditions.keys().collect::<Vec<_>>()[..] {
                [level] => Ok(Self(*level)),
                _ => Err("a requirement level has one condition"),
            },
        }
    }
}

impl<'de> Deserialize<'de> for LegacyAttribute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = serde_json::Map::deserialize(deserializer)?;
        let attribute = match map.remove("id") {
            None => serde_json::from_value(Value::Object(map)).map(Self::Reference),
            Some(_) if map.contains_key("key") => return Err(D::Error::custom("unknown field `key`")),
            Some(id) => {
                map.insert("key".to_owned(), id);
                serde_json::from_value(Value::Object(map)).map(Self::Definition)
            }
        };
        attribute.map_err(D::Error::custom)
    }
}

impl<'de, W: Deserialize<'de>, M: Deserialize<'de>> Deserialize<'de> for WordOrMap<W, M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordOrMapVisitor(PhantomData))
    }
}

struct WordOrMapVisitor<W, M>(PhantomData<(W, M)>);

impl<'de, W: Deserialize<'de>, M: Deserialize<'de>> Visitor<'de> for WordOrMapVisitor<W, M> {
    type Value = WordOrMap<W, M>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word or a map")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Self::Value, E> {
        W::deserialize(word.into_deserializer()).map(WordOrMap::Word)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        M::deserialize(MapAccessDeserializer::new(map)).map(WordOrMap::Map)
    }
}
