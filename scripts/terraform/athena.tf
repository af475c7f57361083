# athena.json is what `trailgauge ddl --json` prints for a lake named s3://lake.
locals {
  athena = jsondecode(replace(file("${path.module}/athena.json"), "s3://lake", local.lake_url))
}

resource "aws_glue_catalog_database" "lake" {
  name        = var.name
  description = "CloudTrail events, counts, baselines and insights of ${local.lake_url}."
}

resource "aws_glue_catalog_table" "lake" {
  for_each = { for table in local.athena.tables : table.Name => table }

  database_name = aws_glue_catalog_database.lake.name
  name          = each.key
  description   = each.value.Description
  table_type    = each.value.TableType
  parameters    = merge(each.value.Parameters, { "projection.timestamp.range" = "${var.first_day},NOW" })

  dynamic "partition_keys" {
    for_each = each.value.PartitionKeys

    content {
      name = partition_keys.value.Name
      type = partition_keys.value.Type
    }
  }

  storage_descriptor {
    location      = each.value.StorageDescriptor.Location
    input_format  = each.value.StorageDescriptor.InputFormat
    output_format = each.value.StorageDescriptor.OutputFormat

    ser_de_info {
      serialization_library = each.value.StorageDescriptor.SerdeInfo.SerializationLibrary
    }

    dynamic "columns" {
      for_each = each.value.StorageDescriptor.Columns

      content {
        name = columns.value.Name
        type = columns.value.Type
      }
    }
  }
}

# Views exist only once their statement has run: Athena keeps them in a form of its own. Run each saved "view …" query once.
resource "aws_athena_named_query" "views" {
  for_each = { for view in local.athena.views : view.name => view }

  name        = "${var.name}: view ${each.key}"
  description = substr(each.value.comment, 0, 1024)
  database    = aws_glue_catalog_database.lake.name
  workgroup   = var.athena_workgroup
  query       = each.value.sql
}

resource "aws_athena_named_query" "queries" {
  for_each = { for query in local.athena.queries : query.name => query }

  name        = "${var.name}: ${each.key}"
  description = substr("${each.value.comment} ? = ${join("; ", each.value.parameters)}", 0, 1024)
  database    = aws_glue_catalog_database.lake.name
  workgroup   = var.athena_workgroup
  query       = each.value.sql
}
