variable "name" {
  description = "What the projects at all hosts are called."
  type        = string
  default     = "gpt-agent"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,40}$", var.name))
    error_message = "Small letters, digits and hyphens, such as gpt-agent."
  }
}

variable "domain" {
  description = "The portal's public name, such as chat.example.com."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.domain))
    error_message = "A host name without a scheme, such as chat.example.com."
  }
}

variable "cloudflare_zone_id" {
  description = "The zone of the domain at Cloudflare; empty when its records are kept elsewhere."
  type        = string
  default     = ""
}

variable "supabase_organization" {
  description = "The slug of the organization at Supabase."
  type        = string
}

variable "supabase_instance_size" {
  description = "The size of the database (docs/SCALING.md)."
  type        = string
  default     = "small"
}

variable "supabase_first_password" {
  description = "The database's password at its creation. It is kept in the state, so it is changed in the dashboard right after the first apply."
  type        = string
  sensitive   = true
}

variable "supabase_publishable_key" {
  description = "The project's publishable key, once the project is there. No secret; the provider only reads it together with those that are."
  type        = string
  default     = ""
}

variable "vercel_team" {
  description = "The slug of the team at Vercel."
  type        = string
}

variable "repository" {
  description = "The repository on GitHub, such as example/gpt-agent-platform."
  type        = string
}

variable "sentry_organization" {
  description = "The slug of the organization at Sentry; empty for none."
  type        = string
  default     = ""
}

variable "sentry_team" {
  description = "The slug of the team that is told of errors."
  type        = string
  default     = ""
}

variable "worker_replicas" {
  description = "How many workers run."
  type        = number
  default     = 1

  validation {
    condition     = var.worker_replicas >= 1 && var.worker_replicas <= 20
    error_message = "Between 1 and 20."
  }
}

variable "llm_default_model" {
  description = "The model of agents that name none."
  type        = string
  default     = "openai/gpt-5-mini"
}

variable "encryption_key" {
  description = "ENCRYPTION_KEY of portal and worker (docs/SECRETS.md)."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "llm_api_key" {
  description = "LLM_API_KEY of the portal."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "secrets_version" {
  description = "Counted up when a secret has changed: Terraform cannot see that, as it keeps none."
  type        = number
  default     = 1
}
