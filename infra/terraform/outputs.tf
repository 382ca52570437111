output "app_url" {
  description = "Where the portal is."
  value       = local.app_url
}

output "supabase_project_ref" {
  description = "For supabase link and supabase config push."
  value       = module.supabase.project_ref
}

output "vercel_project_id" {
  description = "VERCEL_PROJECT_ID of the deployment workflow."
  value       = module.vercel.project_id
}

output "railway_service_id" {
  description = "RAILWAY_SERVICE_ID of the deployment workflow."
  value       = module.railway.service_id
}

output "railway_environment_id" {
  description = "RAILWAY_ENVIRONMENT_ID of the deployment workflow."
  value       = module.railway.environment_id
}

output "sentry_dsn" {
  description = "Where errors are sent, by process. Public by design: it may only write."
  value       = one(module.sentry[*].dsn)
}
