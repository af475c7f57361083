# The steps of a run as a state machine, watched.
terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }
}

variable "name" {
  description = "Name of the state machine and its role."
  type        = string
}

variable "definition" {
  description = "The state machine, in Amazon States Language."
  type        = string
}

variable "policy" {
  description = "What its tasks need, as a policy in JSON."
  type        = string
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told of missed and failed runs."
  type        = list(string)
}

resource "aws_sfn_state_machine" "run" {
  name       = var.name
  role_arn   = module.role.arn
  definition = var.definition
  depends_on = [module.role] # Step Functions tries what it may do when it makes the state machine
}

module "role" {
  source = "../role"

  name     = var.name
  service  = "states"
  policies = { run = var.policy }
}

# Step Functions tells CloudWatch of executions.
locals {
  alarms = {
    missed = { metric = "ExecutionsSucceeded", description = "No run of trailgauge has succeeded for two hours.", operator = "LessThanThreshold", threshold = 1, periods = 2, missing = "breaching" }
    failed = { metric = "ExecutionsFailed", description = "A run of trailgauge failed.", operator = "GreaterThanThreshold", threshold = 0, periods = 1, missing = "notBreaching" }
  }
}

resource "aws_cloudwatch_metric_alarm" "run" {
  for_each = local.alarms

  alarm_name          = "trailgauge-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/States"
  metric_name         = each.value.metric
  dimensions          = { StateMachineArn = aws_sfn_state_machine.run.arn }
  statistic           = "Sum"
  comparison_operator = each.value.operator
  threshold           = each.value.threshold
  period              = 3600
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

output "arn" {
  description = "ARN of the state machine."
  value       = aws_sfn_state_machine.run.arn
}
