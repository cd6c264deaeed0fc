# Deploys a package, made by `make package`, from its folder `dist`.
variable "bucket" { type = string } # in the region of the function
variable "dist" {
  type    = string
  default = "dist"
}

locals {
  key       = "argo-ecr-auth/${filesha256("${var.dist}/function.zip")}.zip"
  template  = "argo-ecr-auth/${filesha256("${var.dist}/template.json")}.json"
  manifests = [for text in split("\n---\n", file("${var.dist}/rbac/demo.rbac.yaml")) : yamldecode(text)]
}

data "aws_s3_bucket" "code" { bucket = var.bucket }

resource "aws_s3_object" "function" {
  bucket = var.bucket
  key    = local.key
  source = "${var.dist}/function.zip"
}

resource "aws_s3_object" "template" {
  bucket = var.bucket
  key    = local.template
  source = "${var.dist}/template.json"
}

resource "kubernetes_manifest" "access" { # the Role and the RoleBinding, in the cluster of the provider
  for_each = { for manifest in local.manifests : "${manifest.kind}/${manifest.metadata.namespace}" => manifest }
  manifest = each.value
}

resource "aws_cloudformation_stack" "argo_ecr_auth" {
  name         = "argo-ecr-auth"
  template_url = "https://${data.aws_s3_bucket.code.bucket_regional_domain_name}/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_NAMED_IAM"]
  parameters   = { CodeBucket = var.bucket, CodeKey = aws_s3_object.function.key }
  depends_on   = [kubernetes_manifest.access]
}

output "stack" { value = aws_cloudformation_stack.argo_ecr_auth.outputs }
