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

use crate::kit::DURATION;
use crate::kit::ERROR;
use crate::kit::GAP;
use crate::kit::ITL;
use crate::kit::MODEL;
use crate::kit::PREFILL;
use crate::kit::QUEUE;
use crate::kit::TPOT;
use crate::kit::TTFT;
use crate::kit::World;
use crate::kit::ms;

const CLIENT_DURATION: &str = "gen_ai.client.operation.duration";
const INFERENCE_DURATION: &str = "gen_ai.client.inference.duration";
const EMBEDDINGS_DURATION: &str = "gen_ai.client.embeddings.duration";

fn remote(role: Role, profile: Profile) -> World {
    World::with(|builder| builder.role(role).profile(profile).level(Level::Standard))
}

#[tokio::test]
async fn time_to_first_and_per_output_chunk_are_of_clients_and_gateways() {
    let profiles = [
        (Profile::V1_41, "gen_ai.client.operation", "gen_ai.client.inference"),
        (Profile::Latest, "gen_ai.client.inference", "gen_ai.client.operation"),
    ];
    for role in [Role::Gateway, Role::Client, Role::Server] {
        for (profile, mine, other) in profiles {
            let world = remote(role, profile);
            // A chunk that contains only the role is a chunk, and so is the usage report at the end.
            let producer = world.produce().after(ms(10), Chunk::no_tokens()).after(ms(30), Chunk::tokens(3));
            world
                .chat()
                .observe(producer.after(ms(50), Chunk::tokens(1)).after(ms(5), Chunk::no_tokens()))
                .count()
                .await;
            let expected = if role == Role::Server { [(0, ms(0)), (0, ms(0))] } else { [(1, ms(10)), (3, ms(85))] };
            let names = ["time_to_first_chunk", "time_per_output_chunk"];
            assert_eq!(names.map(|name| world.times(&format!("{mine}.{name}"))), expected, "{role:?} {profile:?}");
            assert_eq!(names.map(|name| world.times(&format!("{other}.{name}")).0), [0, 0], "{role:?} {profile:?}");
            assert_eq!(world.times(TTFT), (1, ms(40)), "the first token is the same for all");
        }
    }
}

#[tokio::test]
async fn an_item_that_is_no_chunk_is_in_no_metric_of_chunks_and_tokens() {
    for (rule, ttft) in [(FirstToken::Generated, ms(50)), (FirstToken::Chunk, ms(30))] {
        let world = World::with(|builder| builder.role(Role::Gateway).level(Level::Standard).first_token(rule));
        let producer = world.produce().after(ms(10), Chunk::ignored()).after(ms(20), Chunk::no_tokens());
        let producer = producer.after(ms(5), Chunk::ignored()).after(ms(15), Chunk::tokens(1));
        let producer = producer.after(ms(10), Chunk::ignored()).after(ms(30), Chunk::tokens(1));
        world.chat().observe(producer.after(ms(60), Chunk::ignored())).count().await;
        let chunks = ["time_to_first_chunk", "time_per_output_chunk"];
        let chunks = chunks.map(|name| world.times(&format!("gen_ai.client.operation.{name}")));
        assert_eq!(chunks, [(1, ms(30)), (2, ms(60))], "{rule:?}");
        assert_eq!((world.times(TTFT), world.times(ITL)), ((1, ttft), (1, ms(40))), "{rule:?}");
        assert_eq!(world.times(GAP), (1, ms(40)), "{rule:?}");
    }
}

#[tokio::test]
async fn a_slow_reader_does_not_change_the_times_of_chunks() {
    let world = remote(Role::Gateway, Profile::Dual);
    let mut stream = world.chat().observe(world.produce().tokens(40, ms(20)));
    while stream.next().await.is_some() {
        world.pass(ms(19));
    }
    for name in ["gen_ai.client.operation.time_per_output_chunk", "gen_ai.client.inference.time_per_output_chunk"] {
        assert_eq!(world.times(name), (39, ms(20) * 39), "{name}");
    }
}

#[test]
fn gateways_and_clients_record_the_client_set_and_servers_the_server_set() {
    for role in [Role::Gateway, Role::Client, Role::Server] {
        let world = remote(role, Profile::V1_41);
        let operation = world.chat();
        operation.marker().enqueued();
        world.pass(ms(40));
        operation.marker().scheduled();
        operation.marker().first_token();
        operation.complete();
        let is_server = role == Role::Server;
        assert_eq!(world.times(CLIENT_DURATION).0, u64::from(!is_server));
        for name in [DURATION, QUEUE, PREFILL] {
            assert_eq!(world.times(name).0, u64::from(is_server), "{name} of {role:?}");
        }
        assert_eq!(world.times(TPOT).0, 0);
    }
}

