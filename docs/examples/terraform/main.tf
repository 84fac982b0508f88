# A cluster from this repository's template. `terraform destroy` ends it; its records in Parameter Store, which no stack
# owns, stay: docs/operations.md tells how they go.
variable "vpc_id" {
  type = string
}

variable "subnet_ids" {
  type        = list(string)
  description = "One per availability zone."
}

variable "image_id" {
  type        = string
  description = "As packer/README.md makes it."
}

module "cluster" {
  source = "../../../scripts/terraform/cluster"

  cluster_name = "demo"
  vpc_id       = var.vpc_id
  subnet_ids   = var.subnet_ids
  image_id     = var.image_id
  worker_count = 3
}

output "next" {
  value = module.cluster.outputs
}
