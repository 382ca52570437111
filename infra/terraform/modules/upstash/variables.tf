variable "name" {
  description = "The database's name."
  type        = string
}
