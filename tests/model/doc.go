// Package model holds tests against models, which need a library that the core
// must not depend on. It has no code.
package model
