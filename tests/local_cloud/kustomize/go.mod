// What kustomize is built of where ARGO_CD_ASSETS names none: the version that Argo CD ships. After a change: `go get
// PATH@VERSION`, then `go build` with -mod=mod.
module local-cloud

go 1.27.0

require (
	// Newer than the one that kustomize requires, which module mirrors may lack.
	k8s.io/kube-openapi v0.0.0-20261014044854-ca3452a79603
	sigs.k8s.io/kustomize/kustomize/v5 v5.8.3
)
