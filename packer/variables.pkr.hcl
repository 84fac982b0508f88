# Patterns are written with regex_replace, whose result is empty where all of a value matches:
# regex() is not in the Packer that Debian has.

variable "region" {
  type        = string
  description = "Where to build."
  default     = "us-east-1"

  validation {
    condition     = var.region != "" && regex_replace(var.region, "^[a-z]{2}(-[a-z]+)+-[0-9]$", "") == ""
    error_message = "The region is not one: give a name like eu-central-1."
  }
}

variable "copy_to_regions" {
  type        = list(string)
  description = "Where to copy the images to. A kms_key other than the account's default has to be a multi-region one."
  default     = []

  validation {
    condition     = length([for region in var.copy_to_regions : region if region == "" || regex_replace(region, "^[a-z]{2}(-[a-z]+)+-[0-9]$", "") != ""]) == 0
    error_message = "One of copy_to_regions is no region: give names like eu-central-1."
  }
}

variable "subnet_id" {
  type        = string
  description = "Where the builders run; the default VPC's if empty."
  default     = ""

  validation {
    condition     = regex_replace(var.subnet_id, "^(subnet-[0-9a-f]+)$", "") == ""
    error_message = "The subnet_id is not one: give an id like subnet-0123456789abcdef0."
  }
}

variable "instance_profile" {
  type        = string
  description = "The builders' instance profile, for images to pull from ECR; none if empty."
  default     = ""

  validation {
    condition     = regex_replace(var.instance_profile, "^[A-Za-z0-9+=,.@_-]{1,128}$", "") == ""
    error_message = "The instance_profile is not one: give its name, not its ARN."
  }
}

variable "instance_types" {
  type        = map(string)
  description = "What the builders are, by architecture."
  default = {
    x86_64 = "t3.small"
    arm64  = "t4g.small"
  }

  validation {
    condition     = can(var.instance_types["x86_64"]) && can(var.instance_types["arm64"])
    error_message = "The map instance_types needs both x86_64 and arm64."
  }
}

variable "volume_size" {
  type        = number
  description = "GiB of the root volume."
  default     = 16

  validation {
    condition     = var.volume_size >= 8 && var.volume_size <= 16384
    error_message = "The volume_size has to be from 8 to 16384 GiB."
  }
}

variable "kms_key" {
  type        = string
  description = "Encrypts the volumes and snapshots: id, alias or ARN; the account's default key for EBS if empty."
  default     = ""

  validation {
    condition     = regex_replace(var.kms_key, "^(alias/.+|arn:.+|(mrk-)?[0-9a-f-]{32,36})$", "") == ""
    error_message = "The kms_key is not one: give its id, alias/… or ARN."
  }
}

