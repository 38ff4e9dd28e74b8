//! The rules of attribution where engines report their steps, each alone.

use std::collections::BTreeMap;

use llmobs::companion::SequenceWork;

use super::EnergyMethod;
use super::ledger::Tenancy;
use super::operation_account::SettledEnergy;
use super::step_fixture::DECODE;
use super::step_fixture::MS;
use super::step_fixture::PREFILL;
use super::step_fixture::SIZED;
use super::step_fixture::SMALL;
use super::step_fixture::UNSIZED;
use super::step_fixture::accounts;
use super::step_fixture::close;
use super::step_fixture::settle;
use super::step_fixture::step;

#[test]
fn a_step_is_divided_into_equal_parts_of_the_weights_and_the_work_of_each() {
    let mut accounts = accounts(1, 2);
    let tokens = |tokens| SequenceWork::new().decode_tokens(tokens);
    // 16 J of weights, and 1 J and 3 J of tokens: 9 and 11 of 20 parts.
    step(&mut accounts, SIZED, (10, 90), &[(1, tokens(1)), (2, tokens(3))]);
    close(&mut accounts, 40, 100);
    let settled = settle(&mut accounts, 100);
    assert_eq!(joules(&settled), [18.0, 22.0]);
    assert_eq!(methods(&settled), [EnergyMethod::Work; 2]);
    assert!((settled[&1].device_nanos - 45e6).abs() < 1.0, "the device time is divided in the ratio of the energy");
}

#[test]
fn several_sequences_of_an_operation_share_one_part_of_the_weights() {
    let mut accounts = accounts(1, 2);
    let one = SequenceWork::new().decode_tokens(1);
    step(&mut accounts, SIZED, (0, 100), &[(1, one), (2, one), (2, one), (2, one)]);
    close(&mut accounts, 20, 100);
    assert_eq!(joules(&settle(&mut accounts, 100)), [9.0, 11.0]);
}

#[test]
fn an_operation_without_work_in_an_interval_gets_none_of_its_energy() {
    let mut accounts = accounts(1, 3);
    step(&mut accounts, SIZED, (0, 50), &[(1, DECODE), (2, DECODE), (3, DECODE)]);
    close(&mut accounts, 30, 50);
    // Operation 2 was preempted, and operation 3 is named without work.
    step(&mut accounts, SIZED, (50, 100), &[(1, DECODE), (3, SequenceWork::new().context_tokens(9))]);
    close(&mut accounts, 30, 100);
    let settled = settle(&mut accounts, 100);
    assert_eq!(joules(&settled), [40.0, 10.0, 10.0]);
    assert!((settled[&2].device_nanos - 50e6 / 3.0).abs() < 1.0);
}

#[test]
fn an_operation_that_no_step_named_yet_waits_for_the_engine_of_its_model() {
    let mut accounts = accounts(1, 2);
    accounts.expect_steps(2, "sized");
    step(&mut accounts, SIZED, (0, 100), &[(1, DECODE)]);
    close(&mut accounts, 30, 100);
    let settled = settle(&mut accounts, 100);
    assert_eq!((joules(&settled), methods(&settled)), (vec![30.0, 0.0], vec![EnergyMethod::Work; 2]));
}

#[test]
fn tokens_are_the_work_of_a_model_without_a_size_and_prompt_tokens_count_less() {
    let mut accounts = accounts(1, 2);
    step(&mut accounts, UNSIZED[0], (0, 100), &[(1, PREFILL), (2, SequenceWork::new().decode_tokens(200))]);
    close(&mut accounts, 20, 100);
    let settled = settle(&mut accounts, 100);
    assert_eq!(joules(&settled), [4.0, 16.0]);
    assert_eq!(methods(&settled), [EnergyMethod::Tokens; 2]);
}

