package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A failure is a picture without a thumbnail.
type failure struct {
	path string
	err  error
}

// line is for a person. A path that would play tricks on a terminal is quoted.
func (f failure) line(opts options) string {
	path := f.path
	if strings.ContainsFunc(path, unicode.IsControl) {
		path = strconv.Quote(path)
	}
	return fmt.Sprintf("%s: %s", path, cause(f.err, opts))
}

func sortFailures(list []failure) {
	slices.SortFunc(list, func(a, b failure) int { return cmp.Compare(a.path, b.path) })
}

// label is the name of a picture in so many letters, cut in the middle.
func label(name string, room int) string {
	text := []rune(filepath.Base(name))
	if len(text) <= room || room < 3 {
		return string(text[:min(len(text), max(room, 0))])
	}
	tail := (room - 1) / 2 // with the extension
	return string(text[:room-1-tail]) + "~" + string(text[len(text)-tail:])
}
