package mplog

import (
	"log/slog"
	"math"
	"testing"
)

func TestLevelsWithNamesConvertExactly(t *testing.T) {
	for python, level := range map[int]slog.Level{
		0: -8, 5: LevelSubDebug, 10: LevelDebug, 20: LevelInfo, 25: LevelSubWarning,
		30: LevelWarning, 40: slog.LevelError, 50: 12,
	} {
		if got := FromPython(python); got != level {
			t.Errorf("FromPython(%d) = %d, want %d", python, got, level)
		}
		if got := ToPython(level); got != python {
			t.Errorf("ToPython(%d) = %d, want %d", level, got, python)
		}
	}
}

func TestPythonRoundTrip(t *testing.T) {
	off := [10]int{1: -1, 3: -1, 4: +1, 6: -1, 8: -1, 9: +1}
	for p := range 51 {
		if got, want := ToPython(FromPython(p)), p+off[p%10]; got != want {
			t.Errorf("ToPython(FromPython(%d)) = %d, want %d", p, got, want)
		}
		exact := (float64(p) - 20) / 2.5
		if got := FromPython(p); math.Abs(float64(got)-exact) > 0.5 {
			t.Errorf("FromPython(%d) = %d, which is not the nearest to %v", p, got, exact)
		}
	}
}

func TestSlogRoundTrip(t *testing.T) {
	for l := slog.Level(-200); l <= 200; l++ {
		if got := FromPython(ToPython(l)); got != l {
			t.Errorf("FromPython(ToPython(%d)) = %d", l, got)
		}
	}
}

func TestConversionsAreMonotonic(t *testing.T) {
	numbers := []int{math.MinInt, math.MinInt32, -extremeLevel - 1, -extremeLevel}
	for i := -300; i <= 300; i++ {
		numbers = append(numbers, i)
	}
	numbers = append(numbers, extremeLevel, extremeLevel+1, math.MaxInt32, math.MaxInt)
	for i, n := range numbers[1:] {
		before := numbers[i]
		if FromPython(before) > FromPython(n) {
			t.Errorf("FromPython(%d) > FromPython(%d)", before, n)
		}
		if ToPython(slog.Level(before)) > ToPython(slog.Level(n)) {
			t.Errorf("ToPython(%d) > ToPython(%d)", before, n)
		}
	}
}

func TestLevelNames(t *testing.T) {
	for level, want := range map[slog.Level]string{
		-8: "SUBDEBUG-2", -6: "SUBDEBUG", -5: "SUBDEBUG+1", -4: "DEBUG", -1: "DEBUG+3", 0: "INFO", 1: "INFO+1",
		2: "SUBWARNING", 3: "SUBWARNING+1", 4: "WARNING", 7: "WARNING+3", 8: "ERROR", 12: "ERROR+4",
	} {
		if got := string(appendLevel(nil, level)); got != want {
			t.Errorf("level %d is named %q, want %q", int(level), got, want)
		}
	}
}
