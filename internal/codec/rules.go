package codec

import (
	"os"
	"reflect"
)

var fileType = reflect.TypeFor[os.File]()

// refusedOutright says why no value of type t crosses, whatever is in it.
func refusedOutright(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Chan:
		return "a channel has no meaning there; send values, or pass a pipe with Options.Files"
	case reflect.Func:
		return "code cannot be sent; register it with NewFunc and send its name or arguments"
	case reflect.Complex64, reflect.Complex128:
		return "complex numbers are not carried; use two floats"
	case reflect.Uintptr, reflect.UnsafePointer:
		return "an address has no meaning there; send what it points to"
	case reflect.Interface:
		return "what an interface holds is not known beforehand; use a concrete type (for an error, its text)"
	}
	if t == fileType || t.Kind() == reflect.Pointer && t.Elem() == fileType {
		return "an open file is not data; pass it with Options.Files"
	}
	if path := t.PkgPath(); path == "sync" || path == "sync/atomic" {
		return "it guards the memory of one process; leave the field out with `cbor:\"-\"`, or send a plain value"
	}
	return ""
}

// leftOut reports whether a field stays behind on purpose. Blank fields are
// padding: nothing can be in them.
func leftOut(f reflect.StructField) bool {
	return f.Name == "_" || f.Tag != "" && f.Tag.Get("cbor") == "-"
}

// refusedField says why a field can't be carried, whatever its type.
func refusedField(f reflect.StructField) string {
	if f.Tag != "" && f.Tag.Get("json") == "-" {
		if _, ok := f.Tag.Lookup("cbor"); !ok {
			return "`json:\"-\"` leaves in doubt whether it is meant to cross; add `cbor:\"-\"` to leave it out, or a cbor tag with its name to send it"
		}
	}
	if f.IsExported() {
		return ""
	}
	const lost = "an unexported field would be lost; export it, leave it out with `cbor:\"-\"`, or give the struct MarshalBinary and UnmarshalBinary"
	if !f.Anonymous || f.Type.Kind() != reflect.Struct {
		return lost
	}
	// The exported fields of an embedded struct can be reached through its
	// unexported name, but its methods can't.
	if p, half := pairOf(f.Type); f.Type == timeType || p != nil || half != "" {
		return "the methods of an embedded type that is not exported cannot be called; export it, or leave it out with `cbor:\"-\"`"
	}
	return ""
}
