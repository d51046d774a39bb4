package rmtree

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// tree makes a directory to remove, and one beside it that must stay.
func tree(t *testing.T) (top string, seen fs.FileInfo, outside string) {
	t.Helper()
	base := t.TempDir()
	top, outside = filepath.Join(base, "top"), filepath.Join(base, "outside")
	for _, dir := range []string{top, outside, filepath.Join(outside, "sub")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(outside, "precious"))
	write(t, filepath.Join(outside, "sub", "precious"))
	seen, err := os.Lstat(top)
	if err != nil {
		t.Fatal(err)
	}
	return top, seen, outside
}

func intact(t *testing.T, outside string) {
	t.Helper()
	for _, name := range []string{"precious", "sub/precious"} {
		if !exists(filepath.Join(outside, name)) {
			t.Fatalf("%s outside was removed", name)
		}
	}
}

// stubborn is the walk that comes when os.RemoveAll fails, on its own.
func stubborn(top string, seen fs.FileInfo) error {
	l := &leftover{top: top}
	if l.removeTop(seen); l.count > 0 {
		return l
	}
	return nil
}

var removers = map[string]func(string, fs.FileInfo) error{"Remove": Remove, "stubborn": stubborn}

func TestLinksAreNotFollowed(t *testing.T) {
	for name, remove := range removers {
		t.Run(name, func(t *testing.T) {
			top, seen, outside := tree(t)
			os.MkdirAll(filepath.Join(top, "a", "b"), 0o700)
			for _, link := range []string{"l", "a/l", "a/b/l"} {
				if err := os.Symlink(outside, filepath.Join(top, link)); err != nil {
					t.Skip("no links here:", err)
				}
			}
			os.Symlink("..", filepath.Join(top, "a", "up"))
			os.Link(filepath.Join(outside, "precious"), filepath.Join(top, "hard"))
			if err := remove(top, seen); err != nil || exists(top) {
				t.Errorf("%v; there: %v", err, exists(top))
			}
			intact(t, outside)
		})
	}
}

// Somebody changes directories for links to outside, and back, as fast as he
// can: at the top, and below it.
func TestLinksThatAreSwappedIn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("what is open can't be renamed there")
	}
	for name, remove := range removers {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				top, seen, outside := tree(t)
				victims := []string{top}
				for i := range 100 {
					dir := filepath.Join(top, fmt.Sprint(i))
					os.Mkdir(dir, 0o700)
					write(t, filepath.Join(dir, "file"))
					victims = append(victims, dir)
				}
				var done atomic.Bool
				var swapping sync.WaitGroup
				for from := range 2 {
					swapping.Go(func() { swap(victims[from:], outside, &done) })
				}
				for range 5 {
					remove(top, seen) // may fail, must not leave
				}
				done.Store(true)
				swapping.Wait()
				intact(t, outside)
			}
		})
	}
}

// swap puts a link to outside in the place of each victim for a moment, again
// and again.
func swap(victims []string, outside string, done *atomic.Bool) {
	aside := victims[0] + "-aside"
	for i := 0; !done.Load(); i++ {
		victim := victims[i%len(victims)]
		if os.Rename(victim, aside) == nil {
			os.Symlink(outside, victim)
			runtime.Gosched()
			os.Remove(victim)
			os.Rename(aside, victim)
		}
	}
}

// The walk is in a directory when that is changed for a link: it goes on where
// it is, and not where the link leads, however alike that looks.
func TestWalkGoesByWhatIsOpen(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("what is open can't be renamed there")
	}
	top, _, outside := tree(t)
	sub := filepath.Join(top, "sub")
	os.Mkdir(sub, 0o700)
	write(t, filepath.Join(sub, "precious"))
	root, err := os.OpenRoot(top)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := os.Rename(top, top+"-moved"); err != nil {
		t.Fatal(err)
	}
	os.Symlink(outside, top)
	l := &leftover{top: top}
	if l.removeName(root, "sub", "sub"); l.count != 0 || exists(filepath.Join(top+"-moved", "sub")) {
		t.Errorf("left: %v", l)
	}
	intact(t, outside)
}

// What has the name now is not what was made.
func TestReplacedTopStays(t *testing.T) {
	for name, remove := range removers {
		top, seen, outside := tree(t)
		os.Rename(top, top+"-moved")
		if err := os.Rename(outside, top); err != nil {
			t.Fatal(err)
		}
		if err := remove(top, seen); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		intact(t, top)
		if err := os.Symlink(top, top+"-link"); err == nil {
			if err := remove(top+"-link", seen); err != nil || !exists(top+"-link") {
				t.Errorf("%s: a link: %v", name, err)
			}
			intact(t, top)
		}
		os.RemoveAll(top)
		if err := remove(top, seen); err != nil {
			t.Errorf("%s: what is gone: %v", name, err)
		}
	}
}

// Deeper than any path is long.
func TestDeepTree(t *testing.T) {
	for name, remove := range removers {
		top, seen, _ := tree(t)
		root, err := os.OpenRoot(top)
		for range 500 {
			if err != nil {
				t.Fatal(err)
			}
			const dir = "a directory with a name"
			if err = root.Mkdir(dir, 0o700); err == nil {
				var sub *os.Root
				sub, err = root.OpenRoot(dir)
				root.Close()
				root = sub
			}
		}
		root.Close()
		if err := remove(top, seen); err != nil || exists(top) {
			t.Errorf("%s: %v; there: %v", name, err, exists(top))
		}
	}
}

func TestLeftoverNamesTheFirstFew(t *testing.T) {
	l := &leftover{top: "/x"}
	for i := range 12 {
		l.add(fmt.Sprintf("n%02d", i), fs.ErrPermission)
	}
	if s := l.Error(); !strings.Contains(s, `"n09" and 2 more: permission denied`) || strings.Contains(s, "n10") {
		t.Error(s)
	}
}
