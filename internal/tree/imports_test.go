package tree

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// rooms are the storeys of the module, from the ground up. A package imports
// packages of lower storeys, and none of its own; only those of internal, which
// the compiler keeps from running in circles, may also import each other.
var rooms = [][]string{
	{"internal/*"},
	{"mplog", "fd", "stdio", "unixsock"},
	{"finalize", "afterfork", "tracker"},
	{"tempdir"},
	{""}, // multiproc itself
	{"pool", "multiproctest"},
	{"cmd/*", "examples/*", "tools/*"},
}

// tooDear are packages whose init, or whose cgo, every child would pay for.
var tooDear = []string{"net", "net/http", "os/user"}

// storey is where the package with this path in the module lives, or -1.
func storey(rel string) int {
	return slices.IndexFunc(rooms, func(room []string) bool {
		return slices.ContainsFunc(room, func(pattern string) bool {
			dir, all := strings.CutSuffix(pattern, "*")
			ok, _ := path.Match(pattern, rel)
			return ok || all && strings.HasPrefix(rel, dir)
		})
	})
}

// complaint says what is wrong with an import from one package of the module to
// another, or is empty.
func complaint(from, to string) string {
	a, b := storey(from), storey(to)
	switch {
	case a < 0:
		return fmt.Sprintf("%q has no place in rooms: give it one", from)
	case b < 0:
		return fmt.Sprintf("%q has no place in rooms: give it one", to)
	case strings.HasPrefix(from, "examples/") && strings.HasPrefix(to, "internal/"):
		return fmt.Sprintf("%q shows what nobody can copy: %q is internal", from, to)
	case b > a, b == a && a != 0:
		return fmt.Sprintf("%q imports %q, which is not below it", from, to)
	}
	return ""
}

func TestImportsOnlyGoDown(t *testing.T) {
	for _, goos := range systems {
		for _, p := range packages(t, goos) {
			if storey(p.rel()) < 0 {
				t.Errorf("%q has no place in rooms: give it one", p.rel())
			}
			for _, to := range p.Imports {
				rel, ours := strings.CutPrefix(to+"/", p.Module.Path+"/")
				if !ours {
					continue
				}
				if c := complaint(p.rel(), strings.TrimSuffix(rel, "/")); c != "" {
					t.Errorf("%s: %s", goos, c)
				}
			}
		}
	}
}

func TestNothingDearIsLinked(t *testing.T) {
	for _, goos := range systems {
		for _, p := range packages(t, goos) {
			for _, dep := range tooDear {
				if slices.Contains(p.Deps, dep) {
					t.Errorf("%s: %s links %s", goos, p.ImportPath, dep)
				}
			}
		}
	}
}

// The rules themselves, for a tree that obeys them shows nothing.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"", "tempdir", true},
		{"", "internal/sys", true},
		{"tempdir", "tracker", true},
		{"internal/a", "internal/b/c", true},
		{"examples/checksum", "", true},
		{"cmd/x", "internal/sys", true},
		{"examples/checksum", "internal/sys", false},
		{"examples/a", "examples/b", false},
		{"tempdir", "", false},
		{"tracker", "finalize", false},
		{"mplog", "fd", false},
		{"internal/sys", "mplog", false},
		{"pool", "multiproctest", false},
		{"attic", "internal/sys", false},
		{"mplog", "mplogs", false},
	} {
		if got := complaint(c.from, c.to); (got == "") != c.allowed {
			t.Errorf("%q imports %q: %q, want allowed: %v", c.from, c.to, got, c.allowed)
		}
	}
}
