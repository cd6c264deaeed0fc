// What helm is built of where ARGO_CD_ASSETS names none: the version that Argo CD ships. After a change: `go get
// PATH@VERSION`, then `go build` with -mod=mod.
module local-cloud

go 1.27.0

require (
	helm.sh/helm/v4 v4.3.1
)
