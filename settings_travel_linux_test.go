package multiproc_test

import (
	"context"
	"maps"
	"math/rand"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"multiproc"
)

// lifeSettings is what a process runs with, and what its environment says.
type lifeSettings struct {
	Procs   int
	GC      int
	Memory  int64
	Random  int64    // the first random number, for GODEBUG=randautoseed=0
	Started []string // the settings in the environment that exec was given
	Seen    []string // and in os.Environ
}

var lifeSettingNames = []string{"GOMAXPROCS", "GOGC", "GOMEMLIMIT", "GODEBUG", "GOTRACEBACK", "GOCOVERDIR"}

func lifeLook() lifeSettings {
	gc := debug.SetGCPercent(100)
	debug.SetGCPercent(gc)
	initial, _ := os.ReadFile("/proc/self/environ")
	return lifeSettings{
		runtime.GOMAXPROCS(0), gc, debug.SetMemoryLimit(-1), rand.Int63(),
		lifeSettingsIn(strings.Split(string(initial), "\x00")), lifeSettingsIn(os.Environ()),
	}
}

func lifeSettingsIn(env []string) (list []string) {
	for _, entry := range env {
		if lifeIsSetting(entry) {
			list = append(list, entry)
		}
	}
	slices.Sort(list)
	return list
}

func lifeIsSetting(entry string) bool {
	key, _, _ := strings.Cut(entry, "=")
	return slices.Contains(lifeSettingNames, key)
}

type lifeOrder struct {
	Env   []string // for the child, and for its child
	Depth int
}

var lifeSettingsOf *multiproc.Func[lifeOrder, []lifeSettings]

func init() {
	lifeSettingsOf = multiproc.NewFunc("life-settings", func(ctx context.Context, o lifeOrder) ([]lifeSettings, error) {
		list := []lifeSettings{lifeLook()}
		if o.Depth == 0 {
			return list, nil
		}
		sub, err := lifeSettingsOf.With(multiproc.Options{Env: o.Env}).Call(ctx, lifeOrder{o.Env, o.Depth - 1})
		return append(list, sub...), err
	})
}

// lifeTuned sets all that can be set by a call, and returns what two
// generations below it see.
var lifeTuned = lifeProgram("life-tuned", func(ctx context.Context) ([]lifeSettings, error) {
	runtime.GOMAXPROCS(3)
	debug.SetGCPercent(77)
	debug.SetMemoryLimit(5 << 30)
	var o lifeOrder
	if len(os.Args) > 1 {
		o.Env = []string{"ONLY=this", programVar + "=" + os.Getenv(programVar)}
	}
	o.Depth = 2
	child := lifeSettingsOf.With(multiproc.Options{Env: o.Env})
	o.Depth--
	return child.Call(ctx, o)
})

// TESTS 43: settings made by calls or by the environment travel to the child
// and the grandchild, also past an environment that drops them, which does not
// show then what it was not given. GODEBUG and GOCOVERDIR do show: the runtime
// goes on reading them there.
func TestSettingsTravel(t *testing.T) {
	t.Parallel()
	cover := t.TempDir()
	given := []string{"GOCOVERDIR=" + cover, "GODEBUG=randautoseed=0", "GOTRACEBACK=system"}
	inherited := lifeSettingsIn(append(slices.Clip(given), "GOGC=55", "GOMAXPROCS=4", "GOMEMLIMIT=4GiB"))
	for name, want := range map[string]lifeSettings{
		"inherit": {Seen: inherited},
		"drop":    {Seen: given[:2]},
		"unset":   {Seen: given},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := programCommand(t, lifeTuned)
			if name == "drop" {
				cmd.Args = append(cmd.Args, "drop")
			}
			cmd.Env = slices.DeleteFunc(cmd.Env, lifeIsSetting)
			if name == "unset" {
				cmd.Env = append(cmd.Env, given...)
			} else {
				cmd.Env = append(cmd.Env, inherited...)
			}
			got := lifeRun[[]lifeSettings](t, cmd)
			if len(got) != 2 {
				t.Fatalf("%d generations answered", len(got))
			}
			want.Procs, want.GC, want.Memory, want.Random = 3, 77, 5<<30, rand.New(rand.NewSource(1)).Int63()
			want.Started = lifeSettingsIn(append(slices.Clip(given), "GOGC=77", "GOMAXPROCS=3", "GOMEMLIMIT=5368709120B"))
			for i, g := range got {
				if g.Procs != want.Procs || g.GC != want.GC || g.Memory != want.Memory || g.Random != want.Random ||
					!slices.Equal(g.Started, want.Started) || !slices.Equal(g.Seen, want.Seen) {
					t.Errorf("generation %d:\n got %+v\nwant %+v", i+1, g, want)
				}
			}
		})
	}
}

// What nobody set does not travel: a process that is told a number of
// processors no longer follows its cgroup.
var lifeUntuned = lifeProgram("life-untuned", func(ctx context.Context) ([]lifeSettings, error) {
	return lifeSettingsOf.Call(ctx, lifeOrder{Depth: 1})
})

func TestSettingsNobodyMade(t *testing.T) {
	t.Parallel()
	cmd := programCommand(t, lifeUntuned)
	cmd.Env = slices.DeleteFunc(cmd.Env, lifeIsSetting)
	for i, g := range lifeRun[[]lifeSettings](t, cmd) {
		if len(g.Started) != 0 || len(g.Seen) != 0 || g.GC != 100 {
			t.Errorf("generation %d: %+v", i+1, g)
		}
	}
}

// What Options.Env chooses for the child is the child's.
func TestSettingsOfTheChildsOwn(t *testing.T) {
	t.Parallel()
	env := map[string]string{"GOGC": "31", "GOMEMLIMIT": "3GiB", "GOMAXPROCS": "2", "GODEBUG": "randautoseed=0"}
	var list []string
	for _, key := range slices.Sorted(maps.Keys(env)) {
		list = append(list, key+"="+env[key])
	}
	got, err := lifeSettingsOf.With(multiproc.Options{Env: list}).Call(lifeCtx(t), lifeOrder{})
	if err != nil {
		t.Fatal(err)
	}
	g := got[0]
	if g.GC != 31 || g.Memory != 3<<30 || g.Procs != 2 || g.Random != rand.New(rand.NewSource(1)).Int63() ||
		!slices.Equal(lifeOnly(g.Seen, env), list) {
		t.Errorf("the child of %q has %+v", list, g)
	}
}

// lifeOnly leaves out what the test run brought along.
func lifeOnly(env []string, keys map[string]string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(e string) bool {
		key, _, _ := strings.Cut(e, "=")
		return keys[key] == ""
	})
}
