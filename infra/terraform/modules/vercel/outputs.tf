output "project_id" {
  description = "The project's id."
  value       = vercel_project.this.id
}

output "dns_target" {
  description = "What the portal's name points to."
  value       = "cname.vercel-dns.com"
}
