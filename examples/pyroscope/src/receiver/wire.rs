//! The messages of a push to Pyroscope (`push.v1.PusherService/Push`) and of its profiles (pprof), with the fields that
//! the receiver reads.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(super) struct PushRequest {
    #[prost(message, repeated, tag = "1")]
    pub(super) series: Vec<Series>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Series {
    #[prost(message, repeated, tag = "1")]
    pub(super) labels: Vec<LabelPair>,
    #[prost(message, repeated, tag = "2")]
    pub(super) samples: Vec<RawSample>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct LabelPair {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) value: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RawSample {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) raw_profile: Vec<u8>,
}

/// A profile of pprof. Texts are indexes into `string_table`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Profile {
    #[prost(message, repeated, tag = "2")]
    pub(super) sample: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    pub(super) location: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    pub(super) function: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    pub(super) string_table: Vec<String>,
}

impl Profile {
    /// Returns the names and values of the tags of a sample.
    pub(super) fn tags<'a>(&'a self, sample: &'a Sample) -> impl Iterator<Item = (String, String)> + 'a {
        sample.label.iter().map(|label| (self.text(label.key), self.text(label.text)))
    }

    /// Returns the names of the functions on the stack of a sample, beginning with the innermost.
    pub(super) fn functions(&self, sample: &Sample) -> Vec<String> {
        let lines = sample.location_id.iter().flat_map(|id| self.lines(*id));
        lines.map(|line| self.function_name(line.function_id)).collect()
    }

    fn text(&self, index: i64) -> String {
        let text = usize::try_from(index).ok().and_then(|index| self.string_table.get(index));
        text.cloned().unwrap_or_default()
    }

    fn lines(&self, location: u64) -> &[Line] {
        self.location.iter().find(|candidate| candidate.id == location).map_or(&[], |location| &location.line)
    }

    fn function_name(&self, id: u64) -> String {
        self.function.iter().find(|function| function.id == id).map_or_else(String::new, |found| self.text(found.name))
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    pub(super) location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    pub(super) value: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    pub(super) label: Vec<Label>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Label {
    #[prost(int64, tag = "1")]
    pub(super) key: i64,
    #[prost(int64, tag = "2")]
    pub(super) text: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Location {
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
    #[prost(message, repeated, tag = "4")]
    pub(super) line: Vec<Line>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Line {
    #[prost(uint64, tag = "1")]
    pub(super) function_id: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Function {
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
    #[prost(int64, tag = "2")]
    pub(super) name: i64,
}
