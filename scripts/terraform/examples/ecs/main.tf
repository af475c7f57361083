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

data "aws_region" "current" {}

module "lake" {
  source = "../.."

  trail_bucket     = "acme-trail"
  lake_bucket      = "acme-lake"
  first_day        = "2026/01/01"
  alarm_topic_arns = var.alarm_topic_arns
}

resource "aws_ecs_cluster" "job" {
  name = "trailgauge"
}

resource "aws_cloudwatch_log_group" "job" {
  name              = "/ecs/trailgauge"
  retention_in_days = 90
}

# Rejected input and opened insights are no failures of the task: ECS knows only success and failure, and the report tells of both.
resource "aws_ecs_task_definition" "job" {
  family                   = "trailgauge"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 2048
  memory                   = 4096
  task_role_arn            = aws_iam_role.job.arn
  execution_role_arn       = aws_iam_role.start.arn

  runtime_platform {
    cpu_architecture        = "ARM64"
    operating_system_family = "LINUX"
  }

  # Where small files of a day are brought together.
  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([{
    name                   = "job"
    image                  = var.image
    essential              = true
    readonlyRootFilesystem = true
    command                = ["run", "--emf", "--ok-exit", "3,10"]
    mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp" }]
    environment            = [for name, value in module.lake.environment : { name = name, value = value }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.job.name
        awslogs-region        = data.aws_region.current.region
        awslogs-stream-prefix = "job"
      }
    }
  }])
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
    arn   = aws_ecs_cluster.job.arn
    input = jsonencode({ containerOverrides = [{ name = "job", command = s.command }] })
  } }
  policy = data.aws_iam_policy_document.call.json
  task   = { definition_arn = aws_ecs_task_definition.job.arn, subnet_ids = var.subnet_ids }
}

# A task that ended with another status than 0.
resource "aws_cloudwatch_event_rule" "failed" {
  name        = "trailgauge-task-failed"
  description = "A run or the upkeep of the lake failed."
  event_pattern = jsonencode({
    source        = ["aws.ecs"]
    "detail-type" = ["ECS Task State Change"]
    detail = {
      clusterArn = [aws_ecs_cluster.job.arn]
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

data "aws_iam_policy_document" "task" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "job" {
  name               = "trailgauge"
  assume_role_policy = data.aws_iam_policy_document.task.json
}

resource "aws_iam_role_policy_attachment" "job" {
  role       = aws_iam_role.job.name
  policy_arn = module.lake.policy_arn
}

resource "aws_iam_role" "start" {
  name               = "trailgauge-start"
  assume_role_policy = data.aws_iam_policy_document.task.json
}

resource "aws_iam_role_policy_attachment" "start" {
  role       = aws_iam_role.start.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

data "aws_iam_policy_document" "call" {
  statement {
    actions   = ["ecs:RunTask"]
    resources = ["${aws_ecs_task_definition.job.arn_without_revision}:*"]
  }

  statement {
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.job.arn, aws_iam_role.start.arn]
  }
}
