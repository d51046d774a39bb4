package multiproctest_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"multiproc"
	"multiproc/multiproctest"
)

// In a program's package, beside its functions.
var fileSize = multiproc.NewFunc("fileSize", func(_ context.Context, path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
})

// A test with processes of its own, which fails if it leaves one, or a
// descriptor, a temporary directory or a goroutine.
func ExampleCheckLeaks() {
	_ = func(t *testing.T) { // TestFileSize
		multiproctest.CheckLeaks(t)
		multiproctest.Cleanup(t)
		if _, err := fileSize.Call(t.Context(), "/no/such/file"); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
}

// A test that a debugger can step into.
func ExampleInProcess() {
	_ = func(t *testing.T) { // TestFileSizeInProcess
		multiproctest.InProcess(t)
		if _, err := fileSize.Call(t.Context(), os.Args[0]); err != nil {
			t.Error(err)
		}
	}
}

// suite is what other packages take the m of TestMain for.
type suite func() int

func (s suite) Run() int { return s() }

// Whatever else wants the m of TestMain, as go.uber.org/goleak does, takes that
// of Wrap.
func ExampleWrap() {
	verifyTestMain := func(m interface{ Run() int }) { // goleak.VerifyTestMain, say
		fmt.Println("code", m.Run())
	}
	m := suite(func() int {
		_, err := fileSize.Call(context.Background(), "/no/such/file")
		fmt.Println("no such file:", errors.Is(err, fs.ErrNotExist))
		return 0
	})
	verifyTestMain(multiproctest.Wrap(m)) // all of TestMain
	// Output:
	// no such file: true
	// code 0
}
