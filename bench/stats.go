package main

import "slices"

// A figure is what a series comes to.
type figure struct {
	Op, Peer string
	Unit     string // ns or B
	P50, P99 float64
	Rounds   int

	// Ratio is how many times ours it is: the median over the rounds, and its
	// quartiles. Zero if there is nothing to compare with.
	Ratio, Low, High float64
	Aim              float64 `json:",omitempty"` // of Ratio
}

func summarize(list []*series) (figures []figure) {
	var names []string // what was measured, in the order of the plan
	for _, s := range list {
		if !slices.Contains(names, s.op) {
			names = append(names, s.op)
		}
	}
	for _, name := range names {
		var base *series
		for _, s := range list {
			if s.op == name && s.peer == ours {
				base = s
			}
		}
		for _, s := range list {
			if s.op == name {
				figures = append(figures, s.figure(base))
			}
		}
	}
	return figures
}

func (s *series) figure(base *series) figure {
	all := slices.Concat(s.rounds...)
	f := figure{
		Op: s.op, Peer: s.peer, Unit: "ns", Rounds: len(s.rounds), Aim: s.aim,
		P50: quantile(all, 0.5), P99: quantile(all, 0.99),
	}
	if s.bytes {
		f.Unit = "B"
	}
	var ratios []float64
	for i := range s.rounds {
		if base != nil && i < len(base.rounds) {
			ratios = append(ratios, quantile(s.rounds[i], 0.5)/max(1, quantile(base.rounds[i], 0.5)))
		}
	}
	f.Ratio, f.Low, f.High = quantile(ratios, 0.5), quantile(ratios, 0.25), quantile(ratios, 0.75)
	return f
}

// quantile is that of a list in any order; zero if there is nothing in it.
func quantile[T int64 | float64](list []T, q float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return float64(sorted[int(q*float64(len(sorted)-1)+0.5)])
}
