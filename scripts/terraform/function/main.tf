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

module "role" {
  source = "../role"

  name        = var.name
  service     = "lambda"
  policies    = { logs = data.aws_iam_policy_document.logs.json }
  policy_arns = { job = var.policy_arn }
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

resource "aws_lambda_function" "job" {
  function_name                  = var.name
  description                    = "trailgauge: CloudTrail to Parquet, baselines and insights; one step a call."
  role                           = module.role.arn
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

  depends_on = [module.role]
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
  description = "Role that the job runs as: what own_principals of the configuration names."
  value       = module.role.arn
}
