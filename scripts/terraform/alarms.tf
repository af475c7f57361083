# The job tells CloudWatch of each run in its log (embedded metric format), with the dimension Lake.
locals {
  alarms = {
    missed = {
      description = "No run of trailgauge has ended for two hours."
      statistic   = "SampleCount"
      operator    = "LessThanThreshold"
      threshold   = 1
      periods     = 2
      missing     = "breaching"
    }
    failed = {
      description = "A run of trailgauge failed."
      statistic   = "Maximum"
      operator    = "GreaterThanThreshold"
      threshold   = 0
      periods     = 1
      missing     = "notBreaching"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "runs" {
  for_each = { for name, alarm in local.alarms : name => alarm if var.watch_runs }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "trailgauge"
  metric_name         = "Failed"
  dimensions          = { Lake = local.lake_url }
  statistic           = each.value.statistic
  comparison_operator = each.value.operator
  threshold           = each.value.threshold
  period              = 3600
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}
