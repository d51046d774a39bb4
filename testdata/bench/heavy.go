//go:build heavy

package main

import "net/http"

// A program that links this goes through the initialisation of many packages.
var _ = http.DefaultClient
