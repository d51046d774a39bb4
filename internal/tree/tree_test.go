package tree

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"multiproc/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// systems are those that a package may have files of its own for.
var systems = []string{"linux", "darwin", "freebsd", "windows"}

// A pkg is what `go list` knows of a package.
type pkg struct {
	ImportPath, Name, Dir string
	GoFiles               []string
	CgoFiles              []string
	IgnoredGoFiles        []string // those of other systems
	Imports, Deps         []string
	Module                *struct{ Path string }
}

// rel is the package's path in the module, empty for the root.
func (p pkg) rel() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, p.Module.Path), "/")
}

// packages lists those of this module, as a program for goos sees them.
func packages(t *testing.T, goos string) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Name,Dir,GoFiles,CgoFiles,IgnoredGoFiles,Imports,Deps,Module", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0", "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var list []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	if !slices.ContainsFunc(list, func(p pkg) bool { return p.rel() == "internal/tree" }) {
		t.Fatalf("go list knows %d packages, but not this one", len(list))
	}
	return list
}

// docs are the files of a package that have a package comment, and the comments.
func docs(p pkg) (files, comments []string, err error) {
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.IgnoredGoFiles) {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return nil, nil, err
		}
		// Another package's name: a program that is run with `go run FILE`.
		if f.Doc.Text() != "" && (p.Name == "" || f.Name.Name == p.Name) {
			files, comments = append(files, name), append(comments, f.Doc.Text())
		}
	}
	return files, comments, nil
}

func TestOnePackageComment(t *testing.T) {
	for _, p := range packages(t, "linux") {
		files, comments, err := docs(p)
		switch {
		case err != nil:
			t.Error(err)
		case len(files) == 0:
			t.Errorf("%s has no package comment", p.ImportPath)
		case len(files) > 1:
			t.Errorf("%s has %d package comments, in %q", p.ImportPath, len(files), files)
		case p.Name != "main" && !strings.HasPrefix(comments[0], "Package "+p.Name+" "):
			t.Errorf("%s: the package comment in %s does not begin with Package %s", p.ImportPath, files[0], p.Name)
		}
	}
}
