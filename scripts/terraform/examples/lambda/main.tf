# The whole job as one Lambda function, every hour; upkeep once a night. For up to some hundred thousand records an hour.
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
  lake_bucket      = "acme-lake"
  first_day        = "2026/01/01"
  alarm_topic_arns = var.alarm_topic_arns
}

module "function" {
  source = "../../function"

  name        = "trailgauge"
  package     = var.package
  policy_arn  = module.lake.policy_arn
  environment = module.lake.environment
}

# compact takes the same lease as a run: at half past the hour none is under way.
locals {
  schedules = {
    run     = { at = "cron(7 * * * ? *)", call = { step = "run" } }
    compact = { at = "cron(35 2 * * ? *)", call = { step = "compact" } }
    gc      = { at = "cron(35 3 * * ? *)", call = { step = "gc" } }
    expire  = { at = "cron(35 4 * * ? *)", call = { step = "expire", keepDays = 400 } }
  }
}

module "schedule" {
  source = "../../schedule"

  schedules = { for name, s in local.schedules : name => { at = s.at, arn = module.function.arn, input = jsonencode(s.call) } }
  policy    = data.aws_iam_policy_document.call.json
}

data "aws_iam_policy_document" "call" {
  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = [module.function.arn]
  }
}
