# The binary as a Lambda function: one step a call.
terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }
}

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "job" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

resource "aws_iam_role_policy_attachment" "job" {
  role       = aws_iam_role.job.name
  policy_arn = var.policy_arn
}

resource "aws_cloudwatch_log_group" "job" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 90
}

data "aws_iam_policy_document" "logs" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.job.arn}:*"]
  }
}

resource "aws_iam_role_policy" "logs" {
  name   = "logs"
  role   = aws_iam_role.job.id
  policy = data.aws_iam_policy_document.logs.json
}

resource "aws_lambda_function" "job" {
  function_name                  = var.name
  description                    = "trailgauge: CloudTrail to Parquet, baselines and insights; one step a call."
  role                           = aws_iam_role.job.arn
  filename                       = var.package
  source_code_hash               = filebase64sha256(var.package)
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = ["arm64"]
  memory_size                    = var.memory_size
  timeout                        = 900
  reserved_concurrent_executions = var.reserved_concurrency

  # Where small files of a day are brought together.
  ephemeral_storage {
    size = 2048
  }

  environment {
    variables = var.environment
  }

  depends_on = [aws_iam_role_policy.logs, aws_iam_role_policy_attachment.job]
}

output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.job.arn
}

output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.job.function_name
}

output "role_arn" {
  description = "Role that the job runs as: what own_principal of the configuration names."
  value       = aws_iam_role.job.arn
}
