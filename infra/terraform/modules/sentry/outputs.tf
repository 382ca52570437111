output "dsn" {
  description = "Where errors are sent, by process."
  value       = { for process, key in sentry_key.this : process => key.dsn_public }
}
