//! Validation against the JSON schemas of the OpenTelemetry GenAI conventions, as copied into this repository.

use std::fs;
use std::path::Path;

use boon::Compiler;
use boon::SchemaIndex;
use boon::Schemas;
use serde_json::Value;

/// The JSON schemas of one profile.
pub struct SchemaSet {
    folder: &'static str,
    schemas: Schemas,
    compiled: Vec<(&'static str, SchemaIndex)>,
}

const SCHEMA_NAMES: [&str; 5] = [
    "gen-ai-input-messages",
    "gen-ai-output-messages",
    "gen-ai-system-instructions",
    "gen-ai-tool-definitions",
    "gen-ai-retrieval-documents",
];

impl SchemaSet {
    /// Compiles the schemas in a folder of `semconv/`. Panics if one is missing or not valid.
    pub fn open(folder: &'static str) -> Self {
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../semconv").join(folder);
        let compiled = SCHEMA_NAMES.map(|name| {
            let text = fs::read_to_string(root.join(name).with_extension("json")).unwrap();
            let address = format!("https://schemas.test/{folder}/{name}.json");
            compiler.add_resource(&address, serde_json::from_str(&text).unwrap()).unwrap();
            (name, compiler.compile(&address, &mut schemas).unwrap())
        });
        Self { folder, schemas, compiled: compiled.to_vec() }
    }

    /// Validates a value against the schema `name`, a file name without `.json`. Returns the error as text; panics if
    /// there is no such schema.
    pub fn check(&self, name: &str, value: &Value) -> Result<(), String> {
        let index = self.compiled.iter().find(|(known, _)| *known == name).unwrap().1;
        self.schemas.validate(value, index).map_err(|error| format!("{} {name}: {error:#}\n{value}", self.folder))
    }

    /// Validates a list of messages against the schema `name`, as [`check`](Self::check) does, and returns the first error.
    /// Each part must also have the required fields of its `type`, because the generic part of the schema accepts any
    /// fields. A part of another type is an error too.
    pub fn check_messages(&self, name: &str, value: &Value) -> Result<(), String> {
        self.check(name, value)?;
        for part in value.as_array().into_iter().flatten().filter_map(|message| message["parts"].as_array()).flatten() {
            let required: &[&str] = match part["type"].as_str().unwrap_or_default() {
                "blob" => &["content", "modality"],
                "file" => &["file_id", "modality"],
                "reasoning" | "text" => &["content"],
                "tool_call" => &["name"],
                "tool_call_response" => &["response"],
                "uri" => &["modality", "uri"],
                other => return Err(format!("a part of the unknown type {other:?}")),
            };
            if let Some(missing) = required.iter().find(|field| part.get(**field).is_none()) {
                return Err(format!("{missing} is missing in {part}"));
            }
        }
        Ok(())
    }
}
