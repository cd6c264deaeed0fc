#!/bin/sh
# What such a CronJob runs every few hours. HOST is the registry, REGION is its region.
set -eu
password=$(aws ecr get-login-password --region "$REGION")
kubectl -n argocd create secret generic ecr-auth --dry-run=client -o yaml \
  --from-literal=url="$HOST" --from-literal=name=ecr --from-literal=type=helm --from-literal=enableOCI=true \
  --from-literal=username=AWS --from-literal=password="$password" |
  kubectl apply -f -
kubectl -n argocd label --overwrite secret ecr-auth argocd.argoproj.io/secret-type=repository
