//! The cases that pass in one program, so that clippy sees them too: each denies all warnings and clippy's pedantic ones.

#[cfg(feature = "content")]
mod content {
    pub(super) mod pass {
        pub(crate) mod content_arguments;
    }
}
mod pass {
    pub(super) mod arguments_in_patterns;
    pub(super) mod async_functions;
    pub(super) mod async_trait_methods;
    pub(super) mod bodies;
    pub(super) mod borrowed_expressions;
    pub(super) mod boxed_futures;
    pub(super) mod documentation;
    pub(super) mod fields;
    pub(super) mod generics;
    pub(super) mod handles;
    pub(super) mod inferred_errors;
    pub(super) mod kinds_of_calls;
    pub(super) mod kinds_of_steps;
    pub(super) mod made_by_macros;
    pub(super) mod methods;
    pub(super) mod native_async_traits;
    pub(super) mod nested_attributes;
    pub(super) mod objectives;
    pub(super) mod observers;
    pub(super) mod renamed_crate;
    pub(super) mod results_and_options;
    pub(super) mod results_of_streams;
    pub(super) mod send_stays_send;
    pub(super) mod shadowed_names;
    pub(super) mod streams;
    pub(super) mod unusual_functions;
    pub(super) mod without_prelude;
}

#[test]
fn every_case_runs() {
    pass::arguments_in_patterns::main();
    pass::async_functions::main();
    pass::async_trait_methods::main();
    pass::bodies::main();
    pass::borrowed_expressions::main();
    pass::boxed_futures::main();
    #[cfg(feature = "content")]
    content::pass::content_arguments::main();
    pass::documentation::main();
    pass::fields::main();
    pass::generics::main();
    pass::handles::main();
    pass::inferred_errors::main();
    pass::kinds_of_calls::main();
    pass::kinds_of_steps::main();
    pass::made_by_macros::main();
    pass::methods::main();
    pass::native_async_traits::main();
    pass::nested_attributes::main();
    pass::objectives::main();
    pass::observers::main();
    pass::renamed_crate::main();
    pass::results_and_options::main();
    pass::results_of_streams::main();
    pass::send_stays_send::main();
    pass::shadowed_names::main();
    pass::streams::main();
    pass::unusual_functions::main();
    pass::without_prelude::main();
}
