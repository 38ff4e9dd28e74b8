//! The observer as its users see it: settings that cannot work are refused by name, models come and go, levels change,
//! roles share, the current one is found.

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
