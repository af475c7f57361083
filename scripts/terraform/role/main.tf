# A role that a service of AWS runs under.
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
  description = "Name of the role."
  type        = string
}

variable "service" {
  description = "Who takes it: lambda, ecs-tasks, scheduler or states."
  type        = string
}

variable "policies" {
  description = "What it may do: policies in JSON, by name."
  type        = map(string)
  default     = {}
}

variable "policy_arns" {
  description = "What else it may do: ARNs of policies, by any name."
  type        = map(string)
  default     = {}
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${var.service}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "role" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "role" {
  for_each = var.policies

  name   = each.key
  role   = aws_iam_role.role.id
  policy = each.value
}

resource "aws_iam_role_policy_attachment" "role" {
  for_each = var.policy_arns

  role       = aws_iam_role.role.name
  policy_arn = each.value
}

output "arn" {
  description = "ARN of the role."
  value       = aws_iam_role.role.arn
}
