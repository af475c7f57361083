output "lake_url" {
  description = "What --lake and TRAILGAUGE_LAKE take."
  value       = local.lake_url
}

output "trail_url" {
  description = "What --trail and TRAILGAUGE_TRAIL take."
  value       = local.trail_url
}

output "lake_bucket_arn" {
  description = "The lake's bucket."
  value       = aws_s3_bucket.lake.arn
}

output "policy_arn" {
  description = "Policy for the role that the job runs as."
  value       = aws_iam_policy.job.arn
}

output "environment" {
  description = "Environment of the job, wherever it runs."
  value = merge({
    TRAILGAUGE_TRAIL = local.trail_url
    TRAILGAUGE_LAKE  = local.lake_url
    TRAILGAUGE_EMF   = "true"
  }, var.lake_kms_key_arn == null ? {} : { TRAILGAUGE_KMS_KEY = var.lake_kms_key_arn })
}

output "database" {
  description = "Glue database of the lake's tables."
  value       = aws_glue_catalog_database.lake.name
}
