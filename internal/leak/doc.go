// Package leak fails the tests of a package that leave something behind:
// processes (reparented ones too), zombies, descriptors, temporary files, names
// in /dev/shm, goroutines. Each leak is told in words.
//
//	func TestMain(m *testing.M) { leak.Main(m) }
//
// A process is known as ours by a mark in its environment, or by its descent;
// where both were dropped, by its executable or by what is missing from its
// environment. Other tests of the same `go test ./...` are left in peace: their
// processes bear marks of their own.
//
// It is for this module's own packages. Package multiproctest is its public
// face, where a single test asks.
//
// The runtime's own descriptors need no list of exceptions: those for cgroup
// limits are open before main, and the poller is started before the first look.
//
// On systems other than Linux the gate looks at temporary files and goroutines
// alone. A test that ends the process itself (os.Exit, a panic, a timeout) ends
// the gate with it.
package leak
