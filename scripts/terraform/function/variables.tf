variable "name" {
  description = "Name of the function, its role and its log group."
  type        = string
}

variable "package" {
  description = "Path of the zip file whose one entry, bootstrap, is the static arm64 binary."
  type        = string
}

variable "policy_arn" {
  description = "What the job may do: policy_arn of the module above."
  type        = string
}

variable "environment" {
  description = "Environment of the function: environment of the module above, and whatever else the job is told that way."
  type        = map(string)
}

variable "memory_size" {
  description = "Megabytes. A processor comes with each 1,769; a shard needs about 400."
  type        = number
  default     = 3538
}

variable "reserved_concurrency" {
  description = "How many calls may run at once. 1 for a function that runs the whole job: a second run would only find the lake held."
  type        = number
  default     = 1
}
