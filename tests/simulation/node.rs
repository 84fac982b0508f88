//! A machine's life: boots, crashes, ends.

use std::path::PathBuf;

use protocol::Role;
use protocol::node::launch::Waited;
use swarmlet::config::Settings;
use swarmlet::run::{Agent, run};
use tokio::task::spawn_local;
use tracing::{Instrument, info, info_span};
use view::notify::Notify;
use view::status::launch;

use crate::edges::{Edge, Wake};
use crate::world::World;
use crate::world::groups::GroupId;
use crate::world::machine::MachineId;

/// Launches an instance. It boots after some time.
pub(crate) fn launch(world: &World, role: Role, least: u64, most: u64) -> MachineId {
    let id = world.with(|state| {
        let folder = state.disks.join(state.machines.len().to_string());
        state.launch(role, folder)
    });
    let folder: PathBuf = world.on(id, |machine| machine.folder.clone());
    std::fs::create_dir(folder).expect("a folder in a new folder");
    info!(machine = id, %role, "world: launched");
    let world = world.clone();
    spawn_local(async move {
        world.pause(least, most).await;
        boot(&world, id);
    });
    id
}

/// Launches an instance of a group.
pub(crate) fn launch_into(world: &World, group: GroupId) -> MachineId {
    let role = world.with(|state| state.groups[group].role);
    let id = launch(world, role, 5_000, 20_000);
    world.with(|state| state.enroll(id, group));
    id
}

/// Engine and agent start side by side.
pub(crate) fn boot(world: &World, id: MachineId) {
    let boots = world.with(|state| {
        let now = state.now;
        let machine = &mut state.machines[id];
        let boots = machine.terminated.is_none() && machine.booted.is_none();
        if boots {
            machine.booted = Some(now);
            // `swarmlet prepare` takes the label of an earlier boot away.
            machine.engine.label = None;
            state.start_engine(id);
        }
        boots
    });
    if boots {
        info!(machine = id, "world: booted");
        prepare(world, id);
        start_agent(world, id);
    }
}

/// What `swarmlet prepare` leaves in a runtime folder that a boot finds empty, for those whose group may wait.
fn prepare(world: &World, id: MachineId) {
    let Some(folder) = world.on(id, |m| m.member.is_some().then(|| m.runtime_dir())) else {
        return;
    };
    // The first boot finds none.
    let _ = std::fs::remove_dir_all(&folder);
    let waited = Waited {
        booted: Some(0),
        beaten: None,
    };
    launch::leave(waited, &folder).expect("a runtime folder that can be written");
}

fn start_agent(world: &World, id: MachineId) {
    let (node, settings, wake) = world.with(|state| {
        if state.machines[id].member.is_some() {
            state.machines[id].reaches_group_since = state.now;
            state.tell(id);
        }
        let machine = &state.machines[id];
        let settings = Settings {
            state_dir: machine.folder.clone(),
            runtime_dir: machine.runtime_dir(),
            ..state.settings.clone()
        };
        (machine.node(), settings, machine.wake.clone())
    });
    let edge = Edge::new(world.clone(), id);
    let agent = Agent::new(node, settings, edge.all()).expect("a state folder that can be read");
    let life = async move { run(agent, &mut Wake(wake), &Notify::default()).await };
    let process = spawn_local(life.instrument(info_span!("agent", machine = id)));
    world.on(id, |machine| machine.agent = Some(process.abort_handle()));
    let world = world.clone();
    spawn_local(async move {
        if process.await.is_err_and(|error| error.is_panic()) {
            world.with(|state| state.broke(format!("the agent of machine {id} panicked")));
        }
    });
}

fn stop_agent(world: &World, id: MachineId) {
    world.on(id, |machine| {
        machine.dies_in.set(None);
        if let Some(agent) = machine.agent.take() {
            agent.abort();
        }
    });
}

/// The agent dies at this point, and systemd starts it again.
pub(crate) fn crash(world: &World, id: MachineId) {
    if !world.on(id, |machine| machine.is_on()) {
        return;
    }
    info!(machine = id, "world: agent dies");
    stop_agent(world, id);
    let booted = world.on(id, |machine| machine.booted);
    let world = world.clone();
    spawn_local(async move {
        world.pause(100, 5_000).await;
        let same = world.on(id, |m| m.booted == booted && m.is_on() && m.agent.is_none());
        if same {
            start_agent(&world, id);
        }
    });
}

/// The engine's process ends, and systemd starts it again.
pub(crate) async fn restart_engine(world: World, id: MachineId) {
    world.pause(100, 1_000).await;
    let booted = world.on(id, |machine| machine.booted);
    if !world.on(id, |machine| machine.is_on()) {
        return;
    }
    info!(machine = id, "world: engine restarts");
    world.with(|state| state.stop_engine(id));
    world.pause(100, 3_000).await;
    if world.on(id, |machine| machine.is_on() && machine.booted == booted) {
        world.with(|state| state.start_engine(id));
    }
}

/// The machine goes down and comes up again.
pub(crate) async fn reboot(world: World, id: MachineId) {
    if !world.on(id, |machine| machine.is_on()) {
        return;
    }
    info!(machine = id, "world: reboots");
    stop_agent(&world, id);
    world.with(|state| state.stop_engine(id));
    world.on(id, |machine| machine.booted = None);
    world.pause(10_000, 40_000).await;
    boot(&world, id);
}

/// The instance is terminated, and Auto Scaling replaces it.
pub(crate) async fn replace(world: World, id: MachineId) {
    if !end(&world, id) || world.on(id, |machine| machine.member.is_some()) {
        return;
    }
    let role = world.on(id, |machine| machine.role);
    world.pause(30_000, 90_000).await;
    launch(&world, role, 5_000, 20_000);
}

/// The instance is terminated; whether it was there until now.
pub(crate) fn end(world: &World, id: MachineId) -> bool {
    if world.on(id, |machine| machine.terminated.is_some()) {
        return false;
    }
    info!(machine = id, "world: terminated");
    stop_agent(world, id);
    world.with(|state| {
        state.stop_engine(id);
        let machine = &mut state.machines[id];
        machine.terminated = Some(state.now);
        machine.booted = None;
    });
    true
}
