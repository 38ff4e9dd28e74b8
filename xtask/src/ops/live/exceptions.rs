//! The panels that need not move, each with its reason. No tile is among them, and they are at most 5 % of all panels.

/// The board's id, the title of the panel, and the reason.
pub(super) const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("llmobs-engine", "Engines", "a list of what runs: its values are constant"),
    ("llmobs-engine", "State of the sampler", "the simulated driver answers always"),
    (
        "llmobs-engine",
        "States of GPUs",
        "both simulated GPUs change their state together: a line ends, and another begins",
    ),
    ("llmobs-engine", "Time to load the model", "one value, set when the model was loaded"),
];