#[test]
fn an_interval_without_steps_is_divided_by_time() {
    let mut accounts = accounts(1, 2);
    step(&mut accounts, SIZED, (0, 50), &[(1, PREFILL)]);
    accounts.expect_steps(2, "sized");
    close(&mut accounts, 10, 50);
    close(&mut accounts, 30, 100);
    let settled = settle(&mut accounts, 100);
    // In the first interval, operation 2 was expected in a step already.
    assert_eq!(joules(&settled), [25.0, 15.0]);
    assert_eq!(methods(&settled), [EnergyMethod::Time; 2], "the largest part was divided by time");
}

#[test]
fn groups_and_operations_without_steps_divide_by_time_first() {
    let mut accounts = accounts(1, 6);
    step(&mut accounts, SIZED, (0, 100), &[(1, DECODE)]);
    step(&mut accounts, SMALL, (0, 100), &[(2, DECODE)]);
    step(&mut accounts, UNSIZED[0], (0, 100), &[(3, DECODE)]);
    step(&mut accounts, UNSIZED[1], (0, 100), &[(4, DECODE), (5, PREFILL)]);
    close(&mut accounts, 600, 100);
    let settled = settle(&mut accounts, 100);
    // The two sized engines use 17 J and 8.5 J; 1 + 1 + 50 weighted tokens are one group.
    let thirds = joules(&settled).into_iter().map(|joules| joules.round());
    assert_eq!(thirds.collect::<Vec<_>>(), [133.0, 67.0, 6.0, 6.0, 288.0, 100.0]);
    use EnergyMethod::{Time, Tokens, Work};
    assert_eq!(methods(&settled), [Work, Work, Tokens, Tokens, Tokens, Time]);
}

#[test]
fn the_idle_power_in_a_step_is_shared_by_its_batch() {
    let mut accounts = accounts(1, 3);
    let one = SequenceWork::new().decode_tokens(1);
    // Of device power of 100 W, a step of 170 ms uses 17 J, beside 16 J of weights and 1 J for each token.
    step(&mut accounts, SIZED, (0, 170), &[(1, one), (2, one)]);
    step(&mut accounts, SIZED, (170, 340), &[(3, one)]);
    accounts.close_interval(0, 69_000_000, 1_340 * MS, Some(100.0), Tenancy::Exclusive);
    assert_eq!(joules(&settle(&mut accounts, 340)), [17.5, 17.5, 34.0]);
}

#[test]
fn a_step_over_a_border_counts_on_both_sides_by_its_time() {
    let mut accounts = accounts(1, 2);
    step(&mut accounts, SIZED, (0, 75), &[(1, DECODE)]);
    step(&mut accounts, SIZED, (75, 175), &[(2, DECODE)]);
    close(&mut accounts, 50, 100);
    step(&mut accounts, SIZED, (175, 200), &[(1, DECODE)]);
    close(&mut accounts, 70, 200);
    let settled = settle(&mut accounts, 200);
    // Before the border one step and a quarter of one, after it three quarters of one and one.
    assert_eq!(joules(&settled), [40.0 + 40.0, 10.0 + 30.0]);
}

#[test]
fn a_step_without_duration_belongs_to_the_interval_of_its_end() {
    let mut accounts = accounts(1, 2);
    for (key, at) in [(1, 100), (2, 101)] {
        step(&mut accounts, SIZED, (at, at), &[(key, DECODE)]);
    }
    close(&mut accounts, 30, 100);
    close(&mut accounts, 50, 200);
    assert_eq!(joules(&settle(&mut accounts, 200)), [30.0, 50.0]);
}

#[test]
fn an_interval_waits_for_the_step_that_runs_in_it() {
    let mut accounts = accounts(1, 2);
    step(&mut accounts, SIZED, (0, 20), &[(1, DECODE), (2, DECODE)]);
    for at in [100, 200, 300] {
        close(&mut accounts, 10, at);
    }
    // One prefill of operation 1 took all three intervals. Operation 2 ends meanwhile.
    accounts.end(2, 1_250 * MS);
    assert!(accounts.take_settled(1_200 * MS).is_empty(), "its part is not known yet");
    step(&mut accounts, SIZED, (20, 310), &[(1, PREFILL)]);
    accounts.divide_known(1_310 * MS);
    let first = accounts.take_settled(1_200 * MS);
    assert_eq!((first.len(), first[0].operation, first[0].method), (1, 2, EnergyMethod::Work));
    assert!(first[0].microjoules < 3_000_000, "it has a part of the first step only: {first:?}");
    let rest = settle(&mut accounts, 300);
    assert_eq!(first[0].microjoules + rest[&1].microjoules, 30_000_000);
}

