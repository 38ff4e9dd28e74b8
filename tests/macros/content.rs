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

use super::kit::MODEL;
use super::kit::World;
use super::kit::now;
use crate::backend;
use crate::backend::Backend;

const INPUT: &str = "gen_ai.input.messages";
const OUTPUT: &str = "gen_ai.output.messages";

/// Returns the attributes of a call's span as text, by name.
fn told(name: &str, call: impl FnOnce(&Observer)) -> BTreeMap<String, String> {
    let backend = Backend::new();
    call(&backend.builder(Role::Server).model(MODEL).capture(ContentCapture::Spans).build().unwrap());
    let attributes = backend::attributes(&backend.span(name));
    attributes.into_iter().map(|(name, value)| (name, value.to_string())).collect()
}

/// Returns the attributes of a chat's span as text, by name.
fn chat(call: impl FnOnce(&Observer)) -> BTreeMap<String, String> {
    told("chat smollm2", call)
}

fn said(role: &str, text: &str) -> String {
    format!(r#"[{{"parts":[{{"content":"{text}","type":"text"}}],"role":"{role}"}}]"#)
}

fn answered(text: &str) -> String {
    said("assistant", text).replacen('{', r#"{"finish_reason":"stop","#, 1)
}

#[llm_span(chat, observer = observer, model = MODEL, input = Input::new().system("Be brief.").message(Message::user(text.as_str())))]
async fn echo(observer: &Observer, text: String) -> Result<String, ErrorType> {
    if text.is_empty() { Err(ErrorType::InvalidRequest) } else { Ok(text) }
}

#[test]
fn a_call_has_what_it_was_given_and_the_text_that_it_gives() {
    let told = chat(|observer| {
        now(echo(observer, "I am jane@example.org".to_owned())).unwrap();
    });
    assert_eq!(told["gen_ai.system_instructions"], r#"[{"content":"Be brief.","type":"text"}]"#);
    assert_eq!(told[INPUT], said("user", "I am [EMAIL]"));
    assert_eq!(told[OUTPUT], answered("I am [EMAIL]"));
    let told = chat(|observer| drop(now(echo(observer, String::new()))));
    assert!(told.contains_key(INPUT) && !told.contains_key(OUTPUT), "an error is no answer: {told:?}");
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
fn whatever_an_input_is_made_of_may_be_given_and_stays_the_bodys() {
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
    for (place, call) in calls.into_iter().enumerate() {
        assert_eq!(chat(call)[INPUT], said("user", "hello"), "call {place}");
    }
}

#[test]
fn a_method_hands_in_what_it_has() {
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
    let told = chat(|observer| assert!(now(model.answer(observer, "hello")).is_some()));
    assert!(told[INPUT].contains("Shout.") && told[INPUT].contains("hello"), "{told:?}");
    assert_eq!(told[OUTPUT], answered("HELLO"));
    let told = chat(|observer| assert!(now(model.answer(observer, "")).is_none()));
    assert!(!told.contains_key(OUTPUT), "{told:?}");
}

#[test]
fn nothing_is_asked_for_where_nothing_is_captured() {
    fn looked_at(looks: &Cell<u32>) -> &'static str {
        looks.set(looks.get() + 1);
        "hello"
    }
    #[llm_span(chat, observer = observer, model = MODEL, input = looked_at(looks))]
    fn call(observer: &Observer, looks: &Cell<u32>) {}
    #[llm_span(tool, observer = observer, arguments = json!(looked_at(looks)), result = Value::clone)]
    fn tool(observer: &Observer, looks: &Cell<u32>) -> Value {
        json!(1)
    }
    #[llm_span(retrieval, observer = observer, query = looked_at(looks))]
    fn search(observer: &Observer, looks: &Cell<u32>) {}
    let looks = Cell::new(0);
    let all = |observer: &Observer| {
        call(observer, &looks);
        tool(observer, &looks);
        search(observer, &looks);
    };
    all(&Observer::disabled());
    all(&World::with(|builder| builder.capture(ContentCapture::Off)).observer);
    let backend = Backend::new();
    all(&backend.builder(Role::Server).model(MODEL).capture(ContentCapture::Off).build().unwrap());
    assert_eq!(looks.get(), 0);
    for span in backend.spans() {
        assert!(!format!("{:?}", span.attributes).contains("hello"));
    }
    all(&backend.builder(Role::Server).model(MODEL).capture(ContentCapture::Spans).build().unwrap());
    assert_eq!(looks.get(), 3);
}

/// An item of a stream that implements `StreamItem`.
struct Delta(&'static str);

impl StreamItem for Delta {
    fn carries(&self) -> Chunk {
        Chunk::tokens(1)
    }

    fn text(&self) -> Option<&str> {
        Some(self.0)
    }
}

fn one(_: &Delta) -> u32 {
    1
}

#[llm_span(chat, observer = observer, model = MODEL, stream, input = "hello")]
fn deltas(observer: &Observer) -> impl Stream<Item = Result<Delta, ErrorType>> + use<> {
    stream::iter([Ok(Delta("I am ja")), Ok(Delta("ne@example.org"))])
}

#[llm_span(chat, observer = observer, model = MODEL, stream, tokens = one)]
fn counted(observer: &Observer) -> impl Stream<Item = Delta> + use<> {
    stream::iter([Delta("I am jane")])
}

#[test]
fn a_stream_whose_items_know_their_text_is_gathered_unless_tokens_speaks_for_them() {
    let told = chat(|observer| assert_eq!(now(deltas(observer).count()), 2));
    assert_eq!((told[INPUT].clone(), told[OUTPUT].clone()), (said("user", "hello"), answered("I am [EMAIL]")));
    let told = chat(|observer| assert_eq!(now(counted(observer).count()), 1));
    assert!(!told.contains_key(OUTPUT), "{told:?}");
}

#[test]
fn what_the_body_says_of_its_answer_stands() {
    #[llm_span(chat, observer = observer, model = MODEL, handle = call)]
    fn says(observer: &Observer) -> String {
        call.marker().output(|| [Message::assistant().part(Part::text("what it said"))]);
        "what it gave".to_owned()
    }
    let told = chat(|observer| drop(says(observer)));
    assert_eq!(told[OUTPUT], answered("what it said"));
}

#[test]
fn what_is_no_text_or_no_answer_is_not_captured() {
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
    assert!(!chat(|observer| assert_eq!(number(observer), 7)).contains_key(OUTPUT));
    assert!(!chat(|observer| assert_eq!(anything(observer, "a text"), "a text")).contains_key(OUTPUT));
    assert!(!told("embeddings smollm2", |observer| drop(embed(observer))).contains_key(OUTPUT));
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
fn a_tool_has_its_arguments_and_its_result_and_a_search_its_query() {
    let tool = told("execute_tool mail", |observer| drop(mail(observer, "jane@example.org".to_owned())));
    assert_eq!(tool["gen_ai.tool.call.arguments"], r#"{"to":"[EMAIL]"}"#);
    assert_eq!(tool["gen_ai.tool.call.result"], r#"{"sent":"[EMAIL]"}"#);
    let tool = told("execute_tool mail", |observer| drop(mail(observer, String::new())));
    assert!(!tool.contains_key("gen_ai.tool.call.result"));
    let retrieval =
        told("retrieval docs", |observer| assert_eq!(now(search(observer, "who is jane@example.org?".to_owned())), 24));
    assert_eq!(retrieval["gen_ai.retrieval.query.text"], "who is [EMAIL]?");
}
