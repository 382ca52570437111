resource "railway_project" "this" {
  name           = var.name
  private        = true
  has_pr_deploys = false
}

# How it is built, asked for its health and stopped is in railway.json. Our workflow says when it is deployed.
resource "railway_service" "worker" {
  project_id         = railway_project.this.id
  name               = "worker"
  source_repo        = var.repository
  source_repo_branch = "main"
  config_path        = "railway.json"
  region             = "europe-west4-drams3a"
  num_replicas       = var.replicas
}

# The secrets of the worker are set by hand, since this provider would keep them in the state: docs/DEPLOY.md has the command.
resource "railway_variable" "setting" {
  for_each = var.settings

  environment_id = railway_project.this.default_environment.id
  service_id     = railway_service.worker.id
  name           = each.key
  value          = each.value
}