#[test]
fn an_interval_waits_at_most_a_second_for_a_step() {
    let mut accounts = accounts(1, 2);
    step(&mut accounts, SIZED, (0, 20), &[(1, DECODE), (2, DECODE)]);
    close(&mut accounts, 10, 100);
    accounts.end(2, 1_100 * MS);
    accounts.divide_known(2_099 * MS);
    assert!(accounts.take_settled(0).is_empty());
    accounts.divide_known(2_100 * MS);
    assert_eq!(accounts.take_settled(0)[0].microjoules, 5_000_000);
}

#[test]
fn an_operation_that_waited_too_long_is_settled_with_the_steps_that_are_known() {
    let mut accounts = accounts(1, 2);
    step(&mut accounts, SIZED, (0, 20), &[(1, DECODE), (2, DECODE)]);
    close(&mut accounts, 10, 100);
    accounts.end(2, 1_100 * MS);
    let settled = accounts.take_settled(1_100 * MS);
    assert_eq!((settled[0].operation, settled[0].microjoules, settled[0].is_complete), (2, 5_000_000, true));
}

#[test]
fn intervals_from_before_a_loss_of_steps_are_divided_by_time() {
    let mut accounts = accounts(1, 2);
    step(&mut accounts, SIZED, (0, 50), &[(1, DECODE)]);
    accounts.expect_steps(2, "sized");
    accounts.note_lost_steps(1_060 * MS);
    close(&mut accounts, 10, 100);
    accounts.divide_known(3_000 * MS);
    step(&mut accounts, SIZED, (110, 200), &[(1, DECODE)]);
    close(&mut accounts, 90, 200);
    let settled = settle(&mut accounts, 200);
    assert_eq!(joules(&settled), [95.0, 5.0]);
    assert_eq!(methods(&settled), [EnergyMethod::Work, EnergyMethod::Time]);
}

#[test]
fn a_full_queue_loses_its_oldest_steps_and_says_so() {
    let mut accounts = accounts(1, 1_024);
    let work: Vec<_> = (1..=1_024).map(|key| (key, DECODE)).collect();
    let complete = (0..128).all(|at| step(&mut accounts, SIZED, (at, at + 1), &work));
    assert!(complete, "128 steps with 1,024 operations fit");
    assert!(!step(&mut accounts, SIZED, (128, 129), &work[..1]));
    close(&mut accounts, 1_024, 200);
    let settled = settle(&mut accounts, 200);
    assert!(methods(&settled).iter().all(|method| *method == EnergyMethod::Time));
}

#[test]
fn steps_of_a_silent_device_are_kept_ten_seconds() {
    let mut accounts = accounts(1, 2);
    accounts.expect_steps(2, "sized");
    for second in 0..12 {
        step(&mut accounts, SIZED, (second * 1_000, second * 1_000 + 900), &[(1, DECODE)]);
    }
    close(&mut accounts, 100, 12_000);
    assert_eq!(methods(&settle(&mut accounts, 12_000)), [EnergyMethod::Time; 2]);
}

fn joules(settled: &BTreeMap<u64, SettledEnergy<u64>>) -> Vec<f64> {
    settled.values().map(|done| crate::numbers::microjoules_to_joules(done.microjoules)).collect()
}

fn methods(settled: &BTreeMap<u64, SettledEnergy<u64>>) -> Vec<EnergyMethod> {
    settled.values().map(|done| done.method).collect()
}
