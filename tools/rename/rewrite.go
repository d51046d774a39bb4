package main

import (
	"go/format"
	"path/filepath"
	"regexp"
	"strings"
)

// A rewriter changes one module path into another where it is one.
type rewriter struct {
	from, to string
	packages map[string]bool // those of the module: what else could "multiproc/x" be?

	whole *regexp.Regexp // the module's own path, in quotes, in an import
	under *regexp.Regexp // a path below it
	token *regexp.Regexp // either, as a word of a go.mod
	local *regexp.Regexp // the module's own path, in a linter's configuration
	edit  *regexp.Regexp // the module's own path, in `go mod edit -replace`
}

func newRewriter(from, to string, packages map[string]bool) *rewriter {
	q := regexp.QuoteMeta(from)
	return &rewriter{
		from: from, to: to, packages: packages,
		whole: regexp.MustCompile(`(?m)^((?:[ \t]|//)*(?:import[ \t]+)?(?:[\w.]+[ \t]+)?)"` + q + `"([ \t]*(?://.*)?)$`),
		under: regexp.MustCompile(`(^|[^\w./~-])` + q + `/([\w./-]*\w)`),
		token: regexp.MustCompile(`(?m)(^|[\s])` + q + `((?:/[\w./-]+)?)($|[\s])`),
		local: regexp.MustCompile(`(?m)^(\s*(?:module-path|local-prefixes): \[?)` + q + `(\]?)$`),
		edit:  regexp.MustCompile(`(-(?:replace|require)[= ])` + q + `([=@])`),
	}
}

// rewrite returns the text of the file of that name as it is to be.
func (r *rewriter) rewrite(name string, text []byte) ([]byte, error) {
	s := string(text)
	switch filepath.Ext(name) {
	case ".mod", ".work":
		return []byte(r.token.ReplaceAllString(s, "${1}"+r.to+"${2}${3}")), nil
	case ".yml", ".yaml":
		s = r.local.ReplaceAllString(s, "${1}"+r.to+"${2}")
	}
	s = r.whole.ReplaceAllString(s, `${1}"`+r.to+`"${2}`)
	s = r.edit.ReplaceAllString(s, "${1}"+r.to+"${2}")
	s = r.under.ReplaceAllStringFunc(s, r.below)
	if filepath.Ext(name) == ".go" && s != string(text) {
		return format.Source([]byte(s)) // the order of imports follows their paths
	}
	return []byte(s), nil
}

// below changes a match of under, if what it names is a package of the module
// or something in one, as in multiproc/pool.Options.
func (r *rewriter) below(match string) string {
	at := strings.Index(match, r.from+"/")
	rest := match[at+len(r.from)+1:]
	dir, file := "", rest
	if i := strings.LastIndexByte(rest, '/'); i >= 0 {
		dir, file = rest[:i+1], rest[i+1:]
	}
	name, _, _ := strings.Cut(file, ".")
	if !r.packages[dir+name] {
		return match
	}
	return match[:at] + r.to + "/" + rest
}
