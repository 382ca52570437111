# Each provider takes its credential from the environment and nowhere else: SUPABASE_ACCESS_TOKEN, VERCEL_API_TOKEN, UPSTASH_EMAIL and UPSTASH_API_KEY,
# RAILWAY_TOKEN, SENTRY_AUTH_TOKEN, CLOUDFLARE_API_TOKEN.
provider "supabase" {}

provider "vercel" {
  team = var.vercel_team
}

provider "upstash" {}

provider "railway" {}

provider "sentry" {}

provider "cloudflare" {}
