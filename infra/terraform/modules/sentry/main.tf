locals {
  # The browser's errors and the server's are the portal's own two projects; customers' pages have one that takes little.
  projects = {
    portal = { platform = "javascript-remix", events_a_minute = 300 }
    worker = { platform = "node", events_a_minute = 300 }
    widget = { platform = "javascript", events_a_minute = 60 }
  }
}

resource "sentry_project" "this" {
  for_each = local.projects

  organization  = var.organization
  teams         = [var.team]
  name          = "${var.name} ${each.key}"
  slug          = "${var.name}-${each.key}"
  platform      = each.value.platform
  default_rules = false
  resolve_age   = 720
}

resource "sentry_key" "this" {
  for_each = local.projects

  organization      = var.organization
  project           = sentry_project.this[each.key].id
  name              = "default"
  rate_limit_window = 60
  rate_limit_count  = each.value.events_a_minute
}

data "sentry_team" "this" {
  organization = var.organization
  slug         = var.team
}

# Something new is broken, or something old again.
resource "sentry_issue_alert" "new" {
  for_each = local.projects

  organization = var.organization
  project      = sentry_project.this[each.key].id
  name         = "New or back again"
  environment  = "production"
  action_match = "any"
  filter_match = "all"
  frequency    = 60

  conditions = [
    { id = "sentry.rules.conditions.first_seen_event.FirstSeenEventCondition" },
    { id = "sentry.rules.conditions.regression_event.RegressionEventCondition" },
  ]

  actions = [
    {
      id               = "sentry.mail.actions.NotifyEmailAction"
      targetType       = "Team"
      targetIdentifier = data.sentry_team.this.internal_id
    },
  ]
}

# Many people meet the same error.
resource "sentry_issue_alert" "many" {
  for_each = local.projects

  organization = var.organization
  project      = sentry_project.this[each.key].id
  name         = "Many at once"
  environment  = "production"
  action_match = "any"
  filter_match = "all"
  frequency    = 30

  conditions = [
    {
      id             = "sentry.rules.conditions.event_frequency.EventFrequencyCondition"
      value          = 50
      comparisonType = "count"
      interval       = "5m"
    },
  ]

  actions = [
    {
      id               = "sentry.mail.actions.NotifyEmailAction"
      targetType       = "Team"
      targetIdentifier = data.sentry_team.this.internal_id
    },
  ]
}
