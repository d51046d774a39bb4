package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"multiproc/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

const public = "example.com/owner/tower"

// before and after are files of a small module with the same shape as ours. It
// has another name, so that the tool leaves its own test alone.
var before = map[string]string{
	"go.mod":          "module tower\n\ngo 1.26.0\n",
	"tower.go":        "// Package tower is tower/pool's base, not tower/nothing's.\npackage tower\n\n// Prefix stays.\nconst Prefix = \"tower\"\n",
	"pool/pool.go":    "// Package pool is on top.\npackage pool\n\nimport (\n\t\"fmt\"\n\n\t\"tower\"\n\tz \"tower/internal/z\"\n)\n\n// Name is tower/pool.Name; see [tower.Prefix].\nvar Name = fmt.Errorf(\"tower: %s /tmp/tower/pool %v\", tower.Prefix+\"tower/pool.Name\", z.Z)\n",
	"internal/z/z.go": "// Package z is below.\npackage z\n\n// Z is exported.\nvar Z int\n",
	"sub/go.mod":      "module tower/sub\n\ngo 1.26.0\n\nrequire tower v0.0.0\n\nreplace tower => ../\n",
	"README.md":       "# tower\n\n    import \"tower\"\n    import \"tower/pool\"\n\n`go mod edit -replace tower=../tower` and `go run tower/pool`\n",
	".golangci.yml":   "    gofumpt:\n      module-path: tower\n    goimports:\n      local-prefixes: [tower]\n",
	".git/config.md":  "tower/pool\n",
}

var after = map[string]string{
	"go.mod":          "module example.com/owner/tower\n\ngo 1.26.0\n",
	"tower.go":        "// Package tower is example.com/owner/tower/pool's base, not tower/nothing's.\npackage tower\n\n// Prefix stays.\nconst Prefix = \"tower\"\n",
	"pool/pool.go":    "// Package pool is on top.\npackage pool\n\nimport (\n\t\"fmt\"\n\n\t\"example.com/owner/tower\"\n\tz \"example.com/owner/tower/internal/z\"\n)\n\n// Name is example.com/owner/tower/pool.Name; see [tower.Prefix].\nvar Name = fmt.Errorf(\"tower: %s /tmp/tower/pool %v\", tower.Prefix+\"example.com/owner/tower/pool.Name\", z.Z)\n",
	"internal/z/z.go": before["internal/z/z.go"],
	"sub/go.mod":      "module example.com/owner/tower/sub\n\ngo 1.26.0\n\nrequire example.com/owner/tower v0.0.0\n\nreplace example.com/owner/tower => ../\n",
	"README.md":       "# tower\n\n    import \"example.com/owner/tower\"\n    import \"example.com/owner/tower/pool\"\n\n`go mod edit -replace example.com/owner/tower=../tower` and `go run example.com/owner/tower/pool`\n",
	".golangci.yml":   "    gofumpt:\n      module-path: example.com/owner/tower\n    goimports:\n      local-prefixes: [example.com/owner/tower]\n",
	".git/config.md":  before[".git/config.md"],
}

func TestRename(t *testing.T) {
	root := t.TempDir()
	for name, text := range before {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want map[string]string, from, to string) {
		t.Helper()
		for name, text := range want {
			got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
			if want := strings.ReplaceAll(text, from, to); err != nil || string(got) != want {
				t.Errorf("%s:\n%s\nwant:\n%s\n%v", name, got, want, err)
			}
		}
	}
	if _, err := rename(root, public); err != nil {
		t.Fatal(err)
	}
	expect(after, "", "")
	cmd := exec.CommandContext(t.Context(), "go", "vet", "./...")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}

	// Once more, from one public path to another, and then to where it is.
	const moved = "other.org/tower"
	if _, err := rename(root, moved); err != nil {
		t.Fatal(err)
	}
	expect(after, public, moved)
	if changed, err := rename(root, moved); err != nil || len(changed) > 0 {
		t.Errorf("renaming to the same path changed %q, %v", changed, err)
	}
}

func TestPaths(t *testing.T) {
	for to, ok := range map[string]bool{
		public:                       true,
		"example.com/tower/v2":       true,
		"tower":                      false,
		"owner/tower":                false,
		"example.com/owner/other":    false,
		"https://example.com/tower":  false,
		"example.com/owner/tower/..": false,
		"":                           false,
	} {
		for _, from := range []string{"tower", "example.com/tower", "example.com/tower/v3"} {
			if err := checkPath(from, to); (err == nil) != ok {
				t.Errorf("checkPath(%q, %q) = %v, want accepted: %v", from, to, err, ok)
			}
		}
	}
}
