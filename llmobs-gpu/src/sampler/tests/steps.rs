//! Energy by the steps of engines, from the scheduler to the report of each operation.

use llmobs::Operation;
use llmobs::engine::Engine;
use llmobs::engine::SequenceWork;

use super::attribution::set_power;
use super::*;
use crate::energy::EnergyMethod;
use crate::roofline::ModelSize;
use crate::step_feed::StepBatch;

const PREFILL: SequenceWork = SequenceWork::new().prefill_tokens(4_000);
const DECODE: SequenceWork = SequenceWork::new().decode_tokens(1).context_tokens(2_000);

/// Runs steps of 25 ms for this time, beside the sampler.
fn run_steps(rig: &mut Rig, fake: &Fake, engine: &Engine, time: Duration, batch: &[(&Operation, SequenceWork)]) {
    let mut draw = set_power(fake, 0, 400);
    let mut step = None;
    let mut ends_at = ms(0);
    rig.run_with(time, |elapsed| {
        draw(elapsed);
        if elapsed >= ends_at {
            if let Some(step) = step.take() {
                llmobs::engine::EngineStep::finish(step);
            }
            ends_at = elapsed + ms(25);
            let mut next = engine.step();
            batch.iter().for_each(|(operation, work)| next.add_sequence(operation.marker(), *work));
            step = Some(next);
        }
    });
}

/// Returns the energy of an operation in prefill and of one in decode, in this order.
fn report(rig: &mut Rig, fake: &Fake) -> Vec<OperationEnergy> {
    let engine = rig.observer.engine("m").id("1").build();
    rig.run(ms(500));
    let operations = [rig.observer.chat("m").max_tokens(1).start(), rig.observer.chat("m").start()];
    operations[0].marker().usage(llmobs::Usage::new().output(1));
    operations[1].marker().usage(llmobs::Usage::new().output(2));
    run_steps(rig, fake, &engine, ms(2_000), &[(&operations[0], PREFILL), (&operations[1], DECODE)]);
    operations.into_iter().for_each(Operation::complete);
    let mut draw = set_power(fake, 0, 400);
    rig.run_with(ms(3_000), |elapsed| draw(ms(2_000) + elapsed));
    let mut energies = rig.energies();
    energies.sort_by_key(|energy| energy.output_tokens);
    energies
}

#[test]
fn steps_of_a_model_with_a_size_divide_energy_by_work() {
    let fake = Fake::new();
    fake.devices(1);
    let size = ModelSize::new("m", 8e9).cache_bytes_per_token(131_072.0).engine_id("1");
    let mut rig = Rig::with(&fake, |builder| builder.model_size(size));
    let energies = report(&mut rig, &fake);
    assert_eq!(energies.len(), 2, "{energies:?}");
    assert!(energies.iter().all(|energy| energy.method == EnergyMethod::Work && energy.is_complete), "{energies:?}");
    // Half of the weights is 0.28 J; 4,000 prompt tokens are 22.4 J, one token and its cache 0.015 J.
    let ratio = energies[0].joules / energies[1].joules;
    assert!((70.0..83.0).contains(&ratio), "{ratio} {energies:?}");
    let sum: f64 = energies.iter().map(|energy| energy.joules).sum();
    assert!((sum - rig.device(0).request_joules).abs() < 1e-6, "{sum}");
    rig.assert_energy_balanced(0);
    let gpu = [("gen_ai.request.model", "m"), ("llmobs.engine.id", "1"), ("hw.id", GPU)];
    assert!(is_close(rig.value("llmobs.engine.gpu.info", &gpu), 1.0));
}

#[test]
fn steps_of_a_model_without_a_size_divide_energy_by_tokens() {
    let fake = Fake::new();
    fake.devices(1);
    let coefficients = crate::WorkCoefficients::new().prefill_token_weight(0.001);
    let mut rig = Rig::with(&fake, |builder| builder.work_coefficients(coefficients));
    let energies = report(&mut rig, &fake);
    assert!(energies.iter().all(|energy| energy.method == EnergyMethod::Tokens), "{energies:?}");
    let ratio = energies[0].joules / energies[1].joules;
    assert!((3.5..4.5).contains(&ratio), "4 weighted prompt tokens and 1 token: {ratio} {energies:?}");
    rig.assert_energy_balanced(0);
}

