variable "name" {
  description = "The project's name."
  type        = string
}

variable "domain" {
  description = "The portal's public name."
  type        = string
}

variable "settings" {
  description = "Variables that are no secret."
  type        = map(string)
}

variable "secrets" {
  description = "Variables that are secret; they are kept in no state."
  type        = map(string)
  sensitive   = true
  ephemeral   = true
}

variable "secrets_version" {
  description = "Counted up when a secret has changed."
  type        = number
}
