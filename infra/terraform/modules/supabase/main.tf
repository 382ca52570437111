resource "supabase_project" "this" {
  organization_id   = var.organization
  name              = var.name
  database_password = var.first_password
  region            = "eu-central-1"
  instance_size     = var.instance_size

  lifecycle {
    # The password is changed after the first apply, so what the state holds opens nothing. The data outlives mistakes here.
    ignore_changes  = [database_password]
    prevent_destroy = true
  }
}

# What supabase/config.toml says of the API and of signing in is pushed by the Supabase CLI; these two depend on the deployment.
resource "supabase_settings" "this" {
  project_ref = supabase_project.this.id

  auth = jsonencode({
    site_url       = var.app_url
    uri_allow_list = "${var.app_url}/auth/confirm"
  })
}
