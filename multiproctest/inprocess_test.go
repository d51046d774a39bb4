package multiproctest

import (
	"testing"

	"multiproc"
)

func TestInProcess(t *testing.T) {
	Cleanup(t)
	t.Run("inside", func(t *testing.T) {
		InProcess(t)
		if otherPid(t, pid) {
			t.Error("a process of its own")
		}
		if !otherPid(t, pid.With(multiproc.Options{Method: multiproc.Spawn})) {
			t.Error("no process, though the Func names its Method")
		}
		t.Run("again", func(t *testing.T) { InProcess(t) })
		t.Run("parallel subtests", func(t *testing.T) {
			for range 3 {
				t.Run("", func(t *testing.T) {
					t.Parallel()
					if otherPid(t, pid) {
						t.Error("a process of its own")
					}
				})
			}
		})
		if _, err := pid.With(multiproc.Options{Dir: "/"}).Call(t.Context(), 0); err == nil {
			t.Error("a directory of its own without a process")
		}
	})
	if !otherPid(t, pid) {
		t.Error("it outlived its test")
	}
}

// Neighbours are not to be looked at, ended, or changed.
func TestNotInParallel(t *testing.T) {
	for name, f := range map[string]func(testing.TB){"Cleanup": Cleanup, "CheckLeaks": CheckLeaks, "InProcess": InProcess} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, "multiproctest: "+name+" in a parallel test", func() { f(t) })
			t.Run("child", func(t *testing.T) { // runs beside its parent's neighbours
				refused(t, "multiproctest: "+name+" in a parallel test", func() { f(t) })
			})
		})
		t.Run(name+" first", func(t *testing.T) {
			f(t)
			refused(t, "testing: ", t.Parallel)
		})
	}
}
