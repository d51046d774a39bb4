// Rename gives the module another path, in one go: in each go.mod, import,
// linkname, document and tool configuration of the tree.
//
//	go run ./tools/rename host/owner/multiproc
//
// It is run in the module's root and may be run again. Prose, error prefixes and
// names such as the doc link [multiproc.Func] stay: the package keeps its name.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: rename host/owner/multiproc")
		os.Exit(2)
	}
	changed, err := rename(".", os.Args[1])
	for _, name := range changed {
		fmt.Println(name)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rename:", err)
		os.Exit(1)
	}
}

// rename changes the tree below root and returns the files that it wrote, also
// when it stopped at an error: git knows how they were.
func rename(root, to string) (changed []string, err error) {
	from, err := modulePath(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	if err := checkPath(from, to); err != nil {
		return nil, err
	}
	packages, files, err := survey(root)
	if err != nil {
		return nil, err
	}
	r := newRewriter(from, to, packages)
	for _, name := range files {
		old, err := os.ReadFile(name)
		if err != nil {
			return changed, err
		}
		text, err := r.rewrite(filepath.Base(name), old)
		if err != nil {
			return changed, fmt.Errorf("%s: %w", name, err)
		}
		if string(text) == string(old) {
			continue
		}
		if err := os.WriteFile(name, text, 0o644); err != nil { // keeps the mode that it has
			return changed, err
		}
		changed = append(changed, name)
	}
	return changed, nil
}

var (
	fetchable = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+(/[A-Za-z0-9][A-Za-z0-9._~-]*)+$`)
	version   = regexp.MustCompile(`/v\d+$`)
)

// checkPath accepts a path that the go command can fetch and that keeps the
// package's name: its last element, or the one before a /vN.
func checkPath(from, to string) error {
	name := path.Base(version.ReplaceAllString(from, ""))
	if !fetchable.MatchString(to) {
		return fmt.Errorf("%q is not like host/owner/%s", to, name)
	}
	if path.Base(version.ReplaceAllString(to, "")) != name {
		return fmt.Errorf("%q does not end in %s, which is the package's name", to, name)
	}
	return nil
}

func modulePath(gomod string) (string, error) {
	f, err := os.Open(gomod)
	if err != nil {
		return "", err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if path, ok := strings.CutPrefix(lines.Text(), "module "); ok {
			return strings.TrimSpace(path), nil
		}
	}
	return "", errors.New(gomod + " has no module line")
}

// survey returns the directories that hold packages, with slashes and relative
// to root, and the files that may speak of them.
func survey(root string) (packages map[string]bool, files []string, err error) {
	packages = map[string]bool{}
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if n := d.Name(); name != root && strings.HasPrefix(n, ".") && n != ".ci" && n != ".github" {
				return fs.SkipDir
			}
		case d.Type().IsRegular() && wanted(d.Name()):
			files = append(files, name)
			if rel, err := filepath.Rel(root, filepath.Dir(name)); err == nil && filepath.Ext(name) == ".go" {
				packages[filepath.ToSlash(rel)] = true
			}
		}
		return nil
	})
	return packages, files, err
}

// wanted tells the kinds of files that may have the module's path in them.
func wanted(name string) bool {
	switch filepath.Ext(name) {
	case ".go", ".mod", ".work", ".md", ".yml", ".yaml", ".txtar", ".txt", ".sh", ".s":
		return true
	}
	return name == "Makefile" || name == "run"
}
