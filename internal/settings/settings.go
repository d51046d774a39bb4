package settings

import (
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"multiproc/internal/sys"
)

// procs is GOMAXPROCS as the runtime chose it. Another value means that
// somebody set it: only then is it passed on, since a process that is told a
// number no longer follows the limits of its cgroup.
var procs = runtime.GOMAXPROCS(0)

// verbatim are the settings whose value in force is the environment's own:
// the runtime follows os.Setenv("GODEBUG"), and the others are read once.
var verbatim = []string{"GODEBUG", "GOTRACEBACK", "GOCOVERDIR", "GORACE"}

// late are those that the runtime reads after Restore: what is taken out of the
// environment would no longer be in force. So they stay, and show.
var late = []string{"GODEBUG", "GOCOVERDIR"}

// hidden are the settings in force that Restore took out of the environment.
// It is written once, before any other package can look.
var hidden = make(map[string]string)

// own returns the value of a setting that this process was started with, or
// has in its environment by now.
func own(key string) (string, bool) {
	if value, ok := os.LookupEnv(key); ok {
		return value, true
	}
	value, ok := hidden[key]
	return value, ok
}

// Apply returns the environment with which a child must be started so that it
// runs with this process's settings and, for the child, what to Restore. The
// given environment is what the child shall see; it is not changed. A value in
// it that is not this process's own was chosen for the child, and stays.
func Apply(env []string) (start, restore []string) {
	start = env
	set := func(key, value string) {
		old, had := lookup(start, key)
		mine, ok := os.LookupEnv(key)
		if chosen := !ok || old != mine; had && (old == value || chosen) {
			return
		}
		switch {
		case slices.Contains(late, key):
		case had:
			restore = append(restore, key+"="+old)
		default:
			restore = append(restore, key)
		}
		start = append(without(start, key), key+"="+value)
	}
	for _, key := range verbatim {
		if value, ok := own(key); ok {
			if _, given := lookup(env, key); !given {
				set(key, value)
			}
		}
	}
	gogc, limit := inForce()
	if old, _ := lookup(env, "GOGC"); parseGC(old) != gogc {
		set("GOGC", gogc)
	}
	if old, _ := lookup(env, "GOMEMLIMIT"); limit != "" && old != limit {
		set("GOMEMLIMIT", limit)
	} else if limit == "" && old != "" {
		set("GOMEMLIMIT", "off")
	}
	if n := runtime.GOMAXPROCS(0); n != procs || wasTold() {
		set("GOMAXPROCS", strconv.Itoa(n))
	}
	return start, restore
}

// wasTold reports whether this process was started with a GOMAXPROCS.
func wasTold() bool {
	value, _ := own("GOMAXPROCS")
	n, err := strconv.Atoi(value)
	return err == nil && n > 0
}

// Restore puts the environment of this process back as the list says.
func Restore(list []string) {
	for _, entry := range list {
		if key, value, had := strings.Cut(entry, "="); had {
			_ = os.Setenv(key, value) // the key came from an environment
		} else {
			if value, ok := os.LookupEnv(key); ok {
				hidden[key] = value
			}
			_ = os.Unsetenv(key)
		}
	}
}

// inForce returns GOGC and GOMEMLIMIT as they are now, in the form in which
// the environment says them; an empty limit is none. It changes nothing, where
// debug.SetGCPercent would have to set and put back.
func inForce() (gogc, limit string) {
	p, l := sys.GCSettings()
	gogc = "off"
	if p <= math.MaxInt32 {
		gogc = strconv.FormatUint(p, 10)
	}
	if l < math.MaxInt64 {
		limit = strconv.FormatUint(l, 10) + "B"
	}
	return gogc, limit
}

// parseGC returns what the runtime makes of a value of GOGC.
func parseGC(value string) string {
	if n, err := strconv.ParseInt(value, 10, 32); err == nil {
		if n < 0 {
			return "off"
		}
		return strconv.FormatInt(n, 10)
	}
	if value == "off" {
		return value
	}
	return "100"
}

// lookup returns the first value of key, as the runtime and os.Getenv do.
func lookup(env []string, key string) (string, bool) {
	for _, entry := range env {
		if k, value, ok := strings.Cut(entry, "="); ok && k == key {
			return value, true
		}
	}
	return "", false
}

func without(env []string, key string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		k, _, _ := strings.Cut(entry, "=")
		return k == key
	})
}
