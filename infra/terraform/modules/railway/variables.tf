variable "name" {
  description = "The project's name."
  type        = string
}

variable "repository" {
  description = "The repository on GitHub."
  type        = string
}

variable "replicas" {
  description = "How many workers run."
  type        = number
}

variable "settings" {
  description = "Variables that are no secret."
  type        = map(string)
}
