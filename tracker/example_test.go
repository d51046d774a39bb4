package tracker_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"multiproc/tracker"
)

// A socket's file outlives a process that is killed, unless somebody else sees
// to it.
func Example() {
	path := filepath.Join(os.TempDir(), "example.sock")
	if err := tracker.File.Register(path); err != nil { // before it exists
		fmt.Println(err)
		return
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		fmt.Println(err)
		return
	}
	// …
	err := tracker.File.Release(context.Background(), path) // removes and unregisters it
	_, gone := os.Stat(path)
	fmt.Println(err, os.IsNotExist(gone))
	// Output: <nil> true
}

// A lease is something that only a program can give back.
type lease struct{ Service, ID string }

var leases = tracker.NewKind("lease", func(_ context.Context, l lease) error {
	fmt.Println("returning", l.ID, "to", l.Service) // in the tracker, if the process has died
	return nil
})

func ExampleNewKind() {
	l := lease{"printers", "7"}
	if err := leases.Register(l); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(leases.Release(context.Background(), l))
	// Output:
	// returning 7 to printers
	// <nil>
}
