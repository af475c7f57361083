# The whole job as an ECS task on Fargate, every hour; upkeep once a night. For trails that outgrow Lambda's 15 minutes.
terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }
}

variable "image" {
  description = "The image that the Dockerfile makes, in a registry of yours."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets with a way to S3: a gateway endpoint is enough for the lake and the trail, and costs nothing."
  type        = list(string)
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

module "task" {
  source = "../../task"

  image       = var.image
  policy_arn  = module.lake.policy_arn
  environment = module.lake.environment
}

locals {
  schedules = {
    run     = { at = "cron(7 * * * ? *)", command = ["run", "--emf", "--ok-exit", "3,10"] }
    compact = { at = "cron(35 2 * * ? *)", command = ["compact"] }
    gc      = { at = "cron(35 3 * * ? *)", command = ["gc"] }
    expire  = { at = "cron(35 4 * * ? *)", command = ["expire", "--keep-days", "400"] }
  }
}

module "schedule" {
  source = "../../schedule"

  schedules = { for name, s in local.schedules : name => {
    at    = s.at
    arn   = module.task.cluster_arn
    input = jsonencode({ containerOverrides = [{ name = "job", command = s.command }] })
    task  = { definition_arn = module.task.definition_arn, subnet_ids = var.subnet_ids }
  } }
  policy = module.task.start_policy
}

# A task that ended with another status than 0.
resource "aws_cloudwatch_event_rule" "failed" {
  name        = "trailgauge-task-failed"
  description = "A run or the upkeep of the lake failed."
  event_pattern = jsonencode({
    source        = ["aws.ecs"]
    "detail-type" = ["ECS Task State Change"]
    detail = {
      clusterArn = [module.task.cluster_arn]
      lastStatus = ["STOPPED"]
      containers = { exitCode = [{ "anything-but" = 0 }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "failed" {
  for_each = toset(var.alarm_topic_arns)

  rule = aws_cloudwatch_event_rule.failed.name
  arn  = each.value
}
