output "outputs" {
  description = "All of the stack's outputs: groups, security groups, roles, and what to do next."
  value       = aws_cloudformation_stack.cluster.outputs
}
