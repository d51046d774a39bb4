package fd_test

import (
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc/fd"
)

func init() {
	addScene("close all", closeAllScene)
	addScene("close all, random", closeAllRandom)
	addScene("close all, refused", closeAllRefused)
}

// What is open in closeAllScene beside what the runtime has.
var (
	inherited = []int{20, 21, 22, 25, 900}
	ours      = []int{30, 31, 33, 901}
)

// afterClosing is what must be open after CloseAllExcept(keep).
func afterClosing(before map[int]entry, keep []int) map[int]entry {
	want := map[int]entry{0: {null, false}, 1: {null, false}, 2: {null, false}}
	for n, e := range before {
		switch {
		case n == reportFD, contains(keep, n), isRuntimes(e):
			want[n] = e
		case n > 2 && e.cloexec:
			want[n] = entry{null, true}
		}
	}
	return want
}

// closeAllScene: sandbox, soft limit, hard limit (0 for as it is), numbers of
// 0-2 that are closed before, keep.
func closeAllScene(s *scene, args []string) {
	limits, closed, keep := numbersOf(args[1]), numbersOf(args[2]), numbersOf(args[3])
	full := limits[0] > 0 && limits[0] == limits[1]
	if full || limits[0] == 0 { // else it starts within
		s.startPoller()
	}
	s.open(false, append(inherited, 0)...)
	s.open(true, ours...)
	for n := 3; full && n < limits[0]; n++ {
		if unix.Fstat(n, new(unix.Stat_t)) != nil {
			s.open(true, n)
		}
	}
	for _, n := range closed {
		s.must(unix.Close(n))
	}
	before := table()
	s.enter(args[0])
	hard := uint64(math.MaxUint64)
	if limits[0] > 0 {
		hard = uint64(limits[1])
		s.limit(uint64(limits[0]), hard)
	}
	err := fd.CloseAllExcept(keep...)
	if full && args[0] == "no private table" {
		if !errors.Is(err, fd.ErrNoList) {
			s.errorf("CloseAllExcept(%v) = %v, without a descriptor to look by", keep, err)
		}
		s.compare("nothing done", tableByNumber(1000), before)
		return
	}
	if err != nil {
		s.errorf("CloseAllExcept(%v) = %v", keep, err)
	}
	if limits[0] > 0 {
		var now unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &now); err != nil || now.Cur != uint64(limits[0]) || now.Max != hard {
			s.errorf("the limit is %+v now, %v", now, err)
		}
		if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: hard, Max: hard}, nil); err != nil {
			s.errorf("%v", err)
		}
	}
	want := afterClosing(before, keep)
	for n := range want {
		if uint64(n) >= hard && !contains(keep, n) && n != reportFD && !isRuntimes(before[n]) {
			delete(want, n) // nobody gets that number again
		}
	}
	var after map[int]entry
	if hard > 40 { // else there is no room for looking
		after = table()
	} else {
		after = tableByNumber(1000)
	}
	s.compare("after", after, want)
}

// tableByNumber is table without /proc being listed.
func tableByNumber(top int) map[int]entry {
	open := map[int]entry{}
	for n := range top {
		flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0)
		if err != nil {
			continue
		}
		target, _ := os.Readlink("/proc/self/fd/" + itoa(n))
		open[n] = entry{target, flags&unix.FD_CLOEXEC != 0}
	}
	return open
}

func TestCloseAllExcept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ limits, closed, keep string }{
		"nothing kept":         {},
		"0":                    {keep: "0"},
		"0 and others":         {keep: "0 21 31"},
		"standard streams":     {keep: "2 1 0"},
		"duplicates":           {keep: "25 25 1 30 1"},
		"what is not open":     {keep: "77 78 5000000"},
		"everything":           {keep: "0 1 2 20 21 22 25 30 31 33 900 901"},
		"above the soft limit": {limits: "100 1000", keep: "1 22 900"},
		"0 was closed":         {closed: "0", keep: "1 2"},
		"all were closed":      {closed: "0 1 2", keep: "0 2 25"},
		"a limit that is full": {limits: "3 1000", keep: "0 1 2 20"},
		"full, nothing kept":   {limits: "3 1000"},
		"a low hard limit":     {limits: "26 26", keep: "1 21 900"},
		"low, streams kept":    {limits: "26 26", keep: "0 1 2"},
		"low, none inherited":  {limits: "19 19", keep: "0 1 2 10"},
	} {
		if c.limits == "" {
			c.limits = "0 0"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inEach(t, "close all", c.limits, c.closed, c.keep)
		})
	}
}

// closeAllRandom: sandbox, seed. Random descriptors, random lists, many times.
func closeAllRandom(s *scene, args []string) {
	s.enter(args[0])
	r := seeded(args[1])
	s.startPoller()
	base := table()
	for range 100 {
		var opened []int
		for _, n := range someOf(r, 120) {
			if _, taken := base[n]; !taken && n > 2 {
				s.open(r.IntN(2) == 0, n)
				opened = append(opened, n)
			}
		}
		keep := someOf(r, 130)
		before := table()
		mark := r.IntN(2) == 0
		if mark {
			for n, e := range before {
				if n > 2 && !contains(keep, n) {
					before[n] = entry{e.target, true}
				}
			}
			if err := fd.CloexecAllExcept(keep...); err != nil {
				s.errorf("CloexecAllExcept(%v) = %v", keep, err)
			}
			s.compare("marked", table(), before)
		}
		if list, err := fd.List(); err != nil || !slices.Equal(list, sortedKeys(before)) {
			s.errorf("List() = %v, %v, want %v", list, err, sortedKeys(before))
		}
		if err := fd.CloseAllExcept(keep...); err != nil {
			s.errorf("CloseAllExcept(%v) = %v", keep, err)
		}
		s.compare("closed", table(), afterClosing(before, keep))
		if len(s.faults) > 0 {
			s.errorf("opened %v, keep %v, marked %v", opened, keep, mark)
			return
		}
		for _, n := range opened {
			_ = unix.Close(n)
		}
	}
}

func TestCloseAllRandomly(t *testing.T) {
	t.Parallel()
	seed := seeds()
	t.Log("seed", seed)
	inEach(t, "close all, random", seed)
}

// closeAllRefused: a list that is refused changes nothing.
func closeAllRefused(s *scene, _ []string) {
	s.open(false, inherited...)
	s.open(true, ours...)
	before := table()
	for what, f := range map[string]func(...int) error{"CloseAllExcept": fd.CloseAllExcept, "CloexecAllExcept": fd.CloexecAllExcept} {
		err := f(1, -7, 2, -8)
		e, ok := errors.AsType[*fd.Error](err)
		if !ok || e.FD != -7 || !errors.Is(err, fd.ErrNegative) || !strings.Contains(err.Error(), "-7") {
			s.errorf("%s = %v", what, err)
		}
		s.compare(what, table(), before)
	}
}

func TestNegativesAreRefused(t *testing.T) {
	t.Parallel()
	play(t, "close all, refused")
}
