package settings

import (
	"runtime"
	"slices"
	"strconv"
	"testing"
)

func TestApply(t *testing.T) {
	n := strconv.Itoa(runtime.GOMAXPROCS(0))
	for _, c := range []struct {
		name           string
		process        process
		env            []string
		start, restore []string
	}{
		{name: "nothing was set", env: []string{"A=b"}, start: []string{"A=b"}},
		{name: "no environment at all"},

		// Settings of the environment, which the child has anyway.
		{
			name:    "the environment is the child's",
			process: process{env: []string{"GOGC=50", "GODEBUG=x=1", "GOTRACEBACK=all", "GORACE=a=b", "GOCOVERDIR=/c", "GOMEMLIMIT=1048576B"}, gogc: 50, limit: 1 << 20},
			env:     []string{"GOGC=50", "GODEBUG=x=1", "GOTRACEBACK=all", "GORACE=a=b", "GOCOVERDIR=/c", "GOMEMLIMIT=1048576B"},
			start:   []string{"GOGC=50", "GODEBUG=x=1", "GOTRACEBACK=all", "GORACE=a=b", "GOCOVERDIR=/c", "GOMEMLIMIT=1048576B"},
		},
		{
			name:    "the environment says GOMAXPROCS",
			process: process{env: []string{"GOMAXPROCS=" + n}},
			env:     []string{"GOMAXPROCS=" + n},
			start:   []string{"GOMAXPROCS=" + n},
		},

		// Settings of the environment that the child's does not have.
		{
			name:    "an environment without them",
			process: process{env: []string{"GODEBUG=x=1", "GOTRACEBACK=all", "GORACE=a=b", "GOCOVERDIR=/c"}},
			env:     []string{"A=b"},
			start:   []string{"A=b", "GODEBUG=x=1", "GOTRACEBACK=all", "GOCOVERDIR=/c", "GORACE=a=b"},
			restore: []string{"GOTRACEBACK", "GORACE"}, // the others are read later, so they show
		},
		{
			name:    "a GOMAXPROCS that was told",
			process: process{env: []string{"GOMAXPROCS=" + n}},
			start:   []string{"GOMAXPROCS=" + n},
			restore: []string{"GOMAXPROCS"},
		},
		{name: "a GOMAXPROCS that is no number", process: process{env: []string{"GOMAXPROCS=many"}}},
		{name: "a GOMAXPROCS that is none", process: process{env: []string{"GOMAXPROCS=0"}}},
		{
			name:    "what this process had taken out of its own",
			process: process{hidden: map[string]string{"GOTRACEBACK": "crash", "GORACE": "a=b", "GOMAXPROCS": "7"}},
			start:   []string{"GOTRACEBACK=crash", "GORACE=a=b", "GOMAXPROCS=" + n},
			restore: []string{"GOTRACEBACK", "GORACE", "GOMAXPROCS"},
		},
		{
			name:    "set anew after it was taken out",
			process: process{env: []string{"GOTRACEBACK=all"}, hidden: map[string]string{"GOTRACEBACK": "crash"}},
			start:   []string{"GOTRACEBACK=all"},
			restore: []string{"GOTRACEBACK"},
		},

		// Settings that were changed while the process ran.
		{
			name:    "all changed",
			process: process{gogc: 77, limit: 5 << 20, procs: 3},
			env:     []string{"A=b"},
			start:   []string{"A=b", "GOGC=77", "GOMEMLIMIT=5242880B", "GOMAXPROCS=3"},
			restore: []string{"GOGC", "GOMEMLIMIT", "GOMAXPROCS"},
		},
		{
			name:    "all changed from what the environment said",
			process: process{env: []string{"GOGC=10", "GOMEMLIMIT=1GiB", "GOMAXPROCS=9"}, gogc: -1, limit: 5 << 20, procs: 3},
			env:     []string{"GOGC=10", "GOMEMLIMIT=1GiB", "GOMAXPROCS=9"},
			start:   []string{"GOGC=off", "GOMEMLIMIT=5242880B", "GOMAXPROCS=3"},
			restore: []string{"GOGC=10", "GOMEMLIMIT=1GiB", "GOMAXPROCS=9"},
		},
		{
			name:    "back to what it is by default",
			process: process{env: []string{"GOGC=10", "GOMEMLIMIT=1GiB"}},
			env:     []string{"GOGC=10", "GOMEMLIMIT=1GiB"},
			start:   []string{"GOGC=100", "GOMEMLIMIT=off"},
			restore: []string{"GOGC=10", "GOMEMLIMIT=1GiB"},
		},
		{name: "off as it was", process: process{env: []string{"GOMEMLIMIT=off"}}, env: []string{"GOMEMLIMIT=off"}, start: []string{"GOMEMLIMIT=off"}},
		{name: "no collection", process: process{gogc: -5}, start: []string{"GOGC=off"}, restore: []string{"GOGC"}},
		{name: "an empty value of its own", process: process{env: []string{"GOGC="}, gogc: 50}, env: []string{"GOGC="}, start: []string{"GOGC=50"}, restore: []string{"GOGC="}},

		// What was chosen for the child stays.
		{
			name:    "an environment of its own",
			process: process{env: []string{"GODEBUG=x=1", "GOTRACEBACK=all", "GOGC=10", "GOMAXPROCS=2"}, gogc: 20, limit: 5 << 20, procs: 3},
			env:     []string{"GODEBUG=y=2", "GOTRACEBACK=none", "GOGC=30", "GOMEMLIMIT=1TiB", "GOMAXPROCS=5", "GORACE=r", "GOCOVERDIR=/d"},
			start:   []string{"GODEBUG=y=2", "GOTRACEBACK=none", "GOGC=30", "GOMEMLIMIT=1TiB", "GOMAXPROCS=5", "GORACE=r", "GOCOVERDIR=/d"},
		},
		{
			name:    "empty values of its own",
			process: process{env: []string{"GODEBUG=x=1"}, gogc: 20, limit: 5 << 20, procs: 3},
			env:     []string{"GODEBUG=", "GOGC=", "GOMEMLIMIT=", "GOMAXPROCS="},
			start:   []string{"GODEBUG=", "GOGC=", "GOMEMLIMIT=", "GOMAXPROCS="},
		},
		{
			name:    "the value in force given by name",
			process: process{env: []string{"GOGC=10"}, gogc: 20},
			env:     []string{"GOGC=20"},
			start:   []string{"GOGC=20"},
		},
		{
			name:    "the default given by name",
			process: process{gogc: 20, limit: 5 << 20},
			env:     []string{"GOGC=100", "GOMEMLIMIT=off"},
			start:   []string{"GOGC=100", "GOMEMLIMIT=off"},
		},

		// The first of several counts, as for the runtime.
		{
			name:    "doubles",
			process: process{env: []string{"GOGC=10"}, gogc: 20},
			env:     []string{"GOGC=10", "A=b", "GOGC=20", "GOGCX=1", "GOGC"},
			start:   []string{"A=b", "GOGCX=1", "GOGC=20"},
			restore: []string{"GOGC=10"},
		},
		{
			name:    "doubles, the first chosen for the child",
			process: process{env: []string{"GOGC=10"}, gogc: 20},
			env:     []string{"GOGC=30", "GOGC=10"},
			start:   []string{"GOGC=30", "GOGC=10"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			become(t, c.process)
			given := slices.Clone(c.env)
			start, restore := Apply(c.env)
			if !slices.Equal(start, c.start) {
				t.Errorf("start   = %q\nwant      %q", start, c.start)
			}
			if !slices.Equal(restore, c.restore) {
				t.Errorf("restore = %q\nwant      %q", restore, c.restore)
			}
			if !slices.Equal(c.env, given) {
				t.Errorf("the given environment is %q now, was %q", c.env, given)
			}
		})
	}
}
