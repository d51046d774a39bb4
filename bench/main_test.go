package main

import (
	"bytes"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"multiproc/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// Every peer does everything, and says what it took.
func TestAll(t *testing.T) {
	programs, cleanup, err := build(t.Context(), "python3")
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup()
	figures, err := measure(t.Context(), programs, options{only: regexp.MustCompile(""), rounds: 1, many: 3, small: 100})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]figure{}
	for _, f := range figures {
		got[f.Op+", "+f.Peer] = f
	}
	_, noMemory := share(os.Getpid()) // as elsewhere than on Linux
	for _, name := range []string{
		opened, closed, idle, few[0].name, few[1].name, few[2].name, few[3].name,
		"3 workers: from none to the first result", "3 workers: memory of one",
		"3 workers: a tiny task of many, unchunked", "3 workers: from idle to ended",
	} {
		for _, p := range programs {
			f := got[name+", "+p.name]
			none := strings.HasPrefix(p.name, "go-plugin") && name == few[2].name || strings.Contains(name, "memory") && noMemory != nil
			if (f.P50 <= 0 || f.P99 < f.P50 || f.Ratio <= 0) != none {
				t.Errorf("%s, %s: %+v, want something: %v", name, p.name, f, !none)
			}
		}
	}
}

// A peer that is not well does not hang the others.
func TestPeerThatDies(t *testing.T) {
	dies := program{"dead", []string{"go", "version"}} // which is no reply
	_, err := measure(t.Context(), []program{dies}, options{only: regexp.MustCompile(""), rounds: 1})
	if err == nil || !strings.HasPrefix(err.Error(), "dead: open: ") {
		t.Errorf("%v, want what became of it", err)
	}
}

func TestQuantile(t *testing.T) {
	list := []int64{5, 1, 4, 2, 3}
	for q, want := range map[float64]float64{0: 1, 0.5: 3, 0.99: 5, 1: 5} {
		if got := quantile(list, q); got != want {
			t.Errorf("quantile %v of %v is %v, want %v", q, list, got, want)
		}
	}
	if got := quantile[float64](nil, 0.5); got != 0 {
		t.Errorf("quantile of nothing is %v", got)
	}
}

// The ratio is the median of the rounds', not that of the medians.
func TestRatio(t *testing.T) {
	a := &series{op: "op", peer: ours, rounds: [][]int64{{10}, {100}, {1000}}}
	b := &series{op: "op", peer: "other", aim: 2, rounds: [][]int64{{20}, {300}, {4000}}}
	figures := summarize([]*series{a, b})
	if f := figures[1]; f.Ratio != 3 || f.Low != 3 || f.High != 4 || f.P50 != 300 || math.Abs(figures[0].Ratio-1) > 0 {
		t.Errorf("%+v", figures)
	}
	var out bytes.Buffer
	if err := printTable(&out, figures); err != nil || !regexp.MustCompile(`other +300 ns +4 µs +3 +\[3–4\] +≥ 2`).MatchString(out.String()) {
		t.Errorf("%s, %v", &out, err)
	}
}
