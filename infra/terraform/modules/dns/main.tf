# Not proxied: Vercel answers for the certificate, and between it and a visitor nothing may hold back a stream.
resource "cloudflare_dns_record" "portal" {
  zone_id = var.zone_id
  name    = var.domain
  type    = "CNAME"
  content = var.target
  ttl     = 300
  proxied = false
}
