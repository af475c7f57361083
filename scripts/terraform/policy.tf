data "aws_partition" "current" {}

# What the job does, and nothing else. A test holds it against the requests of a real run.
data "aws_iam_policy_document" "job" {
  statement {
    sid       = "ListTrail"
    actions   = ["s3:ListBucket"]
    resources = ["arn:${data.aws_partition.current.partition}:s3:::${var.trail_bucket}"]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = [var.trail_prefix == "" ? "*" : "${var.trail_prefix}/*"]
    }
  }

  statement {
    sid       = "ReadTrail"
    actions   = ["s3:GetObject"]
    resources = ["arn:${data.aws_partition.current.partition}:s3:::${var.trail_bucket}/${var.trail_prefix == "" ? "" : "${var.trail_prefix}/"}*"]
  }

  # Without a condition on s3:prefix: with one, S3 answers 403 and not 404 when a file is asked for that is not there.
  statement {
    sid       = "ListLake"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.lake.arn]
  }

  statement {
    sid       = "KeepLake"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.lake.arn}/${local.lake_path}*"]
  }

  dynamic "statement" {
    for_each = var.trail_kms_key_arn == null ? [] : [var.trail_kms_key_arn]

    content {
      sid       = "DecryptTrail"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
    }
  }

  # Decrypt is also what an upload in several parts needs.
  dynamic "statement" {
    for_each = var.lake_kms_key_arn == null ? [] : [var.lake_kms_key_arn]

    content {
      sid       = "EncryptLake"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = length(var.deliver_to.event_bus_arns) == 0 ? [] : [var.deliver_to.event_bus_arns]

    content {
      sid       = "DeliverToEventBridge"
      actions   = ["events:PutEvents"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(var.deliver_to.topic_arns) == 0 ? [] : [var.deliver_to.topic_arns]

    content {
      sid       = "DeliverToTopics"
      actions   = ["sns:Publish"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = var.deliver_to.security_hub ? [true] : []

    content {
      sid       = "DeliverToSecurityHub"
      actions   = ["securityhub:BatchImportFindings"]
      resources = ["arn:${data.aws_partition.current.partition}:securityhub:*:*:product/*/default"]
    }
  }

  dynamic "statement" {
    for_each = length(var.assume_role_arns) == 0 ? [] : [var.assume_role_arns]

    content {
      sid       = "AssumeRoles"
      actions   = ["sts:AssumeRole"]
      resources = statement.value
    }
  }
}

resource "aws_iam_policy" "job" {
  name        = var.name
  description = "Read the trail, keep the lake, deliver what was found."
  policy      = data.aws_iam_policy_document.job.json
}
