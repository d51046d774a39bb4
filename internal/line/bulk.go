package line

import "encoding/binary"

// A bulk is memory that both sides have mapped, for what is too large to go
// through the socket twice: the frame says where it lies. Each direction has its
// own, which one side fills from its beginning, and begins anew once the other has
// done with all of it. The nil mem has no room.
type bulk struct {
	mem   []byte
	used  int
	last  uint64 // the number of the last one in it, plus one
	large bool   // the one before was, and so may be the next
	spare []byte // for what is small, or finds no room
	where [8]byte
}

const (
	bulkSize = 4 << 20 * int(^uint(0)>>63) // where addresses are scarce there is none
	bulkFrom = 32 << 10                    // bytes that are worth it
	keep     = 1 << 20                     // bytes of spare that are kept
)

// buffer returns where to append to.
func (b *bulk) buffer(done uint64) []byte {
	if done >= b.last {
		b.used = 0
	}
	if b.large && b.used < len(b.mem) {
		return b.mem[b.used:b.used]
	}
	return b.spare[:0]
}

// place puts data into the bulk, where it may be already, and returns what the
// frame has to say of it, until the next call. It is not ok for what has to go
// through the socket.
func (b *bulk) place(data []byte, number, done uint64) (where []byte, ok bool) {
	if done >= b.last {
		b.used = 0
	}
	b.large = len(data) >= bulkFrom
	room := b.mem[b.used:]
	here := len(room) > 0 && len(data) > 0 && &data[0] == &room[0]
	if !here && cap(data) <= keep {
		b.spare = data[:0]
	}
	if !b.large || len(data) > len(room) {
		return nil, false
	}
	if !here {
		copy(room, data)
	}
	binary.LittleEndian.PutUint32(b.where[:], uint32(b.used))
	binary.LittleEndian.PutUint32(b.where[4:], uint32(len(data)))
	b.used = (b.used + len(data) + 63) &^ 63
	b.used = min(b.used, len(b.mem))
	b.last = number + 1
	return b.where[:], true
}

// at is what a frame speaks of.
func (b *bulk) at(where []byte) ([]byte, error) {
	if len(where) != 8 {
		return nil, errMalformed
	}
	from, size := uint64(binary.LittleEndian.Uint32(where)), uint64(binary.LittleEndian.Uint32(where[4:]))
	if from+size > uint64(len(b.mem)) {
		return nil, errMalformed
	}
	return b.mem[from : from+size : from+size], nil
}
