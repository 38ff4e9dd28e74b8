//! The observer's API: invalid settings are refused with the setter's name, models are declared and retired, levels
//! change, roles share, the current observer is found, a spawned producer that vanishes fails its operation, the delay
//! and the load of a runtime are measured, objectives have an attainment of the last minutes, and backends have a state.

mod attainment;
mod backends;
mod build_errors;
mod current;
mod current_operation;
mod labels;
mod levels_and_roles;
mod models;
mod runtimes;
mod spawned_producers;
