variable "cluster_name" {
  type        = string
  description = "Names the cluster in tags, in Parameter Store and in the names of what this stack makes. A name that an earlier cluster had can be used again only after its records in Parameter Store are gone."
  nullable    = false
}

variable "vpc_id" {
  type     = string
  nullable = false
}

variable "subnet_ids" {
  type        = list(string)
  description = "One per availability zone; three zones keep a majority of the managers when one zone is lost."
  nullable    = false
}

variable "image_id" {
  type        = string
  description = "An image with swarmlet installed and enabled. A change replaces all instances, a few at a time."
  nullable    = false
}

variable "manager_instance_type" {
  type        = string
  description = "A change replaces the managers, one at a time."
  default     = "t3.small"
  nullable    = false
}

variable "manager_count" {
  type        = number
  description = "Odd, because a majority has to agree; three survive the loss of one."
  default     = 3
  nullable    = false
}

variable "worker_instance_type" {
  type        = string
  description = "A change replaces the workers, a tenth of them at a time."
  default     = "t3.small"
  nullable    = false
}

variable "worker_count" {
  type        = number
  description = "A number that was set in the group itself stays over updates that do not change this one."
  default     = 3
  nullable    = false
}

variable "worker_max" {
  type        = number
  description = "WorkerCount at least."
  default     = 20
  nullable    = false
}

variable "on_demand_percentage" {
  type        = number
  description = "Of the workers beyond OnDemandBase. Less than 100 makes the others spot instances."
  default     = 100
  nullable    = false
}

variable "on_demand_base" {
  type        = number
  description = "So many workers are never spot instances."
  default     = 0
  nullable    = false
}

variable "worker_instance_type_2" {
  type        = string
  description = "Optional, as the next two; only with spot instances. The more types (of one architecture), the less often all of them are taken back at once."
  default     = ""
  nullable    = false
}

variable "worker_instance_type_3" {
  type     = string
  default  = ""
  nullable = false
}

variable "worker_instance_type_4" {
  type     = string
  default  = ""
  nullable = false
}

variable "public_cidr" {
  type        = string
  description = "From where the ports below are reached on the workers, 0.0.0.0/0 for everywhere. Empty, nobody outside of the swarm reaches any port."
  default     = ""
  nullable    = false
}

variable "public_port_1" {
  type        = number
  description = "A TCP port that services publish; 0 for none. Only with PublicCidr."
  default     = 80
  nullable    = false
}

variable "public_port_2" {
  type     = number
  default  = 443
  nullable = false
}

variable "public_port_3" {
  type     = number
  default  = 0
  nullable = false
}

variable "public_port_4" {
  type     = number
  default  = 0
  nullable = false
}

variable "balancer" {
  type        = string
  description = "Makes a load balancer before the workers, and has them answer its health checks (docs/traffic.md). A change to or from none replaces the workers, a tenth of them at a time."
  default     = "none"
  nullable    = false
}

variable "balancer_cidr" {
  type        = string
  description = "From where the load balancer is reached, 0.0.0.0/0 for everywhere. Needed with one."
  default     = ""
  nullable    = false
}

variable "balancer_port" {
  type        = number
  description = "The TCP port that a stack publishes by the routing mesh (mode ingress), on which workers take requests from the load balancer. A network balancer without a certificate listens on the same port."
  default     = 80
  nullable    = false
}

variable "balancer_certificate_arn" {
  type        = string
  description = "Optional, of AWS Certificate Manager in this region. With it the load balancer speaks TLS on port 443 and plain text to the workers; an application balancer then redirects port 80 there. Without, an application balancer listens on port 80."
  default     = ""
  nullable    = false
}

variable "balancer_scheme" {
  type        = string
  description = "From the internet, in subnets with an internet gateway; or only from the VPC and what is connected to it."
  default     = "internet-facing"
  nullable    = false
}

variable "balancer_subnet_ids" {
  type        = list(string)
  description = "Those of the nodes if empty. One in each zone that the nodes are in, else the nodes of that zone get nothing; an application balancer needs two zones."
  default     = []
  nullable    = false
}

variable "launching_timeout" {
  type        = number
  description = "Seconds (30 at least) for a new instance to say that its node is in the swarm; one that does not is replaced, by its own word a minute before (launch.budget). While it installs packages it has the group wait longer. Updates that replace instances rest on it. 0 takes an instance into service as soon as it runs."
  default     = 900
  nullable    = false
}

variable "terminating_timeout" {
  type        = number
  description = "Seconds (30 at least) that an instance is given, over and over while it says that it needs them, to hand its tasks over before it ends. 0 ends it at once."
  default     = 300
  nullable    = false
}

variable "session_manager" {
  type        = string
  description = "Lets the instances' SSM agent (the image has to have it) open sessions, which take the place of SSH. The policy is narrower than AmazonSSMManagedInstanceCore, which would let each worker read every parameter of the account."
  default     = "enabled"
  nullable    = false
}

variable "log_retention_days" {
  type        = number
  description = "Above 0, makes a log group in CloudWatch that keeps logs so long, and lets the nodes write to it. Services use it with \"--log-driver awslogs --log-opt awslogs-group=/swarmlet/CLUSTER\". What agent and engine say stays in the journal of each instance."
  default     = 0
  nullable    = false
}

variable "instance_metadata_tags" {
  type        = string
  description = "Enabled, an instance learns its role without an API call. Disabled, it asks ec2:DescribeTags."
  default     = "enabled"
  nullable    = false
}

variable "root_device_name" {
  type        = string
  description = "The image's root device; /dev/xvda for Debian and Amazon Linux, /dev/sda1 for Ubuntu."
  default     = "/dev/xvda"
  nullable    = false
}

variable "root_volume_size" {
  type        = number
  description = "GiB."
  default     = 20
  nullable    = false
}

variable "stack_bucket" {
  type        = string
  description = "Optional bucket with the files of stacks that are too large for a parameter."
  default     = ""
  nullable    = false
}

variable "user_data" {
  type        = string
  description = "Optional cloud-init user data, as plain text."
  default     = ""
  nullable    = false
}
