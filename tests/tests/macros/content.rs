//! Content that the attribute captures from arguments and results. Where capture is off, the attribute evaluates
//! nothing.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Role;
use llmobs::capture::ContentCapture;
use llmobs::content::Input;
use llmobs::content::Message;
use llmobs::content::Part;
use llmobs::llm_span;
use llmobs::stream::StreamItem;
use serde_json::Value;
use serde_json::json;

use crate::backend;
use crate::backend::TracingBackend;
use crate::fixture::Fixture;
use crate::fixture::MODEL;
use crate::fixture::block_on_ready;

const INPUT: &str = "gen_ai.input.messages";
const OUTPUT: &str = "gen_ai.output.messages";

/// Returns the attributes of a call's span as text, by name.
fn span_texts(name: &str, call: impl FnOnce(&Observer)) -> BTreeMap<String, String> {
    let backend = TracingBackend::new();
    call(&backend.builder(Role::Server).model(MODEL).capture(ContentCapture::Spans).build().unwrap());
    let attributes = backend::attributes(&backend.span(name));
    attributes.into_iter().map(|(name, value)| (name, value.to_string())).collect()
}

/// Returns the attributes of a chat's span as text, by name.
fn chat_span_texts(call: impl FnOnce(&Observer)) -> BTreeMap<String, String> {
    span_texts("chat smollm2", call)
}

