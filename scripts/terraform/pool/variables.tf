variable "cluster_name" {
  type        = string
  description = "The cluster that the nodes join."
  nullable    = false
}

variable "pool_name" {
  type        = string
  description = "Names the pool in its nodes' label pool, and in the names of what this stack makes."
  nullable    = false
}

variable "vpc_id" {
  type     = string
  nullable = false
}

variable "subnet_ids" {
  type        = list(string)
  description = "Those of the cluster, or others of its VPC; with a way to the AWS API."
  nullable    = false
}

variable "worker_profile_arn" {
  type        = string
  description = "The output of this name of the cluster's stack."
  nullable    = false
}

variable "worker_security_group_id" {
  type        = string
  description = "The output of this name of the cluster's stack."
  nullable    = false
}

variable "image_id" {
  type        = string
  description = "An image with swarmlet installed and enabled, of the architecture of the instance types: the cluster's, or another. A change replaces the pool's instances, a few at a time."
  nullable    = false
}

variable "worker_instance_type" {
  type        = string
  description = "A change replaces the pool's instances, a tenth of them at a time."
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

variable "label_1" {
  type        = string
  description = "Optional, as the next three: KEY=VALUE, which its nodes have as a label besides pool=PoolName. Each of another KEY. A change replaces the pool's instances, a tenth of them at a time."
  default     = ""
  nullable    = false
}

variable "label_2" {
  type     = string
  default  = ""
  nullable = false
}

variable "label_3" {
  type     = string
  default  = ""
  nullable = false
}

variable "label_4" {
  type     = string
  default  = ""
  nullable = false
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

variable "user_data" {
  type        = string
  description = "Optional cloud-init user data, as plain text."
  default     = ""
  nullable    = false
}
