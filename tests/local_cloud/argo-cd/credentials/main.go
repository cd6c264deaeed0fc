// Which credentials Argo CD's own code finds for URLs among Secrets: reads cases as JSON, writes the answers as JSON.
package main

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"os"

	"github.com/argoproj/argo-cd/v3/util/db"
	"github.com/argoproj/argo-cd/v3/util/settings"
	"github.com/sirupsen/logrus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/fake"
)

const namespace = "argocd"

type inquiry struct {
	Secrets []corev1.Secret
	Project string
	URLs    []string
}

func main() {
	logrus.SetOutput(io.Discard)
	var inquiries []inquiry
	if err := json.NewDecoder(os.Stdin).Decode(&inquiries); err != nil {
		log.Fatal(err)
	}
	answers := make([][]string, len(inquiries))
	for i, inquiry := range inquiries {
		answers[i] = answer(inquiry)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		log.Fatal(err)
	}
}

// The name of the Secret that serves each URL, or nothing. A template's password has to be its name.
func answer(inquiry inquiry) []string {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := fake.NewClientset()
	for _, secret := range inquiry.Secrets {
		if err := client.Tracker().Add(&secret); err != nil {
			log.Fatal(err)
		}
	}
	database := db.NewDB(namespace, settings.NewSettingsManager(ctx, client, namespace), client)
	names := make([]string, len(inquiry.URLs))
	for i, url := range inquiry.URLs {
		repository, err := database.GetRepository(ctx, url, inquiry.Project)
		switch {
		case err != nil:
			log.Fatal(err)
		case repository.InheritedCreds:
			names[i] = repository.Password
		case repository.HasCredentials():
			names[i] = repository.Name
		}
	}
	return names
}
