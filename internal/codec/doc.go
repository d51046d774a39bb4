// Package codec carries Go values between processes that run the same binary,
// so that what arrives is what left, or the type is refused before anything
// starts.
//
//	err := codec.Check(reflect.TypeFor[Args]()) // a *TypeError, once for each function
//	data, err := codec.Marshal(args)            // an *Error that names the field
//	err = codec.Unmarshal(data, &args)          // likewise
//
// # What crosses
//
// Booleans, integers, floats (every bit of them, NaNs too), strings (byte for
// byte, UTF-8 or not), arrays, slices, maps, pointers, and structs of these,
// named, generic, embedded and recursive ones included. Nil and empty stay
// apart at every depth, also behind pointers. A time.Time keeps its
// nanoseconds, its offset and the name of its zone, and stays local where it
// was; the clock reading for measuring and the rules of a zone that is not
// local (what AddDate would need) stay behind.
//
// A type with a complete pair of methods says itself how it crosses. In this
// order of preference: MarshalCBOR and UnmarshalCBOR, MarshalBinary and
// UnmarshalBinary, GobEncode and GobDecode, MarshalText and UnmarshalText.
// Binary and gob come before text because text may be rounded (big.Float). A
// pair that a struct has only because it embeds something is not used, or the
// other fields would be lost. Methods for JSON play no part.
//
// All fields cross, and field tags don't change how, except one: `cbor:"-"`
// leaves a field out on purpose, and it arrives as zero.
//
// # What is refused
//
// By type: chan, func, complex numbers, uintptr, unsafe.Pointer, interfaces,
// os.File, locks and atomics, unexported fields, fields with `json:"-"` and no
// word for this package, map keys with pointers in them, half a pair of
// methods. By value: more than [MaxDepth] levels, more than [MaxSize] bytes,
// and cycles. Pointers that share a target arrive as copies, so a graph with
// much sharing may grow exponentially until it is too large.
//
// # The wire
//
// Well-formed CBOR (RFC 8949), with structs as arrays by position and no
// names, which both sides know. Values are not tagged with their type: a
// reader must decode into the type that was encoded. A reader trusts nothing
// else: no input makes it panic, or allocate more than a multiple of its
// length that depends on the type alone.
//
// The order of a map's entries is Go's, so equal maps may differ in bytes.
//
// Everything here may be used from many goroutines at once; values must not
// change while they are encoded.
package codec
