//! The cases that pass in one program, so that clippy sees them too: each denies all warnings and clippy's pedantic ones.

#[path = "pass/arguments_in_patterns.rs"]
mod arguments_in_patterns;
#[path = "pass/async_functions.rs"]
mod async_functions;
#[path = "pass/async_trait_methods.rs"]
mod async_trait_methods;
#[path = "pass/bodies.rs"]
mod bodies;
#[path = "pass/borrowed_expressions.rs"]
mod borrowed_expressions;
#[path = "pass/boxed_futures.rs"]
mod boxed_futures;
#[cfg(feature = "content")]
#[path = "content/pass/content_arguments.rs"]
mod content_arguments;
#[path = "pass/documentation.rs"]
mod documentation;
#[path = "pass/fields.rs"]
mod fields;
#[path = "pass/generics.rs"]
mod generics;
#[path = "pass/handles.rs"]
mod handles;
#[path = "pass/kinds_of_calls.rs"]
mod kinds_of_calls;
#[path = "pass/kinds_of_steps.rs"]
mod kinds_of_steps;
#[path = "pass/made_by_macros.rs"]
mod made_by_macros;
#[path = "pass/methods.rs"]
mod methods;
#[path = "pass/native_async_traits.rs"]
mod native_async_traits;
#[path = "pass/nested_attributes.rs"]
mod nested_attributes;
#[path = "pass/objectives.rs"]
mod objectives;
#[path = "pass/observers.rs"]
mod observers;
#[path = "pass/renamed_crate.rs"]
mod renamed_crate;
#[path = "pass/results_and_options.rs"]
mod results_and_options;
#[path = "pass/results_of_streams.rs"]
mod results_of_streams;
#[path = "pass/send_stays_send.rs"]
mod send_stays_send;
#[path = "pass/shadowed_names.rs"]
mod shadowed_names;
#[path = "pass/streams.rs"]
mod streams;
#[path = "pass/unusual_functions.rs"]
mod unusual_functions;
#[path = "pass/without_prelude.rs"]
mod without_prelude;

#[test]
fn every_case_runs() {
    arguments_in_patterns::main();
    async_functions::main();
    async_trait_methods::main();
    bodies::main();
    borrowed_expressions::main();
    boxed_futures::main();
    #[cfg(feature = "content")]
    content_arguments::main();
    documentation::main();
    fields::main();
    generics::main();
    handles::main();
    kinds_of_calls::main();
    kinds_of_steps::main();
    made_by_macros::main();
    methods::main();
    native_async_traits::main();
    nested_attributes::main();
    objectives::main();
    observers::main();
    renamed_crate::main();
    results_and_options::main();
    results_of_streams::main();
    send_stays_send::main();
    shadowed_names::main();
    streams::main();
    unusual_functions::main();
    without_prelude::main();
}
