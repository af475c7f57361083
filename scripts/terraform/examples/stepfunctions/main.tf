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

module "machine" {
  source = "../../machine"

  name             = local.name
  definition       = templatefile("${path.module}/../../../stepfunctions/lambda.asl.json", { FunctionArn = module.function.arn })
  policy           = data.aws_iam_policy_document.run.json
  alarm_topic_arns = var.alarm_topic_arns
}

# Upkeep is one call each.
locals {
  schedules = {
    run     = { at = "cron(7 * * * ? *)", target = module.machine.arn, input = "{}" }
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
    resources = [module.machine.arn]
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

# The state machine's own ARN, before there is one: what it may do comes first.
locals {
  name = "trailgauge-run"
  here = "${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}"
  own  = "arn:${data.aws_partition.current.partition}:states:${local.here}"
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
    resources = ["${local.own}:stateMachine:${local.name}"]
  }

  statement {
    actions   = ["states:DescribeExecution", "states:StopExecution"]
    resources = ["${local.own}:execution:${local.name}/*"]
  }

  statement {
    actions   = ["s3:GetObject"]
    resources = ["${module.lake.lake_bucket_arn}/trailgauge/state/parts/*"]
  }
}
