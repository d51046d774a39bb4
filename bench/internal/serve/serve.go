// Package serve is the side of a peer that is the same for those written in Go:
// it obeys the commands that it reads, one JSON object a line, and measures.
package serve

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// A Pool of processes is what is measured. Its function is the square of an
// int; for a negative one it sleeps so many milliseconds instead.
type Pool interface {
	// Call returns the square of n. It may be called from many goroutines.
	Call(n int) (int, error)

	// Map checks the squares of 0 to n-1, as one job, in order. With chunk 1
	// each is a message of its own; with 0 the pool makes chunks as it likes.
	Map(n, chunk int) error

	// Echo returns b as a worker returned it.
	Echo(b []byte) ([]byte, error)

	// PIDs are those of the workers that have the function.
	PIDs() []int

	Close() error
}

// A Command is what the other side wants.
type Command struct {
	Do    string // open, warm, call, map, echo, pids, close
	N     int    // how many: workers, calls, tasks
	Chunk int    // of map
	Size  int    // of echo, in bytes
}

// A Reply is the answer, with the time that each call took, in nanoseconds.
type Reply struct {
	Each        []int64 `json:",omitempty"`
	PIDs        []int   `json:",omitempty"`
	Err         string  `json:",omitempty"`
	Unsupported bool    `json:",omitempty"`
}

// Serve obeys until in ends. Then it closes the pool that is still open.
func Serve(in io.Reader, out io.Writer, open func(workers int) (Pool, error)) error {
	s := &server{open: open}
	enc := json.NewEncoder(out)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var c Command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return err
		}
		reply, err := s.obey(c)
		if errors.Is(err, errors.ErrUnsupported) {
			reply.Unsupported = true
		} else if err != nil {
			reply.Err = cmp.Or(err.Error(), "an error without a text")
		}
		if err := enc.Encode(reply); err != nil {
			return err
		}
	}
	return s.close()
}

type server struct {
	open func(workers int) (Pool, error)
	pool Pool
}

func (s *server) obey(c Command) (Reply, error) {
	switch c.Do {
	case "open":
		return timed(1, func(int) (err error) {
			if s.pool, err = s.open(c.N); err != nil {
				return err
			}
			return s.call(3)
		})
	case "warm":
		return Reply{}, s.warm(c.N)
	case "call":
		return timed(c.N, s.call)
	case "map":
		r, err := timed(1, func(int) error { return s.pool.Map(c.N, c.Chunk) })
		if err == nil {
			r.Each[0] /= int64(c.N)
		}
		return r, err
	case "echo":
		data := bytes.Repeat([]byte("0123456789abcdef"), c.Size/16)
		return timed(c.N, func(int) error {
			back, err := s.pool.Echo(data)
			if err == nil && !bytes.Equal(back, data) {
				err = errors.New("an echo that differs")
			}
			return err
		})
	case "pids":
		return Reply{PIDs: s.pool.PIDs()}, nil
	case "close":
		return timed(1, func(int) error { return s.close() })
	}
	return Reply{}, fmt.Errorf("unknown command %q", c.Do)
}

func (s *server) close() error {
	if s.pool == nil {
		return nil
	}
	pool := s.pool
	s.pool = nil
	return pool.Close()
}

func (s *server) call(i int) error {
	square, err := s.pool.Call(i)
	return Check(i, square, err)
}

// warm keeps so many workers busy at a time, so that all of them are there.
func (s *server) warm(workers int) error {
	errs := make([]error, 2*workers)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = s.pool.Call(-20) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// timed calls f so many times.
func timed(n int, f func(i int) error) (Reply, error) {
	each := make([]int64, n)
	for i := range each {
		start := time.Now()
		if err := f(i); err != nil {
			return Reply{}, err
		}
		each[i] = int64(time.Since(start))
	}
	return Reply{Each: each}, nil
}

// Square is what the workers do.
func Square(n int) int {
	if n < 0 {
		time.Sleep(time.Duration(-n) * time.Millisecond)
	}
	return n * n
}

// Check returns err, or what is wrong with the square of n.
func Check(n, square int, err error) error {
	if err == nil && square != n*n {
		err = fmt.Errorf("%d squared is %d", n, square)
	}
	return err
}

// Chunk is the size of chunks that CPython's Pool takes: four for each worker.
func Chunk(n, workers int) int { return (n + 4*workers - 1) / (4 * workers) }
