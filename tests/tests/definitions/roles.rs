//! Gateways and clients: the conventions' client metrics, in both profiles.

use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Role;
use llmobs::Usage;
use llmobs::catalog::Level;
use llmobs::catalog::Profile;
use llmobs::in_flight::WaitsFor;
use llmobs::semconv::value::OperationName;
use llmobs::semconv::value::State;
use llmobs::stream::FirstToken;

use crate::fixture::DURATION;
use crate::fixture::ERROR;
use crate::fixture::Fixture;
use crate::fixture::ITL;
use crate::fixture::LONGEST_GAP;
use crate::fixture::MODEL;
use crate::fixture::PREFILL;
use crate::fixture::QUEUE;
use crate::fixture::TPOT;
use crate::fixture::TTFT;
use crate::fixture::ms;

const CLIENT_DURATION: &str = "gen_ai.client.operation.duration";
const INFERENCE_DURATION: &str = "gen_ai.client.inference.duration";
const EMBEDDINGS_DURATION: &str = "gen_ai.client.embeddings.duration";

fn remote_fixture(role: Role, profile: Profile) -> Fixture {
    Fixture::with(|builder| builder.role(role).profile(profile).level(Level::Standard))
}

#[tokio::test]
async fn time_to_first_and_per_output_chunk_are_of_clients_and_gateways() {
    let profiles = [
        (Profile::V1_41, "gen_ai.client.operation", "gen_ai.client.inference"),
        (Profile::Latest, "gen_ai.client.inference", "gen_ai.client.operation"),
    ];
    for role in [Role::Gateway, Role::Client, Role::Server] {
        for (profile, mine, other) in profiles {
            let fixture = remote_fixture(role, profile);
            // A chunk that contains only the role is a chunk, and so is the usage report at the end.
            let producer =
                fixture.producer().item_after(ms(10), Chunk::no_tokens()).item_after(ms(30), Chunk::tokens(3));
            fixture
                .chat()
                .observe(producer.item_after(ms(50), Chunk::tokens(1)).item_after(ms(5), Chunk::no_tokens()))
                .count()
                .await;
            let expected = if role == Role::Server { [(0, ms(0)), (0, ms(0))] } else { [(1, ms(10)), (3, ms(85))] };
            let names = ["time_to_first_chunk", "time_per_output_chunk"];
            assert_eq!(
                names.map(|name| fixture.histogram(&format!("{mine}.{name}"))),
                expected,
                "{role:?} {profile:?}"
            );
            assert_eq!(
                names.map(|name| fixture.histogram(&format!("{other}.{name}")).0),
                [0, 0],
                "{role:?} {profile:?}"
            );
            assert_eq!(fixture.histogram(TTFT), (1, ms(40)), "the first token is the same for all");
        }
    }
}

#[tokio::test]
async fn an_item_that_is_not_a_chunk_is_in_no_metric_of_chunks_and_tokens() {
    for (rule, ttft) in [(FirstToken::Generated, ms(50)), (FirstToken::Chunk, ms(30))] {
        let fixture = Fixture::with(|builder| builder.role(Role::Gateway).level(Level::Standard).first_token(rule));
        let producer = fixture.producer().item_after(ms(10), Chunk::ignored()).item_after(ms(20), Chunk::no_tokens());
        let producer = producer.item_after(ms(5), Chunk::ignored()).item_after(ms(15), Chunk::tokens(1));
        let producer = producer.item_after(ms(10), Chunk::ignored()).item_after(ms(30), Chunk::tokens(1));
        let stream = fixture.chat().observe(producer.item_after(ms(60), Chunk::ignored()));
        stream.without_finish_reason().count().await;
        let chunks = ["time_to_first_chunk", "time_per_output_chunk"];
        let chunks = chunks.map(|name| fixture.histogram(&format!("gen_ai.client.operation.{name}")));
        assert_eq!(chunks, [(1, ms(30)), (2, ms(60))], "{rule:?}");
        assert_eq!((fixture.histogram(TTFT), fixture.histogram(ITL)), ((1, ttft), (1, ms(40))), "{rule:?}");
        assert_eq!(fixture.histogram(LONGEST_GAP), (1, ms(40)), "{rule:?}");
    }
}

#[tokio::test]
async fn a_slow_consumer_does_not_change_the_times_of_chunks() {
    let fixture = remote_fixture(Role::Gateway, Profile::Dual);
    let mut stream = fixture.chat().observe(fixture.producer().tokens(40, ms(20)));
    while stream.next().await.is_some() {
        fixture.advance(ms(19));
    }
    for name in ["gen_ai.client.operation.time_per_output_chunk", "gen_ai.client.inference.time_per_output_chunk"] {
        assert_eq!(fixture.histogram(name), (39, ms(20) * 39), "{name}");
    }
}

#[test]
fn gateways_and_clients_record_the_client_set_and_servers_the_server_set() {
    for role in [Role::Gateway, Role::Client, Role::Server] {
        let fixture = remote_fixture(role, Profile::V1_41);
        let operation = fixture.chat();
        operation.marker().enqueued();
        fixture.advance(ms(40));
        operation.marker().scheduled();
        operation.marker().first_token();
        operation.complete();
        let is_server = role == Role::Server;
        assert_eq!(fixture.histogram(CLIENT_DURATION).0, u64::from(!is_server));
        for name in [DURATION, QUEUE, PREFILL] {
            assert_eq!(fixture.histogram(name).0, u64::from(is_server), "{name} of {role:?}");
        }
        assert_eq!(fixture.histogram(TPOT).0, 0);
    }
}

