package codec

import (
	"reflect"
	"slices"
	"sync"
	"time"
)

// checked holds the types that passed, for good, and the *TypeError of those
// that were asked for and did not.
var checked sync.Map // of reflect.Type to error or nil

var (
	timeType    = reflect.TypeFor[time.Time]()
	pureScalars = kindSet(
		reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64)
)

func kindSet(kinds ...reflect.Kind) (set uint32) {
	for _, k := range kinds {
		set |= 1 << k
	}
	return set
}

func isScalar(t reflect.Type) bool { return pureScalars&(1<<t.Kind()) != 0 }

// Check reports whether every value of type t can cross to another process,
// short of what only a value can tell (see the package doc). The error is a
// *TypeError; the same type gets the same answer, remembered. It costs some
// hundred nanoseconds a field the first time.
func Check(t reflect.Type) error {
	if t == nil {
		panic("codec: Check of a nil type")
	}
	if isScalar(t) && t.PkgPath() == "" {
		return nil
	}
	if result, ok := checked.Load(t); ok {
		err, _ := result.(error)
		return err
	}
	c := checker{root: t, seen: make(map[reflect.Type]bool)}
	if err := c.check(t); err != nil {
		checked.Store(t, error(err))
		return err
	}
	for passed := range c.seen {
		checked.Store(passed, nil)
	}
	return nil
}

// checker walks over a type, once over each of its parts.
type checker struct {
	root  reflect.Type
	seen  map[reflect.Type]bool
	steps []string
}

func (c *checker) refuse(t reflect.Type, reason string) *TypeError {
	return &TypeError{Path: joinPath(c.root, c.steps), Type: t, Reason: reason}
}

func (c *checker) checkAt(step string, t reflect.Type) *TypeError {
	c.steps = append(c.steps, step)
	err := c.check(t)
	c.steps = c.steps[:len(c.steps)-1]
	return err
}

func (c *checker) check(t reflect.Type) *TypeError {
	if isScalar(t) && t.PkgPath() == "" || t == timeType || c.seen[t] {
		return nil
	}
	if reason := refusedOutright(t); reason != "" {
		return c.refuse(t, reason)
	}
	c.seen[t] = true
	p, half := pairOf(t)
	switch {
	case p != nil:
		return nil
	case half != "":
		return c.refuse(t, half)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return c.check(t.Elem())
	case reflect.Slice, reflect.Array:
		return c.checkAt("[]", t.Elem())
	case reflect.Map:
		if err := c.checkAt("[key]", t.Key()); err != nil {
			return err
		}
		if bad := identityIn(t.Key(), nil); bad != nil {
			c.steps = append(c.steps, "[key]")
			return c.refuse(t.Key(), "a map key with the address in "+bad.String()+
				" would not be found again; use a key of plain values")
		}
		return c.checkAt("[]", t.Elem())
	case reflect.Struct:
		return c.checkStruct(t)
	}
	return nil
}

func (c *checker) checkStruct(t reflect.Type) *TypeError {
	for f := range t.Fields() {
		if leftOut(f) {
			continue
		}
		if reason := refusedField(f); reason != "" {
			c.steps = append(c.steps, "."+f.Name)
			return c.refuse(f.Type, reason)
		}
		if isScalar(f.Type) && f.Type.PkgPath() == "" {
			continue // before a step is built: most fields end here
		}
		if err := c.checkAt("."+f.Name, f.Type); err != nil {
			return err
		}
	}
	return nil
}

// identityIn finds, in a type of map keys, what is compared by address. A time
// holds the address of its zone, but those of a local time and of UTC are
// known on both sides.
func identityIn(t reflect.Type, above []reflect.Type) reflect.Type {
	if t == timeType || slices.Contains(above, t) {
		return nil
	}
	if p, _ := pairOf(t); p != nil {
		return nil // decoding makes it anew, and sees that no two become one
	}
	switch t.Kind() {
	case reflect.Pointer:
		return t
	case reflect.Array:
		return identityIn(t.Elem(), append(above, t))
	case reflect.Struct:
		for f := range t.Fields() {
			if !leftOut(f) {
				if bad := identityIn(f.Type, append(above, t)); bad != nil {
					return bad
				}
			}
		}
	}
	return nil
}
