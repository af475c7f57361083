# A run's steps as a state machine: shards are scanned by up to 50 calls at once. For trails that one machine cannot read in an hour.
terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }
}

variable "package" {
  description = "Path of the zip file with the binary (make lambda)."
  type        = string
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told of missed and failed runs."
  type        = list(string)
  default     = []
}

module "lake" {
  source = "../.."

  trail_bucket     = "acme-trail"
  lake_bucket      = "acme-lake" # in the state machine's own Region: it reads the list of shards from there
  first_day        = "2026/01/01"
  watch_runs       = false
  alarm_topic_arns = var.alarm_topic_arns
}

module "function" {
  source = "../../function"

  name                 = "trailgauge"
  package              = var.package
  policy_arn           = module.lake.policy_arn
  environment          = module.lake.environment
  reserved_concurrency = 60
}

resource "aws_sfn_state_machine" "run" {
  name       = "trailgauge-run"
  role_arn   = aws_iam_role.run.arn
  definition = templatefile("${path.module}/../../../stepfunctions/lambda.asl.json", { FunctionArn = module.function.arn })
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

# Upkeep is one call each.
locals {
  schedules = {
    run     = { at = "cron(7 * * * ? *)", target = aws_sfn_state_machine.run.arn, input = "{}" }
    compact = { at = "cron(35 2 * * ? *)", target = module.function.arn, input = jsonencode({ step = "compact" }) }
    gc      = { at = "cron(35 3 * * ? *)", target = module.function.arn, input = jsonencode({ step = "gc" }) }
    expire  = { at = "cron(35 4 * * ? *)", target = module.function.arn, input = jsonencode({ step = "expire", keepDays = 400 }) }
  }
}

module "schedule" {
  source = "../../schedule"

  schedules = { for name, s in local.schedules : name => { at = s.at, arn = s.target, input = s.input } }
  policy    = data.aws_iam_policy_document.call.json
}

data "aws_iam_policy_document" "call" {
  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = [module.function.arn]
  }

  statement {
    actions   = ["states:StartExecution"]
    resources = [aws_sfn_state_machine.run.arn]
  }
}

data "aws_iam_policy_document" "states" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }
  }
}

# A Distributed Map starts executions of its own machine, watches them, and reads its items (Step Functions developer guide, "IAM policies for
# using Distributed Map states").
data "aws_iam_policy_document" "run" {
  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = [module.function.arn]
  }

  statement {
    actions   = ["states:StartExecution"]
    resources = [aws_sfn_state_machine.run.arn]
  }

  statement {
    actions   = ["states:DescribeExecution", "states:StopExecution"]
    resources = ["${replace(aws_sfn_state_machine.run.arn, ":stateMachine:", ":execution:")}/*"]
  }

  statement {
    actions   = ["s3:GetObject"]
    resources = ["${module.lake.lake_bucket_arn}/trailgauge/state/parts/*"]
  }
}

resource "aws_iam_role" "run" {
  name               = "trailgauge-run"
  assume_role_policy = data.aws_iam_policy_document.states.json
}

resource "aws_iam_role_policy" "run" {
  name   = "run"
  role   = aws_iam_role.run.id
  policy = data.aws_iam_policy_document.run.json
}
