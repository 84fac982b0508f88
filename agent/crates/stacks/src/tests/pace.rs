//! With inputs that do not change the calls come to rest, whatever the inputs are.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use protocol::stacks::objects::Kind;

fn sources() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(app("a")),
        Just(app("fails")),
        Just(app("broken")),
        Just("version: \"3.8\"\nservices: {}\n".to_owned()),
        Just("networks:\n  n: {attachable: true}\n".to_owned()),
        Just("configs:\n  c: {file: ./c.conf}\n".to_owned()),
        Just(
            "services:\n  a: {image: x, networks: [n]}\nnetworks:\n  n: {driver: bridge}\n"
                .to_owned()
        ),
        Just(
            "services:\n  a: {image: x, networks: [n]}\nnetworks:\n  n: {external: true}\n"
                .to_owned()
        ),
        Just("# nothing\n".to_owned()),
        Just(" ".to_owned()),
        Just("s3://bucket/key".to_owned()),
        Just("[}".to_owned()),
        Just("hello".to_owned()),
        "\\PC{0,40}",
    ]
}

fn labels() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("deployed parameter 1".to_owned()),
        Just("deployed file 1 objects=3".to_owned()),
        Just("begun parameter 1".to_owned()),
        Just("what nobody reads".to_owned()),
    ]
}

#[derive(Clone, Debug)]
struct Inputs {
    parameters: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    services: BTreeSet<String>,
    old: bool,
    denied: bool,
}

prop_compose! {
    fn inputs()(
        parameters in proptest::collection::btree_map("[a-d]", sources(), 0..4),
        files in proptest::collection::btree_map("[a-d]", sources(), 0..3),
        labels in proptest::collection::btree_map("[a-e]", labels(), 0..3),
        services in proptest::collection::btree_set("[a-e]", 0..3),
        old in any::<bool>(), denied in any::<bool>(),
    ) -> Inputs {
        Inputs { parameters, files, labels, services, old, denied }
    }
}

fn world(inputs: &Inputs) -> (World, Leader) {
    let world = World::default();
    let leader = Leader::new(&world);
    for (name, text) in &inputs.parameters {
        world.write(&format!("stacks/{name}"), text);
    }
    for (name, text) in &inputs.files {
        leader.lay(&format!("{name}.yml"), text);
    }
    leader.lay("c.conf", "x");
    for (name, label) in &inputs.labels {
        world.relabel(name, label);
    }
    for name in &inputs.services {
        world.by_hand(Kind::Service, &format!("{name}_app"), Some(name));
    }
    if inputs.old {
        world.is_old();
    }
    world.deny_lists(inputs.denied);
    (world, leader)
}

/// What is done in two hours after a quarter of one, and how often a label was written.
async fn lived(inputs: &Inputs) -> (Vec<String>, usize) {
    let (world, mut leader) = world(inputs);
    leader.live(Duration::from_mins(15)).await;
    world.done();
    let noted = world.calls("note");
    leader.live(Duration::from_hours(2)).await;
    (world.done(), world.calls("note") - noted)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn unchanged_inputs_come_to_rest(inputs in inputs()) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        let (done, notes) = runtime.block_on(lived(&inputs));
        prop_assert!(done.is_empty(), "{done:?}");
        // A deployment that fails is tried again every ten minutes, and noted as begun.
        prop_assert!(notes <= 13 * 4, "{notes} notes");
    }
}
