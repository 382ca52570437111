# Deployed by our workflow with vercel deploy --prebuilt, so no repository is connected.
resource "vercel_project" "this" {
  name                       = var.name
  install_command            = "npm ci"
  build_command              = "npm run build:vercel"
  serverless_function_region = "fra1"
  function_failover          = false

  resource_config = {
    function_default_timeout = 300
  }

  # A preview shows real pages to whoever may open it: members of the team.
  vercel_authentication = {
    deployment_type = "standard_protection"
  }
}

resource "vercel_project_domain" "this" {
  project_id = vercel_project.this.id
  domain     = var.domain
}

resource "vercel_project_environment_variable" "setting" {
  for_each = var.settings

  project_id = vercel_project.this.id
  key        = each.key
  value      = each.value
  target     = ["production"]
  sensitive  = false
}

# The names are no secret and stay in the state; the values are written and not kept.
resource "vercel_project_environment_variable" "secret" {
  for_each = toset(["SUPABASE_SECRET_KEY", "ENCRYPTION_KEY", "LLM_API_KEY", "REDIS_URL"])

  project_id       = vercel_project.this.id
  key              = each.key
  value_wo         = var.secrets[each.key]
  value_wo_version = var.secrets_version
  target           = ["production"]
  sensitive        = true
}
