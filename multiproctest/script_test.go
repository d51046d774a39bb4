package multiproctest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"multiproc"
)

// scriptMain has the shape of testscript.Main: the binary is also each of the
// commands, by the name it is called by.
func scriptMain(m interface{ Run() int }, commands map[string]func()) {
	if command := commands[filepath.Base(os.Args[0])]; command != nil {
		command()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// app is a whole program.
func app() {
	multiproc.Main(func(ctx context.Context) error {
		n, err := pid.Call(ctx, 0)
		if err == nil && n != os.Getpid() {
			fmt.Println("the app has a child of its own")
		}
		return err
	})
}

// runApp runs the command as a script does.
func runApp(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Args[0] = "app"
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Error(err)
	}
	return string(out)
}

func TestScripts(t *testing.T) {
	t.Parallel()
	perform(t, "testscript", "script").want(t, 0)
}
