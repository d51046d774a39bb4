package codec_test

import (
	"fmt"
	"os"
	"reflect"

	"multiproc/internal/codec"
)

func Example() {
	type Job struct {
		Name string
		Tags []string `json:"tags,omitempty"` // the tag changes nothing
	}
	data, err := codec.Marshal(Job{"resize", []string{}})
	if err != nil {
		panic(err)
	}
	var got Job
	if err := codec.Unmarshal(data, &got); err != nil {
		panic(err)
	}
	fmt.Println(got.Name, got.Tags == nil, len(got.Tags))
	// Output: resize false 0
}

func ExampleCheck() {
	type Options struct{ Log *os.File }
	type Job struct{ Opts []Options }
	fmt.Println(codec.Check(reflect.TypeFor[Job]()))
	// Output: codec: Job.Opts[].Log (*os.File) cannot cross to another process: an open file is not data; pass it with Options.Files
}