#[test]
fn one_process_can_have_several_roles_that_share_their_instruments() {
    let fixture = Fixture::new();
    fixture.chat().complete();
    let gateway = fixture.observer.as_role(Role::Gateway);
    let upstream = gateway.chat(MODEL).start();
    fixture.advance(ms(30));
    upstream.fail(ErrorType::Upstream);
    assert_eq!(fixture.histogram(DURATION).0, 1);
    assert_eq!(fixture.histogram_with(CLIENT_DURATION, &[(ERROR, "upstream")]), (1, ms(30)));
    assert_eq!(fixture.count("llmobs.operation.started", &[]), 2);
}

#[test]
fn profile_v1_41_has_one_duration_and_one_token_histogram() {
    let fixture = remote_fixture(Role::Client, Profile::V1_41);
    run_each_operation(&fixture);
    assert_eq!(fixture.histogram(CLIENT_DURATION), (3, ms(30)));
    let tokens = |kind| fixture.metrics().histogram("gen_ai.client.token.usage", &[("gen_ai.token.type", kind)]).sum;
    assert_eq!((tokens("input"), tokens("output")), (300.0, 120.0));
    assert_eq!((fixture.histogram(INFERENCE_DURATION).0, fixture.histogram(EMBEDDINGS_DURATION).0), (0, 0));
}

#[test]
fn profile_latest_has_them_by_kind_of_operation() {
    let fixture = remote_fixture(Role::Client, Profile::Latest);
    run_each_operation(&fixture);
    assert_eq!(fixture.histogram(CLIENT_DURATION), (1, ms(10)), "neither inference nor embeddings");
    assert_eq!(fixture.histogram(INFERENCE_DURATION), (1, ms(10)));
    assert_eq!(fixture.histogram(EMBEDDINGS_DURATION), (1, ms(10)));
    let metrics = fixture.metrics();
    let sum = |name: &str| metrics.histogram(name, &[]).sum;
    assert_eq!(sum("gen_ai.client.inference.operation.input_tokens"), 100.0);
    assert_eq!(sum("gen_ai.client.inference.operation.output_tokens"), 60.0);
    assert_eq!(sum("gen_ai.client.embeddings.operation.input_tokens"), 100.0);
    assert_eq!(metrics.histogram("gen_ai.client.token.usage", &[]).count, 0);
    let usage = |kind: &str| metrics.count(&format!("gen_ai.client.inference.usage.{kind}"), &[]);
    assert_eq!((usage("input_tokens"), usage("output_tokens"), usage("reasoning.output_tokens")), (100, 60, 20));
    assert_eq!((usage("cache_read.input_tokens"), usage("cache_write.input_tokens")), (70, 0));
}

#[test]
fn profile_dual_has_both_sets() {
    let fixture = remote_fixture(Role::Gateway, Profile::Dual);
    run_each_operation(&fixture);
    assert_eq!(fixture.histogram(CLIENT_DURATION), (3, ms(30)));
    assert_eq!(fixture.histogram(INFERENCE_DURATION), (1, ms(10)));
    assert_eq!(fixture.histogram(EMBEDDINGS_DURATION), (1, ms(10)));
    assert!(fixture.metrics().histogram("gen_ai.client.token.usage", &[]).count > 0);
}

fn run_each_operation(fixture: &Fixture) {
    for name in [OperationName::Chat, OperationName::Embeddings, OperationName::ExecuteTool] {
        let operation = fixture.observer.operation(name.clone(), MODEL).start();
        fixture.advance(ms(10));
        let usage = Usage::new().input(100);
        operation.marker().usage(match name {
            OperationName::Chat => usage.cache_read(70).output(60).reasoning(20),
            OperationName::Embeddings => usage,
            _ => usage.output(60),
        });
        operation.complete();
    }
}

#[tokio::test]
async fn the_client_metrics_contain_only_what_the_upstream_reported() {
    let fixture = remote_fixture(Role::Gateway, Profile::Dual);
    fixture.chat().observe(fixture.producer().tokens(30, ms(20))).count().await;
    let metrics = fixture.metrics();
    assert_eq!(metrics.histogram("gen_ai.client.token.usage", &[]).count, 0, "chunks are not billed tokens");
    assert_eq!(metrics.count("gen_ai.client.inference.usage.output_tokens", &[]), 0);
}

#[tokio::test]
async fn a_gateway_waits_and_streams_and_cannot_see_queue_or_prefill() {
    let fixture = remote_fixture(Role::Gateway, Profile::V1_41);
    let operation = fixture.chat();
    let assert_state = |state: State, waits_for| {
        let table = fixture.observer.in_flight();
        assert_eq!((table[0].state, table[0].waits_for), (state, waits_for));
        assert_eq!(fixture.active_in_state(state.as_str()), 1);
    };
    assert_state(State::Waiting, WaitsFor::Engine);
    let mut stream = operation.observe(fixture.producer().tokens(2, ms(20)).hang_at_end());
    stream.next().await;
    assert_state(State::Blocked, WaitsFor::Consumer);
    fixture.advance(ms(7));
    stream.next().await;
    crate::fixture::expect_pending(&mut stream).await;
    assert_state(State::Streaming, WaitsFor::Engine);
    drop(stream);
    assert_eq!(["waiting", "streaming", "blocked"].map(|state| fixture.time_in_state(state)), [ms(20), ms(13), ms(7)]);
}