#[test]
fn the_gpus_of_an_engine_are_known_by_its_size_and_by_its_steps() {
    let fake = Fake::new();
    let second = "GPU-00000000-0000-0000-0000-000000000001";
    let size = ModelSize::new("sized", 1e9);
    let mut rig = Rig::with(&fake, |builder| builder.model_size(size).model_devices("m", [second]));
    let name = "llmobs.engine.gpu.info";
    rig.run(ms(100));
    assert!(is_close(rig.value(name, &[("gen_ai.request.model", "sized"), ("llmobs.engine.id", "0")]), 2.0));
    assert!(!rig.has_attribute_value(name, "\"m\""), "the engine has not reported a step");
    let engine = rig.observer.engine("m").id("7").build();
    let operation = rig.observer.chat("m").start();
    let mut step = engine.step();
    step.add_sequence(operation.marker(), DECODE);
    step.finish();
    rig.run(ms(100));
    let of_engine = [("gen_ai.request.model", "m"), ("llmobs.engine.id", "7")];
    assert!(is_close(rig.value(name, &of_engine), 1.0));
    assert!(is_close(rig.value(name, &[of_engine[0], of_engine[1], ("hw.id", second)]), 1.0));
    let observer = rig.observer.clone();
    drop((operation, rig));
    assert!(is_close(Readings::new(&observer).value(name, &[]), 0.0), "the sampler has stopped");
}

#[test]
fn a_full_feed_of_steps_is_an_anomaly_and_the_energy_is_divided_by_time() {
    let fake = Fake::new();
    fake.devices(1);
    let mut rig = Rig::new(&fake);
    let engine = rig.observer.engine("m").build();
    rig.run(ms(500));
    let operations = [rig.observer.chat("m").start(), rig.observer.chat("m").start()];
    rig.run(ms(10));
    for _ in 0..40_000 {
        let mut step = engine.step();
        step.add_sequence(operations[0].marker(), PREFILL);
        step.finish();
    }
    operations.into_iter().for_each(Operation::complete);
    let mut draw = set_power(&fake, 0, 400);
    rig.run_with(ms(3_000), &mut draw);
    assert!(is_close(rig.value("llmobs.self.anomalies", &[("llmobs.anomaly", "gpu_steps_lost")]), 1.0));
    let energies = rig.energies();
    assert!(energies.iter().all(|energy| energy.method == EnergyMethod::Time), "{energies:?}");
    assert_eq!(energies.len(), 2);
    assert!((energies[0].joules - energies[1].joules).abs() < 1e-5, "{energies:?}");
}

#[test]
fn the_feed_uses_its_buffers_again() {
    let observer = Observer::builder().model("m").build().unwrap();
    let feed = Arc::new(EventFeed::default());
    observer.attach_companion(&feed);
    let engines = ["0", "1"].map(|id| observer.engine("m").id(id).build());
    let operation = observer.chat("m").start();
    let mut batch = StepBatch::default();
    for round in 0..6 {
        for at in 0..100 {
            let mut step = engines[at % 2].step();
            step.add_sequence(operation.marker(), PREFILL);
            step.add_sequence(operation.marker(), DECODE);
            step.finish();
        }
        let drained = feed.steps.drain(&mut batch, if round == 0 { 0 } else { 2 });
        assert_eq!(drained.new_engines.len(), if round == 0 { 2 } else { 0 });
        let mut steps = 0;
        while let Some((step, sequences)) = batch.take_until(u64::MAX) {
            assert_eq!((step.engine, sequences[1].work, sequences.len()), (steps % 2, DECODE, 2));
            steps += 1;
        }
        assert_eq!(steps, 100);
        let (steps, sequences) = feed.steps.capacity();
        let has_memory = steps >= 100 && sequences >= 200;
        assert!(round == 0 || has_memory, "the buffer of the round before is used again: {steps} {sequences}");
    }
}

#[test]
fn a_step_that_ends_later_is_taken_later() {
    let (clock, manual_clock) = Clock::manual();
    let observer = Observer::builder().clock(clock).model("m").build().unwrap();
    let feed = Arc::new(EventFeed::default());
    observer.attach_companion(&feed);
    let engine = observer.engine("m").build();
    let operation = observer.chat("m").start();
    let mut batch = StepBatch::default();
    let mut ends = Vec::new();
    let mut taken = Vec::new();
    for _ in 0..5 {
        for _ in 0..2 {
            let mut step = engine.step();
            step.add_sequence(operation.marker(), DECODE);
            manual_clock.advance(ms(10));
            step.finish();
            ends.push(manual_clock.now().as_nanos());
        }
        feed.steps.drain(&mut batch, 1);
        let until = ends[ends.len() - 2];
        while let Some((step, _)) = batch.take_until(until) {
            taken.push(step.end);
        }
        assert_eq!(taken, ends[..ends.len() - 1], "the last step ends after {until}");
    }
    feed.close();
    let mut step = engine.step();
    step.add_sequence(operation.marker(), DECODE);
    step.finish();
    feed.steps.drain(&mut batch, 1);
    assert_eq!(batch.take_until(u64::MAX).map(|(step, _)| step.end), ends.last().copied());
    assert!(batch.take_until(u64::MAX).is_none(), "a closed feed takes no step");
}
