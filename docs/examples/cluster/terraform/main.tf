# Lets the function of an installation into a cluster: the access entry, and per namespace a Role and a RoleBinding.
terraform {
  required_providers {
    aws        = { source = "hashicorp/aws", version = ">= 5.33" }
    kubernetes = { source = "hashicorp/kubernetes", version = ">= 2.20" }
  }
}

variable "cluster" { type = string }
variable "function_role" { type = string } # its ARN; it may be of another account
variable "secrets" {                       # by namespace
  type    = map(list(string))
  default = { argocd = ["ecr-auth"] }
}
variable "installation" {
  type    = string
  default = "argo-ecr-auth"
}

resource "aws_eks_access_entry" "function" {
  cluster_name      = var.cluster
  principal_arn     = var.function_role
  type              = "STANDARD"
  kubernetes_groups = [var.installation]
}

resource "kubernetes_role_v1" "function" {
  for_each = var.secrets
  metadata {
    namespace = each.key
    name      = var.installation
  }
  rule {
    api_groups     = [""]
    resources      = ["secrets", "configmaps"]
    resource_names = each.value
    verbs          = ["get", "create", "patch"]
  }
}

resource "kubernetes_role_binding_v1" "function" {
  for_each = var.secrets
  metadata {
    namespace = each.key
    name      = var.installation
  }
  subject {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Group"
    name      = var.installation
  }
  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Role"
    name      = var.installation
  }
}
