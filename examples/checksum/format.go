package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// escapes are those of GNU sha256sum, so that a name is one line.
var escapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)

// writeLine writes a line as sha256sum does: one with an escaped name begins
// with a backslash. out keeps its error for Flush.
func writeLine(out *bufio.Writer, digest []byte, path string) {
	name := escapes.Replace(path)
	mark := ""
	if name != path {
		mark = `\`
	}
	fmt.Fprintf(out, "%s%s  %s\n", mark, hex.EncodeToString(digest), name)
}

// A failure is a path with no sum.
type failure struct {
	path, op, text string
}

// String reads like the error of package os that it was. A name that would
// play tricks on a terminal is quoted.
func (f failure) String() string {
	path := f.path
	if strings.ContainsFunc(path, unicode.IsControl) {
		path = strconv.Quote(path)
	}
	return f.op + " " + path + ": " + f.text
}

func sortFailures(list []failure) {
	slices.SortFunc(list, func(a, b failure) int { return strings.Compare(a.path, b.path) })
}