variable "name" {
  type        = string
  description = "What the images' names begin with."
  default     = "swarmlet"

  validation {
    condition     = length(var.name) >= 3 && regex_replace(var.name, "^[A-Za-z0-9-]{3,60}$", "") == ""
    error_message = "The name has to be 3 to 60 letters, digits and dashes."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of images, snapshots and builders, besides those that tell what is in an image."
  default     = {}

  validation {
    condition     = length([for key, value in var.tags : key if length(key) > 128 || length(value) > 256 || regex_replace(key, "^aws:", "") != key]) == 0
    error_message = "One of tags is too long, or begins with aws:, which is AWS's own."
  }
}

variable "stage" {
  type        = string
  description = "The folder with what scripts/stage laid out: x86_64 and arm64 in it."
  default     = "stage"

  validation {
    condition     = length(var.stage) > 0
    error_message = "The stage is empty: give the folder."
  }
}

variable "swarmlet_version" {
  type        = string
  description = "The version that was staged; only for the images' tags."
  default     = ""

  validation {
    condition     = regex_replace(var.swarmlet_version, "^([0-9]+[.][0-9]+[.][0-9]+[A-Za-z0-9.+-]*)$", "") == ""
    error_message = "The swarmlet_version is not one: give three numbers, as in 0.1.0."
  }
}

variable "swarmlet_sha256" {
  type        = map(string)
  description = "What the staged binary's checksum has to be, by architecture; not compared if empty."
  default = {
    x86_64 = ""
    arm64  = ""
  }

  validation {
    condition     = length([for sum in values(var.swarmlet_sha256) : sum if regex_replace(sum, "^[0-9a-f]{64}$", "") != ""]) == 0 && can(var.swarmlet_sha256["x86_64"]) && can(var.swarmlet_sha256["arm64"])
    error_message = "The map swarmlet_sha256 needs both x86_64 and arm64, each 64 hex digits or empty."
  }
}

variable "engine" {
  type        = string
  description = "Whether Docker Engine is baked in or installed at first boot: baked or boot."
  default     = "baked"

  validation {
    condition     = contains(["baked", "boot"], var.engine)
    error_message = "The engine has to be baked or boot."
  }
}

variable "engine_version" {
  type        = string
  description = "How the engine's version has to begin, as in 26.1; the distribution's newest if empty."
  default     = ""

  validation {
    condition     = regex_replace(var.engine_version, "^([0-9][A-Za-z0-9.+~-]*)$", "") == ""
    error_message = "The engine_version is not one: give how it begins, as in 26.1."
  }
}

variable "compose_version" {
  type        = string
  description = "The same for Compose. Amazon Linux takes it in full, with compose_sha256, or the one pinned in 10-engine.sh if empty."
  default     = ""

  validation {
    condition     = regex_replace(var.compose_version, "^([0-9][A-Za-z0-9.+~-]*)$", "") == ""
    error_message = "The compose_version is not one: give how it begins, as in 2.26."
  }
}

variable "compose_sha256" {
  type        = map(string)
  description = "Checksums of the Compose that Amazon Linux downloads, by architecture; needed if compose_version is given."
  default = {
    x86_64 = ""
    arm64  = ""
  }

  validation {
    condition     = length([for sum in values(var.compose_sha256) : sum if regex_replace(sum, "^[0-9a-f]{64}$", "") != ""]) == 0 && can(var.compose_sha256["x86_64"]) && can(var.compose_sha256["arm64"])
    error_message = "The map compose_sha256 needs both x86_64 and arm64, each 64 hex digits or empty."
  }
}

variable "ssm_agent_version" {
  type        = string
  description = "The SSM agent that Debian's images get, in full: the way in by Session Manager. None if empty."
  default     = "3.3.4851.0"

  validation {
    condition     = regex_replace(var.ssm_agent_version, "^([0-9]+[.][0-9]+[.][0-9]+[.][0-9]+)$", "") == ""
    error_message = "The ssm_agent_version is not one: give four numbers, as in 3.3.4851.0."
  }
}

variable "ssm_agent_source" {
  type        = string
  description = "Where it is downloaded from, where builders have no way to the region's bucket of AWS, which it is if empty."
  default     = ""

  validation {
    condition     = regex_replace(var.ssm_agent_source, "^(https?://[A-Za-z0-9._:/-]+)$", "") == ""
    error_message = "The ssm_agent_source is not one: give an address like https://files.example/ssm."
  }
}

variable "images" {
  type        = list(string)
  description = "Container images to pull into the machine images."
  default     = []

  validation {
    condition     = length([for image in var.images : image if image == "" || regex_replace(image, "^[A-Za-z0-9][A-Za-z0-9._:/@-]*$", "") != ""]) == 0
    error_message = "One of images is no reference: give names like nginx:1.29 or one with its digest."
  }
}

variable "manifests" {
  type        = string
  description = "The folder that gets what is in each image, and Packer's own manifest."
  default     = "manifests"

  validation {
    condition     = length(var.manifests) > 0
    error_message = "The manifests folder is empty: give one."
  }
}
