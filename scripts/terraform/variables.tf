variable "name" {
  description = "What the lake's database, policy and alarms are called."
  type        = string
  default     = "trailgauge"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,40}$", var.name))
    error_message = "small letters, digits and _, at most 41 characters: it names a Glue database"
  }
}

variable "trail_bucket" {
  description = "Bucket that CloudTrail delivers to."
  type        = string
}

variable "trail_prefix" {
  description = "Where in the bucket the trail lies: what stands before AWSLogs/, without a slash at its end. Empty: at the top."
  type        = string
  default     = ""
}

variable "trail_kms_key_arn" {
  description = "Key that the trail's objects are encrypted with. Null: SSE-S3."
  type        = string
  default     = null
}

variable "lake_bucket" {
  description = "Name of the bucket to make for the lake."
  type        = string
}

variable "lake_prefix" {
  description = "Where in the bucket the lake is, without a slash at its end. Empty: at the top."
  type        = string
  default     = "trailgauge"
}

variable "lake_kms_key_arn" {
  description = "Key to encrypt the lake with (SSE-KMS). Null: SSE-S3."
  type        = string
  default     = null
}

variable "first_day" {
  description = "Oldest day that the Athena tables project, as 2026/01/01. A query without a day looks for every day since."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{4}/[0-9]{2}/[0-9]{2}$", var.first_day))
    error_message = "as 2026/01/01"
  }
}

variable "athena_workgroup" {
  description = "Workgroup that the saved queries appear in."
  type        = string
  default     = "primary"
}

variable "deliver_to" {
  description = "What the job may deliver insights to: the sinks of its configuration file."
  type = object({
    event_bus_arns = optional(list(string), [])
    topic_arns     = optional(list(string), [])
    security_hub   = optional(bool, false)
  })
  default = {}
}

variable "assume_role_arns" {
  description = "Roles that the job may assume: of trails in other accounts, and of members whose Security Hub takes findings."
  type        = list(string)
  default     = []
}

variable "alarm_topic_arns" {
  description = "SNS topics for alarms on a missed or failed run. Empty: no one is told."
  type        = list(string)
  default     = []
}

variable "watch_runs" {
  description = "Alarm on what whole runs (trailgauge run) tell CloudWatch. False where a state machine calls the steps: alarm on that."
  type        = bool
  default     = true
}
