output "url" {
  description = "REDIS_URL. The provider keeps the password in the state; there is no way around that (docs/DEPLOY.md)."
  value       = "rediss://default:${upstash_redis_database.this.password}@${upstash_redis_database.this.endpoint}:${upstash_redis_database.this.port}"
  sensitive   = true
}
