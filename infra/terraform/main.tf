# The platform on hosted services, all of it in Frankfurt: database, portal, Redis, worker, errors, name.

locals {
  app_url = "https://${var.domain}"
  # What portal and worker need that is no secret.
  settings = {
    NODE_ENV                 = "production"
    APP_URL                  = local.app_url
    SUPABASE_URL             = module.supabase.url
    SUPABASE_PUBLISHABLE_KEY = var.supabase_publishable_key
  }
}

module "supabase" {
  source = "./modules/supabase"

  organization   = var.supabase_organization
  name           = var.name
  app_url        = local.app_url
  instance_size  = var.supabase_instance_size
  first_password = var.supabase_first_password
}

# Opened anew in each run and kept nowhere.
ephemeral "supabase_apikey" "portal" {
  project_ref = module.supabase.project_ref
  name        = "portal"
  description = "The portal on Vercel."
}

module "upstash" {
  source = "./modules/upstash"

  name = var.name
}

module "vercel" {
  source = "./modules/vercel"

  name            = var.name
  domain          = var.domain
  secrets_version = var.secrets_version
  settings = merge(local.settings, {
    TRUSTED_PROXIES   = "1"
    LLM_DEFAULT_MODEL = var.llm_default_model
  })
  secrets = {
    SUPABASE_SECRET_KEY = ephemeral.supabase_apikey.portal.api_key
    ENCRYPTION_KEY      = var.encryption_key
    LLM_API_KEY         = var.llm_api_key
    REDIS_URL           = module.upstash.url
  }
}

module "railway" {
  source = "./modules/railway"

  name       = var.name
  repository = var.repository
  replicas   = var.worker_replicas
  settings   = merge(local.settings, { PORT = "3001", WORKER_PORT = "3001" })
}

module "sentry" {
  source = "./modules/sentry"
  count  = var.sentry_organization == "" ? 0 : 1

  organization = var.sentry_organization
  team         = var.sentry_team
  name         = var.name
}

module "dns" {
  source = "./modules/dns"
  count  = var.cloudflare_zone_id == "" ? 0 : 1

  zone_id = var.cloudflare_zone_id
  domain  = var.domain
  target  = module.vercel.dns_target
}
