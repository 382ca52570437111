output "service_id" {
  description = "The worker's service."
  value       = railway_service.worker.id
}

output "environment_id" {
  description = "The environment that the worker runs in."
  value       = railway_project.this.default_environment.id
}
