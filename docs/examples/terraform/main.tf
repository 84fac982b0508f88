# A cluster and a pool of spot workers from this repository's templates. `terraform destroy` ends it; its records in Parameter Store, which no stack
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

module "batch" {
  source = "../../../scripts/terraform/pool"

  cluster_name             = "demo"
  pool_name                = "batch"
  vpc_id                   = var.vpc_id
  subnet_ids               = var.subnet_ids
  image_id                 = var.image_id
  worker_profile_arn       = module.cluster.outputs["WorkerProfileArn"]
  worker_security_group_id = module.cluster.outputs["WorkerSecurityGroupId"]
  worker_instance_type     = "m7i.large"
  worker_instance_type_2   = "m6i.large"
  on_demand_percentage     = 0
  label_1                  = "disk=ssd"
}

output "next" {
  value = module.cluster.outputs
}
