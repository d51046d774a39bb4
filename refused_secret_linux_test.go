package multiproc_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"multiproc"
)

// refusedSecret is an argument that nobody but the child may read.
type refusedSecret struct{ Word, Ready string }

var refusedKeep = multiproc.NewFunc("refused-keep", func(ctx context.Context, s refusedSecret) (string, error) {
	if err := lifeTell(s.Ready, s.Word); err != nil {
		return "", err
	}
	<-ctx.Done()
	return "", nil
})

// An argument is in neither the command line nor the environment of the child,
// which others can read; and the token is not in the environment that programs
// of the child's would inherit.
func TestArgumentsAreSecret(t *testing.T) {
	t.Parallel()
	word := "hush-" + strconv.Itoa(os.Getpid()) + strings.Repeat("-x", 50)
	ready := filepath.Join(t.TempDir(), "ready")
	f := refusedKeep.With(multiproc.Options{Env: append(os.Environ(), "REFUSED_SEEN=see-me"), Name: "keeper"})
	c := lifeStart(t, f, refusedSecret{word, ready})
	if got := lifeHear(t, ready); got != word {
		t.Fatalf("the child was given %q", got)
	}
	for file, has := range map[string]string{"cmdline": "keeper\x00", "environ": "\x00REFUSED_SEEN=see-me\x00"} {
		data, err := os.ReadFile("/proc/" + strconv.Itoa(c.PID()) + "/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{word, ready, refusedKeep.Name()} {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s shows %q:\n%q", file, secret, data)
			}
		}
		if !strings.Contains(string(data), has) { // it is the right file
			t.Errorf("%s has no %q:\n%q", file, has, data)
		}
	}
}
