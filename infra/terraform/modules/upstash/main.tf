# The queue lives here: nothing may be thrown away for want of memory.
resource "upstash_redis_database" "this" {
  database_name  = var.name
  region         = "global"
  primary_region = "eu-central-1"
  tls            = true
  eviction       = false
}
