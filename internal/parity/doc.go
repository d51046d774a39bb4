// Package parity compares this module with CPython's multiprocessing, event by
// event: the order of an exit, names, exit codes, log records.
//
// Each scenario is a Go program, which the test binary plays, and a Python
// program in testdata. What they do is brought into one form, the trace. Where
// both must do the same, the Python program's trace is checked in as NAME.trace
// and the Go program is compared with it. Where this module differs on purpose
// there are two, NAME.go.trace and NAME.py.trace, and docs/parity.md gives the
// reason.
//
// `go test ./internal/parity -update` runs all programs and writes the traces
// anew. It needs Python 3.13 or later, as $PYTHON or python3. The package has
// no code.
package parity
