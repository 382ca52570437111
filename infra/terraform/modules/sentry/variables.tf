variable "organization" {
  description = "The slug of the organization."
  type        = string
}

variable "team" {
  description = "The slug of the team that is told."
  type        = string
}

variable "name" {
  description = "What the projects' names begin with."
  type        = string
}
