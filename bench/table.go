package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// printTable prints the figures for a person.
func printTable(w io.Writer, figures []figure) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	op := ""
	for _, f := range figures {
		if f.Op != op {
			op = f.Op
			fmt.Fprintf(t, "\n%s\tp50\tp99\ttimes\tquartiles\taim\t\n", op)
		}
		aim := ""
		if f.Aim > 0 {
			aim = fmt.Sprintf("≥ %g", f.Aim)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%.3g\t[%.3g–%.3g]\t%s\t\n", f.Peer, f.size(f.P50), f.size(f.P99), f.Ratio, f.Low, f.High, aim)
	}
	return t.Flush()
}

// size is a number with its unit.
func (f figure) size(n float64) string {
	if f.Unit == "B" {
		return fmt.Sprintf("%.2f MiB", n/(1<<20))
	}
	d := time.Duration(n)
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d)
	case d < time.Millisecond:
		return fmt.Sprintf("%.3g µs", n/1e3)
	}
	return fmt.Sprintf("%.3g ms", n/1e6)
}
