terraform {
  # 1.11 has write-only arguments: values that are sent and kept in no state.
  required_version = ">= 1.11.0"

  required_providers {
    supabase = {
      source  = "supabase/supabase"
      version = "~> 1.7"
    }
    vercel = {
      source  = "vercel/vercel"
      version = "~> 4.8"
    }
    upstash = {
      source  = "upstash/upstash"
      version = "~> 2.0"
    }
    railway = {
      source  = "terraform-community-providers/railway"
      version = "~> 0.5"
    }
    sentry = {
      source  = "jianyuan/sentry"
      version = "~> 0.14"
    }
    cloudflare = {
      source  = "cloudflare/cloudflare"
      version = "~> 5.0"
    }
  }

  # Where the state is kept is said with terraform init -backend-config=…: somewhere encrypted that few may read (docs/DEPLOY.md).
  backend "s3" {}
}
