package multiproc

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"multiproc/internal/sys"
)

// A binary is what has to be known of the running program to start it.
type binary struct {
	path string
	args []string // without the name
}

func (b *binary) argv(name string) []string { return append(slices.Clip(b.args), name) }

// program returns the running binary.
func program() (*binary, error) {
	args, err := commandLine()
	if err != nil {
		return nil, err
	}
	exe, err := sys.Executable()
	if err != nil {
		return nil, fmt.Errorf("multiproc: %w", err)
	}
	return &binary{exe, args}, nil
}

var commandLine = sync.OnceValues(func() (argv []string, err error) {
	argv = []string{"multiproc"}
	if len(firstArgs) > 0 {
		argv[0] = firstArgs[0]
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return argv, nil
	}
	for _, s := range info.Settings {
		if s.Key == "-buildmode" && (s.Value == "c-shared" || s.Value == "c-archive" || s.Value == "plugin") {
			return nil, fmt.Errorf("multiproc: this code was built with -buildmode=%s: the running program "+
				"is another one, and can't be started as a child: %w", s.Value, errors.ErrUnsupported)
		}
	}
	if strings.HasSuffix(info.Path, ".test") {
		argv = append(argv, "-test.run=^$") // a net: a child never gets as far as its tests
	}
	return argv, nil
})
