# A run's steps as a state machine over Fargate tasks. For trails whose steps take longer than a Lambda call, 15 minutes.
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

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

module "lake" {
  source = "../.."

  trail_bucket     = "acme-trail"
  lake_bucket      = "acme-lake"
  first_day        = "2026/01/01"
  watch_runs       = false
  alarm_topic_arns = var.alarm_topic_arns
}

module "task" {
  source = "../../task"

  image       = var.image
  policy_arn  = module.lake.policy_arn
  environment = module.lake.environment
}

module "machine" {
  source = "../../machine"

  name = "trailgauge-run"
  definition = templatefile("${path.module}/../../../stepfunctions/ecs.asl.json", {
    ClusterArn        = module.task.cluster_arn
    TaskDefinitionArn = module.task.definition_arn
    SubnetIds         = join(",", var.subnet_ids)
  })
  policy           = data.aws_iam_policy_document.run.json
  alarm_topic_arns = var.alarm_topic_arns
}

# Upkeep is one task each.
locals {
  upkeep = {
    compact = { at = "cron(35 2 * * ? *)", command = ["compact"] }
    gc      = { at = "cron(35 3 * * ? *)", command = ["gc"] }
    expire  = { at = "cron(35 4 * * ? *)", command = ["expire", "--keep-days", "400"] }
  }
}

module "schedule" {
  source = "../../schedule"

  schedules = merge({ run = { at = "cron(7 * * * ? *)", arn = module.machine.arn, input = "{}" } }, { for name, s in local.upkeep : name => {
    at    = s.at
    arn   = module.task.cluster_arn
    input = jsonencode({ containerOverrides = [{ name = "job", command = s.command }] })
    task  = { definition_arn = module.task.definition_arn, subnet_ids = var.subnet_ids }
  } })
  policy = data.aws_iam_policy_document.call.json
}

data "aws_iam_policy_document" "call" {
  source_policy_documents = [module.task.start_policy]

  statement {
    actions   = ["states:StartExecution"]
    resources = [module.machine.arn]
  }
}

# A state that waits for a task to end (.sync) stops it with the execution, and hears of its end by a rule that Step Functions keeps (Step Functions
# developer guide, "IAM policies for calling Amazon ECS/AWS Fargate").
locals {
  here = "${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}"
}

data "aws_iam_policy_document" "run" {
  source_policy_documents = [module.task.start_policy]

  statement {
    actions   = ["ecs:StopTask", "ecs:DescribeTasks"]
    resources = ["arn:${data.aws_partition.current.partition}:ecs:${local.here}:task/trailgauge/*"]
  }

  statement {
    actions   = ["events:PutTargets", "events:PutRule", "events:DescribeRule"]
    resources = ["arn:${data.aws_partition.current.partition}:events:${local.here}:rule/StepFunctionsGetEventsForECSTaskRule"]
  }
}
