//! Ends by the stream that carries the answer.

use futures_util::FutureExt;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Role;
use llmobs::Usage;

use super::Scene;
use super::Way;
use super::catch;
use super::panic_quietly;

pub const WAYS: &[Way] = &[
    Way {
        name: "stream, to its end",
        role: Role::Server,
        run: |scene| poll(answer(scene), 5),
        expected: ("completed", ""),
    },
    Way { name: "stream, with a report", role: Role::Server, run: reported, expected: ("completed", "stop") },
    Way {
        name: "stream, dropped after the last chunk",
        role: Role::Server,
        run: |scene| {
            let items = stream::iter([Chunk::tokens(1), Chunk::tokens(1).finish_reason(FinishReason::ToolCall)]);
            poll(scene.start().observe(items.chain(stream::pending())), 2);
        },
        expected: ("completed", "tool_call"),
    },
    Way {
        name: "stream, dropped in the middle",
        role: Role::Server,
        run: |scene| poll(answer(scene), 2),
        expected: ("cancelled", "cancelled"),
    },
    Way {
        name: "stream, dropped without a poll",
        role: Role::Server,
        run: |scene| drop(answer(scene)),
        expected: ("cancelled", "cancelled"),
    },
    Way {
        name: "stream, an error item",
        role: Role::Server,
        run: |scene| poll(scene.start().observe(stream::iter([Ok(Chunk::tokens(1)), Err(())])), 3),
        expected: ("failed", "_OTHER"),
    },
    Way {
        name: "stream, an error chunk",
        role: Role::Server,
        run: |scene| {
            let items = stream::iter([Chunk::tokens(1), Chunk::failed(ErrorType::OutOfMemory)]);
            poll(scene.start().observe(items), 2);
        },
        expected: ("failed", "out_of_memory"),
    },
    Way {
        name: "stream, a refusal as its first chunk",
        role: Role::Gateway,
        run: |scene| poll(scene.start().observe(stream::iter([Chunk::error(ErrorType::RateLimited)])), 1),
        expected: ("rejected", "rate_limited"),
    },
    Way {
        name: "stream, to its end without a finish reason, of a gateway",
        role: Role::Gateway,
        run: |scene| poll(answer(scene), 5),
        expected: ("failed", "upstream"),
    },
    Way {
        name: "stream, a panic in its poll",
        role: Role::Server,
        run: |scene| {
            let items = stream::iter(0..2).map(|index| if index == 1 { panic_quietly() } else { Chunk::tokens(1) });
            let mut stream = scene.start().observe(items);
            catch(|| poll(&mut stream, 2));
        },
        expected: ("failed", "internal"),
    },
    Way {
        name: "stream, a panic in its closure",
        role: Role::Server,
        run: |scene| {
            let mut stream = scene.start().observe_with(stream::iter([1_u32, 2]), |tokens| match tokens {
                2 => panic_quietly(),
                tokens => Chunk::tokens(*tokens),
            });
            catch(|| poll(&mut stream, 2));
        },
        expected: ("failed", "internal"),
    },
    Way {
        name: "stream, dropped while its thread unwinds",
        role: Role::Server,
        run: |scene| {
            let mut stream = answer(scene);
            catch(move || {
                poll(&mut stream, 1);
                panic_quietly();
            });
        },
        expected: ("failed", "internal"),
    },
    Way { name: "stream, with two choices", role: Role::Client, run: two_choices, expected: ("completed", "stop") },
];

/// Returns an observed stream of four tokens, one in 20 ms.
fn answer(scene: &Scene) -> impl Stream<Item = u32> + Unpin + use<> {
    let clock = scene.clock.clone();
    scene.start().observe_with(stream::iter([1, 1, 1, 1]), move |tokens| {
        clock.advance(std::time::Duration::from_millis(20));
        Chunk::tokens(*tokens).produced_at(clock.now())
    })
}

fn reported(scene: &Scene) {
    let operation = scene.start();
    let marker = operation.marker().clone();
    marker.enqueued();
    scene.advance(3);
    marker.scheduled();
    let clock = scene.clock.clone();
    let mut left = 3;
    let stream = operation.observe_with(stream::iter([1, 2, 1]), move |tokens| {
        clock.advance(std::time::Duration::from_millis(20));
        left -= 1;
        let chunk = Chunk::tokens(*tokens).produced_at(clock.now());
        if left > 0 {
            return chunk;
        }
        marker.usage(Usage::new().input(12).cache_read(4).output(4));
        chunk.finish_reason(FinishReason::Stop)
    });
    poll(stream, 4);
}

fn two_choices(scene: &Scene) {
    let operation = scene.start();
    operation.marker().usage(Usage::new().input(9).output(6));
    let chunks = [(0, FinishReason::Stop), (1, FinishReason::Length)];
    let items = chunks.map(|(choice, reason)| Chunk::tokens(3).choice(choice).finish_reason(reason));
    poll(operation.observe(stream::iter(items)), 3);
}

/// Polls a stream that is always ready.
fn poll<S: Stream + Unpin>(mut stream: S, times: usize) {
    for _ in 0..times {
        assert!(stream.next().now_or_never().is_some());
    }
}
