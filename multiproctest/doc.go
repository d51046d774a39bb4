// Package multiproctest is for tests of programs that use package multiproc: it
// keeps children from running the tests, ends what a test has started, fails a
// test that leaves something behind, and runs functions without processes.
//
//	func TestMain(m *testing.M) { multiproctest.Main(m) }
//
//	func TestThumbnails(t *testing.T) {
//		multiproctest.CheckLeaks(t) // looked at last
//		multiproctest.Cleanup(t)
//		size, err := thumbnail.Call(t.Context(), "testdata/cat.png")
//		…
//	}
//
// # The test binary is the child
//
// A child is the running binary, started anew; under go test that is the test
// binary. [Main] sees to it that it runs the function it was started for, and
// no test. Without it, or [multiproc.Init] first thing in TestMain, nothing can
// be started. Whatever else wants the m of TestMain takes that of [Wrap]:
//
//	func TestMain(m *testing.M) { goleak.VerifyTestMain(multiproctest.Wrap(m)) }
//
//	func TestMain(m *testing.M) {
//		testscript.Main(multiproctest.Wrap(m), map[string]func(){"app": main})
//	}
//
// # Whole processes
//
// [CheckLeaks], [Cleanup] and [InProcess] look at, and change, this process as a
// whole. They panic in a parallel test, whose neighbours they would take for its
// own, as [testing.T.Setenv] does. Parallel subtests of a test that calls them
// are fine: they have ended when it ends.
//
// What they register runs at the end of the test in reverse order, so CheckLeaks
// comes first, and what the test itself cleans up comes before both.
//
// # Where it works
//
// On Linux CheckLeaks sees everything it is to see. Other systems have no portable
// list of processes or descriptors: there it sees temporary files and goroutines.
package multiproctest
