// Package settings lets a child run with the runtime settings that are in
// force in its parent at the moment of the start, rather than with those that
// the environment once asked for.
//
// The runtime reads them from the environment before anything else runs, which
// costs a child nothing; so what differs is put there for the start, with a
// list of what the child must put back before anybody looks.
package settings
