variable "organization" {
  description = "The slug of the organization."
  type        = string
}

variable "name" {
  description = "The project's name."
  type        = string
}

variable "app_url" {
  description = "The portal's public address: links in e-mails lead there."
  type        = string
}

variable "instance_size" {
  description = "The size of the database."
  type        = string
}

variable "first_password" {
  description = "The database's password at its creation."
  type        = string
  sensitive   = true
}
