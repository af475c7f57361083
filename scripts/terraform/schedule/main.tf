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
  description = "What is called when: the target's ARN and its input, as JSON, by the name of the schedule."
  type = map(object({
    at    = string
    arn   = string
    input = string
  }))
}

variable "policy" {
  description = "What the calls need, as a policy in JSON."
  type        = string
}

variable "task" {
  description = "The task to run where the targets are ECS clusters. Null: they are not."
  type = object({
    definition_arn = string
    subnet_ids     = list(string)
  })
  default = null
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
    role_arn = aws_iam_role.scheduler.arn
    input    = each.value.input

    dynamic "ecs_parameters" {
      for_each = var.task == null ? [] : [var.task]

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

data "aws_iam_policy_document" "scheduler" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "scheduler" {
  name               = "trailgauge-scheduler"
  assume_role_policy = data.aws_iam_policy_document.scheduler.json
}

resource "aws_iam_role_policy" "call" {
  name   = "call"
  role   = aws_iam_role.scheduler.id
  policy = var.policy
}
