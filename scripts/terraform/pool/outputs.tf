output "outputs" {
  description = "All of the stack's outputs: its group, and what to do next."
  value       = aws_cloudformation_stack.pool.outputs
}
