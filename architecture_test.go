package authrocket_test

import (
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
)

const modulePath = "github.com/authrocket-go/authrocket"

// sourceFile is a Go file of the repository, of any module, with what it
// imports. Build constraints do not matter: a file that is left out here is
// built elsewhere.
type sourceFile struct {
	path    string // slash-separated, from the root of the repository
	module  string // the folder of its go.mod, "." for the root module
	imports []string
}

func (f sourceFile) folder() string { return path.Dir(f.path) }

func (f sourceFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

func sourceFiles(t *testing.T) []sourceFile {
	t.Helper()
	var files []sourceFile
	modules := map[string]bool{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if entry.IsDir() {
			// The go command leaves these out too.
			if name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata" || base == "vendor") {
				return fs.SkipDir
			}
			return nil
		}
		if base == "go.mod" {
			modules[path.Dir(name)] = true
		}
		if path.Ext(base) != ".go" {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(name), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		file := sourceFile{path: name}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			file.imports = append(file.imports, imported)
		}
		files = append(files, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		folder := files[i].folder()
		for folder != "." && !modules[folder] {
			folder = path.Dir(folder)
		}
		files[i].module = folder
	}
	return files
}

// isWithin reports whether importPath is prefix or below it.
func isWithin(importPath, prefix string) bool {
	return importPath == prefix || strings.HasPrefix(importPath, prefix+"/")
}

// A dependency that one package imports can be swapped there.
func TestOnlyOnePackageImports(t *testing.T) {
	t.Parallel()
	files := sourceFiles(t)
	for _, row := range []struct{ dependency, folder string }{
		{"github.com/lestrrat-go/jwx", "internal/jose"},
		{"github.com/patrickmn/go-cache", "internal/tokencache"},
	} {
		t.Run(row.dependency+" is imported by "+row.folder+" only", func(t *testing.T) {
			t.Parallel()
			for _, file := range files {
				for _, imported := range file.imports {
					if isWithin(imported, row.dependency) && file.folder() != row.folder {
						t.Errorf("%s imports %q", file.path, imported)
					}
				}
			}
		})
	}
}

// The rows above pass on an empty list of files, too.
func TestSourceFilesAreFound(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, file := range sourceFiles(t) {
		for _, imported := range file.imports {
			if isWithin(imported, "github.com/lestrrat-go/jwx") {
				found[file.folder()+" in module "+file.module] = true
			}
		}
		found[file.path] = true
	}
	for _, want := range []string{"auth.go", "internal/claims/claims.go", "authrockettest/realm.go", "internal/jose in module ."} {
		if !found[want] {
			t.Errorf("%s is not among the files that were read", want)
		}
	}
}

func TestArrowsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, file := range sourceFiles(t) {
		for _, imported := range file.imports {
			isOwn := isWithin(imported, modulePath)
			isInternal := isWithin(imported, modulePath+"/internal")
			if isWithin(file.folder(), "internal") && isOwn && !isInternal {
				t.Errorf("%s imports %q: internal packages know nothing of what is above them", file.path, imported)
			}
			if file.folder() == "." && !file.isTest() && isOwn && !isInternal {
				t.Errorf("%s imports %q: the root package stands below every other", file.path, imported)
			}
			if file.module != "." && isInternal {
				t.Errorf("%s imports %q: a nested module uses the public API", file.path, imported)
			}
		}
	}
}

// What the root package reaches is in the program of everybody who uses it.
func TestRootReaches(t *testing.T) {
	t.Parallel()
	unwanted := []string{
		"github.com/go-chi/chi",
		"github.com/gin-gonic/gin",
		"github.com/labstack/echo",
		modulePath + "/authrockettest",
		modulePath + "/adapters",
		modulePath + "/loginrocketdev",
		"testing",
	}
	reached := dependencies(t)
	for _, importPath := range reached {
		for _, prefix := range unwanted {
			if isWithin(importPath, prefix) {
				t.Errorf("the root package reaches %q", importPath)
			}
		}
	}
	for _, want := range []string{modulePath, modulePath + "/internal/jose", "net/http"} {
		found := false
		for _, importPath := range reached {
			found = found || importPath == want
		}
		if !found {
			t.Errorf("go list did not name %q, so that it may have left out more", want)
		}
	}
}

// dependencies lists the root package and all that it reaches. Everything is in
// the module cache, since this test was built from it.
func dependencies(t *testing.T) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Error", ".")
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOTOOLCHAIN=local", "GOFLAGS=")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list failed: %v\n%s", err, &stderr)
	}
	var paths []string
	decoder := json.NewDecoder(strings.NewReader(string(output)))
	for {
		var listed struct {
			ImportPath string
			Error      *struct{ Err string }
		}
		if err := decoder.Decode(&listed); errors.Is(err, io.EOF) {
			return paths
		} else if err != nil {
			t.Fatal(err)
		}
		if listed.Error != nil {
			t.Errorf("%s: %s", listed.ImportPath, listed.Error.Err)
		}
		paths = append(paths, listed.ImportPath)
	}
}

func TestConfigIsNotComparable(t *testing.T) {
	t.Parallel()
	config := reflect.TypeFor[authrocket.Config]()
	if config.Comparable() {
		t.Error("Config can be compared, which a new field would end")
	}
	// A literal without field names would have to set this one, which no other
	// package can. It is first, since a last field without size takes space.
	first := config.Field(0)
	if first.Type != reflect.TypeFor[[0]func()]() || first.IsExported() || first.Type.Size() != 0 {
		t.Errorf("the first field of Config is %s %s, want an unexported one of type [0]func()", first.Name, first.Type)
	}
	if first.Type.Comparable() {
		t.Error("the first field of Config can be compared")
	}
}
