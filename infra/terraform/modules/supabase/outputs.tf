output "project_ref" {
  description = "The project's reference."
  value       = supabase_project.this.id
}

output "url" {
  description = "SUPABASE_URL."
  value       = "https://${supabase_project.this.id}.supabase.co"
}