#[test]
fn one_process_may_hold_several_roles_that_share_their_instruments() {
    let world = World::new();
    world.chat().complete();
    let gateway = world.observer.as_role(Role::Gateway);
    let upstream = gateway.chat(MODEL).start();
    world.pass(ms(30));
    upstream.fail(ErrorType::Upstream);
    assert_eq!(world.times(DURATION).0, 1);
    assert_eq!(world.times_of(CLIENT_DURATION, &[(ERROR, "upstream")]), (1, ms(30)));
    assert_eq!(world.count("llmobs.operation.started", &[]), 2);
}

#[test]
fn profile_v1_41_has_one_duration_and_one_token_histogram() {
    let world = remote(Role::Client, Profile::V1_41);
    serve_each_kind(&world);
    assert_eq!(world.times(CLIENT_DURATION), (3, ms(30)));
    let tokens = |kind| world.readings().histogram("gen_ai.client.token.usage", &[("gen_ai.token.type", kind)]).sum;
    assert_eq!((tokens("input"), tokens("output")), (300.0, 120.0));
    assert_eq!((world.times(INFERENCE_DURATION).0, world.times(EMBEDDINGS_DURATION).0), (0, 0));
}

#[test]
fn profile_latest_has_them_by_kind_of_operation() {
    let world = remote(Role::Client, Profile::Latest);
    serve_each_kind(&world);
    assert_eq!(world.times(CLIENT_DURATION), (1, ms(10)), "neither inference nor embeddings");
    assert_eq!(world.times(INFERENCE_DURATION), (1, ms(10)));
    assert_eq!(world.times(EMBEDDINGS_DURATION), (1, ms(10)));
    let readings = world.readings();
    let sum = |name: &str| readings.histogram(name, &[]).sum;
    assert_eq!(sum("gen_ai.client.inference.operation.input_tokens"), 100.0);
    assert_eq!(sum("gen_ai.client.inference.operation.output_tokens"), 60.0);
    assert_eq!(sum("gen_ai.client.embeddings.operation.input_tokens"), 100.0);
    assert_eq!(readings.histogram("gen_ai.client.token.usage", &[]).count, 0);
    let usage = |kind: &str| readings.count(&format!("gen_ai.client.inference.usage.{kind}"), &[]);
    assert_eq!((usage("input_tokens"), usage("output_tokens"), usage("reasoning.output_tokens")), (100, 60, 20));
    assert_eq!((usage("cache_read.input_tokens"), usage("cache_write.input_tokens")), (70, 0));
}

#[test]
fn profile_dual_has_both_sets() {
    let world = remote(Role::Gateway, Profile::Dual);
    serve_each_kind(&world);
    assert_eq!(world.times(CLIENT_DURATION), (3, ms(30)));
    assert_eq!(world.times(INFERENCE_DURATION), (1, ms(10)));
    assert_eq!(world.times(EMBEDDINGS_DURATION), (1, ms(10)));
    assert!(world.readings().histogram("gen_ai.client.token.usage", &[]).count > 0);
}

fn serve_each_kind(world: &World) {
    for name in [OperationName::Chat, OperationName::Embeddings, OperationName::ExecuteTool] {
        let operation = world.observer.operation(name.clone(), MODEL).start();
        world.pass(ms(10));
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
async fn the_client_set_holds_only_what_the_upstream_reported() {
    let world = remote(Role::Gateway, Profile::Dual);
    world.chat().observe(world.produce().tokens(30, ms(20))).count().await;
    let readings = world.readings();
    assert_eq!(readings.histogram("gen_ai.client.token.usage", &[]).count, 0, "chunks are no billed tokens");
    assert_eq!(readings.count("gen_ai.client.inference.usage.output_tokens", &[]), 0);
}

#[tokio::test]
async fn a_gateway_waits_and_streams_and_cannot_see_queue_or_prefill() {
    let world = remote(Role::Gateway, Profile::V1_41);
    let operation = world.chat();
    let told = |state: State, waits_for| {
        let table = world.observer.in_flight();
        assert_eq!((table[0].state, table[0].waits_for), (state, waits_for));
        assert_eq!(world.active_in(state.as_str()), 1);
    };
    told(State::Waiting, WaitsFor::Engine);
    let mut stream = operation.observe(world.produce().tokens(2, ms(20)).then_hangs());
    stream.next().await;
    told(State::Blocked, WaitsFor::Consumer);
    world.pass(ms(7));
    stream.next().await;
    crate::kit::expect_pending(&mut stream).await;
    told(State::Streaming, WaitsFor::Engine);
    drop(stream);
    assert_eq!(["waiting", "streaming", "blocked"].map(|state| world.time_in(state)), [ms(20), ms(13), ms(7)]);
}
