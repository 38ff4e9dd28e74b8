//! The observer's API: invalid settings are refused with the setter's name, models are declared and retired, levels
//! change, roles share, the current observer is found.

#[path = "observer/current.rs"]
mod current;
#[path = "observer/labels.rs"]
mod labels;
#[path = "observer/models.rs"]
mod models;
#[path = "observer/refusals.rs"]
mod refusals;
#[path = "observer/sharing.rs"]
mod sharing;
mod support;
