// Gen writes the pictures of testdata below a directory:
//
//	go run ./gen testdata
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"multiproc/examples/thumbs/internal/testimage"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen DIR")
		os.Exit(2)
	}
	if err := generate(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func generate(dir string) error {
	good, err := testimage.Good()
	if err != nil {
		return err
	}
	bad := testimage.Bad(good)
	if bad["bomb.png"], err = testimage.Bomb(testimage.BombSide); err != nil {
		return err
	}
	for kind, files := range map[string]map[string][]byte{"good": good, "bad": bad} {
		for name, data := range files {
			path := filepath.Join(dir, kind, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
