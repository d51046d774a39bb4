package tempdir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"multiproc/tempdir"
)

func ExampleGet() {
	dir, err := tempdir.Get()
	if err != nil {
		fmt.Println(err)
		return
	}
	again, _ := tempdir.Get()
	fmt.Println(again == dir, strings.HasPrefix(filepath.Base(dir), "multiproc-"))
	fmt.Println(tempdir.Remove()) // the exit would do it too
	// Output:
	// true true
	// <nil>
}

func ExampleMake() {
	dir, remove, err := tempdir.Make("job-*")
	if err != nil {
		fmt.Println(err)
		return
	}
	err = os.WriteFile(filepath.Join(dir, "part"), nil, 0o600)
	fmt.Println(err, remove(), remove())
	_, err = os.Stat(dir)
	fmt.Println(os.IsNotExist(err))
	// Output:
	// <nil> <nil> <nil>
	// true
}

func ExampleSocket() {
	address, remove, err := tempdir.Socket()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	// net.Listen("unix", address)
	fmt.Println(filepath.IsAbs(address), len(address) < 108)
	// Output: true true
}

func ExampleRemove() {
	first, _ := tempdir.Get()
	fmt.Println(tempdir.Remove())
	second, _ := tempdir.Get()
	fmt.Println(first != second, tempdir.Remove(), tempdir.Remove())
	// Output:
	// <nil>
	// true <nil> <nil>
}

func ExampleSweep() {
	dir, _ := tempdir.Get()
	defer tempdir.Remove()
	// At the start of a program: what a power cut has left.
	if _, err := tempdir.Sweep(); err != nil {
		fmt.Println(err)
	}
	_, err := os.Stat(dir)
	fmt.Println(err) // its owner lives
	// Output: <nil>
}
