// Of Apache's htpasswd what the tests use: reads a password and prints the line that lets its user in.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

func main() {
	log.SetFlags(0)
	for name, usage := range map[string]string{
		"n": "print the line instead of writing a file",
		"i": "read the password from the standard input",
		"B": "hash it with bcrypt",
	} {
		flag.Bool(name, true, usage+" (always)")
	}
	cost := flag.Int("C", bcrypt.MinCost, "what bcrypt costs")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: htpasswd -n -i -B [-C COST] USER")
	}
	password, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(strings.TrimRight(string(password), "\r\n")), *cost)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s:%s\n", flag.Arg(0), hash)
}
