//! Content before the export: the redactor's findings, the texts that it leaves unchanged, properties of every text,
//! and the gate.

mod accumulator;
mod detection_quality;
mod environment;
mod gate;
mod hook;
mod properties;
mod random_text;
mod samples;
mod schemas;
mod sealed_content;
mod streams;
mod ways_of_writing;
