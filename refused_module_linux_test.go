package multiproc_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// refusedModule makes a module with these files that uses this one, without a
// network.
func refusedModule(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go tool: ", err)
	}
	root, err := os.Getwd() // of a test: its package's directory
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	_, requires, _ := strings.Cut(string(mod), "\n") // what follows the module line
	dir = t.TempDir()
	all := map[string]string{
		"go.mod": "module user\n" + requires + "\nrequire multiproc v0.0.0\nreplace multiproc => " + root + "\n",
		"go.sum": string(sum),
	}
	maps.Copy(all, files)
	for name, text := range all {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// refusedGo returns the command of the go tool for a refusedModule.
func refusedGo(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false", "GOWORK=off", "GOARCH="+runtime.GOARCH)
	return cmd
}

const refusedSuite = `package user

import (
	"context"
	"errors"
	"os"
	"testing"

	"multiproc"
)

var pid = multiproc.NewFunc("pid", func(context.Context, struct{}) (int, error) { return os.Getpid(), nil })

func init() { note("init") }

func note(what string) {
	f, err := os.OpenFile(os.Getenv("NOTES"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := f.WriteString(what + "\n"); err != nil {
		panic(err)
	}
}

func TestPid(t *testing.T) {
	note("test")
	if multiproc.IsChild() {
		t.Fatal("the suite runs in a child")
	}
	n, err := pid.Call(t.Context(), struct{}{})
	if want := os.Getenv("WANT"); want == "" && (err != nil || n == os.Getpid()) || want != "" && !errors.Is(err, multiproc.ErrNotInitialized) {
		t.Errorf("got %d, %v", n, err)
	}
}
`

// Under go test no child runs the suite: where TestMain has Init, it takes
// over, also with the flags of the test in os.Args; where it has not, nothing
// is started, also if the package has no TestMain or it comes too late.
func TestSuiteRunsOnce(t *testing.T) {
	t.Parallel()
	const head = "package user\n\nimport (\n\t\"multiproc\"\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestMain(m *testing.M) {\n"
	for name, c := range map[string]struct {
		main, want string
		notes      []string
	}{
		"Init":        {head + "multiproc.Init()\nos.Exit(m.Run())\n}", "", []string{"init", "init", "test"}},
		"Init late":   {head + "code := m.Run()\nmultiproc.Init()\nos.Exit(code)\n}", "refused", []string{"init", "test"}},
		"no TestMain": {"package user\n", "refused", []string{"init", "test"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := refusedModule(t, map[string]string{"user_test.go": refusedSuite, "main_test.go": c.main})
			notes := filepath.Join(dir, "notes")
			cmd := refusedGo(t, dir, "test", "-count=1", "-vet=off", "-run=TestPid", "-v", ".")
			cmd.Env = append(cmd.Env, "NOTES="+notes, "WANT="+c.want)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if n := strings.Count(string(out), "=== RUN"); n != 1 {
				t.Errorf("%d suites ran:\n%s", n, out)
			}
			text, err := os.ReadFile(notes)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Fields(string(text))
			slices.Sort(got)
			if c.want == "" && len(got) > len(c.notes) {
				got = got[1:] // the tracker goes through package initialisation, too, if there was time for it
			}
			if !slices.Equal(got, c.notes) {
				t.Errorf("got %q, want %q", got, c.notes)
			}
		})
	}
}

const (
	refusedLib = `package main

import "C"

import (
	"context"
	"errors"
	"fmt"
	"os"

	"multiproc"
)

var id = multiproc.NewFunc("id", func(_ context.Context, n int) (int, error) { return n, nil })

//export try
func try() {
	multiproc.Init()
	_, err := id.Start(context.Background(), 1)
	n, inErr := id.With(multiproc.Options{Method: multiproc.InProcess}).Call(context.Background(), 3)
	fmt.Fprintln(os.Stdout, errors.Is(err, errors.ErrUnsupported), multiproc.IsChild(), len(multiproc.ActiveChildren()), n, inErr, err)
}

func main() {}
`
	refusedHost = `#include <stdio.h>

void try(void);

int main(void) {
	puts("host");
	fflush(stdout);
	try();
	return 0;
}
`
)

// Go code in a C program: a child would be the C program, from the start. In
// the library nothing is started; what runs InProcess still does.
func TestSharedLibrary(t *testing.T) {
	t.Parallel()
	dir := refusedModule(t, map[string]string{"lib.go": refusedLib, "host.txt": refusedHost})
	env, err := refusedGo(t, dir, "env", "CC").Output()
	if err != nil {
		t.Fatal(err)
	}
	cc, err := exec.LookPath(strings.TrimSpace(string(env)))
	if err != nil {
		t.Skip("there is no C compiler: ", err)
	}
	build := refusedGo(t, dir, "build", "-buildmode=c-shared", "-o", "libuser.so", ".")
	build.Env = append(build.Env, "CGO_ENABLED=1", "GOARCH=")
	link := exec.CommandContext(t.Context(), cc, "-x", "c", "host.txt", "-x", "none", "-o", "host", "./libuser.so")
	link.Dir = dir
	for _, cmd := range []*exec.Cmd{build, link} {
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, out)
		}
	}
	run := exec.CommandContext(t.Context(), "./host")
	run.Dir = dir
	out, err := run.CombinedOutput()
	want := "host\ntrue false 0 3 <nil> multiproc: "
	if err != nil || !strings.HasPrefix(string(out), want) || !strings.Contains(string(out), "-buildmode=c-shared") {
		t.Errorf("%v\n%s\nwant %s", err, out, want)
	}
}
