package pool_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"multiproc"
	"multiproc/pool"
)

// Made at package level, so that the workers know it.
var parse = multiproc.NewFunc("parse", func(_ context.Context, s string) (int, error) { return strconv.Atoi(s) })

func Example() { // in a program, the function that is given to multiproc.Main
	ctx := context.Background()
	p, err := pool.New(parse, pool.Options{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	for s, r := range p.Map(ctx, slices.Values([]string{"1", "two", "3"})) {
		if r.Err != nil {
			fmt.Println(s, "has failed:", r.Err) // the others go on
			continue
		}
		fmt.Println(s, "is", r.Value)
	}
	fmt.Println(p.Shutdown(ctx))
	// Output:
	// 1 is 1
	// two has failed: strconv.Atoi: parsing "two": invalid syntax
	// 3 is 3
	// <nil>
}

var hang = multiproc.NewFunc("hang", func(context.Context, struct{}) (struct{}, error) { select {} })

func ExamplePool_Call_timeout() {
	p, err := pool.New(hang, pool.Options{TaskTimeout: 50 * time.Millisecond, Grace: 50 * time.Millisecond})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	_, err = p.Call(context.Background(), struct{}{})
	task, ok := errors.AsType[*pool.TaskError](err)
	fmt.Println(ok && task.Tries == 1, errors.Is(err, pool.ErrTaskTimeout))
	// Output: true true
}

func ExamplePool_Call_died() {
	p, err := pool.New(leave, pool.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	_, err = p.Call(context.Background(), 7)
	exit, ok := errors.AsType[*multiproc.ExitError](err)
	fmt.Println(ok && exit.Status.Code == 7)
	// Output: true
}

var leave = multiproc.NewFunc("leave", func(_ context.Context, code int) (struct{}, error) {
	multiproc.Exit(code)
	return struct{}{}, nil
})
