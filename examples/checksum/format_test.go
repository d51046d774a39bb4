package main

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestWriteLine(t *testing.T) {
	for path, want := range map[string]string{
		"a b":        "ab  a b\n",
		"a\nb":       `\ab  a\nb` + "\n",
		"a\rb":       `\ab  a\rb` + "\n",
		`a\nb`:       `\ab  a\\nb` + "\n",
		"\xff\t\x1b": "ab  \xff\t\x1b\n",
	} {
		var b bytes.Buffer
		out := bufio.NewWriter(&b)
		writeLine(out, []byte{0xab}, path)
		if err := out.Flush(); err != nil || b.String() != want {
			t.Errorf("writeLine(%q) = %q, %v, want %q", path, &b, err, want)
		}
	}
}

func TestFailure(t *testing.T) {
	for path, want := range map[string]string{
		"a b":      "open a b: why",
		"a\x1b[2J": `open "a\x1b[2J": why`,
	} {
		if got := (failure{path, "open", "why"}).String(); got != want {
			t.Errorf("failure of %q = %q, want %q", path, got, want)
		}
	}
}

// Each file is in one job, none is beyond its bounds, and the largest is first.
func TestDivide(t *testing.T) {
	const mib = 1 << 20
	sizes := slices.Concat(
		[]int64{900 * mib, 1, 30 * mib, 40 * mib, 0},
		slices.Repeat([]int64{1}, 3*maxFiles), slices.Repeat([]int64{mib / 3}, 100))
	for _, workers := range []int{1, 3, 1000} {
		files := make([]file, len(sizes))
		for i, s := range sizes {
			files[i].size = s
		}
		seen := make([]int, len(files))
		jobs := divide(files, workers)
		for _, j := range jobs {
			var bytes int64
			for i := j.from; i < j.to; i++ {
				seen[i]++
				bytes += sizes[i]
			}
			if n := j.to - j.from; bytes != j.bytes || n > maxFiles || n > 1 && bytes > maxBytes {
				t.Errorf("%d workers: job %+v of %d bytes", workers, j, bytes)
			}
		}
		if i := slices.IndexFunc(seen, func(n int) bool { return n != 1 }); i >= 0 {
			t.Errorf("%d workers: file %d is in %d jobs", workers, i, seen[i])
		}
		if jobs[0].from != 0 || jobs[0].to != 1 {
			t.Errorf("%d workers: the first job is %+v, want the huge file alone", workers, jobs[0])
		}
	}
	if jobs := divide(nil, 4); len(jobs) > 0 {
		t.Errorf("no files make %d jobs", len(jobs))
	}
}

func TestProgress(t *testing.T) {
	var b bytes.Buffer
	p := &progress{out: &b, of: 2, total: 2*perFile + 100}
	p.add(1, 50)
	p.add(1, 50)
	p.clear()
	p.clear()
	want := "\r[" + strings.Repeat("#", 20) + strings.Repeat(" ", 20) + "]  50% 1/2" +
		"\r[" + strings.Repeat("#", 40) + "] 100% 2/2" + "\r\x1b[K"
	if b.String() != want {
		t.Errorf("drawn: %q, want %q", &b, want)
	}
	var none *progress
	none.add(1, 1)
	none.clear()
}
