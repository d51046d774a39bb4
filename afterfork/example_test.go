package afterfork_test

import (
	"fmt"

	"multiproc/afterfork"
	"multiproc/internal/seam"
)

// takeIdentity is what package multiproc does in a child before its function
// runs.
func takeIdentity() { seam.RunAfterFork() }

type cache struct{ entries map[string]string }

func (c *cache) reset() { c.entries = nil }

var names = &cache{entries: map[string]string{"preloaded": "for somebody else"}}

func ExampleRegister() {
	afterfork.Register(names, (*cache).reset)
	takeIdentity()
	fmt.Println(len(names.entries))
	// Output: 0
}

func ExampleLock() {
	var lock afterfork.Lock
	preload := lock.Lock() // and never unlocked, say

	takeIdentity()
	unlock := lock.Lock() // doesn't wait
	preload()             // has lost its meaning: the lock stays held
	_, free := lock.TryLock()
	fmt.Println("free while held:", free)
	unlock()
	_, free = lock.TryLock()
	fmt.Println("free afterwards:", free)
	// Output:
	// free while held: false
	// free afterwards: true
}

func ExampleLocal() {
	n := 0
	connection := afterfork.Local[string]{New: func() string {
		n++
		return fmt.Sprintf("connection %d", n)
	}}
	fmt.Println(connection.Get(), "and", connection.Get())
	takeIdentity()
	fmt.Println(connection.Get())
	// Output:
	// connection 1 and connection 1
	// connection 2
}
