//! The types of number that the setters accept.

use std::num::NonZeroU32;

use llmobs::Role;
use llmobs::Usage;
use llmobs::operation::OptionalInteger;
use llmobs::operation::OptionalNumber;
use llmobs_tests::tracing_backend::MODEL;
use llmobs_tests::tracing_backend::TracingBackend;
use llmobs_tests::tracing_backend::attributes;
use opentelemetry::Value;

/// Returns the attributes of an operation whose parameters are all set to this number.
fn attributes_of(number: impl OptionalInteger + OptionalNumber + Copy) -> [Option<Value>; 5] {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Client).build().unwrap();
    observer.chat(MODEL).max_tokens(number).choices(number).seed(number).top_k(number).start().complete();
    observer.embeddings(MODEL).dimensions(number).start().complete();
    let mut found = attributes(&backend.span(&format!("chat {MODEL}")));
    found.extend(attributes(&backend.span(&format!("embeddings {MODEL}"))));
    [
        "gen_ai.request.max_tokens",
        "gen_ai.request.choice.count",
        "gen_ai.request.seed",
        "gen_ai.embeddings.dimension.count",
        "gen_ai.request.top_k",
    ]
    .map(|name| found.get(name).cloned())
}

#[test]
fn parameters_accept_every_type_of_integer_and_options_of_it() {
    let seven = [Value::I64(7), Value::I64(7), Value::I64(7), Value::I64(7), Value::F64(7.0)].map(Some);
    assert_eq!(attributes_of(7), seven);
    assert_eq!(attributes_of(Some(7)), seven);
    macro_rules! assert_accepted {
        ($($number:ty),*) => {
            $(assert_eq!(attributes_of(7 as $number), seven);
            assert_eq!(attributes_of(&(7 as $number)), seven);
            assert_eq!(attributes_of(Some(7 as $number)), seven);
            assert_eq!(attributes_of(&Some(7 as $number)), seven);
            assert_eq!(attributes_of(None::<$number>), [const { None }; 5]);)*
        };
    }
    assert_accepted!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);
    assert_eq!(attributes_of(NonZeroU32::new(7)), seven);
}

#[test]
fn numbers_out_of_range_are_missing() {
    let negative = [None, None, Some(Value::I64(-1)), None, Some(Value::F64(-1.0))];
    assert_eq!(attributes_of(-1), negative);
    let [max_tokens, _, seed, ..] = attributes_of(u64::MAX);
    assert_eq!([max_tokens, seed], [None, None], "an attribute has at most i64::MAX");
}

#[test]
fn parameters_accept_both_precisions_of_decimal_numbers() {
    let value_of = |number: &dyn Fn(llmobs::operation::Start<'_>) -> llmobs::Operation| {
        let backend = TracingBackend::new();
        let observer = backend.builder(Role::Client).build().unwrap();
        number(observer.chat(MODEL)).complete();
        let found = attributes(&backend.span(&format!("chat {MODEL}")));
        found.get("gen_ai.request.temperature").cloned()
    };
    let expected = Some(Value::F64(0.7));
    assert_eq!(value_of(&|start| start.temperature(0.7).start()), expected);
    assert_eq!(value_of(&|start| start.temperature(0.7_f32).top_p(0.1_f32).start()), expected);
    assert_eq!(value_of(&|start| start.temperature(Some(0.7)).frequency_penalty(None::<f32>).start()), expected);
    assert_eq!(value_of(&|start| start.temperature(Some(0.7_f32)).presence_penalty(-1).start()), expected);
    assert_eq!(value_of(&|start| start.temperature(None::<f64>).start()), None);
}

#[test]
fn usage_accepts_every_type_of_integer_and_options_of_it() {
    let expected = Usage::new().input(9).cache_read(1).cache_write(2).output(8).reasoning(3);
    let (cached, reasoning) = (Some(1_i32), Some(3_usize));
    let usage = Usage::new().input(9_u64).cache_read(cached).cache_write(2_u16).output(8_i64).reasoning(reasoning);
    assert_eq!(usage, expected);
    assert_eq!(expected.reasoning(None::<u32>), Usage::new().input(9).cache_read(1).cache_write(2).output(8));
    assert_eq!(Usage::new().output(-1), Usage::new());
}

#[test]
fn a_retrieval_accepts_every_type_of_integer() {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Client).build().unwrap();
    observer.retrieval("docs").top_k(Some(5_usize)).start().complete();
    let found = attributes(&backend.span("retrieval docs"));
    assert_eq!(found.get("gen_ai.request.top_k"), Some(&Value::F64(5.0)));
}
