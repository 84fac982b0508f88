//! Makes machines follow the control plane's instances.
//!
//! Level-triggered: each look at the control plane says what should be, and each machine's own
//! thread brings it there, so that six launched at once boot at once and a slow shutdown holds
//! up nobody else.

use std::collections::{HashMap, HashSet};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::admin::{Admin, Instance, PendingImage};
use crate::image;
use crate::machine::Machine;
use crate::paths::Paths;
use crate::terminal::say;

mod keeper;
mod rest;

use keeper::{Keeper, Wanted, Wish};
use rest::Rest;

const LOOK: Duration = Duration::from_millis(200);

/// Follows the control plane until it is ended from outside.
pub fn follow(paths: &Paths) -> Result<()> {
    let admin = Admin::new(paths.admin_socket());
    let mut wishes = HashMap::new();
    let mut images = HashSet::new();
    loop {
        match admin.instances() {
            Ok(instances) => {
                for instance in &instances {
                    if let Err(error) = want(paths, &mut wishes, instance) {
                        say(format_args!("{}: {error:#}", instance.id));
                    }
                }
            }
            Err(error) => say(format_args!("{error:#}")),
        }
        match admin.pending_images() {
            Ok(pending) => pending
                .into_iter()
                .filter(|image| images.insert(image.id.clone()))
                .for_each(|image| keep_image(paths, &admin, image)),
            Err(error) => say(format_args!("{error:#}")),
        }
        thread::sleep(LOOK);
    }
}

/// Makes an image beside all else: copying takes its time.
fn keep_image(paths: &Paths, admin: &Admin, pending: PendingImage) {
    let (paths, admin) = (paths.clone(), admin.clone());
    thread::spawn(move || match image::keep(&paths, &admin, &pending) {
        Ok(()) => say(format_args!("{}: made", pending.id)),
        Err(error) => say(format_args!("{error:#}")),
    });
}

/// Tells the instance's keeper what should be; a new instance gets a keeper.
fn want(paths: &Paths, wishes: &mut HashMap<String, Wish>, instance: &Instance) -> Result<()> {
    let wanted = wanted(instance);
    if let Some(wish) = wishes.get(&instance.id) {
        wish.set(wanted);
        return Ok(());
    }
    let wish = Wish::new(wanted);
    // Entered before the thread starts: a machine that cannot be made is complained about once.
    wishes.insert(instance.id.clone(), wish.clone());
    if wanted == Wanted::Gone {
        return Ok(());
    }
    let keeper = Keeper {
        paths: paths.clone(),
        id: instance.id.clone(),
        machine: Machine::new(paths, instance, image::disk(paths, &instance.image_id)?)?,
        wish,
        on: None,
        rest: Rest::default(),
    };
    thread::Builder::new()
        .name(instance.id.clone())
        .spawn(move || keeper.keep())
        .context("cannot start a thread")?;
    Ok(())
}

fn wanted(instance: &Instance) -> Wanted {
    if instance.running() {
        Wanted::On {
            boots: instance.boots,
        }
    } else if instance.terminated() {
        Wanted::Gone
    } else {
        Wanted::Off
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(state: &str) -> Instance {
        let text = format!(
            r#"{{"instance_id":"i-1","state":"{state}","private_ip":"10.98.16.4","mac":"","image_id":"","boots":2}}"#
        );
        serde_json::from_str(&text).expect("an instance")
    }

    #[test]
    fn every_state_of_ec2_says_what_is_wanted() {
        let on = Wanted::On { boots: 2 };
        for (state, expected) in [
            ("pending", on),
            ("running", on),
            ("stopping", Wanted::Off),
            ("stopped", Wanted::Off),
            ("shutting-down", Wanted::Gone),
            ("terminated", Wanted::Gone),
        ] {
            assert_eq!(wanted(&instance(state)), expected, "{state}");
        }
    }
}
