package codec_test

import (
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"testing"
	"time"

	"multiproc/internal/codec"
)

type typical struct {
	ID     int
	Name   string
	Values []float64
}

var typicalValue = typical{42, "a task of some kind", []float64{1, 2, 3, 4, 5, 6, 7, 8}}

func BenchmarkMarshalUnmarshal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		data, err := codec.Marshal(typicalValue)
		if err != nil {
			b.Fatal(err)
		}
		var got typical
		if err := codec.Unmarshal(data, &got); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBytes200MiB(b *testing.B) {
	v := make([]byte, 200<<20)
	b.SetBytes(int64(len(v)))
	b.ReportAllocs()
	for b.Loop() {
		data, err := codec.Marshal(v)
		if err != nil {
			b.Fatal(err)
		}
		var got []byte
		if err := codec.Unmarshal(data, &got); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFloats1M(b *testing.B) {
	v := make([]float64, 1<<20)
	b.SetBytes(8 << 20)
	for b.Loop() {
		data, _ := codec.Marshal(v)
		var got []float64
		if err := codec.Unmarshal(data, &got); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMapStringInt(b *testing.B) {
	v := make(map[string]int)
	for i := range 1000 {
		v[fmt.Sprint("key", i)] = i
	}
	b.ReportAllocs()
	for b.Loop() {
		data, _ := codec.Marshal(v)
		var got map[string]int
		if err := codec.Unmarshal(data, &got); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckAgain(b *testing.B) {
	t := reflect.TypeFor[typical]()
	for b.Loop() {
		if err := codec.Check(t); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFirstUse measures what only a fresh process can tell: the first
// Check, and the first Marshal and Unmarshal after it.
func BenchmarkFirstUse(b *testing.B) {
	const role = "CODEC_TEST_FIRST_USE"
	var check, use time.Duration
	for b.Loop() {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFirstUse$")
		cmd.Env = append(os.Environ(), role+"=1")
		out, err := cmd.Output()
		if err != nil {
			b.Fatal(err)
		}
		var c, u int64
		if _, err := fmt.Sscanf(string(out), "%d %d", &c, &u); err != nil {
			b.Fatalf("%v in %q", err, out)
		}
		check += time.Duration(c)
		use += time.Duration(u)
	}
	b.ReportMetric(float64(check)/float64(b.N), "ns/check")
	b.ReportMetric(float64(use)/float64(b.N), "ns/first-use")
}

// TestFirstUse is the child of BenchmarkFirstUse.
func TestFirstUse(t *testing.T) {
	if os.Getenv("CODEC_TEST_FIRST_USE") == "" {
		t.Skip("only the child of BenchmarkFirstUse has something to do here")
	}
	start := time.Now()
	err := codec.Check(reflect.TypeFor[typical]())
	checked := time.Since(start)
	if err != nil {
		t.Fatal(err)
	}
	start = time.Now()
	data, err := codec.Marshal(typicalValue)
	if err != nil {
		t.Fatal(err)
	}
	var got typical
	if err := codec.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	fmt.Println(checked.Nanoseconds(), time.Since(start).Nanoseconds())
}
