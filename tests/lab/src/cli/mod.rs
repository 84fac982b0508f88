//! What can be typed, and what it calls.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, Parser, Subcommand, ValueEnum};
use lab::terminal::{print, print_text};
use lab::{Extras, Image, Instance, Lab, Launch, Paths, Role, UpOptions};

mod cluster;
mod notice;
mod show;
mod through;

/// EC2 on one machine: launches machines that boot with systemd and a real Docker Engine.
#[derive(Debug, Parser)]
#[command(name = "lab", version)]
pub(crate) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Build the images and start the lab.
    Up {
        /// Build the images and stop there.
        #[arg(long)]
        image_only: bool,
        /// The agent's binary for the images; by default the one beside this command.
        #[arg(long)]
        binary: Option<PathBuf>,
        /// Also build the image without swarmlet and with the AWS CLI, for comparisons.
        #[arg(long)]
        bare: bool,
        /// Also the image of Debian's testing, with the newest Docker Engine that Debian has.
        #[arg(long)]
        forky: bool,
        /// Also the image that virtual machines boot.
        #[arg(long)]
        vm: bool,
    },
    /// End the lab and leave nothing behind but the cache.
    Down,
    /// Launch instances outside of a group.
    Launch(LaunchArgs),
    /// Clusters, by the same `CloudFormation` template as on AWS.
    #[command(subcommand)]
    Cluster(cluster::ClusterVerb),
    /// List the instances.
    Ls(LsArgs),
    /// Run a command in a machine.
    Exec {
        /// Its id, the beginning of it, its Name tag or its address.
        instance: String,
        /// The command.
        #[arg(trailing_var_arg = true, required = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// Show a machine's journal.
    Logs {
        /// Which machine.
        instance: String,
        /// Go on showing what comes.
        #[arg(short, long)]
        follow: bool,
        /// Only this unit.
        #[arg(short, long)]
        unit: Option<String>,
    },
    /// Show what a machine wrote to its console.
    Console {
        /// Which machine.
        instance: String,
    },
    /// Boot a machine again in good order.
    Reboot {
        /// Which machine.
        instance: String,
    },
    /// Pull a machine's plug; it boots again.
    Reset {
        /// Which machine.
        instance: String,
    },
    /// Shut a machine down.
    Stop {
        /// Which machine.
        instance: String,
    },
    /// Boot a stopped machine.
    Start {
        /// Which machine.
        instance: String,
    },
    /// Shut a machine down for good.
    Terminate {
        /// Which machine.
        instance: String,
    },
    /// Tell a machine by its metadata what is about to happen to it.
    Notice(notice::NoticeArgs),
    /// The AWS command line, against the lab.
    Aws {
        /// Its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run a script of the repository's that calls `aws`, against the lab.
    Script {
        /// Its name in the folder scripts.
        name: String,
        /// Its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Show the requests that reached the control plane.
    Journal {
        /// Only those of this machine.
        #[arg(long)]
        instance: Option<String>,
        /// Also those to the metadata service.
        #[arg(long)]
        imds: bool,
    },
    /// Run a command in the virtual machine of a folder.
    #[command(hide = true)]
    Guest {
        /// The machine's folder.
        folder: PathBuf,
        /// The command.
        #[arg(trailing_var_arg = true, required = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// The background process that makes machines follow the control plane.
    #[command(hide = true)]
    Hypervisor,
}

/// Which instances to list.
#[derive(Debug, Args)]
pub(crate) struct LsArgs {
    /// Terminated ones too.
    #[arg(long)]
    all: bool,
    /// Only those of this cluster.
    #[arg(long)]
    cluster: Option<String>,
    /// Only those with this role.
    #[arg(long, value_enum)]
    role: Option<RoleArg>,
    /// Print nothing but their ids.
    #[arg(long)]
    ids: bool,
}

impl LsArgs {
    fn wants(&self, instance: &Instance) -> bool {
        let cluster = self.cluster.as_deref();
        let role = self.role.map(|role| Role::from(role).name());
        (self.all || !instance.terminated())
            && (cluster.is_none() || instance.tag("swarm:cluster") == cluster)
            && (role.is_none() || instance.tag("swarm:role") == role)
    }
}

#[derive(Debug, Args)]
struct LaunchArgs {
    /// With Docker, without, Debian 12 with its Docker 20.10, Debian's testing with its newer one, or with Docker and
    /// cloud-init.
    #[arg(long, value_enum, default_value_t)]
    image: ImageArg,
    /// A container, or a virtual machine with a kernel of its own.
    #[arg(long, value_enum, default_value_t)]
    machine: MachineArg,
    /// A tag, as key=value; may be repeated.
    #[arg(long = "tag", value_parser = key_value)]
    tags: Vec<(String, String)>,
    /// Name of an instance profile.
    #[arg(long)]
    profile: Option<String>,
    /// Whether the metadata service shows the tags.
    #[arg(long, value_enum, default_value_t)]
    metadata_tags: Switch,
    /// A file of user data, for an image with cloud-init.
    #[arg(long, value_name = "FILE", value_parser = user_data)]
    user_data: Option<String>,
    /// How many seconds a virtual machine's clock is ahead when it boots.
    #[arg(
        long,
        default_value_t = 0,
        allow_hyphen_values = true,
        requires = "machine"
    )]
    clock: i64,
    /// How many.
    #[arg(long, default_value_t = 1)]
    count: u32,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ImageArg {
    #[default]
    Baked,
    Plain,
    Bookworm,
    Forky,
    CloudInit,
    Stock,
    Dnf,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum MachineArg {
    #[default]
    Container,
    Vm,
}

impl MachineArg {
    /// The image that such a machine boots.
    fn image(self, image: ImageArg) -> Result<Image> {
        match (self, image) {
            (Self::Container, image) => Ok(image.into()),
            (Self::Vm, ImageArg::Baked) => Ok(Image::Vm),
            (Self::Vm, _) => Err(anyhow!("a virtual machine boots the baked image only")),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Switch {
    #[default]
    Enabled,
    Disabled,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleArg {
    Manager,
    Worker,
}

impl From<ImageArg> for Image {
    fn from(image: ImageArg) -> Self {
        match image {
            ImageArg::Baked => Self::Baked,
            ImageArg::Plain => Self::Plain,
            ImageArg::Bookworm => Self::Bookworm,
            ImageArg::Forky => Self::Forky,
            ImageArg::CloudInit => Self::CloudInit,
            ImageArg::Stock => Self::Stock,
            ImageArg::Dnf => Self::Dnf,
        }
    }
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Manager => Self::Manager,
            RoleArg::Worker => Self::Worker,
        }
    }
}

impl Command {
    /// Does what was typed.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let paths = Paths::from_env()?;
        match self.verb {
            Verb::Up {
                image_only,
                binary,
                bare,
                forky,
                vm,
            } => {
                let binary = binary.map_or_else(agent_beside, Ok)?;
                let options = UpOptions {
                    binary,
                    image_only,
                    extras: Extras { bare, forky, vm },
                };
                lab::up(&paths, &options)?;
            }
            Verb::Down => lab::down::down(&paths)?,
            Verb::Guest { folder, command } => return through::guest(&folder, &command),
            Verb::Hypervisor => lab::hypervisor::follow(&paths)?,
            Verb::Aws { arguments } => return through::aws(&paths, &arguments),
            Verb::Script { name, arguments } => return through::script(&paths, &name, &arguments),
            verb => return attached(&Lab::attach()?, verb),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The verbs that need a running lab.
fn attached(lab: &Lab, verb: Verb) -> Result<ExitCode> {
    match verb {
        Verb::Launch(launch) => {
            for id in lab.launch(&launch.try_into()?)? {
                print(id)?;
            }
        }
        Verb::Cluster(verb) => cluster::run(lab, verb)?,
        Verb::Ls(list) => show::instances(lab, &list)?,
        Verb::Exec { instance, command } => return through::exec(lab, &instance, &command),
        Verb::Logs {
            instance,
            follow,
            unit,
        } => {
            return through::logs(lab, &instance, follow, unit.as_deref());
        }
        Verb::Console { instance } => {
            print_text(&lab.console(&through::find(lab, &instance)?)?)?;
        }
        Verb::Reboot { instance } => lab.reboot(&through::find(lab, &instance)?)?,
        Verb::Reset { instance } => lab.reset(&through::find(lab, &instance)?)?,
        Verb::Stop { instance } => lab.stop(&through::find(lab, &instance)?)?,
        Verb::Start { instance } => lab.start(&through::find(lab, &instance)?)?,
        Verb::Terminate { instance } => lab.terminate(&through::find(lab, &instance)?)?,
        Verb::Notice(arguments) => notice::give(lab, arguments)?,
        Verb::Journal { instance, imds } => show::journal(lab, instance.as_deref(), imds)?,
        Verb::Up { .. }
        | Verb::Down
        | Verb::Guest { .. }
        | Verb::Hypervisor
        | Verb::Aws { .. }
        | Verb::Script { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

impl TryFrom<LaunchArgs> for Launch {
    type Error = anyhow::Error;

    fn try_from(arguments: LaunchArgs) -> Result<Self> {
        Ok(Self {
            image: arguments.machine.image(arguments.image)?,
            count: arguments.count,
            tags: arguments.tags,
            profile: arguments.profile,
            metadata_tags: arguments.metadata_tags == Switch::Enabled,
            user_data: arguments.user_data,
            clock: arguments.clock,
            ..Self::default()
        })
    }
}

fn key_value(text: &str) -> Result<(String, String)> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| anyhow!("a tag is written key=value"))?;
    Ok((key.to_owned(), value.to_owned()))
}

fn user_data(file: &str) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))
}

/// Cargo puts both programs into one folder.
fn agent_beside() -> Result<PathBuf> {
    let agent = std::env::current_exe()?.with_file_name("swarmlet");
    if agent.exists() {
        return Ok(agent);
    }
    Err(anyhow!(
        "cannot find the agent at {}: run cargo build, or give --binary",
        agent.display()
    ))
}
