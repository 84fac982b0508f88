//! Which images there are, and their ids.

/// The image ids, the same in the control plane.
pub(super) const BAKED: &str = "ami-0ba1ed00000000001";
pub(super) const PLAIN: &str = "ami-0ba1ed00000000002";
pub(super) const BOOKWORM: &str = "ami-0ba1ed00000000003";
pub(super) const CLOUD_INIT: &str = "ami-0ba1ed00000000004";
pub(super) const STOCK: &str = "ami-0ba1ed00000000013";
pub(super) const DNF: &str = "ami-0ba1ed00000000005";
pub(super) const BARE: &str = "ami-0ba1ed00000000006";
pub(super) const FORKY: &str = "ami-0ba1ed00000000007";
pub(super) const VM: &str = "ami-0ba1ed00000000008";

/// Which of the images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Image {
    /// Debian 13 with Docker Engine and swarmlet.
    #[default]
    Baked,
    /// Debian 13 with swarmlet, without Docker.
    Plain,
    /// Debian 12 with its Docker Engine, 20.10, and swarmlet.
    Bookworm,
    /// Debian's testing, to be Debian 14, with its Docker Engine, 28.5 or newer, and swarmlet. Built by
    /// `lab up --forky` only.
    Forky,
    /// The baked one, on a disk with a kernel of its own: its instances are virtual machines. Built by `lab up --vm`
    /// only.
    Vm,
    /// The baked one, with cloud-init at work: it runs user data.
    CloudInit,
    /// Debian 13 as Debian publishes it, with ssh.
    Stock,
    /// One that was made from an instance, by its id.
    Made(String),
    /// Like Amazon Linux 2023 for a package manager, with swarmlet, without Docker.
    Dnf,
    /// Debian 13 with Docker Engine and the AWS CLI, without swarmlet; it runs user data that is a
    /// script. Built by `lab up --bare` only.
    Bare,
}

impl Image {
    /// Its id in EC2.
    pub fn id(&self) -> &str {
        match self {
            Self::Baked => BAKED,
            Self::Plain => PLAIN,
            Self::Bookworm => BOOKWORM,
            Self::Forky => FORKY,
            Self::Vm => VM,
            Self::CloudInit => CLOUD_INIT,
            Self::Stock => STOCK,
            Self::Made(id) => id,
            Self::Dnf => DNF,
            Self::Bare => BARE,
        }
    }
}
