variable "zone_id" {
  description = "The zone at Cloudflare."
  type        = string
}

variable "domain" {
  description = "The name to point to the portal."
  type        = string
}

variable "target" {
  description = "What it points to."
  type        = string
}
