package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"multiproc"
)

// dieFickle crosses as long as it is told to.
type dieFickle struct{ word string }

var errDieFickle = errors.New("die: not today")

func (f dieFickle) MarshalBinary() ([]byte, error) {
	if f.word == "stay" {
		return nil, errDieFickle
	}
	return []byte(f.word), nil
}

func (f *dieFickle) UnmarshalBinary(b []byte) error {
	if f.word = string(b); f.word == "drown" || f.word == "drown at home" && !multiproc.IsChild() {
		return errDieFickle
	}
	return nil
}

// dieBag has a field that an error can name.
type dieBag struct{ Words []dieFickle }

var dieCarry = multiproc.NewFunc("die-carry", func(_ context.Context, bag dieBag) (dieBag, error) {
	if len(bag.Words) > 1 && bag.Words[1].word == "turn" {
		return dieBag{[]dieFickle{{"stay"}}}, nil
	}
	return bag, nil
})

// dieRing may point at itself.
type dieRing struct {
	Name string
	Next *dieRing
}

func dieRound() *dieRing {
	ring := &dieRing{Name: "a"}
	ring.Next = &dieRing{"b", ring}
	return ring
}

var dieRings = multiproc.NewFunc("die-rings", func(_ context.Context, ring *dieRing) (*dieRing, error) {
	if ring == nil {
		return dieRound(), nil
	}
	return ring, nil
})

// PAINS 5, 48: what can't cross is an error of the call that tried it, and says
// which function, which way, and which field.
func TestValuesThatCannotCross(t *testing.T) {
	t.Parallel()
	for _, method := range []multiproc.StartMethod{multiproc.Spawn, multiproc.InProcess} {
		opts := multiproc.Options{Method: method}
		carry := func(words ...string) func() error {
			return func() error {
				var bag dieBag
				for _, w := range words {
					bag.Words = append(bag.Words, dieFickle{w})
				}
				_, err := dieCarry.With(opts).Call(lifeCtx(t), bag)
				return err
			}
		}
		rings := func(ring *dieRing) func() error {
			return func() error {
				_, err := dieRings.With(opts).Call(lifeCtx(t), ring)
				return err
			}
		}
		home := "die-carry: decode the argument" // where InProcess decodes it first
		if method == multiproc.Spawn {
			home = "decode the result"
		}
		for name, c := range map[string]struct {
			call  func() error
			wants []string
		}{
			"argument, encode": {carry("x", "stay"), []string{"multiproc_test.die-carry: encode the argument", "Words[1]", errDieFickle.Error()}},
			"argument, decode": {carry("x", "drown"), []string{"multiproc_test.die-carry: decode the argument", "Words[1]", errDieFickle.Error()}},
			"result, encode":   {carry("x", "turn"), []string{"multiproc_test.die-carry: encode the result", "Words[0]", errDieFickle.Error()}},
			"result, decode":   {carry("drown at home"), []string{home, "Words[0]", errDieFickle.Error()}},
			"argument, cycle":  {rings(dieRound()), []string{"multiproc_test.die-rings: encode the argument", ".Next", "cycle"}},
			"result, cycle":    {rings(nil), []string{"multiproc_test.die-rings: encode the result", ".Next", "cycle"}},
		} {
			t.Run(fmt.Sprint(method, "/", name), func(t *testing.T) {
				t.Parallel()
				err := c.call()
				if !errors.Is(err, multiproc.ErrCodec) {
					t.Fatalf("got %T %v, want ErrCodec", err, err)
				}
				if _, returned := errors.AsType[*multiproc.RemoteError](err); returned {
					t.Errorf("%v passes for an error of the function's", err)
				}
				for _, want := range c.wants {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%v\ndoes not say %q", err, want)
					}
				}
			})
		}
	}
}

// After such an error the next call is as good as any.
func TestCrossingAfterAFailure(t *testing.T) {
	t.Parallel()
	bag := dieBag{[]dieFickle{{"one"}, {"two"}}}
	for range 2 {
		if _, err := dieCarry.Call(lifeCtx(t), dieBag{[]dieFickle{{"drown"}}}); !errors.Is(err, multiproc.ErrCodec) {
			t.Errorf("got %v, want ErrCodec", err)
		}
		got, err := dieCarry.Call(lifeCtx(t), bag)
		if fmt.Sprint(got) != fmt.Sprint(bag) || err != nil {
			t.Errorf("got %v, %v, want %v", got, err, bag)
		}
	}
}
