package multiproc_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"

	"multiproc"
)

// crossRefuse makes a function of each type that must be refused, before Init.
var crossRefuse = program("cross-refuse", func() {
	type unexported struct{ hidden int }
	type dropped struct {
		Secret string `json:"-"`
	}
	said := map[string]string{}
	for name, try := range map[string]func(name string){
		"chan":       crossTry[chan int],
		"func":       crossTry[func()],
		"complex":    crossTry[complex64],
		"uintptr":    crossTry[uintptr],
		"any":        crossTry[any],
		"error":      crossTry[error],
		"file":       crossTry[*os.File],
		"mutex":      crossTry[sync.Mutex],
		"unexported": crossTry[unexported],
		"json":       crossTry[dropped],
		"deep":       crossTry[map[string][]*unexported],
		"fine":       crossTry[crossAll],
	} {
		said[name+" argument"], said[name+" result"] = crossPanic(try, name)
	}
	_ = unexported{1}.hidden
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		panic(err)
	}
})

// crossTry makes two functions of a type; a name with a blank in front is for
// the result.
func crossTry[T any](name string) {
	if strings.HasPrefix(name, " ") {
		multiproc.NewFunc(name, func(context.Context, int) (r T, err error) { return })
		return
	}
	multiproc.NewFunc(name, func(context.Context, T) (int, error) { return 0, nil })
}

func crossPanic(try func(string), name string) (argument, result string) {
	said := func(name string) (text string) {
		defer func() {
			if v := recover(); v != nil {
				text = v.(string)
			}
		}()
		try(name)
		return ""
	}
	return said(name), said(" " + name)
}

// NewFunc panics at once, and says where in the type and why.
func TestNewFuncRefusesTypes(t *testing.T) {
	t.Parallel()
	said := lifeRun[map[string]string](t, programCommand(t, crossRefuse))
	for name, reason := range map[string]string{
		"chan": "channel", "func": "NewFunc", "complex": "two floats", "uintptr": "address", "any": "concrete", "error": "concrete",
		"file": "Options.Files", "mutex": "one process", "unexported": "unexported", "json": "json", "deep": "[][].hidden",
	} {
		for _, what := range []string{" argument", " result"} {
			text := said[name+what]
			if !strings.HasPrefix(text, "multiproc: NewFunc(") || !strings.Contains(text, reason) {
				t.Errorf("%s%s: %q, want a word of %q", name, what, text, reason)
			}
		}
	}
	if said["fine argument"]+said["fine result"] != "" || len(said) != 24 {
		t.Errorf("got %q", said)
	}
}
