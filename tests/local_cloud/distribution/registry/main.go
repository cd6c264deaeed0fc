// The registry as distribution releases it, without the storage of clouds, and without traces.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
)

func main() {
	os.Setenv("OTEL_TRACES_EXPORTER", "none")
	if registry.RootCmd.Execute() != nil {
		os.Exit(1)
	}
}
