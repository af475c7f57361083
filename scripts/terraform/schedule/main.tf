# Calls at fixed times, UTC, by EventBridge Scheduler under a role of its own.
terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }
}

variable "schedules" {
  description = "What is called when: the target's ARN and its input, as JSON, by the name of the schedule; task where the target is an ECS cluster."
  type = map(object({
    at    = string
    arn   = string
    input = string
    task = optional(object({
      definition_arn = string
      subnet_ids     = list(string)
    }))
  }))
}

variable "policy" {
  description = "What the calls need, as a policy in JSON."
  type        = string
}

resource "aws_scheduler_schedule" "call" {
  for_each = var.schedules

  name                = "trailgauge-${each.key}"
  schedule_expression = each.value.at

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = each.value.arn
    role_arn = module.role.arn
    input    = each.value.input

    dynamic "ecs_parameters" {
      for_each = each.value.task[*]

      content {
        task_definition_arn = ecs_parameters.value.definition_arn
        launch_type         = "FARGATE"

        network_configuration {
          subnets          = ecs_parameters.value.subnet_ids
          assign_public_ip = false
        }
      }
    }

    # The next hour takes in what this one missed: no call is tried again for long.
    retry_policy {
      maximum_event_age_in_seconds = 1800
      maximum_retry_attempts       = 2
    }
  }
}

module "role" {
  source = "../role"

  name     = "trailgauge-scheduler"
  service  = "scheduler"
  policies = { call = var.policy }
}