fn message_json(role: &str, text: &str) -> String {
    format!(r#"[{{"parts":[{{"content":"{text}","type":"text"}}],"role":"{role}"}}]"#)
}

fn output_json(text: &str) -> String {
    message_json("assistant", text).replacen('{', r#"{"finish_reason":"stop","#, 1)
}

#[llm_span(chat, observer = observer, model = MODEL, input = Input::new().system("Be brief.").message(Message::user(text.as_str())))]
async fn echo(observer: &Observer, text: String) -> Result<String, ErrorType> {
    if text.is_empty() { Err(ErrorType::InvalidRequest) } else { Ok(text) }
}

#[test]
fn a_call_has_its_input_and_its_output_text() {
    let attributes = chat_span_texts(|observer| {
        block_on_ready(echo(observer, "I am jane@example.org".to_owned())).unwrap();
    });
    assert_eq!(attributes["gen_ai.system_instructions"], r#"[{"content":"Be brief.","type":"text"}]"#);
    assert_eq!(attributes[INPUT], message_json("user", "I am [EMAIL]"));
    assert_eq!(attributes[OUTPUT], output_json("I am [EMAIL]"));
    let attributes = chat_span_texts(|observer| drop(block_on_ready(echo(observer, String::new()))));
    assert!(
        attributes.contains_key(INPUT) && !attributes.contains_key(OUTPUT),
        "an error has no output: {attributes:?}"
    );
}

/// A request type defined by the application.
struct Request {
    text: String,
}

impl From<&Request> for Input {
    fn from(request: &Request) -> Self {
        request.text.as_str().into()
    }
}

#[test]
fn every_type_that_converts_into_an_input_is_accepted_and_stays_available_to_the_body() {
    macro_rules! calls {
        ($($name:ident($type:ty);)*) => {$(
            #[llm_span(chat, observer = observer, model = MODEL, input = given)]
            fn $name(observer: &Observer, given: $type) {
                drop(given);
            }
        )*};
    }
    calls! {
        owned(String);
        messages(Vec<Message>);
        message(Message);
        list([Message; 1]);
        input(Input);
        request(Request);
    }
    #[llm_span(chat, observer = observer, model = MODEL, input = *given)]
    fn borrowed<T: Copy + Into<Input>>(observer: &Observer, given: &T) {}
    #[llm_span(chat, observer = observer, model = MODEL, input = given)]
    fn reference(observer: &Observer, given: &Input) {}
    #[llm_span(chat, observer = observer, model = MODEL, input = &request.text)]
    fn field(observer: &Observer, request: Request) -> Request {
        request
    }
    #[llm_span(chat, observer = observer, model = MODEL, input = *text)]
    fn shared(observer: &Observer, text: Arc<str>) {}
    let hello = || "hello".to_owned();
    let user = || Message::user("hello");
    let calls: [&dyn Fn(&Observer); 10] = [
        &|observer| owned(observer, hello()),
        &|observer| messages(observer, vec![user()]),
        &|observer| message(observer, user()),
        &|observer| list(observer, [user()]),
        &|observer| input(observer, user().into()),
        &|observer| request(observer, Request { text: hello() }),
        &|observer| borrowed(observer, &"hello"),
        &|observer| reference(observer, &user().into()),
        &|observer| drop(field(observer, Request { text: hello() })),
        &|observer| shared(observer, "hello".into()),
    ];
    for (index, call) in calls.into_iter().enumerate() {
        assert_eq!(chat_span_texts(call)[INPUT], message_json("user", "hello"), "call {index}");
    }
}

#[test]
fn a_method_may_use_its_fields_as_input() {
    struct Model {
        instructions: &'static str,
    }
    #[async_trait::async_trait]
    trait Answers {
        async fn answer(&self, observer: &Observer, text: &str) -> Option<String>;
    }
    #[async_trait::async_trait]
    impl Answers for Model {
        #[llm_span(chat, observer = observer, model = MODEL, input = [Message::system(self.instructions), Message::user(text)])]
        async fn answer(&self, observer: &Observer, text: &str) -> Option<String> {
            (!text.is_empty()).then(|| text.to_uppercase())
        }
    }
    let model = Model { instructions: "Shout." };
    let attributes = chat_span_texts(|observer| assert!(block_on_ready(model.answer(observer, "hello")).is_some()));
    assert!(attributes[INPUT].contains("Shout.") && attributes[INPUT].contains("hello"), "{attributes:?}");
    assert_eq!(attributes[OUTPUT], output_json("HELLO"));
    let attributes = chat_span_texts(|observer| assert!(block_on_ready(model.answer(observer, "")).is_none()));
    assert!(!attributes.contains_key(OUTPUT), "{attributes:?}");
}

#[test]
fn content_expressions_are_not_evaluated_where_nothing_is_captured() {
    fn count_evaluation(evaluations: &Cell<u32>) -> &'static str {
        evaluations.set(evaluations.get() + 1);
        "hello"
    }
    #[llm_span(chat, observer = observer, model = MODEL, input = count_evaluation(evaluations))]
    fn call(observer: &Observer, evaluations: &Cell<u32>) {}
    #[llm_span(tool, observer = observer, arguments = json!(count_evaluation(evaluations)), result = Value::clone)]
    fn tool(observer: &Observer, evaluations: &Cell<u32>) -> Value {
        json!(1)
    }
    #[llm_span(retrieval, observer = observer, query = count_evaluation(evaluations))]
    fn search(observer: &Observer, evaluations: &Cell<u32>) {}
    let evaluations = Cell::new(0);
    let all = |observer: &Observer| {
        call(observer, &evaluations);
        tool(observer, &evaluations);
        search(observer, &evaluations);
    };
    all(&Observer::disabled());
    all(&Fixture::with(|builder| builder.capture(ContentCapture::Off)).observer);
    let backend = TracingBackend::new();
    all(&backend.builder(Role::Server).model(MODEL).capture(ContentCapture::Off).build().unwrap());
    assert_eq!(evaluations.get(), 0);
    for span in backend.spans() {
        assert!(!format!("{:?}", span.attributes).contains("hello"));
    }
    all(&backend.builder(Role::Server).model(MODEL).capture(ContentCapture::Spans).build().unwrap());
    assert_eq!(evaluations.get(), 3);
}

/// An item of a stream that implements `StreamItem`.
struct Delta(&'static str);

impl StreamItem for Delta {
    fn to_chunk(&self) -> Chunk {
        Chunk::tokens(1)
    }

    fn text(&self) -> Option<&str> {
        Some(self.0)
    }
}

fn one_token(_: &Delta) -> u32 {
    1
}

#[llm_span(chat, observer = observer, model = MODEL, stream, input = "hello")]
fn deltas(observer: &Observer) -> impl Stream<Item = Result<Delta, ErrorType>> + use<> {
    stream::iter([Ok(Delta("I am ja")), Ok(Delta("ne@example.org"))])
}

#[llm_span(chat, observer = observer, model = MODEL, stream, tokens = one_token)]
fn counted(observer: &Observer) -> impl Stream<Item = Delta> + use<> {
    stream::iter([Delta("I am jane")])
}

#[test]
fn the_text_of_stream_items_is_captured_unless_tokens_is_given() {
    let attributes = chat_span_texts(|observer| assert_eq!(block_on_ready(deltas(observer).count()), 2));
    assert_eq!(
        (attributes[INPUT].clone(), attributes[OUTPUT].clone()),
        (message_json("user", "hello"), output_json("I am [EMAIL]"))
    );
    let attributes = chat_span_texts(|observer| assert_eq!(block_on_ready(counted(observer).count()), 1));
    assert!(!attributes.contains_key(OUTPUT), "{attributes:?}");
}

#[test]
fn an_output_set_by_the_body_is_kept() {
    #[llm_span(chat, observer = observer, model = MODEL, handle = call)]
    fn sets_output(observer: &Observer) -> String {
        call.marker().output(|| [Message::assistant().part(Part::text("the output that was set"))]);
        "the returned text".to_owned()
    }
    let attributes = chat_span_texts(|observer| drop(sets_output(observer)));
    assert_eq!(attributes[OUTPUT], output_json("the output that was set"));
}

#[test]
fn a_result_that_is_not_text_or_not_an_answer_is_not_captured() {
    #[llm_span(chat, observer = observer, model = MODEL)]
    fn number(observer: &Observer) -> u32 {
        7
    }
    #[llm_span(chat, observer = observer, model = MODEL)]
    fn anything<T>(observer: &Observer, value: T) -> T {
        value
    }
    #[llm_span(embeddings, observer = observer, model = MODEL)]
    fn embed(observer: &Observer) -> String {
        "0.5 0.25".to_owned()
    }
    assert!(!chat_span_texts(|observer| assert_eq!(number(observer), 7)).contains_key(OUTPUT));
    assert!(!chat_span_texts(|observer| assert_eq!(anything(observer, "a text"), "a text")).contains_key(OUTPUT));
    assert!(!span_texts("embeddings smollm2", |observer| drop(embed(observer))).contains_key(OUTPUT));
}

#[llm_span(tool, observer = observer, arguments = json!({ "to": to }), result = receipt)]
fn mail(observer: &Observer, to: String) -> Result<String, ErrorType> {
    if to.is_empty() { Err(ErrorType::Tool) } else { Ok(to) }
}

fn receipt(to: &str) -> Value {
    json!({ "sent": to })
}

#[llm_span(retrieval, observer = observer, name = "docs", query = query)]
async fn search(observer: &Observer, query: String) -> usize {
    query.len()
}

#[test]
fn a_tool_has_its_arguments_and_its_result_and_a_retrieval_its_query() {
    let tool = span_texts("execute_tool mail", |observer| drop(mail(observer, "jane@example.org".to_owned())));
    assert_eq!(tool["gen_ai.tool.call.arguments"], r#"{"to":"[EMAIL]"}"#);
    assert_eq!(tool["gen_ai.tool.call.result"], r#"{"sent":"[EMAIL]"}"#);
    let tool = span_texts("execute_tool mail", |observer| drop(mail(observer, String::new())));
    assert!(!tool.contains_key("gen_ai.tool.call.result"));
    let retrieval = span_texts("retrieval docs", |observer| {
        assert_eq!(block_on_ready(search(observer, "who is jane@example.org?".to_owned())), 24)
    });
    assert_eq!(retrieval["gen_ai.retrieval.query.text"], "who is [EMAIL]?");
}
