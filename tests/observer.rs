//! The observer's API: invalid settings are refused with the setter's name, models are declared and retired, levels
//! change, roles share, the current observer is found.

#[path = "observer/build_errors.rs"]
mod build_errors;
#[path = "observer/current.rs"]
mod current;
#[path = "observer/labels.rs"]
mod labels;
#[path = "observer/levels_and_roles.rs"]
mod levels_and_roles;
#[path = "observer/models.rs"]
mod models;
mod support;
