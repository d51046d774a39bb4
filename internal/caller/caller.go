// Package caller tells who has called a function of this module.
package caller

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// Package returns the import path of the package that has called the function
// which calls this: skip 0; of the one that calls this itself: skip -1.
func Package(skip int) string {
	var pcs [1]uintptr
	runtime.Callers(skip+3, pcs[:])
	frame, _ := runtime.CallersFrames(pcs[:]).Next()
	return packageOf(frame.Function)
}

// Outside returns the position, as file:line, of the nearest call from a
// package that is none of those.
func Outside(packages ...string) string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if !slices.Contains(packages, packageOf(frame.Function)) {
			return fmt.Sprintf("%s:%d", frame.File, frame.Line)
		}
		if !more {
			return "somewhere"
		}
	}
}

// packageOf cuts a function's name down to its package: "a/b" for
// "a/b.(*T).F[...]".
func packageOf(function string) string {
	slash := strings.LastIndexByte(function, '/') + 1
	if dot := strings.IndexByte(function[slash:], '.'); dot >= 0 {
		function = function[:slash+dot]
	}
	return strings.ReplaceAll(function, "%2e", ".") // example.com/a/b%2ec.init.func1
}
