# The job as a task on Fargate: one command a task.
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

variable "policy_arn" {
  description = "What the job may do: policy_arn of the module above."
  type        = string
}

variable "environment" {
  description = "Environment of the task: environment of the module above, and whatever else the job is told that way."
  type        = map(string)
}

data "aws_partition" "current" {}
data "aws_region" "current" {}

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
  task_role_arn            = module.job.arn
  execution_role_arn       = module.start.arn

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
    environment            = [for name, value in var.environment : { name = name, value = value }]
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

module "job" {
  source = "../role"

  name        = "trailgauge"
  service     = "ecs-tasks"
  policy_arns = { job = var.policy_arn }
}

module "start" {
  source = "../role"

  name        = "trailgauge-start"
  service     = "ecs-tasks"
  policy_arns = { start = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy" }
}

# What who starts the task needs.
data "aws_iam_policy_document" "start" {
  statement {
    actions   = ["ecs:RunTask"]
    resources = ["${aws_ecs_task_definition.job.arn_without_revision}:*"]
  }

  statement {
    actions   = ["iam:PassRole"]
    resources = [module.job.arn, module.start.arn]
  }
}

output "cluster_arn" {
  description = "The cluster that it runs in."
  value       = aws_ecs_cluster.job.arn
}

output "definition_arn" {
  description = "The task definition. Its container is called job."
  value       = aws_ecs_task_definition.job.arn
}

output "start_policy" {
  description = "Policy, in JSON, for who starts it."
  value       = data.aws_iam_policy_document.start.json
}

output "role_arn" {
  description = "Role that the job runs as: what own_principals of the configuration names."
  value       = module.job.arn
}
