package fd_test

import (
	"math"
	"testing"

	"multiproc/fd"
)

func init() { addScene("cloexec", cloexecScene) }

// cloexecScene: sandbox, keep.
func cloexecScene(s *scene, args []string) {
	s.enter(args[0])
	keep := numbersOf(args[1])
	s.open(false, 18, 20, 22, 40, 900)
	s.open(true, 0, 21, 23)
	want := table()
	for n, e := range want {
		if n > 2 && !contains(keep, n) {
			want[n] = entry{e.target, true}
		}
	}
	if err := fd.CloexecAllExcept(keep...); err != nil {
		s.errorf("%v", err)
	}
	s.compare("marked", table(), want)
}

// 0 to 2 and what is kept are not touched, in neither direction.
func TestCloexecAllExcept(t *testing.T) {
	t.Parallel()
	for name, keep := range map[string]string{
		"none":             "",
		"those between":    "19 21 23 39 41",
		"neighbours":       "20 21 22",
		"standard streams": "0 1 2",
		"duplicates":       "40 40 900 40",
		"none above":       "900 2147483646 2147483647",
		"beyond":           itoa(math.MaxInt),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inEach(t, "cloexec", keep)
		})
	}
}
